#!/bin/sh
# check_modules.sh: rules of the source tree that no compiler checks. Run from the root of the repository.
#
#   sh tools/check_modules.sh order        a module of lib/ includes only itself and earlier ones; cli/ and examples/ see only ansatz.h
#   sh tools/check_modules.sh references   no published exponent occurs in lib/, cli/ or problems/ (tests/reference_values.txt)
#   sh tools/check_modules.sh tree         git sees no change and no untracked file
#
# Without an argument all but `tree`. Status 1 and one line per finding where a rule is broken.
set -u

modules="base expr jet problem state io operator trial residual solve verify branch hardy report"
findings=0

found() {
    echo "$*"
    findings=$((findings + 1))
}

position() {
    i=0
    for m in $modules; do
        i=$((i + 1))
        if [ "$m" = "$1" ]; then
            echo $i
            return
        fi
    done
    echo 0
}

# "file:line:name" of each quoted include below the given folders
includes() {
    grep -rn --include='*.[ch]' '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' "$@" 2>/dev/null |
        sed 's/^\([^:]*:[0-9]*\):[^"]*"\([^"]*\)".*/\1:\2/'
}

check_order() {
    for folder in lib/*/; do
        m=$(basename "$folder")
        [ "$(position "$m")" -gt 0 ] || found "lib/$m: not in the list of modules of tools/check_modules.sh"
    done
    list=$(mktemp)
    includes lib >"$list"
    while IFS=: read -r file line name; do
        module=${file#lib/}
        module=${module%%/*}
        case $name in
        ansatz.h) continue ;;
        */*)
            other=${name%%/*}
            if [ "$(position "$other")" -eq 0 ]; then
                found "$file:$line: \"$name\" belongs to no module"
            elif [ "$(position "$other")" -gt "$(position "$module")" ]; then
                found "$file:$line: $module comes before $other in the order ($modules)"
            fi
            ;;
        *) [ -e "$(dirname "$file")/$name" ] || found "$file:$line: \"$name\" is neither ansatz.h nor a header of $module" ;;
        esac
    done <"$list"
    for folder in cli examples; do
        [ -d $folder ] || continue
        includes $folder >"$list"
        while IFS=: read -r file line name; do
            [ "$name" = ansatz.h ] || [ -e "$folder/$name" ] || [ -e "$(dirname "$file")/$name" ] ||
                found "$file:$line: \"$name\": $folder sees only ansatz.h and its own headers"
        done <"$list"
    done
    rm -f "$list"
}

check_references() {
    digits=$(awk '/^[0-9]/ { printf "%s%s", s, $1; s = "|" }' tests/reference_values.txt)
    [ -n "$digits" ] || { found "tests/reference_values.txt: no values"; return; }
    hits=$(grep -rnE "(^|[^0-9.])[0-9]?\.($digits)" lib cli problems 2>/dev/null)
    [ -z "$hits" ] || found "a published exponent reached the sources:
$hits"
}

check_tree() {
    changes=$(git status --porcelain --untracked-files=all) || { found "not a git repository"; return; }
    [ -z "$changes" ] || found "git status is not clean:
$changes"
}

case ${1:-all} in
order) check_order ;;
references) check_references ;;
tree) check_tree ;;
all)
    check_order
    check_references
    ;;
*)
    echo "usage: check_modules.sh [order|references|tree]" >&2
    exit 2
    ;;
esac
if [ $findings -gt 0 ]; then
    echo "$findings findings"
    exit 1
fi
