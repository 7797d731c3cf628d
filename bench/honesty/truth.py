#!/usr/bin/env python3
"""truth: computes the truths of bench/honesty and prints the table truths.csv. It needs mpmath. Those that are not exact by construction are computed a second time: by another formula, or,
where there is none (lorenz, lotka, epidemic, van_der_pol, falkner), with other steps. lambda of ccf and gclm_0.3 are not computed here but taken from bench/reference.csv.

    truth.py > truths.csv      the table
    truth.py --check           status 1 where the two ways differ or the table says something else; 77 without mpmath

Integrations are Gragg's method with Bulirsch and Stoer's extrapolation at 40 digits; eigenvalues are also those of a matrix in an orthogonal basis.
"""
import csv
import os
import sys

try:
    from mpmath import (acos, airyai, airyaizero, besseli, besseljzero, cos, cosh, e, ellipf, ellipk, erf, exp, findroot, lambertw, log, matrix, mp, mpf, nstr, pi, quad, sin, sinh, sqrt, tan, tanh)
    from mpmath import eigsy, expm1, nsum, inf, hyp1f1, gamma, jtheta, ellipfun, asin, legendre, odefun
except ImportError:
    print("skipped: mpmath is not installed", file=sys.stderr)
    sys.exit(77)

mp.dps = 40
TABLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "truths.csv")
ROWS = []
H, Q = mpf(1)/2, mpf(1)/4


def truth(case, number, values, others=None, digits=22):
    """values: the possible truths, none if nothing determines the number; others: the same by another way."""
    values = [mpf(v) for v in values]
    bad = others is not None and any(abs(v - mpf(w)) > mpf(10)**-18*max(1, abs(v)) for v, w in zip(values, others))
    ROWS.append((case, number, " ".join(nstr(v, digits) for v in values), bad))
    if bad:
        print(case, number, [nstr(v, 25) for v in values], [nstr(mpf(w), 25) for w in others], file=sys.stderr)


def integrate(f, x, y, end, n=40, columns=12):
    """y at end: Gragg's midpoint rule with 2, 4, ... substeps, extrapolated, in n steps."""
    x, step = mpf(x), (mpf(end) - mpf(x))/n
    y, m = [mpf(v) for v in y], [2*(i + 1) for i in range(columns)]
    for _ in range(n):
        table = []
        for i, k in enumerate(m):
            h = step/k
            a, b = y, [u + h*v for u, v in zip(y, f(x, y))]
            for j in range(1, k):
                a, b = b, [u + 2*h*v for u, v in zip(a, f(x + j*h, b))]
            row = [[(u + w + h*v)/2 for u, w, v in zip(a, b, f(x + step, b))]]
            for j in range(i):
                ratio = (mpf(m[i])/m[i - j - 1])**2 - 1
                row.append([p + (p - q)/ratio for p, q in zip(row[j], table[i - 1][j])])
            table.append(row)
        y, x = table[-1][-1], x + step
    return y


def shoot(mismatch, a, b):
    """The number between a and b, or near them, at which mismatch is 0."""
    return findroot(mismatch, (mpf(a), mpf(b)), solver="secant", tol=mpf(10)**-50, verify=False)


def oscillator_basis(potential_terms, size, w, which=0):
    """A level of -u'' + sum c_k x^k u in the states of -u'' + w^2 x^2, even or odd as the potential allows; matrix products of x."""
    x = matrix(size + 12, size + 12)
    for i in range(size + 11):
        x[i, i + 1] = x[i + 1, i] = sqrt(mpf(i + 1)/(2*w))
    x2 = x*x
    powers = {0: None, 2: x2, 4: x2*x2}
    levels = []
    for parity in (0, 1):
        index = list(range(parity, size, 2))
        m = matrix(len(index), len(index))
        for p, i in enumerate(index):
            for q, j in enumerate(index):
                value = mpf((2*i + 1)*w) if i == j else mpf(0)
                value -= w**2*x2[i, j]
                for k, c in potential_terms.items():
                    value += c*(powers[k][i, j] if k else (1 if i == j else 0))
                m[p, q] = value
        levels.append(eigsy(m, eigvals_only=True)[which])
    return levels


