# shellcheck shell=bash
# turn.sh - a guarded coturn beside the server, for ./run --turn and for tests. Sourced by bash after addresses.sh and visit.sh.
# The caller sets TOP (repository), DATA (the server's folder); TURN_ADDRESSES (array): where it listens and relays; TURN_PEERS (array):
# the rooms' media addresses.

TURN_PID=
TURN_PORT=${TURN_PORT:-3478}
TURN_TLS_PORT=${TURN_TLS_PORT:-}

# Debian starts coturn with its own configuration when it is installed; ours is the only one that may run here.
need_turn() {
    local packages
    mapfile -t packages < <(listed_packages "$TOP/setup/turn.packages")
    [ -n "$(missing_packages "${packages[@]}")" ] || return 0
    [ ! -d /run/systemd/system ] || as_root systemctl mask --quiet coturn.service
    need_packages "${packages[@]}"
}

# turns: belongs on 443, which closed networks let through; where it is taken or not ours to open it is the usual port of turns:.
choose_turn_port() {
    local first
    [ -z "$TURN_TLS_PORT" ] || return 0
    first=$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start 2>/dev/null || echo 1024)
    TURN_TLS_PORT=5349
    if [ -z "$(ss -H -ltn 'sport = :443')" ] && { [ "$(id -u)" = 0 ] || [ "$first" -le 443 ]; }; then TURN_TLS_PORT=443; fi
}

# The shared secret, made once.
turn_secret() {
    [ -s "$DATA/turn.secret" ] || (umask 077 && mkdir -p "$DATA" && openssl rand -base64 36 >"$DATA/turn.secret") || return 1
    cat "$DATA/turn.secret"
}

# turn_urls HOST: the three ways to it, for [turn] urls.
turn_urls() {
    local host
    host=$(in_url "$1")
    printf 'turn:%s:%s?transport=udp;turn:%s:%s?transport=tcp;turns:%s:%s?transport=tcp' "$host" "$TURN_PORT" "$host" "$TURN_PORT" "$host" "$TURN_TLS_PORT"
}

# write_turn_config FILE CERTIFICATE KEY: the guard and what is this machine's.
write_turn_config() {
    local address
    (
        umask 077
        {
            cat "$TOP/setup/coturn.conf"
            printf 'static-auth-secret=%s\n' "$(turn_secret)"
            printf 'listening-port=%s\ntls-listening-port=%s\n' "$TURN_PORT" "$TURN_TLS_PORT"
            printf 'cert=%s\npkey=%s\nmin-port=49160\nmax-port=49400\n' "$2" "$3"
            for address in "${TURN_ADDRESSES[@]}"; do printf 'listening-ip=%s\nrelay-ip=%s\n' "$address" "$address"; done
            for address in "${TURN_PEERS[@]}"; do printf 'allowed-peer-ip=%s\n' "$address"; done
            printf 'userdb=%s/turn.db\npidfile=%s/turn.pid\nlog-file=stdout\nsimple-log\n' "$DATA" "$DATA"
        } >"$1"
    )
}

# What TURN needs of the server's settings, before that starts; sets TURN_ADDRESSES and TURN_PEERS. It relays to the rooms' addresses alone.
prepare_turn() {
    need_turn
    mapfile -t TURN_ADDRESSES < <(machine_addresses)
    [ "${#TURN_ADDRESSES[@]}" -gt 0 ] || die "--turn needs a network address besides 127.0.0.1; this machine has none."
    mapfile -t TURN_PEERS < <(printf '%s\n' "${TESSERA_MEDIA_ADDRESSES:-$(configured media addresses)}" "${TESSERA_MEDIA_NAT_ADDRESS:-$(configured media nat_address)}" |
        tr ';' '\n' | sed '/^$/d')
    [ "${#TURN_PEERS[@]}" -gt 0 ] || TURN_PEERS=("${TURN_ADDRESSES[@]}")
    choose_turn_port
    local host
    host=$(addresses | head -n 1 | sed -E 's,^https://,,; s,/.*,,; s,^\[(.*)\].*,\1,' | sed -E '/:.*:/!s,:[0-9]*$,,')
    TESSERA_TURN_URLS=${TESSERA_TURN_URLS:-$(turn_urls "$host")}
    TESSERA_TURN_SECRET=$(turn_secret) || die "the data folder $DATA cannot be written." "Give another one: ./run --data DIR"
    export TESSERA_TURN_URLS TESSERA_TURN_SECRET
}

# start_turn CERTIFICATE KEY LOG; false when it does not listen within 5 s.
start_turn() {
    local end=$((SECONDS + 5))
    write_turn_config "$DATA/turnserver.conf" "$1" "$2" || return 1
    (umask 077 && : >"$3")
    setsid turnserver -c "$DATA/turnserver.conf" >>"$3" 2>&1 </dev/null &
    TURN_PID=$!
    while running "$TURN_PID" && [ $SECONDS -le $end ]; do
        [ -z "$(ss -H -ltn "sport = :$TURN_TLS_PORT")" ] || return 0
        sleep 0.1
    done
    return 1
}

# begin_turn: once the server is ready, whose certificate it shares.
begin_turn() {
    local certificate key
    certificate=${TESSERA_SERVER_CERTIFICATE:-$(configured server certificate)}
    key=${TESSERA_SERVER_KEY:-$(configured server key)}
    start_turn "${certificate:-$DATA/certificate.pem}" "${key:-$DATA/certificate.key}" "$DATA/turn.log" ||
        die "the TURN server did not start:" "$(tail -n 5 "$DATA/turn.log")" "All of it: $DATA/turn.log"
}
