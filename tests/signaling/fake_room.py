#!/usr/bin/python3
"""A stand-in for tessera-room: speaks the room protocol, has no media. Answers offers with a made-up SDP, says what it was told
by the reply to `inspect`. An offer with "a=x-crash" kills it, "a=x-silent" is never answered, "a=x-bad" is refused. It records by
writing a few bytes into the files it is handed and saying signed heads of them, at a segment's end the one of a film that lies there."""
import array
import base64
import hashlib
import json
import os
import select
import socket

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

room = ""
seats = {}
sessions = {}
checks = set()
legs = {}  # telephone calls by their session
layouts = []  # what was heard of them
KEYPAD = {"A": {"command": "mute", "on": True}, "B": {"command": "mute", "on": False}, "C": {"command": "consent", "on": True},
          "D": {"command": "hand", "on": True}}  # keys that no telephone has, for those that take two
records = []  # what was heard of recording, and offers
signing = Ed25519PrivateKey.generate()
tape = {"files": [], "segment": 0, "number": 0, "id": "", "open": None}
log = []
keypad = {}
generation = 0
revision = 0


def send(s, m):
    try:
        s.send(json.dumps(m).encode())
    except OSError:
        pass


def names(told):
    """Of layouts: all of them, heard a few times, are more than a message holds."""
    return [{"name": one["name"]} for one in told]


def answer_sdp(n):
    return ("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"
            f"c=IN IP4 0.0.0.0\r\na=mid:0\r\na=ice-ufrag:room{n}\r\na=ice-pwd:roompasswordroompassword{n}\r\n"
            "a=candidate:1 1 UDP 2122260223 127.0.0.1 50000 typ host\r\na=end-of-candidates\r\n")


def is_heard(seat, session):
    return session.get("audio", True) and not seats.get(seat, {}).get("muted")


def roster():
    return {"type": "roster", "revision": revision,
            "participants": [{**seats[k], "kind": v["kind"], "audio": is_heard(k, v), "video": True, "talking": False, "tier": v.get("tier", "A"), "state": "up",
                              "hand": v.get("hand", False), "share": v.get("share", False)}
                             for k, v in sessions.items() if k in seats]}


def begin_segment(s, spare=False):
    files = [f for f in tape["files"] if f[2] == spare]
    if not files:
        send(s, {"type": "recording", "recording": tape["id"], "state": "error", "segment": tape["segment"], "file": "", "code": "no_file"})
        return
    tape["files"].remove(files[0])
    name, fd, _ = files[0]
    tape.update(open=(name, fd), number=0)
    os.write(fd, b"sealed")
    send(s, {"type": "recording", "recording": tape["id"], "state": "started", "segment": tape["segment"], "file": name, "spare": spare, "started_ms": 1})
    send(s, head())


def head(**more):
    tape["number"] += 1
    h = {"recording": tape["id"], "segment": tape["segment"], "record": tape["number"], "fragments": tape["number"], "media_ms": 500 * tape["number"],
         "hash": hashlib.sha256(f"{tape['segment']}/{tape['number']}".encode()).hexdigest()}
    text = "tessera recording head 1\n" + "".join(f"{h[k]}\n" for k in ("recording", "segment", "record", "fragments", "media_ms", "hash"))
    return {"type": "recording", "state": "head", **h, "signature": signing.sign(text.encode()).hex(), **more}


def filmed():
    """The last head of the real segment that a test has put in the place of this one."""
    path = os.path.dirname(os.readlink(f"/proc/self/fd/{tape['open'][1]}")) + "/film.json"
    if not os.path.exists(path):
        return None
    with open(path, encoding="utf-8") as f:
        return json.load(f).get(str(tape["segment"]))


def end_segment(s, reason):
    if tape["open"]:
        film = filmed()
        os.close(tape["open"][1])
        send(s, {**head(state="ended", file=tape["open"][0], reason=reason, bytes=6), **(film or {})})
        tape.update(open=None, segment=tape["segment"] + 1)


def record(s, m, fd, reply):
    action = m["action"]
    if action == "file":
        tape["files"].append((m["file"], fd, m["spare"]))
        return
    if action == "start":
        tape.update(id=m["recording"], segment=m["segment"])
        begin_segment(s)
    elif action == "pause":
        end_segment(s, "pause")
    elif action == "resume":
        begin_segment(s)
    elif action == "stop":
        end_segment(s, m["reason"])
        send(s, {"type": "recording", "recording": tape["id"], "state": "stopped", "reason": m["reason"]})
    send(s, {"type": "ok", **(reply or {})})


