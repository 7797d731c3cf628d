#!/usr/bin/env python3
"""bench_branch: the branch lambda(a) of gclm from a = -2 to 0.6, by `ansatz continue`, beside published values; and, by elements, on to a = 0.68, and the a_c
at which 1 + lambda vanishes, extrapolated from these points by a polynomial a(lambda).

    bench_branch.py [--quick] [--threads N]

CSV: trial space; points; seconds; the largest relative residual re-evaluated at a point; the largest |lambda - reference| over the
tabulated a, and the digits the references are known to where that is; a_c and its error. Status 1 if a leg does not arrive, 77 without NumPy.
"""
import os
import tempfile
import time

import common

np = common.numpy()

# a: lambda, absolute error of the reference. -0.9 .. -0.1: recomputed twice by two discretisations; 0.1 .. 0.3, 0.5: fractional Hardy basis and exact; others: one source
KNOWN = {-0.9: (1.0647228941, 1e-10), -0.8: (0.9484407857, 1e-10), -0.7: (0.8318864441, 1e-10), -0.6: (0.7150018957, 1e-10), -0.5: (0.59771126404375825, 1e-16),
         -0.4: (0.4799137503, 1e-10), -0.3: (0.3614732024, 1e-10), -0.2: (0.2422022487, 1e-10), -0.1: (0.1218375392, 1e-10), 0: (0, 0), 0.1: (-0.123870968743, 1e-12),
         0.2: (-0.250630080857, 1e-12), 0.3: (-0.38162532530836678, 1e-16), 0.4: (-0.519060745953, 1e-12), 0.5: (-2 / 3, 0), 0.6: (-0.8309010635, 1e-10)}
A_C = 0.6890665337007457  # Lushnikov, Silantyev, Siegel 2021
NEAR = -0.8  # lambdas from here to -1 are extrapolated from
DEGREE = 11


def leg(space, start, to, at, threads, folder):
    begun = time.time()
    points = common.call("continue", "gclm", "--over", f"a={start}:{to}", "--at", ",".join(map(str, at)), "--trial", space, "--threads", threads, "--quiet",
                         "--output", os.path.join(folder, f"{space}{to}"))["points"]
    return points, time.time() - begun


def critical(points):
    """a where lambda = -1."""
    near = [(p["lambda"], p["a"]) for p in points if p["lambda"] < NEAR]
    if len(near) <= DEGREE + 2:
        return float("nan")
    x, y = map(np.array, zip(*near))
    return float(np.polynomial.Chebyshev.fit(x, y, DEGREE)(-1.0))


def main():
    options = common.parser(__doc__, "a = -0.2 to 0.2 by elements").parse_args()
    common.line(["space", "points", "seconds", "relative_residual", "worst_error", "known_to", "a_c", "a_c_error"])
    for space in ["element"] if options.quick else ["element", "mlp"]:
        legs = [(0, -0.2), (0, 0.2)] if options.quick else [(0, -2), (0, 0.6)]
        if space == "element" and not options.quick:
            legs += [(0.6, 0.66), (0.66, 0.68)]
        points, seconds = [], 0
        with tempfile.TemporaryDirectory() as folder:
            for start, to in legs:
                low, high = min(start, to), max(start, to)
                at = [a for a in KNOWN if low < a < high] + [-1 - 0.1 * k for k in range(10) if low < -1 - 0.1 * k]
                more, took = leg(space, start, to, at or [to], options.threads, folder)
                points, seconds = points + more, seconds + took
        worst, known_to = 0, 0
        for a, (value, error) in KNOWN.items():
            for p in points:
                if abs(p["a"] - a) < 1e-14 and not abs(p["lambda"] - value) <= worst:
                    worst, known_to = abs(p["lambda"] - value), error
        a_c = critical(points)
        residual = max(p["reevaluated_relative"] for p in points)
        common.line([space, len(points), f"{seconds:.1f}", f"{residual:.1e}", f"{worst:.1e}", f"{known_to:.0e}", f"{a_c:.16g}", f"{abs(a_c - A_C):.1e}"])


main()
