#!/usr/bin/python3
"""A WHIP device made with GStreamer's webrtcbin: publishes a ball and a tone, trickles its candidates by PATCH, receives the composite,
leaves; prints one JSON line."""
import argparse
import json
import ssl
import threading
import urllib.parse
import urllib.request

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstWebRTC", "1.0")
gi.require_version("GstSdp", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

ENCODERS = {
    "H264": "x264enc tune=zerolatency speed-preset=ultrafast bitrate=500 key-int-max=60 ! video/x-h264,profile=constrained-baseline"
            " ! rtph264pay aggregate-mode=zero-latency config-interval=-1"
            " ! application/x-rtp,media=video,encoding-name=H264,payload=96",
    "VP8": "vp8enc deadline=1 cpu-used=8 target-bitrate=500000 ! rtpvp8pay"
           " ! application/x-rtp,media=video,encoding-name=VP8,payload=96",
}


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


class Device:
    def __init__(self, options):
        self.options = options
        self.keep = []  # pygobject frees promise replies too early
        self.result = {"status": 0, "location": "", "left": 0, "video": 0, "audio": 0, "size": None, "patches": []}
        self.resource, self.ready, self.candidates = None, threading.Event(), []
        self.pipeline = Gst.parse_launch(
            "webrtcbin name=w bundle-policy=max-bundle "
            "videotestsrc is-live=true pattern=ball ! video/x-raw,width=640,height=360,framerate=25/1 ! "
            + ENCODERS[options.codec] + " ! w. "
            f"audiotestsrc is-live=true freq={options.tone} ! audioconvert ! audioresample ! opusenc ! rtpopuspay"
            " ! application/x-rtp,media=audio,encoding-name=OPUS,payload=97 ! w.")
        self.webrtc = self.pipeline.get_by_name("w")
        self.webrtc.connect("on-negotiation-needed", self.offer)
        self.webrtc.connect("on-ice-candidate", self.candidate)
        self.webrtc.connect("pad-added", self.incoming)

    def offer(self, webrtc):
        webrtc.emit("create-offer", None, Gst.Promise.new_with_change_func(self.offered))

    def offered(self, promise):
        reply = promise.get_reply()
        self.keep.append((promise, reply))
        offer = reply.get_value("offer")
        self.webrtc.emit("set-local-description", offer, None)
        threading.Thread(target=self.post, args=(offer.sdp.as_text(),), daemon=True).start()

    def post(self, sdp):
        o = self.options
        status, headers, answer = request("POST", o.url, o.token, sdp, "application/sdp")
        self.result["status"], self.result["location"] = status, headers["location"]
        self.resource = urllib.parse.urljoin(o.url, headers["location"])
        _, message = GstSdp.SDPMessage.new_from_text(answer)
        description = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, message)
        self.keep.append((message, description))
        self.webrtc.emit("set-remote-description", description, None)
        lines = dict(line.split(":", 1) for line in sdp.splitlines() if line.startswith(("a=ice-ufrag:", "a=ice-pwd:")))
        mids = [line[6:] for line in sdp.splitlines() if line.startswith("a=mid:")]
        kinds = [line[2:7] for line in sdp.splitlines() if line.startswith("m=")]
        self.head = f"a=ice-ufrag:{lines['a=ice-ufrag']}\r\na=ice-pwd:{lines['a=ice-pwd']}\r\n"
        self.section = f"m={kinds[0]} 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:{mids[0]}\r\n"
        self.ready.set()
        for candidate in self.candidates:
            self.patch(candidate)

    def candidate(self, _webrtc, _line, candidate):
        self.candidates.append(candidate)
        if self.ready.is_set():
            threading.Thread(target=self.patch, args=(candidate,), daemon=True).start()

    def patch(self, candidate):
        body = self.head + self.section + f"a={candidate}\r\n"
        status, _, _ = request("PATCH", self.resource, self.options.token, body, "application/trickle-ice-sdpfrag")
        self.result["patches"].append(status)

    def incoming(self, _webrtc, pad):
        if pad.direction != Gst.PadDirection.SRC:
            return
        decode = Gst.ElementFactory.make("decodebin")
        self.pipeline.add(decode)
        decode.connect("pad-added", self.decoded)
        decode.sync_state_with_parent()
        pad.link(decode.get_static_pad("sink"))

    def decoded(self, _decode, pad):
        structure = pad.get_current_caps().get_structure(0)
        kind = structure.get_name().split("/")[0]
        if kind == "video":
            self.result["size"] = [structure.get_value("width"), structure.get_value("height")]
        sink = Gst.ElementFactory.make("fakesink")
        sink.set_property("signal-handoffs", True)
        sink.set_property("sync", False)
        sink.connect("handoff", lambda *_: self.result.__setitem__(kind, self.result[kind] + 1))
        self.pipeline.add(sink)
        sink.sync_state_with_parent()
        pad.link(sink.get_static_pad("sink"))

    def run(self):
        self.pipeline.set_state(Gst.State.PLAYING)
        loop = GLib.MainLoop()
        GLib.timeout_add(int(self.options.seconds * 1000), loop.quit)
        loop.run()
        self.result["state"] = self.webrtc.get_property("connection-state").value_nick
        if self.resource:
            self.result["left"] = request("DELETE", self.resource, self.options.token)[0]
        self.pipeline.set_state(Gst.State.NULL)
        print(json.dumps(self.result), flush=True)


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--url", required=True)
    a.add_argument("--token", required=True)
    a.add_argument("--codec", default="H264", choices=ENCODERS)
    a.add_argument("--tone", default="700")
    a.add_argument("--seconds", type=float, default=10)
    Gst.init(None)
    Device(a.parse_args()).run()


main()
