"""What a trunk's dialogs may do: UPDATE, reliable provisional responses, early media, session timers whose clock is stepped."""
import glob
import os
import re
import stat
import time

from kit import PhoneServer
from steps import caller, enter, hears, joined, open_peers, record, soon

JUMP = "step"  # beside the server's files: what is added to tessera-phone's clocks


def make(server):
    def trunk():
        t = server.trunk_peer()
        open_peers.append(t)
        return t

    def an_update_holds_a_call_moves_it_and_changes_its_codec():
        room = server.room()
        digits = server.pin(room)
        a, b = enter(server, digits, 440, number="+15557000021"), enter(server, digits, 700, number="+15557000022")
        hears(b, 440)

        def update(body):
            a.request("UPDATE", body)
            m = a.final("UPDATE")
            assert m.status == 200, m.start
            return m

        assert "a=recvonly" in update(a.sdp(mode="sendonly")).body
        count = len(a.rtp.heard)
        time.sleep(0.3)
        assert len(a.rtp.heard) <= count + 2  # nothing is sent to who holds
        former = a.rtp
        a.rtp = type(former)("127.0.0.1")
        a.rtp.tone_hz, a.rtp.ssrc = 1000, former.ssrc
        m = update(a.sdp())
        former.close()
        a.rtp.target = (server.sip[0], m.sdp_port())
        assert "a=sendrecv" in m.body
        hears(b, 1000)
        hears(a, 700)
        m = update(a.sdp(formats="8 101"))
        assert "RTP/AVP 8 101" in m.body
        soon(lambda: a.rtp.heard[-1][4] == 8)
        assert not update("").body  # a mere refresh
        a.request("UPDATE", a.sdp(formats="18"))
        assert a.final("UPDATE").status == 488
        for p in (a, b):
            assert p.bye().status == 200

    def who_requires_it_is_answered_early_and_reliably():
        room = server.room()
        for offer in (True, False):
            p = caller(server, number="+15557000023")
            p.request("INVITE", p.sdp() if offer else "", "Require: 100rel\r\n")
            m = p.hear_until(lambda m: m.status == 183)
            assert "100rel" in m["require"] and "m=audio" in m.body
            invite = p.cseq
            p.take_answer(m)
            if offer:
                soon(lambda: len(p.rtp.heard) > 5)  # before it is answered
            assert all(m.status < 200 for m in p.log)
            p.request("PRACK", "" if offer else p.sdp(), f"RAck: {m['rseq']} {invite} INVITE\r\n")
            m = p.final()
            assert m.status == 200 and not m.body
            p.request("ACK", cseq=invite)
            p.cseq = max(p.cseq, invite + 1)
            before = joined(server)
            p.rtp.press(server.pin(room) + "#")
            soon(lambda: joined(server) > before)
            assert p.bye().status == 200
        p = caller(server, number="+15557000024")
        p.request("INVITE", p.sdp(), "Require: 100rel\r\n", "+15559999")
        assert p.final().status == 404

    def a_callee_may_describe_itself_before_it_answers():
        room = server.room()
        t = trunk()
        assert server.rest("POST", f"/rooms/{room}/calls", {"number": "+15550100199"}).status == 202
        m = t.wait_invite()
        assert "100rel" in m["supported"]
        t.respond(m, 183, "Session Progress", t.sdp(), "Require: 100rel\r\nRSeq: 7\r\n")
        p = t.hear_until(lambda a: a.method == "PRACK" and not a.status)
        assert re.match(r"7 +\d+ +INVITE", p["rack"]), p["rack"]
        t.respond(p, 200, "OK")
        t.rtp.target = (server.sip[0], m.sdp_port())
        soon(lambda: len(t.rtp.heard) > 5)  # the way is open before it answers
        former, t.rtp = t.rtp, type(t.rtp)("127.0.0.1")
        former.close()
        t.request("UPDATE", t.sdp())  # and it may move before that
        u = t.final("UPDATE")
        assert u.status == 200 and "m=audio" in u.body
        t.rtp.target = (server.sip[0], m.sdp_port())
        soon(lambda: len(t.rtp.heard) > 5)
        t.respond(m, 200, "OK")  # all has been said
        t.hear_until(lambda a: a.method == "ACK")
        soon(lambda: t.rtp.pcm(0).any())  # who calls
        before = joined(server)
        t.rtp.press("1")
        soon(lambda: joined(server) > before)
        assert t.bye().status == 200

    def every_process_that_reads_strangers_bytes_is_shut_in():
        for name in ("tessera-phone", "tessera-room"):
            with open(f"/proc/{server.child(name)}/status", encoding="utf-8") as f:
                status = f.read()
            assert re.search(r"NoNewPrivs:\s+1", status) and re.search(r"Seccomp:\s+2", status), name

    return [an_update_holds_a_call_moves_it_and_changes_its_codec, who_requires_it_is_answered_early_and_reliably,
            a_callee_may_describe_itself_before_it_answers, every_process_that_reads_strangers_bytes_is_shut_in]


