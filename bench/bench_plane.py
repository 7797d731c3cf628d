#!/usr/bin/env python3
"""bench_plane: the ladders of ipm and boussinesq by elements, on two unrelated grids: other points, and another unit of length (--set h0), so that no element and no
mode of the two coincide.

    bench_plane.py [NAME[:LAST]]... [--tolerance T] [--points N] [--h0 H] [--quick] [--threads N]

NAME: ipm (default to mode 6), boussinesq (to mode 5). CSV: problem; mode; lambda on the first grid and its printed error; difference from the second; published
value and what it is known to (0 where none is); slope dm/dlambda; largest residual on the independent grid, both runs; seconds of both, from the profile
before, verification not included; unknowns of the last mesh. Status 1 if a profile is not found.
"""
import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile

# what the residual of each mode is to be
TOLERANCE = {"ipm": ["1e-10", "1e-9", "1e-8", "1e-8", "1e-8", "1e-8", "1e-7"], "boussinesq": ["1e-9", "1e-7", "1e-7", "1e-6", "1e-6", "1e-6"]}
# lambda, digits on which sources agree: arXiv 2511.22819, 2509.14185 and classical codes
KNOWN = {("ipm", 0): ("1.02857227603", 1e-11), ("ipm", 1): ("0.472129736", 1e-9), ("ipm", 2): ("0.31496178", 1e-8), ("ipm", 3): ("0.2415664", 1e-7),
         ("boussinesq", 0): ("1.920560", 1e-6), ("boussinesq", 1): ("1.399096", 1e-6), ("boussinesq", 2): ("1.252348", 1e-6), ("boussinesq", 3): ("1.18425", 1e-5)}


def ladder(ansatz, name, last, extra, folder, options):
    """One object a profile, each from the one before."""
    found = []
    for mode in range(last + 1):
        file = os.path.join(folder, f"{mode}.h5")
        command = [ansatz, "solve", name, "--trial", "element", "--mode", str(mode), "--tolerance", options.tolerance or TOLERANCE[name][mode], "--threads",
                   str(options.threads), "--quiet", "--json", "--no-report", "--output", file, *extra]
        if mode:
            command += ["--from", os.path.join(folder, f"{mode - 1}.h5")]
        run = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        if run.returncode > 1:
            break
        found.append(json.loads(run.stdout))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", nargs="*", help="ipm:6, boussinesq:5")
    parser.add_argument("--tolerance", help="of all modes; the default asks less of higher ones")
    parser.add_argument("--points", default="11000", help="of the second grid; the first has the default")
    parser.add_argument("--h0", default="0.4", help="of the second grid; the first has 0")
    parser.add_argument("--quick", action="store_true", help="ipm, mode 0, coarse")
    parser.add_argument("--threads", type=int, default=0)
    options = parser.parse_args()
    first = []
    if options.quick:
        options.name, options.tolerance, options.points, first = ["ipm:0"], "1e-3", "4000", ["--points", "3000"]
    ansatz = os.environ.get("ANSATZ", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "build", "ansatz"))
    commit, machine = os.environ.get("AZ_COMMIT", "unknown"), os.environ.get("AZ_MACHINE", "unknown")
    write = csv.writer(sys.stdout).writerow
    write(["name", "mode", "lambda", "error", "difference", "published", "known_to", "slope", "residual", "residual_2", "seconds", "seconds_2", "unknowns", "machine", "commit"])
    failed = False
    for word in options.name or list(TOLERANCE):
        name, _, last = word.partition(":")
        last = int(last or len(TOLERANCE[name]) - 1)
        with tempfile.TemporaryDirectory() as a, tempfile.TemporaryDirectory() as b:
            one = ladder(ansatz, name, last, first, a, options)
            two = ladder(ansatz, name, last, ["--points", options.points, "--set", "h0=" + options.h0], b, options)
        for mode, (x, y) in enumerate(zip(one, two)):
            u, v = x["unknowns"]["lambda"], y["unknowns"]["lambda"]
            published, known_to = KNOWN.get((name, mode), ("", 0))
            write([name, mode, f"{u['value']:.14g}", f"{u['error'] or float('nan'):.1e}", f"{abs(u['value'] - v['value']):.1e}", published, f"{known_to:.0e}",
                   f"{x['residual']['defect_slope'] or float('nan'):.2e}", f"{x['residual']['reevaluated_max']:.1e}", f"{y['residual']['reevaluated_max']:.1e}", f"{x['seconds']:.1f}", f"{y['seconds']:.1f}",
                   x["numbers"], machine, commit])
            sys.stdout.flush()
        failed = failed or len(one) <= last or len(two) <= last
    sys.exit(1 if failed else 0)


main()
