#!/usr/bin/env python3
"""bench_plane: the ladders of ipm and boussinesq by elements, on three grids: the first; other points, and another unit of length (--set h0), so that no element and no
mode of the two coincide; and, by `ansatz polish` of the first, polar coordinates, which share no function, no point and no singular place with it.

    bench_plane.py [NAME[:LAST]]... [--tolerance T] [--points N] [--h0 H] [--quick] [--threads N]

NAME: ipm (default to mode 6), boussinesq (to mode 5). CSV: problem; mode; lambda on the first grid and its printed error; difference from the second; polish: lambda
in polar coordinates less that of the first grid, empty where the profile is lost; published values, this lambda taken away (empty where none is); slope
dm/dlambda; largest residual on the independent grid, all runs; seconds of both marches, from the profile before, and of the polish, verification not included;
unknowns of the last mesh of the first. Status 1 if a profile is not found.
"""
import os
import tempfile

import common

# of the residual over the scale of its equation; as written it may be twice that
TOLERANCE = {"ipm": ["1e-10", "1e-9", "5e-9", "5e-9", "1e-8", "1e-8", "1e-7"], "boussinesq": ["1e-9", "1e-7", "1e-7", "1e-6", "1e-6", "1e-6"]}
# lambda as printed: networks of arXiv 2509.14185 (which calls its Boussinesq n = 4 unvalidated) and 2511.22819, and of a public finite-difference code
PUBLISHED = {"ipm": {"2509.14185": ["1.0285722760222", "0.4721297362414", "0.3149620267088", "0.2415604743989"],
                     "2511.22819": ["1.0285722760323", "0.472129736156", "0.3149617817", "0.24156641", "0.1987237"],
                     "classical": ["1.0285722975", "0.4721297348", "0.3149618108", "0.2415663353", "0.1987224523", "0.1706180880", "0.15092"]},
             "boussinesq": {"2509.14185": ["1.9205599746927", "1.3990961221852", "1.2523481636489", "1.1842500861997", "1.1448833556188"],
                            "2511.22819": [],
                            "classical": ["1.9205593", "1.3990961", "1.2523487", "1.1842533", "1.1449857", "1.1194738"]}}


def profile(name, mode, folder, options, extra):
    """One rung, from the one before."""
    file = [os.path.join(folder, f"{m}.h5") for m in (mode - 1, mode)]
    return common.solve(name, file[1], options.threads, "--trial", "element", "--mode", mode, "--tolerance", options.tolerance or TOLERANCE[name][mode],
                        *(["--from", file[0]] if mode else []), *extra)


def polish(name, mode, folder, options):
    """That of a rung in polar coordinates."""
    file = [os.path.join(folder, f"{mode}{end}.h5") for end in ("", "-polar")]
    return common.call("polish", file[0], "--output", file[1], "--threads", options.threads, "--tolerance", options.tolerance or TOLERANCE[name][mode], "--quiet", good=(0, 1))


def main():
    parser = common.parser(__doc__, "ipm, mode 0, coarse")
    parser.add_argument("name", nargs="*", help="ipm:6, boussinesq:5")
    parser.add_argument("--tolerance", help="of all modes; the default asks less of higher ones")
    parser.add_argument("--points", default="11000", help="of the second grid; the first has the default")
    parser.add_argument("--h0", default="0.4", help="of the second grid; the first has 0")
    options = parser.parse_args()
    first = []
    if options.quick:
        options.name, options.tolerance, options.points, first = ["ipm:0"], "1e-3", "4000", ["--points", "3000"]
    common.line(["name", "mode", "lambda", "error", "difference", "polish", *PUBLISHED["ipm"], "slope", "residual", "residual_2", "residual_polish", "seconds", "seconds_2",
                 "seconds_polish", "unknowns", "machine", "commit"])
    for word in options.name or list(TOLERANCE):
        name, _, last = word.partition(":")
        last = int(last or len(TOLERANCE[name]) - 1)
        with tempfile.TemporaryDirectory() as a, tempfile.TemporaryDirectory() as b:
            for mode in range(last + 1):
                x = profile(name, mode, a, options, first)
                y = profile(name, mode, b, options, ["--points", options.points, "--set", "h0=" + options.h0])
                z = polish(name, mode, a, options)
                u, v, w = x["unknowns"]["lambda"], y["unknowns"]["lambda"], common.unknown(z, "lambda")
                beside = [f"{float(values[mode]) - u['value']:.1e}" if mode < len(values) else "" for values in PUBLISHED[name].values()]
                common.line([name, mode, f"{u['value']:.14g}", f"{u['error'] or float('nan'):.1e}", f"{abs(u['value'] - v['value']):.1e}", "" if w is None else f"{w - u['value']:.1e}", *beside,
                             f"{x['residual']['defect_slope'] or float('nan'):.2e}", *(f"{r['residual']['reevaluated_max'] or float('nan'):.1e}" for r in (x, y, z)),
                             *(f"{r['seconds']:.1f}" for r in (x, y, z)), x["numbers"], common.MACHINE, common.COMMIT])



main()
