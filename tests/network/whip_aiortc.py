#!/usr/bin/python3
"""A WHIP device made with aiortc: publishes a camera file and a sound file, receives the composite, leaves; prints one JSON line."""
import argparse
import asyncio
import json
import math
import ssl
import time
import urllib.parse
import urllib.request

import numpy
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.codecs import HEADER_EXTENSIONS
from aiortc.contrib.media import MediaPlayer

HEADER_EXTENSIONS["video"][1].id = 3  # aiortc 1.4 gives two extensions of one BUNDLE the same id


def request(method, url, token, body=None, kind=None):
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    headers = {"Authorization": "Bearer " + token}
    if kind:
        headers["Content-Type"] = kind
    r = urllib.request.Request(url, data=body.encode() if body else None, method=method, headers=headers)
    with urllib.request.urlopen(r, context=context, timeout=10) as answer:
        return answer.status, dict((k.lower(), v) for k, v in answer.headers.items()), answer.read().decode()


def level(samples, tone):
    """dB of full scale of one frequency, median over quarter-second windows."""
    size, levels = 12000, []
    window = numpy.hanning(size) * numpy.exp(-2j * math.pi * tone / 48000 * numpy.arange(size))
    for start in range(0, len(samples) - size, size):
        levels.append(20 * math.log10(4 * abs(numpy.dot(samples[start:start + size], window)) / size + 1e-9))
    return round(sorted(levels)[len(levels) // 2]) if levels else -180


class Composite:
    """Counts what comes back."""

    def __init__(self):
        self.video = self.changed = self.audio = self.of_size = 0
        self.size, self.last, self.sound = None, None, []

    def has(self, width, height):
        return self.size == (width, height) and self.of_size > 50 and self.video > 100 and self.changed > 50

    async def take(self, track):
        while True:
            try:
                frame = await track.recv()
            except Exception:  # the connection ended
                return
            if track.kind == "audio":
                self.audio += 1
                pcm = frame.to_ndarray().reshape(-1, len(frame.layout.channels))[:, 0]
                self.sound.append(pcm.astype(numpy.float32) / 32768)
            else:
                self.video += 1
                if self.size != (frame.width, frame.height):
                    self.size, self.of_size = (frame.width, frame.height), 0
                self.of_size += 1
                plane = numpy.frombuffer(frame.planes[0], numpy.uint8)[:: 997].astype(numpy.int16)
                if self.last is not None and len(self.last) == len(plane) and numpy.abs(self.last - plane).max() > 12:
                    self.changed += 1
                self.last = plane


async def main():
    a = argparse.ArgumentParser()
    for name in ("url", "token", "video", "audio"):
        a.add_argument("--" + name, required=True)
    a.add_argument("--codec", default="H264")
    a.add_argument("--tones", default="", help="frequencies to look for, as 400,550")
    a.add_argument("--seconds", type=float, default=10, help="stays at least this long")
    a.add_argument("--size", default="", help="and until pictures of this size move, as 1280x720, for a minute at most")
    o = a.parse_args()
    loop = asyncio.get_running_loop()
    pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    got = Composite()
    tasks = []
    pc.on("track", lambda track: tasks.append(asyncio.ensure_future(got.take(track))))
    camera = MediaPlayer(o.video, loop=True)
    microphone = MediaPlayer(o.audio, loop=True)
    pc.addTrack(microphone.audio)
    pc.addTrack(camera.video)
    for transceiver in pc.getTransceivers():
        if transceiver.kind == "video":
            codecs = RTCRtpSender.getCapabilities("video").codecs
            wanted = [c for c in codecs if c.mimeType.lower() == "video/" + o.codec.lower()]
            transceiver.setCodecPreferences(wanted + [c for c in codecs if "rtx" in c.mimeType])
    await pc.setLocalDescription(await pc.createOffer())
    began = time.monotonic()
    status, headers, answer = await loop.run_in_executor(
        None, request, "POST", o.url, o.token, pc.localDescription.sdp, "application/sdp")
    await pc.setRemoteDescription(RTCSessionDescription(answer, "answer"))
    while pc.connectionState != "connected" and time.monotonic() - began < 15:
        await asyncio.sleep(0.05)
    joined = time.monotonic() - began
    await asyncio.sleep(o.seconds)
    while o.size and not got.has(*map(int, o.size.split("x"))) and time.monotonic() - began < 60:
        await asyncio.sleep(0.2)
    location = headers["location"]
    left, _, _ = await loop.run_in_executor(None, request, "DELETE", urllib.parse.urljoin(o.url, location), o.token)
    await pc.close()
    sound = numpy.concatenate(got.sound) if got.sound else numpy.zeros(0)
    print(json.dumps({
        "status": status, "location": location, "left": left, "state": pc.connectionState, "joined_s": round(joined, 2),
        "video": got.video, "changed": got.changed, "size": got.size, "audio": got.audio,
        "tones": {str(f): level(sound[48000:], f) for f in map(int, filter(None, o.tones.split(",")))}}))


asyncio.run(main())
