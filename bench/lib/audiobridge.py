"""Janus's audiobridge as somebody else's room of telephones: each leg is a plain RTP participant in PCMU (its `rtp` API).

Janus is Debian's, started with this one plugin and its HTTP interface on loopback, without records, denoising or events.
"""
import http.client
import json
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from report import BenchError

ROOM = 4711


def here():
    return bool(list(Path("/usr/lib").glob("*/janus/plugins/libjanus_audiobridge.so"))) and Path("/usr/bin/janus").exists()


def disabled(kind, keep):
    folder = next(Path("/usr/lib").glob("*/janus")) / kind
    return ",".join(sorted(p.name for p in folder.glob("*.so") if p.name != keep)) if folder.is_dir() else ""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Janus:
    """One room that mixes at `rate_hz`; use as a context."""

    def __init__(self, rate_hz):
        self.folder = tempfile.TemporaryDirectory(prefix="tessera-janus-")
        self.port, self.asked = free_port(), 0
        self._configure()
        self.log = open(self.folder.name + "/log", "w+", encoding="utf-8")
        self.process = subprocess.Popen(["janus", "-F", self.folder.name], stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL)
        try:
            self._open(rate_hz)
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.log.close()
        self.folder.cleanup()

    def _configure(self):
        root = next(Path("/usr/lib").glob("*/janus"))
        write = lambda name, text: Path(self.folder.name, name).write_text(text)  # noqa: E731
        write("janus.jcfg", f'''general: {{
  configs_folder = "{self.folder.name}"
  plugins_folder = "{root}/plugins"
  transports_folder = "{root}/transports"
  events_folder = "{root}/events"
  loggers_folder = "{root}/loggers"
  debug_level = 2
  session_timeout = 0
}}
media: {{ ipv6 = false }}
plugins: {{ disable = "{disabled("plugins", "libjanus_audiobridge.so")}" }}
transports: {{ disable = "{disabled("transports", "libjanus_http.so")}" }}
loggers: {{ disable = "{disabled("loggers", "")}" }}
events: {{ broadcast = false, disable = "{disabled("events", "")}" }}
''')
        write("janus.transport.http.jcfg", f'general: {{ json = "compact", http = true, port = {self.port}, ip = "127.0.0.1", https = false }}\nadmin: {{ admin_http = false }}\n')
        write("janus.plugin.audiobridge.jcfg", 'general: { events = false, local_ip = "127.0.0.1", rtp_port_range = "40000-49999" }\n')

    def _ask(self, path, body=None, timeout=10):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            c.request("GET" if body is None else "POST", path, None if body is None else json.dumps(body), {"Content-Type": "application/json"})
            return json.loads(c.getresponse().read())
        finally:
            c.close()

    def _open(self, rate_hz):
        end = time.monotonic() + 20
        while True:
            try:
                self.session = "/janus/" + str(self._ask("/janus", {"janus": "create", "transaction": "create"})["data"]["id"])
                break
            except (OSError, http.client.HTTPException):
                if self.process.poll() is not None or time.monotonic() > end:
                    self.log.seek(0)
                    raise BenchError("janus does not answer:\n" + "\n".join(self.log.read().splitlines()[-8:])) from None
                time.sleep(0.1)
        made = self._message(self._handle(), {"request": "create", "room": ROOM, "sampling_rate": rate_hz, "allow_rtp_participants": True,
                                              "audiolevel_event": False, "record": False, "denoise": False})
        if made.get("audiobridge") != "created":
            raise BenchError(f"janus makes no room: {made}")

    def _handle(self):
        got = self._ask(self.session, {"janus": "attach", "transaction": "attach", "plugin": "janus.plugin.audiobridge"})
        return f"{self.session}/{got['data']['id']}"

    def _message(self, handle, body):
        """The plugin's answer, also when it comes as an event between others."""
        self.asked += 1
        own = f"bench-{self.asked}"
        got = self._ask(handle, {"janus": "message", "transaction": own, "body": body})
        end = time.monotonic() + 10
        while (got["janus"] in ("ack", "keepalive") or got.get("transaction") != own) and time.monotonic() < end:
            got = self._ask(self.session + "?maxev=1", timeout=40)
        return got.get("plugindata", {}).get("data", got)

    def join(self, n, port):
        """A participant whose telephone is at `port`; returns where it sends to."""
        got = self._message(self._handle(), {"request": "join", "room": ROOM, "id": n, "display": f"Phone {n}", "codec": "pcmu",
                                             "rtp": {"ip": "127.0.0.1", "port": port, "payload_type": 0}})
        if got.get("audiobridge") != "joined" or "rtp" not in got:
            raise BenchError(f"janus takes no plain RTP participant: {got}")
        return got["rtp"]["port"]
