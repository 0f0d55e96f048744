#!/bin/bash
# client.sh FROM TO [ESBUILD] - the web client as it is served: FROM (assets/) copied to TO, the participant's page with its modules
# bundled into what it needs before Join (app.js, chunk.js) and what it needs after (later.js; uplink.js once media flows), all of it minified. Every file costs
# a thin line a request, and a connection perhaps; without ESBUILD the page works the same from its single modules.
set -eu
from=$1 to=$2 esbuild=${3:-}
rm -rf "$to"
mkdir -p "$to"
cp -r "$from/api" "$from/layouts" "$from/web" "$to"
[ -n "$esbuild" ] || exit 0

bundle() {
    "$esbuild" "$@" --minify --target=chrome90,safari15.4 --log-level=warning --allow-overwrite --outdir="$to/web"
}
bundle "$from/web/app.js" --bundle --splitting --format=esm --chunk-names='[name]'
bundle "$from/web/style.css" "$from/web/room.css"
for script in app.js chunk.js later.js uplink.js; do # a chunk more or less and the page would load something else
    [ -s "$to/web/$script" ] || { echo "client.sh: esbuild made no $script" >&2; exit 1; }
done
sed -i -e '/modulepreload/d' -e 's/^ *//' -e 's|^<script type="module" src="/web/app.js">|<link rel="modulepreload" href="/web/chunk.js">\n&|' "$to/web/index.html"
