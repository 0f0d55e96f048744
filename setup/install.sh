# shellcheck shell=bash
# install.sh - what ./run and ./test share: Debian packages, npm packages, builds. Sourced by bash; TOP is the repository.

. "$TOP/setup/words.sh"

listed_packages() { sed 's/#.*//' "$@" | tr -s '[:space:]' '\n' | sed '/^$/d'; }

# Prints those of the named packages that are not installed.
missing_packages() {
    dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' "$@" 2>/dev/null | sed -n 's/^.i *//p' | LC_ALL=C sort -u |
        LC_ALL=C comm -13 - <(printf '%s\n' "$@" | LC_ALL=C sort -u)
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -- "$@"; fi
}

need_root_for() {
    [ "$(id -u)" = 0 ] && return
    command -v sudo >/dev/null 2>&1 ||
        die "installing packages needs root, and sudo is not here." "Run this once as root, then start again:" \
            "  apt-get update && apt-get install --no-install-recommends $*"
    sudo -n true 2>/dev/null || [ -t 0 ] ||
        die "installing packages needs root, and sudo wants a password but there is no terminal to ask on." \
            "Run 'sudo -v' first, or once as root:" "  apt-get update && apt-get install --no-install-recommends $*"
}

need_disk() { # MEBIBYTES FOLDER
    local free
    free=$(df -Pm "$2" | awk 'NR == 2 { print $4 }')
    [ "${free:-0}" -ge "$1" ] || die "only ${free:-0} MiB are free on the disk of $2, about $1 are needed." "Free some space there and start again."
}

apt_quiet() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@"
}

# need_packages NAME...: installs those that are missing and nothing else; returns at once when there are none.
need_packages() {
    command -v dpkg-query >/dev/null 2>&1 || die "this is not a Debian system (no dpkg)." "Tessera is set up by these scripts on Debian 12 only."
    local missing
    mapfile -t missing < <(missing_packages "$@")
    [ "${#missing[@]}" -gt 0 ] || return 0
    need_root_for "${missing[@]}"
    need_disk 2500 /var/cache/apt
    say "Installing ${#missing[@]} Debian packages: ${missing[*]}"
    local log="$TOP/build/apt.log"
    mkdir -p "$TOP/build"
    apt_quiet update >"$log" 2>&1 ||
        die "apt-get update failed:" "$(tail -n 5 "$log")" "Mend the package sources or the network, then start again. All of it: $log"
    if ! apt_quiet install -y --no-install-recommends "${missing[@]}" 2>&1 | tee -a "$log" | progress_of_apt; then
        die "apt-get install failed:" "$(grep -E '^(E|W|dpkg):' "$log" | tail -n 5)" \
            "Try it by hand: apt-get install --no-install-recommends ${missing[*]}" "All of it: $log"
    fi
    mapfile -t missing < <(missing_packages "$@")
    [ "${#missing[@]}" = 0 ] || die "apt-get ended well, but these are still missing: ${missing[*]}" "All of it: $log"
}

# Node for the browser tests: Debian's own unless one is already there.
need_node() {
    local want=()
    command -v node >/dev/null 2>&1 || want+=(nodejs)
    command -v npm >/dev/null 2>&1 || want+=(npm)
    [ "${#want[@]}" = 0 ] || need_packages "${want[@]}"
}

# npm packages of tests/package.json, again only when the lock has changed.
need_node_modules() {
    local folder="$TOP/tests" stamp="$TOP/tests/node_modules/.installed" sum log="$TOP/build/npm.log"
    sum=$(cat "$folder/package.json" "$folder/package-lock.json" | sha256sum)
    [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$sum" ] && return 0
    need_node
    say "Installing npm packages for the browser tests"
    mkdir -p "$TOP/build"
    (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund) >"$log" 2>&1 ||
        die "npm ci in tests/ failed:" "$(tail -n 5 "$log")" "Mend the network or the npm configuration, then start again. All of it: $log"
    printf '%s' "$sum" >"$stamp"
}

# configure_and_build PRESET TARGET...: cmake once, then ninja; quiet when there is nothing to do.
configure_and_build() {
    local preset=$1
    shift
    local folder="$TOP/build/$preset" log="$TOP/build/$preset.log"
    mkdir -p "$TOP/build"
    if [ ! -f "$folder/build.ninja" ]; then
        say "Configuring build/$preset"
        (cd "$TOP" && cmake --preset "$preset") >"$log" 2>&1 || {
            tail -n 25 "$log" >&2
            return 1
        }
    fi
    NINJA_STATUS='    [%f/%t] ' ninja -C "$folder" "$@"
}
