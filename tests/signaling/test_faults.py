"""Processes that are killed, certificates that change, starts that must fail, and an end that leaves nothing."""
import http.client
import os
import resource
import signal
import socket
import ssl
import subprocess
import threading
import time

from harness import TOP, Server, free_port, hear, hear_end, say
from test_rest import join_refused


def make(server):
    async def a_killed_gateway_is_back_and_finds_its_rooms():
        room = server.room()
        link = server.link(room, seat="one")
        ws, joined = await server.join(link)
        await say(ws, type="offer", sdp="v=0")
        await hear(ws, "quality")
        before = server.inspect(room)["audio"]["pid"]
        server.rest("POST", f"/rooms/{room}/participants/one/mute", {"muted": True})
        old = server.gateway()
        os.kill(old, signal.SIGKILL)
        took = server.wait(lambda: server.gateway() not in (0, old) and server.get("/readyz").status == 200, 5)
        assert took < 4, took
        after = server.inspect(room)
        assert after["audio"]["pid"] == before and after["participants"][0]["session"] == joined["session"]
        assert after["participants"][0]["muted"] is True and after["audio"]["seats"][0]["muted"] is True
        again, resumed = await server.join(link, session=joined["session"])
        assert resumed["resumed"] is True and resumed["muted"] is True
        await again.close()

    async def a_gateway_killed_again_and_again_comes_back():
        for _ in range(4):
            old = server.gateway()
            os.kill(old, signal.SIGKILL)
            server.wait(lambda o=old: server.gateway() not in (0, o) and server.get("/readyz").status == 200, 6)

    async def a_killed_room_is_back_and_its_people_are_told():
        room, other = server.room(), server.room()
        ws, joined = await server.join(server.link(room, seat="one"))
        far, _ = await server.join(server.link(other, seat="far"))
        for s in (ws, far):
            await say(s, type="offer", sdp="v=0")
            await hear(s, "quality")
        server.rest("POST", f"/rooms/{room}/participants/one/mute", {"muted": True})
        assert (await hear(ws, "muted"))["muted"] is True
        untouched = server.inspect(other)["audio"]["pid"]
        begin = time.monotonic()
        os.kill(server.inspect(room)["audio"]["pid"], signal.SIGKILL)
        assert (await hear(ws, "restart"))["reason"] == "room_restarted" and time.monotonic() - begin < 4
        await say(ws, type="offer", sdp="v=0")
        await hear(ws, "answer")
        seen = server.inspect(room)
        assert seen["participants"][0]["session"] == joined["session"] and seen["audio"]["seats"][0]["muted"] is True
        assert server.inspect(other)["audio"]["pid"] == untouched
        await ws.close()
        await far.close()

    async def a_room_that_dies_in_a_request_leaves_nobody_waiting():
        room = server.room()
        token = server.link(room, seat="kiosk")["token"]
        head = {"Authorization": "Bearer " + token, "Content-Type": "application/sdp"}
        files = len(os.listdir(f"/proc/{server.gateway()}/fd"))
        for _ in range(3):
            begin = time.monotonic()
            r = server.request("POST", f"/whip/{room}", "v=0\r\na=x-crash\r\n", head)
            assert r.status == 503 and r.json()["code"] == "unavailable" and time.monotonic() - begin < 6, r.status
        begin = time.monotonic()
        r = server.request("POST", f"/whip/{room}", "v=0\r\na=x-silent\r\n", head, timeout=12)
        assert r.status == 503 and 4 < time.monotonic() - begin < 8
        assert server.request("POST", f"/whip/{room}", "v=0\r\n", head).status == 201
        server.wait(lambda: len(os.listdir(f"/proc/{server.gateway()}/fd")) <= files + 4, 3)

    async def a_room_that_hung_does_not_take_its_successors_place():
        room = server.room()
        link = server.link(room, seat="one")

        async def offer():
            ws, _ = await server.join(link)
            await say(ws, type="offer", sdp="v=0")
            await hear(ws, "answer", 8)
            await ws.close()
            return server.inspect(room)["audio"]["pid"]

        def restart_gateway():
            old = server.gateway()
            os.kill(old, signal.SIGKILL)
            server.wait(lambda: server.gateway() not in (0, old) and server.get("/readyz").status == 200, 8)

        hung = await offer()
        os.kill(hung, signal.SIGSTOP)
        restart_gateway()
        successor = await offer()
        assert successor != hung
        os.kill(hung, signal.SIGCONT)
        server.wait(lambda: not os.path.exists(f"/proc/{hung}"), 5)
        assert os.path.exists(f"{server.data}/rooms/{room}.sock")
        restart_gateway()
        assert server.inspect(room)["audio"]["pid"] == successor

    async def clients_that_vanish_leak_nothing():
        room = server.room()
        link = server.link(room, seat="one")
        files = len(os.listdir(f"/proc/{server.gateway()}/fd"))
        for i in range(60):
            ws = await server.socket()
            if i % 2:
                await say(ws, type="join", token=link["token"])
            if i % 3:
                await say(ws, type="offer", sdp="v=0")
            ws.transport.abort()
        server.wait(lambda: len(os.listdir(f"/proc/{server.gateway()}/fd")) <= files + 4, 5)

    async def a_new_certificate_is_served_and_nobody_is_dropped():
        ws, _ = await server.join(server.link(server.room()))
        before = ssl.get_server_certificate(("127.0.0.1", server.port))
        make_certificate(server.data)
        os.kill(server.launcher.pid, signal.SIGHUP)
        server.wait(lambda: ssl.get_server_certificate(("127.0.0.1", server.port)) != before, 3)
        await say(ws, type="ping", id=3)
        assert (await hear(ws, "pong"))["id"] == 3
        kept = ssl.get_server_certificate(("127.0.0.1", server.port))
        with open(server.data + "/certificate.pem", "w") as f:
            f.write("not a certificate")
        os.kill(server.launcher.pid, signal.SIGHUP)
        server.wait(lambda: "tls.reload error" in server.words(), 3)
        assert ssl.get_server_certificate(("127.0.0.1", server.port)) == kept
        make_certificate(server.data)
        await ws.close()

    def old_tls_is_refused():
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
        old.maximum_version = ssl.TLSVersion.TLSv1_1
        old.set_ciphers("ALL:@SECLEVEL=0")
        try:
            old.wrap_socket(socket.create_connection(("127.0.0.1", server.port))).close()
            raise AssertionError("TLS 1.1 was accepted")
        except (ssl.SSLError, ConnectionResetError):
            pass

    def starts_that_must_fail_say_why():
        def start(text, *more):
            path = server.folder + "/bad.ini"
            with open(path, "w") as f:
                f.write(text)
            return subprocess.run([server.bin + "/tessera-launcher", "--data", server.folder + "/other", "--config", path, *more],
                                  capture_output=True, text=True, timeout=10)
        port = str(free_port())
        for text, words in (("[server]\nprot = 1\n", ("bad.ini", "prot")), ("[server]\nport = many\n", ("bad.ini", "port")),
                            ("[tiers]\nA = huge\n", ("tiers", "1280x720")), ("[server]\ncertificate = /x\n", ("certificate", "together")),
                            ("[turn]\nurls = turn:a\n", ("secret",)), ("[server]\nlisten = here\n", ("here", "address")),
                            ("[server]\nlisten = 127.0.0.1\ncertificate = /nope\nkey = /nope\n", ("/nope",))):
            r = start(text, "--port", port)
            assert r.returncode == 1 and all(w in r.stderr for w in words), (text, r.returncode, r.stderr)
        for text, words in mistakes(server.folder):
            r = start(text, "--port", port)
            assert r.returncode == 1 and all(w in r.stderr for w in words), (text, r.returncode, r.stderr)
            r = subprocess.run([server.bin + "/tessera", "--check-config", "--config", server.folder + "/bad.ini"], capture_output=True, text=True, timeout=5)
            assert r.returncode == 1 and all(w in r.stderr for w in words), (text, r.returncode, r.stderr)
        r = start("[server]\nlisten = 127.0.0.1\n", "--port", str(server.port))
        assert r.returncode == 1 and "--port" in r.stderr, r.stderr
        r = subprocess.run([server.bin + "/tessera", "--help-config"], capture_output=True, text=True, timeout=5)
        assert r.returncode == 0 and "[tiers]" in r.stdout and "port = 8443" in r.stdout

    def two_launchers_do_not_share_a_folder():
        other = [*server.command(), "--port", str(free_port())]
        r = subprocess.run(other, capture_output=True, text=True, timeout=10)
        assert r.returncode == 1 and "--data" in r.stderr, r.stderr
        server.wait(lambda: server.get("/readyz").status == 200, 3)

    async def facts_survive_a_whole_restart():
        room = server.room(name="Kept")
        link = server.link(room, seat="one")
        server.rest("POST", f"/rooms/{room}/participants/one/mute", {"muted": True})
        gone = server.link(room, seat="two")
        server.rest("DELETE", f"/rooms/{room}/participants/two")
        assert server.stop() == 0
        os.chmod(server.data + "/admin.key", 0o644)
        server.start()
        assert os.stat(server.data + "/admin.key").st_mode & 0o777 == 0o600
        seen = server.inspect(room)
        assert seen["participants"][0]["link_ends"] == link["expires"] and [(r["seat"], r["name"]) for r in seen["revoked"]] == [("two", "Ana")]
        assert seen["name"] == "Kept" and [(p["seat"], p["muted"]) for p in seen["participants"]] == [("one", True)]
        assert server.get("/j/" + link["token"]).status == 200 and server.get("/j/" + gone["token"]).status == 403

    def a_lost_launcher_ends_the_gateway_in_good_order():
        orphans = []
        lone = Server("public_url = https://visits.example:9/\n")
        try:
            room = lone.room()
            link = lone.link(room)
            assert link["url"].startswith("https://visits.example:9/j/")
            path, head = f"/whip/{room}", {"Authorization": "Bearer " + link["token"], "Content-Type": "application/sdp"}
            for origin, status in (("https:", 403), ("https:/", 403), ("https://visits.example", 403), ("https://visits.example:9", 204)):
                assert lone.request("OPTIONS", path, None, {"Origin": origin}).status == status, origin

            def ask():
                try:
                    lone.request("POST", path, "v=0\r\na=x-silent\r\n", head)
                except (OSError, http.client.HTTPException):
                    pass  # it goes down without an answer

            call = threading.Thread(target=ask)
            call.start()
            lone.wait(lambda: "offer" in lone.inspect(room).get("video", {}).get("log", []), 5)
            gateway, orphans = lone.gateway(), [p for p in lone.children() if p != lone.gateway()]
            lone.launcher.kill()
            lone.launcher.wait()
            call.join()
            until = time.monotonic() + 5
            while os.path.exists(f"/proc/{gateway}") and time.monotonic() < until:
                time.sleep(0.02)
            assert "gateway.end" in lone.words() and not lone.complaints(), lone.words()[-3000:]
        finally:
            for p in orphans:
                os.kill(p, signal.SIGKILL)
            lone.close()

    def few_descriptors_are_shared_out():
        poor = Server("max_connections = 4096\n[limits]\nmax_rooms = 10\n", limits=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256)))
        try:
            full = [poor.rest("POST", "/rooms", {"name": "N"}) for _ in range(11)]
            assert [r.status for r in full] == [201] * 10 + [503] and full[10].json()["code"] == "full"
            poor.rest("DELETE", "/rooms/" + full[0].json()["id"])
            held = [socket.create_connection(("127.0.0.1", poor.port)) for _ in range(300)]
            poor.wait(lambda: len(os.listdir(f"/proc/{poor.gateway()}/fd")) > 180, 3)
            begin, ticks = time.monotonic(), poor.cpu_s()
            while time.monotonic() - begin < 1:
                assert len(os.listdir(f"/proc/{poor.gateway()}/fd")) < 250
                time.sleep(0.05)
            assert poor.cpu_s() - ticks < 0.5, "the gateway spins"
            for s in held:
                s.close()
            poor.wait(lambda: poor.link(poor.room())["seat"], 5)
        finally:
            poor.close()

    async def visit_on(s):
        """A server with one visit: its room, link, socket, and what joining answered."""
        room = s.room()
        link = s.link(room, seat="one")
        ws, joined = await s.join(link)
        await say(ws, type="offer", sdp="v=0")
        await hear(ws, "quality")
        return room, link, ws, joined

    async def goes_on_until_left(s, link, joined):
        """Who is in comes back to a draining server, new visits do not; when the last leaves, it ends well."""
        assert s.get("/readyz").status == 503 and s.rest("POST", "/rooms", {"name": "New"}).status == 503
        ws, again = await s.join(link, session=joined["session"])
        assert again["resumed"] is True
        await say(ws, type="leave")
        await hear(ws, "ended")
        assert s.launcher.wait(10) == 0 and not s.complaints(), s.complaints()

    def next_gateway(s, *former):
        """The child that is no room and none of the former ones, as early as it can be seen."""
        until = time.monotonic() + 10
        while time.monotonic() < until:
            for p in s.children():
                if p not in former:
                    return p
        raise AssertionError("no gateway was started")

    async def a_gateway_that_is_only_starting_hears_the_end_and_lives():
        for sign, told in ((signal.SIGTERM, "gateway.closing"), (signal.SIGHUP, "gateway.ready")):
            other = Server(drain_s=60 if sign == signal.SIGTERM else 0)
            try:
                _, link, _, joined = await visit_on(other)
                known, ready = other.children(), other.words().count("gateway.ready")
                os.kill(other.gateway(), signal.SIGKILL)
                starting = next_gateway(other, *known)
                os.kill(starting, signal.SIGSTOP)
                other.launcher.send_signal(sign)
                if sign == signal.SIGTERM:
                    other.wait(lambda: "visits go on for at most 60 s" in other.words(), 5)
                else:  # the launcher passes it on without a word
                    other.wait(lambda: pending(starting, sign) or other.words().count("gateway.ready") > ready, 5)
                os.kill(starting, signal.SIGCONT)
                other.wait(lambda: told in other.words() and other.words().count("gateway.ready") > ready, 8)
                assert starting in other.children(), "it died of the signal"
                if sign == signal.SIGTERM:
                    await goes_on_until_left(other, link, joined)
            finally:
                other.close()

    def a_first_start_that_fails_while_it_is_stopped_has_failed():
        server.stop()
        keys = server.folder + "/keys.fifo"  # the start goes no further than to them until they are written
        os.mkfifo(keys)
        oidc = {"ISSUER": "https://a.example", "AUDIENCE": "a", "KEYS": keys}
        launcher = subprocess.Popen(server.command(), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, preexec_fn=server.before_exec,
                                    env={**os.environ, **{"TESSERA_OIDC_" + k: v for k, v in oidc.items()}})
        with open(keys, "wb"):
            with open(f"/proc/{launcher.pid}/task/{launcher.pid}/children", encoding="utf-8") as f:
                gateway = int(f.read())
            launcher.send_signal(signal.SIGTERM)
            until = time.monotonic() + 10
            while not (pending(gateway, signal.SIGUSR1) or pending(gateway, signal.SIGTERM)) and time.monotonic() < until:
                time.sleep(0.01)
        assert launcher.wait(20) == 1
        server.start()

    def scripts_wait_as_long_as_the_server_was_told():
        for said, seconds in (("08", "8"), ("0", "0"), ("86400", "86400"), ("", "10"), ("x[$(echo run >&2)]", "10"), ("-1", "10")):
            r = subprocess.run(["bash", "-c", "set -eu; . setup/addresses.sh; . setup/visit.sh; drain_seconds"], cwd=TOP, capture_output=True,
                               text=True, check=True, env={**os.environ, "CONFIG": "", "TESSERA_LIMITS_DRAIN_SECONDS": said})
            assert (r.stdout, r.stderr) == (seconds, ""), (said, r)

    async def a_gateway_that_dies_while_draining_is_replaced_and_visits_go_on():
        for end in ("leave", "deadline"):
            other = Server(drain_s=60 if end == "leave" else 4)
            try:
                room, link, _, joined = await visit_on(other)
                process = other.inspect(room)["audio"]["pid"]
                other.launcher.send_signal(signal.SIGTERM)
                begin = time.monotonic()
                other.wait(lambda: "gateway.closing" in other.words(), 5)
                for n in (2, 3):
                    os.kill(other.gateway(), signal.SIGKILL)
                    other.wait(lambda n=n: other.words().count("gateway.ready") >= n, 8)
                if end == "leave":
                    assert other.inspect(room)["audio"]["pid"] == process
                    await goes_on_until_left(other, link, joined)
                else:
                    assert os.path.exists(f"/proc/{process}") or time.monotonic() - begin > 4
                    assert other.launcher.wait(25) == 0 and time.monotonic() - begin >= 4
                    assert not os.path.exists(f"/proc/{process}")
            finally:
                other.close()

    async def a_hung_room_of_an_earlier_gateway_is_ended():
        room, silent = server.room(), server.room()
        pids = {}
        for r in (room, silent):
            ws, _ = await server.join(server.link(r, seat="one"))
            await say(ws, type="offer", sdp="v=0")
            await hear(ws, "quality")
            pids[r] = server.inspect(r)["audio"]["pid"]
        os.kill(pids[silent], signal.SIGSTOP)  # will not say hello to the next gateway
        old = server.gateway()
        os.kill(old, signal.SIGKILL)
        server.wait(lambda: server.gateway() not in (0, old) and server.get("/readyz").status == 200, 8)
        assert server.inspect(room)["audio"]["pid"] == pids[room]
        os.kill(pids[room], signal.SIGSTOP)
        assert server.rest("DELETE", f"/rooms/{room}").status == 204
        server.wait(lambda: not os.path.exists(f"/proc/{pids[room]}"), 8)
        server.wait(lambda: not os.path.exists(f"/proc/{pids[silent]}"), 12)

    async def after_the_first_signal_visits_go_on_and_new_ones_are_refused():
        for end in ("leave", "second signal", "deadline"):
            other = Server(drain_s=1 if end == "deadline" else 60)
            try:
                room, idle = other.room(), other.room()
                link, late = other.link(room, seat="one"), other.link(idle)
                ws, joined = await other.join(link)
                await say(ws, type="offer", sdp="v=0")
                await hear(ws, "quality")
                other.launcher.send_signal(signal.SIGINT if end == "second signal" else signal.SIGTERM)  # Ctrl-C and a service's stop
                other.wait(lambda: "gateway.closing" in other.words() and "visits go on" in other.words(), 5)
                if end != "deadline":
                    assert other.get("/readyz").status == 503
                    r = other.rest("POST", "/rooms", {"name": "New"})
                    assert r.status == 503 and r.headers["Retry-After"]
                    head = {"Authorization": "Bearer " + late["token"], "Content-Type": "application/sdp"}
                    assert other.request("POST", f"/whip/{idle}", "v=0\r\n", head).status == 503
                    m = await join_refused(other, late["token"])
                    assert (m["code"], m["fatal"]) == ("unavailable", True)
                    ws.transport.abort()
                    ws, again = await other.join(link, session=joined["session"])  # who is inside comes back
                    assert again["resumed"] is True
                    await say(ws, type="chat", text="Still here", id=1)
                    await hear(ws, "ok")
                if end == "leave":
                    await say(ws, type="leave")
                elif end == "second signal":
                    assert "Ctrl-C again ends them" in other.words()
                    other.launcher.send_signal(signal.SIGINT)
                m = await hear(ws, "ended")
                assert m["reason"] == ("left" if end == "leave" else "draining")
                assert other.launcher.wait(10) == 0, end
                assert ("every visit ends now" in other.words()) == (end == "second signal")
                assert not other.complaints(), other.complaints()
            finally:
                other.close()

    async def the_end_drains_and_leaves_nothing():
        room = server.room()
        ws, _ = await server.join(server.link(room))
        await say(ws, type="offer", sdp="v=0")
        await hear(ws, "answer")
        pids = server.children()
        server.launcher.send_signal(signal.SIGINT)
        assert (await hear(ws, "ended"))["reason"] == "draining"
        await hear_end(ws)
        assert server.launcher.wait(12) == 0
        assert not [p for p in pids if os.path.exists(f"/proc/{p}")] and not os.listdir(server.data + "/rooms")

    return [a_killed_gateway_is_back_and_finds_its_rooms, a_killed_room_is_back_and_its_people_are_told,
            a_room_that_hung_does_not_take_its_successors_place, a_room_that_dies_in_a_request_leaves_nobody_waiting,
            clients_that_vanish_leak_nothing, a_gateway_killed_again_and_again_comes_back, a_new_certificate_is_served_and_nobody_is_dropped,
            old_tls_is_refused, starts_that_must_fail_say_why, two_launchers_do_not_share_a_folder, facts_survive_a_whole_restart,
            a_lost_launcher_ends_the_gateway_in_good_order, few_descriptors_are_shared_out, after_the_first_signal_visits_go_on_and_new_ones_are_refused,
            a_gateway_that_is_only_starting_hears_the_end_and_lives, a_gateway_that_dies_while_draining_is_replaced_and_visits_go_on,
            a_hung_room_of_an_earlier_gateway_is_ended, scripts_wait_as_long_as_the_server_was_told,
            a_first_start_that_fails_while_it_is_stopped_has_failed,
            the_end_drains_and_leaves_nothing]


