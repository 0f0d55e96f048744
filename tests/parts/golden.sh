#!/usr/bin/env bash
# Tests against kept answers: offers to answers, layouts to rectangles, canvases to checksums. Contact sheets of all layouts for eyes.
. "$(dirname "$0")/lib.sh"
build ci unit_tests tessera-layout
run_ctest ci '^golden$'
mkdir -p "$OUT/layouts"
"$TOP/build/ci/bin/tessera-layout" sheet "$TOP/assets/layouts" "$OUT/layouts" >"$OUT/layouts.log" 2>&1 && ok "contact sheets" ||
    not_ok "contact sheets (all of it: $OUT/layouts.log)"
