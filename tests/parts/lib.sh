# shellcheck shell=bash
# lib.sh - what the parts of ./test share. A part writes one line a case to $RESULTS: "ok NAME", "not ok NAME" or "skip NAME".
# ./test sets TOP (repository), RESULTS (file) and OUT (folder for logs, screenshots). Sourced by bash.

: "${TOP:?run ./test PART}" "${RESULTS:?run ./test PART}" "${OUT:?run ./test PART}"
. "$TOP/setup/install.sh"

PART=$(basename "$0" .sh)

ok() { printf 'ok %s\n' "$PART/$*" >>"$RESULTS"; }
not_ok() {
    printf 'not ok %s\n' "$PART/$*" >>"$RESULTS"
    printf '    not ok %s\n' "$*"
}
skip() {
    printf 'skip %s\n' "$PART/$*" >>"$RESULTS"
    printf '    skipped: %s\n' "$*"
}

# build PRESET [TARGET...]: a failed build is one failed case and ends the part.
build() {
    local preset=$1 log="$OUT/build-$1.log"
    say "Building build/$preset"
    if configure_and_build "$@" >"$log" 2>&1; then
        ok "build $preset"
    else
        grep -E 'error|FAILED|Error' "$log" | head -n 20
        not_ok "build $preset (all of it: $log)"
        exit 0
    fi
}

# run_ctest PRESET LABELS [PREFIX [WITHOUT_LABEL]]: every cmocka case counts by itself. Ten places; a test that computes takes three (PROCESSORS), the
# gateway's, which wait most of the time, take one.
run_ctest() {
    local preset=$1 labels=$2 prefix=${3:-} without=${4:-^$} xml="$OUT/$1-ctest.xml"
    (cd "$TOP/build/$preset" && CMOCKA_MESSAGE_OUTPUT=TAP ctest -j10 -L "$labels" -LE "$without" --timeout 300 --output-junit "$xml" \
        --test-output-size-passed 4000000 --test-output-size-failed 4000000) >"$OUT/$preset-ctest.log" 2>&1
    python3 "$TOP/tests/parts/ctest_cases.py" "$xml" "$PART/$prefix" "$RESULTS"
}

# run_node_tests FOLDER: every *.test.mjs by itself, one after the other; those without a server and people of lib/scene.mjs, which
# measure no media, two at a time before those. Real browsers on a busy machine stumble over time: a file with a failure is run once more, and the
# second run counts. What is broken fails twice; what stumbled is said.
run_node_tests() {
    local file alone=()
    for file in "$1"/*.test.mjs; do
        [ -e "$file" ] || continue
        if grep -q 'lib/scene\.mjs' "$file"; then
            alone+=("$file")
        else
            while [ "$(jobs -rp | wc -l)" -ge 2 ]; do wait -n; done
            run_node_test "$file" &
        fi
    done
    wait
    for file in "${alone[@]}"; do run_node_test "$file"; done
}

run_node_test() { # FILE
    local name status
    name=$(basename "$1" .test.mjs)
    say "$name"
    run_node_file "$1" "$name"
    status=$?
    if [ "$status" != 0 ]; then
        printf '    %s once more after: %s\n' "$name" "$(grep -E '^ *not ok' "$OUT/$name.tap" | sed 's/^ *not ok [0-9]* - //' | paste -sd ';')"
        mv "$OUT/$name.tap" "$OUT/$name-first.tap"
        run_node_file "$1" "$name"
        status=$?
    fi
    python3 "$TOP/tests/parts/tap_cases.py" "$OUT/$name.tap" "$status" "$PART/$name" "$RESULTS"
}

run_node_file() { # FILE NAME
    (cd "$TOP/tests" && timeout --kill-after=20 "${NODE_TEST_SECONDS:-600}" node --test --test-reporter=tap "$1") >"$OUT/$2.tap" 2>"$OUT/$2.err"
}
