#!/usr/bin/env bash
# visit.sh - one whole visit of three bots: visit.sh BUILD SECONDS OUT PREFIX RESULTS. Each thing that must hold is a case.
# Everyone comes up, sends and receives; the room's memory and descriptors stay flat; nobody's sanitizer speaks; nothing is left over.
set -u
: "${TOP:?run ./test}"
BUILD=$1 LENGTH=$2 OUT=$3 PREFIX=$4 RESULTS=$5
. "$TOP/setup/install.sh"
. "$TOP/setup/addresses.sh"
. "$TOP/setup/visit.sh"

ok() { printf 'ok %s: %s\n' "$PREFIX" "$*" >>"$RESULTS"; }
not_ok() {
    printf 'not ok %s: %s\n' "$PREFIX" "$*" >>"$RESULTS"
    printf '    not ok %s\n' "$*"
}
check() { # NAME COMMAND...
    local name=$1
    shift
    if "$@"; then ok "$name"; else not_ok "$name"; fi
}

mkdir -p "$OUT"
BIN=$BUILD/bin
LOG=$OUT/server.log
CLIPS=$TOP/build/ci/clips # the same for every build: coding them under a sanitizer takes long
CONFIG=
DATA=$(mktemp -d -t tessera-visit-XXXXXX)
PORT=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export TESSERA_SERVER_LISTEN=127.0.0.1 TESSERA_MEDIA_ADDRESSES=127.0.0.1 TESSERA_SERVER_ASSETS="$TOP/assets"
export G_SLICE=always-malloc
trap 'drain; rm -rf "$DATA"' EXIT
trap 'exit 1' INT TERM

start_server --no-demo
if ! wait_ready 60; then
    not_ok "the server gets ready"
    tail -n 20 "$LOG"
    exit 0
fi
ok "the server gets ready"

room=$(new_room "Visit") || { not_ok "a room is made"; exit 0; }
links=()
for name in One Two Three; do links+=(--link "$(new_link "$room" guest "$name")") || { not_ok "a link is made"; exit 0; }; done
ok "a room and three links are made"
start_bots "$OUT/bots.log" "${links[@]}"

inspect() { api GET "/rooms/$room" >"$OUT/inspection.json" 2>/dev/null; }
# holds FILTER: the room's inspection satisfies a jq filter.
holds() { inspect && jq -e "$1" "$OUT/inspection.json" >/dev/null; }
wait_until() { # SECONDS FILTER
    local end=$((SECONDS + $1))
    until holds "$2"; do
        [ $SECONDS -lt $end ] && running "$BOTS_PID" || return 1
        sleep 0.5
    done
}
check "three participants are up" wait_until 60 '[.participants[] | select(.state == "up")] | length == 3'
check "everyone sends and receives pictures and sound" wait_until 60 \
    'all(.participants[]; .in.video.pictures > 0 and .in.audio.packets > 0 and .out.video.packets > 0 and .out.audio.packets > 0)'

# Resident memory and open descriptors of the room process, after a third of the visit and at its end.
# The busiest one: another waits for the next room.
room_process() {
    local id
    for id in $(pgrep -P "$LAUNCHER_PID" -x tessera-room); do
        printf '%s %s\n' "$(sed 's/.*) //' "/proc/$id/stat" | awk '{ print $12 + $13 }')" "$id"
    done | sort -n | tail -n 1 | awk '{ print $2 }'
}
memory_kib() { awk '/^VmRSS/ { print $2 }' "/proc/$1/status"; }
descriptors() { find "/proc/$1/fd" -mindepth 1 2>/dev/null | wc -l; }
sleep $((LENGTH / 3))
process=$(room_process)
memory=$(memory_kib "$process") files=$(descriptors "$process")
inspect && cp "$OUT/inspection.json" "$OUT/inspection-early.json"
sleep $((LENGTH - LENGTH / 3))
check "the room process is the same one" [ -n "$process" -a "$(room_process)" = "$process" ]
[ "${MEMORY_GROWS:-no}" = yes ] || check "the room's memory stays flat ($memory KiB, then $(memory_kib "$process"))" [ "$(memory_kib "$process")" -le $((memory + memory / 10 + 16384)) ]
check "the room's descriptors stay flat ($files, then $(descriptors "$process"))" [ "$(descriptors "$process")" -le $((files + 2)) ]
inspect
check "pictures kept coming in and going out" jq -en --slurpfile a "$OUT/inspection-early.json" --slurpfile b "$OUT/inspection.json" \
    '[range(3)] | all(.[]; $b[0].participants[.].in.video.pictures > $a[0].participants[.].in.video.pictures
        and $b[0].participants[.].out.video.packets > $a[0].participants[.].out.video.packets)' >/dev/null
check "three participants are still up" holds '[.participants[] | select(.state == "up")] | length == 3'

check "the bots were alive to the end" running "$BOTS_PID"
check "the bots end by themselves" end_process "$BOTS_PID" 20
family=$(below "$LAUNCHER_PID")
check "the server drains by itself" end_process "$LAUNCHER_PID" 30
left=
for id in $family; do running "$id" && left="$left $id"; done
check "no process is left over" [ -z "$left" ]
if grep -hE -m 5 'Sanitizer|runtime error:|ERROR: Leak|WARNING: Thread|Assertion|CRITICAL' "$LOG" "$OUT/bots.log"; then
    not_ok "no sanitizer and no assertion spoke (all of it: $OUT)"
else
    ok "no sanitizer and no assertion spoke"
fi
