#!/usr/bin/env bash
# Every unit test, and the gateway with fake rooms, built as CI builds: warnings are errors. Beside them what each stage of a room's work takes
# is counted and held against what it took: the same whatever else runs.
. "$(dirname "$0")/lib.sh"
build ci unit_tests tessera tessera-launcher tessera-recording tessera-prompts tessera-stages tessera-clips

kept="$TOP/bench/results/instructions.json" now="$OUT/instructions.json" log="$OUT/instructions.log"
count_instructions() {
    timeout 280 "$TOP/bench/run" instructions --build "$TOP/build/ci" --json >"$now" 2>"$log" && "$TOP/bench/run" compare "$kept" "$now" >>"$log" 2>&1
}
counting=
if why=$(python3 "$TOP/tests/parts/counted_alike.py" "$kept" 2>&1); then
    { count_instructions || count_instructions; } & # where memory lies may cost a stage some: more twice is more
    counting=$!
fi
run_ctest ci '^(unit|long)$'
if [ -z "$counting" ]; then
    skip "instructions ($why)"
elif wait "$counting"; then
    ok "instructions"
else
    cat "$log"
    not_ok "instructions (all of it: $log)"
fi
