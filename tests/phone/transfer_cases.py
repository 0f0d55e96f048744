"""Calls that are sent on: REFER both ways, and calls whose tessera-phone has died."""
import os
import re
import signal

from steps import caller, enter, hears, joined, open_peers, record, soon


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

    def calls_whose_tessera_phone_died_can_still_be_ended_by_both_sides():
        room = server.room()
        digits = server.pin(room)
        a, b = enter(server, digits, 440, number="+15557000053"), enter(server, digits, 700, number="+15557000054")
        hears(b, 440)
        ready = server.words().count("phone.ready")
        os.kill(server.child("tessera-phone"), signal.SIGKILL)
        soon(lambda: server.words().count("phone.ready") > ready, 10)
        soon(lambda: server.words().count("call.adopted") >= 2)
        hears(b, 440)  # the room goes on
        a.request("BYE")  # it is told that there is no such call, and that is as it should be
        assert a.final("BYE").status == 481
        a.rtp.target = None
        answering(a, 481, 12)
        answering(b, 200, 0)
        soon(lambda: len(server.seats(room)) == 1)
        seat = next(iter(server.seats(room)))
        assert server.rest("DELETE", f"/rooms/{room}/participants/{seat}").status == 204
        bye = b.hear_until(lambda m: m.method == "BYE" and not m.status)
        assert bye.tag("to") == b.tag and bye["call-id"] == b.call_id and bye.tag("from") == b.to_tag
        b.respond(bye, 200, "OK")
        soon(lambda: not server.seats(room))

    def answering(peer, status, seconds):
        """One OPTIONS inside the dialog."""
        m = peer.hear_until(lambda m: m.method == "OPTIONS" and not m.status and m["call-id"] == peer.call_id, max(seconds, 6))
        assert m.tag("to") == peer.tag and m.tag("from") == peer.to_tag and int(m["cseq"].split()[0]) > 0
        peer.respond(m, status, "OK" if status == 200 else "Call Does Not Exist")

    return [a_host_sends_a_call_away, a_caller_sends_another_in_its_place,
            calls_whose_tessera_phone_died_can_still_be_ended_by_both_sides]