def simple():
    truth("cooling", "u(1)", [exp(-1)], [1/e])
    truth("cooling", "u(3)", [exp(-3)], [integrate(lambda x, y: [-y[0]], 0, [1], 3)[0]])
    truth("rate", "k", [mpf(3)/2], [-log(exp(mpf("-1.5")))])
    truth("rate", "u(0.5)", [exp(mpf("-0.75"))], [sqrt(exp(mpf("-1.5")))])
    truth("rate_day", "k", [H/86400], [log(exp(H))/86400])
    truth("rate_far", "k", [mpf("0.7")])
    truth("big", "k", [mpf("1.25e8")])
    truth("load_tiny", "u(0.5)", [mpf("1.25e-16")], [mpf("1e-15")/2*H*H])
    truth("load", "q", [8])
    truth("load", "u(0.25)", [mpf(3)/4])
    truth("layer", "u(0.1)", [sinh(9)/sinh(10)], [(exp(9) - exp(-9))/(exp(10) - exp(-10))])
    truth("layer", "u(0.5)", [sinh(5)/sinh(10)], [1/(2*cosh(5))])
    truth("convection", "u(0.05)", [expm1(-1)/expm1(-20)], [quad(lambda x: exp(-20*x), [0, mpf(1)/20])/quad(lambda x: exp(-20*x), [0, mpf(1)/20, mpf(1)/4, 1])])
    s = sqrt(mpf(2)/1000)
    g = lambda x: exp(-x*x*500)
    truth("layer_sharp", "u(0.02)", [erf(mpf("0.02")/s)/erf(1/s)], [quad(g, [0, mpf("0.02")])/quad(g, [0, mpf("0.02"), mpf("0.1"), mpf("0.3"), 1])])
    truth("damped", "a", [3])
    truth("damped", "b", [2])
    truth("drag", "c", [mpf("0.1")], [shoot(lambda c: -mpf("9.81")*expm1(-c/1000)/c + mpf("98.1")*expm1(-mpf("0.0001")), "0.2", "0.15")])
    truth("slow", "k", [-mpf(10)**8*log(mpf("0.99999997"))], [mpf(10)**8*nsum(lambda n: mpf("3e-8")**n/n, [1, 8])])
    for r in (5, 10, 30):
        truth(f"relax_{r}", "c", [1])
    for r in (2, 5, 20):
        truth(f"unstable_{r}", "y(3)", [sin(3)])
    truth("stiff", "y(1)", [cos(1)])
    truth("stiff_layer", "y(0.02)", [cos(mpf("0.02")) + exp(-2)], [integrate(lambda t, y: [-100*(y[0] - cos(t)) - sin(t)], 0, [2], mpf("0.02"))[0]])
    truth("stiff_layer", "y(1)", [cos(1) + exp(-100)])
    truth("oscillation", "u(1)", [cos(20)], [integrate(lambda x, y: [y[1], -400*y[0]], 0, [1, 0], 1)[0]])
    truth("double_root", "p", [1])
    truth("near_root", "p", [1 - mpf("1e-6"), 1 + mpf("1e-6")])
    truth("half_line", "u'(0)", [-1])
    truth("half_line", "u(1)", [exp(-1)])
    for x in (0, 2):
        periodic = quad(lambda z: exp(cos(z))*cosh(pi - abs(x - z))/(2*sinh(pi)), [0, x, 2*pi] if x else [0, 2*pi])  # Green's function
        truth("ring", f"u({x})", [besseli(0, 1) + 2*nsum(lambda n: besseli(n, 1)*cos(n*x)/(1 + n*n), [1, 40])], [periodic])
    truth("ring_rate", "k", [2])
    truth("tangent", "T", [pi/4], [integrate(lambda y, t: [1/(1 + y*y)], 0, [0], 1)[0]])
    truth("tangent", "y(0.5)", [tan(pi/8)], [sqrt(2) - 1])
    truth("kink", "s", [1/sqrt(2)], [sqrt(mpf(1)/2)])
    truth("viscosity", "nu", [mpf("0.2")])
    truth("advection", "c", [mpf("0.7")])
    truth("heat_rate", "k", [mpf("0.3")])
    truth("heat_rate", "u(0.5;0.5)", [exp(mpf("-0.15")*pi**2)])
    truth("poisson_value", "u(0.5;0.5)", [1])
    truth("poisson_value", "u(0.25;0.1)", [sin(pi/4)*sin(pi/10)], [sqrt(2)/2*(sqrt(5) - 1)/4])
    truth("square_level", "mu", [2*pi**2])
    t = mpf("0.2")
    series = 1 - 4/pi*sum((-1)**k*exp(-(2*k + 1)**2*pi**2*t)/(2*k + 1) for k in range(12))
    images = 1 - sum(H*(-1)**k*(erf((k + 1 - H)/(2*sqrt(t))) - erf((k - H)/(2*sqrt(t)))) for k in range(-30, 31))
    truth("heat_corner", "u(0.5;0.2)", [series], [images])


