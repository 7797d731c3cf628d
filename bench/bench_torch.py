#!/usr/bin/env python3
"""bench_torch: the Jacobian of the same residual in PyTorch, against ours, in one run.

    bench_torch.py [--quick] [--threads N] [--seconds S]     S per line, default 3

bench_jacobian exports points, weights, the dense Hilbert matrix and its own Jacobian; here the residual is written again in PyTorch and its Jacobian is
taken in several ways, float64, on the same number of threads:

    jacrev, jacfwd      functorch on the whole residual, derivatives in y by functorch.jvp
    autograd            torch.autograd.functional.jacobian, vectorised
    per point           functorch.vmap of the gradient of what is local to a point, then the products with the matrix by hand
    outer products      one backward pass by autograd to the layers of all points at once, columns as products of what enters and what comes back
    outer products points last  the same with the points as the fastest index

CSV: name, rows x columns, threads, min and median in milliseconds, both divided by ours (measured before and after each), the largest
difference from our Jacobian relative to its largest entry. The last two lines of a problem repeat the fastest way that PyTorch finds by itself from the
residual as written (jacrev, jacfwd, autograd; per point where the residual is local), and the fastest of all, with the algebra done by hand.
Status: 0, 1 if a Jacobian disagrees, 77 without PyTorch.
"""
import argparse
import csv
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time

try:
    import numpy as np
    import torch
except ImportError as e:
    print(f"skipped: python3-{e.name} is not installed")
    sys.exit(77)
try:
    import functorch
except ImportError:
    functorch = None

import common

AGREE = 1e-10           # of Jacobians, relative to the largest entry
PANEL = 16              # nodes of a panel
REPEATS = (3, 200)

torch.set_default_dtype(torch.float64)


def load(folder, name, *shape):
    return torch.from_numpy(np.fromfile(os.path.join(folder, name + ".f64")).reshape(shape or -1).copy())


def unpack(theta, widths):
    """Matrices [out, in] and biases from one vector in our order: each layer's matrix, then its biases; the output has none."""
    layers, at = [], 0
    for k in range(len(widths) - 1):
        size = widths[k] * widths[k + 1]
        w = theta[at:at + size].reshape(widths[k + 1], widths[k])
        at += size
        b = None
        if k < len(widths) - 2:
            b = theta[at:at + widths[k + 1]]
            at += widths[k + 1]
        layers.append((w, b))
    return layers


def network(theta, widths, x):
    for w, b in unpack(theta, widths):
        x = x @ w.T
        if b is not None:
            x = torch.tanh(x + b)
    return x[..., 0]


class Jets:
    """Value, first and pure second derivatives of the network along `dims` directions, all points at once; every layer's linear part is kept, so that
    one backward pass gives the columns. order 1: [N, N_0, ...]; order 2: [N, N_0, N_00, N_1, N_11, ...]."""

    def __init__(self, dims, order, points_last):
        self.dims, self.order, self.points_last = dims, order, points_last
        self.n = 1 + dims * order

    def tanh(self, z):
        t = torch.tanh(z[0])
        d1 = 1 - t * t
        out = [t]
        for k in range(self.dims):
            z1 = z[1 + k * self.order]
            out.append(d1 * z1)
            if self.order == 2:
                out.append(d1 * (z[2 + k * 2] - 2 * t * (z1 * z1)))
        return torch.stack(out)

    def forward(self, layers, x):
        """x [n, points, in], or [n, in, points] with the points last. What enters each layer, its linear part, the output [n, points]."""
        entering, linear = [], []
        for w, b in layers:
            z = torch.matmul(w, x) if self.points_last else torch.matmul(x, w.T)
            if b is not None:
                z = torch.cat([z[:1] + (b[:, None] if self.points_last else b), z[1:]])
            z = z.detach().requires_grad_() if not entering else z
            entering.append(x)
            linear.append(z)
            x = self.tanh(z) if b is not None else z
        return entering, linear, (x[:, 0] if self.points_last else x[..., 0])

    def columns(self, layers, entering, linear, value, out, keep):
        """d value_i / d weights of every point i into out: [points, weights], or [weights, points]."""
        back = torch.autograd.grad(value.sum(), linear, retain_graph=keep)
        at = 0
        for (w, b), a, z in zip(layers, (e.detach() for e in entering), back):
            rows, cols = w.shape
            if self.points_last:
                to = out[at:at + rows * cols].view(rows, cols, -1)
                torch.mul(z[0][:, None], a[0][None], out=to)
                for c in range(1, self.n):
                    to.addcmul_(z[c][:, None], a[c][None])
            else:
                # [points, rows, n] @ [points, n, cols]
                out[:, at:at + rows * cols] = torch.bmm(z.permute(1, 2, 0), a.permute(1, 0, 2)).reshape(out.shape[0], -1)
            at += rows * cols
            if b is not None:
                if self.points_last:
                    out[at:at + rows] = z[0]
                else:
                    out[:, at:at + rows] = z[0]
                at += rows


