#!/usr/bin/env bash
# The Debian package: made, looked at, unpacked and started from there; installed, started and removed in a copy of this machine's root.
. "$(dirname "$0")/lib.sh"
build ci
UNIT="$TOP/setup/systemd/tessera.service"

# check NAME COMMAND...: one case; what it says is kept.
check() {
    local name=$1
    shift
    if "$@" >"$OUT/${name// /-}.log" 2>&1; then ok "$name"; else
        tail -n 10 "$OUT/${name// /-}.log"
        not_ok "$name"
    fi
}

make_package() {
    rm -rf "$OUT/deb"
    (cd "$TOP/build/ci" && cpack -G DEB -B "$OUT/deb") && DEB=$(ls "$OUT"/deb/*.deb) && [ -s "$DEB" ]
}

destdir() {
    DESTDIR="$OUT/destdir" cmake --install "$TOP/build/ci" --prefix /usr && dpkg -x "$DEB" "$OUT/unpacked" &&
        diff <(cd "$OUT/destdir" && find . -type f | sort) <(cd "$OUT/unpacked" && find . -type f | sort)
}

hardened() { systemd-analyze security --offline=yes --threshold=20 "$UNIT"; }
valid_unit() { # its programs by name are not installed here, everything else must be right
    systemd-analyze verify "$UNIT" 2>&1 | grep -v 'not executable\|is not installed\|Command .* is not' | grep -q tessera.service && return 1
    return 0
}

# A root that is thrown away: this machine's, with what changes kept in memory.
in_a_copy() { # SCRIPT ARGUMENTS...
    unshare -m -p -f bash -c '
        set -e
        mount -t tmpfs copy "$0" && mkdir "$0/up" "$0/work" "$0/root"
        mount -t overlay copy -o "lowerdir=/,upperdir=$0/up,workdir=$0/work" "$0/root"
        mount -t proc proc "$0/root/proc" && mount --rbind /dev "$0/root/dev"
        mkdir -p "$0/root/opt/tessera-test" && cp "$1" "$2" "$3" "$4"/* "$0/root/opt/tessera-test/"
        exec chroot "$0/root" bash /opt/tessera-test/lifecycle.sh' "$COPY" "$TOP/tests/package/lifecycle.sh" "$DEB" "$TOP/build/ci/bin/tessera-bot" "$TOP/build/ci/clips"
}

check "package is made" make_package
check "cmake --install puts the same files" destdir
check "unit is exposed by 2.0 at most" hardened
check "unit is valid" valid_unit
check "coturn guard" bash "$TOP/tests/package/coturn.sh"
if [ "$(id -u)" = 0 ]; then
    COPY=$(mktemp -d)
    check "installs, starts, serves and removes" in_a_copy
    rmdir "$COPY"
else
    skip "installs, starts, serves and removes (needs root)"
fi
