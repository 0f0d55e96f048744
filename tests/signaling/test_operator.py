"""Who operates: the admin key, and tokens of a configured issuer, signed here with openssl as an issuer would."""
import base64
import hashlib
import hmac
import json
import os
import signal
import subprocess
import time

from harness import Server

ISSUER, AUDIENCE = "https://login.clinic.example", "tessera"


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def openssl(*words, data=None):
    return subprocess.run(["openssl", *words], input=data, capture_output=True, check=True).stdout


class Key:
    def __init__(self, path, kind, bits=2048):
        self.path, self.kind = path, kind
        options = ("ec_paramgen_curve:P-256",) if kind == "EC" else (f"rsa_keygen_bits:{bits}",)
        openssl("genpkey", "-algorithm", kind, *(w for o in options for w in ("-pkeyopt", o)), "-out", path)
        self.pem = openssl("pkey", "-in", path, "-pubout")

    def sign(self, text):
        signature = openssl("dgst", "-sha256", "-sign", self.path, data=text)
        if self.kind == "RSA":
            return signature
        r_length = signature[3]  # DER: 30 len 02 len r 02 len s
        r, s = signature[4:4 + r_length], signature[6 + r_length:]
        return b"".join(part.lstrip(b"\0").rjust(32, b"\0") for part in (r, s))

    def jwk(self, kid):
        if self.kind == "RSA":
            modulus = openssl("rsa", "-pubin", "-modulus", "-noout", data=self.pem).decode().strip().split("=")[1]
            return {"kty": "RSA", "kid": kid, "use": "sig", "n": b64(bytes.fromhex(modulus)), "e": "AQAB"}
        point = openssl("pkey", "-pubin", "-outform", "DER", data=self.pem)[-64:]
        return {"kty": "EC", "kid": kid, "crv": "P-256", "x": b64(point[:32]), "y": b64(point[32:])}


def token(key, head=None, sign=None, **claims):
    """A token that is good but for what is given; None takes a claim away."""
    now = int(time.time())
    body = {"iss": ISSUER, "aud": AUDIENCE, "sub": "u-17", "exp": now + 300, "iat": now, **claims}
    header = {"typ": "JWT", "alg": "ES256" if key.kind == "EC" else "RS256", **(head or {})}
    text = ".".join(b64(json.dumps({k: v for k, v in x.items() if v is not None}).encode()) for x in (header, body)).encode()
    return text.decode() + "." + b64((sign or key.sign)(text))


