#!/usr/bin/env python3
"""bench_honesty: does the truth lie within the printed error? Over 1,000 runs of problems whose answers are known, in every space, truncated, coarse, tiny, with wrong bounds.

    bench_honesty.py [--only NAME]... [--seeds 10] [--jobs N] [--runs RUNS.csv] [--judge] [--quick]

The problems are in bench/honesty, their truths in truths.csv there (truth.py computes them and says how), what is run in cases.py. RUNS.csv keeps every number of every run
(default: honesty_runs.csv beside the program) and a run that is in it is not made again, so that a killed benchmark goes on; delete it after a change of the program. CSV: case; kind; runs; numbers printed
with digits; those outside the printed error; the worst |value - truth|/error; the median of printed error over true error; runs that ended with status 0, 1, 2 and by the clock (124); seconds of all
solves, and of what they spent on errors. Totals and every fault, each with the command that makes it, go to standard error. Status 1 if the totals are not what is promised:

    the truth outside the printed error at most once in 1,000 runs, and then by at most 3 errors
    printed error/true error at most 100 in the median of the well-posed problems
    no digits and status 1 where a number is not determined or does not exist
    `ansatz solve` prints what its --json says
"""
import concurrent.futures
import csv
import ctypes
import decimal
import json
import os
import re
import shlex
import statistics
import subprocess
import sys
import tempfile
import time

import common

FOLDER = os.path.join(common.HERE, "honesty")
sys.path.insert(0, FOLDER)
import cases  # noqa: E402

FIELDS = ["case", "space", "seed", "options", "status", "stop", "reached", "wall", "seconds", "estimate_seconds", "number", "value", "error", "determined", "printed", "said"]
NUMBER = re.compile(r"^(-?\d+(?:\.\d+)?)(?:\((\d+|\?)\))?(?:e([-+]\d+))?$")
MOST_OUTSIDE, MOST_ERRORS, MOST_MEDIAN, USELESS = 1e-3, 3, 100, 1e4  # as promised; an error beyond the last is listed
LIMIT_S = 90  # of one run
EPS = decimal.Decimal(2)**-53  # a printed error is never below this times the value


def formatter():
    """What the program prints a number with: (value, error) -> text."""
    try:
        library = ctypes.CDLL(os.path.join(os.path.abspath(common.BUILD), "libansatz.so.0"))
    except OSError as trouble:
        print(f"skipped: {trouble}")
        sys.exit(77)
    library.az_format_unknown.argtypes = [ctypes.c_char_p, ctypes.c_double, ctypes.c_double]
    library.az_format_unknown.restype = None

    def form(value, error):
        buffer = ctypes.create_string_buffer(256)
        library.az_format_unknown(buffer, value, float("nan") if error is None else error)
        return buffer.value.decode()
    return form


