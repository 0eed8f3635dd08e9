"""When the bell rang: told by a person who presses a key, or by a second SIP endpoint that is the test telephone.

The rules count from the ringback that the caller hears; the person tested hears a bell. Between the two lies an
offset of the exchange's making: up to a whole period where ringback and ringing current are not made together.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Protocol, Self

from harness.agency import Agency
from harness.doctor.call import DoctorCall
from harness.doctor.finding import NOT_CHECKED, OK, WARNING, Finding, between, figure, found
from harness.doctor.kept import BELL_OFFSET, ENDPOINT, KEY, Fact
from harness.errors import LineError
from harness.interval import Interval, hull
from harness.lines import LineSettings, softphone_line

QUICKEST_S, SLOWEST_S = 0.10, 1.00
"""From a sound to a key: simple reactions take 0.14 to 0.2 s in the mean; few who wait for it need more. Ours."""
AHEAD_S = 0.20
"""From the second ring on a person presses with the rhythm, a little ahead at times. Ours."""
WIDE_S = 1.0
"""An offset known no better than this is worth measuring again."""
READY_S = 20.0
END_S = 5.0
RING_S, TALK_S, LONGEST_S = 8.0, 3.0, 90.0


class Bell(Protocol):
    """Tells when the test telephone's bell rang."""

    how: str
    """`key` or `endpoint`."""

    def rang(self) -> tuple[Interval, ...]:
        """Beginning of each ring that was told, seconds of the monotonic clock."""


class KeyBell:
    """Somebody beside the test telephone presses Enter whenever its bell begins to ring."""

    how = KEY

    def __init__(self, wait_for_key: Callable[[], str]) -> None:
        self._wait_for_key = wait_for_key
        self._pressed_s: list[float] = []
        self._thread = threading.Thread(target=self._watch, name="bell key", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None  # the thread waits for a key that may never come; it ends with the program

    def _watch(self) -> None:
        while self._wait_for_key():
            self._pressed_s.append(time.monotonic())

    def rang(self) -> tuple[Interval, ...]:
        """Each press, less the time that a person takes."""
        quickest = [QUICKEST_S] + [-AHEAD_S] * len(self._pressed_s)
        return tuple(Interval(at - SLOWEST_S, at - q) for at, q in zip(self._pressed_s, quickest, strict=False))


class EndpointBell:
    """A second line of the agency is the test telephone: it rings, picks up, and hangs up first."""

    how = ENDPOINT

    def __init__(self, line: LineSettings, agency: Agency, *, ring_s: float = RING_S, talk_s: float = TALK_S) -> None:
        opened = softphone_line(line, folder=agency.folder).to_dict()
        self._asked: dict[str, Any] = {"line": opened, "ring_s": ring_s, "talk_s": talk_s, "longest_s": LONGEST_S}
        self._line = line
        self._rang: list[Interval] = []
        self._ready, self._why = threading.Event(), ""
        self.port = 0

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "harness.doctor.bell_endpoint"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(self._asked) + "\n")
        self._process.stdin.flush()
        self._reader = threading.Thread(target=self._read, name="bell events", daemon=True)
        self._reader.start()
        if not self._ready.wait(READY_S) or self._why:
            self.__exit__(None, None, None)
            raise LineError("doctor.bell_not_ready", line=self._line.id, reason=self._why or "—")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()  # it takes its binding away and ends
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(END_S)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._take(json.loads(line))
        self._why = self._why or ("" if self._ready.is_set() else "ended")
        self._ready.set()

    def _take(self, event: dict[str, Any]) -> None:
        match event["event"]:
            case "ready":
                self.port = event["port"]
                if not self._asked["line"]["registrar"]:
                    self._ready.set()
            case "registered":
                self._why = "" if 200 <= event["status"] < 300 else f"{event['status']} {event['reason']}"
                self._ready.set()
            case "rang":
                self._rang.append(Interval(event["earliest_s"], event["latest_s"]))
            case "error":
                self._why = event["why"]
                self._ready.set()

    def rang(self) -> tuple[Interval, ...]:
        """When it rang: between the INVITE's coming and its own 180."""
        return tuple(self._rang)


def offset(rings: tuple[Interval, ...], bells: tuple[Interval, ...]) -> Interval | None:
    """Ringback less bell, ring by ring: what every pair allows; where they contradict one another, all of them.

    None when either side told nothing. Positive: the caller hears it later than the telephone rings.
    """
    pairs = [ring - bell for ring, bell in zip(rings, bells, strict=False)]
    if not pairs:
        return None
    together: Interval | None = pairs[0]
    for one in pairs[1:]:
        together = None if together is None else together.meet(one)
    return together or hull(pairs)


def bell_offset(call: DoctorCall, bell: Bell) -> tuple[Finding, Fact | None]:
    """The offset between ringback and bell on a call to a test telephone, and the fact to keep."""
    zero = call.record.zero_s
    bells = tuple(Interval(b.earliest - zero, b.latest - zero) for b in bell.rang())
    rings, source = _rings(call)
    span = offset(rings, bells)
    if span is None:
        values = {"line": call.line, "rings": len(rings), "bells": len(bells)}
        key, do = "doctor.bell_nothing", "doctor.do_bell_again"
        return found("bell_offset", NOT_CHECKED, key, do, line=call.line, values=values), None
    pairs = min(len(rings), len(bells))
    figures = (between("ringback_minus_bell", span), figure("rings", pairs), figure("ringback", source))
    values = {"line": call.line, "earliest": f"{span.earliest:+.2f}", "latest": f"{span.latest:+.2f}", "n": pairs}
    state, do = (WARNING, "doctor.do_bell_again") if span.width > WIDE_S else (OK, "")
    finding = Finding(
        check="bell_offset", state=state, key="doctor.bell", do=do, line=call.line, figures=figures, values=values
    )
    return finding, _fact(call, bell, span)


def _rings(call: DoctorCall) -> tuple[tuple[Interval, ...], str]:
    """Each ring as the caller has it: heard; else the first 18x, which a telephone turns into ringback by itself."""
    from dsp.segment import Span
    from harness.plot.rings import numbered_rings

    heard = call.timeline.heard
    starts = [round(ring.start_s * heard.sr) for ring in numbered_rings(heard) if ring.leg == 0]
    if starts:
        return tuple(call.timeline.on_the_wire(Span(at, at)) for at in starts), "heard"
    onset = call.measured.legs[0].ring_onset_s if call.measured.legs else None
    return (() if onset is None else (onset,)), "signalled"


def _fact(call: DoctorCall, bell: Bell, span: Interval) -> Fact:
    return Fact(
        what=BELL_OFFSET,
        line=call.line,
        number=call.record.number,
        measured_at=call.record.started_at,
        call_id=call.record.call_id,
        how=bell.how,
        interval_s=span,
    )
