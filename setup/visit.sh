# shellcheck shell=bash
# visit.sh - a server and simulated participants, for ./run and for tests: start, REST, room, links, drain. Sourced by bash.
# The caller has sourced addresses.sh and sets BIN (programs), CLIPS (see tessera-clips), DATA (the server's folder), PORT, LOG (file). Everything is ended by the ids kept here.

LAUNCHER_PID=
BOTS_PID=
URL() { printf 'https://127.0.0.1:%s' "$PORT"; }
# Where REST answers: ADMIN_PORT, when the configuration gives the operator a port.
OPERATOR_URL() {
    case ${ADMIN_PORT:-0} in
    0) URL ;;
    *) printf 'https://127.0.0.1:%s' "$ADMIN_PORT" ;;
    esac
}

running() { [ -n "$1" ] && kill -0 "$1" 2>/dev/null; }

# In a session of its own, so that a Ctrl-C on the terminal reaches the script alone, which then ends things in order.
start_server() { # ARGUMENTS OF THE LAUNCHER...
    (umask 077 && mkdir -p "$DATA")
    setsid "$BIN/tessera-launcher" --data "$DATA" --port "$PORT" --allow-root "$@" >>"$LOG" 2>&1 </dev/null &
    LAUNCHER_PID=$!
}

# Waits until GET /readyz says 200; false when the launcher ended or SECONDS are over.
wait_ready() { # SECONDS
    local end=$((SECONDS + $1))
    while running "$LAUNCHER_PID" && [ $SECONDS -lt $end ]; do
        [ "$(curl -sk -m 2 -o /dev/null -w '%{http_code}' "$(URL)/readyz" 2>/dev/null)" = 200 ] && return 0
        sleep 0.1
    done
    return 1
}

# api METHOD PATH [JSON]: prints the answer; false on a status that is not 2xx. The key stays out of the process list.
api() {
    curl -sk -m 10 --fail-with-body -X "$1" -H @<(printf 'Authorization: Bearer %s\n' "$(cat "$DATA/admin.key")") \
        ${3:+-H 'Content-Type: application/json' --data-binary "$3"} "$(OPERATOR_URL)/api/v1$2"
}

# The same id gives the same room again, the same seat the same place in it.
new_room() { # NAME [ID] -> id
    api POST /rooms "$(jq -n --arg name "$1" --arg id "${2:-}" '{name: $name} + if $id == "" then {} else {id: $id} end')" | jq -er .id
}

new_link() { # ROOM ROLE NAME [SEAT [host]] -> url
    api POST "/rooms/$1/links" "$(jq -n --arg role "$2" --arg name "$3" --arg seat "${4:-}" --arg host "${5:-}" \
        '{role: $role, name: $name} + (if $host == "" then {} else {host: true} end) + if $seat == "" then {} else {seat: $seat} end')" | jq -er .url
}

start_bots() { # LOG ARGUMENT...: of tessera-bot
    local log=$1
    shift
    setsid "$BIN/tessera-bot" --url "$(URL)" --insecure --clips "$CLIPS" "$@" >>"$log" 2>&1 </dev/null &
    BOTS_PID=$!
}

# Ids of all processes below one, deepest last.
below() {
    local child
    for child in $(pgrep -P "$1"); do
        printf '%s\n' "$child"
        below "$child"
    done
}

# end_process PID SECONDS: TERM, wait, and KILL for it and what it started if it does not go. True if it went by itself.
end_process() {
    running "$1" || return 0
    local family end=$((SECONDS + $2)) id
    family="$1 $(below "$1")"
    kill -TERM "$1" 2>/dev/null
    while running "$1" && [ $SECONDS -lt $end ]; do sleep 0.05; done
    local clean=0
    for id in $family; do
        if running "$id"; then
            clean=1
            kill -KILL "$id" 2>/dev/null
        fi
    done
    wait "$1" 2>/dev/null
    return $clean
}

# How long visits may go on once the server is told to end: as the server itself was told. Only digits, for it is calculated with, and
# without leading zeros, which would make it octal; a server that was told anything else has not started.
drain_seconds() {
    local seconds=${TESSERA_LIMITS_DRAIN_SECONDS:-$(configured limits drain_seconds)}
    case $seconds in
    '' | *[!0-9]*) seconds=10 ;;
    esac
    printf '%s' $((10#$seconds))
}

# Bots leave first; then people may go on for as long as the configuration says, and the server has some time for the end itself.
drain() {
    local clean=0
    end_process "$BOTS_PID" 5 || clean=1
    end_process "$LAUNCHER_PID" $(($(drain_seconds) + 20)) || clean=1
    return $clean
}
