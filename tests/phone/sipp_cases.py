"""sipp as caller and as trunk: what a telephone network does, by somebody else's stack."""
from sipp import Scenario, finish, offer, trunk_that_answers
from steps import joined, record, soon


def make(server):
    def callers_of_sipp():
        room = server.room()
        pin = server.pin(room) + "#"
        free = "(m=audio [1-9][0-9]*)"

        def at_ease(name, n):
            return Scenario(name, f"+1555700006{n}").invite().hear(200, contains=free).within("ACK").press(pin)

        all_of_them = [
            at_ease("dial in with a PIN", 0).hang_up(),
            Scenario("wrong PIN", "+15557000061").invite().hear(200).within("ACK").press("123#124#125#").hear_bye(),
            Scenario("offerless", "+15557000062").invite("").hear(200, contains=free).within("ACK", offer()).press(pin).hang_up(),
            at_ease("hold and resume", 3).within("INVITE", offer("sendonly", version=2)).hear(200, contains="(a=recvonly)").within("ACK").pause(300)
            .within("INVITE", offer(version=3)).hear(200, contains="(a=sendrecv)").within("ACK").pause(300).hang_up(),
            at_ease("another port", 4).within("INVITE", offer(port="[media_port+2]", version=2)).hear(200, contains=free).within("ACK").pause(300).hang_up(),
        ]
        before = joined(server)
        running = [s.start(server) for s in all_of_them]
        for process in running:
            finish(process)
        assert joined(server) == before + 4
        assert record(server, "wrong_pin")["joined"] == 0
        soon(lambda: not server.seats(room))

    def a_caller_of_sipp_cancels():
        s = Scenario("cancel", "+15557000065").invite(headers="Require: 100rel\n").hear(183, (100,)).of_the_invite("CANCEL")
        s.hear(200, ()).hear(487, (183,)).of_the_invite("ACK", "[peer_tag_param]")
        finish(s.start(server))
        record(server, "cancelled")

    def trunks_of_sipp_are_busy_or_out_of_order():
        room = server.room()
        for status, phrase, reason in ((486, "Busy Here", "busy"), (503, "Service Unavailable", "trunk_failed")):
            process = trunk_that_answers(status, phrase).start(server, server.trunk_port)
            soon(lambda: bound(server.trunk_port))
            calls = sum(c["reason"] == reason for c in server.calls())
            assert server.rest("POST", f"/rooms/{room}/calls", {"number": "+15550100166"}).status == 202
            finish(process)
            soon(lambda: sum(c["reason"] == reason for c in server.calls()) > calls)

    def bound(port):
        with open("/proc/net/udp", encoding="ascii") as f:
            return any(line.split()[1].endswith(f":{port:04X}") for line in f.readlines()[1:])

    return [callers_of_sipp, a_caller_of_sipp_cancels, trunks_of_sipp_are_busy_or_out_of_order]


def make_clock(server):
    def a_session_of_sipp_expires():
        room = server.room()
        s = Scenario("timer expiry", "+15557000066").invite(headers="Supported: timer\nSession-Expires: 90;refresher=uac\n")
        s.hear(200, contains="(refresher=uac)").within("ACK").press(server.pin(room) + "#", wait=False).hear_bye("(cause=408)")
        before = joined(server)
        process = s.start(server)
        soon(lambda: joined(server) > before, 8)
        server.step(85)
        server.wake()
        finish(process)
        soon(lambda: not server.seats(room))

    return [a_session_of_sipp_expires]
