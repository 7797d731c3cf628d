#!/usr/bin/env python3
"""bench_figures: what a solve from random weights reaches, beside what was asked of it and the published or exact values.

    bench_figures.py [PROBLEM[:OPTIONS]]... [--quick] [--seeds N] [--seed N] [--threads N] [--seconds S]     10 seeds from 1 on; S limits each solve

PROBLEM takes all its lines; `ccf:` that of no options alone, `"ccf:--mode 1"` and `gclm:a=0` one other.

Every solve is `ansatz solve`, with the options it has by default; fields with a known formula are compared with it by `ansatz eval` at 10000 random points
that no solve has seen. CSV: name; seeds; for the error of the unknown, the largest raw residual on the independent grid, the relative L2 error of the field
and the seconds: the median over the seeds, the worst, and what was asked, empty where nothing was; the relative residual's median; reached, the solves
that met their tolerance; close, those whose unknown is within `close_to` of the reference; the reference and what it is known to, 0 if exact: a smaller error says
nothing. One line per solve goes to standard error.
References are those of bench/reference.csv and never enter a solve. Status: 0 also where a figure falls short, 1 if a solve fails, 77 without NumPy.
"""
import csv
import math
import os
import statistics
import sys
import tempfile

import common

np = common.numpy()
POINTS = 10000
FAR = 1e6                   # no interval of a problem here reaches out so far
NU = 0.01 / math.pi


def burgers_layer(x, t):
    """Cole and Hopf: u = -int sin(pi s) w / int w, w = exp(-cos(pi s)/(2 pi nu) - (x - s)^2/(4 nu t)); s = x - sqrt(4 nu t) z. The exponent's curvature in z
    is at most 2 + 2 pi t, so that the trapezoidal rule with this step is exact to rounding, and beyond |z| = 12 nothing is left."""
    z = np.arange(-12, 12.01, 0.05)
    s = x[:, None] - np.sqrt(4 * NU * t)[:, None] * z
    exponent = -np.cos(np.pi * s) / (2 * np.pi * NU) - z * z
    w = np.exp(exponent - exponent.max(1, keepdims=True))
    return -(np.sin(np.pi * s) * w).sum(1) / w.sum(1)


def burgers_profile(y, n=0, **settings):
    """log(-U/y) where y = u + u^(s+1)/(s+1), u = |U|: Newton's method in log u, in which the equation is convex, from the smaller of the estimates that
    either term alone gives."""
    s = 1 / settings["lambda"] if settings else 2 * n + 2
    t, c = np.log(np.abs(y)), math.log(s + 1)
    x = np.minimum(t, (t + c) / (s + 1))
    for _ in range(20):
        x -= (x + np.logaddexp(0, s * x - c) - t) / (1 + s / (1 + np.exp(c - s * x)))
    return x - t


# problem: field, formula of the coordinates and the row's numbers (parameters at their defaults where the row sets none)
EXACT = {
    "burgers": ("phi", burgers_profile),
    "burgers_cusp": ("phi", lambda y, **settings: burgers_profile(y, **({"lambda": 0.4} | settings))),
    "legendre": ("u", lambda x: (5 * x ** 3 - 3 * x) / 2),
    "poisson": ("u", lambda x, y: np.sin(np.pi * x) * np.sin(np.pi * y)),
    "viscous_burgers": ("u", burgers_layer),
    "kdv": ("u", lambda x, t: 0.5 / np.cosh((x - t) / 2) ** 2),
}