def make(server):
    keys = server.folder + "/keys"
    os.mkdir(keys)
    rsa, elliptic, stranger = Key(keys + "/rsa", "RSA"), Key(keys + "/ec", "EC"), Key(keys + "/stranger", "RSA")

    def write(name, content):
        with open(f"{keys}/{name}", "wb") as f:
            f.write(content if isinstance(content, bytes) else json.dumps(content).encode())
        return f"{keys}/{name}"

    def with_keys(path, test, more=""):
        other = Server(f"[oidc]\nissuer = {ISSUER}\naudience = {AUDIENCE}\nkeys = {path}\n{more}")
        try:
            test(other)
            assert not other.complaints(), other.complaints()
        finally:
            other.close()

    def ask(s, bearer):
        return s.request("POST", "/api/v1/rooms", "{}", {"Authorization": "Bearer " + bearer, "Content-Type": "application/json"})

    def tokens_of_the_issuer_are_taken_and_audited():
        def test(s):
            for key, kid in ((rsa, "one"), (elliptic, "two")):
                for more in ({"head": {"kid": kid}}, {}, {"aud": ["other", AUDIENCE]}, {"nbf": int(time.time())}, {"sub": "x" * 255},
                             *({"head": {"typ": typ}} for typ in (None, "jwt", "at+jwt", "application/at+JWT"))):
                    r = ask(s, token(key, **more))
                    assert r.status == 201, (kid, more, r.body)
            assert s.rest("GET", "/rooms").status == 200, "the admin key is as good as ever"
            r = ask(s, token(rsa, sub="a b\nc=d")).json()["id"]
            assert f'"room":"{r}","actor":"operator:a%20b%0Ac%3Dd","operation":"create"' in s.trail()
            r = ask(s, token(rsa, sub="\u00e9" * 127)).json()["id"]
            assert f'"room":"{r}","actor":"operator:{"%C3%A9" * 127}","operation":"create","prev"' in s.trail()
            head = {"Authorization": "Bearer " + token(rsa, sub="desk|7"), "Content-Type": "application/json"}
            s.request("POST", f"/api/v1/rooms/{r}/links", '{"role":"guest","name":"N","seat":"one"}', head)
            s.request("POST", f"/api/v1/rooms/{r}/participants/one/mute", '{"muted":true}', head)
            s.request("DELETE", f"/api/v1/rooms/{r}", None, head)
            for what in ('link","target":"one', 'mute","target":"one', "end"):
                assert f'"room":"{r}","actor":"operator:desk|7","operation":"{what}"' in s.trail(), what

        with_keys(write("set", {"keys": [{"kty": "oct", "k": "AA"}, {"kty": "RSA", "n": "!", "e": "AQAB"}, stranger.jwk("one") | {"use": "enc"},
                                         rsa.jwk("one"), elliptic.jwk("two")]}), test)

    def every_other_token_is_refused():
        def confused(text):  # the public key as if it were a shared secret
            return hmac.new(rsa.pem, text, hashlib.sha256).digest()

        def test(s):
            now = int(time.time())
            good = token(rsa)
            wrong = {"signature": token(rsa, sign=stranger.sign), "issuer": token(rsa, iss="https://evil.example"), "no issuer": token(rsa, iss=None),
                     "audience": token(rsa, aud="other"), "no audience": token(rsa, aud=None), "audiences": token(rsa, aud=["a", 1, None]),
                     "no end": token(rsa, exp=None), "end in words": token(rsa, exp="never"), "not yet": token(rsa, nbf=now + 600),
                     "no subject": token(rsa, sub=None), "empty subject": token(rsa, sub=""), "long subject": token(rsa, sub="x" * 256),
                     "key": token(rsa, head={"kid": "three"}), "another's key": token(rsa, head={"kid": "two"}),
                     "confused": token(rsa, head={"alg": "HS256"}, sign=confused), "none": token(rsa, head={"alg": "none"}, sign=lambda t: b""),
                     "algorithm": token(rsa, head={"alg": "RS512"}), "cut": good[:-9], "two parts": good.rsplit(".", 1)[0], "long": good + "A" * 7000,
                     "critical": token(rsa, head={"crit": ["exp"]}), "empty signature": token(rsa, sign=lambda t: b""), "four parts": good + ".e30",
                     "elliptic, short": token(elliptic, sign=lambda t: elliptic.sign(t)[:-1]), "elliptic, zero": token(elliptic, sign=lambda t: bytes(64)),
                     **{f"type {typ}": token(rsa, head={"typ": typ}) for typ in ("dpop+jwt", "logout+jwt", "", 7)},
                     "changed": good.replace(".", ".e", 1), "a join link's": s.link(s.room())["token"]}
            for name, text in wrong.items():
                r = ask(s, text)
                assert r.status in (401, 400) if name == "long" else r.status == 401, (name, r.status)
                assert name == "long" or "expired" not in r.json()["detail"], name
            r = ask(s, token(rsa, exp=now - 60))
            assert r.status == 401 and "expired" in r.json()["detail"]
            assert ask(s, good).status == 201
            assert 'tessera_operators_refused_total{reason="expired"} 1' in s.get("/metrics").body.decode()

        with_keys(write("set", {"keys": [rsa.jwk("one"), elliptic.jwk("two")]}), test)
        assert ask(server, token(rsa)).status == 401, "without an issuer there is the key alone"

    def a_claim_can_be_required():
        def test(s):
            for more, status in (({"groups": "desk"}, 201), ({"groups": ["a", "desk"]}, 201), ({}, 401), ({"groups": "desks"}, 401),
                                 ({"groups": ["a", 1, None]}, 401), ({"groups": {"desk": "desk"}}, 401), ({"roles": "desk"}, 401)):
                assert ask(s, token(rsa, **more)).status == status, more

        with_keys(write("claims", rsa.pem), test, "require = groups=desk\n")

    def new_keys_are_read_and_a_broken_file_changes_nothing():
        path = write("rotating", rsa.pem)

        def test(s):
            assert ask(s, token(rsa)).status == 201 and ask(s, token(stranger)).status == 401
            write("rotating", b"nonsense")
            os.kill(s.launcher.pid, signal.SIGHUP)
            s.wait(lambda: "oidc.reload error" in s.words(), 5)
            assert ask(s, token(rsa)).status == 201
            write("rotating", {"keys": [stranger.jwk("new")]})
            os.kill(s.launcher.pid, signal.SIGHUP)
            s.wait(lambda: ask(s, token(stranger)).status == 201, 5)
            assert ask(s, token(rsa)).status == 401
            old = s.gateway()
            write("rotating", b"half-written")
            os.kill(old, signal.SIGKILL)  # a later gateway does not leave visits alone because of it
            s.wait(lambda: s.gateway() not in (0, old) and s.get("/readyz").status == 200, 5)
            assert ask(s, token(stranger)).status == 401 and s.rest("GET", "/rooms").status == 200
            write("rotating", {"keys": [stranger.jwk("new")]})
            os.kill(s.launcher.pid, signal.SIGHUP)
            s.wait(lambda: ask(s, token(stranger)).status == 201, 5)

        with_keys(path, test)

    def an_issuer_that_cannot_be_used_stops_the_start():
        server.stop()
        with open(server.config, encoding="utf-8") as f:
            kept = f.read()
        weak = write("weak", Key(keys + "/small", "RSA", 1024).pem)
        for lines, words in ((f"issuer = {ISSUER}", ("oidc", "together")), (f"issuer = {ISSUER}\naudience = a\nkeys = /nope", ("/nope",)),
                             ("require = a=b", ("require", "issuer")), (f"issuer = {ISSUER}\naudience = a\nkeys = {weak}\nrequire = a=", ("claim=value",)),
                             (f"issuer = {ISSUER}\naudience = a\nkeys = {weak}", (weak, "2048"))):
            with open(server.config, "w", encoding="utf-8") as f:
                f.write(f"{kept}[oidc]\n{lines}\n")
            assert server.fails_to_start(*words) and all(w in server.check_config() for w in words), lines
        with open(server.config, "w", encoding="utf-8") as f:
            f.write(kept)
        server.start()

    return [tokens_of_the_issuer_are_taken_and_audited, every_other_token_is_refused, a_claim_can_be_required, new_keys_are_read_and_a_broken_file_changes_nothing,
            an_issuer_that_cannot_be_used_stops_the_start]