def read_truths():
    truths = {}
    with open(os.path.join(FOLDER, "truths.csv"), newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            truths.setdefault(row["case"], {})[row["number"]] = [decimal.Decimal(x) for x in row["truth"].split()]
    return truths


def words(run, output):
    _, problem, settings, space, seed, options = run
    path = os.path.join(FOLDER, problem + ".ansatz")
    return ["solve", os.path.relpath(path) if os.path.exists(path) else problem, *settings, "--trial", space, "--seed", str(seed), *options, "--threads", "1", "--quiet", "--no-report", "--output", output]


def start(command):
    """(status, standard output, seconds) of the program, 124 if it does not end."""
    begin = time.monotonic()
    try:
        done = subprocess.run([common.ANSATZ, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False, timeout=LIMIT_S)
        return done.returncode, done.stdout, time.monotonic() - begin
    except subprocess.TimeoutExpired:
        return 124, "", time.monotonic() - begin


def numbers(result):
    """(name, value, error, determined, digits) of each unknown and derived number; digits: as printed, None if the program does not say."""
    for name, u in [*result.get("unknowns", {}).items(), *((d["text"], d) for d in result.get("derived", []))]:
        yield name, u.get("value"), u.get("error"), u.get("determined", True), u.get("digits")


def said(text, name, printed):
    """Whether the printed result says this of the number: its digits, or that it is not determined."""
    for line in text.split("\n"):
        cells = line.split()
        if (cells[:1] == [name] or line.endswith("  " + name) or f"  {name}  " in line) and (printed in cells or (not printed and "not determined" in line)):
            return True
    return False


def solve(run, form, compare):
    """Rows of RUNS.csv."""
    case, _, _, space, seed, options = run
    with tempfile.TemporaryDirectory() as folder:
        output = os.path.join(folder, "x.h5")
        status, text, wall = start([*words(run, output), "--json"])
        try:
            result = json.loads(text)
        except ValueError:
            result = {}
        people = start(words(run, output))[1] if compare and result else None
    row = dict.fromkeys(FIELDS, "")
    row.update(case=case, space=space, seed=seed, options=" ".join(options), status=status, stop=result.get("stop", ""), reached=result.get("reached", ""), wall=f"{wall:.2f}",
               seconds=f"{result.get('seconds') or 0:.3f}", estimate_seconds=result.get("estimate_seconds", ""))
    rows = []
    for name, value, error, determined, digits in numbers(result):
        digits = digits or (form(value, error) if determined and value is not None else "")
        digits = digits.split(" ")[0]  # "1.25(3) (?)" claims the digits that it shows
        digits = digits if NUMBER.match(digits) else ""
        seen = "" if people is None else said(people, name, digits)
        rows.append({**row, "number": name, "value": "" if value is None else repr(value), "error": "" if error is None else repr(error), "determined": determined, "printed": digits, "said": seen})
    return rows or [row]


def judge(row, truths):
    """Adds to a row: digits (it claims some), ratio (|printed - truth|/printed error), use (printed error/true error); None where it has none."""
    row.update(digits=False, ratio=None, use=None)
    match = NUMBER.match(row["printed"])
    if not match or row["number"] not in truths:
        return
    places = len(match[1].partition(".")[2])
    unit = decimal.Decimal(10)**(int(match[3] or 0) - places)
    value = decimal.Decimal(match[1])*decimal.Decimal(10)**int(match[3] or 0)
    error = unit*(int(match[2]) if match[2] and match[2] != "?" else 1)
    known = match[2] != "?"
    row["digits"] = error < abs(value) or not known
    truth = truths[row["number"]]
    if not truth:
        return
    row["ratio"] = min(abs(value - t)/error for t in truth)
    if known:
        exact = decimal.Decimal(float(row["value"]))
        row["use"] = float(error/min(max(abs(exact - t), EPS*abs(t), decimal.Decimal("1e-300") if t else EPS) for t in truth))
    row["digits"] = True


def load(path):
    if not os.path.exists(path):
        return []
    with open(path, "r+b") as file:  # a line that a killed benchmark left half is made again
        text = file.read()
        file.truncate(text.rfind(b"\n") + 1)
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def key(row):
    return row["case"], row["space"], str(row["seed"]), row["options"]


def make_runs(todo, rows, path, form, jobs):
    """Runs those which rows lacks, and adds what they say to rows and to the file."""
    done = {key(row) for row in rows}
    seen = {row["case"] for row in rows}
    new = not os.path.exists(path) or not os.path.getsize(path)
    with open(path, "a", newline="", encoding="utf-8") as file, concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        out = csv.DictWriter(file, FIELDS, lineterminator="\n")
        if new:
            out.writeheader()
        waiting = []
        for run in todo:
            name = run[0], run[3], str(run[4]), " ".join(run[5])
            if name not in done:
                waiting.append(pool.submit(solve, run, form, run[0] not in seen))
                seen.add(run[0])
        try:
            for future in concurrent.futures.as_completed(waiting):
                found = future.result()
                out.writerows(found)  # the lines of a run together: a killed benchmark leaves none half
                file.flush()
                rows += [{name: str(value) for name, value in row.items()} for row in found]
        except KeyboardInterrupt:
            pool.shutdown(cancel_futures=True)
            raise


def fault(row, kind):
    """What is wrong with a number, or None."""
    if row["said"] == "False":
        return "--json says another thing than the printed result"
    if row["number"] and kind in ("free", "none") and row["free"]:
        if row["digits"]:
            return "digits of what is not determined"
        return None
    if row["ratio"] is not None and row["ratio"] > 1:
        return f"outside, by {float(row['ratio']):.3g} errors"
    if row["use"] is not None and kind == "well" and row["use"] > USELESS and row["reached"] == "True":
        return f"useless, {row['use']:.1g} times the true error"
    return None


def command(row, case):
    run = row["case"], case[1], case[2], row["space"], row["seed"], row["options"].split()
    return "ansatz " + shlex.join(words(run, "x.h5"))


def median(x):
    return statistics.median(x) if x else float("nan")


def table(rows, chosen, truths):
    """Prints a line per case; (outside, worst, medians, undetermined) over all."""
    common.line(["case", "kind", "runs", "with_digits", "outside", "worst_ratio", "median_use", "status_0", "status_1", "status_2", "status_124", "seconds", "estimate_seconds", "machine", "commit"])
    faults = []
    for case in chosen:
        name, kind = case[0], case[4]
        mine = [row for row in rows if row["case"] == name]
        for row in mine:
            row["free"] = truths[name].get(row["number"]) == []
            judge(row, truths[name])
            row["fault"], row["kind"], row["command"] = fault(row, kind), kind, command(row, case)
        status = {key(row): int(row["status"]) for row in mine}
        counted = [sum(s == n for s in status.values()) for n in (0, 1, 2, 124)]
        once = {key(row): row for row in mine}.values()
        ratios = [float(row["ratio"]) for row in mine if row["ratio"] is not None]
        estimate = [float(row["estimate_seconds"]) for row in once if row["estimate_seconds"]]
        common.line([name, kind, len(status), sum(row["digits"] for row in mine), sum(r > 1 for r in ratios), f"{max(ratios, default=float('nan')):.3g}",
                     f"{median([row['use'] for row in mine if row['use'] is not None]):.3g}", *counted, f"{sum(float(row['seconds'] or 0) for row in once):.1f}",
                     f"{sum(estimate):.2f}" if estimate else "nan", common.MACHINE, common.COMMIT])
        faults += [row for row in mine if row["fault"]]
    return faults


def totals(rows, faults):
    """Prints what is promised and what was found; whether it holds."""
    judged = [row for row in rows if row["ratio"] is not None]
    n_runs = len({key(row) for row in rows})
    outside = [row for row in judged if row["ratio"] > 1]
    worst = max((float(row["ratio"]) for row in outside), default=0)
    well = [row["use"] for row in rows if row["kind"] == "well" and row["use"] is not None]
    reached = [row["use"] for row in rows if row["kind"] == "well" and row["use"] is not None and row["reached"] == "True"]
    silent = [row for row in rows if row["kind"] == "well" and row["reached"] == "True" and row["number"] and not row["digits"]]
    free = [row for row in rows if row["number"] and row["free"] and row["digits"]]
    ended = {key(row): row for row in rows if row["kind"] in ("free", "none", "bounds") and row["status"] == "0"}
    differ = [row for row in rows if row["said"] == "False"]
    missing = {key(row): row for row in rows if row["status"] not in "012" or not row["number"] and row["kind"] != "free"}
    tell = lambda *text: print(*text, file=sys.stderr)
    for row in sorted(faults, key=lambda r: (r["case"], r["fault"])):
        truth = row["truth"]
        tell(f"{row['case']}: {row['number']} {row['printed'] or 'not determined'}, truth {truth}: {row['fault']} (status {row['status']})\n    {row['command']}")
    for row in ended.values():
        tell(f"{row['case']}: status 0\n    {row['command']}")
    for row in missing.values():
        tell(f"{row['case']}: no result (status {row['status']})\n    {row['command']}")
    tell(f"runs {n_runs}, numbers judged {len(judged)}")
    tell(f"outside the printed error: {len(outside)} numbers, the worst by {worst:.3g} errors")
    tell(f"printed error/true error where well posed: median {median(well):.3g}, of runs that reached their tolerance {median(reached):.3g}; beyond {USELESS:.0e}: {sum(u > USELESS for u in reached)}")
    tell(f"well posed and reached, but said to be not determined: {len(silent)}")
    tell(f"not determined, but with digits: {len(free)} numbers; with status 0: {len(ended)} runs")
    tell(f"printed result unlike --json: {len(differ)}; without a result: {len(missing)} runs")
    enough = max(1, MOST_OUTSIDE*n_runs)
    return len(outside) <= enough and worst <= MOST_ERRORS and not median(well) > MOST_MEDIAN and not free and not ended and not differ


def main():
    parser = common.parser(__doc__, "a minute: a few problems of each kind")
    parser.add_argument("--smoke", dest="quick", action="store_true", help="the same as --quick")
    parser.add_argument("--only", action="append", metavar="NAME", help="this case alone; may be repeated")
    parser.add_argument("--seeds", type=int, default=10, help="of networks (default 10)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="runs at a time (default: as many as processors)")
    parser.add_argument("--runs", help="the numbers of all runs, read and continued")
    parser.add_argument("--judge", action="store_true", help="run nothing: judge what is in RUNS")
    options = parser.parse_args()
    form, truths = formatter(), read_truths()
    names = options.only or (cases.QUICK if options.quick else None)
    chosen = [case for case in cases.cases() if not names or case[0] in names]
    if names and len(chosen) < len(set(names)):
        parser.error("no such case; bench/honesty/cases.py lists them")
    todo = [(name, problem, settings, space, seed, extra) for name, problem, settings, spaces, _ in chosen for space, seed, extra in cases.runs(spaces, options.seeds, options.quick)]
    todo.sort(key=lambda run: (run[3] == "mlp", run[4]))  # the cheap ones first, then networks seed by seed: what is killed has seen every problem
    with tempfile.TemporaryDirectory() as folder:
        path = options.runs or os.path.join(folder if options.quick else common.BUILD, "honesty_runs.csv")
        rows = load(path)
        if not options.judge:
            make_runs(todo, rows, path, form, options.jobs)
    wanted = {(run[0], run[3], str(run[4]), " ".join(run[5])) for run in todo}
    rows = [row for row in rows if key(row) in wanted]
    for row in rows:
        row["truth"] = " or ".join(str(t)[:24] for t in truths[row["case"]].get(row["number"], [])[:3]) or "none"
    return 0 if totals(rows, table(rows, chosen, truths)) else 1


if __name__ == "__main__":
    sys.exit(main())