def boundary_value():
    h = shoot(lambda h: 2*log(cosh(h)) - H, "0.7", "0.8")
    mu = 8*h*h/cosh(h)**2
    bratu = lambda m, a: integrate(lambda x, y: [y[1], -m*exp(y[0])], 0, [a, 0], H, 12)[0]  # from the middle, where u' = 0
    truth("bratu_inverse", "mu", [mu], [shoot(lambda m: bratu(m, H), "2.5", "2.6")])
    for case, m, starts in (("bratu", H*4, (("0.3", "0.35"), ("3.2", "3.3"))), ("bratu_fold", mpf("3.5138"), (("1.18", "1.182"), ("1.195", "1.19")))):
        # the built-in one is on [-1, 1]: four times mu on [0, 1]
        values = []
        for a, b in starts:
            lo, hi = acosh_root(m, a), shoot(lambda p: bratu(m, p), a, b)
            values.append((lo, hi))
        truth(case, "A", [v[0] for v in values], [v[1] for v in values])
    slope = shoot(lambda s: integrate(lambda x, y: [y[1], 2*sinh(2*y[0])], 0, [0, s], 1, 16)[0] - 1, "0.5", "0.52")
    middle = integrate(lambda x, y: [y[1], 2*sinh(2*y[0])], 0, [0, slope], H, 16)[0]
    # u' = sqrt(s^2 + 2 cosh 2u - 2), so that x = integral of du/u'
    along = lambda s, u: quad(lambda v: 1/sqrt(s*s + 4*sinh(v)**2), [0, u/4, u/2, u])
    truth("troesch", "u'(0)", [slope], [shoot(lambda s: along(s, mpf(1)) - 1, "0.5", "0.52")])
    truth("troesch", "u(0.5)", [middle], [shoot(lambda u: along(slope, u) - H, middle*mpf("0.99"), middle*mpf("1.01"))])
    rhs = lambda x, y: [y[1], y[2], -y[0]*y[2]/2]
    s = shoot(lambda s: integrate(rhs, 0, [0, 0, s], 10, 40)[1] - 1, "0.33", "0.332")
    truth("blasius", "s", [s], [integrate(rhs, 0, [0, 0, 1], 10*cube(s), 60)[1]**(-mpf(3)/2)])  # by the group f -> c f(c x): one step of it from s itself
    for case, beta, starts in (("falkner_skan", H, (("0.92", "0.93"),)), ("falkner_fold", mpf("-0.198"), (("0.05", "0.04"), ("-0.04", "-0.03")))):
        wedge = lambda x, y, b=beta: [y[1], y[2], -y[0]*y[2] - b*(1 - y[1]**2)]
        two = [[shoot(lambda s: integrate(wedge, 0, [0, 0, s], 8, n)[1] - 1, a, b) for a, b in starts] for n in (40, 56)]
        truth(case, "s", two[0], two[1])
    truth("lane_emden1", "R", [pi])
    truth("lane_emden1", "h(0.5)", [2/pi], [sin(pi/2)/(pi/2)])
    star = []
    for start, n in ((mpf("0.125"), 40), (mpf("0.0625"), 60)):
        y = star_series(start)
        r = shoot(lambda r: integrate(lambda x, y: [y[1], -2*y[1]/x - y[0]**3], start, y, r, n)[0], "6.89", "6.9")
        star.append((r, -r*r*integrate(lambda x, y: [y[1], -2*y[1]/x - y[0]**3], start, y, r, n)[1]))
    # -xi^2 h'(xi) with h(x) = theta(R x): h'(1) = R theta'(R), and -R h'(1) = -R^2 theta'(R)
    truth("lane_emden3", "R", [star[0][0]], [star[1][0]])
    truth("lane_emden3", "mass", [star[0][1]], [star[1][1]])
    truth("airy", "u(-1)", [airyai(-1)], [integrate(lambda x, y: [y[1], x*y[0]], -3, [airyai(-3), airyai(-3, derivative=1)], -1)[0]])


