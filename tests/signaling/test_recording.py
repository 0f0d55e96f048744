"""Recording as the gateway sees it: who must agree, what the room's process is told and when, what is left on the disk and in the trail."""
import json
import os
import signal
import sqlite3
import stat
import subprocess
import threading
from types import SimpleNamespace

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

import recording_end_cases
from harness import hear, programs, say, x25519_pair


def make(server):
    def trail(**wanted):
        found = [json.loads(line) for line in server.trail().splitlines()]
        return [r for r in found if all(r.get(k) == v for k, v in wanted.items())]

    def told(room):
        return server.inspect(room)["audio"]["records"]

    def actions(room):
        return [r.get("action", "offer") for r in told(room) if r.get("action") != "file"]

    def started(room):
        server.wait(lambda: "start" in actions(room), 3)  # its files are made on the store's thread first
        return [r for r in told(room) if r.get("action") == "start"][0]

    def command(room, action):
        return server.rest("POST", f"/rooms/{room}/record", {"action": action})

    def state(recording):
        return server.rest("GET", "/recordings/" + recording).json()

    newest = {}  # socket -> its last `recording` message

    async def until(ws, kind):
        while True:
            m = await hear(ws)
            if m["type"] == "recording":
                newest[ws] = m
            if m["type"] == kind:
                return m

    async def recording_is(ws, state, **more):
        while True:
            m = newest.get(ws) or await until(ws, "recording")
            if m["state"] == state and all(m.get(k) == v for k, v in more.items()):
                return m
            newest.pop(ws, None)

    async def comes(link, **more):
        ws, _ = await server.join(link, **more)
        await say(ws, type="offer", sdp="v=0")
        return ws

    async def agree(ws, yes=True):
        await say(ws, type="consent", agree=yes, version="2", id=77)
        return await until(ws, "ok")

    async def nobody_is_recorded_unless_the_room_says_so():
        room = server.room()
        host = await comes(server.link(room, seat="doc", host=True))
        await until(host, "answer")
        await say(host, type="host", op="record", value="start", id=1)
        assert (await until(host, "error"))["code"] == "conflict"
        assert command(room, "start").status == 409 and command(room, "stop").status == 409
        assert actions(room) == ["offer"]
        assert server.rest("PUT", f"/rooms/{room}/recording", {"policy": "sometimes"}).status == 400
        assert server.inspect(room)["recording"] == "nobody"

    async def an_announced_recording_is_shown_to_everybody_and_proven():
        room = server.room(recording="announced")
        assert command(room, "start").status == 503, "nobody is there"
        ws = await comes(server.link(room, seat="one"))
        host = await comes(server.link(room, seat="doc", host=True))
        await recording_is(ws, "off")
        await until(host, "answer")
        await say(host, type="host", op="record", value="start", id=1)
        await until(host, "ok")
        await recording_is(ws, "on", consent="none")
        recording = server.rest("GET", f"/recordings?room={room}").json()["recordings"][0]["id"]
        server.wait(lambda: state(recording)["segments"], 3)
        start = started(room)
        assert start["segment"] == 0 and start["policy"] == "announced" and start["tier"] == "A" and start["previous"] == ""
        captions = [m for m in server.inspect(room)["audio"]["layouts"] if m["type"] == "caption"]
        assert (captions[-1]["records"], captions[-1]["clock"], captions[-1]["visit"]) == (True, True, room), captions
        assert captions[-1]["apart"] is False and server.inspect(room)["evidence"] == "picture"
        assert server.rest("PUT", f"/rooms/{room}/recording", {"evidence": "recording"}).status == 204, "also while it is recorded"
        assert server.rest("PUT", f"/rooms/{room}/recording", {"evidence": "nowhere"}).status == 400
        assert server.rest("PUT", f"/rooms/{room}/recording", {"policy": "everyone"}).status == 409
        assert server.inspect(room)["evidence"] == "recording" and server.inspect(room)["recording"] == "announced"
        assert [m for m in server.inspect(room)["audio"]["layouts"] if m["type"] == "caption"][-1]["apart"] is True
        with open(server.data + "/gateway.pub", encoding="ascii") as f:
            assert start["certificate"]["issuer"] == f.read().strip() and start["certificate"]["recording"] == recording
        with open(server.data + "/recording.pub", encoding="ascii") as f:
            assert start["key"] == f.read().strip()
        for secret in ("gateway", "recording"):
            assert stat.S_IMODE(os.stat(f"{server.data}/{secret}.key").st_mode) == 0o600
        server.wait(lambda: trail(operation="anchor", target=recording), 3)
        anchored = trail(operation="anchor", target=recording)[0]
        assert anchored["segment"] == 0 and anchored["hash"] == state(recording)["segments"][0]["head"] and len(anchored["signature"]) == 128
        await say(host, type="host", op="record", value="stop", id=2)
        await recording_is(ws, "off")
        server.wait(lambda: state(recording)["state"] == "ended", 3)
        done = state(recording)
        assert done["segments"][0]["state"] == "complete" and done["segments"][0]["bytes"] == 6 and done["reason"] == "stop", done
        server.wait(lambda: len(os.listdir(f"{server.data}/recordings/{recording}")) == 1, 3)  # the files that were not needed are gone
        assert [r["operation"] for r in trail(target=recording, event="done")] == ["record_start", "record_stop"]

    async def a_no_is_in_force_although_the_yes_before_it_is_written_later():
        room = server.room(recording="everyone")
        ws = await comes(server.link(room, seat="one"))
        await until(ws, "answer")
        assert command(room, "start").status == 200
        db = sqlite3.connect(server.data + "/tessera.db", isolation_level=None)
        db.execute("BEGIN IMMEDIATE")  # nothing is written meanwhile
        await say(ws, type="consent", agree=True, version="2", id=1)
        await say(ws, type="consent", agree=False, version="2", id=2)
        await say(ws, type="consent", agree=False, version="0", id=3)
        await until(ws, "error")  # so the two before it have been heard
        db.execute("ROLLBACK")
        db.close()
        for _ in range(2):
            await until(ws, "ok")
        assert "start" not in actions(room)

    async def with_everyone_it_begins_when_the_last_has_agreed():
        room = server.room(recording="everyone")
        ws = await comes(server.link(room, seat="one"))
        host = await comes(server.link(room, seat="doc", host=True))
        await until(host, "answer")
        reply = command(room, "start")
        assert reply.status == 200 and reply.json()["state"] == "asking"
        heard = await recording_is(host, "asking")
        assert sorted(heard["missing"]) == ["doc", "one"] and heard["refused"] == []
        await recording_is(ws, "asking", consent="none")
        await agree(host)
        assert "start" not in actions(room)
        await recording_is(host, "asking", missing=["one"])
        await say(ws, type="consent", agree=True, version="0", id=9)
        assert (await until(ws, "error"))["code"] == "conflict"
        await agree(ws)
        await recording_is(ws, "on", consent="agreed")
        start = started(room)
        assert {c["seat"]: (c["version"], c["method"]) for c in start["consents"]} == {"one": ("2", "button"), "doc": ("2", "button")}
        agreed = trail(event="consent", room=room, operation="agree")
        server.wait(lambda: trail(event="recording", operation="running", target=start["recording"]), 3)
        began = trail(event="recording", operation="running", target=start["recording"])
        assert len(agreed) == 2 and agreed[-1]["seq"] < began[0]["seq"] and agreed[0]["version"] == "2"
        return room, ws, host, start["recording"]

    async def nobody_is_recorded_before_or_after_consent():
        room, ws, host, recording = await with_everyone_it_begins_when_the_last_has_agreed()
        late = await comes(server.link(room, seat="late"))  # the room's process masks who has not agreed
        await recording_is(late, "on", consent="none")
        await recording_is(host, "on", missing=["late"], refused=[])
        await agree(late, False)
        await recording_is(host, "on", missing=["late"], refused=["late"])
        await agree(late)
        await recording_is(late, "on", consent="agreed")
        given = [(r["seat"], r["given"]) for r in told(room) if r.get("action") == "consent"]
        assert ("late", True) in given, given
        await say(ws, type="consent", agree=False, version="2", id=3)  # taken back
        await recording_is(ws, "on", consent="refused")
        given = [(r["seat"], r["given"]) for r in told(room) if r.get("action") == "consent"]
        assert given[-1] == ("one", False), given
        kiosk = {"Authorization": "Bearer " + server.link(room, seat="kiosk", role="kiosk")["token"], "Content-Type": "application/sdp"}
        assert server.request("POST", f"/whip/{room}", "v=0\r\n", kiosk).status == 201
        assert server.rest("POST", f"/rooms/{room}/participants/kiosk/consent", {"agree": True, "method": "spoken"}).status == 204
        server.wait(lambda: [r["seat"] for r in told(room) if r.get("action") == "consent"][-1] == "kiosk", 3)
        assert not [a for a in actions(room) if a in ("pause", "resume")]
        assert [s["segment"] for s in state(recording)["segments"]] == [0]
        assert trail(event="consent", target="kiosk")[0]["actor"] == "operator" and trail(event="consent", target="kiosk")[0]["method"] == "spoken"

    async def a_tier_that_cannot_mask_stands_still():
        room, ws, host, recording = await with_everyone_it_begins_when_the_last_has_agreed()
        await say(ws, type="offer", sdp="v=0\r\na=x-held\r\n")
        await recording_is(host, "held")
        await say(ws, type="offer", sdp="v=0\r\na=x-goes-on\r\n")
        await recording_is(host, "on")
        assert [s["segment"] for s in state(recording)["segments"]] == [0, 1]

    async def it_goes_on_after_the_room_and_the_gateway_have_died():
        room = server.room(recording="announced")
        ws = await comes(server.link(room, seat="one"))
        await until(ws, "answer")
        recording = command(room, "start").json()["recording"]
        server.wait(lambda: state(recording)["segments"] and state(recording)["segments"][0]["head"], 3)
        head = state(recording)["segments"][0]["head"]
        old = server.gateway()
        os.kill(old, signal.SIGKILL)
        server.wait(lambda: server.gateway() not in (0, old) and server.get("/readyz").status == 200, 8)
        assert state(recording)["state"] == "running"
        again, _ = await server.join(server.link(room, seat="one"))
        os.kill(server.inspect(room)["audio"]["pid"], signal.SIGKILL)
        await until(again, "restart")
        server.wait(lambda: len(state(recording)["segments"]) == 2, 5)
        segments = state(recording)["segments"]
        assert segments[0]["state"] == "interrupted" and segments[1]["segment"] == 1, segments
        start = started(room)
        assert start["segment"] == 1 and start["previous"] == head
        assert server.rest("DELETE", f"/rooms/{room}").status == 204
        server.wait(lambda: state(recording)["state"] == "ended", 8)
        assert state(recording)["reason"] == "room_ended" and server.rest("GET", f"/recordings?room={room}&state=ended").json()["recordings"]

    async def heads_of_a_stranger_are_not_anchored():
        room = server.room(recording="announced")
        ws = await comes(server.link(room, seat="one"))
        await until(ws, "answer")
        recording = command(room, "start").json()["recording"]
        server.wait(lambda: trail(operation="anchor", target=recording), 3)
        for r in trail(operation="anchor", target=recording):
            assert r["room"] == room
        assert server.rest("PUT", f"/recordings/{recording}/hold", {"hold": True}).status == 204 and state(recording)["hold"] is True
        assert server.rest("PUT", f"/rooms/{room}/recording", {"policy": "everyone"}).status == 409
        assert server.rest("GET", f"/recordings?from={state(recording)['created_ms'] + 1}&room={room}").json()["recordings"] == []
        assert server.rest("GET", "/recordings?from=x").status == 400 and server.rest("GET", "/recordings/none").status == 404
        assert server.rest("PUT", f"/rooms/{room}/recording", {"policy": "nobody"}).status == 204, "then it stops"
        server.wait(lambda: state(recording)["state"] == "ended", 8)
        assert state(recording)["reason"] == "policy" and command(room, "start").status == 409

    async def a_shredded_recording_leaves_a_tombstone_and_a_hold_beats_it():
        ids = []
        for seat in ("a", "b", "c"):
            room = server.room(recording="announced")
            ws = await comes(server.link(room, seat=seat))
            await until(ws, "answer")
            recording = command(room, "start").json()["recording"]
            ids.append(recording)
            server.wait(lambda r=recording: state(r)["segments"] and state(r)["segments"][0]["head"], 3)
            assert server.rest("DELETE", f"/recordings/{recording}").status == 409, "it goes on"
            assert command(room, "stop").status == 200
            server.wait(lambda r=recording: state(r)["state"] == "ended", 3)
        held, old, young = ids
        assert server.rest("PUT", f"/recordings/{held}/hold", {"hold": True}).status == 204
        assert server.rest("DELETE", f"/recordings/{held}").status == 409
        assert server.rest("DELETE", f"/recordings/{young}").status == 204 and server.rest("DELETE", f"/recordings/{young}").status == 409
        gone(young, "operator")
        server.stop()
        with sqlite3.connect(server.data + "/tessera.db") as db:  # the clock has gone on by 31 days for two of them
            db.execute("UPDATE recordings SET ended_ms = ended_ms - 31 * 86400000 WHERE id IN (?, ?)", (held, old))
        db.close()
        left = [server.folder + "/other/" + old, f"{server.data}/recordings/{old}"]  # what a gateway before this handed out
        for folder in left:
            os.makedirs(folder, exist_ok=True)
            for name, text in (("unused.tsr", ""), ("used.tsr", "x"), ("other", "")):
                with open(f"{folder}/{name}", "w", encoding="ascii") as f:
                    f.write(text)
        with open(server.config, "a", encoding="utf-8") as f:
            f.write(f"[recording]\nretention_days = 30\nspare = {server.folder}/other\n")
        server.start()
        for folder in left:
            server.wait(lambda f=folder: not os.path.exists(f + "/unused.tsr"), 3)
            assert os.path.exists(folder + "/used.tsr") and os.path.exists(folder + "/other")
            os.unlink(folder + "/used.tsr")
        server.wait(lambda: state(old)["state"] == "shredded", 3)
        gone(old, "policy")
        assert state(held)["state"] == "ended" and state(young)["state"] == "shredded"
        assert server.rest("PUT", f"/recordings/{held}/hold", {"hold": False}).status == 204

    def gone(recording, actor):
        folder = f"{server.data}/recordings/{recording}/"
        sealed = [n for n in os.listdir(folder) if n.endswith(".tsr")]
        for name in sealed:
            with open(folder + name, "rb") as f:
                page = f.read(8192)
                assert page[:7] == page[4096:4103] == b"TSGONE1", name
        with open(folder + "tombstone.json", encoding="utf-8") as f:
            stone = json.load(f)
        signed = stone.pop("signatures")["gateway"]
        with open(server.data + "/gateway.pub", encoding="ascii") as f:
            key = bytes.fromhex(f.read().strip())
        text = json.dumps(stone, separators=(",", ":"), sort_keys=True, ensure_ascii=True).encode()
        Ed25519PublicKey.from_public_bytes(key).verify(bytes.fromhex(signed["signature"]), text)
        assert stone["actor"] == actor and len(stone["segments"]) == len(sealed) == 1 and stone["segments"][0]["head"], stone
        assert trail(operation="shred", target=recording)[0]["actor"] == actor

    async def when_a_disk_fails_it_goes_on_on_the_other():
        assert os.readlink(f"{server.data}/recordings/spare") == server.folder + "/other"
        room = server.room(recording="announced")
        ws = await comes(server.link(room, seat="one"))
        await until(ws, "answer")
        recording = command(room, "start").json()["recording"]
        server.wait(lambda: state(recording)["segments"], 3)
        handed = [(r["file"].split("/")[0], r["spare"]) for r in told(room) if r.get("action") == "file"]
        assert handed[:3] == [(recording, False), (recording, False), ("spare", True)], handed
        await say(ws, type="offer", sdp="v=0\r\na=x-disk-fails\r\n")
        server.wait(lambda: len(state(recording)["segments"]) == 2, 3)
        server.wait(lambda: [r.get("spare") for r in told(room) if r.get("action") == "file"].count(True) == 2, 3)  # the next one is there
        assert trail(event="recording", operation="error", target=recording)[0]["code"] == "disk_error"
        assert [r["file"].split("/")[0] for r in trail(event="recording", operation="segment", target=recording)] == [recording, "spare"]
        assert command(room, "stop").status == 200
        server.wait(lambda: state(recording)["state"] == "ended", 3)
        server.wait(lambda: len(os.listdir(f"{server.folder}/other/{recording}")) == 1, 3)
        assert server.rest("DELETE", f"/recordings/{recording}").status == 204
        sealed = os.listdir(f"{server.folder}/other/{recording}")
        with open(f"{server.folder}/other/{recording}/{sealed[0]}", "rb") as f:
            assert f.read(7) == b"TSGONE1"

    async def ended(room):
        ws = await comes(server.link(room, seat="who"))
        await until(ws, "answer")
        recording = command(room, "start").json()["recording"]
        server.wait(lambda: state(recording)["segments"] and state(recording)["segments"][0]["head"], 3)
        assert server.rest("POST", f"/recordings/{recording}/links", {"what": "play"}).status == 409, "it goes on"
        server.film(recording)
        assert command(room, "stop").status == 200
        server.wait(lambda: state(recording)["state"] == "ended", 3)
        return recording

    def ask(token, method, path, body=None):
        return server.request(method, "/api/v1" + path, body and json.dumps(body), {"Authorization": "Bearer " + token})

    async def who_has_a_compliance_link_sees_the_recordings_of_that_visit():
        room, other = server.room(recording="announced"), server.room(recording="announced")
        one, foreign = await ended(room), await ended(other)
        token = server.link(room, role="compliance", seat="quality")["token"]
        patient = server.link(room, role="patient", seat="pat")["token"]
        assert [r["id"] for r in ask(token, "GET", "/recordings").json()["recordings"]] == [one]
        assert [r["id"] for r in ask(token, "GET", "/recordings?hold=false&limit=1").json()["recordings"]] == [one]
        assert ask(token, "GET", "/recordings?hold=perhaps").status == 400
        for method, path in (("GET", ""), ("GET", "/manifest"), ("POST", "/verify"), ("GET", "/poster.jpg"), ("GET", "/chapters.vtt")):
            assert ask(token, method, f"/recordings/{one}{path}").status == 200, path
            assert ask(token, method, f"/recordings/{foreign}{path}").status == 404, path
            assert ask(patient, method, f"/recordings/{one}{path}").status == 403, path
        assert ask(token, "DELETE", f"/recordings/{one}").status == 401, "only operators shred"
        assert ask(token, "PUT", f"/recordings/{one}/hold", {"hold": True}).status == 204 and state(one)["hold"]
        looked = [(r["operation"], r["actor"], r["role"]) for r in trail(target=one, event="done", role="compliance")]
        assert looked == [(o, "quality", "compliance") for o in ("manifest", "verify", "poster", "chapters", "hold")], looked
        assert len(trail(event="refused", operation="review", actor="pat")) == 5
        assert [r["target"] for r in trail(event="refused", reason="other_visit", actor="quality", role="compliance")] == [foreign] * 5

        def looks():
            return [(r["room"], r.get("target")) for r in trail(event="looked", operation="catalogue", actor="quality", role="compliance")]
        assert looks() == [(room, None), (room, None), (room, one)], looks()
        for _ in range(9):  # the same again and again is not written each time
            assert ask(token, "GET", f"/recordings/{one}").status == 200
        assert looks().count((room, one)) == 6, looks()
        assert ask(token, "GET", "/recordings").status == 200 and "unlisted" not in trail(event="looked", actor="quality")[-1], "each look counts its own"
        assert trail(event="looked", actor="operator", target=one), "also what operators look at"
        page = server.get("/j/" + token).body
        assert b"recordings.js" in page and b"recordings.js" not in server.get(f"/j/{token}?visit").body + server.get("/j/" + patient).body
        assert server.rest("DELETE", "/rooms/" + room).status == 204
        assert ask(token, "GET", f"/recordings/{one}").status == 200, "also after the visit"
        assert server.get("/j/" + token).status == 200 and server.get("/j/" + patient).status == 403
        return one, token

    async def a_link_opens_once_and_each_try_is_in_the_trail():
        one, token = await who_has_a_compliance_link_sees_the_recordings_of_that_visit()
        links = f"/recordings/{one}/links"
        assert ask(token, "POST", links, {"what": "play", "segment": 7}).status == 404
        path = "/r/" + ask(token, "POST", links, {"what": "download", "expires_in": 30}).json()["url"].split("/r/")[1]
        opened = server.request("GET", path, None, {"Range": "bytes=0-0"})
        cookie = {"Cookie": "other=1; " + opened.headers["Set-Cookie"].split(";")[0]}
        assert opened.status == 206 and "HttpOnly" in opened.headers["Set-Cookie"]
        first = server.request("HEAD", path, None, cookie)
        size = int(first.headers["Content-Length"])
        assert first.status == 200 and first.headers["Accept-Ranges"] == "bytes" and "Set-Cookie" not in first.headers
        last = server.request("GET", path, None, {**cookie, "Range": "bytes=-8"})
        assert last.status == 206 and last.headers["Content-Range"] == f"bytes {size - 8}-{size - 1}/{size}" and len(last.body) == 8
        assert server.request("GET", path, None, {**cookie, "Range": f"bytes={size}-"}).status == 416
        assert len(server.request("GET", path, None, {**cookie, "Range": "bytes=0-0", "If-Range": '"other"'}).body) == size
        assert server.request("GET", path, None, {**cookie, "Range": "bytes=0-0", "If-Range": first.headers["ETag"]}).body == last.body[:0] + b"\0"
        used = server.request("GET", path, None, {"Accept": "text/html,*/*"})
        assert used.status == 403 and used.headers["X-Tessera-Reason"] == "link_used" and b"opens once" in used.body
        assert server.get(path).json()["code"] == "link_used" and server.get("/r/" + "0" * 64).json()["code"] == "link_unknown"
        assert [r["reason"] for r in trail(target=one, operation="download", event="refused")] == ["link_used", "link_used"]
        assert [(r["actor"], r["role"]) for r in trail(target=one, operation="download", event="done")] == [("quality", "compliance")]
        assert trail(operation="recording_link", event="refused", reason="link_unknown")

        path = "/r/" + ask(token, "POST", links, {"what": "play"}).json()["url"].split("/r/")[1]
        db = sqlite3.connect(server.data + "/tessera.db", isolation_level=None)
        db.execute("BEGIN IMMEDIATE")  # whoever writes now waits for 3 s: a link that is to be opened is refused meanwhile
        ask(token, "PUT", f"/recordings/{one}/hold", {"hold": False})
        assert server.get(path).status == 503 and ask(token, "POST", f"/recordings/{one}/verify").status == 503
        db.execute("ROLLBACK")
        db.close()
        server.wait(lambda: server.get("/readyz").status == 200, 8)
        assert server.request("GET", path, None, {"Range": "bytes=0-0"}).status == 206

        os.rename(server.data + "/recording.key", server.data + "/elsewhere.key")
        refused = ask(token, "POST", links, {"what": "play"})
        assert refused.status == 409 and "[recording] key" in refused.json()["detail"] and ask(token, "GET", f"/recordings/{one}/poster.jpg").status == 409
        assert ask(token, "POST", f"/recordings/{one}/verify").status == 200, "that needs no private key"
        server.stop()
        with open(server.config, encoding="utf-8") as f:
            before = f.read()
        with open(server.config, "a", encoding="utf-8") as f:
            f.write(f"[recording]\nkey = {server.data}/elsewhere.key\n")
        server.start()
        assert not os.path.exists(server.data + "/recording.key"), "the public half is enough to go on recording"
        assert server.get(path).status == 404, "links end with the gateway"
        assert ask(token, "POST", links, {"what": "play"}).status == 201
        with open(server.config, "w", encoding="utf-8") as f:
            f.write(before)
        os.rename(server.data + "/elsewhere.key", server.data + "/recording.key")

    def tool(*arguments):
        return subprocess.run([programs() + "/tessera-recording", *arguments], capture_output=True, text=True, timeout=20)

    async def each_use_of_a_key_is_in_the_trail_and_a_change_of_keys_leaves_media_alone():
        room = server.room(recording="announced")
        one = await ended(room)
        certified = trail(event="key", operation="certify", target=one, key="gateway")
        with open(server.data + "/recording.pub", encoding="ascii") as f:
            assert len(certified) == 1 and certified[0]["recipient"] == f.read().strip() and len(certified[0]["signer"]) == 64
        for path in ("poster.jpg", "chapters.vtt", "manifest"):
            seen = server.rest("GET", f"/recordings/{one}/{path}")
            assert seen.status == 200, (path, seen.body)
        for what in ("play", "download", "export"):
            path = "/r/" + server.rest("POST", f"/recordings/{one}/links", {"what": what}).json()["url"].split("/r/")[1]
            assert server.request("GET", path).status == 200
        assert [r["operation"] for r in trail(event="done", target=one, key="recording")] == ["poster", "chapters", "play", "download", "export"]

        sealed, key = f"{server.data}/recordings/{one}/0.tsr", server.data + "/recording.key"
        with open(sealed, "rb") as f:
            before = f.read()
        (private, to), rewrap = x25519_pair(), f"/recordings/{one}/rewrap"
        with open(server.folder + "/clinic.key", "w", encoding="ascii") as f:
            f.write(private)
        os.rename(key, server.folder + "/old.key")
        assert server.rest("POST", rewrap, {"to": to, "kid": "clinic-2027"}).status == 409, "the key is not here"
        os.mkfifo(key)  # the tool waits for it
        replies = []
        call = threading.Thread(target=lambda: replies.append(server.rest("POST", rewrap, {"to": to, "kid": "clinic-2027"})))
        call.start()
        server.wait(lambda: trail(event="done", operation="rewrap", target=one), 3)
        for again in (server.rest("DELETE", "/recordings/" + one), server.rest("POST", rewrap, {"to": to, "kid": "other"})):
            assert again.status == 409 and "being changed" in again.json()["detail"], again.body
        with open(server.folder + "/old.key", encoding="ascii") as old, open(key, "w", encoding="ascii") as f:
            f.write(old.read())
        call.join()
        os.unlink(key)
        os.rename(server.folder + "/old.key", key)
        assert replies[0].status == 204, replies[0].body
        asked = trail(operation="rewrap", target=one)
        assert [(r["event"], r["actor"], r["key"], r["to"], r["kid"]) for r in asked] == [("done", "operator", "recording", to, "clinic-2027")], asked
        server.wait(lambda: trail(event="recording", operation="rewrapped", target=one), 3)
        with open(sealed, "rb") as f:
            after = f.read()
        assert after[8192:] == before[8192:] and after[:8192] != before[:8192] and b"clinic-2027" in after[:8192]
        refused = server.rest("GET", f"/recordings/{one}/poster.jpg")
        assert refused.status == 409 and "another key" in refused.json()["detail"], refused.body
        assert tool("serve", "--info", "--private", key, sealed).returncode != 0
        assert tool("serve", "--info", "--private", server.folder + "/clinic.key", sealed).returncode == 0
        assert server.rest("POST", rewrap, {"to": to, "kid": "again"}).status == 409, "it is not sealed to this server's key"
        server.wait(lambda: trail(event="recording", operation="rewrap_failed", target=one), 3)
        assert server.rest("DELETE", "/recordings/" + one).status == 204
        gone(one, "operator")

    async def who_is_being_sent_a_recording_gets_no_more_of_it_once_it_is_shredded():
        one, key = await ended(server.room(recording="announced")), server.data + "/recording.key"
        path = "/r/" + server.rest("POST", f"/recordings/{one}/links", {"what": "download"}).json()["url"].split("/r/")[1]
        os.rename(key, server.folder + "/old.key")
        os.mkfifo(key)  # what decrypts waits for it
        replies = []
        call = threading.Thread(target=lambda: replies.append(server.get(path)))
        call.start()
        server.wait(lambda: trail(event="done", operation="download", target=one), 3)
        assert server.rest("DELETE", f"/recordings/{one}").status == 204
        call.join()
        os.rename(server.folder + "/old.key", key)
        assert replies[0].status == 410 and replies[0].json()["code"] == "shredded", replies[0].body
        gone(one, "operator")

    async def all_of_consent():
        await nobody_is_recorded_before_or_after_consent()

    return [nobody_is_recorded_unless_the_room_says_so, an_announced_recording_is_shown_to_everybody_and_proven, all_of_consent,
            a_no_is_in_force_although_the_yes_before_it_is_written_later,
            it_goes_on_after_the_room_and_the_gateway_have_died, heads_of_a_stranger_are_not_anchored,
            a_shredded_recording_leaves_a_tombstone_and_a_hold_beats_it, who_is_being_sent_a_recording_gets_no_more_of_it_once_it_is_shredded,
            each_use_of_a_key_is_in_the_trail_and_a_change_of_keys_leaves_media_alone, a_link_opens_once_and_each_try_is_in_the_trail,
            *recording_end_cases.make(server, SimpleNamespace(comes=comes, command=command, newest=newest, recording_is=recording_is, state=state, trail=trail, until=until)),
            when_a_disk_fails_it_goes_on_on_the_other]
