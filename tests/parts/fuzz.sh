#!/usr/bin/env bash
# Every fuzz target over its corpus and then on its own, FUZZ_SECONDS each (6), two at a time.
. "$(dirname "$0")/lib.sh"
seconds=${FUZZ_SECONDS:-6}
build fuzz fuzz_targets
targets=$(find "$TOP/build/fuzz/bin" -maxdepth 1 -name 'fuzz_*' -type f | sort)
[ -n "$targets" ] || not_ok "no fuzz target was built"

fuzz() { # TARGET
    local target=$1 name grown kept
    name=$(basename "$target" | sed 's/^fuzz_//')
    grown="$TOP/build/fuzz/corpus/$name" # what libFuzzer finds stays out of the source tree
    kept="$TOP/tests/fuzz/corpus/$name"
    mkdir -p "$grown" "$kept"
    if timeout --kill-after=10 $((seconds + 60)) "$target" -max_total_time="$seconds" -timeout=5 -rss_limit_mb=1024 -print_final_stats=1 \
        -artifact_prefix="$OUT/$name-" "$grown" "$kept" >"$OUT/$name.log" 2>&1; then
        ok "$name"
    else
        not_ok "$name"
        grep -E 'ERROR|SUMMARY|Test unit written' "$OUT/$name.log" | head -n 5 || tail -n 5 "$OUT/$name.log"
    fi
    rmdir --ignore-fail-on-non-empty "$kept"
    say "$name for $seconds s, runs:$(sed -n 's/^stat::number_of_executed_units: */ /p' "$OUT/$name.log")"
}

for target in $targets; do
    while [ "$(jobs -rp | wc -l)" -ge 2 ]; do wait -n; done
    fuzz "$target" &
done
wait