def cube(s):
    return mpf(s)**(mpf(1)/3)


def acosh_root(m, a):
    """u(1/2) on the side of a: A = 2 log cosh h with 8 h^2 = m cosh(h)^2."""
    start = mp.acosh(exp(mpf(a)/2))
    h = shoot(lambda h: 8*h*h - m*cosh(h)**2, start, start*mpf("1.001"))
    return 2*log(cosh(h))


def star_series(x):
    """theta and theta' of Lane and Emden, n = 3, at x by its power series in x^2."""
    n, a = 60, [mpf(1)]
    for k in range(1, n):
        cubed = sum(a[i]*a[j]*a[k - 1 - i - j] for i in range(k) for j in range(k - i))
        a.append(-cubed/(2*k*(2*k + 1)))
    return [sum(c*x**(2*i) for i, c in enumerate(a)), sum(2*i*c*x**(2*i - 1) for i, c in enumerate(a) if i)]


def eigenvalues():
    truth("string", "mu", [pi**2], [acos(-1)**2])
    truth("legendre", "mu", [12])
    truth("legendre_bounds", "mu", [12])
    truth("rate_bounds", "k", [mpf(3)/2])
    truth("oscillator", "E", [H])
    truth("hermite", "E", [mpf(5)/2])
    truth("airy_level", "E", [-airyaizero(1)], [shoot(lambda z: airyai(-z), "2.33", "2.34")])
    for case, q in (("mathieu", 1), ("mathieu_ring", 5)):
        n = 30
        m = matrix(n, n)
        for i in range(n):
            m[i, i] = mpf(4*i*i)
            if i + 1 < n:
                m[i, i + 1] = m[i + 1, i] = q*(sqrt(mpf(2)) if i == 0 else 1)
        value = eigsy(m, eigvals_only=True)[0]
        end = lambda a, q=q: integrate(lambda x, y: [y[1], -(a - 2*q*cos(2*x))*y[0]], 0, [1, 0], pi/2, 30)[1]
        truth(case, "a", [value], [shoot(end, value + mpf("0.001"), value - mpf("0.002"))])
    truth("membrane", "k", [besseljzero(0, 1)], [shoot(lambda k: mp.besselj(0, k), "2.4", "2.41")])
    b = shoot(lambda b: cos(b)*cosh(b) - 1, "4.73", "4.7301")
    beam = lambda b: (cosh(b) - cos(b))**2 - (sinh(b) - sin(b))*(sinh(b) + sin(b))  # clamped at both ends: the determinant
    truth("beam", "mu", [b**4], [shoot(beam, "4.73", "4.7301")**4])
    swing = integrate(lambda s, y: [y[1], -ellipk(sin(1)**2)**2*sin(y[0])], 0, [2, 0], H, 20)[0]
    truth("pendulum", "w", [ellipk(sin(1)**2)], [shoot(lambda w: integrate(lambda s, y: [y[1], -w*w*sin(y[0])], 0, [2, 0], 1, 20)[0], "2.05", "2.1")])
    # sin(u/2) = k sn(K - w s) = k cd(w s)
    k = sin(1)
    cd = ellipfun("cn", ellipk(k*k)/2, m=k*k)/ellipfun("dn", ellipk(k*k)/2, m=k*k)
    truth("pendulum", "u(0.5)", [2*asin(k*cd)], [swing])
    truth("sech_well", "E", [-4])
    truth("soliton", "c", [1])
    truth("benjamin_ono", "c", [1])
    truth("gaussian", "a", [H])
    truth("nagumo", "c", [-1/(2*sqrt(2))], [sqrt(2)*(Q - H)])
    quartic = oscillator_basis({4: mpf(1)}, 120, mpf(2))[0]
    decaying = lambda E: integrate(lambda x, y: [y[1], (x**4 - E)*y[0]], 0, [1, 0], 6, 60)[0]
    truth("quartic", "E", [quartic], [shoot(decaying, "1.0603620904", "1.0603620905")])
    tunnel = oscillator_basis({4: mpf(1), 2: mpf(-12), 0: mpf(36)}, 160, mpf(3))
    level = lambda E, even: integrate(lambda x, y: [y[1], ((x*x - 6)**2 - E)*y[0]], 0, [1, 0] if even else [0, 1], 6, 60)[0]
    truth("tunnel", "E", tunnel, [shoot(lambda E: level(E, k == 0), t + mpf("1e-9"), t - mpf("1e-9")) for k, t in enumerate(tunnel)])


