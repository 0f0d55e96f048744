"""What the cases of telephones do again and again."""
import time

import harness
from peer import level_db

PATIENCE = harness.PATIENCE
open_peers = []


def soon(condition, seconds=5):
    end = time.monotonic() + seconds * PATIENCE
    while not condition():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.02)


def caller(server, **more):
    p = server.peer(**more)
    open_peers.append(p)
    return p


def enter(server, pin, tone_hz=0, **more):
    """A caller that is in the room."""
    p = caller(server, **more)
    assert p.call().status == 200
    p.rtp.tone_hz = tone_hz
    before = joined(server)
    p.rtp.press(pin + "#")
    soon(lambda: joined(server) > before, 6)
    return p


def joined(server):
    return server.words().count("to=in_room")


def hears(peer, hz, at_least_db=-35, seconds=6):
    """Until the tone is in the last half second of what was heard."""
    soon(lambda: level_db(peer.rtp.pcm(time.monotonic() - 0.5), hz) >= at_least_db, seconds)


def record(server, reason, number=""):
    def found():
        return [c for c in server.calls() if c["reason"] == reason and c["number"].endswith(number[-4:])]
    soon(found)
    return found()[0]
