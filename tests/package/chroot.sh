#!/usr/bin/env bash
# chroot.sh ROOT BOX - lifecycle.sh in a Debian system in ROOT, without its systemd. Run as root, as process 1 of its namespace.
set -eu
mount -t proc proc "$1/proc"
mount --rbind /dev "$1/dev"
mkdir -p "$1/opt/tessera-test"
mount --bind "$2" "$1/opt/tessera-test"
exec chroot "$1" bash /opt/tessera-test/lifecycle.sh
