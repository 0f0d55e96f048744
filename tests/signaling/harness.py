"""Starts launcher, gateway and fake rooms in a folder of their own; small clients for HTTP and WebSocket; a TAP printer."""
import asyncio
import ctypes
import glob
import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import traceback

import websockets
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

import contract

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))

PATIENCE = 3  # how much longer than expected a busy machine may take

TLS = ssl.create_default_context()
TLS.check_hostname = False
TLS.verify_mode = ssl.CERT_NONE


def programs():
    """The folder with tessera and tessera-launcher: TESSERA_BIN, or the newest build."""
    given = os.environ.get("TESSERA_BIN")
    if given:
        return given
    found = [os.path.dirname(p) for p in glob.glob(TOP + "/build/*/bin/tessera-launcher")]
    found = [d for d in found if os.path.exists(d + "/tessera")]
    if not found:
        raise SystemExit("Bail out! no build with tessera and tessera-launcher: build first, or set TESSERA_BIN")
    return max(found, key=lambda d: os.path.getmtime(d + "/tessera"))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)


open_sockets = []  # of the test that runs


async def and_then_hang_up(test):
    """A test, and the end of every socket it has opened: one that is left with unread messages takes 10 s to close by itself."""
    try:
        await test
    finally:
        for ws in open_sockets:
            ws.transport.abort()
        await asyncio.gather(*(ws.wait_closed() for ws in open_sockets))
        open_sockets.clear()


class Server:
    def __init__(self, config="", room="fake_room.py", limits=None, drain_s=0, also=()):
        self.drain_s = drain_s  # how long visits go on after SIGTERM
        self.limits = limits  # called in the child before it becomes the launcher
        self.folder = tempfile.mkdtemp(prefix="tessera-test-")
        self.bin, self.data = self.folder + "/bin", self.folder + "/data"
        os.mkdir(self.bin)
        for name in ("tessera", "tessera-launcher", *also):
            shutil.copy2(f"{programs()}/{name}", self.bin)
        os.symlink(os.path.dirname(programs()) + "/prompts", self.folder + "/prompts")  # of callers
        shutil.copy2(f"{HERE}/{room}" if room.endswith(".py") else f"{programs()}/{room}", self.bin + "/tessera-room")
        self.port = free_port()
        self.config = self.folder + "/tessera.ini"
        with open(self.config, "w") as f:
            f.write(f"[server]\nlisten = 127.0.0.1\nassets = {TOP}/assets\n{config}")
        self.log = open(self.folder + "/log", "w+")
        self.start()

    def command(self):
        return [self.bin + "/tessera-launcher", "--data", self.data, "--port", str(self.port), "--config", self.config, "--no-demo", "--allow-root"]

    def before_exec(self):
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG: nothing is left when the tests are stopped
        if self.limits:
            self.limits()

    def start(self):
        self.launcher = subprocess.Popen(self.command(), stderr=self.log, stdout=self.log, preexec_fn=self.before_exec,
                                         env={**os.environ, "TESSERA_LIMITS_DRAIN_SECONDS": str(self.drain_s)})
        self.wait(lambda: self.get("/readyz").status == 200, 5)
        with open(self.data + "/admin.key") as f:
            self.key = f.read().strip()

    def fails_to_start(self, *words):
        r = subprocess.run(self.command(), capture_output=True, text=True, timeout=10)
        return r.returncode == 1 and all(w in r.stderr for w in words)

    def check_config(self):
        """What tessera --check-config finds wrong, or nothing."""
        r = subprocess.run([self.bin + "/tessera", "--check-config", "--config", self.config], capture_output=True, text=True, timeout=10)
        assert (r.returncode == 0) == ("the configuration is good" in r.stdout), r
        return r.stderr if r.returncode else ""

    def wait(self, condition, seconds):
        """Until the condition holds; returns after how long."""
        begin = time.monotonic()
        while time.monotonic() - begin < seconds * PATIENCE:
            try:
                if condition():
                    return time.monotonic() - begin
            except (OSError, http.client.HTTPException):
                pass
            if self.launcher.poll() is not None:
                break
            time.sleep(0.02)
        raise AssertionError(f"not within {seconds * PATIENCE} s:\n" + self.words()[-3000:])

    def words(self):
        with open(self.folder + "/log", encoding="utf-8", errors="replace") as f:
            return f.read()

    def trail(self):
        with open(self.data + "/audit.log", encoding="ascii") as f:
            return f.read()

    def complaints(self):
        """Sanitizer reports, GLib's own, and the lines after each."""
        lines = self.words().splitlines()
        found = [i for i, line in enumerate(lines) if any(w in line for w in ("Sanitizer", "runtime error", "CRITICAL", "Assertion", "ERROR:"))]
        return [line for i in found for line in lines[i : i + 30]]

    def children(self):
        with open(f"/proc/{self.launcher.pid}/task/{self.launcher.pid}/children") as f:
            return [int(p) for p in f.read().split()]

    def gateway(self):
        for p in self.children():
            with open(f"/proc/{p}/comm") as f:
                if f.read().strip() == "tessera":
                    return p
        return 0

    def cpu_s(self):
        with open(f"/proc/{self.gateway()}/stat", encoding="utf-8") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def request(self, method, path, body=None, headers=None, timeout=8):
        c = http.client.HTTPSConnection("127.0.0.1", self.port, context=TLS, timeout=timeout)
        try:
            c.request(method, path, body, headers or {})
            r = c.getresponse()
            reply = Reply(r.status, r.headers, r.read())
            if method != "HEAD":
                contract.check_reply(method, path, reply.status, reply.headers, reply.body)
            return reply
        finally:
            c.close()

    def get(self, path, **headers):
        return self.request("GET", path, None, headers)

    def rest(self, method, path, body=None):
        data = None if body is None else json.dumps(body)
        return self.request(method, "/api/v1" + path, data, {"Authorization": "Bearer " + self.key})

    def room(self, **body):
        return self.rest("POST", "/rooms", body or {"name": "Visit"}).json()["id"]

    def link(self, room, role="patient", name="Ana", **more):
        r = self.rest("POST", f"/rooms/{room}/links", {"role": role, "name": name, **more})
        assert r.status == 201, r.body
        return r.json()

    def inspect(self, room):
        return self.rest("GET", "/rooms/" + room).json()

    def film(self, recording, seconds=3, segments=1, stranger=False):
        """Real sealed segments in the place of what a fake room has written, signed by it or by a stranger. While it still records, it says their
        heads as its own."""
        folder, room = f"{self.data}/recordings/{recording}", self.rest("GET", "/recordings/" + recording).json()["room"]
        for name in os.listdir(folder):
            os.remove(f"{folder}/{name}")
        made = subprocess.run([programs() + "/tessera-longfilm", self.data + "/gateway.key", self.data + "/recording.pub", recording, room, str(seconds),
                               "-" if stranger else self.inspect(room)["audio"]["signing"], *(f"{folder}/{n}.tsr" for n in range(segments))],
                              check=True, capture_output=True, text=True)
        heads = [json.loads(line) for line in made.stdout.splitlines()]
        with open(folder + "/film.json", "w", encoding="utf-8") as f:
            json.dump({h["segment"]: {k: v for k, v in h.items() if k not in ("state", "file", "reason", "bytes")} for h in heads}, f)

    async def socket(self, **options):
        ws = await websockets.connect(f"wss://127.0.0.1:{self.port}/ws", ssl=TLS, max_size=None, ping_interval=None,
                                      compression=None, **options)
        open_sockets.append(ws)
        return ws

    async def join(self, link, **more):
        ws = await self.socket()
        await say(ws, type="join", token=link["token"], **more)
        return ws, await hear(ws, "joined")

    def stop(self):
        if self.launcher.poll() is None:
            self.launcher.send_signal(signal.SIGTERM)
            self.launcher.wait(15)
        return self.launcher.returncode

    def close(self):
        try:
            self.stop()
        finally:
            self.log.close()
            shutil.rmtree(self.folder, ignore_errors=True)


