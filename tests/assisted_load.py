"""Two assisted calls and four automated ones at once: how late the frames are that we send, by the kernel's clock.

`python tests/assisted_load.py [SECONDS]` prints the counts as JSON. Beside them stands how late a process that only
sleeps woke up on the same machine at the same time: what a machine without a processor to spare does to everybody is
told, and not held against the telephones. Needs CAP_NET_RAW.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from agency_folder import make_agency
from packets import Capture

from harness.agency import Agency, load_agency
from harness.assisted.assist import assist
from harness.assisted.live_calls import CALLS
from harness.bench.load.sleeper import sleeping
from harness.softphone.growing_wav import write_wav
from harness.switchboard.serve import EmbeddedAgency
from harness.telephones import Telephones
from harness.test_call import plan_call
from harness.tester_telephones import telephone_of

FRAME_S, LATE_S = 0.020, 0.040
"""A telephone's jitter buffer holds two frames from the start: what is later than that is heard as a gap."""
AUTOMATED = tuple(f"022700070{n}" for n in range(4))
ASSISTED = tuple(f"022700071{n}" for n in range(2))
DESKS = ("7001", "7002")
WAIT_S = 120.0
_SITES = {"a": AUTOMATED, "b": ASSISTED, "own": DESKS[:1], "desks": DESKS[1:]}


@dataclass(frozen=True, kw_only=True)
class Lateness:
    """What was counted."""

    streams: int
    """RTP streams that we sent."""
    frames: int
    """Frames in them."""
    lost: int
    """Frames that never came."""
    p99_s: float
    """Lateness that 99 of 100 frames stay below, against the soonest of their stream."""
    worst_s: float
    """The latest frame's."""
    late: int
    """Frames later than LATE_S."""
    machine_p99_s: float
    """The same of a process that only sleeps."""
    machine_worst_s: float
    """The worst of that."""
    load: float
    """Processes that wanted a processor, over the last minute."""
    outcomes: tuple[str, ...]
    """What came of the calls."""


def measure_load(seconds: float, folder: Path) -> Lateness:
    """Place the six calls, and count the frames of `seconds` in which all of them are up."""
    script, log = folder / "script.toml", folder / "truth.jsonl"
    script.write_text(_script(), encoding="utf-8")
    log.touch()
    with EmbeddedAgency(script, truth=log) as embedded, Telephones(several=True) as telephones:
        agency = _agency(folder / "agency", embedded.addresses)
        with ThreadPoolExecutor(6) as threads, Capture() as capture:
            placed = [threads.submit(_assisted, n, agency, telephones) for n in range(len(ASSISTED))]
            placed += [threads.submit(_automated, number, agency, telephones) for number in AUTOMATED]
            try:
                _wait_until_all_talk(placed)
                with sleeping() as machine:
                    begin = time.monotonic()
                    time.sleep(seconds)
                    end = time.monotonic()
            finally:
                for live in CALLS.up():
                    live.hang_up(who="load")
            outcomes = tuple(one.result(WAIT_S) for one in placed)
    streams = _streams(capture, begin, end, sites=set(embedded.addresses.values()))
    late = np.concatenate([_late(stream) for stream in streams.values()])
    lost = sum(max(stream) - min(stream) + 1 - len(stream) for stream in streams.values())
    return Lateness(
        streams=len(streams),
        frames=len(late),
        lost=lost,
        p99_s=round(float(np.quantile(late, 0.99)), 4),
        worst_s=round(float(late.max()), 4),
        late=int((late > LATE_S).sum()),
        machine_p99_s=round(machine.told["p99_s"], 4),
        machine_worst_s=round(machine.told["worst_s"], 4),
        load=os.getloadavg()[0],
        outcomes=outcomes,
    )


def _streams(capture: Capture, begin: float, end: float, *, sites: set[str]) -> dict[tuple[int, int], dict[int, float]]:
    """Arrival of each sequence number of the streams from the ports that our INVITEs named."""
    invites = (re.search(r"(?s)^INVITE sip:\w+@(\S+?)[ ;].*m=audio (\d+)", p.sip) for p in capture.packets)
    ours = {int(found[2]) for found in invites if found and found[1] in sites}
    streams: dict[tuple[int, int], dict[int, float]] = defaultdict(dict)
    for packet in capture.packets:
        if packet.source in ours and begin <= packet.at_s <= end and (rtp := packet.rtp) is not None:
            streams[packet.source, packet.target].setdefault(rtp[0], packet.at_s)
    return {ports: _unwrapped(stream) for ports, stream in streams.items() if len(stream) > 50}


