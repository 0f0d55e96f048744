#!/usr/bin/env bash
# The Debian package: made, looked at, unpacked; installed, started and removed in a copy of this machine's root, as a system without
# systemd does it and under a systemd of its own.
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
in_a_copy() { # SCRIPT, which gets the copy's root and BOX
    local copy status
    copy=$(mktemp -d)
    unshare -m -p -f bash -c '
        set -e
        mount -t tmpfs copy "$0" && mkdir "$0/up" "$0/work" "$0/root"
        mount -t overlay copy -o "lowerdir=/,upperdir=$0/up,workdir=$0/work" "$0/root"
        exec bash "$1" "$0/root" "$2"' "$copy" "$1" "$BOX"
    status=$?
    rmdir "$copy"
    return $status
}

fill_box() { # what is used in the copy
    BOX="$OUT/box"
    mkdir -p "$BOX" && cp "$DEB" "$TOP/build/ci/bin/tessera-bot" "$TOP/build/ci/clips"/* "$TOP"/tests/package/{lifecycle,under-systemd}.sh "$BOX/"
}

# Whether there is a systemd, and this machine lets us have a control group for it.
can_boot() {
    local group=/sys/fs/cgroup
    [ ! -d $group/systemd ] || group=$group/systemd
    [ -x /lib/systemd/systemd ] && group=$(mktemp -d $group/tessera-test-XXXXXX) && rmdir "$group"
}
under_systemd() { in_a_copy "$TOP/tests/package/boot.sh" || { cat "$BOX/under-systemd.log" && false; }; }

check "package is made" make_package
check "cmake --install puts the same files" destdir
check "unit is exposed by 2.0 at most" hardened
check "unit is valid" valid_unit
check "coturn guard" bash "$TOP/tests/package/coturn.sh"
if [ "$(id -u)" = 0 ]; then
    check "box for the copy" fill_box
    check "installs, starts, serves and removes" in_a_copy "$TOP/tests/package/chroot.sh"
    if can_boot 2>/dev/null; then
        check "installs, runs confined, comes back and removes under systemd" under_systemd
    else
        skip "under systemd (there is none, or no control group can be made here)"
    fi
else
    skip "installs, starts, serves and removes, also under systemd (needs root)"
fi
