#!/bin/sh
# Makes the clips of tessera-bot: make-clips.sh CLIPGEN OUTDIR. Needs espeak-ng. Keeps what is there and newer than CLIPGEN.
# OUTDIR gets h264-K.clip and vp8-K.clip (with marker), plain-h264-K.clip (for people to look at), speech-K.clip and clap-K.clip (a tone
# that begins with each second) for each face K, and tone-K.clip for each participant K. Participants beyond the last face share one.
set -eu
clipgen=$1
out=$2
faces=6
tones=32
mkdir -p "$out"
wav=$(mktemp -d)
trap 'rm -rf "$wav"' EXIT

command -v espeak-ng >/dev/null || { echo "make-clips: espeak-ng is missing (apt-get install espeak-ng)" >&2; exit 1; }

fresh() { [ -s "$1" ] && [ "$1" -nt "$clipgen" ]; }
clip() { # FILE ARGUMENTS...
    file=$out/$1
    shift
    fresh "$file" || { "$clipgen" --out "$file.part" "$@" && mv "$file.part" "$file"; }
}

say() { # PERSON: voice and words
    case $1 in
    0) espeak-ng -v en-us+m3 -p 35 -s 150 -w "$wav/0.wav" "Good morning doctor. I have slept better since last week, but my knee still hurts when I walk down the stairs." ;;
    1) espeak-ng -v en-gb+f4 -p 75 -s 165 -w "$wav/1.wav" "Good morning. Let us have a look at your readings. Your blood pressure is lower than last time, that is very good." ;;
    2) espeak-ng -v es+f2 -p 60 -s 160 -w "$wav/2.wav" "Buenos dias. Voy a traducir todo lo que se diga durante esta visita, hablen con calma por favor." ;;
    3) espeak-ng -v en-us+m7 -p 50 -s 170 -w "$wav/3.wav" "I am the physiotherapist. Please stand up, hold the chair, and lift your left foot slowly." ;;
    4) espeak-ng -v en-gb+m1 -p 25 -s 140 -w "$wav/4.wav" "Hello, this is the home nurse. I changed the bandage this morning and there was no redness." ;;
    *) espeak-ng -v en-us+f5 -p 85 -s 175 -w "$wav/$1.wav" "Hi, I am the daughter. I can bring him to the clinic on Thursday afternoon if that helps." ;;
    esac
}

k=0
while [ $k -lt $faces ]; do
    clip h264-$k.clip --kind h264 --person $k
    clip vp8-$k.clip --kind vp8 --person $k
    clip plain-h264-$k.clip --kind h264 --person $k --plain
    clip clap-$k.clip --kind clap --person $k
    fresh "$out/speech-$k.clip" || { say $k && clip speech-$k.clip --kind speech --person $k --wav "$wav/$k.wav"; }
    k=$((k + 1))
done
k=0
while [ $k -lt $tones ]; do
    clip tone-$k.clip --kind tone --person $k
    k=$((k + 1))
done
