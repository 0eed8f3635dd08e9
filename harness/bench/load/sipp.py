"""SIPp with media: a cheap far end that rings, answers and speaks, and a caller of its own to compare with.

It plays packets from a capture file out of a raw socket, decodes nothing and throws away what comes: the least that a
far end can cost. It is ended by its own process id.
"""

from __future__ import annotations

import random
import shlex
import shutil
import socket
import subprocess
import time
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from types import TracebackType
from typing import Self

from harness.bench.load.far_sound import RINGING_S, alaw, far_sound, write_pcap
from harness.errors import EnvironmentFailed

HOST = "127.0.0.1"
PORTS = 20000, 32000
"""Linux gives ports to whoever asks for any from 32768 on."""
SOUND = "far.pcap"
END_S = 3.0
STARTS_S = 10.0


def find_sipp(told: str = "") -> list[str]:
    """The beginning of SIPp's command line, `told` or what is installed; empty where there is none."""
    return shlex.split(told) if told else [found for found in [shutil.which("sipp")] if found]


def free_ports(count: int) -> list[int]:
    """Find ports that are free at this moment, for datagrams and for streams: the three behind each are free too.

    Below those that the system gives to whoever asks for any: another process takes none of them meanwhile.
    """
    held, found = list[socket.socket](), list[int]()
    try:
        while len(found) < count:
            port = random.SystemRandom().randrange(*PORTS, 2)
            try:
                for behind, kind in product(range(4), (socket.SOCK_DGRAM, socket.SOCK_STREAM)):
                    held.append(socket.socket(socket.AF_INET, kind))
                    held[-1].bind((HOST, port + behind))
            except OSError:
                continue
            found.append(port)
    finally:
        for each in held:
            each.close()
    return found


class SippFarEnd:
    """Answers whatever is called: 183 and two rings, 200 after five seconds, a voice, BYE `talk_s` later."""

    def __init__(self, sipp: Sequence[str], folder: Path, *, talk_s: float) -> None:
        self._sipp, self._folder, self._talk_s = sipp, folder, talk_s
        self.port, self._control, self._media_port = free_ports(3)

    def __enter__(self) -> Self:
        (self._folder / "far.xml").write_text(_answers(self._talk_s), encoding="utf-8")
        write_pcap(self._folder / SOUND, alaw(far_sound(self._talk_s)))
        program = [
            *self._sipp,
            "-sf",
            "far.xml",
            "-nostdin",
            "-i",
            HOST,
            "-p",
            str(self.port),
            "-cp",
            str(self._control),
        ]
        program += ["-mi", HOST, "-mp", str(self._media_port), "-trace_err", "-error_file", "far.txt"]
        self.process = started(program, self._folder)
        self._wait_until_it_listens()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        end(self.process)

    @property
    def media_port(self) -> int | None:
        """Where all of them take our sound."""
        return self._media_port

    def addresses(self, count: int) -> list[str]:
        """`host:port` of so many telephones, all in the one process."""
        return [f"{HOST}:{self.port}"] * count

    @property
    def pids(self) -> tuple[int, ...]:
        """Its processes."""
        return (self.process.pid,)

    def _wait_until_it_listens(self) -> None:
        """Whoever answers nobody's OPTIONS yet has bound its port all the same: then the port is taken."""
        limit = time.monotonic() + STARTS_S
        while time.monotonic() < limit and self.process.poll() is None:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as tried:
                try:
                    tried.bind((HOST, self.port))
                except OSError:
                    return
            time.sleep(0.05)
        end(self.process)
        raise EnvironmentFailed("bench.sipp_failed", why=screen(self._folder))


def started(program: Sequence[str], folder: Path) -> subprocess.Popen[bytes]:
    """Start SIPp in a folder, its screen in a file."""
    with (folder / f"{Path(program[-1]).stem}.screen").open("wb") as shown:
        return subprocess.Popen(program, cwd=folder, stdin=subprocess.DEVNULL, stdout=shown, stderr=shown)


def screen(folder: Path) -> str:
    """The end of what SIPp said in a folder."""
    return " ".join(path.read_text("utf-8", "replace")[-300:] for path in sorted(folder.glob("*.screen")))


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process: ask first, then kill."""
    process.terminate()
    try:
        process.wait(END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _answers(talk_s: float) -> str:
    """The far end's scenario: ringing as early media, the answer, the voice that goes on, and its own BYE."""
    keep = "".join(
        f'<ereg regexp=".*" search_in="hdr" header="{header}:" assign_to="{name}"/>'
        for name, header in (("via", "Via"), ("from", "From"), ("to", "To"), ("cseq", "CSeq"))
    )
    contact = '<ereg regexp="sip:[^&gt;]*" search_in="hdr" header="Contact:" assign_to="contact"/>'
    bye = (
        f"BYE [$contact] SIP/2.0\nVia: SIP/2.0/UDP {HOST}:[local_port];branch=[branch]\nMax-Forwards: 70\n"
        "From:[$to];tag=[call_number]\nTo:[$from]\nCall-ID: [call_id]\nCSeq: 2 BYE\nContent-Length: 0\n"
    )
    steps = [
        f'<recv request="INVITE"><action>{keep}{contact}</action></recv>',
        _send(_status("183 Session Progress", sdp=True)),
        play(),
        f'<pause milliseconds="{round(RINGING_S * 1000)}"/>',
        _send(_status("200 OK", sdp=True), again=True),
        '<recv request="ACK"/>',
        f'<pause milliseconds="{round(talk_s * 1000)}"/>',
        _send(bye, again=True),
        '<recv response="200"/>',
    ]
    return scenario("far end", steps, "via,from,to,cseq,contact")


def scenario(name: str, steps: Sequence[str], used: str = "") -> str:
    """A scenario as SIPp reads it."""
    said = f'<Reference variables="{used}"/>\n' if used else ""
    body = "\n".join(steps)
    return f'<?xml version="1.0" encoding="UTF-8" ?>\n<scenario name="{name}">\n{body}\n{said}</scenario>\n'


def play() -> str:
    """Begin to play the sound."""
    return f'<nop><action><exec play_pcap_audio="{SOUND}"/></action></nop>'


def _status(line: str, *, sdp: bool) -> str:
    head = f"SIP/2.0 {line}\nVia:[$via]\nFrom:[$from]\nTo:[$to];tag=[call_number]\nCall-ID: [call_id]\nCSeq:[$cseq]\n"
    return f"{head}Contact: <sip:far@{HOST}:[local_port]>\n" + (described("media_port") if sdp else "")


def described(port: str) -> str:
    """A session description, with the headers before it; `port` is SIPp's word for it."""
    return (
        "Content-Type: application/sdp\nContent-Length: [len]\n\n"
        f"v=0\no=far 1 1 IN IP4 {HOST}\ns=-\nc=IN IP4 {HOST}\nt=0 0\nm=audio [{port}] RTP/AVP 8 101\n"
        "a=rtpmap:8 PCMA/8000\na=rtpmap:101 telephone-event/8000\n"
    )


def _send(text: str, *, again: bool = False) -> str:
    repeated = ' retrans="500"' if again else ""
    return f"<send{repeated}><![CDATA[\n\n{text}\n]]></send>"
