"""WHIP and WHEP: the shapes of RFC 9725."""
from harness import Server

OFFER = ("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\n"
         "a=mid:0\r\na=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n")
FRAG = "a=ice-ufrag:{0}\r\na=ice-pwd:0123456789012345678901\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=candidate:1 1 UDP 1 127.0.0.1 5 typ host\r\n"


def make(server):
    def post(room, token, body=OFFER, kind="whip", **headers):
        return server.request("POST", f"/{kind}/{room}", body, {"Authorization": "Bearer " + token, "Content-Type": "application/sdp", **headers})

    def patch(url, token, body, **headers):
        return server.request("PATCH", url, body, {"Authorization": "Bearer " + token,
                                                   "Content-Type": "application/trickle-ice-sdpfrag", **headers})

    def create_trickle_restart_delete():
        for kind in ("whip", "whep"):
            room = server.room()
            token = server.link(room, seat="kiosk")["token"]
            r = post(room, token, kind=kind)
            assert r.status == 201 and r.headers["Content-Type"] == "application/sdp" and b"ice-ufrag:room1" in r.body
            url, tag = r.headers["Location"], r.headers["ETag"]
            assert url.startswith(f"/{kind}/{room}/kiosk/")
            links = r.headers.get_all("Link")
            assert any("turn:" in x and 'rel="ice-server"' in x and "credential=" in x for x in links), links
            assert server.inspect(room)["participants"][0]["kind"] == kind
            bearer = {"Authorization": "Bearer " + token}
            assert patch(url, token, FRAG.format("abcd"), **{"If-Match": tag}).status == 204
            assert patch(url, token, "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\na=end-of-candidates\r\n").status == 204
            assert server.inspect(room)["participants"][0]["trickled"] == ["candidate:1 1 UDP 1 127.0.0.1 5 typ host", ""]
            assert patch(url, token, FRAG.format("abcd"), **{"If-Match": '"other"'}).status == 412
            again = patch(url, token, FRAG.format("efgh"), **{"If-Match": "*"})
            assert again.status == 200 and b"a=ice-ufrag:room2" in again.body and again.headers["ETag"] != tag
            assert again.headers["Content-Type"] == "application/trickle-ice-sdpfrag"
            offer = server.inspect(room)["participants"][0]["offer"]
            assert "a=ice-ufrag:efgh" in offer and "abcd" not in offer
            for late in ("abcd", "efgh", "ijkl"):
                assert patch(url, token, FRAG.format(late), **{"If-Match": tag}).status == 412
            assert "a=ice-ufrag:efgh" in server.inspect(room)["participants"][0]["offer"]
            assert patch(url, token, FRAG.format("mnop"), **{"If-Match": '"*"'}).status == 200
            assert patch(url, token, FRAG.format("mnop")).status == 204
            assert server.request("DELETE", url, None, bearer).status == 200
            assert server.request("DELETE", url, None, bearer).status == 404
            assert patch(url, token, FRAG.format("efgh")).status == 404

    def a_repeated_post_is_the_same_seat():
        room = server.room()
        token = server.link(room, seat="kiosk")["token"]
        first, second = post(room, token), post(room, token)
        assert first.headers["Location"] != second.headers["Location"]
        assert len(server.inspect(room)["participants"]) == 1
        assert server.request("DELETE", first.headers["Location"], None, {"Authorization": "Bearer " + token}).status == 404
        assert server.inspect(room)["participants"][0]["state"] == "up"

    def refusals():
        room, other = server.room(), server.room()
        token = server.link(room, seat="one")["token"]
        assert server.request("POST", f"/whip/{room}", OFFER, {"Content-Type": "application/sdp"}).status == 401
        assert post(room, "nonsense").json()["code"] == "token_forged" and post(other, token).status == 403
        assert post("none", token).status == 403
        assert server.request("POST", f"/whip/{room}", OFFER, {"Authorization": "Bearer " + token}).status == 415
        assert post(room, token, "hello").json()["code"] == "bad_sdp" and post(room, token, "").status == 400
        assert post(room, token, OFFER + "a=x-bad\r\n").json() == {"type": "about:blank", "title": "Bad Request", "status": 400,
                                                                   "code": "bad_sdp", "detail": "no m-line"}
        url = post(room, token).headers["Location"]
        stranger = server.link(room, seat="two")["token"]
        assert server.request("DELETE", url, None, {"Authorization": "Bearer " + stranger}).status == 403
        assert server.request("PATCH", url, "x", {"Authorization": "Bearer " + token, "Content-Type": "text/plain"}).status == 415
        assert patch(url, token, "what is this").status == 400
        assert patch(url, token, "a=candidate:1\r\n" * 40).status == 400
        assert patch(url, token, "a=ice-ufrag:ab\r\na=ice-pwd:x\r\n").status == 400
        for method in ("GET", "PUT"):
            r = server.request(method, url, None, {"Authorization": "Bearer " + token})
            assert r.status == 405 and "PATCH" in r.headers["Allow"]
        assert server.request("GET", f"/whip/{room}").status == 405

    def options_and_origins():
        room = server.room()
        r = server.request("OPTIONS", f"/whip/{room}", None, {"Origin": "https://clinic.example"})
        assert r.status == 204 and r.headers["Accept-Post"] == "application/sdp"
        assert r.headers["Access-Control-Allow-Origin"] == "https://clinic.example" and "If-Match" in r.headers["Access-Control-Allow-Headers"]
        assert server.request("OPTIONS", f"/whip/{room}", None, {"Origin": "https://evil.example"}).status == 403
        token = server.link(room)["token"]
        assert post(room, token, Origin="https://evil.example").status == 403
        good = post(room, token, Origin="https://clinic.example")
        assert good.status == 201 and "ETag" in good.headers["Access-Control-Expose-Headers"]

    def offers_of_a_seat_are_limited():
        room = server.room()
        one, two = (server.link(room, seat=seat)["token"] for seat in ("one", "two"))
        answers = [post(room, one, Origin="https://clinic.example") for _ in range(45)]
        late = [r for r in answers if r.status == 429]
        assert [r.status for r in answers[:30]] == [201] * 30 and len(late) >= 10, [r.status for r in answers]
        assert all(1 <= int(r.headers["Retry-After"]) <= 2 and r.json()["code"] == "rate_limited" for r in late)
        assert "Retry-After" in late[0].headers["Access-Control-Expose-Headers"]
        made = post(room, two)
        assert made.status == 201, "another seat has its own"
        restarts = [patch(made.headers["Location"], two, FRAG.format(f"ufr{n:02}"), **{"If-Match": "*"}).status for n in range(45)]
        assert set(restarts) == {200, 429} and restarts[:29] == [200] * 29, restarts
        assert post(room, two, kind="whep").status == 429
        seen = server.get("/metrics").body.decode()
        assert 'tessera_offers_refused_total{by="seat"}' in seen

    def offers_from_an_address_are_limited():
        other = Server("trusted_proxies = 127.0.0.1\n[limits]\noffers_per_minute = 5\n")
        try:
            room = other.room()

            def from_address(a):
                return other.request("POST", f"/whip/{room}", OFFER, {"X-Forwarded-For": a, "Content-Type": "application/sdp"}).status

            for flood, same, another in (("203.0.113.9", "203.0.113.9", "203.0.113.8"), ("2001:db8::1", "2001:db8::ffff:1", "2001:db8:0:1::1")):
                found = [from_address(flood) for _ in range(70)]
                assert found[:50] == [401] * 50 and found.count(429) >= 10, found  # one more is allowed each 1.2 s
                assert 429 in (from_address(same), from_address(same), from_address(same)) and from_address(another) == 401
            assert not other.complaints(), other.complaints()
        finally:
            other.close()

    return [offers_of_a_seat_are_limited, offers_from_an_address_are_limited, create_trickle_restart_delete, a_repeated_post_is_the_same_seat, refusals, options_and_origins]
