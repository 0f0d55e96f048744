#!/usr/bin/env bash
# under-systemd.sh - runs under a systemd of its own (boot.sh), beside the package, tessera-bot and its clips: installing starts the
# service, confined as its unit says; a visit goes on through a dead gateway; an upgrade, stopping and removal end it.
set -eu
cd "$(dirname "$0")"
PORT=8443

fail() {
    echo "failed: $*"
    systemctl --no-pager status tessera || true
    journalctl --no-pager -n 30 || true
    exit 1
}

until_ok() { # SECONDS COMMAND...
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.1
    done
}

install -d /etc/systemd/system/tessera.service.d
printf '[Service]\nEnvironment=TESSERA_MEDIA_ADDRESSES=127.0.0.1 TESSERA_LIMITS_DRAIN_SECONDS=1\n' >/etc/systemd/system/tessera.service.d/test.conf
DEBIAN_FRONTEND=noninteractive dpkg -i ./*.deb || fail "not installed"
URL=https://127.0.0.1:$PORT
until_ok 20 curl -skf $URL/readyz || fail "installed, and not ready"
systemctl is-enabled tessera && systemctl is-active tessera || fail "not enabled, not active"

# What the unit promises, as the kernel sees it.
main=$(systemctl show -P MainPID tessera)
status() { sed -n "s/^$2:\t//p" "/proc/$1/status"; }
[ "$(stat -c %U "/proc/$main")" = tessera ] || fail "runs as somebody else"
[ "$(status "$main" CapBnd)" = 0000000000000000 ] && [ "$(status "$main" CapEff)" = 0000000000000000 ] || fail "has capabilities"
[ "$(status "$main" NoNewPrivs)" = 1 ] && [ "$(status "$main" Seccomp)" = 2 ] || fail "is not confined"
for ns in mnt user; do [ "$(readlink "/proc/$main/ns/$ns")" != "$(readlink /proc/1/ns/$ns)" ] || fail "has no $ns namespace of its own"; done
[ "$(stat -c '%U %a' /var/lib/tessera)" = "tessera 700" ] || fail "data folder's owner or mode"

api() { curl -skf -H "Authorization: Bearer $(cat /var/lib/tessera/admin.key)" -H 'Content-Type: application/json' "$@"; }
room=$(api -d '{"name":"Service"}' $URL/api/v1/rooms | jq -r .id)
links=()
for name in Ann Ben; do links+=(--link "$(api -d "{\"role\":\"guest\",\"name\":\"$name\"}" "$URL/api/v1/rooms/$room/links" | jq -r .url)"); done
./tessera-bot --url $URL --insecure --clips . --duration 60 "${links[@]}" >bot.log 2>&1 &
bot=$!
seen() { [ "$(api "$URL/api/v1/rooms/$room" | jq "[.participants[] | select(.state == \"up\" and .out.video.pictures > $1)] | length")" = 2 ]; }
until_ok 20 seen 20 || fail "no picture: $(tail -n 3 bot.log)"
kill -KILL "$(pgrep -u tessera -x tessera)" # the gateway: the launcher starts another, the visit goes on
until_ok 10 seen 60 || fail "the visit did not outlive the gateway"
kill -KILL "$main" # all of it: systemd starts it again
until_ok 10 test "$(systemctl show -P MainPID tessera)" != "$main" || fail "not started again"
until_ok 20 curl -skf $URL/readyz || fail "started again, and not ready"
[ "$(systemctl show -P NRestarts tessera)" = 1 ] || fail "restarts: $(systemctl show -P NRestarts tessera)"
kill -INT $bot && wait $bot || true

systemctl reload tessera && dpkg -i ./*.deb && until_ok 20 curl -skf $URL/readyz || fail "an upgrade"
systemctl stop tessera
[ "$(systemctl show -P Result tessera)" = success ] || fail "stopped with $(systemctl show -P Result tessera)"
systemctl start tessera && until_ok 20 curl -skf $URL/readyz || fail "not started by hand"
dpkg -P tessera
! systemctl is-active tessera || fail "removed, and still active"
! pgrep -u tessera >/dev/null 2>&1 || fail "processes are left"
echo "all well"