# what is asked: problem, settings or options, error of the unknown, raw residual, relative L2 error, seconds; and the error that counts as close
ASKED = [
    ("burgers", "", 1e-12, 1e-12, None, 3, 1e-10),
    ("burgers", "n=1", 1e-11, None, None, 5, 1e-11),
    ("burgers", "n=2", 1e-11, None, None, 5, 1e-11),
    ("burgers", "n=3", 1e-11, None, None, 5, 1e-11),
    ("burgers_cusp", "", None, None, None, None, None),
    ("burgers_cusp", "lambda=0.15", None, None, None, None, None),
    ("hou_luo", "", 1e-7, None, None, None, 1e-7),
    ("hou_luo", "--mode 1", 1e-7, None, None, None, 1e-7),
    ("hou_luo", "--trial element", 1e-8, None, None, None, 1e-7),
    ("hou_luo", "--trial element --mode 1", 1e-8, None, None, None, 1e-8),
    ("hou_luo", "--trial element --mode 2", 1e-8, None, None, None, 1e-8),
    ("gclm", "a=0", 1e-12, 1e-10, None, 15, 1e-10),
    ("gclm", "a=0.5", 1e-12, 1e-10, None, 15, 1e-10),
    ("gclm", "a=0.3", 1e-11, 1e-10, None, 20, 1e-10),
    ("gclm", "a=-0.5", 1e-11, 1e-10, None, 20, 1e-10),
    ("ccf", "", 1e-12, 1e-11, None, 15, 1e-9),
    ("ccf", "--mode 1", 1e-10, 1e-9, None, 60, 1e-10),
    ("ccf", "--mode 2", 1e-8, 1e-7, None, 240, 1e-8),
    ("ccf", "--trial element", 1e-12, 1e-12, None, None, 1e-12),
    ("ccf", "--trial element --mode 1", 1e-12, None, None, None, 1e-12),
    ("ccf", "--trial element --mode 2", 1e-10, None, None, None, 1e-10),
    ("poisson", "", None, None, 1e-8, 30, None),
    ("viscous_burgers", "", None, None, 1e-6, 300, None),
    ("legendre", "", 1e-10, 1e-10, None, 60, 1e-10),
    ("oscillator", "", 1e-10, 1e-10, None, 60, 1e-10),
    ("kdv", "", None, 1e-6, None, 60, None),
    ("ipm", "", 1e-7, 1e-6, None, 120, 1e-7),
    ("ipm", "--tolerance 1e-7", 1e-8, 1e-7, None, 300, 1e-8),
    ("boussinesq", "", 1e-6, 1e-5, None, 600, 1e-6),
]
QUICK_SECONDS = 1
QUICK_ROWS = 2              # of each problem


def read_references():
    with open(os.path.join(common.HERE, "reference.csv"), encoding="utf-8") as f:
        return list(csv.DictReader(line for line in f if not line.startswith("#")))


def numbers(settings):
    """{"n": 1.0} of "n=1"; nothing of options."""
    return {} if settings.startswith("--") else {k: float(v) for k, v in (w.split("=") for w in settings.split())}


def field_error(problem, settings, result, seed):
    """Relative L2 error over random points, on a line spread evenly in asinh(x); NaN without a formula."""
    if problem not in EXACT:
        return math.nan
    name, formula = EXACT[problem]
    spread = np.array(common.call("eval", result, name)["points"], float)     # the program's own sample reaches the ends of the domain
    line = spread.max() > FAR
    lo, hi = (np.arcsinh(v) if line else v for v in (spread.min(0), spread.max(0)))
    x = np.random.default_rng(seed).uniform(lo, hi, (POINTS, spread.shape[1]))
    x = np.sinh(x) if line else x
    text = "\n".join(" ".join(f"{v:.17g}" for v in p) for p in x)
    answer = common.call("eval", result, name, "--points", "-", text=text)
    u, exact = np.array(answer["columns"][name], float), formula(*np.array(answer["points"], float).T, **numbers(settings))
    return float(np.linalg.norm(u - exact) / np.linalg.norm(exact))


