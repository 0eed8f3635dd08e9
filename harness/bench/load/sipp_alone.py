"""SIPp calling SIPp: what the same calls cost, and how late their frames are, where nobody listens or records."""

from __future__ import annotations

import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from harness import clocks
from harness.bench.load.capture import Capture
from harness.bench.load.far_sound import RINGING_S
from harness.bench.load.lateness import Spread, spread_ms
from harness.bench.load.load_agency import SCENARIO, make_load_agency
from harness.bench.load.measurement import talk_s
from harness.bench.load.on_the_wire import by_call, our_frames, truth_of
from harness.bench.load.process_tree import look, memory
from harness.bench.load.sipp import HOST, SippFarEnd, described, end, free_ports, play, scenario, started
from harness.number_gate import redeem
from harness.number_text import target_of
from harness.test_call import dial_permit, plan_call

RATE = 20
"""Calls set up a second."""


@dataclass(frozen=True, kw_only=True)
class SippAlone:
    """What SIPp's calling side cost and did."""

    cpu_percent_per_call: float
    """While all calls were up: percent of a core, the calling side alone."""
    rss_mb: float
    """Its memory."""
    frames: int
    """Frames that it sent while all calls were up."""
    late_frames: int
    """Those later than 20 ms."""
    frame_error_ms: Spread
    """How late they were."""


def measure_sipp(calls: int, seconds: float, *, sipp: list[str]) -> SippAlone | None:
    """Let SIPp call SIPp so many times at once; None where not all calls came to be up."""
    with tempfile.TemporaryDirectory(prefix="thirdring-sipp-") as made, ExitStack() as opened:
        folder = Path(made)
        far = opened.enter_context(SippFarEnd(sipp, folder, talk_s=talk_s(calls, seconds)))
        _write(folder, far, calls)
        capture = opened.enter_context(Capture(folder / "wire", port=far.media_port))
        local, control, media = free_ports(3)
        program = [*sipp, f"{HOST}:{far.port}", "-sf", "near.xml", "-inf", "numbers.csv", "-nostdin", "-i", HOST]
        program += ["-p", str(local), "-cp", str(control), "-mi", HOST, "-mp", str(media)]
        program += ["-m", str(calls), "-l", str(calls), "-r", str(RATE), "-trace_err", "-error_file", "near.txt"]
        near = started(program, folder)
        try:
            time.sleep(calls / RATE + RINGING_S + 1.0)
            begin, before = time.monotonic(), look([near.pid])
            time.sleep(seconds)
            finish, after, held = time.monotonic(), look([near.pid]), memory([near.pid])
            near.poll()
        finally:
            end(near)
        opened.close()
    assert capture.captured is not None
    truths = [truth_of(messages, capture.captured) for messages in by_call(capture.captured).values()]
    ports = [truth.port for truth in truths if truth and truth.answered_s and truth.answered_s < begin]
    if len(ports) < calls:
        return None
    frames = our_frames(capture.captured, ports, begin_s=begin, end_s=finish)
    return SippAlone(
        cpu_percent_per_call=100 * (after.processor_s - before.processor_s) / (finish - begin) / calls,
        rss_mb=held.rss_mb,
        frames=frames.count,
        late_frames=frames.late,
        frame_error_ms=spread_ms(frames.late_s),
    )


def _write(folder: Path, far: SippFarEnd, calls: int) -> None:
    """Write what it dials, each with the gate's leave like that of any call, and how."""
    agency = make_load_agency(folder / "agency", far.addresses(calls))
    plans = (plan_call(unit.unit, agency, scenario=SCENARIO) for unit in agency.units)
    targets = [target_of(redeem(dial_permit(plan, agency, now=clocks.now()))) for plan in plans]
    numbers = [target.digits for target in targets if target is not None]
    (folder / "numbers.csv").write_text("SEQUENTIAL\n" + "".join(f"{one};\n" for one in numbers), encoding="utf-8")
    (folder / "near.xml").write_text(_calls(), encoding="utf-8")


def _calls() -> str:
    via = f"Via: SIP/2.0/UDP {HOST}:[local_port];branch=[branch]\nMax-Forwards: 70\n"
    who = f"From: <sip:near@{HOST}:[local_port]>;tag=[call_number]\n"
    to = "[field0]@[remote_ip]:[remote_port]"
    invite = (
        f"INVITE sip:{to} SIP/2.0\n{via}{who}To: <sip:{to}>\nCall-ID: [call_id]\nCSeq: 1 INVITE\n"
        f"Contact: <sip:near@{HOST}:[local_port]>\n{described('auto_media_port')}"
    )
    ack = f"ACK sip:{to} SIP/2.0\n{via}{who}[last_To:]\nCall-ID: [call_id]\nCSeq: 1 ACK\nContent-Length: 0\n"
    ok = "SIP/2.0 200 OK\n[last_Via:]\n[last_From:]\n[last_To:]\n[last_Call-ID:]\n[last_CSeq:]\nContent-Length: 0\n"
    steps = [
        f'<send retrans="500"><![CDATA[\n\n{invite}\n]]></send>',
        '<recv response="100" optional="true"/>',
        '<recv response="183"/>',
        '<recv response="200"/>',
        f"<send><![CDATA[\n\n{ack}\n]]></send>",
        play(),
        '<recv request="BYE"/>',
        f"<send><![CDATA[\n\n{ok}\n]]></send>",
    ]
    return scenario("near end", steps)
