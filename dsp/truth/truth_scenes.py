"""What happens in a made call: who rings, who picks up when, what is heard before and after; clean, at 8 kHz."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dsp import synthesis as syn
from dsp.answering.legs import ANSWERED, NO_ANSWER, NONE
from dsp.segment import BUSY, CONGESTION
from dsp.tone_plan import Tone, TonePlan
from dsp.truth import made_sounds as made
from dsp.truth.truth_line import Condition

Array = npt.NDArray[np.float32]
SR = 8000

DENSE_AT_S = (9.0, 10.0, 12.0)
"""Where the rules change their points, and so where many calls are picked up."""
UNHEARD_S = 0.012
"""A burst cut shorter than this is no ring to anybody; no call is made with one."""
UNDECIDED_S = 0.001
"""Cut so shortly before its fading, or in it, a burst sounds like a whole one: no call is made so."""
REFUSED_AFTER_RINGING, COLOUR, TALK = "refused_after_ringing", "colour", "talk"
KINDS = {
    ANSWERED: 0.74,
    NO_ANSWER: 0.08,
    BUSY: 0.06,
    CONGESTION: 0.04,
    REFUSED_AFTER_RINGING: 0.03,
    COLOUR: 0.03,
    TALK: 0.02,
}
"""How often what happens."""
_MUSIC: tuple[Callable[..., Array], ...] = (made.plucked, made.held, made.sung)


@dataclass(frozen=True, slots=True)
class Truth:
    """What happened in a call."""

    outcome: str
    """answered, busy, congestion, no_answer, none."""
    rings: int
    """Cadence periods begun."""
    ring_onset: int | None
    """First sample of the first burst."""
    pick_up: int | None
    """The sample of the pick-up; None: never."""
    voice_onset: int | None
    """First sample of the voice; None: nobody spoke."""
    before: int = 0
    """Legs before the one that rings: 1 behind an IVR's prompt or an operator."""
    after: int = 0
    """Legs behind it: 1 where a busy tone says that the other side hung up."""
    music_onset: int | None = None
    """First sample of music that came instead of a voice, or before it."""

    @property
    def reply(self) -> int | None:
        """The first sound after the pick-up."""
        return min((at for at in (self.voice_onset, self.music_onset) if at is not None), default=None)


@dataclass(frozen=True, slots=True)
class Scene:
    """A call before the line did anything to it."""

    clean: Array
    """Samples at 8 kHz."""
    truth: Truth
    """What happened."""
    answered: int
    """From this sample on the other side's room is heard; the end where nobody picked up."""


def ring_starts(plan: TonePlan, stretch: float) -> tuple[tuple[float, float], ...]:
    """(start, end) seconds of each burst in one period."""
    at, out = 0.0, []
    for on, off in plan.cadence:
        out.append((at * stretch, (at + on) * stretch))
        at += on + off
    return tuple(out)


def _sound_alike(one: Tone | None, other: Tone) -> bool:
    """Whether two signals differ by less than exchanges' tolerances allow."""
    if one is None or {*one.cadence} != {*other.cadence}:
        return False
    pitches = [f for tone in (one, other) for step in tone.steps for f in step.frequencies_hz]
    return max(pitches) <= min(pitches) * 1.02 or one == other


