"""The messages of RFC 4475 ("SIP torture test messages") in words of our own: one for each of its sections.

`{to}` stands for the address under test, `{me}` for the sender's. What a message tests is what its section tests;
names, addresses and bodies are made up here. Some are well-formed though no program that takes shortcuts sends them.
"""

from __future__ import annotations

CRLF = "\r\n"
SDP = "v=0\r\no=wang 5 5 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\nm=audio 49180 RTP/AVP 0 8\r\n"


def request(
    method: str = "INVITE",
    uri: str = "sip:ring@{to}",
    *more: str,
    name: str,
    body: str | None = None,
    version: str = "SIP/2.0",
    without: tuple[str, ...] = (),
    **other: str,
) -> bytes:
    """A request that is right in all but what is told otherwise: `other` replaces headers, `more` follows them."""
    headers = {
        "Via": f"SIP/2.0/UDP {{me}};branch=z9hG4bK-{name}",
        "Max-Forwards": "70",
        "From": f"<sip:wang@example.org>;tag=f-{name}",
        "To": "<sip:ring@example.net>",
        "Call-ID": f"{name}@example.org",
        "CSeq": f"7 {method}",
        "Contact": "<sip:wang@{me}>",
    }
    headers |= {key.replace("_", "-"): value for key, value in other.items()}
    lines = [f"{method} {uri} {version}", *(f"{key}: {value}" for key, value in headers.items() if key not in without)]
    text = "" if body is None else body
    kind = ["Content-Type: application/sdp"] if body is not None and "Content-Type" not in headers else []
    length = (
        []
        if any(line.lower().startswith(("content-length", "l:", "l ")) for line in (*more, *lines))
        else [len(text.encode())]
    )
    return CRLF.join([*lines, *more, *kind, *(f"Content-Length: {n}" for n in length), "", text]).encode()


def response(
    status: str, *, name: str, cseq: str = "7 INVITE", via: str = "SIP/2.0/UDP {me};branch=z9hG4bK-x"
) -> bytes:
    """A response to nothing that anybody sent."""
    lines = [f"SIP/2.0 {status}", f"Via: {via}", "From: <sip:wang@example.org>;tag=1", "To: <sip:li@example.net>;tag=2"]
    lines += [f"Call-ID: {name}@example.org", f"CSeq: {cseq}", "Contact: <sip:li@{me}>", "Content-Length: 0"]
    return CRLF.join([*lines, "", ""]).encode()


def _tortuous() -> bytes:
    """3.1.1.1: folding, short names, empty parameters, escapes in quotes, odd spaces, several Vias of several kinds."""
    lines = [
        "INVITE sip:ring%2e@{to};unknownparam SIP/2.0",
        "TO :\r\n sip:ring.wang@example.net ;   tag    = 1918181833n",
        'from   : "W Rosen \\\\\\""       <sip:wang@example.org>\r\n  ;\r\n  tag = 98asjd8',
        "MaX-fOrWaRdS: 0068",
        "Call-ID: wsinv.ours@192.0.2.1",
        "Content-Length   : {length}",
        "cseq: 0009\r\n  INVITE",
        "Via  : SIP  /   2.0\r\n /UDP\r\n    {me};branch=390skdjuw",
        "s :",
        "NewFangledHeader:   newfangled value\r\n continued newfangled value",
        "UnknownHeaderWithUnusualValue: ;;,,;;,;",
        "Content-Type: application/sdp",
        "Route:\r\n <sip:services.example.org;lr;unknownwith=value;unknown-no-value>",
        "v:  SIP  / 2.0  / TCP     spindle.example.org   ;\r\n  branch  =   z9hG4bK9ikj8  ,\r\n"
        " SIP  /    2.0   / UDP  192.0.2.5   ; branch=\r\n z9hG4bK30239",
        'm:"Quoted string \\"\\"" <sip:wang@{me}> ; newparam =\r\n      newvalue ;\r\n  secondparam ; q = 0.33',
    ]
    head = CRLF.join(lines).replace("{length}", str(len(SDP)))
    return f"{head}\r\n\r\n{SDP}".encode()


def _long() -> bytes:
    long = "long" * 120
    return request(
        "INVITE",
        "sip:ring@{to}",
        *(f"Via: SIP/2.0/TCP host{n}.{long[:60]}.example.com;branch=z9hG4bK{n}" for n in range(20)),
        f"Unknown-{long}: {long}; " + "; ".join(f"p{n}={long[:200]}" for n in range(10)),
        name="longreq",
        From=f'"{long}" <sip:wang-{long}@example.org>;tag={long}',
        To=f'"I have a very {long} name" <sip:{long}@example.net:6000;u={long}>',
        Call_ID=f"longreq.one.{long * 2}",
        Contact=f"<sip:wang-{long}@{{me}};{long}={long}>",
        body=SDP,
    )


def _multipart() -> bytes:
    signed = bytes(range(256)) + b"\x30\x82\x01\x52\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02" + bytes(40)
    edge = b"7a9cbec02ceef655"
    body = b"--" + edge + b"\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: binary\r\n\r\nHello\r\n--" + edge
    body += b"\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n\r\n" + signed
    body += b"\r\n--" + edge + b"--"
    head = request("MESSAGE", name="mpart01", Content_Type=f"multipart/mixed;boundary={edge.decode()}")
    return head.replace(b"Content-Length: 0", b"Content-Length: %d" % len(body)) + body


