"""A telephone without a network and without waiting: the far end is a script, time is virtual.

The same caller runs on it as on the real one. Losses follow a pattern, so that a test of 20 % loss is the
same test every time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dsp.audio import read
from dsp.listen import listen
from dsp.segment import DTMF
from dsp.tone_plan import load_plan
from harness.number_gate import Permit, redeem
from harness.softphone.errors import DigitsNotSent
from harness.softphone.growing_wav import write_wav
from harness.softphone.protocol import Call, Missing, Recording
from harness.softphone.signals import DIGIT, FAULT, MEDIA, NO_EVENTS, PLAY, RELEASED, REQUEST, RESPONSE, SipSignal

FRAME_S = 0.020
BLOCK_S = 0.256
"""The real recorder writes blocks of 4 KB: the ear is that far behind."""
DIAL_S = 0.020
"""Sample 0 to the INVITE."""
Pcm = NDArray[np.int16]
REASONS = {180: "Ringing", 183: "Session Progress", 200: "OK", 486: "Busy Here", 503: "Service Unavailable"}


@dataclass(frozen=True)
class FarEnd:
    """What the far end does, at seconds after the INVITE; each method gives a longer script."""

    messages: tuple[tuple[float, str, int], ...] = ()
    """Instant, method, status (0: a request of theirs)."""
    sounds: tuple[tuple[float, Pcm], ...] = ()
    """Instant and samples."""
    on_digit: dict[str, FarEnd] = field(default_factory=dict)
    """What begins when a digit is pressed, at seconds after the press."""
    on_said: FarEnd | None = None
    """What begins when we have said something, at seconds after its end."""
    deaf_until_s: float = 0.0
    """Digits pressed sooner have no effect: a menu that must be heard out."""
    digits_lost: int = 0
    """So many digits are swallowed first."""
    digits_doubled: bool = False
    """Every digit is taken twice."""
    echoes_digits: bool = False
    """The far end reports the digits that it took."""
    takes_events: bool = True
    """Whether its description offers digits as events (RFC 4733)."""
    info_status: int = 200
    """What it answers to SIP INFO; from 300 on it takes none."""
    refuses_with: tuple[tuple[str, str], ...] = ()
    """Headers of the response that ends the INVITE: (name, value)."""

    def says(self, at_s: float, status: int) -> FarEnd:
        """Add a response to the INVITE."""
        return replace(self, messages=(*self.messages, (at_s, "INVITE", status)))

    def hangs_up(self, at_s: float) -> FarEnd:
        """Add a BYE."""
        return replace(self, messages=(*self.messages, (at_s, "BYE", 0)))

    def sounds_like(self, at_s: float, samples: Pcm) -> FarEnd:
        """Add sound."""
        return replace(self, sounds=(*self.sounds, (at_s, samples)))

    def after(self, digit: str, then: FarEnd) -> FarEnd:
        """Add what a digit leads to."""
        return replace(self, on_digit={**self.on_digit, digit: then})

    def once_said(self, then: FarEnd) -> FarEnd:
        """Add what follows when we have said something: a person who does what was asked."""
        return replace(self, on_said=then)

    def deaf(self, until_s: float) -> FarEnd:
        """Take no digits before an instant."""
        return replace(self, deaf_until_s=until_s)

    def hears_digits(self, *, lost: int = 0, doubled: bool = False, echoed: bool = False) -> FarEnd:
        """Lose the first digits, take each twice, report what was taken."""
        return replace(self, digits_lost=lost, digits_doubled=doubled, echoes_digits=echoed)


class ScriptedCall:
    """A call whose time passes only when somebody asks for it to pass."""

    def __init__(
        self, far: FarEnd, *, leg: str, folder: Path, sample_rate_hz: int, lost: Callable[[int], bool]
    ) -> None:
        self.leg, self.sample_rate_hz, self._folder = leg, sample_rate_hz, folder
        self._lost = lost
        self._now = DIAL_S
        self._queue: list[tuple[float, str, int]] = []
        self._audio: Pcm = np.zeros(0, np.int16)
        self._far, self._begun = far, self._now
        self._later: list[tuple[float, FarEnd]] = []
        self._lost_digits = 0
        self._unsent: DigitsNotSent | None = None
        self._heard = 0
        self._new = [SipSignal(earliest_s=DIAL_S, latest_s=DIAL_S, kind=REQUEST, direction="tx", method="INVITE")]
        self._end: float | None = None
        self._missing: list[Missing] = []
        self.bridged: list[tuple[Call, bool]] = []
        """Whom it was joined with, in order, and whether they may speak to its far end."""
        self._follow(far, self._now)

    def _follow(self, far: FarEnd, base: float) -> None:
        self._queue = sorted([*self._queue, *((base + at, method, status) for at, method, status in far.messages)])
        for at, samples in far.sounds:
            self._lay(base + at, samples)
        self._far, self._begun = far, base

    def _lay(self, at_s: float, samples: Pcm) -> None:
        start = round(at_s * self.sample_rate_hz)
        missing = start + len(samples) - len(self._audio)
        self._audio = np.pad(self._audio, (0, max(missing, 0)))
        self._audio[start:] = 0  # a new sound ends the one before
        self._audio[start : start + len(samples)] = samples

    # --- the Call protocol ----------------------------------------------------------------------------

    @property
    def zero_s(self) -> float:
        """Virtual time begins at 0."""
        return 0.0

    @property
    def over(self) -> bool:
        """Whether the call was released."""
        return self._end is not None

    def now_s(self) -> float:
        """Virtual seconds since sample 0."""
        return self._now

    def advance(self, seconds: float) -> tuple[SipSignal, ...]:
        """Let virtual time pass up to the next message, at most `seconds`."""
        unsent, self._unsent = self._unsent, None
        if unsent is not None:
            raise unsent
        if not self._new and not self.over:
            until = self._now + seconds
            due = self._queue and self._queue[0][0] <= until
            self._now = max(self._now, self._queue[0][0]) if due else until
            if due:
                self._arrive(*self._queue.pop(0))
            for at, far in [one for one in self._later if one[0] <= self._now]:
                self._later.remove((at, far))
                self._follow(far, at)
        new, self._new = tuple(self._new), []
        return new

    def _arrive(self, at_s: float, method: str, status: int) -> None:
        kind = RESPONSE if status else REQUEST
        headers = self._far.refuses_with if status >= 300 else ()
        self._tell(kind, "rx", method=method, status=status, reason=REASONS.get(status, ""), headers=headers)
        if method == "INVITE" and 200 <= status < 300 and not self._far.takes_events:
            now, without = self._now, (NO_EVENTS,)
            told = SipSignal(earliest_s=now, latest_s=now, kind=MEDIA, direction="own", status=1, headers=without)
            self._new.append(told)
        if method == "BYE" or status >= 300:
            self._release("rx", status or 200)

    def _release(self, by: str, status: int = 200) -> None:
        if self._end is None:
            self._tell(RELEASED, by, status=status)
            self._end = self._now

    def _tell(
        self,
        kind: str,
        direction: str,
        *,
        method: str = "",
        status: int = 0,
        reason: str = "",
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        self._new.append(
            SipSignal(
                earliest_s=self._now,
                latest_s=self._now,
                kind=kind,
                direction=direction,
                method=method,
                status=status,
                reason=reason,
                headers=headers,
            )
        )

    def hear(self) -> tuple[Pcm, tuple[Missing, ...]]:
        """Give whole blocks only, as a file gives them that somebody writes."""
        block = round(BLOCK_S * self.sample_rate_hz)
        until = round(self._now * self.sample_rate_hz)
        until = until if self.over else until // block * block
        new, windows = self._cut(self._heard, max(until, self._heard))
        self._heard = max(until, self._heard)
        self._missing += windows
        return new, tuple(windows)

    def _cut(self, start: int, end: int) -> tuple[Pcm, list[Missing]]:
        samples = self._audio[start:end].copy()
        samples = np.pad(samples, (0, end - start - len(samples)))
        frame = round(FRAME_S * self.sample_rate_hz)
        windows = []
        for index in range(-(-start // frame), end // frame):
            if self._lost(index):
                samples[index * frame - start : (index + 1) * frame - start] = 0
                windows.append(Missing(index * FRAME_S, (index + 1) * FRAME_S, 1))
        return samples, windows

    def play(self, wav: Path) -> None:
        """Play a sound: keys in it are heard as such, and a script may go on when it was said."""
        self._tell(PLAY, "tx", reason=wav.name)
        audio = read(wav)
        heard = listen(audio.mono, sr=audio.sr, plan=load_plan("tw")).segments
        keys = "".join(one.digit or "" for one in heard if one.sound == DTMF)
        if keys:
            self._take(keys)
        elif self._far.on_said is not None:
            self._later.append((self._now + len(audio.mono) / audio.sr, self._far.on_said))

    def send_digits(self, digits: str, *, method: str) -> None:
        """Press digits; the last one that the script knows leads on."""
        if method == "rfc4733" and not self._far.takes_events:
            self._unsent = DigitsNotSent("softphone.digits_not_sent", digits=digits, reason="no telephone-event")
            return
        self._tell(DIGIT, "tx", method=method, reason=digits)
        if method == "info":
            self._tell(RESPONSE, "rx", method="INFO", status=self._far.info_status)
        if method != "info" or self._far.info_status < 300:
            self._take(digits)

    def _take(self, digits: str) -> None:
        far = self._far
        taken = digits[max(far.digits_lost - self._lost_digits, 0) :]
        self._lost_digits += len(digits) - len(taken)
        taken = "".join(2 * digit for digit in taken) if far.digits_doubled else taken
        for digit in taken if far.echoes_digits else "":
            self._tell(DIGIT, "rx", reason=digit)
        if self._now - self._begun < far.deaf_until_s:
            return
        for digit in taken:
            if digit in self._far.on_digit:
                self._follow(self._far.on_digit[digit], self._now)

    def bridge(self, other: Call, *, talk: bool = True) -> None:
        """Note whom it is joined with, and whether they may speak."""
        self.bridged.append((other, talk))

    def ask(self) -> None:
        """Answered at once by a far end that is there."""
        if not self.over:
            self._tell(RESPONSE, "rx", method="OPTIONS", status=200, reason="OK")

    def hang_up(self) -> None:
        """Release the call."""
        self._release("tx")

    def lose(self) -> None:
        """Lose the telephone's process, as a crash would."""
        self._tell(FAULT, "own", reason="scripted")
        self._end = self._now

    def finish(self) -> Recording:
        """Write both recordings and an empty trace, as the real telephone leaves them."""
        self.hang_up()
        end = round((self._end or 0.0) * self.sample_rate_hz)
        far, windows = self._cut(0, end)
        paths = {name: self._folder / f"{self.leg}.{name}" for name in ("far.wav", "near.wav", "sip")}
        write_wav(paths["far.wav"], far, sample_rate_hz=self.sample_rate_hz)
        write_wav(paths["near.wav"], np.zeros(end, np.int16), sample_rate_hz=self.sample_rate_hz)
        paths["sip"].write_text("", encoding="utf-8")
        return Recording(
            far=paths["far.wav"],
            near=paths["near.wav"],
            trace=paths["sip"],
            zero_earliest_s=0.0,
            zero_latest_s=0.0,
            sample_rate_hz=self.sample_rate_hz,
            wall_s=self._end,
            missing=tuple(windows),
            packets=end // round(FRAME_S * self.sample_rate_hz) - len(windows),
            lost=len(windows),
        )


class ScriptedSoftphone:
    """Dials scripted far ends by number."""

    def __init__(
        self, numbers: dict[str, FarEnd], *, sample_rate_hz: int = 8000, lost: Callable[[int], bool] = lambda _: False
    ) -> None:
        self._numbers, self.sample_rate_hz, self._lost = numbers, sample_rate_hz, lost
        self.dialled: list[str] = []

    def dial(self, leave: Permit, *, call_id: str, folder: Path, headers: dict[str, str]) -> ScriptedCall:
        """Begin a call with the far end of that number; a number without one answers 404."""
        redeem(leave)
        number = leave.number
        self.dialled.append(number)
        far = self._numbers.get(number, FarEnd().says(0.05, 404))
        return ScriptedCall(far, leg=call_id, folder=folder, sample_rate_hz=self.sample_rate_hz, lost=self._lost)
