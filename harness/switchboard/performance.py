"""One call at the embedded agency: its script performed step by step, its truth logged as it happens."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Protocol

import numpy as np

from harness.softphone.growing_wav import write_wav
from harness.switchboard import script as do
from harness.switchboard import sound, truth

_files = count()


@dataclass(frozen=True)
class WaitUntil:
    """Go on at this instant, or when a digit comes and `digits` is set."""

    at_s: float
    """Monotonic seconds."""
    digits: bool = False
    """Whether a digit ends the wait."""


class Telephone(Protocol):
    """What a performance needs of its leg."""

    def answer(self, status: int) -> tuple[float, float]:
        """Send a response; gives the monotonic instants between which it went out."""

    def play(self, wav: Path) -> float:
        """Begin to send a sound; gives the monotonic instant of its sample 0."""

    def hang_up(self) -> None:
        """Release the call."""


class Performance:
    """Performs the script of one number on one incoming call."""

    def __init__(
        self, behaviour: do.Extension, telephone: Telephone, *, call: str, log: Path, sample_rate_hz: int
    ) -> None:
        self._behaviour, self._telephone = behaviour, telephone
        self._call, self._log, self._rate = call, log, sample_rate_hz
        self._onset_s = time.monotonic()
        self._digits: list[str] = []
        self._waiting: WaitUntil | None = None
        self._steps = self._perform(behaviour.steps)

    def digit(self, digit: str) -> None:
        """Take a digit that the caller pressed."""
        self._tell(truth.DIGIT, "ivr", time.monotonic(), digit)
        self._digits.append(digit)

    def released(self, by: str) -> None:
        """Note that the call is over."""
        self._tell(truth.RELEASED if by == "rx" else truth.HUNG_UP, "unit", time.monotonic())

    def go_on(self, now_s: float) -> float | None:
        """Perform what is due; gives the next due instant, None when the script has ended."""
        while self._waiting is None or now_s >= self._waiting.at_s or (self._waiting.digits and self._digits):
            self._waiting = next(self._steps, None)
            if self._waiting is None:
                return None
            now_s = time.monotonic()
        return self._waiting.at_s

    def _perform(self, steps: do.Steps) -> Iterator[WaitUntil]:
        for step in steps:
            match step:
                case do.Digit():
                    yield from self._branch(step)
                case do.Wait():
                    yield self._wait(step)
                case do.Play():
                    yield from self._play(step)
                case do.WaitRelease():
                    yield WaitUntil(time.monotonic() + step.at_most_s)
                    self._telephone.hang_up()
                case _:
                    self._signal(step)

    def _signal(self, step: do.Ring | do.Progress | do.Respond | do.Answer | do.Reject | do.HangUp) -> None:
        match step:
            case do.Ring():
                self._onset_s, until_s = self._telephone.answer(180)
                self._tell(truth.ALERTING, step.leg, self._onset_s, until_s=until_s)
            case do.Progress():
                self._telephone.answer(183)
            case do.Respond():
                self._telephone.answer(step.status)
            case do.Answer():
                at_s, until_s = self._telephone.answer(200)
                if step.leg is not None:
                    self._tell(truth.PICK_UP, step.leg, at_s, until_s=until_s)
            case do.Reject():
                at_s, until_s = self._telephone.answer(step.status)
                self._tell(truth.REJECTED, "unit", at_s, str(step.status), until_s=until_s)
            case do.HangUp():
                self._telephone.hang_up()

    def _wait(self, step: do.Wait) -> WaitUntil:
        if step.after_onset_s is not None:
            return WaitUntil(self._onset_s + step.after_onset_s)
        return WaitUntil(time.monotonic() + (step.seconds or 0.0))

    def _branch(self, step: do.Digit) -> Iterator[WaitUntil]:
        yield WaitUntil(time.monotonic() + step.timeout_s, digits=True)
        pressed = self._digits.pop(0) if self._digits else "timeout"
        block = step.to.get(pressed, step.to.get("other"))
        if block is not None:
            yield from self._perform(self._behaviour.blocks[block])

    def _play(self, step: do.Play) -> Iterator[WaitUntil]:
        pieces = [self._render(part) for part in step.parts]
        whole = np.concatenate(pieces)
        if step.noise_dbfs is not None:
            whole = sound.add_noise(whole, step.noise_dbfs, seed=len(whole))
        wav = Path(tempfile.gettempdir()) / f"thirdring-agency-{time.monotonic_ns()}-{next(_files)}.wav"
        write_wav(wav, sound.to_pcm(whole), sample_rate_hz=self._rate)
        start = self._telephone.play(wav)
        wav.unlink()
        self._tell_parts(step, [len(piece) for piece in pieces], start)
        yield WaitUntil(time.monotonic() if step.go_on else start + len(whole) / self._rate)

    def _render(self, part: do.Part) -> sound.Sound:
        if part.tone is not None:
            return sound.tone(part.tone, part.seconds or 0.0, sample_rate_hz=self._rate)
        if part.prompt is not None:
            whole = sound.prompt(part.prompt, self._rate)
            return whole if part.seconds is None else whole[: round(part.seconds * self._rate)]
        return sound.silence(part.silence_s or 0.0, sample_rate_hz=self._rate)

    def _tell_parts(self, step: do.Play, lengths: list[int], start_s: float) -> None:
        at = start_s
        for part, length in zip(step.parts, lengths, strict=True):
            if part.tone == "ringback":
                self._onset_s = at
                self._tell(truth.RING_ONSET, step.leg, at)
            elif part.tone is not None:
                self._tell(part.tone, step.leg, at)
            elif part.prompt is not None:
                self._tell(part.is_, step.leg, at, part.prompt)
            at += length / self._rate
            if part.then_pick_up:
                self._tell(truth.PICK_UP, step.leg, at)

    def _tell(self, what: str, leg: str, at_s: float, detail: str = "", *, until_s: float | None = None) -> None:
        entry = truth.Truth(
            call=self._call,
            site=self._behaviour.site,
            number=self._behaviour.number,
            what=what,
            leg=leg,
            at_s=at_s,
            detail=detail,
            until_s=until_s,
        )
        entry.write(self._log)
