#!/bin/sh
# prompts.sh SOURCE TARGET - speaks assets/prompts/*.txt into a WAV file each: TARGET/LANGUAGE/NAME.wav. A line of SOURCE is a name
# and its words. Replace any of the files by a recording of your own: 16 bit mono, any rate from 8 to 48 kHz.
set -eu
for text in "$1"/*.txt; do
    language=$(basename "$text" .txt)
    voice=$language
    [ "$language" != en ] || voice=en-us
    mkdir -p "$2/$language"
    while read -r name words; do
        [ -z "$name" ] || espeak-ng -v "$voice" -s 150 -w "$2/$language/$name.wav" "$words"
    done <"$text"
done