class Ccf:
    """R = 1 + ((1 + lambda) y + a U) Omega'/Omega - H Omega, and (1 - a) H Omega (0) = 2 + lambda; U the primitive of H Omega."""
    name = "ccf"
    own = ("jacrev", "jacfwd", "autograd")  # what needs no knowledge of the residual
    widths = (2, 16, 16, 1)

    def __init__(self, folder):
        weights, scalars = load(folder, "weights"), load(folder, "scalars")
        self.y = load(folder, "points")
        n = len(self.y)
        self.a, self.theta = float(scalars[0]), torch.cat([weights, scalars[1:2]])
        self.h = load(folder, "hilbert", n + 1, n)
        self.local, self.whole = load(folder, "local", -1, PANEL, PANEL), load(folder, "whole", -1, PANEL)
        self.residual_ours, self.ours = load(folder, "residual"), load(folder, "jacobian", -1, n + 1)[:len(self.theta)].T   # the last column is that of the defect, which is held
        self.axis = torch.tensor([[1.0, -1.0]])
        self.ways = {"outer products": lambda: self.outer(False), "outer products points last": lambda: self.outer(True),
                     "autograd": lambda: torch.autograd.functional.jacobian(self.residual, self.theta, vectorize=True)}
        if functorch:
            self.ways = {"jacrev": lambda: functorch.jacrev(self.residual)(self.theta), "jacfwd": lambda: functorch.jacfwd(self.residual)(self.theta),
                         "per point": self.per_point, **self.ways}

    def primitive(self, f):
        """From 0: whole panels before, and the part of the target's own."""
        panels = f.reshape(len(self.whole), PANEL, -1)
        whole = (self.whole[..., None] * panels).sum(1)
        before = torch.cumsum(whole, 0) - whole
        return (before[:, None] + torch.matmul(self.local, panels)).reshape(f.shape)

    @staticmethod
    def inputs(y, lam):
        p, l = 1 / (1 + lam), torch.log1p(y * y) / 2
        return torch.stack([torch.exp(-p * l), 2 * l / (l + 2) - 1], -1)

    def omega(self, theta, y):
        weights, lam = theta[:-1], theta[-1]
        x = torch.cat([self.inputs(y, lam), self.axis.to(y)])
        n = network(weights, self.widths, x)
        return -y * torch.exp(-(1 + 1 / (1 + lam)) * torch.log1p(y * y) / 2 + n[:-1] - n[-1])

    def rows(self, lam, g, h):
        """From g = Omega'/Omega and h = H Omega."""
        r = 1 + ((1 + lam) * self.y + self.a * self.primitive(h[:-1])) * g - h[:-1]
        return torch.cat([r, ((1 - self.a) * h[-1] - 2 - lam)[None]])

    def residual(self, theta):
        if functorch:
            omega, slope = functorch.jvp(lambda y: self.omega(theta, y), (self.y,), (torch.ones_like(self.y),))
        else:
            y = self.y.clone().requires_grad_()
            omega = self.omega(theta, y)
            slope, = torch.autograd.grad(omega.sum(), y, create_graph=True)
        return self.rows(theta[-1], slope / omega, self.h @ omega)

    def assemble(self, omega, g, j_omega, j_g):
        """The chain rule from the Jacobians of Omega and Omega'/Omega, the last column lambda's."""
        lam = self.theta[-1]
        h, j_h = self.h @ omega, self.h @ j_omega
        stretch = (1 + lam) * self.y + self.a * self.primitive(h[:-1])
        j = stretch[:, None] * j_g - j_h[:-1] + (self.a * g)[:, None] * self.primitive(j_h[:-1])
        last = (1 - self.a) * j_h[-1:]
        j[:, -1] += self.y * g
        last[:, -1] -= 1
        return torch.cat([j, last])

    def per_point(self):
        def local(theta, y):
            omega, slope = functorch.jvp(lambda s: self.omega(theta, s), (y[None],), (torch.ones_like(y)[None],))
            both = torch.cat([omega, slope / omega])
            return both, both

        j, both = functorch.vmap(functorch.jacrev(local, has_aux=True), (None, 0))(self.theta, self.y)
        return self.assemble(both[:, 0], both[:, 1], j[:, 0], j[:, 1])

    def outer(self, points_last):
        """Omega = E(y, lambda) exp(N - N(0)), so that everything follows from N, N_y and their slopes; lambda enters through the inputs and E."""
        y, weights, lam = self.y, self.theta[:-1], self.theta[-1].clone().requires_grad_()
        one, p, l = 1 + y * y, 1 / (1 + lam), torch.log1p(y * y) / 2
        lp, q = y / one, torch.exp(-p * l)
        x = torch.stack([torch.stack([q, 2 * l / (l + 2) - 1], -1), torch.stack([-p * lp * q, 4 * lp / (l + 2) ** 2], -1)])
        end = torch.stack([self.axis, torch.zeros_like(self.axis)])
        x = torch.cat([x, end], 1)
        with torch.no_grad():   # d/d lambda: p' = -p^2
            dq = p * p * l * q
            dx = torch.zeros_like(x)
            dx[0, :-1, 0], dx[1, :-1, 0] = dq, p * p * lp * q - p * lp * dq
            if points_last:
                x, dx = x.transpose(1, 2).contiguous(), dx.transpose(1, 2).contiguous()
        layers, jets, m = unpack(weights, self.widths), Jets(1, 1, points_last), len(y) + 1
        entering, linear, value = jets.forward(layers, x.detach())
        columns = torch.empty((2, len(self.theta), m) if points_last else (2, m, len(self.theta)))
        with torch.no_grad():
            w = layers[0][0]
            dz = torch.matmul(w, dx) if points_last else torch.matmul(dx, w.T)
        for c in range(2):
            to = columns[c]
            jets.columns(layers, entering, linear, value[c], to, True)
            first, = torch.autograd.grad(value[c].sum(), linear[0], retain_graph=True)
            slope = (first * dz).sum((0, 1) if points_last else (0, 2))
            if points_last:
                to[-1] = slope
            else:
                to[:, -1] = slope
        with torch.no_grad():
            n, slope = value[0], value[1]
            omega = -y * torch.exp(-(1 + p) * l + n[:-1] - n[-1])
            g = 1 / y - (1 + p) * lp + slope[:-1]
            both = columns.transpose(1, 2) if points_last else columns
            j_omega = both[0, :-1] - both[0, -1]
            j_omega[:, -1] += p * p * l
            j_omega *= omega[:, None]
            j_g = both[1, :-1]
            j_g[:, -1] += p * p * lp
            return self.assemble(omega, g, j_omega, j_g)


