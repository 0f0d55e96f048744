"""A small SIP telephone for tests: one call at a time over UDP, PCMU with a tone, keys by RFC 4733; keeps all it is sent."""
import os
import random
import re
import socket
import struct
import subprocess
import threading
import time
import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import audioop

import numpy

RATE, FRAME = 8000, 160
KEYS = "0123456789*#ABCD"


class Message:
    def __init__(self, data):
        head, _, self.body = data.decode(errors="replace").partition("\r\n\r\n")
        self.start, *lines = head.split("\r\n")
        self.headers = [(k.strip().lower(), v.strip()) for k, _, v in (line.partition(":") for line in lines)]
        self.status = int(self.start.split()[1]) if self.start.startswith("SIP/2.0") else 0
        self.method = self["cseq"].split()[-1] if self.status else self.start.split()[0]

    def __getitem__(self, name):
        return next((v for k, v in self.headers if k == name), "")

    def all(self, name):
        return [v for k, v in self.headers if k == name]

    def tag(self, header):
        found = re.search(r";tag=([^;>\s]+)", self[header])
        return found.group(1) if found else ""

    def sdp_port(self):
        found = re.search(r"m=audio (\d+)", self.body)
        return int(found.group(1)) if found else 0


def word():
    return f"{random.getrandbits(48):x}"


class Rtp(threading.Thread):
    """Sends a frame each 20 ms once it has a target: a tone, or a key that is being pressed; keeps what comes."""

    def __init__(self, ip):
        super().__init__(daemon=True)
        while True:
            self.socket, self.rtcp = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
            self.socket.bind((ip, 0))
            self.port = self.socket.getsockname()[1]
            try:
                self.rtcp.bind((ip, self.port + 1))
            except OSError:
                continue
            if self.port % 2 == 0:
                break
        self.socket.settimeout(0.005)
        self.target, self.tone_hz, self.level = None, 0, 8000
        self.keys, self.heard = [], []  # heard: (time, seq, ts, ssrc, pt, payload)
        self.ssrc, self.seq, self.ts, self.stop = random.getrandbits(32), random.getrandbits(15), random.getrandbits(31), False
        self.marks = []
        self.start()

    def close(self):
        self.stop = True
        self.join(2)
        self.socket.close()
        self.rtcp.close()

    def run(self):
        following = time.monotonic()
        while not self.stop:
            try:
                data, _ = self.socket.recvfrom(2048)
                if len(data) >= 12:
                    seq, ts, ssrc = struct.unpack("!HII", data[2:12])
                    self.heard.append((time.monotonic(), seq, ts, ssrc, data[1] & 127, data[12:]))
            except (TimeoutError, OSError):
                pass
            if time.monotonic() >= following:
                following += 0.02
                if self.target:
                    self.send_frame()

    def send(self, pt, ts, payload, marker=0):
        self.socket.sendto(struct.pack("!BBHII", 128, marker << 7 | pt, self.seq & 65535, ts & 0xffffffff, self.ssrc) + payload, self.target)
        self.seq += 1

    def send_frame(self):
        if self.keys:
            self.send_key()
        else:
            n = numpy.arange(self.ts, self.ts + FRAME)
            tones = self.tone_hz if isinstance(self.tone_hz, tuple) else (self.tone_hz,)
            pcm = sum((self.level * numpy.sin(2 * numpy.pi * hz * n / RATE) for hz in tones), numpy.zeros(FRAME)).astype("<i2")
            self.send(0, self.ts, audioop.lin2ulaw(pcm.tobytes(), 2))
        self.ts += FRAME

    def send_key(self):
        """A key takes 100 ms and 60 ms of pause: 5 packets, then the end three times (RFC 4733 2.5.1.4)."""
        key = self.keys[0]
        key["n"] += 1
        n = key["n"]
        if n == 1:
            key["ts"] = self.ts
        if n <= 5:
            self.send(101, key["ts"], struct.pack("!BBH", KEYS.index(key["key"]), 10, n * FRAME), n == 1)
        elif n == 6:
            for _ in range(3):
                self.send(101, key["ts"], struct.pack("!BBH", KEYS.index(key["key"]), 0x80 | 10, 6 * FRAME))
        elif n > 8:
            self.keys.pop(0)

    def press(self, keys):
        self.keys += [{"key": k, "n": 0} for k in keys]

    def pcm(self, since, until=None):
        """What was heard between two times, as numbers; lost packets are not filled."""
        frames = [h for h in self.heard if since <= h[0] < (until or time.monotonic()) and h[4] == 0]
        return numpy.frombuffer(b"".join(audioop.ulaw2lin(h[5], 2) for h in frames), "<i2").astype(float)


