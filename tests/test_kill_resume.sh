#!/usr/bin/env bash
# kill -9 at random moments: each time the checkpoint is whole, and the run that is continued from it ends with the bits of one that was
# never interrupted. Five kills of one run. AZ_SEED in the environment replays the moments (the machine's speed still moves them).
set -u
ansatz=$(readlink -f "${ANSATZ:-$(dirname "${BASH_SOURCE[0]}")/../build/ansatz}")
box=$(mktemp -d)
trap 'rm -rf "$box"' EXIT
cd "$box" || exit 1
RANDOM=${AZ_SEED:-$$}
echo "AZ_SEED=${AZ_SEED:-$$}"

fail() {
    echo "$*"
    exit 1
}

fresh=(burgers --tolerance 1e-14 --layers 8,8 --points 160 --stages 3)
common=(--threads 2 --checkpoint 0 --no-report --quiet --json)

# what must not depend on the interruptions: all but seconds
numbers() {
    tr -d ' \n' <"$1" | sed 's/"\(estimate_\)\?seconds":[^,}]*//g; s/"files":{[^}]*}//g; s/"command":"[^"]*"//g'
}

start=$(date +%s%N)
"$ansatz" solve "${fresh[@]}" --output whole.h5 "${common[@]}" >whole.json 2>err
status=$?
[ $status -le 1 ] || fail "the uninterrupted run ended with $status: $(cat err)"
duration=$((($(date +%s%N) - start) / 1000000)) # ms

kills=0
tries=0
resumed=0
while [ $kills -lt 5 ] && [ $tries -lt 40 ]; do
    tries=$((tries + 1))
    if [ -e part.h5 ]; then
        "$ansatz" show part.h5 >/dev/null 2>err || fail "kill $kills left a broken file: $(cat err)"
        "$ansatz" solve --resume part.h5 "${common[@]}" >part.json 2>err &
        resumed=$((resumed + 1))
    else
        "$ansatz" solve "${fresh[@]}" --output part.h5 "${common[@]}" >part.json 2>err &
    fi
    pid=$!
    sleep "$(awk -v d=$duration -v r=$RANDOM 'BEGIN { printf "%.3f", (0.02 + 0.3 * r / 32768) * d / 1000 }')"
    if kill -9 $pid 2>/dev/null; then
        { wait $pid; } 2>/dev/null
        kills=$((kills + 1))
    else
        wait $pid
        status=$?
        [ $status -le 1 ] || fail "try $tries ended with $status: $(cat err)"
        rm -f part.h5 # finished before the kill: begin again
        resumed=0
    fi
done
[ $kills -eq 5 ] || fail "only $kills of 5 kills found the program running"
if [ -e part.h5 ]; then
    "$ansatz" solve --resume part.h5 "${common[@]}" >part.json 2>err
else
    fail "no kill of $kills left a checkpoint"
fi
status=$?
[ $status -le 1 ] || fail "the last resumption ended with $status: $(cat err)"

if [ "$(numbers whole.json)" != "$(numbers part.json)" ]; then
    fail "after $kills kills the numbers differ:
$(numbers whole.json)
$(numbers part.json)"
fi

# the result files: every dataset and attribute but seconds and the command, bit for bit
if command -v h5dump >/dev/null; then
    contents() { h5dump -m %a "$1" | sed '/^HDF5/d; /"ansatz solve /d' | awk '/(DATASET|ATTRIBUTE) "(seconds|command)"/ { skip = 1 } !skip { print } /^ *}$/ { skip = 0 }'; }
    contents whole.h5 >whole.txt
    contents part.h5 >part.txt
    diff whole.txt part.txt >diff.txt || fail "the result files differ:
$(head -20 diff.txt)"
    grep -q weight whole.txt || fail "h5dump shows no weights"
fi
for f in whole part; do "$ansatz" export $f.h5 --output $f.csv >/dev/null 2>err || fail "export: $(cat err)"; done
cmp whole.csv part.csv || fail "the exported profiles differ"
# killed between the last iteration and the evidence, which --no-verify leaves alike: the evidence is made up for
"$ansatz" solve "${fresh[@]}" --output part2.h5 "${common[@]}" --no-verify >part.json 2>err
[ $? -le 1 ] || fail "--no-verify: $(cat err)"
"$ansatz" solve --resume part2.h5 "${common[@]}" >part.json 2>err
[ "$(numbers whole.json)" = "$(numbers part.json)" ] || fail "a run killed before its evidence is not given it when resumed:
$(numbers part.json)"
echo "$kills kills, $tries starts: same bits"