class Scenery:
    """Makes scenes on one line, by one plan, with some voices."""

    def __init__(self, rng: np.random.Generator, plan: TonePlan, condition: Condition, voices: Sequence[Array]) -> None:
        self._rng = rng
        self._plan = plan
        self._line = condition
        self._voices = voices

    def draw(self, *, plain: bool = False) -> Scene:
        """One scene. `plain`: nobody but a person answers, and no music plays."""
        names = [name for name in KINDS if not plain or name in (ANSWERED, NO_ANSWER, BUSY, CONGESTION)]
        shares = np.array([KINDS[name] for name in names])
        kind = str(self._rng.choice(names, p=shares / shares.sum()))
        lead = syn.silence(float(self._rng.uniform(0.1, 2.5)), sr=SR)
        if kind == ANSWERED:
            return self._answered(lead, plain=plain)
        if kind == NO_ANSWER:
            return self._unanswered(lead)
        if kind == REFUSED_AFTER_RINGING:
            return self._refused_after_ringing(lead)
        if kind in (COLOUR, TALK):
            return self._without_ringing(lead, music=kind == COLOUR)
        return self._refused(lead, kind)

    def _answered(self, lead: Array, *, plain: bool) -> Scene:
        before, legs = self._before(plain=plain)
        at = self._pick_up_s()
        head = np.concatenate([lead, before])
        ringing = self._tone(self._plan.ringback, at)
        rng, pick_up = self._rng, len(head) + len(ringing)
        longest = 0.6 if rng.random() < 0.5 else float(rng.choice([3.5, 6.0]))
        wait = syn.silence(float(rng.uniform(0.05, longest)), sr=SR)
        reply, music, voice = self._reply(plain=plain)
        tail, after = self._tail(plain=plain)
        first = pick_up + len(wait)
        truth = Truth(
            ANSWERED,
            int(at // (self._plan.period_s * self._line.stretch)) + 1,
            len(head),
            pick_up,
            None if voice is None else first + voice,
            legs,
            after,
            None if music is None else first + music,
        )
        return Scene(np.concatenate([head, ringing, wait, reply, tail]), truth, pick_up)

    def _before(self, *, plain: bool) -> tuple[Array, int]:
        """(what is heard before the ringing, how many legs that is): nothing, an IVR with or without music behind it,
        an operator who transfers."""
        kind, rng = self._rng.random(), self._rng
        if kind > (0.25 if plain else 0.38):
            return syn.silence(0, sr=SR), 0
        pause = syn.silence(float(rng.uniform(0.4, 3)), sr=SR)
        if kind < 0.25:
            return np.concatenate([self._voice(), pause]), 1
        hold = [syn.silence(0.3, sr=SR), self._music(float(rng.uniform(4, 9)))] if rng.random() < 0.5 else []
        if kind < 0.31:
            return np.concatenate([self._voice(), *hold, pause]), 1
        ringing = self._tone(self._plan.ringback, self._pick_up_s() % (4 * self._plan.period_s) + 0.3)
        wait = syn.silence(float(rng.uniform(0.1, 0.8)), sr=SR)
        return np.concatenate([ringing, wait, self._voice(), *hold, pause]), 1

    def _reply(self, *, plain: bool) -> tuple[Array, int | None, int | None]:
        """(what is heard after the pick-up, where in it music begins, where a voice)."""
        kind = 1.0 if plain else self._rng.random()
        if kind < 0.06:
            return self._music(float(self._rng.uniform(4, 9))), 0, None
        if kind < 0.1:
            music, pause = self._music(float(self._rng.uniform(4, 9))), syn.silence(0.5, sr=SR)
            return np.concatenate([music, pause, self._voice()]), 0, None
        return self._voice(), None, 0

    def _tail(self, *, plain: bool) -> tuple[Array, int]:
        quiet = syn.silence(float(self._rng.uniform(0.2, 2)), sr=SR)
        if plain or self._rng.random() > 0.06 or self._plan.busy is None:
            return quiet, 0
        pause = syn.silence(0.5, sr=SR)
        return np.concatenate([quiet, pause, self._tone(self._plan.busy, float(self._rng.uniform(4, 8)))]), 1

    def _unanswered(self, lead: Array) -> Scene:
        period = self._plan.period_s * self._line.stretch
        at = float(self._rng.integers(3, 10)) * period + float(self._rng.uniform(0.1, 0.9)) * period
        quiet = syn.silence(float(self._rng.uniform(0, 0.5)), sr=SR)
        clean = np.concatenate([lead, self._tone(self._plan.ringback, at), quiet])
        return Scene(clean, Truth(NO_ANSWER, int(at // period) + 1, len(lead), None, None), len(clean))

    def _refused(self, lead: Array, kind: str) -> Scene:
        kind, tone = self._refusal(kind)
        if tone is None:
            return self._without_ringing(lead, music=False)
        clean = np.concatenate([lead, self._tone(tone, float(self._rng.uniform(4, 10)))])
        return Scene(clean, Truth(kind, 0, None, None, None), len(clean))

    def _refusal(self, kind: str) -> tuple[str, Tone | None]:
        """Where busy and congestion are one tone, it is busy: no ear can tell."""
        plan = self._plan
        if kind == CONGESTION and (plan.congestion is None or _sound_alike(plan.busy, plan.congestion)):
            kind = BUSY
        return kind, plan.busy if kind == BUSY else plan.congestion

    def _refused_after_ringing(self, lead: Array) -> Scene:
        kind, tone = self._refusal(str(self._rng.choice([BUSY, CONGESTION])))
        if tone is None:
            return self._unanswered(lead)
        period = self._plan.period_s * self._line.stretch
        gap = max(ring_starts(self._plan, self._line.stretch)[-1])
        rings = int(self._rng.integers(1, 7))
        at = (rings - 1) * period + float(self._rng.uniform(gap + 0.3, period - 0.15))
        refused = self._tone(tone, float(self._rng.uniform(4, 8)))
        clean = np.concatenate([lead, self._tone(self._plan.ringback, at), refused])
        return Scene(clean, Truth(kind, rings, len(lead), None, None), len(clean))

    def _without_ringing(self, lead: Array, *, music: bool) -> Scene:
        """Music instead of ringback, with or without a voice behind it; or talk alone."""
        rng = self._rng
        pieces = [self._music(float(rng.uniform(6, 20)))] if music else []
        if not music or rng.random() < 0.5:
            pieces += [syn.silence(0.4, sr=SR), self._voice()]
        clean = np.concatenate([lead, *pieces, syn.silence(0.5, sr=SR)])
        return Scene(clean, Truth(NONE, 0, None, None, None), len(clean))

    def _pick_up_s(self) -> float:
        """Seconds from ring onset: half of them near the rules' limits, never within a hair of a burst's start, nor
        where it fades out."""
        line, bursts = self._line, ring_starts(self._plan, self._line.stretch)
        period = self._plan.period_s * line.stretch
        least, undecided = UNHEARD_S + line.fade_s - syn.RAMP_S, line.fade_s + UNDECIDED_S
        while True:
            dense = self._rng.random() < 0.5
            near = float(self._rng.choice(DENSE_AT_S) + self._rng.uniform(-0.6, 0.6))
            at = near if dense else float(self._rng.uniform(0.25, 25))
            within = at % period
            heard = all(not -0.003 < within - start < least for start, _ in (*bursts, (period, 0)))
            if heard and all(not -undecided < within - end < 0.001 for _, end in bursts):
                return at

    def _voice(self) -> Array:
        return syn.at_level(self._voices[int(self._rng.integers(len(self._voices)))], self._line.voice_dbfs)

    def _music(self, seconds: float) -> Array:
        kind = _MUSIC[int(self._rng.integers(len(_MUSIC)))]
        return syn.at_level(kind(seconds, rng=self._rng), self._line.voice_dbfs)

    def _tone(self, tone: Tone, seconds: float) -> Array:
        line = self._line
        return syn.cadence(
            tone,
            seconds,
            sr=SR,
            level_dbfs=line.level_dbfs,
            stretch=line.stretch,
            detune=line.detune,
            rng=self._rng if self._rng.random() < 0.5 else None,
            ramp_s=line.fade_s,
        )
