#!/usr/bin/env bash
# coturn.sh - what the shipped coturn configuration must and must not say. How it behaves is tested in tests/network.
set -eu
conf=$(dirname "$0")/../../setup/coturn.conf
lines=$(sed 's/#.*//; s/[[:space:]]*$//; /^$/d' "$conf")
has() { grep -qxF -- "$1" <<<"$lines" || { echo "missing: $1"; exit 1; }; }
for line in use-auth-secret no-tcp-relay no-multicast-peers no-cli 'denied-peer-ip=0.0.0.0-255.255.255.255' \
    'denied-peer-ip=::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff' 'denied-peer-ip=::-::ffff:ffff:ffff' 'denied-peer-ip=127.0.0.0-127.255.255.255'; do
    has "$line"
done
! grep -E '^(oauth|no-auth$|lt-cred-mech|allow-loopback-peers|allowed-peer-ip|user=|static-auth-secret|web-admin|cli-password)' <<<"$lines"
