"""What people do in a visit: chat, hand, share, the locked door, links withdrawn, the check before it."""
import base64
import json
import os
import signal
import sqlite3
import time

import mute_cases
from harness import Server, hear, hear_end, say


def claims(link):
    body = link["token"].split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


def make(server):
    async def inside(room, seat, **more):
        ws, joined = await server.join(server.link(room, seat=seat, name=seat.title(), **more))
        await say(ws, type="offer", sdp="v=0")
        await hear(ws, "quality")
        return ws, joined

    async def chat_reaches_everybody_and_nobody_later():
        room = server.room()
        ana, _ = await inside(room, "ana")
        ben, _ = await inside(room, "ben")
        text = "Guten Tag, \u0645\u0631\u062d\u0628\u0627\nSecretline"
        await say(ana, type="chat", text=text, id=3)
        for ws in (ana, ben):
            m = await hear(ws, "chat")
            assert (m["seat"], m["name"], m["text"]) == ("ana", "Ana", text) and abs(m["at"] / 1000 - time.time()) < 60
        assert (await hear(ana, "ok"))["id"] == 3
        late, _ = await inside(room, "late")
        await say(late, type="ping")
        while (m := await hear(late))["type"] != "pong":
            assert m["type"] != "chat"
        assert "Secretline" not in server.words()

    async def chat_is_limited_in_length_and_rate():
        ws, _ = await inside(server.room(), "ana")
        for text in ("", "x" * 1001, " \n ", "a\u0007b", "a\u0000b"):
            await say(ws, type="chat", text=text, id=1)
            m = await hear(ws, "error")
            assert m["code"] == "bad_request" and not m["fatal"], (text, m)
        for i in range(5):
            await say(ws, type="chat", text="\u6f22" * 1000, id=i)
            assert (await hear(ws, "ok"))["id"] == i
        await say(ws, type="chat", text="six", id=6)
        m = await hear(ws, "error")
        assert (m["code"], m["id"]) == ("rate_limited", 6)

    async def a_new_connection_does_not_lift_the_limit_of_chat():
        room = server.room()
        for n in range(2):
            ws, _ = await inside(room, "ana")
            for i in range(5):
                await say(ws, type="chat", text="hello", id=i)
            m = await hear(ws, "ok" if n == 0 else "error")
            assert n == 0 or m["code"] == "rate_limited"

    async def hand_and_share_are_in_the_roster():
        room = server.room()
        ana, _ = await inside(room, "ana")
        ben, _ = await inside(room, "ben")
        for kind, member, flag in (("hand", "raised", "hand"), ("share", "on", "share")):
            for value in (True, False):
                await say(ana, **{"type": kind, member: value, "id": 1})
                assert (await hear(ana, "ok"))["id"] == 1
                while {p["seat"]: p for p in (await hear(ben, "roster"))["participants"]}["ana"][flag] is not value:
                    pass

    async def a_hand_needs_a_connection():
        ws, _ = await server.join(server.link(server.room()))
        await say(ws, type="hand", raised=True, id=1)
        assert (await hear(ws, "error"))["code"] == "conflict"

    async def a_host_caps_removes_and_ends():
        room = server.room()
        host, _ = await inside(room, "doc", host=True)
        link = server.link(room, seat="ana", name="Ana")
        ana, _ = await server.join(link)
        await say(host, type="host", op="tier", seat="ana", value="D", id=1)
        await hear(host, "ok")
        assert {p["seat"]: p for p in server.inspect(room)["participants"]}["ana"]["tier_cap"] == "D"
        await say(host, type="host", op="remove", seat="ana", id=2)
        assert (await hear(ana, "ended"))["reason"] == "removed"
        await hear(host, "ok")
        assert server.get("/j/" + link["token"]).headers["X-Tessera-Reason"] == "token_revoked"
        await say(host, type="host", op="end")
        assert (await hear(host, "ended"))["reason"] == "room_ended"
        assert server.rest("GET", "/rooms/" + room).status == 410

    async def who_comes_to_a_locked_room_waits_for_a_host():
        room = server.room(name="Visit")
        host, joined = await inside(room, "doc", host=True)
        assert joined["locked"] is False
        await say(host, type="host", op="lock", value=True, id=1)
        assert (await hear(host, "lock"))["locked"] is True
        link = server.link(room, role="guest", seat="gus", name="Gus")
        gus = await server.socket()
        await say(gus, type="join", token=link["token"])
        m = await hear(gus, "waiting")
        assert (m["roomName"], m["name"]) == ("Visit", "Gus")
        m = await hear(host, "knock")
        assert (m["seat"], m["name"], m["role"]) == ("gus", "Gus", "guest")
        assert {p["seat"]: p["state"] for p in server.inspect(room)["participants"]}["gus"] == "waiting"
        await say(gus, type="offer", sdp="v=0")
        assert (await hear(gus, "error"))["code"] == "conflict"
        second, _ = await server.join(server.link(room, seat="co", host=True))  # a host does not wait, and hears who does
        assert (await hear(second, "knock"))["seat"] == "gus"
        await say(host, type="host", op="deny", seat="gus", id=2)
        m = await hear(gus, "error")
        assert (m["code"], m["fatal"]) == ("denied", True) and await hear_end(gus) == 1008
        assert (await hear(host, "knock_gone"))["seat"] == "gus"
        again = await server.socket()
        await say(again, type="join", token=link["token"])
        await hear(again, "waiting")
        await hear(host, "knock")
        await say(host, type="host", op="admit", seat="gus", id=3)
        m = await hear(again, "joined")
        assert m["seat"] == "gus" and m["locked"] is True
        await say(again, type="offer", sdp="v=0")
        await hear(again, "answer")
        again.transport.abort()
        ws, m = await server.join(link)  # who is inside comes back without knocking
        await say(ws, type="leave")
        await hear(ws, "ended")
        left = await server.socket()
        await say(left, type="join", token=link["token"])
        await hear(left, "waiting")
        await say(left, type="leave")
        assert (await hear(left, "ended"))["reason"] == "left"

    async def the_clinic_answers_a_knock_by_rest():
        room = server.room()
        host, _ = await inside(room, "doc", host=True)
        server.rest("POST", f"/rooms/{room}/lock", {"locked": True})
        link = server.link(room, role="guest", seat="gus", name="Gus")

        def answer(seat, what):
            return server.rest("POST", f"/rooms/{room}/participants/{seat}/{what}")

        for what in ("admit", "deny"):
            assert answer("gus", what).status == 409 and answer("nobody", what).status == 404
            assert server.request("POST", f"/api/v1/rooms/{room}/participants/gus/{what}").status == 401
            ws = await server.socket()
            await say(ws, type="join", token=link["token"])
            await hear(ws, "waiting")
            await hear(host, "knock")
            r = answer("gus", what)
            assert r.status == 204, r.body
            assert (await hear(host, "knock_gone"))["seat"] == "gus"
            if what == "admit":
                assert (await hear(ws, "joined"))["seat"] == "gus"
                await say(ws, type="leave")
                await hear(ws, "ended")
            else:
                assert (await hear(ws, "error"))["code"] == "denied" and await hear_end(ws) == 1008
            r = answer("gus", what)
            assert r.status == 409 and r.json()["code"] == "conflict" and "waits" in r.json()["detail"]
        assert '"actor":"operator","operation":"admit","target":"gus"' in server.trail()

    async def who_is_made_a_host_waits_no_longer():
        room = server.room()
        host, _ = await inside(room, "doc", host=True)
        server.rest("POST", f"/rooms/{room}/lock", {"locked": True})
        waits = await server.socket()
        await say(waits, type="join", token=server.link(room, seat="co")["token"])
        await hear(waits, "waiting")
        await hear(host, "knock")
        link = server.link(room, seat="co", host=True)
        assert (await hear(waits, "joined"))["host"] is True and (await hear(host, "knock_gone"))["seat"] == "co"
        ws, _ = await server.join(link)
        await hear(waits, "replaced")
        await say(ws, type="host", op="admit", seat="co", id=1)
        assert (await hear(ws, "error"))["code"] == "conflict"
        await say(ws, type="ping")
        await hear(ws, "pong")
        await ws.close()
        await host.close()

    async def knocks_end_with_the_socket_the_seat_the_lock_and_the_room():
        room = server.room()
        host, _ = await inside(room, "doc", host=True)
        assert server.rest("POST", f"/rooms/{room}/lock", {"locked": True}).status == 204

        async def knock(seat):
            link = server.link(room, seat=seat)
            ws = await server.socket()
            await say(ws, type="join", token=link["token"])
            await hear(ws, "waiting")
            assert (await hear(host, "knock"))["seat"] == seat
            return ws, link

        one, link = await knock("one")
        newer = await server.socket()
        await say(newer, type="join", token=link["token"])
        await hear(newer, "waiting")
        await hear(one, "replaced")
        newer.transport.abort()
        assert (await hear(host, "knock_gone"))["seat"] == "one"
        two, _ = await knock("two")
        assert server.rest("DELETE", f"/rooms/{room}/links/two").status == 204
        assert (await hear(two, "ended"))["reason"] == "removed" and (await hear(host, "knock_gone"))["seat"] == "two"
        three, _ = await knock("three")
        assert server.rest("POST", f"/rooms/{room}/lock", {"locked": False}).status == 204
        assert (await hear(three, "joined"))["locked"] is False
        server.rest("POST", f"/rooms/{room}/lock", {"locked": True})
        server.rest("DELETE", f"/rooms/{room}/participants/one")
        four, _ = await knock("one")
        server.rest("DELETE", f"/rooms/{room}")
        assert (await hear(four, "ended"))["reason"] == "room_ended"

    def the_lock_holds_over_restarts_and_for_devices():
        room = server.room()
        server.rest("POST", f"/rooms/{room}/lock", {"locked": True})
        server.link(room, seat="kept", host=True, fixed=True, language="es")
        server.stop()
        server.start()
        found = server.inspect(room)
        assert found["locked"] is True and found["participants"][0]["host"] is True and found["participants"][0]["fixed"] is True
        head = {"Authorization": "Bearer " + server.link(room, role="kiosk")["token"], "Content-Type": "application/sdp"}
        r = server.request("POST", f"/whip/{room}", "v=0\r\n", head)
        assert r.status == 403 and "locked" in r.json()["detail"]

    def a_database_of_the_first_layout_is_brought_up_to_date():
        room = server.room()
        server.link(room, seat="one", role="clinician")
        server.link(room, seat="two")
        server.stop()
        with sqlite3.connect(server.data + "/tessera.db") as db:
            for change in ("DROP TABLE consents", "DROP TABLE recordings", "DROP TABLE segments", "ALTER TABLE rooms DROP COLUMN recording",
                           "ALTER TABLE rooms DROP COLUMN evidence", "ALTER TABLE rooms DROP COLUMN locked", "ALTER TABLE seats DROP COLUMN fixed", "ALTER TABLE seats DROP COLUMN language",
                           "ALTER TABLE rooms DROP COLUMN layout", "ALTER TABLE seats DROP COLUMN signing", "ALTER TABLE seats DROP COLUMN expires_ms", "ALTER TABLE seats DROP COLUMN hears",
                           *(f"ALTER TABLE revocations DROP COLUMN {column}" for column in ("name", "role", "host", "language", "hears", "fixed", "signing")),
                           "UPDATE seats SET role = 'provider' WHERE seat = 'one'", "UPDATE seats SET role = 'nurse' WHERE seat = 'two'",
                           "PRAGMA user_version = 1"):
                db.execute(change)
        db.close()
        server.start()
        assert {p["seat"]: p["role"] for p in server.inspect(room)["participants"]} == {"one": "clinician", "two": "guest"}
        assert server.rest("POST", f"/rooms/{room}/lock", {"locked": True}).status == 204

    async def links_carry_language_and_fixed_and_are_withdrawn():
        room = server.room()
        link = server.link(room, seat="one", language="es-MX", fixed=True)
        ws, joined = await server.join(link)
        assert joined["language"] == "es-MX" and joined["fixed"] is True and joined["host"] is False
        assert claims(link)["language"] == "es-MX"  # the page speaks it before it has joined
        newer = server.link(room, seat="one")  # what is not said stays
        again, joined = await server.join(newer)
        assert joined["language"] == claims(newer)["language"] == "es-MX" and joined["fixed"] is True
        await say(again, type="offer", sdp="v=0")
        await hear(again, "answer")
        for options, heard in (({}, "es"), ({"hears": "vi"}, "vi"), ({"hears": "original"}, ""), ({"hears": "both"}, "both"), ({"hears": ""}, "es"),
                               ({"role": "interpreter"}, "")):  # whose interpretation, without being asked
            server.link(room, seat="one", **options)
            assert [p.get("sound", {}).get("hears", "") for p in server.inspect(room)["participants"] if p["seat"] == "one"] == [heard], options
        other = server.link(room, seat="two")
        _, joined = await server.join(other)
        assert "language" not in joined and "language" not in claims(other) and joined["fixed"] is False
        assert server.rest("DELETE", f"/rooms/{room}/links/one").status == 204
        assert (await hear(again, "ended"))["reason"] == "removed"
        assert server.rest("DELETE", f"/rooms/{room}/links/one").status == 404
        assert server.get("/j/" + link["token"]).headers["X-Tessera-Reason"] == "token_revoked"

    async def a_new_link_after_a_withdrawn_one_has_its_marks():
        room = server.room()
        server.link(room, seat="one", language="fr", hears="vi", fixed=True, signing=True, host=True)
        assert server.rest("DELETE", f"/rooms/{room}/links/one").status == 204
        server.stop()
        server.start()
        _, joined = await server.join(server.link(room, seat="one"))
        assert (joined.get("language"), joined["fixed"], joined["signing"], joined["host"]) == ("fr", True, True, False), joined
        assert server.inspect(room)["participants"][0]["hears"] == "vi"
        server.rest("DELETE", f"/rooms/{room}/links/one")
        _, joined = await server.join(server.link(room, seat="one", language="", fixed=False))
        assert ("language" in joined, joined["fixed"], joined["signing"]) == (False, False, True), joined
        server.rest("DELETE", f"/rooms/{room}/links/one")
        server.rest("DELETE", "/rooms/" + room)
        server.stop()
        with sqlite3.connect(server.data + "/tessera.db") as db:  # how a person speaks is not kept for longer than the visit
            assert db.execute("SELECT language, hears, fixed, signing FROM revocations WHERE room = ?", (room,)).fetchall() == [("", "", 0, 0)]
        db.close()
        server.start()

    async def a_check_takes_no_seat_and_ends():
        room = server.room()
        link = server.link(room, seat="one")
        ws, _ = await server.join(link)
        await say(ws, type="offer", sdp="v=0")
        await hear(ws, "quality")
        check = await server.socket()
        await say(check, type="check", token=link["token"])
        m = await hear(check, "checking")
        assert m["session"].startswith("check-") and m["iceServers"]
        await say(check, type="offer", sdp="v=0")
        assert (await hear(check, "answer"))["session"] == m["session"]
        await hear(check, "candidate")
        await say(check, type="candidate", candidate="", mid="0")
        seen = server.inspect(room)
        assert seen["audio"]["checks"] == [m["session"]] and [p["state"] for p in seen["participants"]] == ["up"]
        await say(check, type="chat", text="no")
        assert (await hear(check, "error"))["code"] == "conflict"
        await say(check, type="leave")
        assert (await hear(check, "ended"))["reason"] == "left"
        server.wait(lambda: not server.inspect(room)["audio"]["checks"], 3)
        await say(ws, type="ping")
        await hear(ws, "pong")  # the seat's own connection went on

    async def checks_are_few_at_a_time_and_short():
        other = Server()  # with places for five
        try:
            room = other.room()
            open_ones = []

            async def check(seat):
                ws = await other.socket()
                await say(ws, type="check", token=other.link(room, seat=seat)["token"])
                return ws, await hear(ws)

            for i in range(5):
                ws, m = await check(f"s{i}")
                assert m["type"] == ("checking" if i < 4 else "error"), m
                open_ones.append(ws)
            assert m["code"] == "full" and m["fatal"]
            newer, m = await check("s0")  # in the place of the seat's own
            assert m["type"] == "checking" and (await hear(open_ones[0], "ended"))["reason"] == "check_over"
            begin = time.monotonic()
            newer.transport.abort()
            for _ in range(50):
                ws, m = await check("s4")
                if m["type"] == "checking":
                    break
            else:
                raise AssertionError("no place for a check came free")
            assert (await hear(open_ones[1], "ended", 16))["reason"] == "check_over"
            assert time.monotonic() - begin < 17
            assert not other.complaints(), other.complaints()
        finally:
            other.close()

    async def a_seat_has_one_check():
        room = server.room()
        link = server.link(room, seat="one")
        sockets = []
        for i in range(6):  # more than there may be at a time
            ws = await server.socket()
            await say(ws, type="check", token=link["token"])
            session = (await hear(ws, "checking"))["session"]
            await say(ws, type="offer", sdp="v=0")
            await hear(ws, "answer")
            if sockets:
                assert (await hear(sockets[-1], "ended"))["reason"] == "check_over"
            sockets.append(ws)
            server.wait(lambda s=session: server.inspect(room)["audio"]["checks"] == [s], 3)
        await sockets[-1].close()

    async def a_room_that_dies_during_a_check_takes_nothing_along():
        room = server.room()
        gateway = server.gateway()
        for sign in (signal.SIGKILL, signal.SIGTERM):
            check = await server.socket()
            await say(check, type="check", token=server.link(room, seat="one")["token"])
            await hear(check, "checking")
            await say(check, type="offer", sdp="v=0")
            await hear(check, "answer")
            os.kill(server.inspect(room)["audio"]["pid"], sign)
            assert (await hear(check, "ended"))["reason"] == "check_over"
            await hear_end(check)
            ws, _ = await inside(room, "one")
            await ws.close()
        assert server.gateway() == gateway

    async def a_check_needs_a_good_token():
        ws = await server.socket()
        await say(ws, type="check", token="nonsense")
        m = await hear(ws)
        assert (m["code"], m["fatal"]) == ("token_forged", True)

    return [*mute_cases.make(server, inside), chat_reaches_everybody_and_nobody_later, chat_is_limited_in_length_and_rate, a_new_connection_does_not_lift_the_limit_of_chat,
            hand_and_share_are_in_the_roster, a_hand_needs_a_connection, a_host_caps_removes_and_ends, who_comes_to_a_locked_room_waits_for_a_host,
            knocks_end_with_the_socket_the_seat_the_lock_and_the_room, the_lock_holds_over_restarts_and_for_devices,
            a_database_of_the_first_layout_is_brought_up_to_date, links_carry_language_and_fixed_and_are_withdrawn,
            a_new_link_after_a_withdrawn_one_has_its_marks,
            a_check_takes_no_seat_and_ends, checks_are_few_at_a_time_and_short, a_check_needs_a_good_token,
            the_clinic_answers_a_knock_by_rest, who_is_made_a_host_waits_no_longer, a_seat_has_one_check,
            a_room_that_dies_during_a_check_takes_nothing_along]
