#!/usr/bin/env bash
# setup: tools/setup.sh asks for exactly what is missing, as root, through sudo or by a message, and leaves a complete system alone.
# dpkg-query, apt-cache, apt-get, id and sudo are stand-ins that note how they are called.
set -u
box=$(mktemp -d)
trap 'rm -rf "$box"' EXIT
mkdir "$box/bin"
for tool in sh bash sed awk grep dirname tr env cat; do ln -s "$(command -v $tool)" "$box/bin/$tool"; done

stand_in() { printf '#!/bin/sh\n%s\n' "$2" >"$box/bin/$1" && chmod +x "$box/bin/$1"; }
stand_in dpkg-query "for p; do :; done; grep -qx \"\$p\" '$box/installed' && printf installed"
stand_in apt-cache "grep -qx \"\$2\" '$box/archive' && echo '  Candidate: 1'"
stand_in apt-get "echo apt-get \"\$@\" >>'$box/calls'; case \"\$*\" in *update) cat '$box/new' >>'$box/archive'; exit 0;; esac
for p in \$*; do case \$p in -*|install) ;; *) grep -qx \$p '$box/archive' || exit 100; echo \$p >>'$box/installed';; esac; done"
stand_in id "cat '$box/uid'"

packages() { sed -n '/^\[run\]/,/^\[clang\]/s/^\([a-z][^ ]*\).*/\1/p' tools/packages.txt; }
# given UID: everything for run and check installed and nothing called yet
given() {
    echo "$1" >"$box/uid"
    packages >"$box/installed"
    packages >"$box/archive"
    : >"$box/new"
    : >"$box/calls"
    rm -f "$box/bin/sudo"
}
without() { grep -vx "$1" "$box/$2" >"$box/t" && mv "$box/t" "$box/$2"; }
setup() { PATH=$box/bin sh tools/setup.sh "$@" >"$box/out" 2>&1 </dev/null; }

failed=0
expect() { # expect WHAT STATUS CALLS TEXT
    local calls
    calls=$(tr '\n' ';' <"$box/calls")
    # shellcheck disable=SC2053  # patterns
    if [[ $status -ne $2 || $calls != $3 || $(cat "$box/out") != $4 ]]; then
        printf '%s: status %s, calls "%s", output:\n%s\n' "$1" "$status" "$calls" "$(cat "$box/out")"
        failed=1
    fi
}

given 1000
setup run check; status=$?
expect "complete, no root" 0 "" ""

given 0
without libsleef-dev installed
setup run; status=$?
expect "root, known to apt" 0 "apt-get -q -y --no-install-recommends install libsleef-dev;" "installing: libsleef-dev"

given 0
without libsleef-dev installed
without libsleef-dev archive
echo libsleef-dev >"$box/new"
setup run; status=$?
expect "root, package lists too old" 0 "apt-get -q update;apt-get -q -y --no-install-recommends install libsleef-dev;" "installing: libsleef-dev"

given 0
without libsleef-dev installed
without libsleef-dev archive
setup run; status=$?
expect "root, nowhere to be had" 1 "apt-get -q update;apt-get *install libsleef-dev;*" "*installing the packages failed*apt-get install*libsleef-dev*"

given 0
without libflint-arb-dev installed
without libflint-arb-dev archive
setup run check; status=$?
expect "optional, not in this distribution" 0 "*" "*"

given 1000
without cmake installed
without libhdf5-dev installed
setup run; status=$?
expect "no root, no sudo" 1 "" "*apt-get install --no-install-recommends cmake libhdf5-dev*"

given 1000
without cmake installed
stand_in sudo "case \$1 in -n) exit 0;; esac; echo sudo >>'$box/calls'; exec \"\$@\""
setup run; status=$?
expect "sudo" 0 "sudo;apt-get -q -y --no-install-recommends install cmake;" "installing: cmake"

given 1000
without cmake installed
setup --dry-run run; status=$?
expect "dry run" 1 "" "missing packages: cmake*"

given 0
setup nonsense; status=$?
expect "unknown section" 2 "" "*no section 'nonsense'*"

rm "$box/bin/dpkg-query"
given 0
setup run; status=$?
expect "another system" 0 "" "This is not a Debian system*cmake*openblas*"

[[ $failed -eq 0 ]] && echo "set-up asks for what is missing, and for nothing else"
exit $failed
