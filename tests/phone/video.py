"""Pictures of a video endpoint: ffmpeg makes H.264 over RTP, which goes out of the very port that the composite comes to, as
symmetric RTP wants it; what comes is kept, and ffmpeg decodes it."""
import os
import re
import socket
import struct
import subprocess
import threading

import numpy

from peer import scratch

WIDTH, HEIGHT = 320, 180  # of what is decoded, whatever the size of the composite


def pair(ip):
    while True:
        rtp, rtcp = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        rtp.bind((ip, 0))
        port = rtp.getsockname()[1]
        try:
            rtcp.bind((ip, port + 1))
        except OSError:
            continue
        if port % 2 == 0:
            return rtp, rtcp


class Video:
    def __init__(self, ip, mode, drop=0):
        self.mode, self.drop, self.target, self.ffmpeg, self.stop = mode, drop, None, None, False
        (self.rtp, self.rtcp), self.inner = pair(ip), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.inner.bind(("127.0.0.1", 0))
        self.port = self.rtp.getsockname()[1]
        self.heard, self.reports = [], []  # payloads with their marker bit; RTCP packets
        for s in (self.rtp, self.rtcp, self.inner):
            s.settimeout(0.1)
        self.threads = [threading.Thread(target=run, daemon=True) for run in (self.hear_rtp, self.hear_rtcp, self.forward)]
        for t in self.threads:
            t.start()

    def line(self, more=""):
        return (f"m=video {self.port} RTP/AVP 97\r\nb=AS:512\r\na=rtpmap:97 H264/90000\r\n"
                f"a=fmtp:97 profile-level-id=42e01e;packetization-mode={self.mode}\r\na=sendrecv\r\n{more}")

    def begin(self, server, answer):
        """Sends to where the answer says."""
        self.target = (server[0], int(re.search(r"m=video (\d+)", answer).group(1)))
        self.ffmpeg = subprocess.Popen(
            ["ffmpeg", "-loglevel", "error", "-nostdin", "-re", "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=15", "-pix_fmt", "yuv420p",
             "-c:v", "libx264", "-profile:v", "baseline", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "30", "-b:v", "300k",
             "-x264-params", "slice-max-size=1000", "-payload_type", "97", *(["-rtpflags", "h264_mode0"] if self.mode == 0 else []),
             "-f", "rtp", f"rtp://127.0.0.1:{self.inner.getsockname()[1]}?pkt_size=1200"], stdout=subprocess.DEVNULL)

    def hear_rtp(self):
        self.receive(self.rtp, lambda data: self.heard.append((data[1] >> 7, data[12:])) if len(data) > 12 and data[1] & 127 == 97 else None)

    def hear_rtcp(self):
        self.receive(self.rtcp, self.reports.append)

    def forward(self):
        def pass_on(data):
            self.drop -= 1
            if self.target and self.drop < 0:
                self.rtp.sendto(data, self.target)
        self.receive(self.inner, pass_on)

    def receive(self, s, take):
        while not self.stop:
            try:
                take(s.recv(65536))
            except OSError:
                pass

    def ask_by_pli(self):
        """For a keyframe of what comes: whose SSRC the newest report names."""
        ssrc = struct.unpack("!I", self.reports[-1][4:8])[0]
        self.rtcp.sendto(struct.pack("!BBHII", 0x81, 206, 2, 1, ssrc), (self.target[0], self.target[1] + 1))

    def keyframes(self, since=0):
        """Parameter sets that came: with each keyframe, and only then."""
        kinds = [p[0] & 31 for _, p in self.heard[since:]]
        return sum(k == 7 or (k == 24 and p[3] & 31 == 7) for k, (_, p) in zip(kinds, self.heard[since:]))

    def annex_b(self):
        out, start = bytearray(), b"\0\0\0\1"
        for _, p in self.heard:
            kind = p[0] & 31
            if kind < 24:
                out += start + p
            elif kind == 24:
                at = 1
                while at + 2 < len(p):
                    size = struct.unpack("!H", p[at:at + 2])[0]
                    out += start + p[at + 2:at + 2 + size]
                    at += 2 + size
            elif kind == 28:
                out += (start + bytes([p[0] & 0xe0 | p[1] & 31]) if p[1] & 0x80 else b"") + p[2:]
        return bytes(out)

    def pictures(self):
        """What came, decoded: luma of each picture."""
        path = os.path.join(scratch("video"), f"heard-{self.port}.h264")
        with open(path, "wb") as f:
            f.write(self.annex_b())
        raw = subprocess.run(["ffmpeg", "-loglevel", "error", "-nostdin", "-f", "h264", "-i", path, "-vf", f"scale={WIDTH}:{HEIGHT},format=gray",
                              "-f", "rawvideo", "-"], capture_output=True, timeout=30, check=True)
        assert not raw.stderr, raw.stderr[-500:]
        return numpy.frombuffer(raw.stdout, numpy.uint8).reshape(-1, HEIGHT, WIDTH).astype(int)

    def close(self):
        self.stop = True
        if self.ffmpeg:
            self.ffmpeg.terminate()
            self.ffmpeg.wait(5)
        for t in self.threads:
            t.join(2)
        for s in (self.rtp, self.rtcp, self.inner):
            s.close()
