#!/usr/bin/python3
"""A recording desk: speaks the room protocol to a running room in the gateway's place, hands it files, certifies its key, and records.

desk.py --rooms FOLDER --room ID --gateway PID --seconds N --out FOLDER [--tier A] [--kill-room | --withdraw]
The gateway is held still (SIGSTOP) meanwhile, so that it does not ask for its room back. What the room said goes to OUT/said.json, the
keys to OUT/gateway.pub, OUT/recipient.key, the segments to OUT/*.tsr. Keys are made and used by the openssl program."""
import argparse
import array
import json
import os
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

ED25519 = bytes.fromhex("302e020100300506032b657004220420")  # PKCS #8 before the raw key
X25519 = bytes.fromhex("302e020100300506032b656e04220420")
GENERATION = 2 ** 50


def openssl(*args, data=b""):
    return subprocess.run(["openssl", *args], input=data, capture_output=True, check=True).stdout


def public_of(prefix, private):
    return openssl("pkey", "-inform", "DER", "-pubout", "-outform", "DER", data=prefix + private)[-32:]


def sign(private, text):
    with tempfile.TemporaryDirectory() as folder:
        key, message = Path(folder, "key"), Path(folder, "text")
        key.write_bytes(ED25519 + private)
        message.write_bytes(text.encode())
        return openssl("pkeyutl", "-sign", "-inkey", str(key), "-keyform", "DER", "-rawin", "-in", str(message))