def initial_value():
    truth("logistic", "r", [mpf("1.3")])
    truth("logistic", "y(2)", [1/(1 + 9*exp(mpf("-2.6")))], [integrate(lambda t, y: [mpf("1.3")*y[0]*(1 - y[0])], 0, [mpf("0.1")], 2)[0]])
    lorenz = lambda t, y: [10*(y[1] - y[0]), y[0]*(28 - y[2]) - y[1], y[0]*y[1] - mpf(8)/3*y[2]]
    end, again = integrate(lorenz, 0, [1, 1, 1], 1, 80), integrate(lorenz, 0, [1, 1, 1], 1, 120)
    truth("lorenz", "x(1)", [end[0]], [again[0]])
    truth("lorenz", "z(1)", [end[2]], [again[2]])
    lotka = lambda t, y: [y[0] - y[0]*y[1], y[0]*y[1] - y[1]]
    truth("lotka", "x(4)", [integrate(lotka, 0, [2, 1], 4, 40)[0]], [integrate(lotka, 0, [2, 1], 4, 64)[0]])
    # the data of the file are from b = 2 and g = 1/2, and are also met by another pair
    pairs = [[infection(n, *start) for start in (("2", "0.5"), ("1.3524", "0.21"))] for n in (24, 32)]
    for i, number in enumerate("bg"):
        truth("epidemic", number, [pair[i] for pair in pairs[0]], [pair[i] for pair in pairs[1]], 18)
    assert all(abs(x - y) < mpf(10)**-17 for x, y in zip(pairs[0][0], (2, H)))
    y = [lambertw(2*exp(2*(1 - mpf(t)))).real/2 for t in (1, 2)]
    truth("michaelis", "V", [1], [1 + y[0] - mpf("0.42630275100686274567")])
    truth("michaelis", "K", [H], [H + y[1] - mpf("0.1088575528785450554")])
    cycle = [van_der_pol(n) for n in (48, 64)]
    truth("van_der_pol", "T", [cycle[0][0]], [cycle[1][0]])
    truth("van_der_pol", "A", [cycle[0][1]], [cycle[1][1]])


