"""SIPp as the far end: a situation's steps become a scenario that SIPp runs, one process for each call.

A step is one line of tests/sipp/situations.toml:

    180 | 183 sdp | 200 sdp          a response to the INVITE; `sdp` with a session description, `version=2` with one
                                     that differs, `tag=b` of another branch, `rel` reliably (RFC 3262), `Name: value`
                                     with a header
    play | wait | pause 800          begin the sound, ring for the situation's time, rest so many milliseconds
    update | hold | resume           UPDATE in the early dialog, re-INVITE with `sendonly`, re-INVITE with `sendrecv`
    refer sip:5@host                 REFER
    bye | hung up | cancelled        hang up, be hung up on, be given up
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from xml.sax.saxutils import quoteattr

from peers import command

from harness.bench.load.sipp import free_ports

SOUND = "sound.al"
"""The situation's sound beside its scenario: bytes of G.711 A-law."""
LONGEST_S = 90
REASONS = {180: "Ringing", 181: "Call Is Being Forwarded", 182: "Queued", 183: "Session Progress", 200: "OK"}
KEPT = {"via": "Via:", "from": "From:", "to": "To:", "cseq": "CSeq:", "contact": "Contact:"}


def scenario_xml(name: str, steps: list[str]) -> str:
    """Write SIPp's scenario; raises ValueError for a step that does not exist."""
    writer = _Writer()
    body = "\n".join(writer.step(step) for step in steps)
    used = ",".join(KEPT)
    return (
        f'<?xml version="1.0" encoding="UTF-8" ?>\n<scenario name={quoteattr(name)}>\n{_invite()}\n{body}\n'
        f'<Reference variables="{used}"/>\n</scenario>\n'
    )


def run_sipp(folder: Path, *, wait_ms: int) -> tuple[subprocess.Popen[bytes], str]:
    """Start SIPp on `scenario.xml` of a folder for one call; returns it and its `host:port`.

    It ends with the call: status 0 when every message came that the scenario expects, and no other.
    """
    sip, control, media = free_ports(3)  # from `media` on SIPp binds four: sound and video, each with its RTCP
    program = [*command("sipp", "usr/bin/sipp"), "-sf", "scenario.xml", "-m", "1", "-nostdin", "-d", str(wait_ms)]
    program += ["-i", "127.0.0.1", "-p", str(sip), "-cp", str(control), "-mp", str(media)]
    program += ["-timeout", str(LONGEST_S), "-timeout_error", "-trace_err", "-error_file", "errors.txt"]
    with (folder / "sipp.txt").open("wb") as screen:
        running = subprocess.Popen(program, cwd=folder, stdin=subprocess.DEVNULL, stdout=screen, stderr=screen)
    return running, f"127.0.0.1:{sip}"


def _invite() -> str:
    keep = "".join(
        f'<ereg regexp=".*" search_in="hdr" header="{header}" assign_to="{name}"/>'
        for name, header in KEPT.items()
        if name != "contact"
    )
    contact = '<ereg regexp="sip:[^&gt;]*" search_in="hdr" header="Contact:" assign_to="contact"/>'
    return f'<recv request="INVITE"><action>{keep}{contact}</action></recv>'


