#!/usr/bin/env python3
"""bench_refit: networks fitted to elements and trained on from there, beside the elements they were fitted to: profiles that are hard to reach from random weights.

    bench_refit.py [NAME:MODE]... [--seeds N] [--quick] [--threads N]      ccf:1, ipm:1 and boussinesq:1

CSV: problem; mode; seed; lambda of the networks and its printed error; its difference from the elements'; the largest residual on the independent grid relative
to the equations' scale, of networks and of elements; seconds of both, verification not included. Status 1 if a solve fails.
"""
import os
import tempfile

import common

CASES = ["ccf:1", "ipm:1", "boussinesq:1"]
TOLERANCE = {"boussinesq": "1e-7"}  # of elements, where the default takes minutes


def main():
    parser = common.parser(__doc__, "ccf, mode 0, a few iterations")
    parser.add_argument("case", nargs="*")
    parser.add_argument("--seeds", type=int, default=1)
    options = parser.parse_args()
    extra = ["--iterations", 30] if options.quick else []
    common.line(["name", "mode", "seed", "lambda", "error", "difference", "relative", "relative_elements", "seconds", "seconds_elements", "machine", "commit"])
    for case in options.case or (["ccf:0"] if options.quick else CASES):
        name, _, mode = case.partition(":")
        with tempfile.TemporaryDirectory() as folder:
            elements = os.path.join(folder, "elements.h5")
            x = common.solve(name, elements, options.threads, "--trial", "element", "--mode", mode or 0, *(["--tolerance", TOLERANCE[name]] if name in TOLERANCE else []))
            for seed in range(1, options.seeds + 1):
                y = common.solve(name, os.path.join(folder, f"{seed}.h5"), options.threads, "--trial", "mlp", "--from", elements, "--seed", seed, *extra)
                u, v = common.unknown(x, "lambda"), y["unknowns"]["lambda"]
                common.line([name, mode, seed, f"{v['value']:.14g}", f"{v['error'] or float('nan'):.1e}", f"{abs(v['value'] - u):.1e}", f"{y['residual']['reevaluated_relative']:.1e}",
                             f"{x['residual']['reevaluated_relative']:.1e}", f"{y['seconds']:.0f}", f"{x['seconds']:.0f}", common.MACHINE, common.COMMIT])


main()
