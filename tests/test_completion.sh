#!/usr/bin/env bash
# completion: bash completes what the program's help texts and folders offer.
set -eu
root=$PWD
bin=$(mktemp -d)
trap 'rm -rf "$bin"' EXIT
ln -s "$(realpath "$ANSATZ")" "$bin/ansatz"
PATH=$bin:$PATH
# shellcheck source=/dev/null
. tools/completion/ansatz.bash
cd "$bin"
touch mine.ansatz run.h5 notes.txt

# expect "WORDS TYPED" "COMPLETIONS THAT MUST BE AMONG THOSE OFFERED"; "= WORDS" for exactly these
expect() {
    local offered word
    read -ra COMP_WORDS <<<"$1"
    [[ $1 != *" " ]] || COMP_WORDS+=("")
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _ansatz ansatz 2>/dev/null || true
    offered=" ${COMPREPLY[*]} "
    if [[ $2 == "= "* && $offered != " ${2#= } " ]]; then
        echo "'$1': expected '${2#= }', found '$offered'"
        exit 1
    fi
    for word in ${2#= }; do
        [[ $offered == *" $word "* ]] || { echo "'$1': expected '$word' among '$offered'"; exit 1; }
    done
}

expect "ansatz " "list show check solve scan continue compare verify polish eval export report bench help --version"
expect "ansatz ver" "= verify"
expect "ansatz solve " "ccf mine.ansatz run.h5"
expect "ansatz solve cc" "= ccf"
expect "ansatz solve mi" "= mine.ansatz"
expect "ansatz verify " "= run.h5"
expect "ansatz solve --" "--set --tolerance --resume --json --quiet --threads --seed --help"
expect "ansatz solve ccf --tol" "= --tolerance"
expect "ansatz eval run.h5 --at " "= "
expect "ansatz help ex" "= export"

# every option the program knows by its help is offered, for each command
for c in $(_ansatz_commands ansatz | grep -vx help); do
    expect "ansatz $c --" "$(ansatz "$c" --help | sed -n 's/^  \(--[a-z][a-z-]*\).*/\1/p' | tr '\n' ' ')"
done

if command -v zsh >/dev/null; then zsh -n "$root/tools/completion/_ansatz"; fi
echo "completion agrees with the help texts"
