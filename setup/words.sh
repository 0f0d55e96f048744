# shellcheck shell=bash
# words.sh - what ./run and ./test say: steps, progress, and why they cannot go on. Sourced by bash. Colours only on a terminal
# whose user has not asked for none (NO_COLOR); a pipe or a file gets each line when it is said, so no awk, which collects its input.

has_colours() { [ -t "$1" ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; } # DESCRIPTOR

say() {
    if has_colours 1; then printf '\033[1m==> %s\033[0m\n' "$*"; else printf '==> %s\n' "$*"; fi
}

die() {
    if has_colours 2; then
        printf '\n\033[1;31mCannot go on: %s\033[0m\n' "$1" >&2
    else
        printf '\nCannot go on: %s\n' "$1" >&2
    fi
    shift
    for line in "$@"; do printf '  %s\n' "$line" >&2; done
    exit 1
}

# One line every 25 packages instead of thousands.
progress_of_apt() {
    local line n=0
    while IFS= read -r line; do
        case $line in
        'Need to get'* | 'After this'*) printf '    %s\n' "$line" ;;
        'Setting up'*)
            n=$((n + 1))
            [ $((n % 25)) != 0 ] || printf '    %s packages set up\n' "$n"
            ;;
        esac
    done
}

# On a terminal one line that moves, elsewhere every 20th step; warnings and errors always.
progress_of_build() {
    local line n=0 open=
    while IFS= read -r line || [ -n "$line" ]; do
        case $line in
        'ninja: '* | *'Re-checking globbed'*) ;;
        '    ['*)
            if [ -t 1 ]; then
                printf '\r\033[K%.100s' "$line"
                open=yes
            else
                [ $((n % 20)) != 0 ] || printf '%s\n' "$line"
                n=$((n + 1))
            fi
            ;;
        *)
            [ -z "$open" ] || printf '\n'
            open=
            printf '%s\n' "$line"
            ;;
        esac
    done
    [ -z "$open" ] || printf '\n'
}
