#!/usr/bin/env python3
"""bench_compact: the branch lambda(a) of gclm_compact, profiles of compact support, from a = 1, where lambda = -2 and q = 1, towards a_c; and networks from random
weights at single a, beside it.

    bench_compact.py [--quick] [--threads N]

CSV: what; points or runs; seconds; the largest relative residual re-evaluated; the largest error: of the branch |lambda + 2| at a = 1, of a_c, extrapolated in q to
q = 0 by a polynomial of degree 10, its difference from the published value, of networks their |lambda - the branch's| at the same a. Status 1 if the branch does
not arrive, 77 without NumPy.
"""
import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time

try:
    import numpy as np
except ImportError:
    print("skipped: python3-numpy is not installed")
    sys.exit(77)

AT = [0.95, 0.9, 0.85, 0.8, 0.75, 0.7]
A_C = 0.6890665337007457  # Lushnikov, Silantyev, Siegel 2021
DEGREE = 10


def run(command):
    begun = time.time()
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    return (json.loads(done.stdout) if done.stdout else None), done.returncode, time.time() - begun


def branch(ansatz, start, to, at, step, threads, folder):
    command = [ansatz, "continue", "gclm_compact", "--over", f"a={start}:{to}", "--threads", str(threads), "--quiet", "--json", "--output", os.path.join(folder, f"b{to}")]
    command += ["--at", ",".join(map(str, at))] if at else []
    command += ["--step", str(step)] if step else []
    out, status, seconds = run(command)
    if status != 0:
        print(f"{' '.join(command)} ended with status {status}", file=sys.stderr)
        sys.exit(1)
    return out["points"], seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a = 1 to 0.95")
    parser.add_argument("--threads", type=int, default=0)
    options = parser.parse_args()
    ansatz = os.environ.get("ANSATZ", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "build", "ansatz"))
    write = csv.writer(sys.stdout).writerow
    write(["what", "count", "seconds", "relative_residual", "worst_error"])
    with tempfile.TemporaryDirectory() as folder:
        at = [a for a in AT if a > 0.95] if options.quick else AT
        points, seconds = branch(ansatz, 1, 0.95 if options.quick else 0.7, [a for a in at if a > 0.7], None, options.threads, folder)
        residual = max(p["reevaluated_relative"] for p in points)
        write(["branch", len(points), f"{seconds:.1f}", f"{residual:.1e}", f"{abs(points[0]['lambda'] + 2):.1e}"])
        sys.stdout.flush()
        if options.quick:
            return
        near, seconds = branch(ansatz, 0.8, 0.692, None, 0.006, options.threads, folder)
        fit = np.polynomial.Chebyshev.fit([p["q"] for p in near], [p["a"] for p in near], DEGREE)
        write(["a_c", len(near), f"{seconds:.1f}", f"{max(p['reevaluated_relative'] for p in near):.1e}", f"{abs(float(fit(0.0)) - A_C):.1e}"])
        sys.stdout.flush()
        for a in [1] + AT:
            command = [ansatz, "solve", "gclm_compact", "--set", f"a={a}", "--threads", str(options.threads), "--quiet", "--no-report", "--json", "--output", os.path.join(folder, "n.h5")]
            out, _, seconds = run(command)
            found = out["unknowns"]["lambda"]["value"]
            followed = min(points, key=lambda p: abs(p["a"] - a))["lambda"]
            write([f"networks, a = {a}", 1, f"{seconds:.1f}", f"{out['residual']['reevaluated_relative']:.1e}", f"{abs(found - followed):.1e}"])
            sys.stdout.flush()


main()
