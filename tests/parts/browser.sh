#!/usr/bin/env bash
# Real browsers, a WHIP client and bots against a whole server.
. "$(dirname "$0")/lib.sh"
need_node_modules
build ci
export TESSERA_BIN="$TOP/build/ci/bin" TESSERA_TEST_OUTPUT="$OUT"
run_node_tests "$TOP/tests/browser"
