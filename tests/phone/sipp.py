"""Scenarios for sipp, put together from the moves of a call, and sipp itself as caller or as trunk."""
import re
import subprocess
from xml.sax.saxutils import escape

from kit import free_udp
from peer import scratch, write_keys
from steps import PATIENCE

OFFER = """v=0
o=user1 53655765 {version} IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[local_ip_type] [local_ip]
t=0 0
m=audio {port} RTP/AVP 0 101
a=rtpmap:0 PCMU/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
a={mode}
"""


def offer(mode="sendrecv", port="[media_port]", version=1):
    return OFFER.format(mode=mode, port=port, version=version)


class Scenario:
    """Of a caller; `number` is who calls."""

    def __init__(self, name, number="+15557003121"):
        self.name, self.number, self.cseq, self.moves, self.keys, self.invited = name, number, 0, [], "", 0

    def send(self, start, to_tag, headers="", body="", cseq=None, method=None, branch="[branch]", routes=True):
        method = method or start.split()[0]
        content = "Content-Type: application/sdp\n" if body else ""
        text = (f"{start} SIP/2.0\nVia: SIP/2.0/[transport] [local_ip]:[local_port];branch={branch}\n{'[routes]' + chr(10) if routes and to_tag else ''}"
                f"From: <sip:{self.number}@[local_ip]:[local_port]>;tag=[call_number]\nTo: <sip:+15550100@[remote_ip]:[remote_port]>{to_tag}\n"
                f"Call-ID: [call_id]\nCSeq: {cseq or self.cseq} {method}\nContact: <sip:sipp@[local_ip]:[local_port];transport=[transport]>\n"
                f"Max-Forwards: 70\n{headers}{content}Content-Length: [len]\n\n{body}")
        self.moves.append(f'<send{"" if method == "ACK" else chr(32) + "retrans=" + chr(34) + "500" + chr(34)}><![CDATA[\n{text}]]></send>')
        return self

    def invite(self, body=None, headers=""):
        self.cseq += 1
        self.invited = len(self.moves)
        return self.send("INVITE sip:+15550100@[remote_ip]:[remote_port]", "", headers, offer() if body is None else body)

    def within(self, method, body="", headers=""):
        if method != "ACK":
            self.cseq += 1
        return self.send(f"{method} [next_url]", "[peer_tag_param]", headers, body)

    def of_the_invite(self, method, to_tag=""):
        """CANCEL, or the ACK to a refusal: with its branch."""
        back = len(self.moves) - self.invited
        return self.send(f"{method} sip:+15550100@[remote_ip]:[remote_port]", to_tag, branch=f"[branch-{back}]", routes=False)

    def hear(self, status, provisional=(100, 180, 183), contains=""):
        self.moves += [f'<recv response="{code}" optional="true"/>' for code in provisional]
        check = f'<action><ereg regexp="{escape(contains)}" search_in="msg" check_it="true" assign_to="1"/><log message="[$1]"/></action>' if contains else ""
        self.moves.append(f'<recv response="{status}" rrs="true">{check}</recv>')
        return self

    def pause(self, ms):
        self.moves.append(f'<pause milliseconds="{ms}"/>')
        return self

    def press(self, keys, wait=True):
        """Once a call. Without `wait` the next move comes while the keys are still being pressed."""
        self.keys = keys
        self.moves.append('<nop><action><exec play_pcap_audio="keys.pcap"/></action></nop>')
        return self if not wait else self.pause(240 * len(keys) + int(1500 * PATIENCE))  # and time to be let in

    def hear_bye(self, contains=""):
        check = f'<action><ereg regexp="{contains}" search_in="msg" check_it="true" assign_to="2"/><log message="[$2]"/></action>' if contains else ""
        self.moves.append(f'<recv request="BYE" timeout="30000">{check}</recv>')
        self.moves.append("<send><![CDATA[\nSIP/2.0 200 OK\n[last_Via:]\n[last_From:]\n[last_To:]\n[last_Call-ID:]\n[last_CSeq:]\nContent-Length: 0\n\n]]></send>")
        return self

    def hang_up(self):
        return self.within("BYE").hear(200, ())

    def start(self, server, port=0):
        """The running sipp; finish() says how it went."""
        folder = scratch("sipp-" + re.sub(r"\W+", "-", self.name))
        path = f"{folder}/scenario.xml"
        with open(path, "w", encoding="utf-8") as f:
            f.write(f'<?xml version="1.0" encoding="ISO-8859-1" ?>\n<!DOCTYPE scenario SYSTEM "sipp.dtd">\n<scenario name="{self.name}">\n'
                    + "\n".join(self.moves) + "\n</scenario>\n")
        if self.keys:
            write_keys(folder + "/keys.pcap", self.keys)
        media, = free_udp()
        remote = [] if port else [f"{server.sip[0]}:{server.sip[1]}"]
        return subprocess.Popen(["sipp", *remote, "-sf", path, "-i", "127.0.0.1", "-p", str(port or free_udp()[0]), "-mi", "127.0.0.1", "-mp",
                                 str(media & ~1), "-m", "1", "-nostdin", "-timeout", "40s", "-timeout_error", "-trace_err"], cwd=folder,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def trunk_that_answers(status, phrase):
    s = Scenario(phrase)
    s.moves = ['<recv request="INVITE"/>',
               f"<send><![CDATA[\nSIP/2.0 {status} {phrase}\n[last_Via:]\n[last_From:]\n[last_To:];tag=[call_number]\n[last_Call-ID:]\n[last_CSeq:]\n"
               "Content-Length: 0\n\n]]></send>", '<recv request="ACK"/>']
    return s


def finish(process):
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0, out[-1500:]

