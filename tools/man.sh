#!/bin/sh
# man.sh PROGRAM FOLDER: the manual pages ansatz.1 and ansatz-COMMAND.1, made from the program's own help texts, so that they cannot disagree.
#
# A help text is: "Usage:" with one line per form; then paragraphs; headings (a line at the margin that ends in ':'); below a heading
# indented pairs "word   meaning" (two spaces or more between) or lines kept as they are; "Exit status:" may begin a paragraph.
set -eu
program=$1
folder=$2
version=$("$program" --version)
text=$(mktemp)
trap 'rm -f "$text"' EXIT

# page NAME BRIEF SEE-ALSO <HELP
page() {
    awk -v name="$1" -v brief="$2" -v see="$3" -v version="$version" '
    function escape(s) { gsub(/\\/, "\\e", s); gsub(/-/, "\\-", s); gsub(/^[.\x27]/, "\\\\\\&&", s); return s }
    function heading(s) { verbatim(0); print ".SH " toupper(s); fresh = 1; last = "" }
    function verbatim(on) { if (on != kept) print on ? ".PP\n.nf\n.RS 4" : ".RE\n.fi"; kept = on }
    # words in capitals are what the user replaces
    function usage(s,   n, w, i, line) {
        n = split(s, w, " ")
        line = ".B"
        for (i = 1; i <= n && w[i] ~ /^[a-z-]+$/; i++) line = line " " escape(w[i])
        print line
        line = ""
        for (; i <= n; i++) { w[i] = escape(w[i]); gsub(/[A-Z][A-Z0-9]+/, "\\fI&\\fR", w[i]); line = line w[i] " " }
        if (line != "") print line
        print ".br"
    }
    function meaning(s) { s = escape(s); sub(/  +/, " \\(em ", s); return s }
    function option(s,   n, w, i, line) {
        n = split(escape(s), w, " ")
        for (i = 1; i <= n; i++) line = line (i > 1 ? " " : "") (w[i] ~ /^\\-/ ? "\\fB" w[i] "\\fR" : "\\fI" w[i] "\\fR")
        return line
    }
    BEGIN {
        printf ".TH %s 1 \"\" \"%s\" \"Ansatz manual\"\n.SH NAME\n%s \\- %s\n.SH SYNOPSIS\n", toupper(name), version, escape(name), escape(brief)
        state = "usage"
    }
    state == "usage" && /^$/ { print ".SH DESCRIPTION"; state = "text"; fresh = 1; next }
    state == "usage" { sub(/^(Usage:)? */, ""); usage($0); next }
    /^$/ { verbatim(0); gap = 1; next }
    /^[^ ].*:$/ { sub(/:$/, ""); heading($0); gap = 0; next }
    /^Exit status:/ { heading("Exit status"); sub(/^Exit status: */, ""); gap = 0 }
    /^[^ ]/ { verbatim(0); if (gap && !fresh) print ".PP"; print escape($0); gap = fresh = 0; last = "text"; next }
    {
        match($0, /^ +/); indent = RLENGTH
        body = substr($0, indent + 1)
        if (last == "pair" && indent >= column) {                                # the meaning goes on, perhaps as a list of its own
            if (body ~ /[^ ]  +[^ ]/) list = 1
            if (list && indent == column) print ".br"
            print meaning(body)
            next
        }
        list = 0
        if (indent <= 4 && match(body, /[^ ]  +[^ ]/)) {
            verbatim(0)
            print ".TP\n" (body ~ /^-/ ? option(substr(body, 1, RSTART)) : "\\fB" escape(substr(body, 1, RSTART)) "\\fR")
            column = indent + RSTART + RLENGTH - 2
            body = substr(body, RSTART + RLENGTH - 1)
            list = body ~ /[^ ]  +[^ ]/
            print meaning(body)
            last = "pair"
        } else if (indent <= 4 && body ~ /^--?[a-z]/) {                           # an option whose meaning starts below
            verbatim(0)
            print ".TP\n" option(body)
            column = indent + 1
            last = "pair"
        } else if (last == "pair" && !gap) { print ".PP\n" escape(body); last = "text" }
        else { verbatim(1); print escape(body); last = "kept" }
        gap = fresh = 0
    }
    END { verbatim(0); print ".SH SEE ALSO\n" see }' >"$folder/$1.1"
}

mkdir -p "$folder"
"$program" --help >"$text"
commands=$(sed -n '/^Commands:/,/^$/s/^  \([a-z][a-z]*\)  *\(.*\)/\1 \2/p' "$text" | grep -v '^help ')
[ -n "$commands" ] || { echo "man.sh: '$program --help' lists no commands" >&2; exit 1; }
see=$(echo "$commands" | sed 's/^\([a-z]*\) .*/.BR ansatz\\-\1 (1),/; $s/,$//')
page ansatz "self-similar singular solutions of PDEs, and boundary-value problems, to machine precision" "$(echo "$see" | sed 's/\\/\\\\/g')" <"$text"
echo "$commands" | while read -r c brief; do
    "$program" "$c" --help >"$text"
    page "ansatz-$c" "$brief" ".BR ansatz (1)" <"$text"
done