class _Writer:
    """Counts what a dialog counts: its own CSeq and RSeq, the tag that it was answered with."""

    def __init__(self) -> None:
        self._cseq = 1
        self._rseq = 0
        self._version = 1
        self._tag = "a"

    def step(self, step: str) -> str:
        """Write one step."""
        if re.match(r"\d{3}\b", step):
            return self._response(step)
        word, _, rest = step.partition(" ")
        match word:
            case "play":
                return f'<nop><action><exec rtp_stream="{SOUND},1,8,PCMA/8000"/></action></nop>'
            case "wait":
                return "<pause/>"
            case "pause":
                return f'<pause milliseconds="{int(rest)}"/>'
            case "bye":
                return self._request("BYE") + _receive("200")
            case "hung":
                return '<recv request="BYE"/>' + _ok()
            case "cancelled":
                gone = _send(_status("487 Request Terminated", self._tag), retransmit=True)
                return f'<recv request="CANCEL"/>{_ok()}{gone}<recv request="ACK"/>'
            case "update":
                return self._request("UPDATE", sdp="sendrecv") + _receive("200")
            case "hold" | "resume":
                way = {"hold": "sendonly", "resume": "sendrecv"}[word]
                answer = _receive("100", optional=True) + _receive("200")
                return self._request("INVITE", sdp=way) + answer + self._request("ACK", again=True)
            case "refer":
                return self._request("REFER", extra=f"Refer-To: <{rest}>\n") + _receive("603")
        raise ValueError(f"no such step: {step!r}")

    def _response(self, step: str) -> str:
        status = int(step[:3])
        header = re.search(r"[A-Z][\w-]+: .*", step)
        words = (step[: header.start()] if header else step)[3:].split()
        with_value = dict(word.split("=") for word in words if "=" in word)
        self._tag = with_value.get("tag", self._tag)
        extra = f"{header.group()}\n" if header else ""
        if "rel" in words:
            self._rseq += 1
            extra += f"Require: 100rel\nRSeq: {self._rseq}\n"
        sdp = _sdp("sendrecv", version=with_value.get("version", "1"))
        line = f"{status} {REASONS.get(status, 'As Scripted')}"
        text = _status(line, self._tag, extra=extra, body=sdp if "sdp" in words else "")
        acknowledged = '<recv request="PRACK"/>' + _ok() if "rel" in words else ""
        final = '<recv request="ACK"/>' if status >= 200 else ""
        return _send(text, retransmit=status >= 200 or "rel" in words) + acknowledged + final

    def _request(self, method: str, *, sdp: str = "", extra: str = "", again: bool = False) -> str:
        self._cseq += not again
        self._version += bool(sdp)
        text = (
            f"{method} [$contact] SIP/2.0\nVia: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch];rport\n"
            f"Max-Forwards: 70\nFrom:[$to];tag={self._tag}[pid]\nTo:[$from]\nCall-ID: [call_id]\n"
            f"CSeq: {self._cseq} {method}\n{_CONTACT}{extra}"
        )
        body = _sdp(sdp, version=str(self._version)) if sdp else ""
        return _send(_with_body(text, body), retransmit=method != "ACK")


_CONTACT = "Contact: <sip:sipp@[local_ip]:[local_port]>\nAllow: INVITE, ACK, BYE, CANCEL, PRACK, UPDATE, REFER\n"


def _status(line: str, tag: str, *, extra: str = "", body: str = "") -> str:
    # A redirection's Contact is where it points to (RFC 3261 §8.1.3.4), not where the peer is.
    contact = "" if "Contact:" in extra else _CONTACT
    head = f"SIP/2.0 {line}\nVia:[$via]\nFrom:[$from]\nTo:[$to];tag={tag}[pid]\nCall-ID: [call_id]\nCSeq:[$cseq]\n"
    return _with_body(head + contact + extra, body)


def _ok() -> str:
    """200 to whatever came last."""
    return _send(
        "SIP/2.0 200 OK\n[last_Via:]\n[last_From:]\n[last_To:]\n[last_Call-ID:]\n[last_CSeq:]\nContent-Length: 0\n"
    )


def _with_body(head: str, body: str) -> str:
    kind = "Content-Type: application/sdp\n" if body else ""
    return f"{head}{kind}Content-Length: [len]\n\n{body}"


def _sdp(way: str, *, version: str) -> str:
    return (
        f"v=0\no=sipp 1 {version} IN IP4 127.0.0.1\ns=-\nc=IN IP4 127.0.0.1\nt=0 0\n"
        f"m=audio [rtpstream_audio_port] RTP/AVP 8 101\na=rtpmap:8 PCMA/8000\n"
        f"a=rtpmap:101 telephone-event/8000\na={way}\n"
    )


def _send(text: str, *, retransmit: bool = False) -> str:
    again = ' retrans="500"' if retransmit else ""
    return f"<send{again}><![CDATA[\n\n{text}\n]]></send>"


def _receive(status: str, *, optional: bool = False) -> str:
    return f'<recv response="{status}"{" optional=" + quoteattr("true") if optional else ""}/>'
