#!/usr/bin/python3
"""dial_in.py N: N calls one after the other into a visit in which another caller is a steady tone. Prints JSON: milliseconds from INVITE
to the first sound of a prompt, and from the first packet of the PIN's last key to the first packet in which the room is heard."""
import json
import sys
import time
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests" / "phone"))

import numpy  # noqa: E402
from kit import PhoneServer  # noqa: E402
from peer import audioop, level_db  # noqa: E402

TONE_HZ, LOUD, PATIENCE_S = 1900, 500, 8
FRAMES = 5  # of 20 ms in which the tone is looked for


def samples(frame):
    return numpy.frombuffer(audioop.ulaw2lin(frame[5], 2), "<i2").astype(float)


def first(peer, since, found):
    """When the first packet came after `since` at which found(packets up to it) is true."""
    end = time.monotonic() + PATIENCE_S
    at = 0
    while time.monotonic() < end:
        heard = peer.rtp.heard
        while at < len(heard):
            at += 1
            if heard[at - 1][0] >= since and found(heard[:at]):
                return heard[at - 1][0]
        time.sleep(0.005)
    raise AssertionError("it was not heard")


def is_prompt(heard):
    return numpy.abs(samples(heard[-1])).max() > LOUD


def is_room(heard):
    tail = numpy.concatenate([samples(h) for h in heard[-FRAMES:]])
    return len(tail) >= FRAMES * 160 and level_db(tail, TONE_HZ) > -30


def enter(server, pin, number):
    peer = server.peer(number=number)
    invited = time.monotonic()
    assert peer.call().status == 200
    prompt = first(peer, invited, is_prompt)
    peer.rtp.press(pin + "#")
    while not (peer.rtp.keys and peer.rtp.keys[0]["key"] == "#" and peer.rtp.keys[0]["n"] > 0):
        time.sleep(0.001)
    return peer, 1000 * (prompt - invited), time.monotonic()


def main(calls):
    found = {"invite_to_prompt_ms": [], "pin_to_room_ms": []}
    server = PhoneServer(phone="calls_per_second = 20")
    try:
        room = server.room()
        pin = server.pin(room)
        resident, _, _ = enter(server, pin, "+15557000001")
        resident.rtp.tone_hz = TONE_HZ
        server.wait(lambda: server.words().count("to=in_room") == 1, 8)
        time.sleep(1)
        for n in range(calls):
            peer, to_prompt, keyed = enter(server, pin, f"+1555700{n + 100:04}")
            found["invite_to_prompt_ms"].append(to_prompt)
            found["pin_to_room_ms"].append(1000 * (first(peer, keyed, is_room) - keyed))
            peer.bye()
            peer.close()
            time.sleep(0.3)
        resident.bye()
        resident.close()
    finally:
        server.stop()
        server.close()
    print(json.dumps(found))


main(int(sys.argv[1]))