def handle(s, m, fd=-1):
    global room, generation, revision
    t = m.get("type")
    log.append(t)
    reply = {"id": m["id"]} if "id" in m else None
    seat, session = m.get("seat"), m.get("session")
    if t == "hello":
        generation = m["generation"]
        send(s, {"type": "hello", "protocol": 1, "build": m["build"], "generation": generation, "room": room,
                 "revision": revision, "pid": os.getpid(),
                 "signing_key": signing.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()})
    elif t == "open":
        room = m["room"]
        keypad.update(m["config"].get("keypad", {}))
        layouts.append({"type": t, "layout": m["config"]["layout"], "layouts": names(m["config"]["layouts"])})
        seats.update({x["seat"]: {k: v for k, v in x.items()} for x in m["seats"]})
        send(s, {"type": "opened", "room": room})
    elif t == "seat":
        seats[seat] = {k: v for k, v in m.items() if k != "type"}
        if m.get("hears"):
            seats[seat]["sound"] = {**m.get("sound", {}), "hears": m["hears"]}
    elif t == "seat_sound":
        if m.get("whisper", "") and m["whisper"] not in seats:
            send(s, {"type": "error", "code": "not_found", "message": "whom to whisper to is not in this visit", **reply})
            return
        now = {**seats[seat].get("sound", {}), **{k: m[k] for k in ("whisper", "channel", "hears", "clinical", "denoise") if k in m}}
        seats[seat]["sound"] = {k: v for k, v in now.items() if v != "" and (k == "denoise" or v)}
        send(s, {"type": "ok", **reply})
        revision += 1
        send(s, roster())
    elif t == "unseat":
        seats.pop(seat, None)
        sessions.pop(seat, None)
        for gone in [k for k, v in legs.items() if v["seat"] == seat]:
            del legs[gone]
            send(s, {"type": "leg", "seat": seat, "session": gone, "state": "gone", "why": "removed"})
    elif t == "record":
        records.append(m)
        record(s, m, fd, reply)
    elif t == "offer":
        records.append({"offer": seat})
        sdp = m["sdp"]
        if "a=x-crash" in sdp:
            os.abort()
        if "a=x-silent" in sdp:
            return
        if "a=x-dead" in sdp or "a=x-heard" in sdp:
            send(s, {"type": "sound", "seat": seat, "session": session, "dead": "a=x-dead" in sdp})
        if "a=x-held" in sdp:
            end_segment(s, "consent")
            send(s, {"type": "recording", "recording": tape["id"], "state": "held", "seats": [seat]})
        if "a=x-disk-fails" in sdp:
            name = tape["open"][0]
            end_segment(s, "failed")
            send(s, {"type": "recording", "recording": tape["id"], "state": "error", "segment": tape["segment"] - 1, "file": name, "code": "disk_error",
                     "next": True})
            begin_segment(s, spare=True)
        if "a=x-disk-full" in sdp:
            name = tape["open"][0]
            end_segment(s, "failed")
            send(s, {"type": "recording", "recording": tape["id"], "state": "error", "segment": tape["segment"] - 1, "file": name, "code": "disk_full",
                     "next": False})
        if "a=x-goes-on" in sdp:
            begin_segment(s)
        if "a=x-fails" in sdp:
            send(s, {"type": "answer", "seat": seat, "session": session, "sdp": answer_sdp(1), **reply})
            send(s, {"type": "session", "seat": seat, "session": session, "state": "gone", "why": "no way through"})
            return
        if "a=x-bad" in sdp:
            send(s, {"type": "error", "code": "bad_sdp", "message": "no m-line", **reply})
            return
        if m["kind"] == "check":
            checks.add(session)
            send(s, {"type": "answer", "seat": seat, "session": session, "sdp": answer_sdp(9), **reply})
            send(s, {"type": "candidate", "seat": seat, "session": session, "candidate": "candidate:9 1 UDP 1 127.0.0.1 9 typ host", "mid": "0"})
            send(s, {"type": "session", "seat": seat, "session": session, "state": "up", "why": "fake"})
            return
        n = sessions.get(seat, {}).get("n", 0) + 1
        sessions[seat] = {"session": session, "kind": m["kind"], "n": n, "offer": sdp, "candidates": []}
        send(s, {"type": "answer", "seat": seat, "session": session, "sdp": answer_sdp(n), **reply})
        send(s, {"type": "candidate", "seat": seat, "session": session, "candidate": "candidate:9 1 UDP 1 127.0.0.1 9 typ host", "mid": "0"})
        send(s, {"type": "session", "seat": seat, "session": session, "state": "up", "why": "fake"})
        revision += 1
        send(s, roster())
        send(s, {"type": "layout", "tier": "A", "width": 1280, "height": 720, "tiles": [{"seat": seat, "x": 0, "y": 0, "w": 8, "h": 8}]})
        send(s, {"type": "quality", "seat": seat, "quality": 4, "tier": "A", "loss": 0.0, "rtt": 1.5})
    elif t == "candidate":
        if seat in sessions:
            sessions[seat]["candidates"].append(m["candidate"])
        if reply:
            send(s, {"type": "ok", **reply})
    elif t == "state" and session not in legs:
        if sessions.get(seat, {}).get("session") == session:
            sessions[seat].update({k: m[k] for k in ("hand", "share", "audio") if k in m})
            revision += 1
            send(s, roster())
    elif t == "leg":
        if m["leg"].get("codec") == "refused":
            send(s, {"type": "error", "code": "bad_request", "message": "a codec that no room has", **reply})
            return
        legs[session] = {"seat": seat, "leg": m["leg"], "audio": m["audio"], "hand": m["hand"]}
        send(s, {"type": "ok", **reply})
        send(s, roster())
    elif t in ("leg_update", "key", "state"):
        if session in legs:
            legs[session].setdefault("heard", []).append(m.get("leg") or m.get("key") or {"audio": m["audio"]})
        if m.get("key") in KEYPAD:
            send(s, {"type": "keypad", "seat": legs[session]["seat"], "session": session, **KEYPAD[m["key"]]})
    elif t == "say":
        os.close(fd)
        legs[session].setdefault("said", []).append(m["name"] + (" now" if m["now"] else ""))
        send(s, {"type": "ok", **reply})
    elif t == "leave" and session in legs:
        del legs[session]
        send(s, {"type": "ok", **reply} if reply else {"type": "leg", "seat": seat, "session": session, "state": "gone", "why": "left",
                                                       "call": {"seconds": 1, "codec": "PCMU", "loss": 0.25, "jitter_ms": 3.5, "mos": 3.9}})
    elif t == "leave":
        checks.discard(session)
        if sessions.get(seat, {}).get("session") == session:
            del sessions[seat]
            send(s, roster())
            if reply:
                send(s, {"type": "ok", **reply})
        elif reply:
            send(s, {"type": "error", "code": "not_found", "message": "no such session", **reply})
    elif t in ("caption", "line", "logo"):
        layouts.append(m)
    elif t in ("layout", "layouts"):
        layouts.append({**m, "layouts": names(m["layouts"])} if t == "layouts" else m)
    elif t in ("tier", "mute"):
        if t == "mute" and seat in seats:
            seats[seat]["muted"] = m["muted"]
        send(s, {"type": "ok", **reply})
        if t == "tier" and seat in sessions:
            sessions[seat]["tier"] = m["tier"]
            send(s, roster())
    elif t == "freeze" and m["what"] == "screen":
        send(s, {"type": "error", "code": "not_found", "message": "this person shows no screen now", **reply})
    elif t == "freeze":
        if m["what"] != "off":
            send(s, {"type": "larger", "seat": seat, "session": sessions.get(seat, {}).get("session", ""), "what": m["what"], "ms": 3125})
            send(s, {"type": "limits", "seat": seat, "session": sessions.get(seat, {}).get("session", ""), "lines": 180, "bps": 200000})
        sessions.get(seat, {})["frozen"] = m["what"]
        send(s, roster())
        send(s, {"type": "ok", **reply})
    elif t == "picture":
        if m["tier"] == "D":
            send(s, {"type": "error", "code": "unavailable", "message": "there is no picture of this tier yet", **reply})
        else:
            send(s, {"type": "picture", "tier": m["tier"], "width": 8, "height": 8, "jpeg": base64.b64encode(b"\xff\xd8" + b"j" * 30000).decode(), **reply})
    elif t == "inspect":
        send(s, {"type": "inspection", "room": room, "name": "", "video": {"log": log}, "audio": {"pid": os.getpid(), "seats": list(seats.values()), "checks": sorted(checks), "layouts": layouts, "records": records, "legs": legs, "keypad": keypad, "signing": signing.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption()).hex()},
                 "participants": [{**seats.get(k, {}), "seat": k, "session": v["session"], "kind": v["kind"], "state": "up", "audio": is_heard(k, v),
                                   "trickled": v["candidates"], "offer": v["offer"],
                                   "candidates": {"local": "host", "remote": "host"}} for k, v in sessions.items()], **reply})
    elif t == "metrics":
        send(s, {"type": "metrics", "metrics": [{"name": "fake_rooms", "type": "gauge", "help": "h", "label": "", "value": 1}], **reply})
    elif t == "end":
        send(s, {"type": "bye", "reason": m["reason"]})
        os._exit(0)


def main():
    listener = socket.socket(fileno=3)
    gateways = []
    while True:
        for s in select.select([listener] + gateways, [], [])[0]:
            if s is listener:
                for old in gateways:
                    old.close()
                gateways = [listener.accept()[0]]
                break
            try:
                data, more, _, _ = s.recvmsg(70000, 64)
            except ConnectionResetError:  # a gateway that was killed with messages unread
                data, more = b"", []
            fds = array.array("i")
            for _, _, raw in more:
                fds.frombytes(raw)
            if not data:
                gateways.remove(s)
                s.close()
            else:
                handle(s, json.loads(data), fds[0] if fds else -1)


main()
