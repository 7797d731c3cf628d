#!/usr/bin/env python3
"""bench_forms: what the logarithmic form of a profile is worth. The same profile is solved twice from random weights, as an exponential of a network with
the residual relative to the field, and as a network times an envelope with the residual as written (the built-in gclm_plain), which is given the time that
the first took.

    bench_forms.py [--quick] [--seeds N] [--threads N]        5 seeds from 1 on

CSV: profile and form; seeds; medians and worst of the error of lambda and of the largest raw residual on the independent grid; median seconds; the solves
that met their tolerance of 1e-12, which is relative to the field in the first form and absolute in the second. Status 1 if a solve fails, 77 without NumPy.
"""
import math
import statistics
import sys
import tempfile

import bench_figures as figures
import common

# profile; settings of the reference; logarithmic form and its settings; plain form and its settings
PAIRS = [
    ("gclm a=0.5", ("gclm", "a=0.5"), ("gclm", "a=0.5"), ("gclm_plain", "a=0.5")),
    ("gclm a=0.3", ("gclm", "a=0.3"), ("gclm", "a=0.3"), ("gclm_plain", "a=0.3")),
    ("gclm a=-0.5", ("gclm", "a=-0.5"), ("gclm", "a=-0.5"), ("gclm_plain", "a=-0.5")),
    ("ccf", ("ccf", ""), ("ccf", ""), ("gclm_plain", "a=-1")),
]
LEAST_SECONDS = 0.5


def line(name, runs):
    def two(key):
        values = [math.inf if math.isnan(r[key]) else r[key] for r in runs]
        return [figures.cell(statistics.median(values)), figures.cell(max(values))]

    return [name, len(runs), *two("error"), *two("residual"), figures.cell(statistics.median(r["seconds"] for r in runs)), sum(r["reached"] for r in runs),
            common.MACHINE, common.COMMIT]


def main():
    parser = common.parser(__doc__, "one profile, one seed, a second each")
    parser.add_argument("--seeds", type=int)
    args = parser.parse_args()
    args.seeds = args.seeds or (1 if args.quick else 5)
    references = {(r["problem"], r["settings"]): r for r in figures.read_references()}
    common.line(["name", "seeds", "error_median", "error_worst", "residual_median", "residual_worst", "seconds_median", "reached", "machine", "commit"])
    with tempfile.TemporaryDirectory() as folder:
        for name, reference, logarithmic, plain in PAIRS[:1] if args.quick else PAIRS:
            runs = ([], [])
            for seed in range(1, args.seeds + 1):
                args.seconds = figures.QUICK_SECONDS if args.quick else None
                runs[0].append(figures.solve(args, *logarithmic, seed, references[reference], folder))
                args.seconds = max(runs[0][-1]["seconds"], LEAST_SECONDS)
                runs[1].append(figures.solve(args, *plain, seed, references[reference], folder))
            for form, of in zip(("logarithmic", "plain"), runs):
                common.line(line(f"{name}, {form}", of))
    return 0


if __name__ == "__main__":
    sys.exit(main())
