#!/usr/bin/env bash
# A long visit (SOAK_SECONDS, 600): memory and descriptors of the room stay flat. Not part of a plain ./test.
. "$(dirname "$0")/lib.sh"
build ci
bash "$TOP/tests/visit/visit.sh" "$TOP/build/ci" "${SOAK_SECONDS:-600}" "$OUT/visit" "$PART/visit" "$RESULTS"