def solve(args, problem, settings, seed, reference, folder):
    result = os.path.join(folder, "result.h5")
    words = settings.split() if settings.startswith("--") else [w for s in settings.split() for w in ("--set", s)]
    if args.seconds:
        words += ["--seconds", args.seconds]
    if os.path.exists(result):
        os.remove(result)
    r = common.solve(problem, result, args.threads, "--seed", seed, *words)
    number = lambda x: math.nan if x is None else x
    out = {"seconds": r["seconds"], "residual": number(r["residual"]["reevaluated_max"]), "relative": number(r["residual"]["reevaluated_relative"]),
           "reached": r["reached"], "l2": field_error(problem, settings, result, seed), "error": math.nan}
    if reference and reference["unknown"] in r["unknowns"]:
        out["error"] = abs(common.unknown(r, reference["unknown"]) - float(reference["reference"]))
    print(f"{problem} {settings} seed {seed}: error {out['error']:.1e}, residual {out['residual']:.1e}, L2 {out['l2']:.1e}, {out['seconds']:.2f} s, "
          f"{r['stop']}", file=sys.stderr, flush=True)
    return out


def cell(x):
    return "" if x is None or math.isnan(x) else f"{x:.2g}"


def quantity(runs, key, asked):
    """Median, worst, asked. A solve without a number counts as infinitely wrong."""
    values = [r[key] for r in runs]
    if all(math.isnan(v) for v in values):
        return ["", "", cell(asked)]
    values = [math.inf if math.isnan(v) else v for v in values]
    return [cell(statistics.median(values)), cell(max(values)), cell(asked)]


def known_to(reference):
    """Half a unit of the last digit of the reference, 0 if exact: below it an error says nothing."""
    if not reference or reference["digits"] == "exact":
        return "0" if reference else ""
    return f"{0.5 * 10 ** (math.floor(math.log10(abs(float(reference['reference'])))) + 1 - int(reference['digits'])):.0e}"


def case(args, row, references, folder):
    problem, settings, error, residual, l2, seconds, close_to = row
    known = [r for r in references if (r["problem"], r["settings"]) == (problem, settings)]
    reference = next((r for r in known if "(" not in r["unknown"]), None)
    runs = [solve(args, problem, settings, args.seed + i, reference, folder) for i in range(args.seeds)]
    close = sum(r["error"] <= close_to for r in runs) if reference and close_to else ""
    first = reference or {"unknown": "", "reference": "", "source": ""}
    return [f"{problem} {settings}".strip(), len(runs), *quantity(runs, "error", error), *quantity(runs, "residual", residual), *quantity(runs, "l2", l2),
            *quantity(runs, "seconds", seconds), quantity(runs, "relative", None)[0], sum(r["reached"] for r in runs), close, cell(close_to), first["unknown"],
            first["reference"], known_to(reference), first["source"], common.MACHINE, common.COMMIT]


def check_exact(references):
    """The formulas above against the table's values of fields at points."""
    for r in references:
        if "(" not in r["unknown"] or r["problem"] not in EXACT:
            continue
        x = [np.array([float(v)]) for v in r["unknown"].split("(")[1].rstrip(")").split(";")]
        off = abs(float(EXACT[r["problem"]][1](*x)[0]) - float(r["reference"]))
        known = 1e-13 if r["digits"] == "exact" else 10.0 ** (1 - int(r["digits"]))
        if not off <= known:
            sys.exit(f"{r['problem']}: the formula misses {r['unknown']} = {r['reference']} of reference.csv by {off:.1e}")


def main():
    parser = common.parser(__doc__, "one seed, a second each, two rows of each problem")
    parser.add_argument("problem", nargs="*")
    parser.add_argument("--seeds", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float)
    args = parser.parse_args()
    args.seeds = args.seeds or (1 if args.quick else 10)
    args.seconds = args.seconds or (QUICK_SECONDS if args.quick else None)
    references = read_references()
    check_exact(references)
    three = [f"{q}_{k}" for q in ("error", "residual", "l2", "seconds") for k in ("median", "worst", "asked")]
    common.line(["name", "seeds", *three, "relative_median", "reached", "close", "close_to", "unknown", "reference", "known_to", "source", "machine", "commit"])
    with tempfile.TemporaryDirectory() as folder:
        for i, row in enumerate(ASKED):
            if args.quick and sum(r[0] == row[0] for r in ASKED[:i]) >= QUICK_ROWS:
                continue
            if not args.problem or row[0] in args.problem or f"{row[0]}:{row[1]}" in args.problem:
                common.line(case(args, row, references, folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
