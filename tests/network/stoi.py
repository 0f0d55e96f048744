#!/usr/bin/env python3
"""STOI as written in bench/lib/stoi.py against figures measured before: Opus at 16 kbit/s in 20 ms frames, 30 % of the packets lost."""
import subprocess
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench" / "lib"))
import opus  # noqa: E402
from align import follow  # noqa: E402
from stoi import RATE, resample, stoi  # noqa: E402

WORDS = (
    "The patient came in on Tuesday with a cough that had lasted three weeks. She takes two tablets in the morning and one at night, and has "
    "no fever. Please raise your left arm slowly and tell me where it hurts. We will look at your blood pressure again before you go home, "
    "and the nurse will call you on Friday. How did you sleep last night? Do you feel any pain when you breathe in deeply? I would like you "
    "to drink more water and to walk for half an hour each day."
)
VOICES = (("en-us+m3", "-p", "35", "-s", "150"), ("en-gb+f4", "-p", "75", "-s", "165"))
SECONDS, SEEDS, EXPECTED_LOSS = 25, 3, 5
LOOKAHEAD = 312  # samples that libopus is late by
# Name, share lost, distances of the copies, what was measured before, tolerance.
ROWS = (("clean", 0, (), 0.982, 0.01), ("concealed", 0.3, (), 0.805, 0.01), ("two copies", 0.3, (1, 2), 0.968, 0.01))


def voice(name, *how):
    raw = subprocess.run(["espeak-ng", "-v", name, *how, "--stdout", WORDS], capture_output=True, check=True).stdout
    pcm = np.frombuffer(raw[44:], "<i2") / 32768
    length = min(int(len(pcm) * opus.RATE / 22050), SECONDS * opus.RATE) // 960 * 960
    said = np.interp(np.arange(length) * 22050 / opus.RATE, np.arange(len(pcm)), pcm)
    return said / np.abs(said).max() * 0.5


def figure(voices, share, distances):
    found = []
    for said in voices:
        packets = opus.encode(said, 16000, 20, EXPECTED_LOSS)
        for seed in range(SEEDS if share else 1):
            lost = np.zeros(len(packets), bool)
            lost[np.random.default_rng(seed).permutation(len(packets))[: int(share * len(packets))]] = True
            heard = opus.decode(opus.without(packets, lost, distances), 20)
            found.append(stoi(said[: len(heard) - LOOKAHEAD], heard[LOOKAHEAD:], opus.RATE))
    return float(np.mean(found))


def later_and_later(said, seconds=30):
    """A loop as somebody hears it whose buffer grows by 2 % for a while, then leaves 250 ms out."""
    place = np.concatenate([np.arange(0, seconds / 2, 0.98 / RATE), seconds / 2 + 0.25 + np.arange(0, seconds / 2, 1 / RATE)])
    return np.interp(place * RATE % len(said), np.arange(len(said)), said)


def is_followed(voice):
    """Lateness that changes is no loss of words; other words are none of it, and words that are missing stay missing."""
    words = resample(voice[: 12 * opus.RATE], opus.RATE)
    heard = later_and_later(words)
    holes = heard * (np.arange(len(heard)) // (RATE // 5) % 3 > 0)  # 200 of each 600 ms
    late, other, holed = (stoi(follow(loop, got), got, RATE) for loop, got in ((words, heard), (words[::-1], heard), (words, holes)))
    fixed = stoi(words[np.arange(len(heard)) % len(words)], heard, RATE)
    ok = late > 0.9 and fixed < 0.6 and other < 0.5 and holed < 0.8
    print(f"{'ok' if ok else 'not ok'} followed {late:.3f}, not followed {fixed:.3f}, other words {other:.3f}, holes {holed:.3f}")
    return ok


def main():
    voices = [voice(*v) for v in VOICES]
    bad = 0
    for name, share, distances, wanted, tolerance in ROWS:
        got = figure(voices, share, distances)
        ok = abs(got - wanted) <= tolerance
        bad += not ok
        print(f"{'ok' if ok else 'not ok'} {name}: {got:.4f}, wanted {wanted} within {tolerance}")
    shifted = stoi(voices[0][:-4800], voices[0][4800:], opus.RATE)  # by 100 ms: other syllables
    noise = stoi(voices[0], np.random.default_rng(1).standard_normal(len(voices[0])), opus.RATE)
    same = stoi(voices[0], voices[0] * 0.1, opus.RATE)
    ok = shifted < 0.6 and noise < 0.5 and same > 0.999
    print(f"{'ok' if ok else 'not ok'} shifted {shifted:.3f}, noise {noise:.3f}, quieter {same:.4f}")
    return bad > 0 or not is_followed(voices[0]) or not ok


sys.exit(main())
