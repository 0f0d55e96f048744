"""A server with a telephone: launcher, gateway and tessera-phone as they are built, real rooms."""
import os
import socket
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "signaling"))

import harness  # noqa: E402
from peer import Peer  # noqa: E402

NUMBER = "+15550100"


def free_udp(n=1):
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(n)]
    for s in sockets:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def free_sip():
    """A port for SIP: UDP and TCP there, TLS on the next."""
    while True:
        port = free_udp()[0]
        try:
            for at in (port, port + 1):
                with socket.socket() as s:
                    s.bind(("127.0.0.1", at))
            return port
        except OSError:
            pass


class PhoneServer(harness.Server):
    """`trunk` adds lines to [trunk1], `more` whole sections; the trunk is a Peer that listens at `trunk_port`."""

    def __init__(self, trunk="srtp = clear\ncodecs = PCMU", phone="", more="", room="tessera-room", keepalive=0, trunks=""):
        self.sip_port, self.trunk_port = free_sip(), free_udp()[0]
        rtp = 20000 + 200 * (os.getpid() % 100) + 2 * (int(time.monotonic() * 10) % 50)
        super().__init__(f"[media]\naddresses = 127.0.0.1\n[phone]\nlisten = 127.0.0.1\nport = {self.sip_port}\nrtp_min = {rtp}\n"
                         f"rtp_max = {rtp + 199}\nnumbers = {NUMBER}:en;+15550200\npins_per_minute = 30\n{phone}\n"
                         f"[trunk1]\nproxy = sip:127.0.0.1:{self.trunk_port}\npeers = 127.0.0.1\nkeepalive = {keepalive}\n{trunk}\n{trunks}\n"
                         f"[dial]\nprefixes = +1\nper_second = 50\n{more}", room=room, also=("tessera-phone",))
        self.sip = ("127.0.0.1", self.sip_port)
        self.wait(lambda: "event=phone.ready" in self.words() or "phone.ready" in self.words(), 8)

    def peer(self, **more):
        return Peer(self.sip, **more)

    def trunk_peer(self, **more):
        return Peer(self.sip, port=self.trunk_port, **more)

    def pin(self, room, **more):
        r = self.rest("POST", f"/rooms/{room}/pins", more)
        assert r.status == 201, r.body
        return r.json()["pin"]

    def child(self, name):
        for p in self.children():
            with open(f"/proc/{p}/comm", encoding="utf-8") as f:
                if f.read().strip() == name:
                    return p
        return 0

    def seats(self, room):
        return {p["seat"]: p for p in self.inspect(room)["participants"]}

    def calls(self):
        return self.rest("GET", "/calls").json()["calls"]
