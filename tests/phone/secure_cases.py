"""Trunks that register, are looked after and must show a password; calls with SRTP, over TCP and TLS."""
import hashlib
import re
import ssl
import subprocess
import time

import numpy

import baresip
from kit import NUMBER, PhoneServer, free_udp
from peer import Peer, StreamPeer, scratch
from steps import PATIENCE, caller, joined, open_peers, soon


def make(server):
    """A trunk that registers, is asked whether it is there, and must show its password; another whose calls are SRTP over 127.0.0.3."""
    trunk = server.trunk_peer()
    second = Peer(server.sip, ip="127.0.0.3", port=server.second_port)

    def challenge(realm="clinic.example"):
        return f'WWW-Authenticate: Digest realm="{realm}", nonce="n{time.monotonic()}", algorithm=MD5, qop="auth"\r\n'

    def wait_for(method, seconds=15):
        return trunk.hear_until(lambda m: m.method == method and not m.status, seconds)

    def it_registers_shows_the_password_to_its_realm_alone_and_refreshes():
        m = wait_for("REGISTER")
        assert not m["authorization"]
        trunk.respond(m, 401, "Unauthorized", headers=challenge("elsewhere.example"))
        m = wait_for("REGISTER", 25)  # begins anew after a while
        assert not m["authorization"]
        trunk.respond(m, 401, "Unauthorized", headers=challenge())
        m = wait_for("REGISTER")
        assert 'username="clinic"' in m["authorization"] and 'realm="clinic.example"' in m["authorization"] and "secret" not in m["authorization"]
        trunk.respond(m, 200, "OK", contact=m["contact"].split(";")[0] + ";expires=4")
        m = wait_for("REGISTER", 8)
        assert m["authorization"]
        trunk.respond(m, 200, "OK", contact=m["contact"].split(";")[0] + ";expires=600")

    def callers_of_that_trunk_must_show_the_password():
        p = caller(server)
        m = p.call()
        assert m.status == 401 and 'realm="clinic.example"' in m["www-authenticate"]
        nonce = re.search(r'nonce="([^"]+)"', m["www-authenticate"]).group(1)
        uri = f"sip:{NUMBER}@{server.sip[0]}:{server.sip[1]}"

        def answer(password, nonce, count="00000001"):
            def md5(text):
                return hashlib.md5(text.encode()).hexdigest()
            a1, a2 = md5(f"clinic:clinic.example:{password}"), md5(f"INVITE:{uri}")
            return (f'Authorization: Digest username="clinic", realm="clinic.example", nonce="{nonce}", uri="{uri}", qop=auth, nc={count}, '
                    f'cnonce="c", algorithm=MD5, response="{md5(f"{a1}:{nonce}:{count}:c:auth:{a2}")}"\r\n')

        assert p.call(headers=answer("wrong", nonce)).status == 401
        assert p.call(headers=answer("secret", nonce.replace(nonce[-1], "0" if nonce[-1] != "0" else "1"))).status == 401
        for count in ("00000001", "00000002"):
            assert p.call(headers=answer("secret", nonce, count)).status == 200
            assert p.bye().status == 200
            m = p.call(headers=answer("secret", nonce, count))  # somebody saw it on the way
            assert m.status == 401 and "stale=true" in m["www-authenticate"] and nonce not in m["www-authenticate"]

    def a_silent_trunk_is_replaced_by_the_other_within_5_s():
        room = server.room()
        wait_for("OPTIONS", 5)  # is answered no more from here on: but the call comes before that is noticed
        assert server.rest("POST", f"/rooms/{room}/calls", {"number": "+15550100199"}).status == 202
        begin = time.monotonic()
        m = second.wait_invite(6 * PATIENCE)
        assert "RTP/SAVP" in m.body and "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" in m.body
        assert time.monotonic() - begin < 5
        second.respond(m, 486, "Busy Here")
        second.hear_until(lambda a: a.method == "ACK")
        soon(lambda: "trunk=trunk1 up=0" in server.words(), 8)

    def baresip_talks_srtp(codec, hz):
        room = server.room()
        prompts = server.words().count("to=prompts why=media")
        assert second.call().status == 488  # in the clear
        b = baresip.Baresip("127.0.0.3", free_udp()[0], codec, hz)
        before = joined(server)
        b.dial(f"sip:{NUMBER}@127.0.0.1:{server.sip_port}")
        try:
            soon(lambda: server.words().count("to=prompts why=media") > prompts, 8)
            time.sleep(1)
            b.press(server.pin(room) + "#")
            soon(lambda: joined(server) > before, 8)
            time.sleep(1.5)
        finally:
            heard = b.hang_up()
        assert numpy.abs(heard).max() > 3000  # the prompt
        soon(lambda: any(c["codec"].lower() == {"g711": "pcmu"}.get(codec, codec) and not c["clear"] for c in server.calls() if "codec" in c))

    def baresip_with_srtp_and_pcmu():
        baresip_talks_srtp("g711", 600)

    def baresip_with_srtp_and_g722():
        baresip_talks_srtp("g722", 600)

    def baresip_with_srtp_and_opus():
        baresip_talks_srtp("opus", 600)

    def calls_come_over_tcp_and_tls():
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        for port, wrap, kind in ((server.sip_port, lambda s: s, "tcp"), (server.tls_port, context.wrap_socket, "tls")):
            p = StreamPeer(("127.0.0.1", port), "127.0.0.3", wrap, kind)
            open_peers.append(p)
            key = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz\r\n"
            m = p.call(p.sdp(more=key).replace("RTP/AVP", "RTP/SAVP"))
            assert m.status == 200 and f"transport={kind}" in m["contact"], m["contact"]
            p.request("OPTIONS")
            assert p.final("OPTIONS").status == 200
            assert p.bye().status == 200

    def over():
        trunk.close()
        second.close()

    return [it_registers_shows_the_password_to_its_realm_alone_and_refreshes, callers_of_that_trunk_must_show_the_password,
            a_silent_trunk_is_replaced_by_the_other_within_5_s, calls_come_over_tcp_and_tls, baresip_with_srtp_and_pcmu, baresip_with_srtp_and_g722,
            baresip_with_srtp_and_opus], over


def make_certificate(folder):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", folder + "/key.pem", "-out", folder + "/cafile.pem",
                    "-days", "2", "-subj", "/CN=127.0.0.1"], check=True, capture_output=True)
    with open(folder + "/agent.pem", "w", encoding="utf-8") as out:
        for name in ("key.pem", "cafile.pem"):
            with open(f"{folder}/{name}", encoding="utf-8") as f:
                out.write(f.read())


def start():
    folder = scratch("tls")
    make_certificate(folder)
    second_port, tls_port = free_udp(2)
    server = PhoneServer(
        trunk="srtp = clear\ncodecs = PCMU\nuser = clinic\npassword = secret\nrealm = clinic.example\nregister = true\nchallenge = true\n",
        keepalive=1, phone=f"calls_per_second = 20\ntls_port = {tls_port}\ncertificates = {folder}\n",
        trunks=f"[trunk2]\nproxy = sip:127.0.0.3:{second_port}\npeers = 127.0.0.3\nkeepalive = 0\n")
    server.second_port, server.tls_port = second_port, tls_port
    return server
