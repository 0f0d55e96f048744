"""How a recording ends: who is told why, and what is said to it too late. `k`: what test_recording.py has for a room and its people."""
import shutil

from harness import Server, hear, say


def make(server, k):
    async def one_that_ends_because_of_the_disk_is_told_to_who_answers_for_it():
        room = server.room(recording="announced")
        seats = {}
        for seat, role, host in (("doc", "clinician", True), ("quality", "compliance", False), ("one", "patient", False)):
            seats[seat] = await k.comes(server.link(room, role, seat=seat, host=host))
        await k.until(seats["doc"], "answer")
        recording = k.command(room, "start").json()["recording"]
        server.wait(lambda: k.state(recording)["segments"], 3)
        assert k.state(recording)["interrupted"] is False
        for ws in seats.values():
            await k.recording_is(ws, "on")
        await say(seats["one"], type="offer", sdp="v=0\r\na=x-disk-full\r\n")
        for seat in ("doc", "quality"):
            assert (await k.recording_is(seats[seat], "off"))["failed"] == "disk_full", seat
        assert "failed" not in await k.recording_is(seats["one"], "off")
        server.wait(lambda: k.state(recording)["state"] == "ended", 3)
        assert k.state(recording)["reason"] == "disk_full"
        assert k.command(room, "start").status == 200
        assert "failed" not in await k.recording_is(seats["doc"], "on")
        assert k.command(room, "stop").json()["state"] == "off"
        assert "failed" not in await k.recording_is(seats["doc"], "off"), "that was wanted"

    async def what_is_said_when_it_is_over_changes_nothing():
        room = server.room(recording="everyone")
        ws = await k.comes(server.link(room, seat="one"))
        await k.until(ws, "answer")
        recording = k.command(room, "start").json()["recording"]
        await k.recording_is(ws, "asking")
        assert k.command(room, "stop").json() == {"recording": recording, "state": "off"}
        assert server.rest("POST", f"/rooms/{room}/participants/one/consent", {"agree": True, "method": "spoken"}).status == 204
        await k.recording_is(ws, "off", consent="agreed")
        for agrees in (True, False):
            await say(ws, type="consent", agree=agrees, version="2", id=8)
            assert (await k.until(ws, "error"))["code"] == "conflict"
        assert [r["method"] for r in k.trail(event="consent", room=room)] == ["spoken"]
        recording = k.command(room, "start").json()["recording"]
        await k.recording_is(ws, "on", consent="agreed")
        server.wait(lambda: k.state(recording)["segments"], 3)
        assert k.command(room, "pause").json()["state"] == "paused"
        again = k.command(room, "pause")
        assert again.status == 409 and "paused already" in again.json()["detail"]
        await k.recording_is(ws, "paused")
        assert k.command(room, "stop").json() == {"recording": recording, "state": "off"}
        k.newest.pop(ws, None)
        assert (await k.until(ws, "recording"))["state"] == "off", "not on again while it ends"

    async def a_disk_that_is_too_full_is_named_with_what_to_do():
        if shutil.disk_usage(server.data).free > 1 << 40:
            return  # the largest reserve is there
        full = Server("[recording]\nreserve_mib = 1048576\n")
        try:
            room = full.room(recording="announced")
            ws, _ = await full.join(full.link(room, seat="one"))
            await say(ws, type="offer", sdp="v=0")
            await hear(ws, "answer")
            reply = full.rest("POST", f"/rooms/{room}/record", {"action": "start"})
            assert reply.status == 503 and reply.json()["code"] == "disk_full" and "reserve_mib" in reply.json()["detail"], reply.body
        finally:
            full.close()

    return [one_that_ends_because_of_the_disk_is_told_to_who_answers_for_it, what_is_said_when_it_is_over_changes_nothing,
            a_disk_that_is_too_full_is_named_with_what_to_do]
