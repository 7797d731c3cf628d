"""common: what the benchmarks in Python share: the program that they measure, where they run, calls that answer with an object, lines of CSV."""
import argparse
import csv
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.environ.get("AZ_BUILD") or os.path.join(HERE, "..", "build")
ANSATZ = os.environ.get("ANSATZ") or os.path.join(BUILD, "ansatz")
MACHINE, COMMIT = os.environ.get("AZ_MACHINE", "unknown"), os.environ.get("AZ_COMMIT", "unknown")


def numpy():
    """The module; status 77, which is a skipped benchmark, without it."""
    try:
        import numpy as np
    except ImportError:
        print("skipped: python3-numpy is not installed")
        sys.exit(77)
    return np


def parser(doc, quick):
    """Options that every benchmark has; doc is what --help says, quick what --quick does."""
    p = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--quick", action="store_true", help=quick)
    p.add_argument("--threads", type=int, default=0)
    return p


def call(*words, good=(0,), text=None):
    """The object that `ansatz WORDS --json` prints, its progress left out; another status than the good ones ends the benchmark."""
    command = [ANSATZ, *map(str, words), "--json"]
    done = subprocess.run(command, input=text, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode not in good:
        print(f"{' '.join(command)}: status {done.returncode}: {done.stdout.strip()}", file=sys.stderr)
        sys.exit(1)
    return json.loads(done.stdout)


def solve(problem, output, threads, *options):
    """As call, of `ansatz solve`, whether or not the tolerance was reached."""
    result = call("solve", problem, *options, "--threads", threads, "--quiet", "--no-report", "--output", output, good=(0, 1))
    for name, number in result["unknowns"].items():
        number["value"] = unknown(result, name)
    return result


def line(cells):
    csv.writer(sys.stdout, lineterminator="\n").writerow(cells)
    sys.stdout.flush()


def unknown(result, name):
    """The value of an unknown in a result's JSON; NaN where it is not determined."""
    value = result["unknowns"][name]["value"]
    return float("nan") if value is None else value
