#!/usr/bin/env bash
# Every unit test, built as CI builds: warnings are errors.
. "$(dirname "$0")/lib.sh"
build ci unit_tests
run_ctest ci '^unit$'