class ClockServer(PhoneServer):
    """One whose tessera-phone lives by a clock that is stepped (libfaketime): nothing waits for a minute and a half."""

    def start(self):
        real = self.bin + "/real"
        if not os.path.isdir(real):
            os.mkdir(real)
            os.rename(self.bin + "/tessera-phone", real + "/tessera-phone")
            self.step(0)
            faketime = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")[0]
            with open(self.bin + "/tessera-phone", "w", encoding="utf-8") as f:
                f.write(f"#!/bin/sh\nLD_PRELOAD={faketime} FAKETIME_TIMESTAMP_FILE={self.folder}/{JUMP} FAKETIME_NO_CACHE=1 "
                        f"TESSERA_NO_SANDBOX=1 exec {real}/tessera-phone\n")
            os.chmod(self.bin + "/tessera-phone", stat.S_IRWXU)
        super().start()

    def wake(self):
        """Its loop looks at the clock."""
        p = self.peer()
        p.request("OPTIONS")
        assert p.final("OPTIONS").status == 200
        p.close()

    def step(self, seconds):
        self.ahead = getattr(self, "ahead", 0) + seconds
        with open(f"{self.folder}/{JUMP}.new", "w", encoding="utf-8") as f:
            f.write(f"+{self.ahead}s\n")
        os.rename(f"{self.folder}/{JUMP}.new", f"{self.folder}/{JUMP}")


def make_clock(server):
    def sessions_are_refreshed_and_end_when_they_are_not():
        room = server.room()
        digits = server.pin(room)

        def call(number, refresher, allow):
            p = caller(server, number=number)
            m = p.call(headers=f"Supported: timer\r\nSession-Expires: 90;refresher={refresher}\r\n{allow}")
            assert m.status == 200 and re.match(rf"90 *; *refresher={refresher}", m["session-expires"]), m["session-expires"]
            before = joined(server)
            p.rtp.press(digits + "#")
            soon(lambda: joined(server) > before)
            return p

        update = "Allow: INVITE, ACK, BYE, CANCEL, UPDATE\r\n"
        ours, old = call("+15557000031", "uas", update), call("+15557000032", "uas", "Allow: INVITE, ACK, BYE, CANCEL\r\n")
        deaf, theirs, silent = call("+15557000033", "uas", update), call("+15557000034", "uac", update), call("+15557000035", "uac", update)

        server.step(51)
        server.wake()
        m = ours.hear_until(lambda m: m.method == "UPDATE" and not m.status)
        ours.respond(m, 200, "OK", headers="Require: timer\r\nSession-Expires: 90;refresher=uac\r\n")
        m = old.hear_until(lambda m: m.method == "INVITE" and not m.status)  # it knows no UPDATE
        old.respond(m, 200, "OK", m.body or old.sdp(), headers="Require: timer\r\nSession-Expires: 90;refresher=uac\r\n")
        ack = old.hear_until(lambda m: m.method == "ACK")
        assert m.body or "m=audio" in ack.body  # every offer has its answer
        deaf.hear_until(lambda m: m.method == "UPDATE" and not m.status)
        theirs.request("UPDATE", headers="Supported: timer\r\nSession-Expires: 90;refresher=uac\r\n")
        m = theirs.final("UPDATE")
        assert m.status == 200 and m["session-expires"].startswith("90")
        server.step(33)
        server.wake()
        record(server, "failed")  # nobody answered the refresh
        m = silent.wait_bye()
        assert "408" in m["reason"], m["reason"]
        soon(lambda: len(server.seats(room)) == 3)
        for p in (ours, old, theirs):
            hears_something(p)
            assert p.bye().status == 200
        soon(lambda: not server.seats(room))

    def hears_something(p):
        count = len(p.rtp.heard)
        soon(lambda: len(p.rtp.heard) > count + 10)

    return [sessions_are_refreshed_and_end_when_they_are_not]
