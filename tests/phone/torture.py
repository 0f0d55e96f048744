"""The torture messages of RFC 4475 that are about parsing, and some of what scanners send, rewritten to our addresses."""


def request(method, uri, lines, body=b""):
    return f"{method} {uri} SIP/2.0\r\n".encode() + "".join(line + "\r\n" for line in lines).encode("latin-1") + b"\r\n" + body


def messages(server, port):
    here, us = f"127.0.0.1:{port}", f"{server[0]}:{server[1]}"
    uri = f"sip:+15550100@{us}"

    def headers(n, method="INVITE", **other):
        h = {"Via": f"SIP/2.0/UDP {here};branch=z9hG4bKt{n}", "From": f"<sip:torture@{here}>;tag=t{n}", "To": f"<{uri}>", "Call-ID": f"torture-{n}",
             "CSeq": f"{n} {method}", "Max-Forwards": "70", "Contact": f"<sip:torture@{here}>", "Content-Length": "0"}
        h.update({k.replace("_", "-"): v for k, v in other.items()})
        return [f"{k}: {v}" for k, v in h.items() if v is not None]

    yield request("INVITE", uri, [  # 3.1.1.1 a short tortuous INVITE
        f"TO :\r\n sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n", 'from   : "J Rosenberg \\\\\\""       <sip:jdrosen@example.com>\r\n  ;\r\n  tag = 98asjd8',
        "MaX-fOrWaRdS: 0068", "Call-ID: wsinv.ndaksdj@192.0.2.1", "Content-Length   : 0", "cseq: 0009\r\n  INVITE", f"Via  : SIP  /   2.0\r\n /UDP\r\n    {here};branch=390skdjuw",
        "s :", "NewFangledHeader:   newfangled value\r\n continued newfangled value", "UnknownHeaderWithUnusualValue: ;;,,;;,;",
        "Content-Type: application/sdp", f"Route:\r\n <sip:services.example.com;lr;unknownwith=value;unknown-no-value>", f"v:  SIP  / 2.0  / TCP     spindle.example.com   ;\r\n  branch  =   z9hG4bK9ikj8  ,\r\n SIP  /    2.0   / UDP  192.168.255.111   ; branch=\r\n z9hG4bK30239",
        'm:"Quoted string \\"\\"" <sip:jdrosen@example.com> ; newparam =\r\n      newvalue ;\r\n  secondparam ; q = 0.33'])
    yield request("!interesting-Method0123456789_*+`.%indeed'~", "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com", headers(2))
    yield request("INVITE", "sip:sips%3Auser%40example.com@example.net", headers(3))  # escapes
    yield request("REGISTER", "sip:%00@" + us, headers(4, "REGISTER", Contact="<sip:%00@host5.example.com>"))  # nulls, escaped
    yield request("RE%47IST%45R", uri, headers(5, "RE%47IST%45R"))  # escapes in a method
    yield request("OPTIONS", uri, headers(6, "OPTIONS")) + b"DATA that follows what Content-Length says"
    yield request("INVITE", uri, headers(7, unused="x" * 3000, **{"From": '"' + "I have a user name of extreme length" * 30 + f'" <sip:{"a" * 300}@{here}>;tag=' + "z" * 500}))
    yield request("OPTIONS", uri, headers(8, "OPTIONS", Accept="*/*", To="sip:t.watson@example.org;tag=;lr"))
    yield request("MESSAGE", uri, headers(9, "MESSAGE", Content_Type="multipart/mixed;boundary=7a9cbec02ceef655", Content_Length="99"), b"--7a9cbec02ceef655\r\n\xff\x00\x80" + b"x" * 80)
    yield b"SIP/2.0 200 = 2**3 * 5**2 \xd0\xbd\xd0\xbe \xd1\x81\xd1\x82\xd0\xbe\r\n" + "\r\n".join(headers(10)).encode() + b"\r\n\r\n"
    yield b"SIP/2.0 100 \r\n" + "\r\n".join(headers(11)).encode() + b"\r\n\r\n"
    yield request("INVITE", uri, headers(12, Via=f"SIP/2.0/UDP {here};branch=z9hG4bKkdjuw;;,;,,", Contact='"" <> ;,"Quoted string'))  # 3.1.2.1
    yield request("INVITE", uri, headers(13, Content_Length="9999"), b"v=0\r\n")  # 3.1.2.2 shorter than it says
    yield request("INVITE", uri, headers(14, Content_Length="-999"), b"v=0\r\n")  # 3.1.2.3
    yield request("REGISTER", uri, headers(15, "REGISTER", CSeq="36893488147419103232 REGISTER", Expires="10000000000000", Max_Forwards="300"))  # 3.1.2.4
    yield b"SIP/2.0 503 Service Unavailable\r\n" + "\r\n".join(headers(16, CSeq="9292394834772304023312 OPTIONS", Retry_After="949302838503028349304023988")).encode() + b"\r\n\r\n"
    yield request("INVITE", uri, headers(17, To='"Mr. J. User <sip:j.user@example.com>'))  # 3.1.2.6 no end of the quote
    yield request("INVITE", "<" + uri + ">", headers(18))  # 3.1.2.7
    yield request("INVITE", "sip:user@example.com; lr", headers(19))  # 3.1.2.8
    yield f"INVITE  {uri}  SIP/2.0\r\n".encode() + "\r\n".join(headers(20)).encode() + b"\r\n\r\n"  # 3.1.2.9
    yield request("OPTIONS", uri + " ", headers(21, "OPTIONS"))
    yield request("INVITE", "sip:user@example.com?Route=%3Csip:example.com%3E", headers(22))  # 3.1.2.11
    yield request("INVITE", uri, headers(23, Date="Fri, 01 Jan 2010 16:00:00 EST"))
    yield request("INVITE", uri, headers(24, Contact="sip:user@example.com?Route=%3Csip:sip.example.com%3E"))
    yield request("INVITE", "sip:user;par=u%40example.net@example.com", headers(25))
    yield request("OPTIONS", uri, headers(26, "OPTIONS", To=f"<{uri}>, Bell, Alexander <sip:a.g.bell@bell-tel.com>;tag=43"))
    yield f"OPTIONS {uri} SIP/7.0\r\n".encode() + "\r\n".join(headers(27, "OPTIONS", Via=f"SIP/7.0/UDP {here};branch=z9hG4bKkdjuw")).encode() + b"\r\n\r\n"  # 3.1.2.16
    yield request("OPTIONS", uri, headers(28, "OPTIONS", CSeq="8 INVITE"))  # 3.1.2.17
    yield request("NEWMETHOD", uri, headers(29, CSeq="8 INVITE"))
    yield b"SIP/2.0 4294967301 better not break the receiver\r\n" + "\r\n".join(headers(30)).encode() + b"\r\n\r\n"  # 3.1.2.19
    yield request("OPTIONS", uri, headers(31, "OPTIONS", Via=f"SIP/2.0/UDP {here};branch=z9hG4bK"))  # 3.2.1
    yield request("INVITE", uri, [h for h in headers(32) if not h.startswith(("Call-ID", "From", "To:"))])  # 3.3.1
    yield request("OPTIONS", "nobodyKnowsThisScheme:totallyopaquecontent", headers(33, "OPTIONS"))  # 3.3.2
    yield request("OPTIONS", "soap.beep://192.0.2.103:3002", headers(34, "OPTIONS"))
    yield request("REGISTER", uri, headers(35, "REGISTER", To="isbn:2983792873", Contact="<name:john_smith>"))
    yield request("OPTIONS", uri, headers(36, "OPTIONS", Proxy_Require="nothingSupportsThis, nothingSupportsThisEither", Require="nothingSupportsThis"))  # 3.3.5
    yield request("INVITE", uri, headers(37, Content_Type="application/unknownformat", Content_Length="40"), b"<audio>  <pcmu port='443'/></audio>     ")
    yield request("REGISTER", uri, headers(38, "REGISTER", Authorization="NoOneKnowsThisScheme opaque-data=here"))
    yield request("INVITE", uri, headers(39) + headers(40))  # 3.3.8 more than one of what may be there once
    yield request("INVITE", uri, headers(41) + [f"Content-Length: {n}" for n in (5, 0)], b"v=0\r\n")  # 3.3.9
    yield b"SIP/2.0 200 OK\r\n" + "\r\n".join(headers(42, Via="SIP/2.0/UDP 192.0.2.27;branch=z9hG4bKkdjuw")).encode() + b"\r\n\r\n"  # 3.3.10
    yield request("INVITE", uri, headers(43, Max_Forwards="0"))
    yield request("REGISTER", uri, headers(44, "REGISTER", Contact="*, <sip:user@example.com>;expires=0"))
    yield request("INVITE", uri, headers(45, Record_Route="<sip:" + "a" * 2000 + ";lr>, " * 20))
    yield request("INVITE", uri, headers(46, Session_Expires="99999999999999999999;refresher=nobody", Min_SE="-1", Supported="timer"))
    yield request("INVITE", uri, headers(47, Replaces="x;to-tag=;from-tag=", RAck="1 1 INVITE", Require="100rel"))
    for n, body in enumerate((b"v=0\r\no=- 1 1 IN IP4 1.1.1.1\r\ns=-\r\nc=IN IP4 1.1.1.1\r\nt=0 0\r\nm=audio 4000 RT /AVPF 0\r\n",  # a parser never came back from it
                              b"v=0\r\n" * 4000, b"m=audio 1 RTP/AVP " + b"0 " * 9000, b"\x00" * 60, b"v=0\r\no=\r\ns=\r\nc=IN IP4\r\nm=audio\r\na=crypto:\r\n",
                              b"v=0\r\no=- 1 1 IN IP4 1.1.1.1\r\ns=-\r\nc=IN IP4 1.1.1.1\r\nt=0 0\r\n" + b"m=audio 9 RTP/AVP 0\r\n" * 500)):
        yield request("INVITE", uri, headers(50 + n, Content_Type="application/sdp", Content_Length=str(len(body))), body)
    for junk in (b"", b"\r\n", b"\r\n\r\n\r\n\r\n", b"\x00" * 500, b"\xff" * 1500, b"GET / HTTP/1.1\r\n\r\n", b"INVITE", b"SIP/2.0", b"INVITE sip: SIP/2.0\r\n\r\n",
                 b"\x00\x01\x00\x00\x21\x12\xa4\x42" + b"a" * 12):
        yield junk
