#!/usr/bin/env python3
"""Law: bench_honesty counts a printed number as outside exactly if the truth is farther from it than its error, and as digits whatever claims some."""
import decimal
import os
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
sys.path.insert(0, os.path.join(ROOT, "bench"))
import bench_honesty  # noqa: E402

cases = bench_honesty.cases
D = decimal.Decimal


def judged(printed, *truth):
    row = {"printed": printed, "number": "k", "value": "0", "free": not truth}
    bench_honesty.judge(row, {"k": [D(t) for t in truth]})
    return row["digits"], row["ratio"]


# printed, truths, digits, |printed - truth|/error
LAWS = [
    ("1.1807776628999(2)", ["1.1807776628998546"], True, D("0.227")),
    ("1.1807776628999(2)", ["1.1807776629002"], True, D("1.5")),
    ("12(3)", ["17"], True, D(5)/3),
    ("1.25(2)e-05", ["0.0000127"], True, D(1)),
    ("-0.5(1)", ["0.4", "-0.4"], True, D(1)),        # the nearest of several
    ("0.472367(?)", ["0.472368"], True, D(1)),       # without an error: true to a unit of the last digit shown
    ("0.472367(?)", ["0.4725"], True, D(133)),
    ("0.25", ["0.27"], True, D(2)),
    ("0(5)", ["3"], True, D("0.6")),
    ("", ["3"], False, None),
    ("none", ["3"], False, None),
    ("2.5(1)", [], True, None),                      # nothing determines it
    ("1(5)", [], False, None),                       # an error as large as the value is no digit
    ("0e-05(3)", [], False, None),
    ("2.5(?)", [], True, None),
]
for printed, truth, digits, ratio in LAWS:
    found = judged(printed, *truth)
    good = found[0] == digits and (found[1] is None) == (ratio is None) and (ratio is None or abs(found[1] - ratio) < D("0.001"))
    assert good, f"{printed} with truth {truth}: {found}, not {(digits, ratio)}"

text = "  k             1.5(2)\n  a             not determined by these equations\n  derived       0.472367(?)  u(0.5)\n                not determined  b c\n"
for name, printed, answer in [("k", "1.5(2)", True), ("k", "1.6(2)", False), ("k", "", False), ("a", "", True), ("a", "2(1)", False), ("u(0.5)", "0.472367(?)", True), ("b c", "", True)]:
    assert bench_honesty.said(text, name, printed) == answer, (name, printed)

# what is run is what there is a truth of, and over 1,000 runs of 60 problems
truths, all_cases = bench_honesty.read_truths(), list(cases.cases())
assert len(all_cases) == len({case[0] for case in all_cases}) >= 60
assert sum(len(list(cases.runs(case[3], 10, False))) for case in all_cases) > 1000
for name, problem, _, _, kind in all_cases:
    assert name in truths, name
    assert kind in ("well", "weak", "free", "none", "bounds"), kind
    folder = "bench/honesty" if os.path.exists(os.path.join(ROOT, "bench/honesty", problem + ".ansatz")) else "problems"
    assert os.path.exists(os.path.join(ROOT, folder, problem + ".ansatz")), problem
    assert kind in ("free", "none") or all(truths[name].values()), name
assert set(truths) == {case[0] for case in all_cases}
assert set(cases.QUICK) <= set(truths)
