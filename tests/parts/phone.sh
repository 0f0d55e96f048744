#!/usr/bin/env bash
# Telephones: sipp and a small SIP telephone against tessera-phone, gateway and real rooms.
. "$(dirname "$0")/lib.sh"
build ci tessera-launcher tessera tessera-room tessera-phone tessera-prompts tessera-bot
export TESSERA_BIN="$TOP/build/ci/bin" TESSERA_TEST_OUTPUT="$OUT"
/usr/bin/python3 "$TOP/tests/phone/test_phone.py" >"$OUT/phone.tap" 2>"$OUT/phone.err"
python3 "$TOP/tests/parts/tap_cases.py" "$OUT/phone.tap" $? "$PART/phone" "$RESULTS"
