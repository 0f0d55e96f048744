#!/usr/bin/env bash
# boot.sh ROOT OUT - boots the systemd of a Debian system in ROOT as process 1 of namespaces and a control group of its own, with nothing
# but the unit tessera-test.service, which runs OUT/under-systemd.sh and whose exit status ends the machine. Run as root.
set -eu
ROOT=$1 OUT=$2
GROUPS_ROOT=/sys/fs/cgroup
[ ! -d $GROUPS_ROOT/systemd ] || GROUPS_ROOT=$GROUPS_ROOT/systemd

inside() { # in the namespaces, as process 1
    set -eu
    local fs=$ROOT/sys/fs/cgroup
    mount -t proc proc "$ROOT/proc"
    mount -t sysfs -o ro sysfs "$ROOT/sys"
    if [ -d /sys/fs/cgroup/systemd ]; then
        mount -t tmpfs -o mode=755 cgroup "$fs" && mkdir "$fs/systemd"
        mount -t cgroup -o none,name=systemd cgroup "$fs/systemd"
    else
        mount -t cgroup2 cgroup "$fs"
    fi
    mount -t tmpfs -o mode=755 dev "$ROOT/dev"
    local name
    for name in null zero full random urandom tty; do cp -a "/dev/$name" "$ROOT/dev/"; done
    mkdir "$ROOT/dev/shm" "$ROOT/dev/pts"
    mount -t tmpfs shm "$ROOT/dev/shm"
    mount -t devpts -o newinstance,ptmxmode=0666 pts "$ROOT/dev/pts"
    ln -s pts/ptmx "$ROOT/dev/ptmx"
    mount -t tmpfs -o mode=755 run "$ROOT/run"
    mkdir -p "$ROOT/opt/tessera-test"
    mount --bind "$OUT" "$ROOT/opt/tessera-test"
    ip link set lo up
    rm -f "$ROOT/etc/machine-id" && : >"$ROOT/etc/machine-id"
    cat >"$ROOT/etc/systemd/system/tessera-test.service" <<'UNIT'
[Unit]
Requires=sysinit.target
After=sysinit.target
SuccessAction=exit-force
FailureAction=exit-force
[Service]
Type=oneshot
ExecStart=/bin/bash /opt/tessera-test/under-systemd.sh
StandardOutput=file:/opt/tessera-test/under-systemd.log
StandardError=inherit
TimeoutStartSec=60
UNIT
    cd "$ROOT" # the kernel makes no user namespace (PrivateUsers=) below a chroot
    mkdir -p mnt
    pivot_root . mnt
    umount -l /mnt
    exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin container=tessera-test \
        /lib/systemd/systemd --unit=tessera-test.service --log-target=console --show-status=no
}

if [ "${3:-}" = inside ]; then
    inside
else
    # Not named by pid: in a process namespace that is 1 each time, and who was killed here has left his group.
    GROUP=$(mktemp -d $GROUPS_ROOT/tessera-test-XXXXXX)
    trap 'find "$GROUP" -depth -type d -exec rmdir {} \; || true' EXIT # systemd has made groups below it
    # shellcheck disable=SC2016
    sh -c 'echo 0 >"$0/cgroup.procs" && exec unshare -C -m -n -p -f -i -u --kill-child bash "$@"' "$GROUP" "$0" "$ROOT" "$OUT" inside
fi
