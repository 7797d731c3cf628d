#!/usr/bin/env python3
"""bench_doc: writes the figures of the last `make bench` into doc/benchmarks.md, between its lines `<!-- NAME -->` and `<!-- end -->`.

    tools/bench_doc.py [BUILD [NAME]...]     BUILD = build; without a NAME every block whose BUILD/bench/NAME.csv exists
"""
import csv
import os
import re
import sys

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "doc", "benchmarks.md")


def table(heading, rows):
    out = ["| " + " | ".join(heading) + " |", "|" + "---|" * len(heading)]
    return out + ["| " + " | ".join(r) + " |" for r in rows]


def lm(rows):
    heading = ["problem", "rows x columns", "threads", "one iteration, ms (min / median)", "jets", "operators", "J'J", "factor", "residuals", "solves", "DGEMM, Gflop/s",
               "fraction"]
    parts = ["jets_ms", "operators_ms", "products_ms", "factor_ms", "residuals_ms", "solves_ms"]
    body = [[r["name"], r["size"], r["threads"], f"{float(r['min_ms']):.2f} / {float(r['median_ms']):.2f}", *(f"{float(r[p]):.2f}" for p in parts),
             f"{float(r['dgemm_gflops']):.0f}", f"{float(r['fraction']):.2f}"] for r in rows]
    return table(heading, body)


def torch(rows):
    body = [[r["name"].removeprefix("jacobian/"), r["size"], f"{float(r['min_ms']):.2f} / {float(r['median_ms']):.2f}", f"{float(r['ratio_min']):.1f}",
             f"{float(r['ratio_median']):.1f}", r["difference"]] for r in rows]
    return table(["Jacobian", "rows x columns", "ms (min / median)", "over ours, min", "over ours, median", "difference"], body)


def jet(rows):
    body = [[r["name"], r["size"], f"{float(r['min']):.3f}", f"{float(r['median']):.3f}"] for r in rows if r["name"].split("/")[0] in ("mul", "tanh_many")]
    return table(["kernel", "coefficients", "min, ns", "median, ns"], body)


def figures(rows):
    def three(r, q):
        if not r[q + "_median"]:
            return "-"
        return f"{r[q + '_median']} (asked {r[q + '_asked']})" if r[q + "_asked"] else r[q + "_median"]

    def unknown(r):
        if not r["unknown"]:
            return "-"
        known = "exact" if r["known_to"] == "0" else f"known to {r['known_to']}"
        return f"{r['unknown']} = {r['reference']}, {known}"

    def seeds(r):
        return f"{r['close']} of {r['seeds']} to {r['close_to']}" if r["close"] else f"{r['reached']} of {r['seeds']} to tolerance"

    body = [[r["name"], unknown(r), three(r, "error"), three(r, "residual"), three(r, "l2"), three(r, "seconds"), seeds(r)] for r in rows]
    return table(["problem", "reference", "its error", "max residual", "relative L2 error", "seconds", "seeds"], body)


def forms(rows):
    body = [[*r["name"].split(", "), f"{r['error_median']} ({r['error_worst']})", f"{r['residual_median']} ({r['residual_worst']})", r["seconds_median"],
             f"{r['reached']} of {r['seeds']}"] for r in rows]
    return table(["profile", "form", "error of lambda (worst)", "max residual (worst)", "seconds", "seeds to tolerance"], body)


def chain(rows):
    body = [[r["elements"], r["modes"], r["unknowns"], r["megabytes"], f"{float(r['ms']):.0f}", f"{float(r['gflop']):.0f}", r["fraction"],
             "-" if r["growth"] == "nan" else r["growth"]] for r in rows]
    return table(["elements", "modes", "unknowns", "MB", "ms, min", "Gflop", "fraction of DGEMM's rate", "growth: exponent in the unknowns"], body)


BLOCKS = {"bench_lm": lm, "bench_chain": chain, "bench_torch": torch, "bench_jet": jet, "bench_figures": figures, "bench_forms": forms}


def block(name, path):
    with open(path, encoding="utf-8") as f:
        rows = list(csv.DictReader(f))
    if not rows or "machine" not in rows[0]:
        return None
    return "\n".join([f"Measured on {rows[0]['machine']}, at {rows[0]['commit']}.", "", *BLOCKS[name](rows)])


def main():
    build = sys.argv[1] if len(sys.argv) > 1 else "build"
    with open(PAGE, encoding="utf-8") as f:
        page = f.read()
    for name in sys.argv[2:] or BLOCKS:
        path = os.path.join(build, "bench", name + ".csv")
        new = block(name, path) if os.path.exists(path) else None
        if new is None:
            print(f"{name}: no figures in {path}, left as it is")
            continue
        pattern = re.compile(f"(<!-- {name} -->\n).*?(<!-- end -->)", re.S)
        if not pattern.search(page):
            sys.exit(f"{PAGE}: no block <!-- {name} -->")
        page = pattern.sub(lambda m: m.group(1) + new + "\n" + m.group(2), page)
    with open(PAGE, "w", encoding="utf-8") as f:
        f.write(page)


if __name__ == "__main__":
    main()
