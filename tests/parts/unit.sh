#!/usr/bin/env bash
# Every unit test, and the gateway with fake rooms, built as CI builds: warnings are errors.
. "$(dirname "$0")/lib.sh"
build ci unit_tests tessera tessera-launcher tessera-recording tessera-prompts
run_ctest ci '^(unit|long)$'
