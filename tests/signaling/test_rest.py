"""Rooms, links, participants, pages and limits over HTTPS."""
import base64
import gzip
import hashlib
import hmac
import json
import re
import socket
import time

from harness import TLS, TOP, asyncio, hear, say


def make(server):
    def a_room_is_made_listed_and_ended():
        made = server.rest("POST", "/rooms", {"name": "Dr. Müller, 診察"})
        assert made.status == 201 and made.headers["Location"] == "/api/v1/rooms/" + made.json()["id"]
        room = made.json()["id"]
        assert room in [r["id"] for r in server.rest("GET", "/rooms").json()["rooms"]]
        assert server.inspect(room)["name"] == "Dr. Müller, 診察"
        assert server.rest("DELETE", "/rooms/" + room).status == 204
        assert server.rest("DELETE", "/rooms/" + room).status == 204
        assert server.rest("GET", "/rooms/" + room).status == 410
        assert room not in [r["id"] for r in server.rest("GET", "/rooms").json()["rooms"]]

    def a_chosen_id_makes_creation_repeatable():
        assert server.rest("POST", "/rooms", {"id": "mine", "name": "One"}).status == 201
        again = server.rest("POST", "/rooms", {"id": "mine", "name": "One"})
        assert again.status == 200 and again.json()["id"] == "mine"
        server.rest("DELETE", "/rooms/mine")
        assert server.rest("POST", "/rooms", {"id": "mine", "name": "One"}).json()["code"] == "room_ended"

    def the_operators_key_is_needed_for_every_rest_call():
        room = server.room()
        calls = [("GET", "/rooms"), ("POST", "/rooms"), ("GET", "/rooms/" + room), ("DELETE", "/rooms/" + room),
                 ("POST", f"/rooms/{room}/links"), ("POST", f"/rooms/{room}/participants/x/mute"),
                 ("POST", f"/rooms/{room}/participants/x/tier"), ("DELETE", f"/rooms/{room}/participants/x")]
        link = server.link(room)
        for bearer in (None, "Bearer ", "Bearer " + "0" * 64, "Basic " + server.key, "Bearer " + link["token"]):
            for method, path in calls:
                r = server.request(method, "/api/v1" + path, "{}" if method == "POST" else None, {"Authorization": bearer} if bearer else {})
                assert r.status == 401 and r.json()["code"] == "unauthorized", (bearer, method, path, r.status)
                assert r.headers["Content-Type"] == "application/problem+json" and r.headers["WWW-Authenticate"] == "Bearer"

    def bad_bodies_are_problems_that_name_the_member():
        room = server.room()
        for path, body, word in [("/rooms", {"name": 7}, "name"), ("/rooms", {"id": "UPPER"}, "id"), ("/rooms", {"x": 1}, "unknown"),
                                 ("/rooms", {"name": "\x07"}, "name"), (f"/rooms/{room}/links", {"role": "patient"}, "name"),
                                 (f"/rooms/{room}/links", {"role": "a b", "name": "A"}, "role"),
                                 (f"/rooms/{room}/links", {"role": "nurse", "name": "A"}, "patient, clinician, interpreter"),
                                 (f"/rooms/{room}/lock", {"locked": 1}, "locked"), (f"/rooms/{room}/lock", {}, "locked"),
                                 (f"/rooms/{room}/links", {"role": "guest", "name": "A" * 65}, "name"),
                                 (f"/rooms/{room}/links", {"role": "guest", "name": "A", "expires_in": 0}, "expires_in"),
                                 (f"/rooms/{room}/links", {"role": "guest", "name": "A", "host": "yes"}, "host")]:
            r = server.rest("POST", path, body)
            assert r.status == 400 and word in r.json()["detail"], (path, body, r.body)
        for raw in ("{", "[]", "null", '{"name":"a","name":"b"}', "[" * 5000, '{"a":' * 30, '{"name":"\ud800"}'.encode("utf-8", "surrogatepass")):
            r = server.request("POST", "/api/v1/rooms", raw, {"Authorization": "Bearer " + server.key})
            assert r.status == 400 and r.json()["code"] == "bad_request", (raw, r.status)

    def what_is_too_large_is_a_problem_too():
        for path in ("/api/v1/rooms", "/whip/none"):
            r = server.request("POST", path, "x" * 3000000, {"Authorization": "Bearer " + server.key})
            assert (r.status, r.json()["code"]) == (413, "too_large") and r.headers["Connection"] == "close", r.body
        chunks = server.request("POST", "/api/v1/rooms", (b"x" * 10000 for _ in range(20)), {"Authorization": "Bearer " + server.key})
        assert (chunks.status, chunks.json()["title"]) == (413, "Content Too Large")

    def names_turn_nothing_around_them():
        room = server.rest("POST", "/rooms", {"name": "Visit\u202egnp"}).json()["id"]
        assert server.inspect(room)["name"] == "Visitgnp"
        for given, shown in (("\u202eAna\u202c", "Ana"), ("\u2067فاطمة\u2069", "فاطمة"), ("क्\u200dष", "क्\u200dष"), ("สมชาย", "สมชาย"), ("陳大文", "陳大文"),
                             ("\U0001f469\u200d\U0001f467", "\U0001f469\u200d\U0001f467"), ("می\u200cخواهم", "می\u200cخواهم"), ("A\u200dna", "Ana")):
            server.link(room, seat="one", name=given)
            assert [p["name"] for p in server.inspect(room)["participants"]] == [shown], ascii(given)
        r = server.rest("POST", f"/rooms/{room}/links", {"role": "guest", "name": "\u202e\u200b"})
        assert r.status == 400 and "name" in r.json()["detail"]

    def a_link_speaks_only_what_the_page_speaks():
        room = server.room()
        for language in ("de", "pt-BR", "xx", "e n", "../en", "en_GB"):
            r = server.rest("POST", f"/rooms/{room}/links", {"role": "guest", "name": "A", "language": language})
            assert r.status == 400 and "language" in r.json()["detail"] and "en, es, fr" in r.json()["detail"], r.body
        for language in ("", "en", "ES", "fr-CA", "es-419"):
            server.link(room, seat="one", language=language)
        for hears in ("e", "ES", "es-MX", "klingon", "Both"):
            r = server.rest("POST", f"/rooms/{room}/links", {"role": "guest", "name": "A", "hears": hears})
            assert r.status == 400 and "hears" in r.json()["detail"], r.body
        server.link(room, seat="one", hears="haw")
        assert [p["hears"] for p in server.inspect(room)["participants"]] == ["haw"]  # also of who is not here

    def paths_and_methods_that_do_not_exist():
        assert server.get("/nothing").status == 404 and server.get("/api/v1/rooms/none").status == 401
        assert server.rest("GET", "/rooms/none").status == 404
        r = server.request("PUT", "/healthz")
        assert r.status == 405 and "GET" in r.headers["Allow"]
        for path in ("/../admin.key", "/%2e%2e/admin.key", "/..%2fadmin.key", "/web/../../data/admin.key", "/%00", "//", "/" + "a/" * 50):
            assert server.get(path).status in (400, 404), path

    def links_keep_their_seat():
        room = server.room()
        one = server.link(room, name="Ana", seat="chair")
        two = server.link(room, name="Anna", role="provider", seat="chair")
        assert one["seat"] == two["seat"] == "chair"
        people = server.inspect(room)["participants"]
        assert [(p["seat"], p["name"], p["role"], p["state"]) for p in people] == [("chair", "Anna", "clinician", "absent")]
        assert server.link(room)["seat"] != "chair" and one["url"].endswith("/j/" + one["token"])

    def a_room_has_no_more_seats_than_configured():
        room = server.room()
        for i in range(4):
            server.link(room, seat=f"s{i}")
        assert server.rest("POST", f"/rooms/{room}/links", {"role": "guest", "name": "Five"}).status == 503
        server.link(room, seat="s0", name="Again")

    def tokens_tell_expired_forged_foreign_and_revoked_apart():
        room = server.room()
        link = server.link(room)
        assert server.get("/j/" + link["token"]).status == 200
        for token, code in bad_tokens(server, room):
            r = server.get("/j/" + token)
            assert r.status == 403 and r.headers["X-Tessera-Reason"] == code, (code, r.status, r.headers["X-Tessera-Reason"])
            assert b"<html" in r.body.lower()

    def removal_revokes_and_a_new_link_opens_again():
        room = server.room()
        old = server.link(room, seat="chair")
        assert server.rest("DELETE", f"/rooms/{room}/participants/chair").status == 204
        assert server.rest("DELETE", f"/rooms/{room}/participants/chair").status == 404
        assert server.get("/j/" + old["token"]).headers["X-Tessera-Reason"] == "token_revoked"
        page = server.get("/j/" + old["token"])  # which says why
        assert b'data-reason="token_revoked"' in page.body and page.headers["Cache-Control"] == "no-store"
        seen = server.inspect(room)
        assert seen["participants"] == []
        assert [(r["seat"], r["role"], r["name"]) for r in seen["revoked"]] == [("chair", "patient", "Ana")]
        assert abs(seen["revoked"][0]["at"] - time.time()) < 60
        new = server.link(room, seat="chair", expires_in=600)
        server.link(room, seat="chair", expires_in=60)  # the other one works as long as before
        seen = server.inspect(room)
        assert seen["revoked"] == [] and seen["participants"][0]["link_ends"] == new["expires"]
        assert server.get("/j/" + new["token"]).status == 200
        assert server.get("/j/" + old["token"]).headers["X-Tessera-Reason"] == "token_revoked"

    def mute_and_tier_are_kept():
        room = server.room()
        server.link(room, seat="chair", host=True)
        assert server.rest("POST", f"/rooms/{room}/participants/chair/mute", {"muted": True}).status == 204
        assert server.rest("POST", f"/rooms/{room}/participants/chair/tier", {"tier": "C"}).status == 204
        assert server.rest("POST", f"/rooms/{room}/participants/chair/tier", {"tier": "Z"}).status == 400
        assert server.rest("POST", f"/rooms/{room}/participants/nobody/mute", {"muted": True}).status == 404
        p = server.inspect(room)["participants"][0]
        assert p["muted"] is True and p["tier_cap"] == "C" and p["host"] is True
        server.link(room, seat="chair", name="Renamed")
        p = server.inspect(room)["participants"][0]
        assert p["muted"] is True and p["tier_cap"] == "C" and p["host"] is True and p["name"] == "Renamed"

    def pages_carry_policy_and_tags():
        r = server.get("/")
        inline = re.search(r"<script>(.*?)</script>", r.body.decode(), re.DOTALL)[1]
        allowed = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
        assert f"script-src 'self' 'sha256-{allowed}';" in r.headers["Content-Security-Policy"] and r.headers["Referrer-Policy"] == "no-referrer"
        assert server.get("/", **{"If-None-Match": r.headers["ETag"]}).status == 304
        z = server.get("/", **{"Accept-Encoding": "gzip"})
        assert z.headers["Content-Encoding"] == "gzip" and gzip.decompress(z.body) == r.body
        assert server.request("HEAD", "/healthz").body == b""

    def parts_of_a_page_are_kept_for_ever_under_their_version():
        page = server.get("/").body.decode()
        parts = re.findall(r'"(/web/[0-9a-f]{16}/[^"]+)"', page)
        assert len(parts) > 3 and '"/web/app.js' not in page
        for path in parts:
            r = server.get(path)
            assert r.status == 200 and "immutable" in r.headers["Cache-Control"], path
            assert path.endswith(".svg") or r.headers["Content-Security-Policy"] is None, path
            assert r.body == server.get("/web/" + path.split("/", 3)[3]).body, path
        old = server.get("/web/0123456789abcdef/app.js")
        assert old.status == 200 and old.headers["Cache-Control"] == "no-cache"
        missing = server.get(parts[0].rsplit("/", 1)[0] + "/nothing.js")
        assert missing.status == 404 and missing.headers["Cache-Control"] == "no-store"

    def what_has_not_changed_is_short_and_what_has_is_packed():
        r = server.get("/")
        same = server.get("/", **{"If-None-Match": r.headers["ETag"]})
        assert same.status == 304 and same.headers["Content-Security-Policy"] is None
        z = server.get("/", **{"Accept-Encoding": "gzip, deflate, br"})
        assert z.headers["Content-Encoding"] == "br" and len(z.body) < len(server.get("/", **{"Accept-Encoding": "gzip"}).body)

    def descriptions_are_served():
        for path in ("messages.json", "openapi.json"):
            with open(f"{TOP}/assets/api/{path}") as f:
                assert server.get("/api/" + path).json() == json.load(f)
        assert server.get("/api/openapi.json").json()["openapi"].startswith("3.1")

    def metrics_hold_no_rooms_and_no_people():
        room = server.room(name="Secretroom")
        server.link(room, name="Secretname", seat="secretseat")
        text = server.get("/metrics").body.decode()
        assert "tessera_rooms " in text and 'tessera_http_replies_total{class="2xx"}' in text
        for word in (room, "Secret", "secretseat"):
            assert word not in text

    def a_dribbling_client_is_cut_off_and_others_are_served():
        slow = [TLS.wrap_socket(socket.create_connection(("127.0.0.1", server.port))) for _ in range(3)]
        mute = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(3)]
        begin = time.monotonic()
        open_ones = slow + mute
        while open_ones and time.monotonic() - begin < 25:
            for s in list(open_ones):
                s.settimeout(0.2)
                try:
                    if s in slow:
                        s.send(b"G" if s else b"")
                    if s.recv(100) == b"":
                        open_ones.remove(s)
                except TimeoutError:
                    pass
                except OSError:
                    open_ones.remove(s)
            assert server.get("/healthz").status == 200
        assert not open_ones, f"{len(open_ones)} still open"

    return [a_room_is_made_listed_and_ended, a_chosen_id_makes_creation_repeatable, the_operators_key_is_needed_for_every_rest_call,
            bad_bodies_are_problems_that_name_the_member, what_is_too_large_is_a_problem_too, names_turn_nothing_around_them,
            a_link_speaks_only_what_the_page_speaks, paths_and_methods_that_do_not_exist, links_keep_their_seat,
            a_room_has_no_more_seats_than_configured, tokens_tell_expired_forged_foreign_and_revoked_apart,
            removal_revokes_and_a_new_link_opens_again, mute_and_tier_are_kept, pages_carry_policy_and_tags, descriptions_are_served,
            metrics_hold_no_rooms_and_no_people, a_dribbling_client_is_cut_off_and_others_are_served]


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def jwt(key, header, claims):
    text = b64(json.dumps(header).encode()) + "." + b64(json.dumps(claims).encode())
    return text + "." + b64(hmac.new(key.encode(), text.encode(), hashlib.sha256).digest())


