"""The WebSocket: joining, messages, hostile input."""
import json
import time

import websockets

from harness import asyncio, hear, hear_end, say
from test_rest import bad_tokens, join_refused


def make(server):
    async def join_offer_and_leave():
        room = server.room(name="Visit")
        link = server.link(room, role="patient", name="Ana", seat="ana")
        ws, joined = await server.join(link)
        assert joined["room"] == room and joined["roomName"] == "Visit" and joined["seat"] == "ana" and joined["role"] == "patient"
        assert joined["tiers"] == ["A", "B", "C", "D", "E", "S"] and joined["muted"] is False and joined["resumed"] is False
        turn = [s for s in joined["iceServers"] if s["urls"][0].startswith("turn:")][0]
        assert turn["username"].endswith(":ana") and turn["credential"]
        await say(ws, type="offer", sdp="v=0\r\n")
        assert "ice-ufrag:room1" in (await hear(ws, "answer"))["sdp"]
        assert (await hear(ws, "candidate"))["mid"] == "0"
        assert [p["seat"] for p in (await hear(ws, "roster"))["participants"]] == ["ana"]
        assert (await hear(ws, "layout"))["tier"] == "A"
        assert (await hear(ws, "quality"))["quality"] == 4
        await say(ws, type="candidate", candidate="candidate:1 1 UDP 1 127.0.0.1 5 typ host", mid="0")
        await say(ws, type="state", audio=True, video=False)
        await say(ws, type="tier", tier="C")
        await say(ws, type="display", width=640, height=360)
        await say(ws, type="ping", id=7)
        assert (await hear(ws, "pong"))["id"] == 7
        seen = server.inspect(room)
        assert seen["participants"][0]["trickled"] and {"state", "tier", "display", "candidate"} <= set(seen["video"]["log"])
        await say(ws, type="leave")
        assert (await hear(ws, "ended"))["reason"] == "left"
        assert await hear_end(ws) == 1000
        assert server.inspect(room)["participants"][0]["state"] == "absent"

    async def refused_tokens_say_why():
        room = server.room()
        for token, code in bad_tokens(server, room):
            m = await join_refused(server, token)
            assert (m["type"], m["code"], m["fatal"]) in (("error", code, True), ("error", "bad_request", False)), (code, m)

    async def bad_messages_name_the_member_and_change_nothing():
        room = server.room()
        ws, _ = await server.join(server.link(room))
        cases = [("{", "not JSON"), ("[]", "object"), ("{}", "type"), ('{"type":"fly"}', "type"), ('{"type":7}', "type"),
                 ('{"type":"offer"}', "sdp"), ('{"type":"offer","sdp":7}', "sdp"), ('{"type":"tier","tier":"Z"}', "tier"),
                 ('{"type":"tier","tier":"muchtoolong"}', "tier"), ('{"type":"state","audio":1,"video":true}', "audio"),
                 ('{"type":"ping","id":-1}', "id"), ('{"type":"display","width":0,"height":9}', "width"),
                 ('{"type":"display","width":9,"height":32769}', "height"), ('{"type":"ping","extra":1}', "unknown"), ('{"type":"joined"}', "type"),
                 ('{"type":"ping","type":"leave"}', "not JSON"), ('{"type":"candidate","candidate":"%s"}' % ("c" * 1025), "candidate"),
                 ('{"a":' * 20 + "1" + "}" * 20, "deep"), ('{"type":"ping","x":[' + "1," * 600 + "1]}", "many")]
        for text, word in cases:
            await ws.send(text)
            m = await hear(ws)
            assert m["type"] == "error" and m["code"] == "bad_request" and word in m["message"] and not m["fatal"], (text[:60], m)
        await say(ws, type="ping", id=1)
        assert (await hear(ws, "pong"))["id"] == 1
        await ws.close()

    async def the_first_message_must_be_join():
        ws = await server.socket()
        await say(ws, type="offer", sdp="v=0")
        assert (await hear(ws))["code"] == "unauthorized"
        await ws.close()

    async def oversized_binary_and_masked_wrong():
        for payload, code in (("x" * (1 << 20), 1009), (b"\0\1", 1003)):
            ws = await server.socket()
            try:
                await ws.send(payload)
            except websockets.ConnectionClosed:
                pass
            assert await hear_end(ws) == code, (code, ws.close_code)
        ws = await server.socket()
        ws.transport.write(bytes([0x81, 0x02]) + b"{}")  # a client's frame must be masked
        assert await hear_end(ws) in (1002, 1006)
        ws = await server.socket()
        ws.transport.write(bytes([0x81, 0x82, 0, 0, 0, 0, 0xC3, 0x28]))  # not UTF-8
        assert await hear_end(ws) in (1007, 1006)

    async def a_flood_is_limited_and_then_closed():
        ws, _ = await server.join(server.link(server.room()))
        begin, codes = time.monotonic(), []

        async def flood():
            try:
                for i in range(20000):
                    await say(ws, type="ping", id=i)
                    await asyncio.sleep(0)
            except websockets.ConnectionClosed:
                pass

        flooding = asyncio.create_task(flood())
        try:
            while True:
                m = json.loads(await asyncio.wait_for(ws.recv(), 15))
                codes.append(m.get("code", m["type"]))
        except websockets.ConnectionClosed:
            pass
        await flooding
        most = 100 + 50 * (time.monotonic() - begin)  # what may come at once, then what may come each second
        assert 0 < codes.count("pong") <= most and "rate_limited" in codes and ws.close_code == 1008, (codes.count("pong"), ws.close_code)

    async def origins():
        own = f"https://127.0.0.1:{server.port}"
        for origin, good in ((own, True), ("https://clinic.example", True), ("https://evil.example", False), ("null", False),
                             (own + ".evil.example", False), ("http" + own[5:], False)):
            try:
                ws = await server.socket(origin=origin)
                await ws.close()
                assert good, origin
            except websockets.InvalidStatusCode as e:
                assert not good and e.status_code == 403, (origin, e.status_code)
        assert server.get("/ws").status == 426

    async def the_newest_join_of_a_seat_wins():
        room = server.room()
        link = server.link(room, seat="one")
        first, a = await server.join(link)
        await say(first, type="offer", sdp="v=0")
        await hear(first, "answer")
        second, b = await server.join(link)
        await hear(first, "replaced")
        assert await hear_end(first) == 1000 and b["session"] != a["session"] and b["resumed"] is False
        await say(second, type="offer", sdp="v=0")
        await hear(second, "answer")
        people = server.inspect(room)["participants"]
        assert [(p["seat"], p["session"]) for p in people] == [("one", b["session"])]
        await second.close()

    async def a_device_that_wakes_up_leaves_the_seat_to_the_newer_one():
        link = server.link(server.room(), seat="one")

        async def live(**more):
            ws, joined = await server.join(link, **more)
            await say(ws, type="offer", sdp="v=0")
            await hear(ws, "quality")
            return ws, joined["session"]

        phone, old = await live()
        laptop, new = await live()
        await hear(phone, "replaced")
        woken = await server.socket()
        await say(woken, type="join", token=link["token"], session=old, was=old)
        await hear(woken, "replaced")
        assert await hear_end(woken) == 1000
        await say(laptop, type="ping", id=1)
        await hear(laptop, "pong")
        laptop, newer = await live(was=new)  # its own seat, with a new connection
        assert newer != new
        phone, _ = await live()  # the person wants the phone
        await hear(laptop, "replaced")
        await phone.close()

    async def signaling_lost_and_resumed_keeps_the_session():
        room = server.room()
        link = server.link(room, seat="one")
        ws, joined = await server.join(link)
        await say(ws, type="offer", sdp="v=0")
        await hear(ws, "quality")
        ws.transport.abort()
        again, resumed = await server.join(link, session=joined["session"])
        assert resumed["resumed"] is True and resumed["session"] == joined["session"]
        assert (await hear(again, "roster"))["participants"][0]["seat"] == "one"
        other, fresh = await server.join(link, session="not-that-one")
        assert fresh["resumed"] is False and fresh["session"] != joined["session"]
        await other.close()

    async def a_page_that_is_left_leaves_the_room():
        room = server.room()
        ws, _ = await server.join(server.link(room, seat="one"))
        await say(ws, type="offer", sdp="v=0")
        await hear(ws, "quality")
        await ws.close(1001)
        server.wait(lambda: server.inspect(room)["participants"][0]["state"] == "absent", 3)

    async def mute_removal_and_end_reach_the_person():
        room = server.room()
        ws, _ = await server.join(server.link(room, seat="one"))
        other, _ = await server.join(server.link(room, seat="two"))
        server.rest("POST", f"/rooms/{room}/participants/one/mute", {"muted": True})
        assert (await hear(ws, "muted"))["muted"] is True
        server.rest("DELETE", f"/rooms/{room}/participants/one")
        assert (await hear(ws, "ended"))["reason"] == "removed"
        server.rest("DELETE", f"/rooms/{room}")
        assert (await hear(other, "ended"))["reason"] == "room_ended"
        await hear_end(other)

    async def a_refused_offer_is_an_error_of_that_client():
        ws, _ = await server.join(server.link(server.room()))
        await say(ws, type="offer", sdp="v=0\r\na=x-bad\r\n")
        m = await hear(ws)
        assert (m["code"], m["message"], m["fatal"]) == ("bad_sdp", "no m-line", False)
        await say(ws, type="offer", sdp="v=0")
        await hear(ws, "answer")
        await ws.close()

    async def who_joins_may_bring_the_offer():
        room = server.room()
        link = server.link(room, seat="ana")
        ws = await server.socket()
        await say(ws, type="prepare", token=link["token"])
        assert [s for s in (await hear(ws, "prepared"))["iceServers"] if s["urls"][0].startswith("turn:")][0]["credential"]
        assert server.inspect(room)["participants"][0]["state"] == "absent"
        await say(ws, type="join", token=link["token"], sdp="v=0\r\n", line=3000)
        joined = await hear(ws, "joined")
        assert joined["offered"] is True
        assert (await hear(ws, "answer"))["session"] == joined["session"]
        again, resumed = await server.join(link, session=joined["session"], sdp="v=0\r\n")
        assert resumed["resumed"] is True and resumed["offered"] is False, "the connection goes on: its offer is not taken"
        await again.close()
        bad, joined = await server.join(server.link(room, seat="two"), sdp="v=0\r\na=x-bad\r\n")
        assert joined["offered"] is True
        m = await hear(bad, "error")
        assert (m["code"], m["fatal"]) == ("bad_sdp", False)
        await say(bad, type="offer", sdp="v=0")
        await hear(bad, "answer")
        await bad.close()

    async def who_hears_whom_is_recorded_and_outlives_the_rooms_process():
        room = server.room()
        link = server.link(room, role="clinician", seat="doc")
        server.link(room, seat="two")
        ws, _ = await server.join(link)
        await say(ws, type="offer", sdp="v=0")
        await hear(ws, "quality")
        await say(ws, type="sound", whisper="two", denoise=True, id=3)
        assert (await hear(ws, "ok"))["id"] == 3
        assert (await hear(ws, "roster"))["participants"][0]["sound"] == {"whisper": "two", "denoise": True}
        lines = [json.loads(line) for line in server.trail().splitlines()]
        assert [m["target"] for m in lines if m.get("operation") == "whisper" and m.get("room") == room] == ["two"]
        for code, m in (("not_found", {"whisper": "nobody"}), ("forbidden", {"seat": "two", "whisper": "doc"}), ("bad_request", {}),
                        ("bad_request", {"hears": "klingon"}), ("forbidden", {"seat": "two", "hears": "es"})):
            await say(ws, type="sound", **m, id=4)
            assert (await hear(ws, "error"))["code"] == code, m
        await say(ws, type="offer", sdp="v=0\r\na=x-crash\r\n")
        await hear(ws, "restart")
        seats = {s["seat"]: s for s in server.inspect(room)["audio"]["seats"]}
        assert seats["doc"]["sound"] == {"whisper": "two", "denoise": True}
        await ws.close()

    async def a_thin_tier_is_told_of_those_alone_whom_it_concerns():
        room = server.room()
        ws, _ = await server.join(server.link(room, seat="one"))
        await say(ws, type="offer", sdp="v=0")
        await hear(ws, "roster")
        await say(ws, type="tier", tier="C")
        assert (await hear(ws, "roster_changes"))["participants"] == [{"seat": "one", "tier": "C"}]
        other, _ = await server.join(server.link(room, seat="two", name="Bea"))
        await say(other, type="offer", sdp="v=0")
        new = await hear(ws, "roster_changes")
        assert [(p["seat"], p["name"]) for p in new["participants"]] == [("two", "Bea")]
        await say(other, type="hand", raised=True, id=1)
        assert [(p["seat"], p["name"], p["hand"]) for p in (await hear(ws, "roster_changes"))["participants"]] == [("two", "Bea", True)]
        began = time.monotonic()
        for seat in range(2):  # gathered
            more, _ = await server.join(server.link(room, seat=f"more{seat}"))
            await say(more, type="offer", sdp="v=0")
            await hear(more, "answer")
        told = [await hear(ws, "roster_changes")]
        while sum(len(m["participants"]) for m in told) < 2:
            told.append(await hear(ws, "roster_changes"))
        assert len(told) == 1 or time.monotonic() - began > 1, told
        await say(other, type="leave")
        assert (await hear(ws, "roster_changes"))["participants"] == [{"seat": "two", "role": ""}]
        await ws.close()

    return [join_offer_and_leave, who_joins_may_bring_the_offer, a_thin_tier_is_told_of_those_alone_whom_it_concerns, who_hears_whom_is_recorded_and_outlives_the_rooms_process, refused_tokens_say_why, bad_messages_name_the_member_and_change_nothing, the_first_message_must_be_join,
            oversized_binary_and_masked_wrong, a_flood_is_limited_and_then_closed, origins, the_newest_join_of_a_seat_wins,
            a_device_that_wakes_up_leaves_the_seat_to_the_newer_one, signaling_lost_and_resumed_keeps_the_session, a_page_that_is_left_leaves_the_room, mute_removal_and_end_reach_the_person,
            a_refused_offer_is_an_error_of_that_client]