class Wire:
    """The room's socket, one JSON object a datagram; long ones come in a memfd."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.settimeout(10)
        self.socket.connect(str(path))

    def say(self, message, fds=()):
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        self.socket.sendmsg([json.dumps(message).encode()], rights)

    def hear(self, seconds):
        self.socket.settimeout(max(seconds, 0.001))
        try:
            data, rights, _, _ = self.socket.recvmsg(256 * 1024, socket.CMSG_SPACE(64))
        except (TimeoutError, socket.timeout):
            return None
        if not data:
            raise EOFError("the room is gone")
        message = json.loads(data)
        fds = array.array("i")
        for _, _, held in rights:
            fds.frombytes(held[: len(held) - len(held) % fds.itemsize])
        if "memfd" in message:
            with os.fdopen(fds[0], "rb") as file:
                message = json.loads(os.pread(file.fileno(), message["memfd"], 0))
        return message


class Desk:
    def __init__(self, rooms, room, out):
        self.out, self.said, self.layouts, self.seats, self.made = Path(out), [], {}, [], 0
        self.out.mkdir(parents=True, exist_ok=True)
        self.wire, self.hello = self._find(Path(rooms), room)
        self.room = room
        self.gateway, self.recipient = os.urandom(32), os.urandom(32)
        (self.out / "gateway.key").write_text(self.gateway.hex())
        (self.out / "gateway.pub").write_text(public_of(ED25519, self.gateway).hex())
        (self.out / "recipient.key").write_text(self.recipient.hex())
        self.wire.say({"type": "hello", "protocol": 1, "build": "desk", "generation": GENERATION, "room": room, "revision": 0})

    @staticmethod
    def _find(folder, room):
        for path in sorted(folder.iterdir()):
            if path.is_socket():
                try:
                    wire = Wire(path)
                    hello = wire.hear(2)
                except OSError:
                    continue
                if hello and hello.get("room") == room:
                    return wire, hello
        raise SystemExit(f"no room {room} in {folder}")

    def hear_until(self, done, seconds, what):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            message = self.wire.hear(min(1, until - time.monotonic()))
            if message is None:
                continue
            if message["type"] == "layout" and not message.get("view"):
                self.layouts[message["tier"]] = message
            if message["type"] == "roster":
                self.seats = [p["seat"] for p in message["participants"]]
            if message["type"] in ("recording", "error", "ok"):
                self.said.append(message)
            if done(message):
                return message
        if what:
            raise SystemExit(f"the room did not say {what}: {json.dumps(self.said[-5:])}")
        return None

    def listen(self, seconds):
        self.hear_until(lambda m: False, seconds, None)

    def file(self, recording, name):
        fd = os.open(self.out / f"{name}.tsr", os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        self.wire.say({"type": "record", "id": 1, "action": "file", "recording": recording, "file": name}, [fd])
        os.close(fd)

    def start(self, recording, tier="A", consents=None, segment=0, previous=""):
        """`consents`: seats that have agreed; None: the policy asks nobody."""
        issued, key = int(time.time() * 1000), self.hello["signing_key"]
        text = f"tessera room certificate 1\n{recording}\n{self.room}\n{issued}\n{key}\n"
        certificate = {"recording": recording, "room": self.room, "issued_ms": issued, "key": key,
                       "issuer": public_of(ED25519, self.gateway).hex(), "signature": sign(self.gateway, text).hex()}
        self.wire.say({"type": "record", "id": 2, "action": "start", "recording": recording, "room": self.room, "segment": segment,
                       "previous": previous, "tier": tier, "key": public_of(X25519, self.recipient).hex(), "kid": "desk",
                       "certificate": certificate, "policy": "announced" if consents is None else "everyone",
                       "consents": [{"seat": s, "version": "1", "method": "desk", "time_ms": issued} for s in consents or []], "reserve": 0})
        answer = self.hear_until(lambda m: m.get("id") == 2, 10, "whether it records")
        if answer["type"] != "ok":
            raise SystemExit(f"refused: {answer}")

    def act(self, recording, action, **more):
        self.wire.say({"type": "record", "id": 3, "action": action, "recording": recording, **more})

    def stop(self, recording):
        self.act(recording, "stop")
        self.hear_until(lambda m: m.get("state") == "stopped", 10, "that it stopped")

    def pictures(self, tier):
        """How many have been encoded of what is recorded of this tier: as everybody sees it, and for the recording alone."""
        self.wire.say({"type": "inspect", "id": 4})
        video = self.hear_until(lambda m: m["type"] == "inspection", 10, "how it is")["video"]
        return sum(t["encoded"] for t in video["tiers"] if t["tier"] == tier and t.get("view") in (None, "recording"))

    def keep(self):
        (self.out / "said.json").write_text(json.dumps(self.said, indent=1))
        (self.out / "made.json").write_text(json.dumps(self.made))
        heads = [m for m in self.said if m.get("state") == "head"]
        (self.out / "anchors.json").write_text(json.dumps(heads[-1:]))
        (self.out / "seats.json").write_text(json.dumps(self.seats))
        (self.out / "layouts.json").write_text(json.dumps(self.layouts))


def main():
    parser = argparse.ArgumentParser()
    for name in ("rooms", "room", "out"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--gateway", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--tier", default="A")
    parser.add_argument("--kill-room", action="store_true", help="kill -9 instead of stop")
    parser.add_argument("--withdraw", action="store_true", help="everybody agrees, and the first seat withdraws half way")
    options = parser.parse_args()
    os.kill(options.gateway, signal.SIGSTOP)
    try:
        desk = Desk(options.rooms, options.room, options.out)
        desk.file("rec1", "one")
        desk.listen(0.5)
        made = desk.pictures(options.tier)
        desk.start("rec1", options.tier, desk.seats if options.withdraw else None)
        desk.listen(options.seconds / 2)
        if options.withdraw:
            desk.act("rec1", "consent", seat=desk.seats[0], given=False)
        desk.listen(options.seconds / 2)
        if options.kill_room:
            os.kill(desk.hello["pid"], signal.SIGKILL)
        else:
            desk.stop("rec1")
            desk.made = desk.pictures(options.tier) - made
        desk.keep()
    finally:
        os.kill(options.gateway, signal.SIGCONT)


if __name__ == "__main__":
    main()
