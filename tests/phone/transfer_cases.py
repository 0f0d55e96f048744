"""Calls that are sent on: REFER both ways, and calls whose tessera-phone has died."""
import os
import re
import signal
import time

from peer import level_db
from steps import PATIENCE, caller, enter, hears, joined, open_peers, record, soon


def make(server):
    def trunk():
        t = server.trunk_peer()
        open_peers.append(t)
        return t

    def call_of(peer):
        return re.findall(r"call=(call-[a-z0-9]+) from=handing to=in_room", server.words())[-1]

    def a_host_sends_a_call_away():
        room = server.room()
        p = enter(server, server.pin(room), number="+15557000051")
        path = f"/rooms/{room}/calls/{call_of(p)}/transfer"
        assert server.rest("POST", path, {"number": "+4412345678"}).status == 403  # not in the dial plan
        assert server.rest("POST", f"/rooms/{room}/calls/call-none/transfer", {"number": "+15550100177"}).status == 404
        for outcome in ("SIP/2.0 486 Busy Here", "SIP/2.0 200 OK"):
            assert server.rest("POST", path, {"number": "+15550100177"}).status == 202
            m = p.hear_until(lambda m: m.method == "REFER" and not m.status)
            assert "+15550100177@" in m["refer-to"], m["refer-to"]
            p.respond(m, 202, "Accepted")
            event = f"Event: refer;id={m['cseq'].split()[0]}\r\n"
            for fragment, state in (("SIP/2.0 100 Trying", "active;expires=60"), (outcome, "terminated;reason=noresource")):
                p.request("NOTIFY", fragment + "\r\n", event + f"Subscription-State: {state}\r\n", kind="message/sipfrag;version=2.0")
                assert p.final("NOTIFY").status == 200
            if "486" in outcome:
                soon(lambda: "done=0 status=486" in server.words())
                assert server.seats(room)  # and the call goes on
        p.wait_bye()
        record(server, "transferred")
        soon(lambda: not server.seats(room))

    def a_caller_sends_another_in_its_place():
        room = server.room()
        p = enter(server, server.pin(room), number="+15557000052")
        seat = next(iter(server.seats(room)))
        t = trunk()

        def refer(target):
            p.request("REFER", headers=f"Refer-To: <{target}>\r\n")
            return p.final("REFER").status

        def told():
            m = p.hear_until(lambda m: m.method == "NOTIFY" and not m.status)
            p.respond(m, 200, "OK")
            return m.body.strip()

        assert refer("sip:evil@192.0.2.1") == 603
        assert refer("sip:+15550100188@x?Replaces=a%3Bto-tag%3Db") == 603
        assert refer("sip:+4412345678@x") == 202  # the dial plan says no
        assert told().endswith("100 Trying") and told().startswith("SIP/2.0 603")
        assert refer("sip:+15550100188@192.0.2.1") == 202
        assert told().endswith("100 Trying")
        m = t.wait_invite()
        assert "+15550100188@127.0.0.1" in m.start  # by our trunk, wherever that pointed
        t.respond(m, 180, "Ringing")
        assert told().endswith("180 Ringing")
        t.pick_up(m)
        soon(lambda: t.rtp.pcm(0).any())
        before = joined(server)
        t.rtp.press("1")
        assert told() == "SIP/2.0 200 OK"
        p.wait_bye()
        soon(lambda: joined(server) > before)
        assert list(server.seats(room)) == [seat]  # the same person to the room
        assert t.bye().status == 200
        soon(lambda: not server.seats(room))

    def tessera_phone_dies():
        ready = server.words().count("phone.ready")
        os.kill(server.child("tessera-phone"), signal.SIGKILL)
        soon(lambda: server.words().count("phone.ready") > ready, 10)

    def taken_up(p, before=None):
        """The INVITE that takes a dialog up; it has nothing new in it."""
        seen = before["cseq"] if before else ""
        m = p.hear_until(lambda m: m.method == "INVITE" and not m.status and m["call-id"] == p.call_id and m["cseq"] != seen, 10)
        assert (m.tag("to"), m.tag("from")) == (p.tag, p.to_tag)
        assert not m.body or m.sdp_port() == p.rtp.target[1]
        return m

    def agree(p, m):
        p.respond(m, 200, "OK", p.sdp())
        ack = p.hear_until(lambda m: m.method == "ACK")
        assert (m.body or ack.body) and not (m.body and ack.body)
        assert (m if m.body else ack).sdp_port() == p.rtp.target[1]

    def calls_go_on_when_tessera_phone_has_died_and_are_like_any_other():
        room = server.room()
        digits = server.pin(room)
        a, b, t = enter(server, digits, 440, number="+15557000053"), caller(server, number="+15557000054"), trunk()
        before = joined(server)
        assert b.call(headers=f"Record-Route: <sip:{b.ip}:{b.port};lr>\r\n").status == 200
        b.rtp.press(digits + "#")
        assert server.rest("POST", f"/rooms/{room}/calls", {"number": "+15550100166"}).status == 202
        invite = t.wait_invite()
        t.pick_up(invite)
        t.to_tag = invite.tag("from")
        t.rtp.tone_hz = 1000
        t.rtp.press("1")
        soon(lambda: joined(server) == before + 2)
        hears(b, 440)
        hears(a, 1000)
        mark = time.monotonic()
        tessera_phone_dies()
        asked = taken_up(a)
        agree(a, asked)
        agree(t, taken_up(t))
        m = taken_up(b)
        b.respond(m, 491, "Request Pending")
        m = taken_up(b, m)
        assert m["route"], m["route"]
        agree(b, m)
        hears(b, 440)  # the room went on all the time
        for p in (a, b, t):
            assert max(y[0] - x[0] for x, y in zip(p.rtp.heard, p.rtp.heard[1:]) if x[0] > mark) < 0.5 * PATIENCE
            assert len({h[3] for h in p.rtp.heard}) == 1
        m = a.reinvite(a.sdp(mode="sendonly"))
        assert m.status == 200 and "a=recvonly" in m.body
        soon(lambda: level_db(b.rtp.pcm(time.monotonic() - 0.4), 440) < -60)
        t.request("UPDATE", t.sdp())
        assert t.final("UPDATE").status == 200
        assert a.reinvite(a.sdp()).status == 200
        hears(b, 440)
        assert t.bye().status == 200
        soon(lambda: len(server.seats(room)) == 2)
        seat = next(s for s, p in server.seats(room).items() if p["name"].endswith("0054"))
        assert server.rest("DELETE", f"/rooms/{room}/participants/{seat}").status == 204
        bye = b.hear_until(lambda m: m.method == "BYE" and not m.status)
        assert (bye.tag("to"), bye["call-id"], bye.tag("from")) == (b.tag, b.call_id, b.to_tag)
        assert f"<sip:{b.ip}:{b.port};lr>" in bye["route"], bye["route"]  # its proxy did not write itself into the answer
        b.respond(bye, 200, "OK")
        tessera_phone_dies()
        again = taken_up(a)
        assert int(again["cseq"].split()[0]) > int(asked["cseq"].split()[0])
        a.respond(again, 481, "Call Does Not Exist")
        soon(lambda: not server.seats(room))

    return [a_host_sends_a_call_away, a_caller_sends_another_in_its_place,
            calls_go_on_when_tessera_phone_has_died_and_are_like_any_other]
