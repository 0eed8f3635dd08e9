"""Calls with a known truth, made from a seed.

A seed and some voices in, calls out: the same seed makes the same calls. The truth of a call is what its maker did;
nothing in it is measured. What happens in a call is `truth_scenes`, what the line does to it `truth_line`, what an
ear made of it `truth_judge`.

No call is made whose truth no ear could tell: a burst cut within 12 ms of its start or while it fades out, one cut
within 60 ms whose packets were lost, a hole in the packets over the very moment of the pick-up, congestion where a
plan has one tone for it and for busy, a pick-up after which nothing is ever heard."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from dsp import synthesis as syn
from dsp.tone_plan import TonePlan
from dsp.truth.concealment import played_out
from dsp.truth.truth_line import CODECS, SR, WIDE, Condition, coded, draw_condition, lose, on_the_line
from dsp.truth.truth_scenes import Scenery, Truth, ring_starts

__all__ = ["CODECS", "SR", "Condition", "Truth", "TruthCall", "coded", "make_call", "make_calls"]

Array = npt.NDArray[np.float32]

SPARED_S = 0.060
"""A burst cut shorter than this loses no packet: one of three packets that all were lost is no ring to
anybody."""


MOST_MOVED = 0.01
"""Share of packets, at most, at which a jitter buffer puts a frame in, and at which it leaves one out."""
BUFFER_S = 0.085
"""Two frames put in or left out are 40 ms, twice that between two moments; a telephone's own rounding comes on top."""


@dataclass(frozen=True, slots=True)
class TruthCall:
    """A call, its truth and its conditions."""

    samples: npt.NDArray[np.int16]
    """Mono, (n,)."""
    truth: Truth
    """What happened, in samples of this call's rate."""
    condition: Condition
    """What the line did."""
    missing: tuple[tuple[int, int], ...]
    """Packets the receiver knows it lost."""
    lost: tuple[tuple[int, int], ...] = ()
    """(start, end) samples that never came, whoever knows it."""
    sr: int = SR
    """Samples a second: 8000, or 16000 behind the wide codec."""
    buffer_s: float = 0.0
    """So much sound the telephone's jitter buffer may have put in or taken out at any place."""


def make_calls(
    seed: int, count: int, *, plan: TonePlan, voices: Sequence[Array], strict: bool = True, plain: bool = False
) -> Iterator[TruthCall]:
    """`count` calls of one plan.

    Args:
        seed: the same seed makes the same calls.
        count: how many.
        plan: whose tones ring.
        voices: utterances at 8 kHz that begin with their first sample.
        strict: cadence and frequencies are the plan's own; else off by up to 15 % and 2 %.
        plain: as `make_call` has it.
    """
    for index in range(count):
        rng = np.random.default_rng([seed, index])
        yield make_call(rng, plan=plan, voices=voices, strict=strict, plain=plain)


def make_call(
    rng: np.random.Generator,
    *,
    plan: TonePlan,
    voices: Sequence[Array],
    strict: bool = True,
    plain: bool = False,
    buffered: bool = False,
) -> TruthCall:
    """One call, all of it drawn from `rng`.

    `plain`: on a line with nothing but white noise and single lost packets, answered by a person or not at all.
    `buffered`: heard through a telephone's jitter buffer, which conceals lost packets and moves what comes later."""
    condition = draw_condition(rng, strict=strict, plain=plain)
    scene = Scenery(rng, plan, condition, voices).draw(plain=plain)
    noisy = on_the_line(scene.clean, condition, answered=scene.answered, voices=voices, rng=rng)
    heard = coded(noisy, condition.codec)
    sr = 2 * SR if condition.codec == WIDE else SR
    truth = _at_rate(scene.truth, sr // SR)
    spared = _spared(truth, plan, condition.stretch, sr)
    if buffered:
        return _through_a_buffer(heard, truth, condition, sr=sr, rng=rng, keep=spared)
    shy = [at for at in (truth.ring_onset, truth.pick_up, truth.reply) if at is not None]
    heard, lost = lose(heard, condition, sr=sr, rng=rng, keep=spared, shy=shy)
    known = lost if rng.random() < 0.5 else ()
    return TruthCall(syn.to_int16(heard), truth, condition, known, lost, sr)


def _at_rate(truth: Truth, factor: int) -> Truth:
    """The truth in samples of another rate."""
    return _moved(truth, lambda at: at * factor)


def _moved(truth: Truth, where: Callable[[int], int]) -> Truth:
    def moved(at: int | None) -> int | None:
        return None if at is None else where(at)

    return replace(
        truth,
        ring_onset=moved(truth.ring_onset),
        pick_up=moved(truth.pick_up),
        voice_onset=moved(truth.voice_onset),
        music_onset=moved(truth.music_onset),
    )


def _through_a_buffer(
    heard: Array, truth: Truth, condition: Condition, *, sr: int, rng: np.random.Generator, keep: tuple[int, int] | None
) -> TruthCall:
    """The call as a telephone plays it out; it does not say which packets it lost."""
    played = played_out(heard, sr=sr, lost=condition.loss, moved=float(rng.uniform(0, MOST_MOVED)), rng=rng, keep=keep)
    return TruthCall(
        syn.to_int16(played.samples), _moved(truth, played.at), condition, (), played.missing, sr, BUFFER_S
    )


def _spared(truth: Truth, plan: TonePlan, stretch: float, sr: int) -> tuple[int, int] | None:
    """The samples of a burst cut so short that its packets must arrive."""
    if truth.pick_up is None or truth.ring_onset is None:
        return None
    within = (truth.pick_up - truth.ring_onset) / sr % (plan.period_s * stretch)
    piece = min((within - start for start, _ in ring_starts(plan, stretch) if start <= within), default=1.0)
    return (truth.pick_up - round(piece * sr), truth.pick_up) if piece < SPARED_S else None
