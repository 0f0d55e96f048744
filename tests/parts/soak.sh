#!/usr/bin/env bash
# A long visit (SOAK_SECONDS, 600): memory and descriptors of the room stay flat; two telephones that say nothing for a minute.
# Not part of a plain ./test.
. "$(dirname "$0")/lib.sh"
build ci
bash "$TOP/tests/visit/visit.sh" "$TOP/build/ci" "${SOAK_SECONDS:-600}" "$OUT/visit" "$PART/visit" "$RESULTS"
export TESSERA_BIN="$TOP/build/ci/bin" TESSERA_TEST_OUTPUT="$OUT"
/usr/bin/python3 "$TOP/tests/phone/test_phone.py" a_minute >"$OUT/phone.tap" 2>"$OUT/phone.err"
python3 "$TOP/tests/parts/tap_cases.py" "$OUT/phone.tap" $? "$PART/phone" "$RESULTS"
