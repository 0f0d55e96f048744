"""Every error that the descriptions name, produced: what can be done wrong with any route, then what has to be arranged."""
import os
import signal

import contract
from fake_phone import FakePhone
from harness import hear, hear_end, say
from test_rest import bad_tokens
from test_whip import FRAG, OFFER

THERE = {"room": "", "seat": "one", "recording": "none", "tier": "A", "call": "none", "session": "none"}


def operations(status):
    """(path, method, operation) of REST that name an answer with that status."""
    for path, item in contract.API["paths"].items():
        for method in contract.METHODS:
            if path.startswith("/api/v1") and status in item.get(method, {}).get("responses", {}):
                yield path, method, item[method]


def wrong(server, room, ended):
    """One request after the other that is wrong in one way only."""
    def send(status, path, method, body=None, key=server.key, **names):
        url = path.format(**{**THERE, "room": room, **names})
        r = server.request(method.upper(), url, body, {"Authorization": "Bearer " + key} if key else {})
        assert r.status == int(status), (method, url, r.status, r.body)
        assert len(r.json()["detail"]) > 10, r.body

    for path, method, _ in operations("401"):
        send("401", path, method, "{}", key="")
    for path, method, _ in operations("404"):
        send("404", path, method, "{}", room="none")
    for path, method, _ in operations("410"):
        send("410", path, method, "{}", room=ended)
    for path, method, operation in operations("400"):
        if "requestBody" in operation and "{recording}" not in path:  # which has to be there: see test_contract
            for body in ("{", '{"surprise":1}'):
                send("400", path, method, body)


def arranged(server, room, ended):
    """What takes a certain state of the server."""
    assert server.rest("POST", "/rooms", {"id": ended}).status == 409
    made = [server.rest("POST", "/rooms", {"name": "V"}).status for _ in range(70)]
    assert made[-1] == 503, made
    for one in server.rest("GET", "/rooms").json()["rooms"]:
        if one["id"] != room:
            server.rest("DELETE", "/rooms/" + one["id"])
    links = [server.rest("POST", f"/rooms/{room}/links", {"role": "guest", "name": "N"}).status for _ in range(5)]
    assert links[-1] == 503, links


def of_devices(server):
    """WHIP and WHEP."""
    room, other = server.room(), server.room()
    for kind in ("whip", "whep"):
        token = server.link(room, seat=kind)["token"]
        bearer = {"Authorization": "Bearer " + token}
        sdp, frag = {**bearer, "Content-Type": "application/sdp"}, {**bearer, "Content-Type": "application/trickle-ice-sdpfrag"}
        evil = {"Origin": "https://evil.example"}

        def answers(method, path, body, head, status):
            r = server.request(method, path, body, head)
            assert r.status == status, (method, path, r.status, r.body)
            return r

        answers("POST", f"/{kind}/{room}", "not SDP", sdp, 400)
        answers("POST", f"/{kind}/{room}", OFFER, bearer, 415)
        answers("POST", f"/{kind}/{room}", OFFER, {**sdp, **evil}, 403)
        url = answers("POST", f"/{kind}/{room}", OFFER, sdp, 201).headers["Location"]
        gone = url.rsplit("/", 1)[0] + "/gone"
        answers("PATCH", url, "\xff".encode("latin-1"), frag, 400)
        for method in ("PATCH", "DELETE"):
            answers(method, url, FRAG.format("abcd"), {"Content-Type": "application/trickle-ice-sdpfrag"}, 401)
            answers(method, gone, FRAG.format("abcd"), frag, 404)
            answers(method, url, FRAG.format("abcd"), {**frag, **evil}, 403)
        last = server.link(other, seat=kind)["token"]
        bearer = {"Authorization": "Bearer " + last}
        server.rest("DELETE", "/rooms/" + other)
        for method, path in (("POST", f"/{kind}/{other}"), ("PATCH", f"/{kind}/{other}/{kind}/x"), ("DELETE", f"/{kind}/{other}/{kind}/x")):
            answers(method, path, OFFER, {**bearer, "Content-Type": "application/sdp"}, 410)
        other = server.room()
    after_a_restart(server)


def after_a_restart(server):
    """A gateway that was replaced knows a device's session, but no longer its offer."""
    room = server.room()
    restarts = []
    for kind in ("whip", "whep"):
        bearer = {"Authorization": "Bearer " + server.link(room, seat=kind)["token"]}
        made = server.request("POST", f"/{kind}/{room}", OFFER, {**bearer, "Content-Type": "application/sdp"})
        assert made.status == 201, made.body
        restarts.append((made.headers["Location"], {**bearer, "Content-Type": "application/trickle-ice-sdpfrag", "If-Match": "*"}))
    old = server.gateway()
    os.kill(old, signal.SIGKILL)
    server.wait(lambda: server.gateway() not in (0, old) and server.get("/readyz").status == 200, 6)
    for url, head in restarts:
        r = server.request("PATCH", url, FRAG.format("efgh"), head)
        assert r.status == 409 and "POST it again" in r.json()["detail"], r.body


async def of_sockets(server):
    """The codes of `error`, but for our own mistakes."""
    room = server.room()

    async def fails(code, ws, **m):
        await say(ws, **m)
        found = await hear(ws, "error")
        assert found["code"] == code, found

    for token, code in bad_tokens(server, room):
        if len(token) <= 2048:
            ws = await server.socket()
            await fails(code, ws, type="join", token=token)
            await hear_end(ws)
    ws = await server.socket()
    await fails("unauthorized", ws, type="offer", sdp="v=0")
    host, _ = await server.join(server.link(room, seat="host", host=True))
    await fails("conflict", host, type="join", token="again")
    await fails("not_found", host, type="host", op="admit", seat="nobody")
    await fails("bad_request", host, type="tier", tier="Z")
    await fails("unavailable", host, type="host", op="dial", value="+15550100199")
    await fails("bad_sdp", host, type="offer", sdp="v=0\r\na=x-bad\r\n")
    await fails("connection_failed", host, type="offer", sdp="v=0\r\na=x-fails\r\n")
    for i in range(6):
        await say(host, type="chat", text="Hello", id=i)
    while (await hear(host, "error"))["code"] != "rate_limited":
        pass
    await say(host, type="host", op="lock", value=True)
    late = await server.socket()
    await say(late, type="join", token=server.link(room, seat="late")["token"])
    await hear(late, "waiting")
    await fails("forbidden", await plain(server), type="host", op="end")
    await say(host, type="host", op="deny", seat="late")
    while (await hear(late, "error"))["code"] != "denied":
        pass
    phone = FakePhone(server)
    for i in range(5):  # more than one room may call
        await say(host, type="host", op="dial", value="+15550100199", id=i)
    while (await hear(host, "error"))["code"] != "full":
        pass
    phone.close()


async def plain(server):
    ws, _ = await server.join(server.link(server.room()))
    return ws