def bad_tokens(server, room):
    """Tokens of every bad kind with the code that says so. Waits until one has expired."""
    link = server.link(room)
    head, claims, mark = link["token"].split(".")
    header = json.loads(base64.urlsafe_b64decode(head + "=="))
    body = json.loads(base64.urlsafe_b64decode(claims + "=="))
    with open(server.data + "/token.key") as f:
        key = f.read().strip()
    ended = server.room()
    last = server.link(ended)
    server.rest("DELETE", "/rooms/" + ended)
    short = server.link(room, expires_in=1)
    server.wait(lambda: server.get("/j/" + short["token"]).status == 403, 4)
    assert jwt(key, header, body) and server.get("/j/" + jwt(key, header, body)).status == 200
    changed = b64(json.dumps({**body, "host": True}).encode())
    return [(short["token"], "token_expired"), (jwt(key, header, {**body, "exp": 5}), "token_expired"),
            (f"{head}.{changed}.{mark}", "token_forged"), (f"{head}.{claims}.{mark[:-2]}", "token_forged"), ("nonsense", "token_forged"),
            ("a.b.c", "token_forged"), ("x" * 3000, "token_forged"), (jwt("wrong key", header, body), "token_forged"),
            (b64(b'{"alg":"none","typ":"JWT"}') + f".{claims}.", "token_forged"),
            (jwt(key, {**header, "alg": "HS512"}, body), "token_forged"),
            (jwt("another server's", {**header, "kid": "0123456789abcdef"}, body), "token_foreign"),
            (jwt(key, header, {**body, "room": "elsewhere"}), "token_foreign"),
            (jwt(key, header, {k: v for k, v in body.items() if k != "exp"}), "token_foreign"),
            (jwt(key, header, {**body, "iss": "other"}), "token_foreign"), (jwt(key, header, {**body, "seat": "nobody"}), "token_revoked"),
            (last["token"], "room_ended")]


async def join_refused(server, token):
    ws = await server.socket()
    await say(ws, type="join", token=token)
    m = await asyncio.wait_for(hear(ws), 5)
    await ws.close()
    return m
