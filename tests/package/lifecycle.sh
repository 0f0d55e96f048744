#!/usr/bin/env bash
# lifecycle.sh - runs as root in a copy of a Debian system, beside the package, tessera-bot and its clips: install, start as its own
# user with the unit's command, a visit, removal and purge. Ends with 0 when all of it went well.
set -eu
cd "$(dirname "$0")"
PORT=28944

fail() {
    echo "failed: $*"
    tail -n 20 server.log 2>/dev/null || true
    exit 1
}

until_ok() { # SECONDS COMMAND...
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.2
    done
}

dpkg -i ./*.deb
getent passwd tessera >/dev/null || fail "no user tessera"
[ "$(stat -c '%U %G %a' /etc/tessera/tessera.conf)" = "root tessera 640" ] || fail "configuration's owner or mode"
[ -f /usr/lib/systemd/system/tessera.service ] || fail "no unit"

# What the unit does, without systemd: its folder, its user, its command.
install -d -m 0700 -o tessera -g tessera /var/lib/tessera
sed -i "s/^port = .*/port = $PORT/" /etc/tessera/tessera.conf
command=$(sed -n 's/^ExecStart=//p' /usr/lib/systemd/system/tessera.service)
# shellcheck disable=SC2086
TESSERA_MEDIA_ADDRESSES=127.0.0.1 setpriv --reuid tessera --regid tessera --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all $command >server.log 2>&1 &
server=$!
URL=https://127.0.0.1:$PORT
until_ok 20 curl -skf $URL/readyz || fail "not ready"
for path in /admin /web/app.js /api/openapi.json; do curl -skf -o /dev/null $URL$path || fail "$path is not served"; done
[ "$(stat -c '%U %a' /var/lib/tessera/admin.key)" = "tessera 600" ] || fail "admin key's owner or mode"

api() { curl -skf -H "Authorization: Bearer $(cat /var/lib/tessera/admin.key)" -H 'Content-Type: application/json' "$@"; }
room=$(api -d '{"name":"Package"}' $URL/api/v1/rooms | jq -r .id)
links=()
for name in Ann Ben; do links+=(--link "$(api -d "{\"role\":\"guest\",\"name\":\"$name\"}" "$URL/api/v1/rooms/$room/links" | jq -r .url)"); done
./tessera-bot --url $URL --insecure --clips . --duration 60 "${links[@]}" >bot.log 2>&1 &
bot=$!
seen() { [ "$(api "$URL/api/v1/rooms/$room" | jq '[.participants[] | select(.state == "up" and .out.video.pictures > 20)] | length')" = 2 ]; }
until_ok 30 seen || fail "no picture: $(tail -n 3 bot.log)"
[ "$(ps -o user= -C tessera-room | sort -u)" = tessera ] || fail "rooms run as somebody else"
kill -INT $bot && wait $bot || true

kill -TERM $server
wait $server || fail "did not end well: $?"
! pgrep -u tessera >/dev/null || fail "processes are left"

dpkg -i ./*.deb # the same again is an upgrade: configuration stays
grep -q "^port = $PORT" /etc/tessera/tessera.conf || fail "an upgrade lost the configuration"
dpkg -r tessera
[ -e /var/lib/tessera/admin.key ] || fail "removal took the data"
dpkg -P tessera
for path in /var/lib/tessera /etc/tessera /usr/share/tessera /usr/bin/tessera /usr/lib/systemd/system/tessera.service; do
    [ ! -e $path ] || fail "$path is left"
done
! getent passwd tessera || fail "the user is left"
echo "all well"
