"""A server of its own: launcher on a free port with a data folder that goes away, REST, rooms and simulated participants."""
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
from pathlib import Path

import process
from report import TOP, BenchError


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def end(child, seconds=15):
    """TERM, then KILL for it and what it started."""
    if child.poll() is None:
        family = process.below(child.pid)
        child.terminate()
        try:
            child.wait(seconds)
        except subprocess.TimeoutExpired:
            for pid in [child.pid, *family]:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            child.wait()


class Server:
    def __init__(self, programs):
        self.programs, self.port = programs, free_port()
        self.data = Path(tempfile.mkdtemp(prefix="tessera-bench-"))
        self.log = open(self.data / "server.log", "w+")
        environment = {
            **os.environ,
            "TESSERA_SERVER_LISTEN": "127.0.0.1",
            "TESSERA_MEDIA_ADDRESSES": "127.0.0.1",
            "TESSERA_LIMITS_DRAIN_SECONDS": "0",
            "TESSERA_SERVER_ASSETS": str(TOP / "assets"),
        }
        self.child = subprocess.Popen(
            [programs.path("tessera-launcher"), "--data", str(self.data), "--port", str(self.port), "--no-demo", "--allow-root"],
            env=environment, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, start_new_session=True)
        self.tls = ssl.create_default_context()
        self.tls.check_hostname, self.tls.verify_mode = False, ssl.CERT_NONE
        self.children = []

    def __enter__(self):
        try:
            self._wait_ready(20)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for child in self.children:
            end(child, 5)
        end(self.child)
        self.log.close()
        shutil.rmtree(self.data, ignore_errors=True)

    def _wait_ready(self, seconds):
        until = time.monotonic() + seconds
        while time.monotonic() < until and self.child.poll() is None:
            try:
                if self._request("GET", "/readyz", None)[0] == 200:
                    return
            except OSError:
                pass
            time.sleep(0.05)
        raise BenchError("the server did not start:\n" + self.last_words())

    def last_words(self, lines=10):
        self.log.flush()
        return "\n".join(Path(self.log.name).read_text().splitlines()[-lines:])

    def _request(self, method, path, body):
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=10, context=self.tls)
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if path.startswith("/api/v1"):
            headers["Authorization"] = "Bearer " + (self.data / "admin.key").read_text().strip()
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def api(self, method, path, body=None):
        status, text = self._request(method, "/api/v1" + path, body)
        if status // 100 != 2:
            raise BenchError(f"{method} {path}: {status} {text[:200]!r}")
        return json.loads(text) if text else None

    def metric(self, name):
        """The sum of a counter or gauge over its labels."""
        text = self._request("GET", "/metrics", None)[1].decode()
        return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.split("{")[0].split(" ")[0] == name)

    def room_processes(self):
        return [pid for pid in process.below(self.child.pid) if process.name_of(pid).startswith("tessera-room")]


class Room:
    """A room and its simulated participants, each put on a tier."""

    def __init__(self, server, name, tiers):
        self.server = server
        self.id = server.api("POST", "/rooms", {"name": name})["id"]
        self.links = [server.api("POST", f"/rooms/{self.id}/links", {"role": "guest", "name": f"Bot {i + 1}"}) for i in range(len(tiers))]
        self.tiers = tiers
        self.bots = None
        self.out = None

    def start_bots(self, seconds, *options, clips=None):
        programs = self.server.programs
        command = [programs.path("tessera-bot"), "--insecure", "--json", "--address", "127.0.0.1", "--duration", str(seconds), "--clips", str(clips or programs.clips), *options]
        for link in self.links:
            command += ["--link", link["url"]]
        self.out = open(self.server.data / f"bots-{self.id}.out", "w+")
        self.bots = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.out, stderr=self.server.log, start_new_session=True)
        self.server.children.append(self.bots)

    def inspect(self):
        return self.server.api("GET", f"/rooms/{self.id}")

    def wait_live(self, seconds):
        """Everybody up and sending, everybody on his tier, every wanted tier encoded."""
        until = time.monotonic() + seconds
        asked = set()
        seen = None
        while time.monotonic() < until:
            if self.bots.poll() is not None:
                raise BenchError(f"tessera-bot ended with {self.bots.returncode}:\n" + self.server.last_words())
            seen = self.inspect()
            up = [p for p in seen.get("participants", []) if p["state"] == "up"]
            for person in up:
                index = next(i for i, link in enumerate(self.links) if link["seat"] == person["seat"])
                if person["seat"] not in asked:
                    self.server.api("POST", f"/rooms/{self.id}/participants/{person['seat']}/tier", {"tier": self.tiers[index]})
                    asked.add(person["seat"])
            live = len(up) == len(self.links) and all(p["in"]["video"]["pictures"] > 0 for p in up)
            if live and {p["tier"] for p in up} == set(self.tiers) and seen["video"]["live_tiers"] == len(set(self.tiers)):
                return
            time.sleep(0.2)
        states = [(p["state"], p["tier"], p["in"]["video"]["pictures"]) for p in (seen or {}).get("participants", [])]
        raise BenchError(f"the visit did not come up within {seconds} s: {states}\n" + self.server.last_words())

    def stop_bots(self):
        """Ends them; returns everything that they reported, one object a line."""
        if self.bots.poll() is None:
            self.bots.send_signal(signal.SIGINT)
            try:
                self.bots.wait(8)
            except subprocess.TimeoutExpired:
                end(self.bots, 1)
        self.out.seek(0)
        reports = []
        for line in self.out:
            try:
                reports.append(json.loads(line))
            except ValueError:
                pass
        return [r for r in reports if isinstance(r, dict)]

    def close(self):
        self.server.api("DELETE", f"/rooms/{self.id}")
