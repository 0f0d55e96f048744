#!/usr/bin/python3
"""Telephones end to end: tessera-phone, gateway and real rooms; callers are sipp, baresip and a small SIP telephone. Prints TAP:
test_phone.py [WORD...], where words choose tests by name; some run only so."""
import os
import re
import signal
import socket
import subprocess
import sys
import time

import numpy

from kit import PhoneServer
from peer import Peer, level_db, likeness, scratch, spoken, write_keys
from steps import PATIENCE, caller, enter, hears, joined, open_peers, record, soon

import harness
import secure_cases
import sipp_cases
import transfer_cases
import trunk_cases
import video_cases

HERE = os.path.dirname(os.path.abspath(__file__))

LONG = ("a_minute_of_silence_drops_no_call",)  # only by name: ./test soak


def make(server):
    def two_callers_hear_each_other_and_not_themselves_and_the_hand_over_has_no_gap():
        room = server.room()
        digits = server.pin(room)
        a, b = enter(server, digits, 440, number="+15557000001"), enter(server, digits, 700, number="+15557000002")
        for p, other in ((a, 700), (b, 440)):
            hears(p, other)
        for p, own in ((a, 440), (b, 700)):  # once it has been told who joined
            soon(lambda p=p, own=own: level_db(p.rtp.pcm(time.monotonic() - 0.8), own) <= -40)
            steps = [(y[1] - x[1]) & 65535 for x, y in zip(p.rtp.heard, p.rtp.heard[1:])]
            assert set(steps) == {1}, sorted(set(steps))  # one stream from the first prompt on
            assert len({h[3] for h in p.rtp.heard}) == 1
        gap = max(y[0] - x[0] for x, y in zip(b.rtp.heard, b.rtp.heard[1:]))  # its room was there already
        assert gap < 0.3 * PATIENCE, gap
        for p in (a, b):
            assert p.bye().status == 200
        soon(lambda: not server.seats(room))
        with open(server.data + "/audit.log", encoding="utf-8") as f:
            assert sum('"phone_join"' in line and '"clear"' in line for line in f) >= 2  # without SRTP: marked

    def a_held_call_is_not_heard_and_comes_back_also_from_another_port():
        room = server.room()
        digits = server.pin(room)
        a, b = enter(server, digits, 440, number="+15557000003"), enter(server, digits, 700, number="+15557000004")
        hears(b, 440)
        m = a.reinvite(a.sdp(mode="sendonly"))  # music on hold would come from now on
        assert m.status == 200 and "a=recvonly" in m.body
        soon(lambda: level_db(b.rtp.pcm(time.monotonic() - 0.4), 440) < -60)
        assert a.reinvite(a.sdp(ip="0.0.0.0")).status == 200  # the old way
        m = a.reinvite(a.sdp())
        assert m.status == 200 and "a=sendrecv" in m.body
        hears(b, 440)
        former, count = a.rtp, len(a.rtp.heard)
        a.rtp = type(former)("127.0.0.1")
        a.rtp.tone_hz, a.rtp.ssrc = 1000, former.ssrc
        m = a.reinvite(a.sdp())
        assert m.status == 200
        former.close()
        a.rtp.target = (server.sip[0], m.sdp_port())
        hears(b, 1000)
        hears(a, 700)
        assert count > 0
        for p in (a, b):
            p.bye()

    def whom_a_host_mutes_hears_how_to_be_heard_again_and_is():
        room = server.room()
        host = enter(server, server.pin(room, role="clinician", host=True), number="+15557000020")
        p = enter(server, server.pin(room), 440, number="+15557000021")
        hears(host, 440)
        seat = next(s for s, who in server.seats(room).items() if not who["host"])
        assert server.rest("POST", f"/rooms/{room}/participants/{seat}/mute", {"muted": True}).status == 204
        soon(lambda: level_db(host.rtp.pcm(time.monotonic() - 0.4), 440) < -60)
        how, heard = spoken("The host has muted you. Press star 6 to be heard again."), spoken("You can be heard.")
        soon(lambda: likeness(p.rtp.pcm(0), how) > 0.6, 10)
        assert likeness(p.rtp.pcm(0), heard) < 0.4
        p.rtp.press("*6")  # a host is there, and it is enough
        hears(host, 440)
        soon(lambda: likeness(p.rtp.pcm(0), heard) > 0.6)
        for q in (p, host):
            q.bye()

    def an_invite_without_an_offer_gets_one():
        room = server.room()
        p = caller(server, number="+15557000005")
        p.request("INVITE")
        m = p.final()
        assert m.status == 200 and "m=audio" in m.body and "PCMU" in m.body
        p.take_answer(m)
        p.request("ACK", p.sdp(formats="0 101"), cseq=p.cseq)
        soon(lambda: len(p.rtp.heard) > 20)
        before = joined(server)
        p.rtp.press(server.pin(room) + "#")
        soon(lambda: joined(server) > before)
        p.request("INVITE")  # and once more inside the call
        m = p.final()
        assert m.status == 200 and "m=audio" in m.body
        p.request("ACK", p.sdp(), cseq=p.cseq)
        assert p.bye().status == 200

    def keys_also_come_by_sip_info():
        room = server.room()
        p = caller(server, number="+15557000007")
        assert p.call().status == 200
        before = joined(server)
        for k in server.pin(room) + "#":
            p.request("INFO", f"Signal={k}\r\nDuration=160\r\n", kind="application/dtmf-relay")
            assert p.final("INFO").status == 200
        soon(lambda: joined(server) > before)
        p.request("INFO", "<x/>", kind="application/media_control+xml")
        assert p.final("INFO").status == 415
        p.request("OPTIONS")
        assert p.final("OPTIONS").status == 200
        p.bye()

    def what_does_not_fit_is_refused():
        p = caller(server, number="+15557000008")
        assert p.call(p.sdp(formats="18")).status == 488
        assert p.call("v=0\r\nnonsense").status == 488
        assert p.call(number="+15559999").status == 404
        p.request("REGISTER")
        assert p.final("REGISTER").status >= 400
        p.new_dialog()
        p.request("MESSAGE", "hello", kind="text/plain")
        assert p.final("MESSAGE").status >= 400

    def a_call_given_up_at_once_leaves_nothing():
        p = caller(server, number="+15557000009")
        p.new_dialog()
        p.request("INVITE", p.sdp())
        p.request("CANCEL", cseq=p.cseq)
        m = p.final()
        if m.status == 200:  # it was answered before
            p.take_answer(m)
            p.request("ACK", cseq=p.cseq)
            assert p.bye().status == 200
        else:
            assert m.status == 487
            p.request("ACK", cseq=p.cseq)

    def a_session_timer_is_agreed_upon():
        p = caller(server, number="+15557000010")
        m = p.call(headers="Supported: timer\r\nSession-Expires: 120;refresher=uas\r\n")
        assert m.status == 200 and re.match(r"120 *; *refresher=uas", m["session-expires"]), m["session-expires"]
        p.bye()
        assert p.call(headers="Supported: timer\r\nSession-Expires: 30\r\nMin-SE: 30\r\n").status == 422

    def others_get_no_answer():
        stranger = Peer(server.sip, ip="127.0.0.2")
        open_peers.append(stranger)
        for method in ("OPTIONS", "INVITE", "REGISTER"):
            stranger.new_dialog()
            stranger.request(method)
        stranger.socket.sendto(b"garbage\r\n\r\n", server.sip)
        assert stranger.hear(1.5) is None
        tcp = socket.socket()
        tcp.bind(("127.0.0.2", 0))
        tcp.settimeout(1)
        try:
            tcp.connect(server.sip)
            raise AssertionError("a stranger could connect")
        except TimeoutError:
            pass
        finally:
            tcp.close()

    def calls_out_ring_are_announced_and_need_a_1():
        room = server.room()
        inside = enter(server, server.pin(room), 3100, number="+15557000011")
        trunk = server.trunk_peer()
        open_peers.append(trunk)
        assert server.rest("POST", f"/rooms/{room}/calls", {"number": "+15550100199"}).status == 202
        m = trunk.wait_invite()
        assert "+15550100199@" in m.start and "m=audio" in m.body
        trunk.respond(m, 180, "Ringing")
        soon(lambda: "to=ringing" in server.words())
        trunk.pick_up(m)
        hillside, riverside = spoken("Hillside Clinic"), spoken("Riverside Hospital")
        soon(lambda: likeness(trunk.rtp.pcm(0), hillside) > 0.6, 6)  # who calls
        assert likeness(trunk.rtp.pcm(0), riverside) < 0.4
        assert level_db(trunk.rtp.pcm(time.monotonic() - 0.4), 3100) < -45  # and not yet the room
        before = joined(server)
        trunk.rtp.tone_hz = 900
        trunk.rtp.press("51")
        soon(lambda: joined(server) > before)
        hears(trunk, 3100)
        hears(inside, 900)
        assert [(p["kind"], p["state"], p["name"]) for p in server.seats(room).values()] == [("phone", "up", "Phone ...0011"), ("phone", "up", "Phone ...0199")]
        call = re.findall(r"call=(call-[a-z0-9]+) from=handing to=in_room", server.words())[-1]
        assert server.rest("DELETE", f"/rooms/{room}/calls/{call}").status == 204
        trunk.wait_bye()
        r = record(server, "hung_up_by_host")
        assert (r["direction"], r["codec"], r["clear"], r["number"]) == ("out", "PCMU", True, "Phone ...0199")
        assert 3.5 < r["mos"] <= 4.5 and 0 <= r["loss"] < 0.2 and 0 <= r["jitter_ms"] < 100, r
        inside.bye()

    def somebody_whose_sound_is_dead_is_called_and_has_one_seat():
        room, folder = server.room(), scratch("rescue")
        link = server.rest("POST", f"/rooms/{room}/links", {"role": "patient", "name": "Ana", "seat": "ana", "phone": "+1 555 010 0166"}).json()["url"]
        write_keys(folder + "/one.pcap", "1")
        bot = subprocess.Popen([harness.programs() + "/tessera-bot", "--insecure", "--no-video", "--tone", "--duration", "60", "--link", link],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        sipp_log = open(folder + "/sipp.log", "w", encoding="utf-8")
        phone = subprocess.Popen(["sipp", "-sf", f"{HERE}/answer.xml", "-i", "127.0.0.1", "-p", str(server.trunk_port), "-m", "1", "-nostdin",
                                  "-mp", str(42000 + 4 * (os.getpid() % 5000)), "-timeout", "60s", "-timeout_error"], cwd=folder, stdout=sipp_log, stderr=sipp_log)
        try:
            soon(lambda: server.seats(room).get("ana", {}).get("talking"), 10)
            bot.send_signal(signal.SIGSTOP)
            soon(lambda: "dead=1" in server.words(), 15)
            soon(lambda: server.seats(room)["ana"].get("phone", {}).get("state") == "up", 10)
            assert list(server.seats(room)) == ["ana"]  # one person, one seat
            call = re.findall(r"call=(call-[a-z0-9]+) from=handing to=in_room", server.words())[-1]
            assert server.rest("DELETE", f"/rooms/{room}/calls/{call}").status == 204
            assert phone.wait(20) == 0
            r = record(server, "hung_up_by_host")
            assert (r["seat"], r["direction"], r["codec"]) == ("ana", "out", "PCMU") and r["joined"] >= r["answered"] >= r["began"] > 0
        finally:
            bot.kill()
            bot.wait()
            phone.kill()
            phone.wait()
            sipp_log.close()

    def calls_out_that_fail_say_why():
        room = server.room()
        trunk = server.trunk_peer()
        open_peers.append(trunk)

        def dial():
            assert server.rest("POST", f"/rooms/{room}/calls", {"number": "+15550100198"}).status == 202
            return trunk.wait_invite()

        for status, phrase, reason in ((486, "Busy Here", "busy"), (404, "Not Found", "unknown_number"), (603, "Decline", "declined"),
                                       (503, "Service Unavailable", "trunk_failed"), (401, "Unauthorized", "trunk_refused")):
            m = dial()
            trunk.respond(m, status, phrase, headers='WWW-Authenticate: Digest realm="evil", nonce="x", qop="auth"\r\n' if status == 401 else "")
            trunk.hear_until(lambda a: a.method == "ACK")
            record(server, reason)
        m = dial()
        rang = server.words().count("to=ringing")
        trunk.respond(m, 180, "Ringing")
        soon(lambda: server.words().count("to=ringing") > rang)
        call = re.findall(r"call=(call-[a-z0-9]+) from=dialling to=ringing", server.words())[-1]
        assert server.rest("DELETE", f"/rooms/{room}/calls/{call}").status == 204
        cancel = trunk.hear_until(lambda a: a.method == "CANCEL")
        trunk.respond(cancel, 200, "OK")
        trunk.respond(m, 487, "Request Terminated")
        trunk.hear_until(lambda a: a.method == "ACK")
        assert all(not p.all("authorization") for p in trunk.log)

    def calls_outlive_every_process_but_their_room_and_come_back_to_it():
        for other in server.rest("GET", "/rooms").json()["rooms"]:
            server.rest("DELETE", f"/rooms/{other['id']}")
        room = server.room()
        digits = server.pin(room)
        a, b = enter(server, digits, 440, number="+15557000012"), enter(server, digits, 700, number="+15557000013")
        hears(b, 440)
        hears(a, 700)
        b.rtp.press("*6")
        soon(lambda: level_db(a.rtp.pcm(time.monotonic() - 0.4), 700) < -60)
        os.kill(room_pid(), signal.SIGKILL)
        soon(lambda: server.words().count("from=in_room to=handing") >= 2, 8)
        hears(b, 440, seconds=8)
        soon(lambda: [p["state"] for p in server.seats(room).values()] == ["up", "up"])
        assert sorted(p["audio"] for p in server.seats(room).values()) == [False, True]  # who had muted himself still is
        b.rtp.press("*6")
        hears(a, 700)
        assert all(len({h[3] for h in p.rtp.heard}) == 1 for p in (a, b))
        os.kill(server.gateway(), signal.SIGKILL)
        server.wait(lambda: server.get("/readyz").status == 200, 5)
        mark = time.monotonic()
        for p, other in ((a, 700), (b, 440)):
            hears(p, other)
        assert server.rest("DELETE", f"/rooms/{room}/participants/{next(iter(server.seats(room)))}").status == 204
        ended = next(p for p in (a, b) if (m := p.hear(3)) and m.method == "BYE")
        ended.respond(ended.log[-1], 200, "OK")
        left = b if ended is a else a
        r = record(server, "removed", ended.number)
        assert r["ended"] >= r["joined"] >= r["answered"] >= r["began"] > 0, r
        ready = server.words().count("phone.ready")
        os.kill(server.child("tessera-phone"), signal.SIGKILL)
        soon(lambda: server.words().count("phone.ready") > ready, 10)
        count = len(left.rtp.heard)
        soon(lambda: len(left.rtp.heard) > count + 50)  # the room goes on sending
        assert max(y[0] - x[0] for x, y in zip(left.rtp.heard, left.rtp.heard[1:]) if x[0] > mark) < 0.5 * PATIENCE

    def a_minute_of_silence_drops_no_call():
        room = server.room()
        digits = server.pin(room)
        both = [enter(server, digits, number="+15557000018"), enter(server, digits, number="+15557000019")]
        time.sleep(2)  # of what is said to who comes
        mark = time.monotonic()
        time.sleep(60)
        for p in both:
            heard = [h for h in p.rtp.heard if h[0] > mark]
            assert len(heard) > 2900, len(heard)
            assert max(y[0] - x[0] for x, y in zip(heard, heard[1:])) < 0.3 * PATIENCE
            assert 1 <= numpy.abs(p.rtp.pcm(mark)).mean() < 100  # faint noise, and never dead air
            assert p.bye().status == 200

    def room_pid():
        """The one that is a room has media threads, a spare has not."""
        rooms = [p for p in server.children() if comm(p) == "tessera-room"]
        return max(rooms, key=lambda p: len(os.listdir(f"/proc/{p}/task")))

    def comm(pid):
        with open(f"/proc/{pid}/comm", encoding="utf-8") as f:
            return f.read().strip()

    def a_challenge_to_our_bye_is_not_answered():
        room = server.room()
        p = enter(server, server.pin(room), number="+15557000014")
        p.log.clear()
        server.rest("DELETE", f"/rooms/{room}/participants/{next(iter(server.seats(room)))}")
        bye = p.hear_until(lambda m: m.method == "BYE")
        for header in ("WWW-Authenticate", "Proxy-Authenticate"):
            p.respond(bye, 401 if header[0] == "W" else 407, "Unauthorized", headers=f'{header}: Digest realm="127.0.0.1", nonce="leak", qop="auth"\r\n')
        end = time.monotonic() + 1.5
        while time.monotonic() < end and (m := p.hear(0.5)):
            assert not m.all("authorization") and not m.all("proxy-authorization"), m.start

    def every_torture_message_and_a_flood_are_survived():
        import torture
        room = server.room()
        p = enter(server, server.pin(room), 440, number="+15557000015")
        phone = server.child("tessera-phone")
        rss = memory(phone)
        wild = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        wild.bind(("127.0.0.1", 0))
        for data in torture.messages(server.sip, wild.getsockname()[1]):
            wild.sendto(data, server.sip)
        flooder = Peer(server.sip, number="+15557000016")
        open_peers.append(flooder)
        for n in range(1500):
            flooder.new_dialog()
            flooder.request("INVITE" if n % 2 else "REGISTER", flooder.sdp() if n % 2 else "")
            if n % 50 == 0:
                time.sleep(0.01)
        count = len(p.rtp.heard)
        soon(lambda: len(p.rtp.heard) > count + 100)
        assert server.child("tessera-phone") == phone
        late = [y[0] - x[0] for x, y in zip(p.rtp.heard[count:], p.rtp.heard[count + 1:])]
        assert max(late) < 0.3 * PATIENCE
        assert p.bye().status == 200
        soon(lambda: fresh_call_works(), 45)
        assert memory(phone) < rss + 60 * 1024, (memory(phone), rss)  # KiB
        wild.close()

    def fresh_call_works():
        q = caller(server, number="+15557000017")
        m = q.call()
        if m.status == 200:
            q.bye()
        return m.status == 200

    def memory(pid):
        with open(f"/proc/{pid}/status", encoding="utf-8") as f:
            return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))

    tests = [two_callers_hear_each_other_and_not_themselves_and_the_hand_over_has_no_gap,
             a_held_call_is_not_heard_and_comes_back_also_from_another_port, an_invite_without_an_offer_gets_one,
             whom_a_host_mutes_hears_how_to_be_heard_again_and_is, keys_also_come_by_sip_info, what_does_not_fit_is_refused,
             a_call_given_up_at_once_leaves_nothing, a_session_timer_is_agreed_upon, others_get_no_answer,
             calls_out_ring_are_announced_and_need_a_1, somebody_whose_sound_is_dead_is_called_and_has_one_seat, calls_out_that_fail_say_why, a_challenge_to_our_bye_is_not_answered,
             *trunk_cases.make(server), *video_cases.make(server), *sipp_cases.make(server), *transfer_cases.make(server),
             calls_outlive_every_process_but_their_room_and_come_back_to_it, every_torture_message_and_a_flood_are_survived, a_minute_of_silence_drops_no_call]
    return tests


def run_all(server, tests, words):
    def closing_peers(test):
        def run():
            try:
                test()
            finally:
                for p in open_peers:
                    p.close()
                open_peers.clear()
        run.__name__ = test.__name__
        return run

    def nothing_complained():
        server.stop()
        assert not server.complaints(), "\n".join(server.complaints())

    chosen = [t for t in tests if (t.__name__ not in LONG if not words else any(w in t.__name__ for w in words))]
    status = harness.run([closing_peers(t) for t in chosen] + [nothing_complained]) if chosen else 0
    if status:
        print("\n".join("# " + line for line in server.words().splitlines()[-60:]))
    return status


def main(words):
    server = PhoneServer(phone="calls_per_second = 20\nclinic = Hillside Clinic", trunk="srtp = clear\ncodecs = PCMU;PCMA\nvideo = true")
    try:
        status = run_all(server, make(server), words)
    finally:
        server.close()
    server = secure_cases.start()
    tests, over = secure_cases.make(server)
    try:
        status |= run_all(server, tests, words)
    finally:
        over()
        server.close()
    server = trunk_cases.ClockServer()
    try:
        return status | run_all(server, trunk_cases.make_clock(server) + sipp_cases.make_clock(server), words)
    finally:
        server.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
