#!/usr/bin/env bash
# Loss, TURN, hostile input and killed processes.
. "$(dirname "$0")/lib.sh"
need_node_modules
build ci
export TESSERA_BIN="$TOP/build/ci/bin" TESSERA_TEST_OUTPUT="$OUT"
run_node_tests "$TOP/tests/network"