def _unwrapped(stream: dict[int, float]) -> dict[int, float]:
    """Sequence numbers wrap at 2¹⁶ (RFC 3550 §5.1)."""
    wraps = max(stream) - min(stream) > 1 << 15
    return {n + (1 << 16) if wraps and n < 1 << 15 else n: at for n, at in stream.items()}


def _late(stream: dict[int, float]) -> np.ndarray:
    offsets = np.array([at - n * FRAME_S for n, at in stream.items()])
    return offsets - offsets.min()


def _assisted(n: int, agency: Agency, telephones: Telephones) -> str:
    plan = plan_call(ASSISTED[n], agency, by_tester=True)
    tester = f"tester {n}"
    live = CALLS.begin(plan=plan, agency=agency, tester=tester)
    (test,) = assist(plan, agency, telephones, telephone=telephone_of(tester, agency), live=live)
    return test.measured.outcome


def _automated(number: str, agency: Agency, telephones: Telephones) -> str:
    return telephones.place(plan_call(number, agency, scenario="stay"), agency).measured.outcome


def _wait_until_all_talk(placed: Sequence[Future[str]]) -> None:
    end = time.monotonic() + WAIT_S
    while sum(live.state().answered_s is not None for live in CALLS.up()) < len(placed):
        for one in placed:
            assert not one.done(), one.result()  # what it was ended by says more than that it is not there
        assert time.monotonic() < end, [live.state() for live in CALLS.up()]
        time.sleep(0.1)


def _script() -> str:
    head = 'title = "六通"\n' + "".join(f'[[site]]\nid = "{site}"\nport = 0\n' for site in _SITES)
    answer = '{{ do = "ring" }}, {{ do = "wait", seconds = 1.0 }}, {{ do = "answer", leg = "unit" }}'
    parts = '{{ silence_s = 0.4 }}, {{ prompt = "greeting-unit" }}, {{ silence_s = 60.0 }}'
    talk = f'{{{{ do = "play", parts = [{parts}], noise_dbfs = -50 }}}}, {{{{ do = "wait_release", at_most_s = 300 }}}}'
    body = f'[[extension]]\nnumber = "{{number}}"\nsite = "{{site}}"\nsteps = [{answer}, {talk}]\n'
    return head + "".join(body.format(number=n, site=site) for site, numbers in _SITES.items() for n in numbers)


STAY = """name = "stay"
title = { zh = "留在線上", en = "Stay on the line" }
steps = [
  { do = "dial" },
  { do = "wait_for_answer", leg = "unit", give_up_s = 60 },
  { do = "listen", until = "seconds", timeout_s = 200 },
  { do = "hang_up" },
]
"""


def _agency(folder: Path, addresses: dict[str, str]) -> Agency:
    make_agency(folder, {n: addresses[site] for site in ("a", "b") for n in _SITES[site]})
    for name in ("scenarios", "sounds"):
        (folder / name).mkdir(exist_ok=True)
    (folder / "scenarios" / "stay.toml").write_text(STAY, encoding="utf-8")
    write_wav(folder / "sounds" / "courtesy.wav", np.full(800, 99, np.int16), sample_rate_hz=8000)
    text = (folder / "agency.toml").read_text(encoding="utf-8")
    # One by its SIP address, one by its number on a line of its own.
    text += f'[[lines]]\nid = "desks"\nserver = "{addresses["desks"]}"\nbind = "127.0.0.1"\n'
    text += f'[[telephones]]\ntester = "tester 0"\naddress = "sip:{DESKS[0]}@{addresses["own"]}"\n'
    text += f'[[telephones]]\ntester = "tester 1"\nnumber = "{DESKS[1]}"\nline = "desks"\n'
    (folder / "agency.toml").write_text(text, encoding="utf-8")
    return load_agency(folder)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        found = measure_load(float(sys.argv[1]) if len(sys.argv) > 1 else 20.0, Path(made))
    print(json.dumps(asdict(found), indent=1))
