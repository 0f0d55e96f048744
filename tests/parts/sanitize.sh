#!/usr/bin/env bash
# Unit and golden tests and one whole visit with bots, under ASan + UBSan and under TSan.
. "$(dirname "$0")/lib.sh"
# A small quarantine, so that memory that stays flat is seen to; no sandbox, in which the search for leaks could not stop the threads.
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0:quarantine_size_mb=16 TESSERA_NO_SANDBOX=1 UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
export LSAN_OPTIONS="suppressions=$TOP/tests/parts/lsan.supp:print_suppressions=0"
export TSAN_OPTIONS="suppressions=$TOP/tests/parts/tsan.supp:print_suppressions=0:halt_on_error=0:second_deadlock_stack=1"
build ci tessera-clips
for preset in asan tsan; do
    (
        build "$preset" tessera-launcher tessera tessera-room tessera-bot tessera-recording tessera-prompts unit_tests
        say "unit and golden tests under $preset"
        without=; [ "$preset" = asan ] || without=one_thread # there is no race to look for
        run_ctest "$preset" '^(unit|golden)$' "$preset/" "$without"
        say "a visit with three bots under $preset"
        [ "$preset" = asan ] || export MEMORY_GROWS=yes # what TSan notes down of every access
        bash "$TOP/tests/visit/visit.sh" "$TOP/build/$preset" 15 "$OUT/visit-$preset" "$PART/$preset visit" "$RESULTS"
    )
done
