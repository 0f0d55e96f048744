#!/usr/bin/env bash
# Every unit test, built as CI builds: warnings are errors.
. "$(dirname "$0")/lib.sh"
build ci
run_ctest ci '^unit$'
