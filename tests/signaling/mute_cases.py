"""A host mutes, the person speaks again, and nobody's microphone is opened by another. `inside` joins a room as a seat, with media."""
from harness import hear, say


def make(server, inside):
    def muted(room, seat):
        return {p["seat"]: p["muted"] for p in server.inspect(room)["participants"]}[seat]

    async def a_host_mutes_and_the_person_decides_to_speak_again():
        room = server.room()
        host, _ = await inside(room, "doc", role="clinician", host=True)
        ana, _ = await inside(room, "ana")
        await say(ana, type="state", audio=True, video=True)
        await say(host, type="host", op="mute", seat="ana", id=1)
        assert (await hear(ana, "muted"))["muted"] is True and (await hear(host, "ok"))["id"] == 1
        await say(ana, type="state", audio=True, video=True)  # not asked: it stays
        await say(ana, type="ping")
        await hear(ana, "pong")
        assert muted(room, "ana") is True
        await say(ana, type="state", audio=True, video=True, unmute=True)  # Unmute pressed: nobody is stuck
        assert (await hear(ana, "muted"))["muted"] is False and muted(room, "ana") is False
        await say(host, type="host", op="mute", seat="ana", id=1)
        assert (await hear(ana, "muted"))["muted"] is True and (await hear(host, "ok"))["id"] == 1
        await say(host, type="host", op="unmute_ask", seat="ana", id=2)
        m = await hear(ana, "asked")
        assert (m["what"], m["by"]) == ("unmute", "doc")
        await say(ana, type="state", audio=True, video=False)  # the camera, not an answer
        await say(ana, type="ping")
        await hear(ana, "pong")
        assert muted(room, "ana") is True
        await say(ana, type="state", audio=False, video=False)
        await say(ana, type="state", audio=True, video=False)
        assert (await hear(ana, "muted"))["muted"] is False and muted(room, "ana") is False
        await say(host, type="host", op="camera_ask", seat="ana")
        assert (await hear(ana, "asked"))["what"] == "camera"
        server.link(room, seat="gone")
        await say(host, type="host", op="camera_ask", seat="gone", id=4)
        assert (await hear(host, "error"))["code"] == "not_found"
        for wrong in ({"op": "mute"}, {"op": "lock"}, {"op": "lock", "value": "yes"}, {"op": "tier", "seat": "ana"},
                      {"op": "tier", "seat": "ana", "value": "Z"}, {"op": "dance"}):
            await say(host, type="host", id=5, **wrong)
            assert (await hear(host, "error"))["code"] == "bad_request", wrong
        for op in ("remove", "admit"):
            await say(host, type="host", op=op, seat="doc", id=6)
            assert (await hear(host, "error"))["code"] == "conflict", op
            await say(host, type="ping")
            await hear(host, "pong")

    def heard(room, seat):
        return {p["seat"]: p.get("audio") for p in server.inspect(room)["participants"]}[seat]

    async def nobody_s_microphone_is_opened_by_another():
        room = server.room()
        ana, _ = await inside(room, "ana")
        await say(ana, type="state", audio=True, video=True)
        server.link(room, seat="ida", role="observer")
        for seat in ("ana", "ida"):  # who is not here, or only listens, is asked nothing
            assert server.rest("POST", f"/rooms/{room}/participants/{seat}/mute", {"muted": True}).status == 204
        assert server.rest("POST", f"/rooms/{room}/participants/ida/mute", {"muted": False}).status == 204
        assert (await hear(ana, "muted"))["muted"] is True
        assert server.rest("POST", f"/rooms/{room}/participants/ana/mute", {"muted": False}).status == 204
        assert (await hear(ana, "muted"))["muted"] is False
        asked = await hear(ana, "asked")
        assert asked["what"] == "unmute" and "by" not in asked and muted(room, "ana") is False and heard(room, "ana") is False
        await say(ana, type="state", audio=True, video=False)  # the camera, not an answer
        await say(ana, type="ping")
        await hear(ana, "pong")
        assert heard(room, "ana") is False
        await say(ana, type="state", audio=False, video=False)
        await say(ana, type="state", audio=True, video=False)
        await say(ana, type="ping")
        await hear(ana, "pong")
        assert heard(room, "ana") is True
        assert server.rest("POST", f"/rooms/{room}/participants/ana/mute", {"muted": False}).status == 204  # there is no mute to lift
        await say(ana, type="ping")
        while (m := await hear(ana))["type"] != "pong":
            assert m["type"] not in ("asked", "muted"), m
        assert heard(room, "ana") is True
        for unmute in (True, False):  # the button, while the page still has its microphone on; and who lets go of it first
            server.rest("POST", f"/rooms/{room}/participants/ana/mute", {"muted": True})
            await hear(ana, "muted")
            if not unmute:
                await say(ana, type="state", audio=False, video=False)
            server.rest("POST", f"/rooms/{room}/participants/ana/mute", {"muted": False})
            await hear(ana, "asked")
            assert heard(room, "ana") is False
            await say(ana, type="state", audio=True, video=True, **({"unmute": True} if unmute else {}))
            await say(ana, type="ping")
            await hear(ana, "pong")
            assert heard(room, "ana") is True, unmute

    async def a_second_mute_withdraws_the_question():
        room = server.room()
        host, _ = await inside(room, "doc", host=True)
        ana, _ = await inside(room, "ana")
        ida, _ = await inside(room, "ida", role="interpreter")
        for seat, ws in (("ana", ana), ("ida", ida)):
            await say(host, type="host", op="mute", seat=seat, id=1)
            await hear(ws, "muted")
        for again in ({"op": "mute", "seat": "ana"}, {"op": "mute_all"}):
            for seat, ws in (("ana", ana), ("ida", ida)):
                await say(ws, type="state", audio=False, video=False)
                await say(host, type="host", op="unmute_ask", seat=seat)
                await hear(ws, "asked")
            await say(host, type="host", id=2, **again)
            while (await hear(host, "ok"))["id"] != 2:
                pass
            await say(ana, type="state", audio=True, video=False)
            await say(ana, type="ping")
            while (m := await hear(ana))["type"] != "pong":
                assert m["type"] != "muted", again
            assert muted(room, "ana") is True, again
        await say(ida, type="state", audio=True, video=False)  # who is spared by mute_all is still asked
        assert (await hear(ida, "muted"))["muted"] is False
        for ws in (host, ana, ida):
            await ws.close()

    async def mute_all_spares_interpreters_and_hosts():
        for by_rest in (False, True):
            room = server.room()
            host, _ = await inside(room, "doc", role="clinician", host=True)
            for seat, role in (("ana", "patient"), ("ida", "interpreter"), ("bea", "clinician")):
                await inside(room, seat, role=role)
            if by_rest:
                assert server.rest("POST", f"/rooms/{room}/mute-all").status == 204
            else:
                await say(host, type="host", op="mute_all", id=1)
                await hear(host, "ok")
            found = {p["seat"]: p["muted"] for p in server.inspect(room)["participants"]}
            assert found == {"doc": False, "ana": True, "ida": False, "bea": True}
            seen = {s["seat"]: s["muted"] for s in server.inspect(room)["audio"]["seats"]}
            assert seen == found  # the room was told

    return [a_host_mutes_and_the_person_decides_to_speak_again, nobody_s_microphone_is_opened_by_another,
            a_second_mute_withdraws_the_question, mute_all_spares_interpreters_and_hosts]