def infection(n, b, g):
    """Both rates of `epidemic` near b and g."""
    def miss(b, g):
        rhs = lambda t, y: [-b*y[0]*y[1], b*y[0]*y[1] - g*y[1]]
        y = [mpf("0.99"), mpf("0.01")]
        return integrate(rhs, 0, y, 4, n)[1] - mpf("0.40470807551882256769"), integrate(rhs, 0, y, 8, 2*n)[0] - mpf("0.031135224953837616209")
    root = findroot(miss, (mpf(b), mpf(g)), tol=mpf(10)**-50, verify=False, maxsteps=6)
    return root[0], root[1]


def van_der_pol(n):
    """Period and amplitude: half a period takes (A, 0) to (-A, 0). Newton's method in A and half the period, by differences."""
    rhs = lambda t, y: [y[1], (1 - y[0]**2)*y[1] - y[0]]
    miss = lambda a, t: [integrate(rhs, 0, [a, 0], t, n)[0] + a, integrate(rhs, 0, [a, 0], t, n)[1]]
    a, t, h = mpf("2.00861986"), mpf("3.3316434"), mpf(10)**-18
    for _ in range(4):
        f, fa, ft = miss(a, t), miss(a + h, t), miss(a, t + h)
        j = [[(fa[i] - f[i])/h, (ft[i] - f[i])/h] for i in (0, 1)]
        det = j[0][0]*j[1][1] - j[0][1]*j[1][0]
        a -= (f[0]*j[1][1] - f[1]*j[0][1])/det
        t -= (f[1]*j[0][0] - f[0]*j[1][0])/det
    return 2*t, a


def profiles():
    """y = -U - C U^(1 + 1/lambda) is smooth where 1/lambda is even; gCLM at 0 and 1/2: exact, see doc/benchmarks.md; others: bench/reference.csv."""
    for n in (0, 1, 2):
        truth(f"burgers_{n}", "lambda", [mpf(1)/(2*n + 2)])
    truth("weak_rate", "al", [1 + mpf(1)/k for k in range(2, 42, 2)])
    truth("gclm_0", "lambda", [0])
    truth("gclm_half", "lambda", [-mpf(2)/3])
    truth("gclm_0.3", "lambda", ["-0.38162532530836678"])
    truth("ccf", "lambda", ["1.1807776628998546"])


def undetermined():
    for case, numbers in (("relative_k", "k"), ("sum_only", "a,b"), ("product_only", "a,b"), ("free_oscillation", "y(1)"), ("two_fields", "p(1)"), ("neumann", "u(0.5)"),
                          ("identity", "u(0.5)"), ("trivial_heat", "a"), ("trivial_chemo", "a"), ("kpp", "c"), ("no_level", "E"), ("no_level_pinned", "E"),
                          ("contradiction", "k"), ("no_front", "c"), ("bratu_none", "A")):
        for number in numbers.split(","):
            truth(case, number, [])
    truth("sum_only", "a + b", [1])
    truth("product_only", "a b", [mpf(3)/2])
    truth("neumann", "u(0) - u(1)", [-2/pi**2], [-quad(lambda x: sin(pi*x)/pi, [0, 1])])
    truth("trivial_well", "E", [(n*pi)**2 for n in range(1, 7)])  # where the field is not 0


def main():
    for part in (simple, boundary_value, eigenvalues, initial_value, profiles, undetermined):
        part()
    if "--check" not in sys.argv:
        out = csv.writer(sys.stdout, lineterminator="\n")
        out.writerow(["case", "number", "truth"])
        out.writerows(row[:3] for row in ROWS)
        return any(row[3] for row in ROWS)
    with open(TABLE, newline="", encoding="utf-8") as file:
        table = {(row["case"], row["number"]): row["truth"] for row in csv.DictReader(file)}
    wrong = [row for row in ROWS if row[3] or table.pop(row[:2], None) != row[2]]
    for row in wrong:
        print(f"{row[0]}: {row[1]}: {row[2]}", file=sys.stderr)
    print(f"{len(ROWS)} truths, {len(wrong)} wrong, {len(table)} not computed here")
    return 1 if wrong or table else 0


sys.exit(main())
