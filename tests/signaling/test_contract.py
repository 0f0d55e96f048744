"""Every route and every message of the published descriptions, each with every answer that they name."""
import re

import contract
import contract_errors
from fake_phone import FakePhone
from harness import hear, say, x25519_pair
from test_whip import FRAG, OFFER


def make(server):
    def every_route_is_described_and_nothing_else():
        with open(contract.TOP + "/signaling/routes.c", encoding="utf-8") as f:
            table = re.findall(r"\{(GET|EVHTTP_REQ_[A-Z_ |]+), \"(/[^\"]*)\", \w+, SIG_ACCESS_\w+\}", f.read())
        pages = ("/ws", "/j/*", "/admin", "/api/openapi.json", "/api/messages.json")
        routes = {(m, path) for methods, path in table if path not in pages for m in methods.replace("EVHTTP_REQ_", "").lower().split(" | ")}
        described = {(method, re.sub(r"\{\w+\}(\.jpg)?", "*", path)) for path, item in contract.API["paths"].items() for method in item if method in contract.METHODS}
        assert len(routes) > 40 and routes == described, routes ^ described

    def every_error_of_rest():
        room, ended = server.room(), server.room(id="gone")
        server.link(room, seat="one")
        server.rest("DELETE", "/rooms/" + ended)
        contract_errors.wrong(server, room, ended)
        contract_errors.arranged(server, room, ended)

    def every_error_of_devices():
        contract_errors.of_devices(server)

    async def every_error_of_sockets():
        await contract_errors.of_sockets(server)

    async def every_rest_route_and_answer():
        room = server.room()
        link = server.link(room, seat="one", host=True)
        ended = server.room(id="ended")
        assert server.rest("POST", "/rooms", {"id": room}).status == 200
        server.rest("DELETE", "/rooms/" + ended)
        assert server.rest("GET", "/rooms/none").status == 404 and server.rest("GET", "/rooms/ended").status == 410
        assert server.rest("GET", "/rooms").status == 200 and server.rest("GET", "/rooms/" + room).status == 200
        assert link["expires"] > 0
        assert server.rest("POST", f"/rooms/{room}/participants/one/sound", {"hears": "es"}).status == 409  # nobody is there yet
        for path, body in (("/rooms", {"name": 1}), ("/rooms/none/links", {"role": "guest", "name": "N"})):
            assert server.rest("POST", path, body).status >= 400
        for what, body, bad in (("lock", {"locked": False}, 400), ("mute-all", None, 204), ("layout", {"layout": "grid"}, 400), ("caption", {"text": "The knee, gently"}, 400)):
            assert server.rest("POST", f"/rooms/{room}/{what}", body).status == 204
            assert server.rest("POST", f"/rooms/{room}/{what}", {"x": 1}).status == bad and server.rest("POST", f"/rooms/none/{what}").status == 404
        assert server.rest("PUT", f"/rooms/{room}/layout", {"layout": "grid"}).status == 204 and server.rest("PUT", f"/rooms/{room}/layout", {}).status == 400
        assert server.rest("PUT", f"/rooms/{room}/caption", {"text": ""}).status == 204 and server.rest("PUT", f"/rooms/{room}/caption", {"text": "x" * 161}).status == 400
        assert server.rest("GET", "/layouts").status == 200 and server.request("GET", "/api/v1/layouts").status == 401
        head = {"Authorization": "Bearer " + server.link(room, seat="kiosk")["token"], "Content-Type": "application/sdp"}
        assert server.rest("GET", f"/rooms/{room}/tiers/A.jpg").status == 503 and server.request("POST", f"/whip/{room}", OFFER, head).status == 201
        r = server.rest("GET", f"/rooms/{room}/tiers/A.jpg")
        assert r.status == 200 and r.headers["Content-Type"] == "image/jpeg" and r.body[:2] == b"\xff\xd8" and len(r.body) == 30002
        assert server.rest("GET", f"/rooms/{room}/tiers/D.jpg").status == 503
        for tier in ("Z.jpg", "A.png", "A", ".jpg", "audio.jpg"):
            assert server.rest("GET", f"/rooms/{room}/tiers/{tier}").status == 404, tier
        assert server.request("GET", f"/api/v1/rooms/{room}/tiers/A.jpg").status == 401
        server.link(room, seat="two")
        assert server.rest("DELETE", f"/rooms/{room}/links/two").status == 204 and server.rest("DELETE", f"/rooms/{room}/links/two").status == 404
        for what, body in (("mute", {"muted": True}), ("tier", {"tier": "auto"}), ("sound", {"hears": "es"})):
            path = f"/rooms/{room}/participants/one/{what}"
            assert server.rest("POST", path, body).status == 204 and server.rest("POST", path, {}).status == 400
        path = f"/rooms/{room}/participants/kiosk/freeze"
        assert server.rest("POST", path, {"what": "camera"}).status == 204 and server.rest("POST", path, {"what": "off"}).status == 204
        assert server.rest("POST", path, {"what": "screen"}).status == 404 and server.rest("POST", path, {"what": "it"}).status == 400
        assert server.rest("POST", f"/rooms/{room}/participants/none/freeze", {"what": "off"}).status == 404
        server.rest("POST", f"/rooms/{room}/lock", {"locked": True})
        for answer in ("admit", "deny"):
            path = f"/rooms/{room}/participants/one/{answer}"
            assert server.rest("POST", path).status == 409 and server.rest("POST", f"/rooms/{room}/participants/none/{answer}").status == 404
            late = await server.socket()
            await say(late, type="join", token=server.link(room, seat=answer)["token"])
            await hear(late, "waiting")
            assert server.rest("POST", f"/rooms/{room}/participants/{answer}/{answer}").status == 204
        for path in ("/rooms", f"/rooms/{room}"):
            assert server.request("GET", "/api/v1" + path).status == 401
        every_answer_about_recordings(room)
        assert server.rest("DELETE", "/rooms/none").status == 404
        assert server.rest("DELETE", f"/rooms/{room}/participants/one").status == 204
        assert server.rest("DELETE", f"/rooms/{room}/participants/one").status == 404
        for path in ("/healthz", "/readyz", "/metrics"):
            assert server.get(path).status == 200
        assert server.rest("DELETE", f"/rooms/{room}").status == 204

    def every_answer_about_recordings(room):
        assert server.rest("POST", f"/rooms/{room}/record", {"action": "start"}).status == 409
        for method in ("PUT", "POST"):
            assert server.rest(method, f"/rooms/{room}/recording", {"policy": "announced"}).status == 204
        r = server.rest("POST", f"/rooms/{room}/record", {"action": "start"})
        assert r.status == 200 and r.json()["state"] == "on", r.body
        one = "/recordings/" + r.json()["recording"]
        assert server.rest("GET", "/recordings").status == 200 and server.rest("GET", "/recordings?to=-1").status == 400
        assert server.rest("GET", one).status == 200 and server.rest("GET", "/recordings/none").status == 404
        path = f"/rooms/{room}/participants/one/consent"
        assert server.rest("POST", path, {"agree": True, "method": "spoken"}).status == 204 and server.rest("POST", path, {}).status == 400
        for method in ("PUT", "POST"):
            assert server.rest(method, one + "/hold", {"hold": False}).status == 204 and server.rest(method, one + "/hold", {}).status == 400
        assert server.rest("PUT", f"/rooms/{room}/recording", {"policy": "everyone"}).status == 409
        for method, path in (("GET", "/manifest"), ("GET", "/poster.jpg"), ("GET", "/chapters.vtt"), ("POST", "/verify")):
            assert server.rest(method, one + path).status == 409, "it goes on"
        assert server.rest("POST", one + "/links", {"what": "play"}).status == 409
        assert server.rest("POST", one + "/rewrap", {"to": x25519_pair()[1], "kid": "clinic-2027"}).status == 409
        assert server.rest("DELETE", one).status == 409 and server.rest("POST", f"/rooms/{room}/record", {"action": "stop"}).status == 200
        server.wait(lambda: server.rest("GET", one).json()["state"] == "ended", 5)
        for path in ("/manifest", "/poster.jpg", "/chapters.vtt"):
            assert server.rest("GET", "/recordings/none" + path).status == 404
        assert server.rest("GET", one + "/poster.jpg").status == 409, "a fake room's bytes are no film"
        assert server.rest("POST", "/recordings/none/verify").status == 404 and server.rest("POST", one + "/links", {"what": "watch"}).status == 400
        server.film(one.split("/")[-1], stranger=True)
        for path in ("/poster.jpg", "/chapters.vtt"):
            assert server.rest("GET", one + path).status == 200, path
        assert server.rest("GET", one + "/manifest").status == 409, "nobody signs what was not anchored"
        assert server.rest("POST", one + "/verify").json()["verdict"] == "tampered", "it is not what was anchored"
        server.film(one.split("/")[-1])
        assert server.rest("GET", one + "/manifest").status == 200
        to = {"to": x25519_pair()[1], "kid": "clinic-2027"}
        for bad in ({**to, "to": "00"}, {**to, "kid": "New key"}, {"to": to["to"]}):
            assert server.rest("POST", one + "/rewrap", bad).status == 400, bad
        assert server.rest("POST", "/recordings/none/rewrap", to).status == 404
        assert server.rest("POST", one + "/rewrap", {**to, "to": "0" * 64}).status == 400, "no point of the curve"
        link = server.rest("POST", one + "/links", {"what": "play"}).json()["url"].split("/r/")[1]
        part = server.request("GET", "/r/" + link, None, {"Range": "bytes=4-7"})
        assert part.status == 206 and part.body == b"ftyp" and part.headers["Content-Range"].startswith("bytes 4-7/"), part.headers
        whole = server.request("GET", "/r/" + link, None, {"Cookie": part.headers["Set-Cookie"].split(";")[0]})
        assert whole.status == 200 and part.headers["Content-Range"] == f"bytes 4-7/{len(whole.body)}"
        assert server.get("/r/" + link).status == 403
        assert server.rest("POST", one + "/rewrap", to).status == 204 and server.rest("GET", one + "/poster.jpg").status == 409
        assert server.rest("DELETE", one).status == 204
        for method in ("PUT", "POST"):
            assert server.rest(method, one + "/hold", {"hold": True}).status == 409, "nothing is left to hold"

    def every_whip_and_whep_answer():
        room = server.room()
        for kind in ("whip", "whep"):
            bearer = {"Authorization": "Bearer " + server.link(room, seat=kind)["token"]}
            sdp = {**bearer, "Content-Type": "application/sdp"}
            assert server.request("POST", f"/{kind}/{room}", OFFER).status == 401
            made = server.request("POST", f"/{kind}/{room}", OFFER, sdp)
            url, frag = made.headers["Location"], {**bearer, "Content-Type": "application/trickle-ice-sdpfrag"}
            for path in (url, f"/{kind}/{room}"):
                assert server.request("OPTIONS", path).status == 204
                assert server.request("OPTIONS", path, None, {"Origin": "https://evil.example"}).status == 403
            assert server.request("PATCH", url, FRAG.format("abcd"), {**frag, "If-Match": made.headers["ETag"]}).status == 204
            assert server.request("PATCH", url, FRAG.format("abcd"), {**frag, "If-Match": '"no"'}).status == 412
            assert server.request("PATCH", url, FRAG.format("efgh"), {**frag, "If-Match": "*"}).status == 200
            assert server.request("PATCH", url, FRAG.format("efgh"), bearer).status == 415
            assert server.request("DELETE", url).status == 401 and server.request("DELETE", url, None, bearer).status == 200
            assert 429 in [server.request("POST", f"/{kind}/{room}", OFFER, sdp).status for _ in range(60)]

    async def every_message():
        room = server.room()
        link = server.link(room, seat="one")
        ws, _ = await server.join(link)
        await say(ws, type="offer", sdp="v=0")
        for kind in ("answer", "candidate", "roster", "layout", "quality"):
            await hear(ws, kind)
        await say(ws, type="candidate", candidate="", mid="0")
        await say(ws, type="state", audio=False, video=True)
        await say(ws, type="tier", tier="audio")
        await say(ws, type="tier", tier="B")  # gathered: the newest alone is told
        assert (await hear(ws, "roster_changes"))["participants"] == [{"seat": "one", "tier": "B"}]
        await say(ws, type="display", width=640, height=360)
        await say(ws, type="ping")
        await hear(ws, "pong")
        server.rest("POST", f"/rooms/{room}/participants/one/mute", {"muted": True})
        await hear(ws, "muted")
        await say(ws, type="offer", sdp="v=0\r\na=x-bad\r\n")
        await hear(ws, "error")
        await say(ws, type="offer", sdp="v=0\r\na=x-crash\r\n")
        await hear(ws, "restart")
        other, _ = await server.join(link)
        await hear(ws, "replaced")
        await every_message_between_people(other, room)
        await say(other, type="leave")
        await hear(other, "ended")

    async def every_message_between_people(ws, room):
        host, _ = await server.join(server.link(room, seat="doc", host=True))
        await say(ws, type="offer", sdp="v=0")
        await hear(ws, "answer")
        await say(ws, type="chat", text="Hello", id=1)
        await hear(ws, "chat")
        server.rest("PUT", f"/rooms/{room}/recording", {"policy": "everyone"})
        await hear(ws, "recording")
        await say(ws, type="consent", agree=True, version="1")
        await say(ws, type="hand", raised=True)
        await say(ws, type="phone", op="hang_up", id=2)
        await hear(ws, "error")
        await say(ws, type="share", on=False)
        await say(host, type="sound", seat="one", hears="es")
        await say(host, type="host", op="camera_ask", seat="one")
        await hear(ws, "asked")
        await say(host, type="host", op="freeze", seat="one", value="camera")
        assert (await hear(ws, "larger"))["what"] == "camera"
        assert await hear(ws, "limits") == {"type": "limits", "lines": 180, "bps": 200000}
        await say(host, type="host", op="layout", value="speaker", id=1)
        while (await hear(host, "layouts"))["layout"] != "speaker":
            pass
        await hear(host, "ok")
        await say(host, type="host", op="lock", value=True, id=1)
        await hear(host, "ok")
        await hear(ws, "lock")
        waits = await server.socket()
        await say(waits, type="prepare", token=server.link(room, seat="late")["token"])
        await hear(waits, "prepared")
        await say(waits, type="join", token=server.link(room, seat="late")["token"])
        await hear(waits, "waiting")
        await hear(host, "knock")
        await waits.close()
        await hear(host, "knock_gone")
        phone = FakePhone(server)
        await say(host, type="host", op="dial", value="+15550100199", id=2)
        phone.send(type="state", call=phone.hear("dial")["call"], state="calling", trunk="trunk1")
        await hear(host, "call")
        phone.close()
        check = await server.socket()
        await say(check, type="check", token=server.link(room, seat="late")["token"])
        await hear(check, "checking")

    def every_telephone_answer():
        phone, room = FakePhone(server), server.room()
        assert server.rest("POST", f"/rooms/{room}/pins", {"once": True, "expires_in": 60}).status == 201
        pins = [server.rest("POST", f"/rooms/{room}/pins", {"expires_in": 60}).status for _ in range(200)]  # one more than there may be
        assert pins[0] == 201 and pins[-1] == 503, pins
        visit = server.room()
        phone.enter("call-t", server.rest("POST", f"/rooms/{visit}/pins", {}).json()["pin"])
        assert server.rest("POST", f"/rooms/{visit}/calls/call-t/transfer", {"number": "911"}).status == 403
        moved = [server.rest("POST", f"/rooms/{visit}/calls/call-t/transfer", {"number": "+15550100199"}).status for _ in range(5)]
        assert moved[0] == 202 and moved[-1] == 503 and phone.hear("transfer")["number"] == "+15550100199"
        phone.send(type="ended", call="call-t", reason="transferred", status=0)
        call = server.rest("POST", f"/rooms/{room}/calls", {"number": "+15550100199"})
        assert call.status == 202 and phone.hear("dial")
        assert server.rest("POST", f"/rooms/{room}/calls", {"number": "911"}).status == 403
        assert server.rest("POST", f"/rooms/{room}/links", {"role": "guest", "name": "N", "phone": "911"}).status == 403
        assert server.rest("DELETE", f"/rooms/{room}/calls/{call.json()['call']}").status == 204
        assert server.rest("DELETE", f"/rooms/{room}/calls/none").status == 404
        assert 503 in [server.rest("POST", f"/rooms/{room}/calls", {"number": "+15550100199"}).status for _ in range(4)]
        phone.send(type="ended", call=call.json()["call"], reason="hung_up_by_host", status=0)
        server.wait(lambda: server.rest("GET", "/calls").json()["calls"], 3)
        phone.close()

    def not_ready_without_a_room_process():
        program = server.bin + "/tessera-room"
        with open(program, encoding="utf-8") as f:
            text = f.read()
        with open(program, "w", encoding="utf-8") as f:
            f.write("#!/bin/sh\nexit 1\n")
        server.rest("POST", f"/rooms/{server.room()}/links", {"role": "guest", "name": "N"})
        waits = server.room()
        server.request("POST", f"/whip/{waits}", OFFER, {"Authorization": "Bearer " + server.link(waits)["token"], "Content-Type": "application/sdp"})
        server.wait(lambda: server.get("/readyz").status == 503, 5)
        with open(program, "w", encoding="utf-8") as f:
            f.write(text)
        server.wait(lambda: server.get("/readyz").status == 200, 8)

    def nothing_described_was_left_out():
        unheard = [x for x in contract.missing() if not x.endswith(" default") and x != "error internal"]
        assert not unheard, unheard

    return [every_route_is_described_and_nothing_else, every_error_of_rest, every_error_of_devices, every_error_of_sockets, every_rest_route_and_answer, every_whip_and_whep_answer, every_message, every_telephone_answer, not_ready_without_a_room_process,
            nothing_described_was_left_out]
