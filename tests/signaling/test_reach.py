"""Who reaches what: the operator's API, proxies, pages that embed ours, and figures that stay few."""
import http.client
import json
import re

from harness import TLS, Server, asyncio, free_port, hear_end, say


def make(server):
    def operator(s, path="/api/v1/rooms", port=None, **headers):
        """The status of an operator's request."""
        own, s.port = s.port, port or s.port
        try:
            return s.request("GET", path, None, {"Authorization": "Bearer " + s.key, **headers}).status
        finally:
            s.port = own

    def with_server(config, test):
        other = Server(config)
        try:
            test(other)
            assert not other.complaints(), other.complaints()
        finally:
            other.close()

    def the_operators_api_is_for_this_host_and_not_for_whom_it_forwards():
        for path in ("/api/v1/rooms", "/metrics"):
            assert operator(server, path) == 200
            for header in ({"X-Forwarded-For": "127.0.0.1"}, {"X-Forwarded-For": "203.0.113.9"}, {"Forwarded": "for=127.0.0.1"}):
                assert operator(server, path, **header) == 403, (path, header)
            for name in ("Via", "X-Real-IP", "X-Forwarded-Host", "X-Forwarded-Proto"):
                assert operator(server, path, **{name: "127.0.0.1"}) == 403, (path, name)
        assert server.get("/healthz", **{"X-Forwarded-For": "203.0.113.9"}).status == 200
        r = server.request("GET", "/metrics", None, {"X-Forwarded-For": "203.0.113.9"})
        assert r.json()["code"] == "forbidden" and "[admin]" in r.json()["detail"]

    def lines(s, *headers):
        """The status of an operator's request with these header lines, names repeated as they are."""
        c = http.client.HTTPSConnection("127.0.0.1", s.port, context=TLS, timeout=8)
        try:
            c.putrequest("GET", "/api/v1/rooms")
            for name, value in (("Authorization", "Bearer " + s.key), *headers):
                c.putheader(name, value)
            c.endheaders()
            return c.getresponse().status
        finally:
            c.close()

    def a_trusted_proxy_is_believed_about_the_last_hop_it_saw():
        def test(s):
            assert operator(s) == 200 and operator(s, "/metrics") == 200  # this host itself, as before it trusted anybody
            for hops, status in ((("10.1.2.3", "203.0.113.9"), 403), (("203.0.113.9", "10.1.2.3"), 200), (("10.1.2.3", "127.0.0.9"), 200),
                                 (("10.1.2.3", ""), 403)):
                assert lines(s, *(("X-Forwarded-For", h) for h in hops)) == status, hops
            for hops, status in (("10.1.2.3", 200), ("2001:db8::5", 200), ("203.0.113.9, 10.1.2.3", 200), ("10.1.2.3, 127.0.0.9", 200),
                                 ("203.0.113.9", 403), ("10.1.2.3, 203.0.113.9", 403), ("11.1.2.3", 403), ("2001:db9::5", 403),
                                 ("127.0.0.1", 403), ("", 403), ("nonsense", 403), ("10.1.2.3, x", 403), (",".join(["10.1.2.3"] * 500), 403)):
                assert operator(s, **{"X-Forwarded-For": hops}) == status, hops
            head = {"Authorization": "Bearer " + s.key, "X-Forwarded-For": "10.1.2.3", "X-Forwarded-Host": "evil.example, visits.example"}
            room = s.request("POST", "/api/v1/rooms", json.dumps({"name": "Visit"}), head).json()["id"]
            body = json.dumps({"role": "guest", "name": "A"})
            assert s.request("POST", f"/api/v1/rooms/{room}/links", body, head).json()["url"].startswith("https://visits.example/j/")
            assert s.words().count("admin.behind_proxy") == 1 and "admin.behind_proxy" not in server.words()

        with_server("trusted_proxies = 127.0.0.0/8\n[admin]\nallow = 10.0.0.0/8;2001:db8::/32\n", test)
        head = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
                "Origin": "https://evil.example", "X-Forwarded-Host": "evil.example"}
        assert server.request("GET", "/ws", None, head).status == 403  # of a proxy that is not trusted

    def the_operators_api_can_have_a_listener_of_its_own():
        port = free_port()

        def test(s):
            for path in ("/api/v1/rooms", "/metrics"):
                assert operator(s, path) == 403 and operator(s, path, port) == 200, path
            assert operator(s, "/healthz") == 200 and operator(s, "/readyz", port) == 200
            own, s.port = s.port, port
            room = s.room()
            for host in ({}, {"Host": f"desk.internal:{port}"}, {"X-Forwarded-Host": "desk.internal"}):  # no link leads to where operators go
                head = {"Authorization": "Bearer " + s.key, **host}
                link = s.request("POST", f"/api/v1/rooms/{room}/links", json.dumps({"role": "guest", "name": "A"}), head).json()
                assert link["url"] == f"https://127.0.0.1:{own}/j/{link['token']}", link["url"]
            s.port = own
            assert s.get("/j/" + link["token"]).status == 200

            async def join():
                ws, joined = await s.join(link)
                assert joined["may"]
                await ws.close()

            asyncio.run(join())

        with_server(f"[admin]\nport = {port}\nlisten = 127.0.0.1\n", test)

    def the_clinics_page_is_for_operators_and_in_no_frame():
        def test(s):
            for path in ("/admin", "/web/admin/index.html", "/web/admin/admin.js"):
                assert s.get(path, **{"X-Forwarded-For": "203.0.113.9"}).status == 403, path
                r = s.get(path, Origin="https://ehr.example")
                assert r.status == 200 and r.headers["Access-Control-Allow-Origin"] is None, path
                assert r.headers["Content-Security-Policy"].endswith("frame-ancestors 'none'"), path
            versioned = re.search(r'/web/[0-9a-f]{16}/admin/[^"]+', s.get("/admin").body.decode()).group()
            assert s.get(versioned).status == 200
            assert s.get(versioned, **{"X-Forwarded-For": "203.0.113.9"}).status == 403

        with_server("origins = https://ehr.example\nframe_ancestors = https://ehr.example\n", test)

    def pages_of_configured_origins_embed_and_load_the_client():
        def test(s):
            policy = s.get("/").headers["Content-Security-Policy"]
            assert policy.endswith("frame-ancestors 'self' https://ehr.example https://clinic.example:8443"), policy
            assert s.get("/web/tessera.js", Origin="https://ehr.example").headers["Access-Control-Allow-Origin"] == "https://ehr.example"
            assert s.get("/web/tessera.js", Origin="https://evil.example").headers["Access-Control-Allow-Origin"] is None

        with_server("origins = https://ehr.example\nframe_ancestors = https://ehr.example;https://clinic.example:8443\n", test)
        assert server.get("/").headers["Content-Security-Policy"].endswith("frame-ancestors 'self'")

    def settings_that_make_no_sense_stop_the_start():
        server.stop()
        with open(server.config, encoding="utf-8") as f:
            kept = f.read()
        for section, line, word in (("server", "frame_ancestors = https://a.example; script-src *", "frame_ancestors"),
                                    ("server", "origins = http://a.example", "origins"), ("server", "trusted_proxies = here", "here"),
                                    ("server", "trusted_proxies = 10.0.0.0/33", "trusted_proxies"), ("admin", "allow = 10.0.0.0/", "allow"),
                                    ("admin", f"port = {server.port}", "port"), ("server", "listen = foo", "[server] listen: foo is not an address"),
                                    ("admin", "listen = localhost", "[admin] listen: localhost"), ("media", "addresses = 127.0.0.1;foo", "[media] addresses: foo"),
                                    ("media", "nat_address = nat.example", "[media] nat_address: nat.example"),
                                    ("server", "public_url = https://a.example/?from=mail", "public_url"), ("s3", "bucket = b", "[s3] endpoint"),
                                    ("s3", "endpoint = https://s3.example\nbucket = b\ncredentials = /nonexist", "[s3] credentials: "),
                                    ("recording", "spare = /nonexist/spare", "/nonexist is not there")):
            text = re.sub(f"^{line.split(' ')[0]} = .*\n", "", kept, flags=re.M) if section == "server" else kept
            with open(server.config, "w", encoding="utf-8") as f:
                f.write(text.replace("[server]\n", f"[server]\n{line}\n") if section == "server" else text + f"[{section}]\n{line}\n")
            assert server.fails_to_start(word) and (line.startswith("port") or word in server.check_config()), line  # --port is the launcher's
        for secret in ("", "secret = s\n"):
            with open(server.config, "w", encoding="utf-8") as f:
                f.write(kept.replace("urls = ", "#urls = ").replace("secret = test\n", secret))
            assert ("[turn] urls" in server.check_config()) == (secret != ""), server.check_config()
        with open(server.config, "w", encoding="utf-8") as f:
            f.write(kept)
        server.start()

    def over_its_limits_the_server_says_when_to_come_again():
        room = server.room()
        for i in range(4):
            server.link(room, seat=f"s{i}")
        r = server.rest("POST", f"/rooms/{room}/links", {"role": "guest", "name": "Five"})
        assert r.status == 503 and r.json()["code"] == "full" and int(r.headers["Retry-After"]) >= 30

        def test(s):
            s.room()
            r = s.rest("POST", "/rooms", {"name": "Two"})
            assert r.status == 503 and r.json()["code"] == "full" and int(r.headers["Retry-After"]) >= 30

        with_server("[limits]\nmax_rooms = 1\n", test)

    async def metrics_stay_few_and_name_nobody():
        async def visit(n):
            room = server.room(name=f"Hidden{n}")
            ws, _ = await server.join(server.link(room, seat=f"hiddenseat{n}", name="Hiddenname", host=True))
            await say(ws, type="offer", sdp="v=0")
            await say(ws, type="chat", text="hiddentext")
            for op in ("mute_all", "lock", "tier", "end"):
                await say(ws, type="host", op=op, value=True)
            await hear_end(ws)

        for n in range(3):
            await visit(n)
        lines = [x for x in server.get("/metrics").body.decode().splitlines() if x and not x.startswith("#")]
        assert len(lines) <= 500 and not [x for x in lines if "hidden" in x.lower()], len(lines)
        before = {x.rsplit(" ", 1)[0] for x in lines}
        for n in range(3, 6):
            await visit(n)
        after = {x.rsplit(" ", 1)[0] for x in server.get("/metrics").body.decode().splitlines() if x and not x.startswith("#")}
        assert after == before, after ^ before

    return [the_operators_api_is_for_this_host_and_not_for_whom_it_forwards, a_trusted_proxy_is_believed_about_the_last_hop_it_saw,
            the_operators_api_can_have_a_listener_of_its_own,
            the_clinics_page_is_for_operators_and_in_no_frame, pages_of_configured_origins_embed_and_load_the_client,
            settings_that_make_no_sense_stop_the_start, over_its_limits_the_server_says_when_to_come_again, metrics_stay_few_and_name_nobody]
