"""Who may do what: every operation by every role, with and without the host flag, as `tessera --permissions` lists them."""
import json
import subprocess

from harness import hear, programs, say

# What must never change by an edit of the table alone.
ALWAYS = {("audio", "patient", False): True, ("audio", "observer", True): False, ("video", "compliance", True): False,
          ("chat", "interpreter", False): True, ("chat", "observer", True): False, ("remove", "clinician", False): False,
          ("remove", "clinician", True): True, ("mute_all", "patient", False): False, ("end", "guest", False): False,
          ("lock", "kiosk", False): False, ("hand", "compliance", False): False,
          ("record", "clinician", False): False, ("record", "clinician", True): True, ("dial", "patient", False): False,
          ("phone", "patient", False): True, ("phone", "observer", True): False,
          ("whisper", "patient", True): False, ("whisper", "clinician", False): True, ("interpret", "clinician", True): False,
          ("listen", "observer", False): True, ("clinical", "observer", True): False, ("sound", "clinician", False): False}


def table():
    """operation -> (roles, whether the host flag is needed), in the server's own words."""
    lines = subprocess.run([programs() + "/tessera", "--permissions"], capture_output=True, text=True, check=True).stdout.splitlines()
    legend = " ".join(line for line in lines if line.startswith("#"))
    assert "roles" in legend and "host" in legend, legend
    rows = [line.split() for line in lines if not line.startswith("#")]
    return {r[0]: (set(r[1:]) - {"host"}, r[-1] == "host") for r in rows}


ROLES = ("patient", "clinician", "interpreter", "guest", "observer", "kiosk", "compliance")


def make(server):
    def the_table_holds_what_must_hold():
        rows = table()
        assert set().union(*(roles for roles, _ in rows.values())) <= set(ROLES)
        for (operation, role, host), expected in ALWAYS.items():
            roles, needs_host = rows[operation]
            assert (role in roles and (host or not needs_host)) == expected, (operation, role, host)

    async def tried(ws, operation, other, token):
        """The code of the refusal, or "ok": what the server answers to one try of an operation."""
        tries = {"audio": {"type": "state", "audio": True, "video": False}, "video": {"type": "state", "audio": False, "video": True},
                 "share": {"type": "share", "on": True}, "chat": {"type": "chat", "text": "Hello"}, "hand": {"type": "hand", "raised": True},
                 "phone": {"type": "phone", "op": "call", "number": "+15550100199"},
                 "whisper": {"type": "sound", "whisper": other}, "interpret": {"type": "sound", "channel": "es"},
                 "listen": {"type": "sound", "hears": "es"}, "clinical": {"type": "sound", "clinical": False},
                 "denoise": {"type": "sound", "denoise": True}, "sound": {"type": "sound", "seat": other, "hears": "fr"}}
        values = {"lock": False, "tier": "auto", "layout": "grid", "freeze": "camera", "caption": "Words", "dial": "+15550100199"}
        if operation == "review":
            r = server.request("GET", "/api/v1/recordings", None, {"Authorization": "Bearer " + token})
            return ("ok", "") if r.status == 200 else (r.json()["code"], r.json()["detail"])
        m = tries.get(operation, {"type": "host", "op": operation, "seat": other, **({"value": values[operation]} if operation in values else {})})
        if m["type"] == "state":  # has no id: it is answered only when it is refused
            await say(ws, **m)
            await say(ws, type="ping", id=5)
        else:
            await say(ws, **m, id=5)
        while True:
            m = await hear(ws)
            if m["type"] in ("ok", "error", "ended", "pong"):
                assert m["type"] in ("ended", "pong") or m.get("id") == 5 or m["code"] == "forbidden", m
                if m["type"] == "error" and operation in ("audio", "video"):
                    await hear(ws, "pong")
                return m.get("code", "ok"), m.get("message", "")

    async def every_operation_by_every_role():
        rows, refused = table(), set()
        for role in ROLES:
            for host in (False, True):
                room = server.room()
                link = server.link(room, role=role, seat="me", host=host)
                ws, joined = await server.join(link)
                other, _ = await server.join(server.link(room, seat="other"))
                await say(ws, type="offer", sdp="v=0")
                await hear(ws, "roster")
                allowed = {op for op, (roles, needs_host) in rows.items() if role in roles and (host or not needs_host)}
                assert set(joined["may"]) == allowed and joined["host"] is host and joined["role"] == role
                for operation in sorted(rows, key=lambda op: (op == "end", op == "remove", op)):
                    code, words = await tried(ws, operation, "other", link["token"])
                    # nobody waits at the door, nothing calls here, and a recording wants a word: who may is told so, who may not is refused before
                    fine = {"admit": "not_found", "deny": "not_found", "record": "bad_request", "dial": "unavailable", "phone": "unavailable"}.get(operation, "ok")
                    expected = fine if operation in allowed else "forbidden"
                    assert code == expected, (role, host, operation, code, words)
                    assert operation in allowed or len(words) > 20, words
                    if operation not in allowed:
                        refused.add((room, "me", role, operation))
                await ws.close()
                await other.close()
        def written():
            lines = [json.loads(line) for line in server.trail().splitlines()]
            return {tuple(m.get(k) for k in ("room", "actor", "role", "operation")) for m in lines if m.get("event") == "refused"}

        server.wait(lambda: refused <= written(), 2)
        assert len(refused) > 100

    async def what_a_role_may_not_send_is_not_asked_for_in_the_room():
        room = server.room()
        for role, sends in (("patient", True), ("observer", False), ("compliance", False), ("kiosk", True)):
            ws, _ = await server.join(server.link(room, role=role, seat=role))
            await say(ws, type="offer", sdp="v=0")
            await hear(ws, "answer")
            seat = {s["seat"]: s for s in server.inspect(room)["audio"]["seats"]}[role]
            assert (seat["sends_audio"], seat["sends_video"]) == (sends, sends), seat
            await ws.close()

    async def what_a_role_may_not_send_no_host_asks_for():
        room = server.room()
        host, _ = await server.join(server.link(room, role="clinician", host=True, seat="host"))
        for role, may in (("observer", False), ("compliance", False), ("patient", True)):
            ws, _ = await server.join(server.link(room, role=role, seat=role))
            for n, op in enumerate(("unmute_ask", "camera_ask")):
                await say(host, type="host", op=op, seat=role, id=n)
                while (m := await hear(host)).get("id") != n:
                    pass
                assert (m["type"] == "ok") if may else (m["code"] == "forbidden" and "link" in m["message"]), (role, op, m)
            await ws.close()
        await host.close()

    async def provider_is_an_older_word_for_clinician():
        ws, joined = await server.join(server.link(server.room(), role="provider"))
        assert joined["role"] == "clinician"
        await ws.close()

    def a_device_that_may_not_send_is_refused_by_whip():
        room = server.room()
        for role, status in (("kiosk", 201), ("observer", 403)):
            head = {"Authorization": "Bearer " + server.link(room, role=role)["token"], "Content-Type": "application/sdp"}
            assert server.request("POST", f"/whip/{room}", "v=0\r\n", head).status == status
            assert server.request("POST", f"/whep/{room}", "v=0\r\n", head).status == 201
        server.wait(lambda: '"role":"observer","operation":"audio"' in server.trail(), 2)

    return [the_table_holds_what_must_hold, every_operation_by_every_role, what_a_role_may_not_send_is_not_asked_for_in_the_room,
            what_a_role_may_not_send_no_host_asks_for, provider_is_an_older_word_for_clinician, a_device_that_may_not_send_is_refused_by_whip]
