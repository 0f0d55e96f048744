"""Layouts: listed, chosen by REST and by hosts, kept over restarts, read again on SIGHUP; who signs."""
import json
import os
import shutil
import signal
import sqlite3

from harness import TOP, hear, say


def make(server):
    def told(room):
        """What the room's process has heard of layouts, oldest first."""
        return server.inspect(room)["audio"]["layouts"]

    async def inside(room, seat, **options):
        ws, _ = await server.join(server.link(room, seat=seat, **options))
        await say(ws, type="offer", sdp="v=0")
        await hear(ws, "roster")
        return ws

    def every_shipped_layout_is_listed():
        r = server.rest("GET", "/layouts").json()["layouts"]
        names = [one["name"] for one in r]
        assert names == sorted(names) and all(one["title"] for one in r)
        assert {"grid", "speaker", "side-by-side", "picture-in-picture", "content", "interview", "signer-safe", "audio-card", "face-to-face"} <= set(names)
        assert server.request("GET", "/api/v1/layouts").status == 401

    async def rest_chooses_and_an_unknown_name_is_told_what_there_is():
        room = server.room()
        assert server.inspect(room)["layout"] == "grid"
        ws = await inside(room, "ana")
        assert told(room)[0]["layout"] == "grid" and len(told(room)[0]["layouts"]) >= 8
        for method, name in (("PUT", "speaker"), ("POST", "interview")):
            assert server.rest(method, f"/rooms/{room}/layout", {"layout": name}).status == 204
            assert server.inspect(room)["layout"] == name and told(room)[-1] == {"type": "layout", "layout": name}
        r = server.rest("PUT", f"/rooms/{room}/layout", {"layout": "circle"})
        assert r.status == 400 and "layout: there is no such layout; there are audio-card, content, face-to-face, grid," in r.json()["detail"], r.body
        for wrong in ({}, {"layout": 1}, {"layout": ""}, {"layout": "x" * 33}, {"layout": "grid", "x": 1}):
            assert server.rest("PUT", f"/rooms/{room}/layout", wrong).status == 400, wrong
        assert server.rest("PUT", "/rooms/none/layout", {"layout": "grid"}).status == 404
        assert server.inspect(room)["layout"] == "interview"
        assert '"operation":"layout"' in server.trail()
        await ws.close()

    async def a_room_is_made_with_its_layout():
        room = server.room(name="Visit", layout="speaker")
        ws = await inside(room, "ana")
        assert told(room)[0]["layout"] == "speaker"
        await ws.close()
        r = server.rest("POST", "/rooms", {"layout": "circle"})
        assert r.status == 400 and "there are audio-card" in r.json()["detail"], r.body

    async def a_host_chooses_and_nobody_else():
        room = server.room()
        host, other = await inside(room, "doc", role="clinician", host=True), await inside(room, "ana")
        second, _ = await server.join(server.link(room, seat="second", host=True))
        seen = await hear(second, "layouts")
        assert seen["layout"] == "grid" and {"name": "speaker", "title": "Speaker and strip"} in seen["layouts"], seen
        await say(host, type="host", op="layout", value="side-by-side", id=1)
        assert (await hear(host, "ok"))["id"] == 1
        assert server.inspect(room)["layout"] == "side-by-side" and told(room)[-1]["layout"] == "side-by-side"
        assert (await hear(second, "layouts"))["layout"] == "side-by-side"
        for value in ({"value": "circle"}, {}, {"value": True}):
            await say(host, type="host", op="layout", id=2, **value)
            e = await hear(host, "error")
            assert e["code"] == "bad_request" and "there are audio-card, content, face-to-face, grid" in e["message"], e
        await say(other, type="host", op="layout", value="grid", id=3)
        assert (await hear(other, "error"))["code"] == "forbidden"
        assert server.inspect(room)["layout"] == "side-by-side"
        await say(host, type="host", op="caption", value="ارفع ذراعك", id=4)
        assert (await hear(host, "ok"))["id"] == 4
        assert told(room)[-1] == {"type": "line", "text": "ارفع ذراعك"} and "ارفع" not in server.trail()
        assert server.rest("PUT", f"/rooms/{room}/caption", {"text": ""}).status == 204 and told(room)[-1]["text"] == ""
        before = len(told(room))  # the first one waits for its record, the others do not: none comes after a later one
        for n, value in enumerate(("one", "two", "")):
            await say(host, type="host", op="caption", value=value, id=5 + n)
        assert {(await hear(host, "ok"))["id"] for _ in range(3)} == {5, 6, 7}
        assert told(room)[-1] == {"type": "line", "text": ""}, told(room)[before:]

    async def who_signs_is_known_to_the_room():
        room = server.room()
        ws = await inside(room, "ida", role="interpreter", signing=True)
        seat = {s["seat"]: s for s in server.inspect(room)["audio"]["seats"]}["ida"]
        assert seat["signing"] is True
        server.link(room, seat="ida", role="interpreter")  # what is not said stays
        assert server.inspect(room)["participants"][0]["signing"] is True
        server.link(room, seat="ida", role="interpreter", signing=False)
        assert server.inspect(room)["participants"][0]["signing"] is False
        await ws.close()

    async def a_database_of_the_former_version_is_taken_over():
        room = server.room(name="Visit", layout="speaker")
        server.link(room, seat="ida", signing=True)
        server.stop()
        server.start()
        seen = server.inspect(room)
        assert seen["layout"] == "speaker" and seen["participants"][0]["signing"] is True
        server.stop()
        with sqlite3.connect(server.data + "/tessera.db") as db:
            db.executescript("DROP TABLE consents; DROP TABLE recordings; DROP TABLE segments; ALTER TABLE rooms DROP COLUMN recording; "
                             "ALTER TABLE rooms DROP COLUMN evidence; ALTER TABLE rooms DROP COLUMN layout; ALTER TABLE seats DROP COLUMN signing; "
                             "ALTER TABLE seats DROP COLUMN expires_ms; ALTER TABLE seats DROP COLUMN hears; ALTER TABLE revocations DROP COLUMN name; "
                             "ALTER TABLE revocations DROP COLUMN role; ALTER TABLE revocations DROP COLUMN host; "
                             "ALTER TABLE revocations DROP COLUMN language; ALTER TABLE revocations DROP COLUMN fixed; ALTER TABLE revocations DROP COLUMN signing; "
                             "ALTER TABLE revocations DROP COLUMN hears; "
                             "PRAGMA user_version = 2;")
        db.close()
        server.start()
        seen = server.inspect(room)
        assert seen["layout"] == "grid" and seen["participants"][0]["signing"] is False
        assert server.rest("PUT", f"/rooms/{room}/layout", {"layout": "speaker"}).status == 204

    async def files_are_read_again_while_visits_run():
        server.stop()
        assets = server.folder + "/assets"
        os.mkdir(assets)
        for part in ("web", "api"):
            os.symlink(f"{TOP}/assets/{part}", f"{assets}/{part}")
        shutil.copytree(TOP + "/assets/layouts", assets + "/layouts")
        with open(server.config) as f:
            text = f.read()
        with open(server.config, "w") as f:
            f.write(text.replace(f"assets = {TOP}/assets", "assets = " + assets))
        server.start()
        room = server.room()
        ws = await inside(room, "ana")
        with open(assets + "/layouts/speaker.json") as f:
            mine = {**json.load(f), "name": "mine", "title": "Mine"}

        def write(text):
            with open(assets + "/layouts/mine.json", "w") as f:
                f.write(text)
            os.kill(server.gateway(), signal.SIGHUP)

        write(json.dumps(mine))
        server.wait(lambda: any(one["name"] == "mine" for one in server.rest("GET", "/layouts").json()["layouts"]), 3)
        assert server.rest("PUT", f"/rooms/{room}/layout", {"layout": "mine"}).status == 204
        heard = [m for m in told(room) if m["type"] == "layouts"][-1]["layouts"]
        assert "mine" in [one["name"] for one in heard]
        write(json.dumps(mine).replace('"smart"', '"clever"'))
        server.wait(lambda: "layouts/mine.json: arrangements." in server.words() and "fit: must be fit, fill, smart or sharp" in server.words(), 3)
        assert any(one["name"] == "mine" for one in server.rest("GET", "/layouts").json()["layouts"])
        os.kill(server.gateway(), signal.SIGKILL)  # a later gateway does not leave visits alone because of it
        server.wait(lambda: "gateway.with_less" in server.words() and server.get("/readyz").status == 200, 5)
        assert [one["name"] for one in server.rest("GET", "/layouts").json()["layouts"]] == ["grid"]
        assert server.inspect(room)["participants"][0]["state"] != "absent"
        server.stop()
        wrong = ("layouts/mine.json: arrangements.", "fit: must be fit, fill, smart or sharp")
        assert server.fails_to_start(*wrong) and all(w in server.check_config() for w in wrong)
        os.remove(assets + "/layouts/mine.json")
        assert server.check_config() == ""
        server.start()
        assert server.inspect(room)["layout"] == "mine"  # a room that uses what is gone shows the grid, and is not lost
        await ws.close()

    return [every_shipped_layout_is_listed, rest_chooses_and_an_unknown_name_is_told_what_there_is, a_room_is_made_with_its_layout,
            a_host_chooses_and_nobody_else, who_signs_is_known_to_the_room, a_database_of_the_former_version_is_taken_over,
            files_are_read_again_while_visits_run]
