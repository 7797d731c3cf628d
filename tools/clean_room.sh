#!/usr/bin/env bash
# clean_room.sh: what a newcomer meets. Builds a minimal Debian in a temporary folder, with nothing but make and git added, copies this tree
# into it and tries there, in this order:
#   1. make run as a user without root and sudo: refused, with the command to type
#   2. make check as root: installs what is missing, builds, passes the tests
#   3. make run as root
#   4. without a network, as a user: make finds everything installed
# Needs root and debootstrap; packages come from where this machine's apt gets them. Leaves nothing behind.
#
#   bash tools/clean_room.sh [--keep] [check|run|all]      default all; --keep leaves the folder and prints its name
#   SUITE=trixie bash tools/clean_room.sh                  another release than this machine's
set -eu
[ "$(id -u)" -eq 0 ] || { echo "clean_room.sh: needs root (debootstrap, chroot)" >&2; exit 1; }
command -v debootstrap >/dev/null || { echo "clean_room.sh: debootstrap is not installed" >&2; exit 1; }

# mounts are made in a mount namespace of our own, and so go with this process
if [ -z "${CLEAN_ROOM_INSIDE:-}" ]; then
    CLEAN_ROOM_INSIDE=1 exec unshare --mount --pid --fork --kill-child -- bash "$0" "$@"
fi
mount --make-rprivate /

keep=no
[ "${1:-}" = --keep ] && { keep=yes; shift; }
what=${1:-all}
# shellcheck source=/dev/null
here=$(. /etc/os-release && echo "$VERSION_CODENAME")
suite=${SUITE:-$here}
root=$(cd "$(dirname "$0")/.." && pwd)
room=$(mktemp -d "${TMPDIR:-/var/tmp}/ansatz-room.XXXXXX")
chmod 755 "$room"
cleanup() {
    umount -l "$room/proc" 2>/dev/null || true
    if [ $keep = yes ]; then echo "kept: $room"; else rm -rf --one-file-system "$room"; fi
}
trap cleanup EXIT
trap 'exit 1' INT TERM

# The first address apt uses for this machine's release: one-line or deb822 format.
mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
    sed -n "s/^deb \(\[[^]]*\] \)\{0,1\}\([a-z]*:[^ ]*\) $here .*/\2/p" | head -n 1)
[ -n "$mirror" ] || mirror=$(awk -v suite="$here" 'FNR == 1 || /^$/ { uri = "" } /^URIs:/ { uri = $2 }
    /^Suites:/ { for (i = 2; i <= NF; i++) if ($i == suite && uri != "") { print uri; exit } }' /etc/apt/sources.list.d/*.sources 2>/dev/null)
[ -n "$mirror" ] || { echo "clean_room.sh: no source for $here in the sources of apt" >&2; exit 1; }

echo "== debootstrap $suite"
debootstrap --variant=minbase "$suite" "$room" "$mirror" >"$room.log" 2>&1 || { tail "$room.log"; rm -f "$room.log"; exit 1; }
rm -f "$room.log"

# the same sources (debootstrap has written one, enough for another release), with the settings (proxy, dates) they need here
if [ "$suite" = "$here" ]; then
    rm -f "$room"/etc/apt/sources.list "$room"/etc/apt/sources.list.d/*
    for f in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
        if [ -f "$f" ] && grep -q "$suite" "$f" && grep -qF "$mirror" "$f"; then cp "$f" "$room/${f#/}"; fi
    done
fi
cp -r /etc/apt/apt.conf.d/. "$room/etc/apt/apt.conf.d/"
grep -rlE 'Post-Invoke|Pre-Install-Pkgs' "$room/etc/apt/apt.conf.d" | xargs -r rm -f # hooks call programs that are not there
[ ! -f /etc/apt/apt.conf ] || cp /etc/apt/apt.conf "$room/etc/apt/"
cp -rn /etc/apt/trusted.gpg.d "$room/etc/apt/" 2>/dev/null || true
cp /etc/resolv.conf /etc/hosts "$room/etc/"
mount -t proc proc "$room/proc"

in_room() { chroot "$room" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 TMPDIR=/tmp "$@"; }
as_user() { in_room setpriv --reuid=1000 --regid=1000 --clear-groups env HOME=/home/newcomer "$@"; }

echo "== a newcomer with make and git, and a clone"
in_room apt-get -q update >/dev/null
in_room env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install make git >/dev/null 2>&1
in_room useradd -m -u 1000 newcomer
tree=/home/newcomer/ansatz
mkdir "$room$tree"
# a clone holds what is committed; here also what is about to be, so that it can be tried before
(cd "$root" && git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' f; do [ -e "$f" ] && printf '%s\0' "$f"; done |
    tar --null -T - -cf -) | tar -xf - -C "$room$tree"
in_room chown -R newcomer: "$tree"
as_user sh -c "cd $tree && git init -q . && git add -A && git -c user.name=n -c user.email=n@localhost commit -q -m tree"
in_room git config --system --add safe.directory "$tree"

failures=0
verdict() { if [ "$1" -eq 0 ]; then echo "passed: $2"; else echo "FAILED: $2"; failures=$((failures + 1)); fi; }

echo "== make run without root: must say what to type"
status=0
as_user make -C "$tree" run >"$room/tmp/log" 2>&1 || status=$?
cat "$room/tmp/log"
said=0
grep -q 'apt-get install' "$room/tmp/log" || said=1
verdict $((status == 0 || said)) "refused with the command to type"

if [ "$what" != run ]; then
    echo "== make check as root"
    status=0
    in_room make -C "$tree" check || status=$?
    verdict $status "make check on a clean system"
fi
if [ "$what" != check ]; then
    echo "== make run as root"
    status=0
    in_room make -C "$tree" run || status=$?
    verdict $status "make run on a clean system"
fi

echo "== no network, no root, everything installed"
in_room chown -R newcomer: "$tree"
rm -f "$room/etc/resolv.conf"
status=0
unshare --net -- chroot "$room" /usr/bin/env -i PATH=/usr/bin:/bin HOME=/home/newcomer setpriv --reuid=1000 --regid=1000 --clear-groups \
    make -C "$tree" all || status=$?
verdict $status "offline, as a user"
as_user sh -c "cd $tree && git status --porcelain" | tee "$room/tmp/log"
changed=0
[ ! -s "$room/tmp/log" ] || changed=1
verdict $changed "git status clean after all that"

echo "clean room: $failures failed"
[ $failures -eq 0 ]
