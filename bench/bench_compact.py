#!/usr/bin/env python3
"""bench_compact: the branch lambda(a) of gclm_compact, profiles of compact support, from a = 1, where lambda = -2 and q = 1, towards a_c; and networks from random
weights at single a, beside it.

    bench_compact.py [--quick] [--threads N]

CSV: what; points or runs; seconds; the largest relative residual re-evaluated; the largest error: of the branch |lambda + 2| at a = 1, of a_c, extrapolated in q to
q = 0 by a polynomial of degree 10, its difference from the published value, of networks their |lambda - the branch's| at the same a. Status 1 if the branch does
not arrive, 77 without NumPy.
"""
import os
import tempfile
import time

import common

np = common.numpy()

AT = [0.95, 0.9, 0.85, 0.8, 0.75, 0.7]
A_C = 0.6890665337007457  # Lushnikov, Silantyev, Siegel 2021
DEGREE = 10


def branch(start, to, threads, folder, *extra):
    begun = time.time()
    points = common.call("continue", "gclm_compact", "--over", f"a={start}:{to}", "--threads", threads, "--quiet", "--output", os.path.join(folder, f"b{to}"), *extra)["points"]
    return points, time.time() - begun


def residual(points):
    return f"{max(p['reevaluated_relative'] for p in points):.1e}"


def main():
    options = common.parser(__doc__, "a = 1 to 0.95").parse_args()
    common.line(["what", "count", "seconds", "relative_residual", "worst_error"])
    with tempfile.TemporaryDirectory() as folder:
        at = [] if options.quick else ["--at", ",".join(str(a) for a in AT if a > 0.7)]
        points, seconds = branch(1, 0.95 if options.quick else 0.7, options.threads, folder, *at)
        common.line(["branch", len(points), f"{seconds:.1f}", residual(points), f"{abs(points[0]['lambda'] + 2):.1e}"])
        if options.quick:
            return
        near, seconds = branch(0.8, 0.692, options.threads, folder, "--step", 0.006)
        fit = np.polynomial.Chebyshev.fit([p["q"] for p in near], [p["a"] for p in near], DEGREE)
        common.line(["a_c", len(near), f"{seconds:.1f}", residual(near), f"{abs(float(fit(0.0)) - A_C):.1e}"])
        for a in [1] + AT:
            out = common.solve("gclm_compact", os.path.join(folder, "n.h5"), options.threads, "--set", f"a={a}")
            found = common.unknown(out, "lambda")
            followed = min(points, key=lambda p: abs(p["a"] - a))["lambda"]
            common.line([f"networks, a = {a}", 1, f"{out['seconds']:.1f}", f"{out['residual']['reevaluated_relative']:.1e}", f"{abs(found - followed):.1e}"])


main()