class Poisson:
    """R = u_xx + u_yy + 2 pi^2 sin(pi x) sin(pi y), u = x (1 - x) y (1 - y) N."""
    name = "poisson"
    own = ("per point",)
    widths = (2, 24, 24, 24, 1)

    def __init__(self, folder):
        self.theta, self.x = load(folder, "weights"), load(folder, "points", -1, 2)
        self.residual_ours, self.ours = load(folder, "residual"), load(folder, "jacobian", len(self.theta), len(self.x)).T
        self.ways = {"outer products": lambda: self.outer(False), "outer products points last": lambda: self.outer(True)}
        if functorch:
            self.ways = {"per point": self.per_point, "per point with jets": self.per_point_jets, **self.ways}

    @staticmethod
    def source(x):
        return 2 * math.pi ** 2 * torch.sin(math.pi * x[..., 0]) * torch.sin(math.pi * x[..., 1])

    def u(self, theta, x):
        return x[0] * (1 - x[0]) * x[1] * (1 - x[1]) * network(theta, self.widths, 2 * x - 1)

    def local(self, theta, x):
        def second(direction):
            along = lambda s: functorch.jvp(lambda r: self.u(theta, r), (s,), (direction,))[1]
            return functorch.jvp(along, (x,), (direction,))[1]

        e = torch.eye(2)
        return second(e[0]) + second(e[1]) + self.source(x)

    def residual(self, theta):
        return functorch.vmap(self.local, (None, 0))(theta, self.x) if functorch else self.laplace(self.jets(False)[3]) + self.source(self.x)

    def per_point(self):
        return functorch.vmap(functorch.grad(self.local), (None, 0))(self.theta, self.x)

    def per_point_jets(self):
        """The same gradient with the second derivatives carried forward by hand."""
        jets = Jets(2, 2, False)

        def local(theta, x):
            a = self.enter(x[None])
            for w, b in unpack(theta, self.widths):
                a = torch.matmul(a, w.T)
                if b is not None:
                    a = jets.tanh(torch.cat([a[:1] + b, a[1:]]))
            return self.laplace(a[..., 0], x[None])[0]

        return functorch.vmap(functorch.grad(local), (None, 0))(self.theta, self.x)

    @staticmethod
    def enter(x):
        """Jets of the inputs 2 x - 1: [5, points, 2]."""
        zero = torch.zeros_like(x)
        return torch.stack([2 * x - 1, zero + torch.tensor([2.0, 0.0]), zero, zero + torch.tensor([0.0, 2.0]), zero])

    def laplace(self, v, x=None):
        x = self.x if x is None else x
        b, c = x[:, 0] * (1 - x[:, 0]), x[:, 1] * (1 - x[:, 1])
        n, nx, nxx, ny, nyy = v
        return c * (b * nxx + 2 * (1 - 2 * x[:, 0]) * nx - 2 * n) + b * (c * nyy + 2 * (1 - 2 * x[:, 1]) * ny - 2 * n)

    def jets(self, points_last):
        jets, layers, x = Jets(2, 2, points_last), unpack(self.theta, self.widths), self.enter(self.x)
        if points_last:
            x = x.transpose(1, 2).contiguous()
        return (jets, layers, *jets.forward(layers, x))

    def outer(self, points_last):
        jets, layers, entering, linear, value = self.jets(points_last)
        out = torch.empty((len(self.theta), len(self.x)) if points_last else (len(self.x), len(self.theta)))
        jets.columns(layers, entering, linear, self.laplace(value), out, False)
        return out.T if points_last else out


