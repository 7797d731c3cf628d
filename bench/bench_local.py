#!/usr/bin/env python3
"""bench_local: one profile from two forms of its equations: boussinesq, in a potential, by elements, and boussinesq_local, in first derivatives, by networks from
random weights.

    bench_local.py [--quick] [--seeds N] [--iterations N] [--tolerance T] [--threads N]    iterations: of the first networks alone; tolerance: of the elements

CSV, one line for each seed and field: lambda of the networks and its difference from the elements'; the largest relative difference of the field, at each point relative
to its value there, near the corner (|y| < 0.3), in the core (to |y| = 10), in the far field (to 1e8), on the wall and beside the axis (all |y|); the largest
residuals relative to the equations' scale; seconds of both, verification not included. Status 1 if a lambda differs by more than 1e-4.
"""
import math
import os
import sys
import tempfile

import common

FIELDS = ["Omega", "U1", "U2", "Phi", "Psi"]
POTENTIAL = {"Phi": ("Theta", "1,0"), "Psi": ("Theta", "0,1")}  # Phi = d1 Theta, Psi = d2 Theta
LARGEST = 1e-4
POINTS = 400
GOLDEN = (math.sqrt(5) - 1) / 2


def places():
    """Name of a place, its points."""
    def polar(lo, hi, angle):
        found = []
        for i in range(POINTS):
            r, v = 10 ** (lo + (hi - lo) * (i + 0.5) / POINTS), (i * GOLDEN) % 1
            found.append((r * math.cos(angle(v)), r * math.sin(angle(v))))
        return found

    def open_quarter(v):
        return math.pi / 2 * (0.0005 + 0.999 * v)

    return {"corner": polar(-3, math.log10(0.3), open_quarter), "core": polar(math.log10(0.3), 1, open_quarter), "far": polar(1, 8, open_quarter),
            "wall": polar(-3, 8, lambda v: 1e-6), "axis": polar(-3, 8, lambda v: math.pi / 2 - 10 ** (-2 - 2 * v))}


def values(result, name, derivative, points, folder):
    path = os.path.join(folder, "points")
    with open(path, "w", encoding="ascii") as f:
        f.writelines(f"{x!r} {y!r}\n" for x, y in points)
    return common.call("eval", result, name, "--points", path, "--derivative", derivative)["columns"][name]


def main():
    parser = common.parser(__doc__, "a small network after a few iterations, a coarse mesh")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--iterations", help="of the first networks, which are all then (default: as solve does)")
    parser.add_argument("--tolerance", default="1e-7")
    options = parser.parse_args()
    elements, most = [], LARGEST
    networks = ["--stages", "1", "--iterations", options.iterations] if options.iterations else []
    if options.quick:
        options.tolerance, elements, networks, most = "100", ["--points", "3000"], ["--layers", "8,8", "--points", "400", "--stages", "1", "--iterations", "60"], 1
    at = places()
    common.line(["seed", "field", "lambda", "difference", *at, "residual", "residual_elements", "seconds", "seconds_elements", "machine", "commit"])
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        one, two = os.path.join(folder, "elements.h5"), os.path.join(folder, "networks.h5")
        x = common.solve("boussinesq", one, options.threads, "--trial", "element", "--tolerance", options.tolerance, *elements)
        known = {(f, k): values(one, *POTENTIAL.get(f, (f, "0,0")), at[k], folder) for f in FIELDS for k in at}
        for seed in range(1, options.seeds + 1):
            y = common.solve("boussinesq_local", two, options.threads, "--seed", seed, *networks)
            u, v = common.unknown(x, "lambda"), common.unknown(y, "lambda")
            for f in FIELDS:
                worst = [max(abs(a / b - 1) for a, b in zip(values(two, f, "0,0", at[k], folder), known[f, k])) for k in at]
                common.line([seed, f, f"{v:.10g}", f"{v - u:.1e}", *(f"{w:.1e}" for w in worst), f"{y['residual']['reevaluated_relative']:.1e}",
                       f"{x['residual']['reevaluated_relative']:.1e}", f"{y['seconds']:.0f}", f"{x['seconds']:.0f}", common.MACHINE, common.COMMIT])
            failed = failed or not (abs(v - u) <= most or (options.quick and v != v))  # a minute of training need not determine it
    sys.exit(1 if failed else 0)


main()
