#!/usr/bin/python3
"""Launcher, gateway and fake rooms, end to end; prints TAP: test_signaling.py AREA [WORD...], where words choose tests by name."""
import importlib
import os
import sys

from harness import Server, run

AREAS = ("rest", "audit", "recording", "proof", "operator", "ws", "roles", "visit", "reach", "whip", "contract", "hostile", "store", "layouts", "faults", "phone")
CONFIG = """origins = https://clinic.example
[turn]
urls = turn:127.0.0.1:3478?transport=udp;turn:127.0.0.1:3478?transport=tcp
secret = test
[limits]
max_rooms = 64
max_seats = 4
[phone]
listen = 127.0.0.1
numbers = +15550100:en;+15550200
pins_per_minute = 4
[trunk1]
proxy = sip:127.0.0.1:9
peers = 127.0.0.1
[dial]
prefixes = +1
per_room = 3
per_second = 10
"""


def main(area, *words):
    server = Server(CONFIG, also=("tessera-recording",))
    try:
        tests = importlib.import_module("test_" + area).make(server)

        def nothing_complained():
            server.stop()
            assert not server.complaints(), "\n".join(server.complaints())

        wanted = [t for t in tests if not words or any(w in t.__name__ for w in words)]
        status = run(wanted + [nothing_complained])
        if status:
            print("\n".join("# " + line for line in server.words().splitlines()[-40:]))
        return status
    finally:
        server.close()


if sys.argv[1:] and sys.argv[1] in AREAS:
    os.environ.setdefault("ASAN_OPTIONS", "detect_leaks=1")
    sys.exit(main(*sys.argv[1:]))
sys.exit(f"usage: test_signaling.py {'|'.join(AREAS)} [WORD...]")
