# shellcheck shell=bash
# addresses.sh - what the configuration says and where the server can be reached. Sourced by bash.
# The caller sets PORT (the server's) and CONFIG (its INI file, or empty).

# Every address at which this server listens for people: the configuration's own, else all of this machine's.
addresses() {
    if [ -n "${TESSERA_SERVER_PUBLIC_URL:-$(configured server public_url)}" ]; then
        printf '%s\n' "${TESSERA_SERVER_PUBLIC_URL:-$(configured server public_url)}"
        return
    fi
    local address
    for address in $(machine_addresses) 127.0.0.1; do printf 'https://%s:%s\n' "$(in_url "$address")" "$PORT"; done
}

# Addresses that others can reach; temporary IPv6 ones come and go and are left out.
machine_addresses() { ip -o address show scope global 2>/dev/null | awk '!/temporary|deprecated|tentative/ { sub("/.*", "", $4); print $4 }'; }

# configured SECTION KEY: its value in the configuration file, if it is there.
configured() {
    [ -z "$CONFIG" ] || awk -F= -v section="[$1]" -v key="$2" '/^[[:space:]]*\[/ { gsub(/[[:space:]]/, ""); inside = $0 == section }
        inside { k = $1; gsub(/[[:space:]]/, "", k); if (k == key) { sub(/^[^=]*=[[:space:]]*/, ""); sub(/[[:space:]]*$/, ""); print; exit } }' "$CONFIG"
}

# An IPv6 address goes in brackets.
in_url() {
    case $1 in
    *:*) printf '[%s]' "$1" ;;
    *) printf '%s' "$1" ;;
    esac
}
