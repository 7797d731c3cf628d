#!/usr/bin/env bash
# run.sh [-v] PROGRAM [NAME]...: tests of the command line. Each folder below cases/ is one:
#
#   cmd      bash script, run in an empty folder of its own; `ansatz` is the program, $FILES is files/, $SOLVED the result of
#            files/halving.ansatz at tolerance 1e-8
#   stdout   what it prints; * and ? match as in a shell, a line ... matches any number of lines (not there: not looked at)
#   stderr   the same
#   status   its exit status (not there: 0)
#   needs    commands it cannot do without, one per line: the case is skipped where one is missing
#
# A case that finds something else missing prints what it is and exits with 77: it is skipped too.
#
# usage.txt holds wrong command lines: each must end with status 2, print nothing, and say what it says there; with --json it must print one
# error object.
#
# Exit status: 0 all passed, 1 some failed, 2 nothing was tested. Skipped cases are counted and named.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
verbose=no
[ "${1:-}" = -v ] && { verbose=yes; shift; }
if [ $# -lt 1 ] || [ ! -x "$1" ]; then
    echo "usage: run.sh [-v] PROGRAM [NAME]..." >&2
    exit 2
fi
program=$(realpath "$1")
shift
cases=${CLI_CASES:-$here/cases}
usage=${CLI_USAGE:-$here/usage.txt}
limit=${CLI_SECONDS:-300}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin"
ln -s "$program" "$work/bin/ansatz"
export PATH=$work/bin:$PATH FILES=$here/files RUN=$here/run.sh LC_ALL=C TERM=dumb
export SOLVED=$work/halving.h5
export ANSATZ_TUNED=1 # one start for each command line instead of two

passed=0 failed=0 skipped=0

pass() { passed=$((passed + 1)); if [ $verbose = yes ]; then echo "ok      $1"; fi; }
skip() { skipped=$((skipped + 1)); echo "skipped $1: no $2"; }
fail() {
    failed=$((failed + 1))
    echo "FAILED  $1"
    shift
    printf '        %s\n' "$@"
}

# matches_from I J: lines I.. of `found` match lines J.. of `wanted`
matches_from() {
    local i=$1 j=$2 k pattern
    while [ "$j" -lt ${#wanted[@]} ]; do
        if [ "${wanted[j]}" = ... ]; then
            for ((k = ${#found[@]}; k >= i; k--)); do matches_from "$k" $((j + 1)) && return 0; done
            return 1
        fi
        [ "$i" -lt ${#found[@]} ] || return 1
        pattern=${wanted[j]//\\/\\\\}
        pattern=${pattern//\[/\\[}
        # shellcheck disable=SC2254
        case ${found[i]} in $pattern) ;; *) return 1 ;; esac
        i=$((i + 1))
        j=$((j + 1))
    done
    [ "$i" -eq ${#found[@]} ]
}

# matches FOUND WANTED (files)
matches() {
    local found wanted
    mapfile -t found <"$1"
    mapfile -t wanted <"$2"
    matches_from 0 0
}

# why NAME STREAM FILE: the lines of a report about a stream that does not match
describe() {
    echo "$1 is:"
    sed -n '1,20s/^/    /p' "$2"
    echo "expected:"
    sed 's/^/    /' "$3"
}

run_case() {
    local name=$1 dir=$cases/$1 tool status expected problems=()
    if [ -f "$dir/needs" ]; then
        while read -r tool; do
            command -v "$tool" >/dev/null || { skip "$name" "$tool"; return; }
        done <"$dir/needs"
    fi
    if [ ! -f "$SOLVED" ] && grep -q SOLVED "$dir/cmd"; then
        timeout "$limit" ansatz solve "$FILES/halving.ansatz" --tolerance 1e-8 -q --no-report --output "$SOLVED" >/dev/null 2>&1
    fi
    mkdir -p "$work/run/$name"
    (cd "$work/run/$name" && exec timeout -k 5 "$limit" bash "$dir/cmd") >"$work/stdout" 2>"$work/stderr" </dev/null
    status=$?
    if [ $status = 77 ]; then
        skip "$name" "$(head -n 1 "$work/stdout")"
        return
    fi
    expected=$(cat "$dir/status" 2>/dev/null || echo 0)
    [ "$status" = "$expected" ] || problems+=("exit status $status, expected $expected")
    for stream in stdout stderr; do
        [ -f "$dir/$stream" ] || continue
        matches "$work/$stream" "$dir/$stream" || mapfile -t -O ${#problems[@]} problems < <(describe $stream "$work/$stream" "$dir/$stream")
    done
    if [ ${#problems[@]} -eq 0 ]; then pass "$name"; return; fi
    [ -f "$dir/stderr" ] || mapfile -t -O ${#problems[@]} problems < <(echo "stderr is:"; sed -n '1,20s/^/    /p' "$work/stderr")
    fail "$name" "${problems[@]}"
}

# One line of usage.txt: the words of the command line, then " => ", then the pattern of the first line on standard error.
run_usage() {
    local words=${1%% => *} status first problems=()
    printf '%s\n' "${1#* => }" >"$work/wanted"
    (cd "$work/empty" && eval "timeout -k 5 60 ansatz $words") >"$work/stdout" 2>"$work/stderr" </dev/null
    status=$?
    [ $status = 2 ] || problems+=("exit status $status, expected 2")
    [ ! -s "$work/stdout" ] || problems+=("standard output is not empty")
    first=$(head -n 1 "$work/stderr")
    matches <(printf '%s\n' "$first") "$work/wanted" || problems+=("stderr is   $first" "expected    $(cat "$work/wanted")")
    (cd "$work/empty" && eval "timeout -k 5 60 ansatz $words --json") >"$work/json" 2>/dev/null </dev/null
    [ $? = 2 ] || problems+=("with --json: exit status is not 2")
    [ "$(wc -l <"$work/json")" = 1 ] && grep -q '^{"error":{"status":".*","message":".*","line":[0-9]*,"column":[0-9]*}}$' "$work/json" ||
        problems+=("with --json: no single error object: $(head -c 200 "$work/json")")
    cat "$work/json" >>"$work/objects"
    if [ ${#problems[@]} -eq 0 ]; then pass "usage: $words"; else fail "usage: $words" "${problems[@]}"; fi
}

# All error objects at once, by a JSON reader of somebody else's.
check_objects() {
    local name="usage: JSON"
    if command -v jq >/dev/null; then
        jq -es 'all(.error.message | type == "string")' "$work/objects" >/dev/null
    elif command -v python3 >/dev/null; then
        python3 -c 'import json, sys; [json.loads(line)["error"]["message"] for line in sys.stdin]' <"$work/objects"
    else
        skip "$name" "jq or python3"
        return
    fi
    if [ $? = 0 ]; then pass "$name"; else fail "$name" "an error object is not JSON"; fi
}

selected() { [ ${#selection[@]} -eq 0 ] || [[ " ${selection[*]} " == *" $1 "* ]]; }
selection=("$@")

for dir in "$cases"/*/; do
    name=$(basename "$dir")
    [ -f "$dir/cmd" ] && selected "$name" && run_case "$name"
done
if selected usage && [ -f "$usage" ]; then
    mkdir "$work/empty"
    : >"$work/objects"
    while IFS= read -r line; do
        case $line in '' | '#'*) ;; *) run_usage "$line" ;; esac
    done <"$usage"
    check_objects
fi
echo "cli: $passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ] || exit 1
[ $passed -gt 0 ] || exit 2
