#!/usr/bin/env bash
# The shape of the source: include arrows, headers that compile alone, nothing that ties the project to one machine.
. "$(dirname "$0")/lib.sh"
configure_and_build ci mcu/base/libtessera_base.a >"$OUT/configure.log" 2>&1 || not_ok "configure (all of it: $OUT/configure.log)"
for check in includes headers places words size; do
    say "$check"
    python3 "$TOP/tests/arch/$check.py" "$TOP" "$PART" "$RESULTS" || not_ok "$check ended badly"
done
