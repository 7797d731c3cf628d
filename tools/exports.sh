#!/bin/sh
# exports.sh: what the shared library lets out is what the public header declares.
#
#   sh tools/exports.sh --map HEADER                   the linker's version script, on standard output
#   sh tools/exports.sh --check HEADER LIBRARY.so      status 1, with the differences, where they disagree
set -eu

# Names followed by '(' outside comments and preprocessor lines.
declared() {
    awk '{
        line = $0; text = ""
        while (line != "") {
            if (comment) { i = index(line, "*/"); if (!i) break; line = substr(line, i + 2); comment = 0 }
            else { i = index(line, "/*"); if (!i) { text = text line; break } text = text substr(line, 1, i - 1); line = substr(line, i + 2); comment = 1 }
        }
        if (text ~ /^[ \t]*#/) continued = 1
        if (continued) { continued = text ~ /\\$/; next }
        while (match(text, /az_[a-z0-9_]+\(/)) { print substr(text, RSTART, RLENGTH - 1); text = substr(text, RSTART + RLENGTH) }
    }' "$1" | LC_ALL=C sort -u
}

case ${1:-} in
--map)
    echo "{"
    echo "global:"
    declared "$2" | sed 's/.*/    &;/'
    echo "local:"
    echo "    *;"
    echo "};"
    ;;
--check)
    here=$(mktemp -d)
    trap 'rm -rf "$here"' EXIT
    declared "$2" >"$here/declared"
    nm -D --defined-only "$3" | awk '{ print $3 }' | LC_ALL=C sort -u >"$here/exported"
    if diff "$here/declared" "$here/exported" >"$here/diff"; then
        echo "$(wc -l <"$here/declared") functions declared and exported"
        exit 0
    fi
    sed -n -e 's/^< /declared, not exported: /p' -e 's/^> /exported, not declared: /p' "$here/diff"
    exit 1
    ;;
*)
    echo "usage: exports.sh --map HEADER | --check HEADER LIBRARY.so" >&2
    exit 2
    ;;
esac
