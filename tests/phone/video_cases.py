"""Video SIP endpoints: their picture is a tile, the composite comes back at the tier that fits, keyframes are asked for both ways."""
import time

import numpy

from steps import caller, joined, open_peers, soon
from video import Video

UPDATE = ('<?xml version="1.0"?><media_control><vc_primitive><to_encoder><picture_fast_update/></to_encoder></vc_primitive></media_control>')


def make(server):
    def comes_in(mode, more="", drop=0, number="+15557000041"):
        p = caller(server, number=number)
        v = Video("127.0.0.1", mode, drop)
        open_peers.append(v)
        m = p.call(p.sdp(more=v.line(more)))
        assert m.status == 200 and f"m=video {0}" not in m.body and f"packetization-mode={mode}" in m.body, m.body
        assert "rtcp-mux" not in m.body[m.body.index("m=video"):] and "BUNDLE" not in m.body
        before = joined(server)
        room = server.room()
        p.rtp.press(server.pin(room) + "#")
        soon(lambda: joined(server) > before)
        v.begin(server.sip, m.body)
        return p, v, room

    def figures(room):
        return next(iter(server.seats(room).values()))["phone"]["video"]

    def sees_itself_move(v, room):
        soon(lambda: figures(room)["shown"] and figures(room)["pictures_in"] > 10, 8)
        mark = len(v.heard)
        soon(lambda: sum(m for m, _ in v.heard[mark:]) > 15, 8)  # whole pictures
        seen = v.pictures()
        assert len(seen) > 15, len(seen)
        moved = numpy.abs(numpy.diff(seen[-12:], axis=0)).mean(axis=(1, 2))
        assert numpy.median(moved) > 0.3, moved  # testsrc2 moves in every picture
        assert seen[-1].std() > 30  # and is no placeholder

    def a_video_endpoint_is_a_tile_and_gets_the_composite():
        p, v, room = comes_in(1)
        sees_itself_move(v, room)
        assert figures(room)["tier"] not in ("A", "audio")  # level 3.0 and 512 kbit/s
        assert any(x[0] & 31 in (24, 28) for _, x in v.heard)  # mode 1 is made use of
        for ask in (lambda: p.request("INFO", UPDATE, kind="application/media_control+xml"), v.ask_by_pli):
            time.sleep(1.1)  # keyframes are one a second at most
            had = v.keyframes()
            ask()
            soon(lambda: v.keyframes() > had)
        assert p.final("INFO").status == 200
        p.request("UPDATE", p.sdp(more=v.line().replace("a=sendrecv", "a=inactive")))
        assert p.final("UPDATE").status == 200
        soon(lambda: not figures(room)["shown"] and figures(room)["tier"] == "audio")
        assert p.bye().status == 200

    def packetization_mode_0_and_fast_update_by_info():
        p, v, room = comes_in(0, drop=12, number="+15557000042")  # its first keyframe is lost
        m = p.hear_until(lambda m: m.method == "INFO" and not m.status)
        assert "picture_fast_update" in m.body and m["content-type"] == "application/media_control+xml"
        p.respond(m, 200, "OK")
        sees_itself_move(v, room)
        assert all(0 < x[0] & 31 < 24 for _, x in v.heard)  # a NAL unit a packet
        assert p.bye().status == 200

    return [a_video_endpoint_is_a_tile_and_gets_the_composite, packetization_mode_0_and_fast_update_by_info]
