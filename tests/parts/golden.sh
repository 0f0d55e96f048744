#!/usr/bin/env bash
# Tests against kept answers: offers to answers, layouts to rectangles, canvases to checksums. Contact sheets of all layouts for eyes.
. "$(dirname "$0")/lib.sh"
build ci unit_tests tessera-layout
run_ctest ci '^golden$'
mkdir -p "$OUT/layouts"
TOOL="$TOP/build/ci/bin/tessera-layout"
names=$("$TOOL" check "$TOP/assets/layouts" 2>&1)
case $names in *grid*signer-safe*) ok "layouts are checked" ;; *) not_ok "layouts are checked ($names)" ;; esac
mkdir -p "$OUT/broken"
printf '{"name": "broken", "title": "Broken", "arrangements": [{"slots": [{"for": ["nobody"], "at": [0, 0, 1, 1]}]}]}' >"$OUT/broken/broken.json"
said=$("$TOOL" check "$OUT/broken" 2>&1)
[ $? = 1 ] && [[ $said == *broken.json*arrangements.0.slots.0.for* ]] && ok "a layout that is not good is refused by its place" || not_ok "a layout that is not good is refused by its place ($said)"
"$TOOL" preview "$TOP/assets/layouts" face-to-face "$OUT/layouts/view.png" --size 640x360 --tier B --people 3 --content 0 --view patient --bars 1 &&
    [[ $(file -b "$OUT/layouts/view.png") == *"640 x 360"* ]] && ok "a layout is drawn" || not_ok "a layout is drawn"
"$TOOL" preview "$TOP/assets/layouts" grid "$OUT/layouts/none.png" --view nobody >"$OUT/usage.log" 2>&1
[ $? = 2 ] && grep -q -e --view "$OUT/usage.log" && ok "unknown options are refused" || not_ok "unknown options are refused"
"$TOP/build/ci/bin/tessera-layout" sheet "$TOP/assets/layouts" "$OUT/layouts" >"$OUT/layouts.log" 2>&1 && ok "contact sheets" ||
    not_ok "contact sheets (all of it: $OUT/layouts.log)"