def repeat(work, seconds):
    """Warm-up once; times in milliseconds and the last result."""
    work()
    times, began = [], time.monotonic()
    while len(times) < REPEATS[0] or (len(times) < REPEATS[1] and time.monotonic() - began < seconds):
        start = time.perf_counter()
        result = work()
        times.append(1e3 * (time.perf_counter() - start))
    return times, result


def ours(program, problem, args, *more):
    command = [program, "--threads", str(args.threads), "--seconds", str(args.seconds), *(["--quick"] if args.quick else []), *more, problem]
    lines = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    name, size, _, least, median = next(csv.reader(lines[1:]))[:5]
    return name, size, float(least), float(median)


def compare(subject, program, args, line):
    with tempfile.TemporaryDirectory() as folder:
        name, size, least, median = ours(program, subject.name, args, "--export", folder)
        problem = subject(folder)
    line(f"{name}/ansatz", size, least, median, 1, 1, 0)
    best, ok = {}, True
    for way, work in problem.ways.items():
        times, j = repeat(work, args.seconds)
        _, _, again, median_again = ours(program, subject.name, args)
        least, median = min(least, again), (median + median_again) / 2
        difference = float((j.detach() - problem.ours).abs().max() / problem.ours.abs().max())
        ok = ok and difference <= AGREE
        row = (size, min(times), statistics.median(times), min(times) / least, statistics.median(times) / median, difference)
        line(f"{name}/torch {way}", *row)
        for kind in ("own best", "best of all") if way in problem.own else ("best of all",):
            if kind not in best or row[1] < best[kind][1]:
                best[kind] = row
        median = median_again
    for kind, row in best.items():
        line(f"{name}/torch {kind}", *row[:3], row[1] / least, *row[4:])
    return ok


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--seconds", type=float, default=3)
    args = parser.parse_args()
    if args.quick:
        args.seconds = 0.001
    torch.set_num_threads(args.threads)
    program = os.path.join(common.BUILD, "bench", "bench_jacobian")

    def line(name, size, least, median, ratio, ratio_median, difference):
        print(f'{name},{size},{args.threads},{least:.3f},{median:.3f},{ratio:.2f},{ratio_median:.2f},{difference:.1e},"{common.MACHINE}",{common.COMMIT}', flush=True)

    print("name,size,threads,min_ms,median_ms,ratio_min,ratio_median,difference,machine,commit")
    good = [compare(subject, program, args, line) for subject in (Ccf, Poisson)]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
