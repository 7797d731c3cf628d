#!/usr/bin/env bash
# bench.sh: runs the benchmarks of bench/ one after another; what each prints is also kept in $BUILD/bench/NAME.txt. `make bench` calls it.
# BENCH="name name" runs a selection. A program that exits with 77 lacks something (PyTorch, say) and is counted as skipped.
set -u
build=${BUILD:-build}
# For the benchmarks, which write them beside their figures.
export ANSATZ=$build/ansatz AZ_BUILD=$build
AZ_COMMIT=$(git describe --always --dirty 2>/dev/null || echo unknown)
AZ_MACHINE=$(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo 2>/dev/null | head -n 1)
export AZ_COMMIT AZ_MACHINE
echo "commit $AZ_COMMIT, $(nproc) cores, ${AZ_MACHINE:-unknown processor}"

passed=0 failed=0 skipped=0
mkdir -p "$build/bench"
shopt -s nullglob
for source in bench/bench_*.c bench/*.py; do
    name=$(basename "${source%.*}")
    [[ -z ${BENCH:-} || " $BENCH " == *" ${name#bench_} "* || " $BENCH " == *" $name "* ]] || continue
    case $source in
    *.c) command=("$build/bench/$name") ;;
    *.py)
        # a module that the others import is no benchmark
        grep -q '__main__' "$source" || continue
        command=(python3 "$source") ;;
    esac
    echo
    echo "# $name"
    "${command[@]}" 2>&1 | tee "$build/bench/$name.txt"
    case ${PIPESTATUS[0]} in
    0) passed=$((passed + 1)) ;;
    77) skipped=$((skipped + 1)) ;;
    *) failed=$((failed + 1)); echo "$name failed" ;;
    esac
done
echo
echo "benchmarks: $passed passed, $failed failed, $skipped skipped; outputs in $build/bench"
[ $failed -eq 0 ]