def _two_in_one() -> bytes:
    first = request("REGISTER", "sip:{to}", name="dblreq")
    return first + request("INVITE", name="dblreq-second", body=SDP)


def _insufficient() -> bytes:
    return b"INVITE sip:ring@{to} SIP/2.0\r\nCSeq: 193942 INVITE\r\nVia: SIP/2.0/UDP {me};branch=z9hG4bKinsuf\r\n" + (
        b"Content-Type: application/sdp\r\nl: %d\r\n\r\n" % len(SDP) + SDP.encode()
    )


ODD = "!interesting-Method0123456789_*+`.%indeed'~"
MESSAGES: dict[str, bytes] = {
    "3.1.1.1 wsinv": _tortuous(),
    "3.1.1.2 intmeth": request(
        ODD,
        "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@{to}",
        "extensionHeader-!.%*+_`'~:\ufeff大停電",
        name="intmeth",
        To='"BEL:\x07 NUL:\\\x00 DEL:\x7f" <sip:1_unusual.URI~(to-be!sure)@example.net>',
        From="token1~` token2'+_ token3*%!.- <sip:mundane@example.org>;"
        "fromParam''~+*_!.-%=\"работающий\";tag=_token~1'+`*%!-.",
        Call_ID="intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{",
    ),
    "3.1.1.3 esc01": request(
        uri="sip:sips%3Auser%40example.com@{to}",
        name="esc01",
        To="sip:%75se%72@example.net",
        From="<sip:I%20have%20spaces@example.org>;tag=938",
        Contact="<sip:cal%6Cer@{me};%6C%72;n%61me=v%61lue%25%34%31>",
        body=SDP,
    ),
    "3.1.1.4 escnull": request(
        "REGISTER",
        "sip:{to}",
        "Contact: <sip:%00@host5.example.org>",
        "Contact: <sip:%00%00@host5.example.org>",
        name="escnull",
        To="sip:null-%00-null@example.net",
        From="sip:null-%00-null@example.net;tag=839",
    ),
    "3.1.1.5 esc02": request(
        "RE%47IST%45R",
        "sip:{to}",
        "C%6Fntact: <sip:alias1@host1.example.org>",
        name="esc02",
        To='"%Z%45" <sip:resource@example.net>',
        From='"%Z%45" <sip:resource@example.net>;tag=f232',
    ),
    "3.1.1.6 lwsdisp": request("OPTIONS", name="lwsdisp", From="caller<sip:caller@example.org>;tag=323"),
    "3.1.1.7 longreq": _long(),
    "3.1.1.8 dblreq": _two_in_one(),
    "3.1.1.9 semiuri": request("OPTIONS", "sip:user;par=u%40example.net@{to}", name="semiuri"),
    "3.1.1.10 transports": request(
        "OPTIONS",
        "sip:ring@{to}",
        *(f"Via: SIP/2.0/{one} t.example.com;branch=z9hG4bK{one}" for one in ("SCTP", "TLS", "UNKNOWN", "TCP")),
        name="transports",
    ),
    "3.1.1.11 mpart01": _multipart(),
    "3.1.1.12 unreason": response("200 = 2**3 * 5**2 но сто девяносто девять - простое", name="unreason"),
    "3.1.1.13 noreason": response("100 ", name="noreason"),
    "3.1.2.1 badinv01": request(
        name="badinv01",
        Via="SIP/2.0/UDP {me};branch=z9hG4bK-badinv01;;,;,,",
        Contact='"Wang" <sip:wang@{me}>;;,,;',
        body=SDP,
    ),
    "3.1.2.2 clerr": request("INVITE", "sip:ring@{to}", "Content-Length: 9999", name="clerr", body=SDP),
    "3.1.2.3 ncl": request("INVITE", "sip:ring@{to}", "Content-Length: -999", name="ncl", body=SDP),
    "3.1.2.4 scalar02": request(
        "REGISTER",
        "sip:{to}",
        "Expires: 1" + "0" * 40,
        "Contact: <sip:user@host129.example.org>;expires=280297596632815",
        name="scalar02",
        CSeq="36893488147419103232 REGISTER",
        Max_Forwards="300",
    ),
    "3.1.2.5 scalarlg": response(
        "503 Service Unavailable", name="scalarlg", cseq="9292394834772304023312 OPTIONS"
    ).replace(
        b"Content-Length",
        b'Retry-After: 949302838503028349304023988\r\nWarning: 1812 overture "In Progress"\r\nContent-Length',
    ),
    "3.1.2.6 quotbal": request(name="quotbal", To='"Mr. J. User <sip:j.user@example.net>', body=SDP),
    "3.1.2.7 ltgtruri": request(uri="<sip:ring@{to}>", name="ltgtruri", body=SDP),
    "3.1.2.8 lwsruri": request(uri="sip:ring@{to}; lr", name="lwsruri", body=SDP),
    "3.1.2.9 lwsstart": request(uri=" sip:ring@{to} ", name="lwsstart", body=SDP),
    "3.1.2.10 trws": request("OPTIONS", name="trws", version="SIP/2.0  "),
    "3.1.2.11 escruri": request(uri="sip:ring@{to}?Route=%3Csip:example.com%3E", name="escruri", body=SDP),
    "3.1.2.12 baddate": request(
        "INVITE", "sip:ring@{to}", "Date: Fri, 01 Jan 2010 16:00:00 EST", name="baddate", body=SDP
    ),
    "3.1.2.13 regbadct": request(
        "REGISTER", "sip:{to}", name="regbadct", Contact="sip:user@example.org?Route=%3Csip:sip.example.com%3E"
    ),
    "3.1.2.14 badaspec": request("OPTIONS", name="badaspec", To='"Watson, Thomas" < sip:t.watson@example.net >'),
    "3.1.2.15 baddn": request("OPTIONS", name="baddn", From="Bell, Alexander <sip:a.g.bell@example.org>;tag=43"),
    "3.1.2.16 badvers": request("OPTIONS", name="badvers", version="SIP/7.0"),
    "3.1.2.17 mismatch01": request("OPTIONS", name="mismatch01", CSeq="8 INVITE"),
    "3.1.2.18 mismatch02": request("NEWMETHOD", name="mismatch02", CSeq="9 INVITE"),
    "3.1.2.19 bigcode": response("4294967301 better not break the receiver", name="bigcode"),
    "3.2.1 badbranch": request("OPTIONS", name="badbranch", Via="SIP/2.0/UDP {me};branch=z9hG4bK"),
    "3.3.1 insuf": _insufficient(),
    "3.3.2 unkscm": request("OPTIONS", "nobodyKnowsThisScheme:totallyopaquecontent", name="unkscm"),
    "3.3.3 novelsc": request("OPTIONS", "soap.beep://192.0.2.103:3002", name="novelsc"),
    "3.3.4 unksm2": request(
        "REGISTER",
        "sip:{to}",
        name="unksm2",
        To="isbn:2983792873",
        From="<http://www.example.org>;tag=3234233",
        Contact="<name:John_Smith>",
    ),
    "3.3.5 bext01": request(
        "OPTIONS",
        "sip:ring@{to}",
        "Proxy-Require: privacy, nothingSupportsThis",
        "Require: nothingSupportsThis",
        name="bext01",
    ),
    "3.3.6 invut": request(
        name="invut", Content_Type="application/unknownformat", body='<audio>\r\n <pcmu port="443"/>\r\n</audio>\r\n'
    ),
    "3.3.7 regaut01": request(
        "REGISTER", "sip:{to}", "Authorization: NoOneKnowsThisScheme opaque-data=here", name="regaut01"
    ),
    "3.3.8 multi01": request(
        "INVITE",
        "sip:ring@{to}",
        "CSeq: 59 INVITE",
        "Call-ID: another@example.org",
        "From: <sip:other@example.org>;tag=other",
        "To: <sip:other@example.net>",
        "Max-Forwards: 5",
        "Contact: <sip:other@{me}>",
        name="multi01",
        body=SDP,
    ),
    "3.3.9 mcl01": request(
        "OPTIONS",
        "sip:ring@{to}",
        "Content-Length: 13",
        "Content-Length: 5",
        name="mcl01",
        body="There's no way to know how many octets are supposed to be here.",
    ),
    "3.3.10 bcast": response("200 OK", name="bcast", via="SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK1saber23"),
    "3.3.11 zeromf": request("OPTIONS", name="zeromf", Max_Forwards="0"),
    "3.3.12 cparam01": request(
        "REGISTER", "sip:{to}", name="cparam01", Contact="sip:+19725552222@gw1.example.net;unknownparam"
    ),
    "3.3.13 cparam02": request(
        "REGISTER", "sip:{to}", name="cparam02", Contact="<sip:+19725552222@gw1.example.net;unknownparam>"
    ),
    "3.3.14 regescrt": request(
        "REGISTER", "sip:{to}", name="regescrt", Contact="<sip:user@example.org?Route=%3Csip:sip.example.com%3E>"
    ),
    "3.3.15 sdp01": request("INVITE", "sip:ring@{to}", "Accept: text/nobodyKnowsThis", name="sdp01", body=SDP),
    "3.4.1 inv2543": (
        "INVITE sip:ring@{to} SIP/2.0\r\nVia: SIP/2.0/UDP {me}\r\nFrom: <sip:wang@example.org>\r\nRecord-Route: "
        "<sip:ring@example.net;maddr=ss1.example.net>\r\nTo: sip:ring@example.net\r\n"
        f"Call-ID: inv2543.ours@example.org\r\nCSeq: 56 INVITE\r\nContent-Type: application/sdp\r\n\r\n{SDP}"
    ).encode(),
}
"""Section and name → the message."""


def addressed(message: bytes, *, to: str, me: str) -> bytes:
    """A message with its addresses filled in."""
    return message.replace(b"{to}", to.encode()).replace(b"{me}", me.encode())
