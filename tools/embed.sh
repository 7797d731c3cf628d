#!/bin/sh
# Writes the built-in problems as a C table: sh tools/embed.sh OUT.c problems/*.ansatz
# Each file is named after its problem; the table is sorted by name (lib/problem/builtin.h).
set -eu
LC_ALL=C
export LC_ALL

out=$1
shift

fail() {
    echo "embed.sh: $*" >&2
    rm -f "$out.tmp"
    exit 1
}

# the bytes of standard input as hexadecimal constants, ended by zero
bytes() {
    od -An -v -tx1 | awk '{ for (i = 1; i <= NF; i++) printf "0x%s,", $i; print "" } END { print "0x00" }'
}

first_statement() {
    sed -n '/^problem[ \t]/{p;q;}' "$1"
}

list=
for file in "$@"; do
    [ -f "$file" ] || fail "no file '$file'"
    name=$(basename "$file" .ansatz)
    [ "$(first_statement "$file" | awk '{ print $2 }')" = "$name" ] || fail "'$file' does not begin with: problem $name"
    list="$list$name $file
"
done
list=$(printf '%s' "$list" | sort)

{
    echo '/* Written by tools/embed.sh. */'
    echo '#include "problem/builtin.h"'
    echo '#include <stddef.h>'
    printf '%s\n' "$list" | while read -r name file; do
        [ -n "$name" ] || continue
        echo "static const unsigned char text_$name[] = {"
        bytes <"$file"
        echo '};'
        echo "static const unsigned char title_$name[] = {"
        first_statement "$file" | sed 's/^[^"]*"//; s/".*$//' | tr -d '\n' | bytes
        echo '};'
    done
    echo 'const az_builtin az_builtin_table[] = {'
    printf '%s\n' "$list" | while read -r name file; do
        [ -n "$name" ] || continue
        echo "    {\"$name\", (const char *)title_$name, (const char *)text_$name},"
    done
    echo '    {NULL, NULL, NULL},'
    echo '};'
} >"$out.tmp"
mv "$out.tmp" "$out"
