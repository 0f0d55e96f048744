#!/usr/bin/python3
"""Telephones for a test in another language: one JSON command a line on standard input, one JSON answer a line on standard output.
callers.py HOST:PORT. {"call": [PIN, HZ, HOW]} dials in and types the PIN by SIP INFO, so that the voice goes on meanwhile: HOW is "events"
(RFC 4733) or "info" (no events are offered, so that later keys are tones in the sound). {"key": N} presses 5 on that telephone, as it can. {"levels": [HZ...]} says
what each has heard of them in its last second and a half, in dB of full scale. End of input hangs up."""
import json
import sys
import time

import peer

FIVE = (770, 1336)


def call(phones, server, digits, hz, how):
    p = peer.Peer(server, number=f"+1555700{len(phones):04}")
    phones.append((p, how))
    status = p.call(p.sdp() if how == "events" else p.sdp(formats="0")).status
    p.rtp.tone_hz = hz
    for k in digits + "#":
        p.request("INFO", f"Signal={k}\r\nDuration=160\r\n", kind="application/dtmf-relay")
        p.final("INFO")
    return status


def press(p, how):
    if how == "events":
        p.rtp.press("5")
        return
    voice, p.rtp.tone_hz = p.rtp.tone_hz, FIVE
    time.sleep(0.3)
    p.rtp.tone_hz = voice


def main():
    host, port = sys.argv[1].rsplit(":", 1)
    phones, answer = [], {}
    for line in sys.stdin:
        command = json.loads(line)
        if "call" in command:
            answer = {"status": call(phones, (host, int(port)), *command["call"])}
        elif "key" in command:
            press(*phones[command["key"]])
        else:
            since = time.monotonic() - 1.5
            answer = {"levels": [[round(peer.level_db(p.rtp.pcm(since), hz), 1) for hz in command["levels"]] for p, _ in phones]}
        print(json.dumps(answer), flush=True)
    for p, _ in phones:
        p.bye()
        p.close()


main()