def write_keys(path, keys):
    """A capture file of keys by RFC 4733, payload type 101, for sipp's play_pcap_audio."""
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        seq, at_ms = 100, 0
        for n, key in enumerate(keys):
            for step in range(8):
                end = step > 4
                event = struct.pack("!BBH", KEYS.index(key), (0x80 if end else 0) | 10, FRAME * min(step + 1, 6))
                rtp = struct.pack("!BBHII", 128, (0x80 if step == 0 else 0) | 101, seq, 1000 + n * 2400, 77) + event
                udp = struct.pack("!HHHH", 4000, 4000, 8 + len(rtp), 0) + rtp
                ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, b"\x7f\0\0\1", b"\x7f\0\0\1") + udp
                frame = b"\0" * 12 + b"\x08\0" + ip
                f.write(struct.pack("<IIII", at_ms // 1000, at_ms % 1000 * 1000, len(frame), len(frame)) + frame)
                seq, at_ms = seq + 1, at_ms + 20
            at_ms += 80


def level_db(pcm, hz, rate=RATE):
    """How strong a tone is in dB to full scale."""
    if len(pcm) < rate // 10:
        return -120.0
    n = numpy.arange(len(pcm))
    w = numpy.hanning(len(pcm))
    a = 2 * abs(numpy.sum(pcm * w * numpy.exp(-2j * numpy.pi * hz * n / rate))) / numpy.sum(w)
    return 20 * numpy.log10(max(a, 1e-3) / 32768)


def spoken(words):
    """The words as espeak-ng says prompts, at 8 kHz, without the silence around them."""
    wav = subprocess.run(["espeak-ng", "-v", "en-us", "-s", "150", "--stdout", words], capture_output=True, check=True).stdout
    raw = subprocess.run(["ffmpeg", "-v", "error", "-i", "-", "-f", "s16le", "-ar", str(RATE), "-"], input=wav, capture_output=True, check=True).stdout
    pcm = numpy.frombuffer(raw, "<i2").astype(float)
    loud = numpy.flatnonzero(abs(pcm) > 500)
    return pcm[loud[0]:loud[-1]]


def likeness(pcm, words):
    """How much of the words is somewhere in the sound: 1 = all, wherever they are in it."""
    if len(pcm) < len(words):
        return 0
    size = 1 << (len(pcm) + len(words)).bit_length()
    match = numpy.fft.irfft(numpy.fft.rfft(pcm, size) * numpy.conj(numpy.fft.rfft(words, size)), size)[:len(pcm) - len(words) + 1]
    energy = numpy.concatenate(([0], numpy.cumsum(pcm ** 2)))
    there = energy[len(words):] - energy[:-len(words)]
    return float((match / numpy.sqrt(numpy.maximum(there, 1) * (words ** 2).sum())).max())


class Peer:
    def __init__(self, server, ip="127.0.0.1", port=0, number="+15557003121"):
        self.server, self.ip, self.number, self.transport = server, ip, number, "udp"
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((ip, port))
        self.begin()

    def begin(self):
        self.port = self.socket.getsockname()[1]
        self.rtp = Rtp(self.ip)
        self.log = []  # every Message that came
        self.new_dialog()

    def new_dialog(self):
        self.call_id, self.tag, self.to_tag, self.cseq, self.branch = word() + "@test", word(), "", random.randint(1, 1000), ""
        self.contact, self.uri, self.incoming = None, None, None

    def close(self):
        self.rtp.close()
        self.socket.close()

    def sdp(self, ip=None, port=None, formats="0 101", mode="sendrecv", more=""):
        ip = ip or self.ip
        return (f"v=0\r\no=- 1 {random.randint(1, 10**6)} IN IP4 {self.ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\n"
                f"m=audio {self.rtp.port if port is None else port} RTP/AVP {formats}\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
                f"a=fmtp:101 0-15\r\na=ptime:20\r\na={mode}\r\n{more}")

    def send(self, text, body="", kind="application/sdp"):
        content = f"Content-Type: {kind}\r\n" if body else ""
        self.put(f"{text}{content}Content-Length: {len(body)}\r\n\r\n{body}".encode())

    def put(self, data):
        self.socket.sendto(data, self.server)

    def take(self):
        return self.socket.recv(65536)

    def request(self, method, body="", headers="", number="+15550100", cseq=None, kind="application/sdp"):
        """Sends a request of the dialog, or the one that begins it."""
        if cseq is None:
            self.cseq += 1
            cseq = self.cseq
        if method != "CANCEL" and not (method == "ACK" and not self.to_tag):
            self.branch = "z9hG4bK" + word()
        target = self.contact or f"sip:{number}@{self.server[0]}:{self.server[1]}"
        own, other = f"<sip:{self.number}@{self.ip}:{self.port}>;tag={self.tag}", f"<sip:{number}@{self.server[0]}>"
        if self.incoming:
            own, other = self.incoming["to"] + f";tag={self.tag}", self.incoming["from"]
        elif self.to_tag:
            other += f";tag={self.to_tag}"
        self.send(f"{method} {target} SIP/2.0\r\nVia: SIP/2.0/{self.transport.upper()} {self.ip}:{self.port};branch={self.branch};rport\r\nMax-Forwards: 70\r\n"
                  f"From: {own}\r\nTo: {other}\r\nCall-ID: {self.call_id}\r\nCSeq: {cseq} {method}\r\n"
                  f"Contact: <sip:{self.number}@{self.ip}:{self.port}>\r\n{headers}", body, kind)

    def hear(self, seconds=4):
        """The next message, None if none comes."""
        self.socket.settimeout(seconds)
        try:
            while True:
                data = self.take()
                if len(data) > 20:
                    m = Message(data)
                    self.log.append(m)
                    return m
        except TimeoutError:
            return None

    def hear_until(self, wanted, seconds=6):
        """Reads until a message fits; answers OPTIONS meanwhile."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            m = self.hear(max(0.01, end - time.monotonic()))
            if m and wanted(m):
                return m
            if m and m.method == "OPTIONS" and not m.status:
                self.respond(m, 200, "OK")
        raise AssertionError(f"it did not come; heard {[m.start for m in self.log[-8:]]}")

    def respond(self, m, status, phrase, body="", headers="", contact=None):
        copied = "".join(f"Via: {v}\r\n" for v in m.all("via")) + "".join(f"Record-Route: {v}\r\n" for v in m.all("record-route"))
        to = m["to"] if m.tag("to") or status == 100 else m["to"] + f";tag={self.tag}"
        self.send(f"SIP/2.0 {status} {phrase}\r\n{copied}From: {m['from']}\r\nTo: {to}\r\nCall-ID: {m['call-id']}\r\nCSeq: {m['cseq']}\r\n"
                  f"Contact: {contact or f'<sip:{self.number}@{self.ip}:{self.port}>'}\r\n{headers}", body)

    def final(self, method="INVITE", seconds=6):
        return self.hear_until(lambda m: m.status >= 200 and m.method == method, seconds)

    # ---- whole calls ----

    def take_answer(self, m):
        self.to_tag = m.tag("to")
        found = re.search(r"<([^>]+)>", m["contact"])
        self.contact = found.group(1) if found else None
        self.rtp.target = (self.server[0], m.sdp_port())

    def call(self, body=None, headers="", number="+15550100"):
        """INVITE, and ACK to what comes; returns the final answer."""
        self.new_dialog()
        self.request("INVITE", self.sdp() if body is None else body, headers, number)
        m = self.final()
        if m.status < 300:
            self.take_answer(m)
        self.request("ACK", cseq=self.cseq, number=number)
        return m

    def reinvite(self, body):
        self.request("INVITE", body)
        m = self.final()
        self.request("ACK", cseq=self.cseq)
        return m

    def bye(self):
        self.request("BYE")
        return self.final("BYE")

    def wait_bye(self, seconds=8):
        m = self.hear_until(lambda m: m.method == "BYE" and not m.status, seconds)
        self.respond(m, 200, "OK")
        return m

    def wait_invite(self, seconds=8):
        """A call for us."""
        m = self.hear_until(lambda m: m.method == "INVITE" and not m.status, seconds)
        self.new_dialog()
        self.call_id = m["call-id"]
        self.incoming = {"to": m["to"], "from": m["from"]}
        self.contact = re.search(r"<([^>]+)>", m["contact"]).group(1)
        return m

    def pick_up(self, m, body=None):
        self.respond(m, 200, "OK", self.sdp() if body is None else body)
        self.hear_until(lambda a: a.method == "ACK", 4)
        self.rtp.target = (self.server[0], m.sdp_port())


class StreamPeer(Peer):
    """The same over TCP, or TLS by `wrap`."""

    def __init__(self, server, ip, wrap, transport, number="+15557003121"):
        self.server, self.ip, self.number, self.transport, self.kept = server, ip, number, transport, b""
        self.socket = wrap(socket.create_connection(server, 4, (ip, 0)))
        self.begin()

    def put(self, data):
        self.socket.sendall(data)

    def take(self):
        while True:
            head, end, rest = self.kept.partition(b"\r\n\r\n")
            found = re.search(rb"(?im)^content-length *: *(\d+)", head)
            size = int(found.group(1)) if found else 0
            if end and len(rest) >= size:
                self.kept = rest[size:]
                return head + end + rest[:size]
            data = self.socket.recv(65536)
            if not data:
                raise TimeoutError
            self.kept += data


def scratch(name):
    folder = os.path.join(os.environ.get("TESSERA_TEST_OUTPUT", "/tmp"), "phone-" + name)
    os.makedirs(folder, exist_ok=True)
    return folder
