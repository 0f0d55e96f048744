"""Telephone calls as the gateway sees them, with a tessera-phone that speaks no SIP: PINs, seats, limits, records, restarts."""
import json
import os
import re
import signal
import stat

from fake_phone import FakePhone
from harness import hear, say


def make(server):
    def pin(room, **more):
        r = server.rest("POST", f"/rooms/{room}/pins", more)
        assert r.status == 201, r.body
        return r.json()["pin"]

    def legs(room):
        return server.inspect(room).get("audio", {}).get("legs", {})

    def seat_names(room):
        return {p["seat"]: p["name"] for p in server.inspect(room)["participants"]}

    def record(call):
        server.wait(lambda: any(c["call"] == call for c in server.rest("GET", "/calls").json()["calls"]), 5)
        return next(c for c in server.rest("GET", "/calls").json()["calls"] if c["call"] == call)

    def a_pin_leads_into_the_room_and_the_call_is_written_down():
        phone, room = FakePhone(server), server.room()
        bound = phone.enter("call-a", pin(room))
        assert bound["room"] == room and seat_names(room)[bound["seat"]] == "Phone ...3121"
        assert legs(room)["call-a"]["seat"] == bound["seat"] and legs(room)["call-a"]["leg"]["srtp"] is None
        phone.send(type="leg_update", call="call-a", leg={"hold": True})
        phone.send(type="key", call="call-a", key="5")
        server.wait(lambda: legs(room)["call-a"].get("heard") == [{"hold": True}, "5"], 3)
        phone.send(type="ended", call="call-a", reason="hung_up", status=0)
        r = record("call-a")
        assert (r["reason"], r["codec"], r["loss"], r["mos"], r["clear"], r["number"]) == ("hung_up", "PCMU", 0.25, 3.9, True, "Phone ...3121")
        assert 0 < r["began"] <= r["answered"] <= r["joined"] <= r["ended"]
        server.wait(lambda: bound["seat"] not in seat_names(room), 3)
        phone.close()

    def the_first_of_a_room_that_only_starts_is_handed_its_keys():
        phone, room, keys = FakePhone(server), server.room(), {"key_in": "A" * 40, "key_out": "B" * 40}
        phone.incoming("call-t", caller="+15551110017")
        bound = phone.pin("call-t", pin(room))["bound"]
        assert phone.hand("call-t", bound, srtp=keys)["type"] == "ok"
        assert legs(room)["call-t"]["leg"]["srtp"] == keys
        phone.close()

    def a_number_that_is_not_ours_and_a_second_of_an_id_are_refused():
        phone = FakePhone(server)
        assert phone.incoming("call-b", number="+15559999")["code"] == "unknown_number"
        assert phone.incoming("call-b", number="+15550200")["languages"] == ["en", "es", "fr"]
        assert phone.incoming("call-b")["code"] == "bad_request"
        assert phone.incoming("Call B!")["code"] == "bad_request"
        assert phone.hand("call-b")["code"] == "room_ended"  # no room knows it
        assert phone.ask(type="nonsense")["code"] == "bad_request"
        phone.close()

    def guessing_has_a_limit_for_each_number_and_for_the_trunk():
        phone, room = FakePhone(server), server.room()
        right = pin(room)
        phone.incoming("call-c", caller="+15551110001")
        assert [phone.pin("call-c", "000000")["code"] for _ in range(6)] == ["wrong"] * 4 + ["blocked"] * 2
        assert phone.pin("call-c", right)["code"] == "blocked"
        phone.incoming("call-d", caller="+15551110002")
        assert phone.pin("call-d", right)["type"] == "ok"  # others are let in
        phone.close()

    def a_one_time_pin_is_used_up_also_by_two_at_the_same_moment():
        phone, room = FakePhone(server), server.room()
        once = pin(room, once=True)
        for call, caller in (("call-e", "+15551110003"), ("call-f", "+15551110004")):
            phone.incoming(call, caller=caller)
        for n, call in ((901, "call-e"), (902, "call-f")):
            phone.send(type="pin", id=n, call=call, pin=once, language="en")
        replies = [phone.read(), phone.read()]
        assert sorted(r["type"] for r in replies) == ["error", "ok"], replies
        phone.incoming("call-g", caller="+15551110005")
        assert phone.pin("call-g", once)["code"] == "wrong"
        phone.close()

    def a_host_pin_opens_a_locked_room_and_a_seat_pin_its_seat():
        phone, room = FakePhone(server), server.room()
        server.link(room, seat="ana", name="Ana María")
        plain, host, hers = pin(room), pin(room, host=True, name="Dr. Li", role="clinician"), pin(room, seat="ana")
        assert server.rest("POST", f"/rooms/{room}/lock", {"locked": True}).status == 204
        phone.incoming("call-h", caller="+15551110006")
        assert phone.pin("call-h", plain)["code"] == "locked"
        bound = phone.enter("call-i", host, caller="+15551110007")
        assert seat_names(room)[bound["seat"]] == "Dr. Li"
        server.rest("POST", f"/rooms/{room}/lock", {"locked": False})
        bound = phone.enter("call-j", hers, caller="+15551110008")
        assert bound["seat"] == "ana" and not bound["own"]
        phone.send(type="ended", call="call-j", reason="hung_up", status=0)
        record("call-j")
        assert "ana" in seat_names(room)  # the seat is hers, not the call's
        assert server.rest("DELETE", f"/rooms/{room}/participants/ana").status == 204
        phone.incoming("call-k", caller="+15551110009")
        assert phone.pin("call-k", hers)["code"] == "wrong"
        phone.close()

    def a_full_or_ended_room_says_so():
        phone, room = FakePhone(server), server.room()
        number = pin(room)
        for n in range(4):
            server.link(room, seat=f"s{n}")
        phone.incoming("call-l", caller="+15551110010")
        assert phone.pin("call-l", number)["code"] == "full"
        assert server.rest("DELETE", f"/rooms/{room}").status == 204
        assert phone.pin("call-l", number)["code"] == "wrong"
        phone.close()

    def who_is_removed_is_hung_up_and_so_is_who_is_in_a_room_that_ends():
        phone, room = FakePhone(server), server.room()
        number = pin(room)
        one, _ = phone.enter("call-m", number, caller="+15551110011"), phone.enter("call-n", number, caller="+15551110012")
        assert server.rest("DELETE", f"/rooms/{room}/participants/{one['seat']}").status == 204
        assert phone.hear("hangup")["call"] == "call-m"
        phone.send(type="ended", call="call-m", reason="removed", status=0)
        assert record("call-m")["reason"] == "removed"
        server.rest("DELETE", f"/rooms/{room}")
        assert phone.hear("hangup") == {"type": "hangup", "call": "call-n", "reason": "room_ended"}
        phone.close()

    async def a_host_calls_a_number_and_sees_how_far_it_comes():
        phone, room = FakePhone(server), server.room()
        host, _ = await server.join(server.link(room, role="clinician", host=True, seat="doc"))
        other, _ = await server.join(server.link(room, seat="ana"))
        await say(host, type="host", op="dial", value="+1 555 010 0199", id=1)
        await hear(host, "ok")
        order = phone.hear("dial")
        assert (order["number"], order["languages"]) == ("+15550100199", ["en"])
        for state in ("calling", "ringing", "answered"):
            phone.send(type="state", call=order["call"], state=state, trunk="trunk1")
            m = await hear(host, "call")
            assert (m["state"], m["number"]) == (state, "+15550100199")
        assert order["bound"]["seat"] not in legs(room)
        assert phone.hand(order["call"], order["bound"])["type"] == "ok"
        assert (await hear(host, "call"))["state"] == "joined"
        assert seat_names(room)[order["bound"]["seat"]] == "Phone ...0199"
        await say(host, type="host", op="dial", value=False, call=order["call"], id=2)
        await hear(host, "ok")
        assert phone.hear("hangup")["reason"] == "hung_up_by_host"
        phone.send(type="ended", call=order["call"], reason="hung_up_by_host", status=0)
        m = await hear(host, "call")
        assert (m["state"], m["reason"]) == ("ended", "hung_up_by_host")
        assert record(order["call"])["direction"] == "out"
        await say(other, type="ping", id=9)
        seen = []
        while (m := await hear(other))["type"] != "pong":
            assert "0100199" not in json.dumps(m)  # who is no host sees that it rings, not the number
            seen += [(m["state"], m["name"], m["number"])] if m["type"] == "call" else []
        assert seen == [(state, "Phone ...0199", "Phone ...0199") for state in ("calling", "ringing", "answered", "joined", "ended")]
        phone.close()

    def a_call_that_is_not_answered_leaves_no_seat():
        phone, room = FakePhone(server), server.room()
        r = server.rest("POST", f"/rooms/{room}/calls", {"number": "+15550100198", "name": "Bo", "language": "es"})
        assert r.status == 202
        order = phone.hear("dial")
        assert order["call"] == r.json()["call"] and order["languages"] == ["es"]
        phone.send(type="ended", call=order["call"], reason="busy", status=486)
        found = record(order["call"])
        assert (found["reason"], found["status"], found["joined"]) == ("busy", 486, 0)
        server.wait(lambda: not seat_names(room), 3)
        assert server.rest("DELETE", f"/rooms/{room}/calls/{order['call']}").status == 404
        phone.close()

    def what_the_dial_plan_does_not_allow_is_refused_with_a_reason():
        phone, room = FakePhone(server), server.room()

        def tried(number):
            r = server.rest("POST", f"/rooms/{room}/calls", {"number": number})
            return r.status, r.json().get("detail", "")

        for number, status, word in (("911", 403, "Emergency"), ("+1 911", 403, "Emergency"), ("+1 900 555 0100", 403, "cost"),
                                     ("+44 20 7946 0000", 403, "country"), ("5550100", 400, "+"), ("+1555x", 400, "+")):
            assert tried(number)[0] == status and word in tried(number)[1], (number, tried(number))
        assert [tried("+15550100190")[0] for _ in range(4)] == [202] * 3 + [503]
        phone.close()
        server.wait(lambda: tried("+15550100190")[1].startswith("The telephone line is down"), 3)

    def a_call_in_a_room_outlives_the_gateway_and_tessera_phone():
        phone, room = FakePhone(server), server.room()
        bound = phone.enter("call-o", pin(room), caller="+15551110013")
        os.kill(server.gateway(), signal.SIGKILL)
        server.wait(lambda: server.get("/readyz").status == 200, 5)
        again = FakePhone(server)  # tessera-phone connects anew and says what it has
        again.send(type="call", call="call-o", state="in_room", outgoing=False, trunk="trunk1", bound=bound)
        server.wait(lambda: legs(room).get("call-o", {}).get("seat") == bound["seat"], 5)
        assert server.rest("DELETE", f"/rooms/{room}/calls/call-o").status == 204
        assert again.hear("hangup")["call"] == "call-o"
        again.send(type="ended", call="call-o", reason="hung_up_by_host", status=0)
        assert record("call-o")["number"] == "Phone ...0013"
        bound, other = (again.enter(call, pin(room), caller="+15551110014") for call in ("call-p", "call-u"))
        again.close()  # tessera-phone has died: the room has the call
        server.wait(lambda: "phone.lost" in server.words(), 3)
        assert bound["seat"] in seat_names(room) and "call-p" in legs(room)
        assert server.rest("DELETE", f"/rooms/{room}/participants/{bound['seat']}").status == 204
        assert record("call-p")["reason"] == "removed"
        third = FakePhone(server)  # it knows nothing of the call, and is to take its dialog up
        adopted = third.hear("adopt")
        assert adopted["call"] == "call-u" and adopted["bound"]["seat"] == other["seat"]
        assert server.rest("DELETE", f"/rooms/{room}/participants/{other['seat']}").status == 204
        assert third.hear("hangup")["call"] == "call-u"
        third.send(type="ended", call="call-u", reason="removed", status=0)
        assert record("call-u")["reason"] == "removed"
        third.close()

    def a_room_that_is_slower_than_tessera_phone_is_still_the_one():
        phone, room = FakePhone(server), server.room()
        bound = phone.enter("call-y", pin(room), caller="+15551110019")
        process = server.inspect(room)["audio"]["pid"]
        os.kill(process, signal.SIGSTOP)
        os.kill(server.gateway(), signal.SIGKILL)
        server.wait(lambda: server.get("/readyz").status == 200, 5)
        again = FakePhone(server)
        again.send(type="call", call="call-y", state="in_room", outgoing=False, trunk="trunk1", bound=bound)
        again.incoming("call-z")  # is answered after that
        os.kill(process, signal.SIGCONT)
        server.wait(lambda: "why=adopted" in server.words().split(f"room.state room={room} ")[-1].split("\n")[0], 5)
        assert server.inspect(room)["audio"]["pid"] == process and legs(room)["call-y"]["seat"] == bound["seat"]
        for call in ("call-y", "call-z"):
            again.send(type="ended", call=call, reason="hung_up", status=0)
            record(call)
        again.close()

    def who_hangs_up_while_he_enters_is_not_left_in_the_room():
        phone, room = FakePhone(server), server.room()
        server.link(room, seat="ana")
        phone.incoming("call-s", caller="+15551110016")
        assert phone.pin("call-s", pin(room, seat="ana"))["type"] == "ok"
        phone.hand_unheard("call-s")
        phone.send(type="leg_update", call="call-s", leg={"hold": True})
        server.wait(lambda: legs(room).get("call-s", {}).get("heard") == [{"hold": True}], 3)
        phone.send(type="ended", call="call-s", reason="hung_up", status=0)
        assert record("call-s")["reason"] == "hung_up"
        server.wait(lambda: "call-s" not in legs(room), 3)  # asked after the leg was given to it: it had it
        phone.close()

    def a_room_that_dies_gets_its_calls_again():
        phone, room = FakePhone(server), server.room()
        bound = phone.enter("call-q", pin(room), caller="+15551110015")
        for key, prompt in (("A", "muted now"), ("D", "hand-up now")):
            phone.send(type="key", call="call-q", key=key)
            server.wait(lambda prompt=prompt: prompt in said(room, "call-q"), 3)
        os.kill(server.inspect(room)["audio"]["pid"], signal.SIGKILL)
        assert phone.hear("again")["call"] == "call-q"
        assert phone.hand("call-q", bound)["type"] == "ok"
        leg = legs(room)["call-q"]
        assert (leg["seat"], leg["audio"], leg["hand"]) == (bound["seat"], False, True)  # as the caller had left it
        phone.close()

    def said(room, call):
        return legs(room)[call].get("said", [])

    async def a_person_has_a_telephone_for_sound_and_gives_it_back():
        phone, room = FakePhone(server), server.room()
        ana, joined = await server.join(server.link(room, seat="ana", name="Ana", language="es"))
        doc, _ = await server.join(server.link(room, role="clinician", host=True, seat="doc"))
        assert joined["phone"] == {"number": ""}
        await say(ana, type="phone", op="call", id=1)
        assert (await hear(ana, "error"))["reason"] == "no_number"  # none is on file
        await say(ana, type="phone", op="call", number="911", id=2)
        assert (await hear(ana, "error"))["reason"] == "emergency"
        await say(ana, type="phone", op="hang_up", id=3)
        assert (await hear(ana, "error"))["code"] == "conflict"
        await say(ana, type="phone", op="call", number="+1 555 010 0177", id=4)
        await hear(ana, "ok")
        order = phone.hear("dial")
        assert (order["number"], order["languages"], order["bound"]["seat"], order["bound"]["own"]) == ("+15550100177", ["es"], "ana", False)
        phone.send(type="state", call=order["call"], state="ringing", trunk="trunk1")
        m = await hear(ana, "call")
        assert (m["state"], m["number"], m["seat"], m["rescue"], m["direction"]) == ("ringing", "Phone ...0177", "ana", False, "out")
        assert (await hear(doc, "call"))["number"] == "+15550100177"
        await say(ana, type="phone", op="call", number="+15550100178", id=5)
        assert (await hear(ana, "error"))["reason"] == "on_phone"  # one at a time
        assert phone.hand(order["call"], order["bound"])["type"] == "ok"
        assert (await hear(ana, "call"))["state"] == "joined" and legs(room)[order["call"]]["seat"] == "ana"
        await say(ana, type="phone", op="audio", on=False, id=6)
        await hear(ana, "ok")
        server.wait(lambda: legs(room)[order["call"]].get("heard") == [{"audio": False}], 3)
        server.rest("POST", f"/rooms/{room}/participants/ana/mute", {"muted": True})
        assert (await hear(ana, "muted"))["muted"] is True
        await say(ana, type="phone", op="audio", on=True, id=8)  # Unmute on the page ends a host's mute here too
        assert (await hear(ana, "muted"))["muted"] is False
        await say(ana, type="phone", op="hang_up", id=7)
        await hear(ana, "ok")
        assert phone.hear("hangup")["reason"] == "hung_up_in_page"
        phone.send(type="ended", call=order["call"], reason="hung_up_in_page", status=0)
        assert (await hear(ana, "call"))["state"] == "ended" and "ana" in seat_names(room)
        server.rest("DELETE", f"/rooms/{room}")
        phone.close()

    async def a_number_on_file_is_called_when_sound_is_dead_twice_at_most():
        phone, room = FakePhone(server), server.room()
        link = server.link(room, seat="ana", phone="+1 555 666 7788")
        assert server.rest("POST", f"/rooms/{room}/links", {"role": "guest", "name": "B", "phone": "+44 20 7946 0000"}).status == 403
        assert server.rest("POST", f"/rooms/{room}/links", {"role": "guest", "name": "B", "phone": "mine"}).status == 400
        doc, _ = await server.join(server.link(room, role="clinician", host=True, seat="doc"))
        ana, joined = await server.join(link)
        assert joined["phone"] == {"number": "Phone ...7788"}
        await say(ana, type="offer", sdp="v=0\r\na=x-dead")
        orders = []
        for reason in ("no_key", "no_answer"):
            orders.append(phone.hear("dial", 8))
            assert orders[-1]["number"] == "+15556667788" and orders[-1]["bound"]["seat"] == "ana"
            phone.send(type="ended", call=orders[-1]["call"], reason=reason, status=0)
            m = await hear(doc, "call")
            assert (m["state"], m["reason"], m["rescue"], m["seat"]) == ("ended", reason, True, "ana")
        await say(ana, type="offer", sdp="v=0\r\na=x-dead")
        await hear(ana, "answer")
        assert phone.silent(1) and len({o["call"] for o in orders}) == 2  # not a third time
        server.rest("DELETE", f"/rooms/{room}")
        phone.close()

    async def sound_that_comes_back_ends_the_ringing():
        phone, room = FakePhone(server), server.room()
        ana, _ = await server.join(server.link(room, seat="ana", phone="+15556667789"))
        await say(ana, type="offer", sdp="v=0\r\na=x-dead")
        order = phone.hear("dial")
        await hear(ana, "answer")
        await say(ana, type="offer", sdp="v=0\r\na=x-heard")
        hangup = phone.hear("hangup")
        assert (hangup["call"], hangup["reason"]) == (order["call"], "sound_is_back")
        phone.send(type="ended", call=order["call"], reason="sound_is_back", status=0)
        record(order["call"])
        server.rest("DELETE", f"/rooms/{room}")
        phone.close()

    async def callers_are_told_what_others_see_and_are_never_stuck_muted():
        phone, room = FakePhone(server), server.room()
        server.rest("PUT", f"/rooms/{room}/recording", {"policy": "everyone"})
        seat = phone.enter("call-w", pin(room), caller="+15551110018")["seat"]
        assert server.inspect(room)["audio"]["keypad"]["mute"] == "*6"

        def hears(*prompts):
            server.wait(lambda: said(room, "call-w")[-len(prompts):] == list(prompts), 3)

        def presses(key):
            phone.send(type="key", call="call-w", key=key)

        def host_muted():
            return next(s for s in server.inspect(room)["audio"]["seats"] if s["seat"] == seat)["muted"]

        doc, _ = await server.join(server.link(room, role="clinician", host=True, seat="doc"))
        m = await hear(doc, "call")  # only a host reads the whole number of who called
        assert (m["number"], m["direction"], m["state"], m["seat"]) == ("+15551110018", "in", "joined", seat)
        presses("A")
        hears("muted now")
        presses("B")
        hears("unmuted now")
        presses("D")
        hears("hand-up now")
        await say(doc, type="offer", sdp="v=0")
        await hear(doc, "answer")
        hears("joined")
        await say(doc, type="host", op="mute", seat=seat, id=1)
        await hear(doc, "ok")
        hears("host-muted")
        await say(doc, type="host", op="unmute_ask", seat=seat, id=2)
        await hear(doc, "ok")
        hears("host-asks")
        presses("A")
        hears("unmuted now")
        assert not host_muted()
        await say(doc, type="host", op="record", value="start", id=3)
        await hear(doc, "ok")
        hears("recording-ask")
        presses("C")
        hears("consent-yes now")
        await say(doc, type="consent", agree=True, version="2", id=4)
        hears("recording-on")
        await say(doc, type="host", op="record", value="stop", id=5)
        hears("recording-off")
        await say(doc, type="host", op="mute", seat=seat, id=6)
        hears("host-muted")
        assert server.rest("POST", f"/rooms/{room}/participants/{seat}/mute", {"muted": False}).status == 204
        hears("host-asks")  # and nobody is heard before the key
        assert server.inspect(room)["audio"]["legs"]["call-w"]["heard"][-1] == {"audio": False} and not host_muted()
        presses("B")
        hears("unmuted now")
        await say(doc, type="host", op="mute_all", id=7)
        hears("host-muted")
        presses("A")  # as Unmute on a page: nobody need be asked
        hears("unmuted now")
        assert not host_muted()
        unmutes = [r for r in map(json.loads, server.trail().splitlines()) if r.get("operation") == "unmute" and r["room"] == room]
        assert [r["actor"] == seat for r in unmutes] == [True, False, True]
        server.rest("DELETE", f"/rooms/{room}")
        phone.close()

    def numbers_and_pins_are_nowhere_in_clear():
        phone, room = FakePhone(server), server.room()
        number = pin(room)
        phone.enter("call-r", number, caller="+15554443322")
        phone.send(type="ended", call="call-r", reason="hung_up", status=0)
        record("call-r")
        for folder, _, names in os.walk(server.data):
            for name in names:
                path = os.path.join(folder, name)
                if stat.S_ISSOCK(os.stat(path).st_mode):
                    continue
                with open(path, "rb") as f:
                    held = f.read()
                assert b"5554443322" not in held and number.encode() not in held, name
        assert "5554443322" not in server.words() and number not in server.words()
        assert not re.search(r"\b555\d{7}\b", server.get("/metrics", Authorization="Bearer " + server.key).body.decode())
        phone.close()

    return [a_pin_leads_into_the_room_and_the_call_is_written_down, the_first_of_a_room_that_only_starts_is_handed_its_keys,
            a_number_that_is_not_ours_and_a_second_of_an_id_are_refused,
            guessing_has_a_limit_for_each_number_and_for_the_trunk, a_one_time_pin_is_used_up_also_by_two_at_the_same_moment,
            a_host_pin_opens_a_locked_room_and_a_seat_pin_its_seat, a_full_or_ended_room_says_so,
            who_is_removed_is_hung_up_and_so_is_who_is_in_a_room_that_ends, a_host_calls_a_number_and_sees_how_far_it_comes,
            a_call_that_is_not_answered_leaves_no_seat, what_the_dial_plan_does_not_allow_is_refused_with_a_reason,
            a_person_has_a_telephone_for_sound_and_gives_it_back, a_number_on_file_is_called_when_sound_is_dead_twice_at_most,
            sound_that_comes_back_ends_the_ringing, callers_are_told_what_others_see_and_are_never_stuck_muted,
            who_hangs_up_while_he_enters_is_not_left_in_the_room, a_room_that_dies_gets_its_calls_again, a_call_in_a_room_outlives_the_gateway_and_tessera_phone,
            a_room_that_is_slower_than_tessera_phone_is_still_the_one, numbers_and_pins_are_nowhere_in_clear]
