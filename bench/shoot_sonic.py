#!/usr/bin/env python3
"""The classical way to problems that are singular at a sonic point, by other means than the program's: the Taylor series
of the smooth solution at the point, Runge-Kutta steps from there, Newton's method. Needs mpmath; prints the references
of guderley and larson_penston in bench/reference.csv, in a minute."""
from mpmath import exp, findroot, log, lu_solve, matrix, mp, mpf, nstr, sqrt

mp.dps = 30


class Series:
    def __init__(self, c):
        self.c = c

    def lift(self, o):
        return o if isinstance(o, Series) else Series([mpf(o)] + [mpf(0)] * (len(self.c) - 1))

    def __add__(self, o):
        return Series([a + b for a, b in zip(self.c, self.lift(o).c)])

    def __mul__(self, o):
        o = self.lift(o)
        return Series([sum(self.c[i] * o.c[k - i] for i in range(k + 1)) for k in range(len(self.c))])

    __radd__, __rmul__ = __add__, __mul__

    def __sub__(self, o):
        return self + -1 * self.lift(o)

    def __rsub__(self, o):
        return -1 * self + o

    def d(self):
        return Series([(k + 1) * self.c[k + 1] for k in range(len(self.c) - 1)] + [mpf(0)])


def taylor(residuals, u, v, n):
    """Further coefficients of u and v, value and slope given. Two residuals, the first singular: coefficient k comes
    first, and linearly, into its order k, and into order k - 1 of the second."""
    for k in range(2, n):
        def at(a, b):
            pair = residuals(Series(u + [mpf(a), mpf(0)]), Series(v + [mpf(b), mpf(0)]), k + 2)
            return matrix([pair[0].c[k], pair[1].c[k - 1]])
        base, one, two = at(0, 0), at(1, 0), at(0, 1)
        m = matrix(2, 2)
        for i in range(2):
            m[i, 0], m[i, 1] = one[i] - base[i], two[i] - base[i]
        step = lu_solve(m, -base)
        u, v = u + [step[0]], v + [step[1]]
    return u, v


def value(c, s):
    return sum(a * s**k for k, a in enumerate(c))


def steps(f, t, y, end, n):
    h = (end - t) / n
    for _ in range(n):
        a = f(t, y)
        b = f(t + h / 2, [p + h / 2 * q for p, q in zip(y, a)])
        c = f(t + h / 2, [p + h / 2 * q for p, q in zip(y, b)])
        d = f(t + h, [p + h * q for p, q in zip(y, c)])
        y = [p + h / 6 * (i + 2 * j + 2 * k + m) for p, i, j, k, m in zip(y, a, b, c, d)]
        t += h
    return y


def guderley(gamma, n, a, full=False):
    """Z at the shock, less what it is there, where V is that of the shock; back from the singular point, s = log xi."""
    b, g = 1 / a, gamma
    c1 = n + 2 * (b - 1) / g - b  # V at the point: zero of the right side on Z = (1 - V)^2
    V = (-c1 - sqrt(c1 * c1 - 8 * (n - 1) * (b - 1) / g)) / (2 * (1 - n))
    Z = (1 - V)**2
    p, q = Z * (g - 1) / (1 - V), Z * ((g - 1) * n * V + 2 * (V - b)) / (1 - V)  # Z' = p V' + q
    NV, NZ = Z * n - ((1 - 2 * V) * (b - V) - V * (1 - V)), n * V - 2 * (b - 1) / g
    A, B, C = -2 * (1 - V) - p, -q - NV - NZ * p, -NZ * q
    slope = (-B + sqrt(B * B - 4 * A * C)) / (2 * A)

    def residuals(v, z, m):
        right = z * (n * v - 2 * (b - 1) / g) - v * (1 - v) * (b - v)
        return (((1 - v) * (1 - v) - z) * v.d() - right, (1 - v) * z.d() - z * ((g - 1) * (v.d() + n * v) + 2 * (v - b)))

    v, z = taylor(residuals, [V, slope], [Z, p * slope + q], 30)

    def along(v, w):  # w = [Z, s] over V
        right = w[0] * (n * v - 2 * (b - 1) / g) - v * (1 - v) * (b - v)
        dv = right / ((1 - v)**2 - w[0])
        return [w[0] * ((g - 1) * (dv + n * v) + 2 * (v - b)) / (1 - v) / dv, 1 / dv]

    h = mpf('-0.03')
    end = steps(along, value(v, h), [value(z, h), h], 2 / (g + 1), 400)
    return (end[0] - 2 * g * (g - 1) / (g + 1)**2, -end[1]) if full else end[0] - 2 * g * (g - 1) / (g + 1)**2


def larson_penston(xs, centre):
    """Velocity and log density in the middle, from both sides: (y^2 - 1) v' = (alpha y - 2/x) y, (x^2 alpha y)' = x^2 alpha."""
    def residuals(v, a, m):
        x = Series([xs, mpf(1)] + [mpf(0)] * (m - 2))
        y = x - v
        return x * ((y * y - 1) * v.d()) - (x * a * y - 2) * y, (x * x * a * y).d() - x * x * a

    rise = 1 / xs
    v, a = taylor(residuals, [xs - 1, rise], [2 / xs, 2 / xs * (rise - 2 / xs)], 30)

    def along(x, w):
        y, density = x - w[0], exp(w[1])
        D = y * y - 1
        return [(density * y - 2 / x) * y / D, (density - 2 * y / x) * y / D]

    h, middle, near = mpf('-0.1'), mpf('1.2'), mpf('0.001')
    outer = steps(along, xs + h, [value(v, h), log(value(a, h))], middle, 400)
    c = -(centre - mpf(2) / 3) / 6
    inner = steps(lambda t, w: [exp(t) * q for q in along(exp(t), w)], log(near), [near * (mpf(2) / 3 + 2 * c / 15 * near**2), log(centre) + c * near**2], log(middle), 1500)
    return [p - q for p, q in zip(outer, inner)]


if __name__ == '__main__':
    for gamma, n, start in ((mpf(7) / 5, 3, '0.717'), (mpf(5) / 3, 3, '0.688'), (mpf(7) / 5, 2, '0.835'), (mpf(5) / 3, 2, '0.8156')):
        a = findroot(lambda a: guderley(gamma, n, a), (mpf(start), mpf(start) + mpf("1e-4")), tol=1e-20)
        print('guderley', nstr(gamma, 4), n, nstr(a, 15), nstr(guderley(gamma, n, a, True)[1], 15), flush=True)
    print('larson_penston', nstr(findroot(larson_penston, (mpf('2.341'), mpf('1.666')), tol=1e-24).T, 14))
