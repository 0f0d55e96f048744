"""What somebody without a link, or with one and bad will, may send."""
import base64
import http.client
import json
import os
import socket
import struct

from harness import TLS, hear, hear_end, say

HANDSHAKE = ("GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: {1}\r\n"
             "Sec-WebSocket-Key: {0}\r\n\r\n")
KEY = base64.b64encode(b"0123456789abcdef").decode()


def frame(opcode, payload=b"", fin=True, length=None):
    """A client's frame, masked with zeroes; `length` may lie."""
    n = len(payload) if length is None else length
    head = bytes([opcode | (0x80 if fin else 0)])
    head += bytes([0x80 | n]) if n < 126 else struct.pack("!BH", 0xFE, n) if n < 65536 else struct.pack("!BQ", 0xFF, n)
    return head + b"\0\0\0\0" + payload


def make(server):
    def connect(small=False):
        s = socket.socket()
        if small:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.settimeout(8)
        s.connect(("127.0.0.1", server.port))
        return TLS.wrap_socket(s)

    def exchange(data, expected=1 << 16):
        """All that comes back until the server closes; it may stop listening in the middle of what we send."""
        with connect() as s:
            try:
                s.sendall(data)
                got = b""
                while len(got) < expected:
                    more = s.recv(65536)
                    if not more:
                        break
                    got += more
                return got
            except TimeoutError:
                raise
            except OSError:
                return b""

    def upgrade(extra=b"", small=False):
        s = connect(small)
        s.sendall(HANDSHAKE.format(KEY, 13).encode() + extra)
        got = b""
        while b"\r\n\r\n" not in got:
            more = s.recv(1)
            assert more, "closed without an answer"
            got += more
        assert got.startswith(b"HTTP/1.1 101"), got
        return s

    def close_code(s, sent):
        """Reads frames of the server up to its close frame; 1005 when that has no code, 1006 when there is none."""
        data = b""
        try:
            s.sendall(sent)
            while more := s.recv(65536):
                data += more
                while len(data) >= 2 and len(data) >= 2 + (data[1] & 127):  # the server says nothing long here
                    n = data[1] & 127
                    if data[0] & 15 == 8:
                        return struct.unpack("!H", data[2:4])[0] if n else 1005
                    data = data[2 + n :]
        except OSError:
            pass
        return 1006

    def alive():
        assert server.get("/healthz").status == 200

    def malformed_http_is_refused_and_costs_nothing():
        post = b"POST /api/v1/rooms HTTP/1.1\r\nHost: x\r\n"
        for data in (b"\r\n\r\n", b"\0" * 100 + b"\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"BREW / HTTP/1.1\r\n\r\n",
                     b"TRACE / HTTP/1.1\r\nHost: x\r\n\r\n", b"CONNECT x:1 HTTP/1.1\r\n\r\n", b"GET /\0/healthz HTTP/1.1\r\n\r\n",
                     b"GET / HTTP/1.1\r\nno colon here\r\n\r\n", b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n\r\n",
                     b"GET / HTTP/1.1\r\n" + b"X-A: b\r\n" * 5000 + b"\r\n", b"GET / HTTP/1.1\r\nX-A: " + b"b" * 70000 + b"\r\n\r\n",
                     post + b"Content-Length: -1\r\n\r\nx",
                     post + b"Content-Length: 5x\r\n\r\nhello",
                     post + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx\r\n",
                     post + b"Transfer-Encoding: chunked\r\n\r\n-1\r\nx\r\n", post + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
                     post + b"Transfer-Encoding: chunked\r\n\r\n" + b"1000\r\n" + b"x" * 4096 + b"\r\n" + (b"1000\r\n" + b"x" * 4096 + b"\r\n") * 30):
            got = exchange(data, 12)
            assert got == b"" or got.split(b" ")[1][:1] in (b"4", b"5"), (data[:60], got[:80])
        for data, status in ((b"GET / HTTP/1.1\r\nno colon here\r\n\r\n", 400), (b"BREW / HTTP/1.1\r\n\r\n", 501), (b"rubbish\r\n\r\n", 400),
                             (post + b"Content-Length: -1\r\n\r\nx", 400), (post + b"Content-Length: 5\r\nExpect: more\r\n\r\nhello", 417)):
            head, _, body = exchange(data).partition(b"\r\n\r\n")
            assert head.startswith(f"HTTP/1.1 {status} ".encode()) and b"Content-Type: application/problem+json" in head, (data, head)
            assert json.loads(body)["status"] == status and json.loads(body)["code"], body
        alive()

    def too_large_is_said_at_once_and_to_who_still_sends():
        post = b"POST /api/v1/rooms HTTP/1.1\r\nHost: x\r\n"
        for length in (b"10485760", b"4294967297", b"99999999999999999999", b"10485760\r\nExpect: 100-continue"):  # announced, and not sent
            head, _, body = exchange(post + b"Content-Length: " + length + b"\r\n\r\n").partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 413 ") and b"Connection: close" in head and json.loads(body)["code"] == "too_large", (length, head)
        chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
        for begin, more in ((b"Content-Length: 10485760\r\n\r\n", b"x" * 65536), (b"Transfer-Encoding: chunked\r\n\r\n" + 3 * chunk, chunk)):
            with connect() as s:
                s.sendall(post + begin)
                got = s.recv(65536)  # the answer is here: what is sent after it is taken, and does not destroy it
                for _ in range(20):
                    s.sendall(more)
                while part := s.recv(65536):
                    got += part
            assert got.startswith(b"HTTP/1.1 413 ") and json.loads(got.partition(b"\r\n\r\n")[2])["status"] == 413, got
        alive()

    def what_is_not_tls_is_dropped():
        for data in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", os.urandom(5000), b"\x16\x03\x01\xff\xff" + b"\0" * 70000, b"\x80" * 3):
            with socket.create_connection(("127.0.0.1", server.port), timeout=8) as s:
                try:
                    s.sendall(data)
                    s.shutdown(socket.SHUT_WR)
                    while s.recv(4096):
                        pass
                except OSError:
                    pass
        alive()

    def pipelined_requests_are_answered_in_order():
        ask = b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n"
        got = exchange(ask * 200 + b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 1 << 20)
        assert got.count(b"HTTP/1.1 404") == 200 and got.count(b"HTTP/1.1 200") == 1 and got.rindex(b" 404 ") < got.rindex(b" 200 ")

    def head_is_answered_without_a_body():
        link = server.link(server.room())
        for path in ("/healthz", "/", "/j/" + link["token"], "/web/app.js", "/nothing", "/api/v1/rooms"):
            c = http.client.HTTPSConnection("127.0.0.1", server.port, context=TLS, timeout=8)
            c.request("GET", path)
            whole = c.getresponse()
            size = len(whole.read())
            c.request("HEAD", path)  # on the connection that is kept
            r = c.getresponse()
            r.read()
            assert (r.status, r.headers["Content-Length"], r.headers["Content-Type"]) == (whole.status, str(size), whole.headers["Content-Type"]), (path, r.headers)
            c.request("GET", "/readyz")
            r = c.getresponse()
            assert r.status == 200 and json.loads(r.read())["status"], path
            c.close()

    def many_silent_connections_keep_nobody_out():
        held = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(500)]
        alive()
        for s in held:
            s.close()

    def numbers_and_text_of_every_kind_in_json():
        room = server.room()
        head = {"Authorization": "Bearer " + server.key}
        for value in ("1e400", "99999999999999999999", "-1", "1.5", "2592001", "true", '"1"', "null", "1e3", "NaN", "0x10", "[1]"):
            body = '{"role":"guest","name":"A","expires_in":%s}' % value
            r = server.request("POST", f"/api/v1/rooms/{room}/links", body, head)
            assert r.status == 400, (value, r.body)
        for name in (b'"\\u0000"', b'"\xc0\xaf"', b'"\xed\xa0\x80"', b'"\\ud800"', b'"\\u0085"', b'" "', b'""', b'"' + b"\xf0\x9f\x98\x80" * 65 + b'"'):
            r = server.request("POST", f"/api/v1/rooms/{room}/links", b'{"role":"guest","name":' + name + b"}", head)
            assert r.status == 400, (name, r.body)
        assert server.link(room, name="\U0001f600" * 64)["seat"]

    def sdp_that_is_no_sdp():
        room = server.room()
        head = {"Authorization": "Bearer " + server.link(room, seat="one")["token"], "Content-Type": "application/sdp"}
        for body in (b"v=0\r\n\xff\xfe", b"v=0\r\n\0\0\0", b"V=0", b"\xef\xbb\xbfv=0", b"v=", b"{}"):
            r = server.request("POST", f"/whip/{room}", body, head)
            assert r.status == 400 and r.json()["code"] == "bad_sdp", (body, r.body)
        r = server.request("POST", f"/whip/{room}", b"v=0\r\n" + b"a=x:" + b"y" * 60000, head)
        assert r.status == 201
        frag = {**head, "Content-Type": "application/trickle-ice-sdpfrag"}
        for body in (b"\xff", b"a=mid:" + b"m" * 33, b"a=ice-ufrag:abcd\r\n", b"a=ice-pwd:" + b"p" * 300, b"a=candidate:" + b"c" * 2000,
                     b"a=ice-ufrag:ab%d\r\na=ice-pwd:0123456789012345678901\r\n", b"a=mid:0\0a=candidate:1"):
            assert server.request("PATCH", r.headers["Location"], body, frag).status == 400, body

    def a_host_that_is_none_gets_into_no_link():
        room = server.room()
        for host in ("x/../y", "a b", "<script>", "x@y", "h" * 300):
            r = server.request("POST", f"/api/v1/rooms/{room}/links", '{"role":"guest","name":"N","seat":"one"}',
                               {"Authorization": "Bearer " + server.key, "Host": host})
            assert r.json()["url"].startswith(f"https://127.0.0.1:{server.port}/j/"), r.body

    def handshakes_that_are_none():
        for key, version in ((KEY, 8), ("short", 13), ("", 13), (KEY + "=", 13)):
            got = exchange(HANDSHAKE.format(key, version).encode(), 12)
            assert got.startswith(b"HTTP/1.1 426"), got[:80]

    def frames_that_break_the_rules():
        broken = (1002, 1005, 1006)  # what follows such a frame cannot be understood: any end will do
        for data, codes in ((frame(1, b"x" * 65537), (1009,)), (frame(1, b"x", length=1 << 62), (1009,)), (frame(1, b"x", length=(1 << 64) - 1), broken),
                            (frame(0, b"x"), broken), (frame(3, b"x"), broken), (frame(0x41, b"{}"), broken), (frame(9, b"x" * 126), broken),
                            (frame(9, b"x", fin=False), broken), (frame(1, b"{", fin=False) + frame(1, b"}"), broken),
                            (frame(2, b"x"), (1003,)), (frame(1, b"\xc3\x28"), (1007,)), (frame(8, b"\x03"), broken),
                            (frame(8, struct.pack("!H", 999)), broken), (frame(8, b"\x03\xe8\xff"), (1007, *broken)),
                            (frame(1, b"x", fin=False) + frame(0, b"x", fin=False) * 66000, (1009, 1006))):
            s = upgrade()
            code = close_code(s, data)
            s.close()
            assert code in codes, (data[:20], code)
        alive()

    def a_message_in_the_handshakes_own_packet_is_heard():
        with upgrade(frame(1, b'{"type":"ping","id":5}')) as s:
            assert b'"id":5' in s.recv(4096)

    def a_message_in_pieces_with_a_ping_between_is_one_message():
        with upgrade(frame(1, b'{"type":"pi', fin=False) + frame(9, b"p") + frame(0, b'ng","id":6}')) as s:
            got = b""
            while b'"id":6' not in got:
                got += s.recv(4096)
            assert b"\x8a\x01p" in got

    def who_asks_and_never_reads_is_dropped():
        for payload in (b"", b"x" * 125):
            s = upgrade(frame(1, json.dumps({"type": "join", "token": server.link(server.room())["token"]}).encode()), small=True)
            flood = frame(9, payload) * 4096
            sent = 0
            try:
                while sent < 64 << 20:
                    s.sendall(flood)
                    sent += len(flood)
                raise AssertionError(f"{len(payload)}: took {sent} bytes of pings and kept their answers")
            except TimeoutError:
                raise AssertionError(f"{len(payload)}: reads no more after {sent} bytes, but keeps the connection") from None
            except OSError:
                pass
            finally:
                s.close()
        alive()

    async def a_token_is_good_for_its_own_seat_only():
        room, other = server.room(), server.room()
        one, two, far = server.link(room, seat="one"), server.link(room, seat="two"), server.link(other, seat="one")
        ws, joined = await server.join(one)
        await say(ws, type="offer", sdp="v=0")
        await hear(ws, "answer")
        url = f"/whip/{room}/one/{joined['session']}"
        for link, status in ((two, 403), (far, 403)):
            assert server.request("DELETE", url, None, {"Authorization": "Bearer " + link["token"]}).status == status
        stranger, fresh = await server.join(two, session=joined["session"])
        assert fresh["session"] != joined["session"] and fresh["resumed"] is False
        assert server.inspect(room)["participants"][0]["state"] == "up"
        for s in (ws, stranger):
            await s.close()

    async def the_last_words_come_before_the_close():
        link = server.link(server.room())
        for text, kind, code in (({"type": "join", "token": "x.y.z"}, "error", 1008), ({"type": "leave"}, "ended", 1000)):
            ws = await server.socket()
            if kind == "ended":
                await say(ws, type="join", token=link["token"])
                await hear(ws, "joined")
            await ws.send(json.dumps(text))
            assert (await hear(ws, kind))["type"] == kind
            assert await hear_end(ws) == code

    async def who_sends_what_does_not_fit_hears_which_it_was():
        ws, _ = await server.join(server.link(server.room(), host=True))
        for m, back in (({"type": "chat", "id": 7}, 7), ({"type": "host", "op": "brew", "id": 8}, 8), ({"type": "host", "id": "x" * 60000}, None),
                        ({"type": "hand", "up": 1, "id": [1]}, None), ({"type": "nothing", "id": 9}, 9)):
            await ws.send(json.dumps(m))
            e = await hear(ws, "error")
            assert (e["code"], e.get("id")) == ("bad_request", back), (m, e)
        await ws.close()

    async def nobody_sends_before_joining():
        ws = await server.socket()
        for m in ({"type": "offer", "sdp": "v=0"}, {"type": "candidate", "candidate": ""}, {"type": "state", "audio": True, "video": True},
                  {"type": "tier", "tier": "A"}, {"type": "leave"}):
            await say(ws, **m)
            assert (await hear(ws))["code"] == "unauthorized"
        await ws.close()

    def keys_are_private_files():
        for name in ("admin.key", "token.key", "certificate.key", "tessera.db"):
            mode = os.stat(f"{server.data}/{name}").st_mode & 0o777
            assert mode == 0o600, (name, oct(mode))
        assert os.stat(server.data).st_mode & 0o777 == 0o700 and os.stat(server.data + "/rooms").st_mode & 0o777 == 0o700

    return [malformed_http_is_refused_and_costs_nothing, too_large_is_said_at_once_and_to_who_still_sends, what_is_not_tls_is_dropped, pipelined_requests_are_answered_in_order, head_is_answered_without_a_body,
            many_silent_connections_keep_nobody_out, numbers_and_text_of_every_kind_in_json, sdp_that_is_no_sdp, a_host_that_is_none_gets_into_no_link, handshakes_that_are_none,
            frames_that_break_the_rules, a_message_in_the_handshakes_own_packet_is_heard,
            a_message_in_pieces_with_a_ping_between_is_one_message, who_asks_and_never_reads_is_dropped,
            a_token_is_good_for_its_own_seat_only, the_last_words_come_before_the_close, who_sends_what_does_not_fit_hears_which_it_was, nobody_sends_before_joining, keys_are_private_files]
