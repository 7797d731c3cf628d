#!/bin/sh
# setup.sh: installs the Debian packages that are missing, and only those.
#
#   sh tools/setup.sh run [check] [clang] ...           sections of tools/packages.txt
#   sh tools/setup.sh --dry-run SECTION...              only says what is missing
#
# Nothing missing: silent, needs neither root nor network. Otherwise apt-get as root, through sudo, or a message with the command to type.
# On a system without apt and dpkg: names the libraries that pkg-config does not find, and leaves the rest to CMake.
# Exit status: 0 all there (or not a Debian system), 1 something is missing, 2 bad usage.
set -u

list=$(dirname "$0")/packages.txt
dry_run=no
if [ "${1:-}" = --dry-run ]; then
    dry_run=yes
    shift
fi
if [ $# -eq 0 ]; then
    echo "usage: setup.sh [--dry-run] SECTION... (sections: $(sed -n 's/^\[\(.*\)\]$/\1/p' "$list" | tr '\n' ' '))" >&2
    exit 2
fi

# The packages of one section, '?' still attached.
section() {
    sed -e 's/#.*//' -e 's/[[:space:]]//g' "$list" | awk -v s="[$1]" '/^\[/ { on = $0 == s; found = found || on; next } on && NF
        END { exit !found }' || { echo "setup.sh: no section '$1' in $list" >&2; exit 2; }
}

installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

available() {
    LC_ALL=C apt-cache policy "$1" 2>/dev/null | grep -q '^  Candidate: [^(]'
}

# Without dpkg: say what a build will look for. CMake decides, since a library may be found where pkg-config does not look.
without_apt() {
    lacking=
    for tool in cc make cmake pkg-config; do
        command -v "$tool" >/dev/null 2>&1 || lacking="$lacking $tool"
    done
    modules="openblas lapacke sleef hdf5 flint"
    case " $* " in *" check "*) modules="$modules cmocka" ;; esac
    for module in $modules; do
        pkg-config --exists "$module" 2>/dev/null || lacking="$lacking $module"
    done
    [ -z "$lacking" ] && exit 0
    cat >&2 <<END
This is not a Debian system, so nothing is installed for you. Not found:$lacking
Ansatz needs a C11 compiler with OpenMP, make, CMake 3.22, pkg-config, OpenBLAS, LAPACKE, SLEEF, HDF5 and FLINT
(with Arb before FLINT 3); its tests also need CMocka. Trying to build with what the compiler finds.
END
    exit 0
}

if ! command -v dpkg-query >/dev/null 2>&1 || ! command -v apt-get >/dev/null 2>&1; then without_apt "$@"; fi

wanted=
for s in "$@"; do
    names=$(section "$s") || exit 2
    wanted="$wanted $names"
done
missing=""
optional=""
for p in $wanted; do
    case $p in
    *\?) installed "${p%?}" || optional="$optional ${p%?}" ;;
    *) installed "$p" || missing="$missing $p" ;;
    esac
done
# Without package lists nothing tells whether an optional package exists; then it is tried together with what is missing for sure.
indexed=no
for f in /var/lib/apt/lists/*Packages*; do [ -e "$f" ] && indexed=yes; done
for p in $optional; do
    if { [ $indexed = no ] && [ -n "$missing" ]; } || available "$p"; then missing="$missing $p"; fi
done
[ -z "$missing" ] && exit 0

if [ $dry_run = yes ]; then
    echo "missing packages:$missing" >&2
    echo "install them, as root or with sudo:  sh tools/setup.sh $*" >&2
    exit 1
fi

if [ "$(id -u)" -eq 0 ]; then
    as_root=
elif command -v sudo >/dev/null 2>&1 && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
    as_root=sudo
else
    cat >&2 <<END
Ansatz needs packages that are not installed, and installing them needs root (there is no sudo to use here). As root, type

    apt-get update && apt-get install --no-install-recommends$missing

and start again.
END
    exit 1
fi

update() {
    # shellcheck disable=SC2086
    $as_root apt-get -q update || echo "setup.sh: apt-get update failed, going on with the package lists at hand" >&2
}

install() {
    # shellcheck disable=SC2086
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install $present
}

# Drops optional packages the distribution turns out not to have.
choose() {
    present=
    for p in $missing; do
        case " $optional " in *" $p "*) available "$p" || continue ;; esac
        present="$present $p"
    done
}

echo "installing:$missing"
updated=no
for p in $missing; do
    if ! available "$p"; then
        update
        updated=yes
        break
    fi
done
choose
[ -z "$present" ] && exit 0
install && exit 0
if [ $updated = no ]; then # the lists may be older than the archive
    update
    choose
    install && exit 0
fi
cat >&2 <<END
setup.sh: installing the packages failed, see the messages of apt-get above. By hand:

    ${as_root:+sudo }apt-get update && ${as_root:+sudo }apt-get install --no-install-recommends$missing
END
exit 1
