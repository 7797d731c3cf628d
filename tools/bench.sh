#!/usr/bin/env bash
# bench.sh: runs the benchmarks of bench/ one after another; the CSV that each prints is also kept in $BUILD/bench/NAME.csv. `make bench` calls it.
#
#     bash tools/bench.sh [--quick] [NAME]...     NAME with or without bench_; BENCH="name name" does the same
#
# --quick: seconds each and figures of no use, a test that they run and print what they say: every line has as many cells as the heading.
# A program that exits with 77 lacks something (PyTorch, say) and is counted as skipped; if nothing else was asked for, so is the whole: status 77.
set -u
build=${AZ_BUILD:-${BUILD:-build}}
selection=${BENCH:-} quick=()
for word; do
    case $word in
    --quick) quick=(--quick) ;;
    -*) echo "usage: bench.sh [--quick] [NAME]..." >&2; exit 2 ;;
    *) selection+=" $word" ;;
    esac
done
# For the benchmarks, which write them beside their figures.
export ANSATZ=$build/ansatz AZ_BUILD=$build
AZ_COMMIT=$(git describe --always --dirty 2>/dev/null || echo unknown)
AZ_MACHINE=$(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo 2>/dev/null | head -n 1)
AZ_MACHINE="${AZ_MACHINE:-unknown processor}, $(nproc) cores"
export AZ_COMMIT AZ_MACHINE
echo "commit $AZ_COMMIT, $AZ_MACHINE"

# Another python3 may come before the one Debian's packages belong to.
python=python3
for p in python3 /usr/bin/python3; do
    "$p" -c 'import torch, numpy' 2>/dev/null && python=$p && break
    "$p" -c 'import numpy' 2>/dev/null && python=$p
done

# Lines whose number of cells is not the heading's; quoted cells may hold commas.
malformed() {
    awk -F, '{ line = $0; gsub(/"[^"]*"/, "q") } NR == 1 { n = NF } NF != n || NF < 4 { print "line " NR ": " line; bad = 1 }
        END { if (NR < 2) { print "no figures"; bad = 1 } exit !bad }' "$1"
}

passed=0 failed=0 skipped=0
mkdir -p "$build/bench"
shopt -s nullglob
for source in bench/bench_*.c bench/bench_*.py; do
    name=$(basename "${source%.*}")
    [[ -z ${selection// /} || " $selection " == *" ${name#bench_} "* || " $selection " == *" $name "* ]] || continue
    case $source in
    *.c) command=("$build/bench/$name") ;;
    *.py) command=("$python" "$source") ;;
    esac
    kept=$build/bench/$name.csv
    [[ ${#quick[@]} -eq 0 ]] || kept=$build/bench/$name.quick.csv
    echo
    echo "# $name"
    "${command[@]}" "${quick[@]}" | tee "$kept"
    status=${PIPESTATUS[0]}
    if [[ $status -eq 77 ]]; then
        skipped=$((skipped + 1))
    elif [[ $status -ne 0 ]] || malformed "$kept"; then
        failed=$((failed + 1))
        echo "$name failed (status $status)"
    else
        passed=$((passed + 1))
    fi
done
echo
echo "benchmarks: $passed passed, $failed failed, $skipped skipped; outputs in $build/bench"
[[ $failed -eq 0 ]] || exit 1
[[ $passed -gt 0 ]] || exit 77