def x25519_pair():
    """Private and public half, in hexadecimal."""
    key, raw = X25519PrivateKey.generate(), serialization.Encoding.Raw
    return (key.private_bytes(raw, serialization.PrivateFormat.Raw, serialization.NoEncryption()).hex(),
            key.public_key().public_bytes(raw, serialization.PublicFormat.Raw).hex())


async def say(ws, **m):
    contract.sent.add(m["type"])
    await ws.send(json.dumps(m))


async def hear(ws, kind=None, seconds=5):
    """The next message, of that type when one is given."""
    while True:
        m = json.loads(await asyncio.wait_for(ws.recv(), seconds * PATIENCE))
        contract.check_message(m)
        if kind is None or m["type"] == kind:
            return m


async def hear_end(ws, seconds=5):
    """Reads until the socket closes; returns the close code."""
    try:
        while True:
            await asyncio.wait_for(ws.recv(), seconds * PATIENCE)
    except websockets.ConnectionClosed:
        return ws.close_code


def run(tests):
    """Runs test functions (plain or async) and prints TAP; returns the exit status."""
    failed = 0
    print(f"1..{len(tests)}", flush=True)
    for n, test in enumerate(tests, 1):
        name, begin = test.__name__.replace("_", " "), time.monotonic()
        try:
            result = test()
            if asyncio.iscoroutine(result):
                asyncio.run(and_then_hang_up(result))
            print(f"ok {n} - {name}", flush=True)
            print(f"# {time.monotonic() - begin:.1f} s", flush=True)
        except BaseException as e:  # noqa: B902  a test must not end the others
            failed += 1
            print(f"not ok {n} - {name}", flush=True)
            for line in traceback.format_exc().splitlines():
                print("# " + line)
            if isinstance(e, KeyboardInterrupt):
                break
    return 1 if failed else 0
