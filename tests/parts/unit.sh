#!/usr/bin/env bash
# Every unit test, and the gateway with fake rooms, built as CI builds: warnings are errors.
. "$(dirname "$0")/lib.sh"
build ci unit_tests tessera tessera-launcher
run_ctest ci '^unit$'