def mistakes(folder):
    """(text of a configuration, words of the error): what --check-config and a start find alike."""
    one, two = folder + "/one", folder + "/two"
    for place in (one, two):
        os.makedirs(place, exist_ok=True)
        make_certificate(place)
    subprocess.run(["openssl", "pkey", "-aes128", "-passout", "pass:x", "-in", one + "/certificate.key", "-out", folder + "/sealed.key"], check=True)
    subprocess.run(["openssl", "genrsa", "-out", folder + "/rsa.key", "2048"], check=True, capture_output=True)
    with open(folder + "/rubbish", "w", encoding="ascii") as f:
        f.write("not PEM")

    def pair(certificate, key):
        return f"[server]\nlisten = 127.0.0.1\ncertificate = {certificate}\nkey = {key}\n"

    phone = "[phone]\nlisten = 127.0.0.1\nnumbers = +15550100\n[trunk1]\nproxy = sip:127.0.0.1:9\npeers = 127.0.0.1\n"
    return [(pair("/nope.pem", one + "/certificate.key"), ("bad.ini", "[server] certificate", "/nope.pem", "No such file", "name a PEM file")),
            (pair(one + "/certificate.pem", "/nope.key"), ("bad.ini", "[server] key", "/nope.key", "No such file", "name a PEM file")),
            (pair(folder + "/rubbish", one + "/certificate.key"), ("[server] certificate", "/rubbish", "BEGIN CERTIFICATE")),
            (pair(one + "/certificate.pem", folder + "/rubbish"), ("[server] key", "/rubbish", "BEGIN PRIVATE KEY")),
            (pair(one + "/certificate.pem", folder + "/sealed.key"), ("[server] key", "sealed.key", "without a passphrase")),
            (pair(one + "/certificate.pem", two + "/certificate.key"), ("[server] key", two, "mismatch", one)),
            (pair(one + "/certificate.pem", folder + "/rsa.key"), ("[server] key", "rsa.key", "give the key that", one)),
            ("[trunk1]\nproxy = sip:127.0.0.1:9\npeers = 127.0.0.1\n", ("bad.ini", "[phone] listen", "[trunk1]")),
            ("[trunk2]\nuser = clinic\n", ("[phone] listen", "[trunk2]")), ("[dial]\nprefixes = +1\n", ("[phone] listen", "[dial]")),
            (phone + "[dial]\nprefixes = +1, +33\n", ("bad.ini:8", "prefixes", "separator", ";", "+1, +33")),
            (phone.replace("numbers", "key_mute =\nnumbers"), ("[phone] key_mute", "must not be empty")),
            (phone.replace("numbers", "key_consent_yes = *5\nnumbers"), ("[phone] key_consent_yes", "set prompts")),
            (phone.replace("numbers", f"tls_port = 5061\ncertificates = {folder}\nnumbers"), ("[phone] certificates", "agent.pem", "No such file"))]


def pending(process, sign):
    """Whether a signal waits for a process."""
    with open(f"/proc/{process}/status", encoding="utf-8") as f:
        masks = [int(line.split()[1], 16) for line in f if line.startswith(("SigPnd", "ShdPnd"))]
    return any(m >> (sign - 1) & 1 for m in masks)


def make_certificate(folder):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "9", "-subj",
                    "/CN=changed", "-keyout", folder + "/k", "-out", folder + "/c"], check=True, capture_output=True)
    os.rename(folder + "/k", folder + "/certificate.key")
    os.rename(folder + "/c", folder + "/certificate.pem")

