"""Speaks as tessera-phone with the gateway, without SIP: signaling/PHONE-PROTOCOL.md."""
import array
import json
import os
import socket
import time


class FakePhone:
    def __init__(self, server, trunks=("trunk1",)):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        folder = os.open(server.data + "/rooms", os.O_RDONLY)
        try:
            self.socket.connect(f"/proc/self/fd/{folder}/phone")
        finally:
            os.close(folder)
        self.socket.settimeout(5)
        self.next_id, self.waiting = 0, []
        self.send(type="hello", protocol=1, build="fake", pid=os.getpid())
        self.hello = self.hear("hello")
        for t in trunks:
            self.send(type="trunk", trunk=t, up=True)

    def close(self):
        self.socket.close()

    def send(self, fds=(), **m):
        data = json.dumps(m).encode()
        control = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        self.socket.sendmsg([data], control)

    def read(self):
        return json.loads(self.socket.recv(65536))

    def hear(self, kind, seconds=5):
        """The next message of that type; others are kept."""
        for m in self.waiting:
            if m["type"] == kind:
                self.waiting.remove(m)
                return m
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            m = self.read()
            if m["type"] == kind and "id" not in m:
                return m
            self.waiting.append(m)
        raise AssertionError(f"no {kind}: {self.waiting}")

    def silent(self, seconds):
        """Whether nothing comes for so long."""
        self.socket.settimeout(seconds)
        try:
            self.waiting.append(self.read())
            return False
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(5)

    def ask(self, fds=(), **m):
        self.next_id += 1
        self.send(fds, id=self.next_id, **m)
        while True:
            reply = self.read()
            if reply.get("id") == self.next_id:
                return reply
            self.waiting.append(reply)

    # ---- calls ----

    def incoming(self, call, number="+15550100", caller="+15557003121", trunk="trunk1"):
        return self.ask(type="incoming", call=call, trunk=trunk, number=number, **{"from": caller})

    def pin(self, call, pin):
        return self.ask(type="pin", call=call, pin=pin, language="en")

    def hand(self, call, bound=None, codec="PCMU", srtp=None, tell=None):
        pair = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        leg = {"codec": codec, "pt_in": 0, "pt_out": 0, "event_pt": 101, "ptime": 20, "ssrc": 1, "seq": 1, "ts": 1, "remote": "127.0.0.1:9",
               "srtp": srtp}
        try:
            return (tell or self.ask)(fds=[s.fileno() for s in pair], type="leg", call=call, leg=leg, bound=bound)
        finally:
            for s in pair:
                s.close()

    def hand_unheard(self, call):
        """Does not wait for the answer."""
        self.hand(call, tell=lambda **m: self.send(id=9999, **m))

    def enter(self, call, pin, **more):
        """A caller all the way into the room; returns its seat."""
        assert self.incoming(call, **more)["type"] == "ok"
        reply = self.pin(call, pin)
        assert reply["type"] == "ok", reply
        handed = self.hand(call, reply["bound"])
        assert handed["type"] == "ok", handed
        return reply["bound"]
