#!/usr/bin/python3
"""Telephones for a test in another language: one JSON command a line on standard input, one JSON answer a line on standard output.
callers.py HOST:PORT [TRUNK-PORT]. {"call": [PIN, HZ, HOW]} dials in and types the PIN by SIP INFO, so that the voice goes on meanwhile: HOW is "events"
(RFC 4733) or "info" (no events are offered, so that later keys are tones in the sound). {"key": N} presses 5 on that telephone, as it can. {"levels": [HZ...]} says
what each has heard of them in its last second and a half, in dB of full scale. {"ring": HZ} waits until the server calls the trunk and rings, {"pick_up": N} answers
there, {"press": [N, KEYS]} presses keys by RFC 4733, {"hang_up": N} hangs up. End of input hangs up."""
import json
import re
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


def ring(phones, p, hz):
    p.invite = p.wait_invite()
    p.respond(p.invite, 180, "Ringing")
    p.rtp.tone_hz = hz
    phones.append((p, "events"))
    return re.match(r"INVITE sip:([^@]+)@", p.invite.start).group(1)


def main():
    host, port = sys.argv[1].rsplit(":", 1)
    phones, answer = [], {}
    trunk = peer.Peer((host, int(port)), port=int(sys.argv[2]) if len(sys.argv) > 2 else 0)  # there before the server calls it
    for line in sys.stdin:
        command = json.loads(line)
        if "call" in command:
            answer = {"status": call(phones, (host, int(port)), *command["call"])}
        elif "ring" in command:
            answer = {"called": ring(phones, trunk, command["ring"])}
        elif "pick_up" in command:
            phones[command["pick_up"]][0].pick_up(phones[command["pick_up"]][0].invite)
        elif "press" in command:
            phones[command["press"][0]][0].rtp.press(command["press"][1])
        elif "hang_up" in command:
            answer = {"status": phones[command["hang_up"]][0].bye().status}
        elif "key" in command:
            press(*phones[command["key"]])
        else:
            since = time.monotonic() - 1.5
            answer = {"levels": [[round(peer.level_db(p.rtp.pcm(since), hz), 1) for hz in command["levels"]] for p, _ in phones]}
        print(json.dumps(answer), flush=True)
    for p, _ in phones:
        p.bye()
        p.close()
    trunk.close()


main()
