#!/usr/bin/env bash
# run.sh: `make install` from a copy of the tree, then what a user does with it: run the program, read the manual, build clients through
# pkg-config and CMake, uninstall. The copy is a git repository of its own, so that anything a build leaves behind shows in git status.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
export CC=${CC:-cc}

step() { echo "== $*"; }
fail() { echo "$*" >&2; exit 1; }

step "copy of the tree"
mkdir "$tmp/tree"
cd "$root"
if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' f; do [ -e "$f" ] && printf '%s\0' "$f"; done |
        tar --null -T - -cf - | tar -xf - -C "$tmp/tree"
else
    tar --exclude=./build -cf - . | tar -xf - -C "$tmp/tree"
fi
cd "$tmp/tree"
git init -q . && git add -A && git -c user.name=t -c user.email=t@localhost commit -q -m tree

step "make install"
make -s SETUP=no PREFIX="$tmp/usr" CMAKE_FLAGS="-DAZ_TESTS=OFF" install >"$tmp/log" 2>&1 || { cat "$tmp/log"; fail "make install failed"; }
cp build/install_manifest.txt "$tmp/manifest"
sh tools/check_modules.sh tree || fail "a build leaves the tree changed"

step "what is there"
lib=$(dirname "$(find "$tmp/usr" -name libansatz.a)")
for f in bin/ansatz include/ansatz.h share/man/man1/ansatz.1 share/man/man1/ansatz-solve.1 share/doc/ansatz/LICENSE \
    share/bash-completion/completions/ansatz share/zsh/site-functions/_ansatz share/ansatz/problems/ccf.ansatz share/ansatz/reference.csv; do
    [ -s "$tmp/usr/$f" ] || fail "not installed: $f"
done
for f in libansatz.so libansatz.so.0 pkgconfig/ansatz.pc cmake/Ansatz/AnsatzConfig.cmake; do [ -s "$lib/$f" ] || fail "not installed: $f"; done
# moved as a whole it must still work: nothing in it may name the place it was installed to
mv "$tmp/usr" "$tmp/moved"
lib=$tmp/moved${lib#"$tmp/usr"}
"$tmp/moved/bin/ansatz" --version
"$tmp/moved/bin/ansatz" list | grep -q ccf || fail "ansatz list does not name ccf"

step "the header alone, as strict C11 and as C++"
echo '#include <ansatz.h>' >"$tmp/header.c"
"$CC" -std=c11 -pedantic -Wall -Wextra -Werror -fsyntax-only -I"$tmp/moved/include" "$tmp/header.c"
c++ -x c++ -pedantic -Wall -Wextra -Werror -fsyntax-only -I"$tmp/moved/include" "$tmp/header.c"

step "a client through pkg-config"
export PKG_CONFIG_PATH=$lib/pkgconfig
client=$root/tests/install/client.c
# shellcheck disable=SC2046
"$CC" -std=c11 -o "$tmp/client" "$client" $(pkg-config --cflags --libs ansatz)
LD_LIBRARY_PATH=$lib "$tmp/client"
# shellcheck disable=SC2046
"$CC" -std=c11 -o "$tmp/client_static" "$client" $(pkg-config --cflags ansatz) $(pkg-config --static --libs ansatz | sed 's/-lansatz/-l:libansatz.a/')
"$tmp/client_static"

step "a client through CMake"
unset PKG_CONFIG_PATH
if ! { cmake -S "$root/tests/install" -B "$tmp/client-build" -DCMAKE_PREFIX_PATH="$tmp/moved" && cmake --build "$tmp/client-build"; } >"$tmp/log" 2>&1
then
    cat "$tmp/log"
    fail "the CMake client does not build"
fi
"$tmp/client-build/client_shared"
"$tmp/client-build/client_static"

step "make uninstall"
mv "$tmp/moved" "$tmp/usr"
make -s SETUP=no uninstall >"$tmp/log" 2>&1 || { cat "$tmp/log"; fail "make uninstall failed"; }
left=$(find "$tmp/usr" -type f -o -type l)
[ -z "$left" ] || fail "left by make uninstall: $left"

step "DESTDIR"
make -s SETUP=no PREFIX=/usr DESTDIR="$tmp/stage" install >"$tmp/log" 2>&1 || { cat "$tmp/log"; fail "make install DESTDIR= failed"; }
[ -x "$tmp/stage/usr/bin/ansatz" ] || fail "DESTDIR is not honoured"
make -s SETUP=no DESTDIR="$tmp/stage" uninstall >/dev/null
left=$(find "$tmp/stage" -type f -o -type l)
[ -z "$left" ] || fail "left by make uninstall DESTDIR=: $left"
echo "installed, used and uninstalled"
