#!/usr/bin/env bash
# Tests against kept answers: offers to answers, layouts to rectangles, canvases to checksums.
. "$(dirname "$0")/lib.sh"
build ci unit_tests
run_ctest ci '^golden$'
