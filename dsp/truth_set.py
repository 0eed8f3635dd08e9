"""Calls with a known truth, made from a seed, and what the ear makes of them.

Pure: a seed and some voices in, calls out; a call and what was heard in it in, a row of errors out. The truth
of a call is what its maker did; nothing in it is measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dsp import synthesis as syn
from dsp.legs import ANSWERED, NO_ANSWER, NONE
from dsp.listen import Listening
from dsp.segment import BUSY, CONGESTION
from dsp.tone_plan import TonePlan

Array = npt.NDArray[np.float32]
SR = 8000

CODECS = ("a", "u", "gsm", "g726", "")
DENSE_AT_S = (9.0, 10.0, 12.0)
"""Where the rules change their points, and so where many calls are picked up."""
LEAST_VOICE_DB = 10.0
"""The voice is so much louder than the noise of the lifted handset: less is no conversation."""
UNHEARD_S = 0.012
"""A burst cut shorter than this is no ring to anybody; no call is made with one."""


SPARED = round(0.060 * SR)
"""A burst cut shorter than this loses no packet: one of three packets that all were lost is no ring to
anybody."""


UNDECIDED_S = 0.003
"""Cut so shortly before its end a burst sounds like a whole one, which fades out in 2 ms: no call is made so."""


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
    """Legs before the one that rings: 1 behind an IVR's prompt."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What the line did to the call."""

    level_dbfs: float
    """Ringback's level."""
    voice_dbfs: float
    """The voice's level."""
    snr_db: float
    """Ringback over the line's noise before the pick-up."""
    noise_step_db: float
    """How much the noise rises when the handset is lifted."""
    codec: str
    """G.711's a or u, gsm, g726, or empty for none."""
    loss: float
    """Share of 20 ms packets lost."""
    stretch: float
    """Length of the cadence against the plan's."""
    detune: float
    """Frequencies against the plan's."""


@dataclass(frozen=True, slots=True)
class TruthCall:
    """A call, its truth and its conditions."""

    samples: npt.NDArray[np.int16]
    """Mono at 8 kHz."""
    truth: Truth
    """What happened."""
    condition: Condition
    """What the line did."""
    missing: tuple[tuple[int, int], ...]
    """Packets the receiver knows it lost."""


def make_calls(
    seed: int, count: int, *, plan: TonePlan, voices: Sequence[Array], strict: bool = True
) -> Iterator[TruthCall]:
    """`count` calls of one plan.

    Args:
        seed: the same seed makes the same calls.
        count: how many.
        plan: whose tones ring.
        voices: utterances at 8 kHz that begin with their first sample.
        strict: cadence and frequencies are the plan's own; else off by up to 15 % and 2 %.
    """
    for index in range(count):
        yield make_call(np.random.default_rng([seed, index]), plan=plan, voices=voices, strict=strict)


def make_call(rng: np.random.Generator, *, plan: TonePlan, voices: Sequence[Array], strict: bool = True) -> TruthCall:
    """One call: eight of ten are answered; the others are busy, congested, or never answered."""
    condition = _condition(rng, strict=strict)
    kind = rng.choice([ANSWERED, NO_ANSWER, BUSY, CONGESTION], p=[0.8, 0.1, 0.06, 0.04])
    lead = round(rng.uniform(0.1, 2.5) * SR)
    if kind == ANSWERED:
        prompt = _prompt(rng, condition, voices) if rng.random() < 0.25 else None
        clean, truth, answered = _answered(rng, plan, condition, voices, lead, prompt)
    elif kind == NO_ANSWER:
        clean, truth, answered = _unanswered(rng, plan, condition, lead)
    else:
        clean, truth, answered = _refused(rng, plan, condition, lead, str(kind))
    noisy = clean + _line_noise(rng, len(clean), answered, condition)
    heard = coded(noisy, condition.codec)
    keep = _spared(truth, plan, condition.stretch)
    heard, lost = syn.lose_packets(
        heard, sr=SR, share=condition.loss, rng=rng, conceal=bool(rng.random() < 0.5), keep=keep
    )
    known = lost if rng.random() < 0.5 else ()
    return TruthCall(syn.to_int16(heard), truth, condition, known)


def _spared(truth: Truth, plan: TonePlan, stretch: float) -> tuple[int, int] | None:
    """The samples of a burst cut so short that its packets must arrive."""
    if truth.pick_up is None or truth.ring_onset is None:
        return None
    within = (truth.pick_up - truth.ring_onset) / SR % (plan.period_s * stretch)
    piece = min((within - start for start, _ in _ring_starts(plan, stretch) if start <= within), default=1.0)
    return (truth.pick_up - round(piece * SR), truth.pick_up) if piece * SR < SPARED else None


def coded(wave: Array, codec: str) -> Array:
    """There and back through a codec by its name in `CODECS`."""
    if codec in ("a", "u"):
        return syn.g711(wave, law=codec)
    if codec == "gsm":
        return syn.adpcm(wave, subtype="GSM610")
    return syn.adpcm(wave, subtype="G721_32") if codec == "g726" else wave


def _condition(rng: np.random.Generator, *, strict: bool) -> Condition:
    level = float(rng.uniform(-40, -6))
    snr = float(rng.uniform(10, 45))
    voice = float(np.clip(level + rng.uniform(-8, 8), max(level - snr + 20, -45), -10))
    step = float(rng.choice([0.0, 0.0, rng.uniform(-6, 15)]))
    return Condition(
        level_dbfs=level,
        voice_dbfs=voice,
        snr_db=snr,
        noise_step_db=min(step, voice - (level - snr) - LEAST_VOICE_DB),
        codec=str(rng.choice(CODECS)),
        loss=float(rng.choice([0.0, 0.0, 0.01, 0.03, 0.05])),
        stretch=1.0 if strict else float(rng.uniform(0.85, 1.15)),
        detune=1.0 if strict else float(rng.uniform(0.98, 1.02)),
    )


def _ring_starts(plan: TonePlan, stretch: float) -> tuple[tuple[float, float], ...]:
    """(start, end) of each burst in one period."""
    at, out = 0.0, []
    for on, off in plan.cadence:
        out.append((at * stretch, (at + on) * stretch))
        at += on + off
    return tuple(out)


def _pick_up_s(rng: np.random.Generator, plan: TonePlan, stretch: float) -> float:
    """Seconds from ring onset: half of them near the rules' limits, never within a hair of a burst's
    start."""
    period = plan.period_s * stretch
    while True:
        dense = rng.random() < 0.5
        at = float(rng.choice(DENSE_AT_S) + rng.uniform(-0.6, 0.6)) if dense else float(rng.uniform(0.25, 25))
        within = at % period
        bursts = _ring_starts(plan, stretch)
        heard = all(not -0.003 < within - start < UNHEARD_S for start, _ in (*bursts, (period, 0)))
        if heard and all(not -UNDECIDED_S < within - end < 0.001 for _, end in bursts):
            return at


def _answered(
    rng: np.random.Generator,
    plan: TonePlan,
    condition: Condition,
    voices: Sequence[Array],
    lead: int,
    prompt: Array | None,
) -> tuple[Array, Truth, int]:
    at = _pick_up_s(rng, plan, condition.stretch)
    ringing = _tone(rng, plan, condition, at)
    wait = round(float(rng.choice([rng.uniform(0.05, 0.6), rng.uniform(0.05, 3.5)])) * SR)
    voice = syn.at_level(voices[int(rng.integers(len(voices)))], condition.voice_dbfs)
    tail = syn.silence(float(rng.uniform(0.2, 2)), sr=SR)
    head = np.zeros(lead, np.float32) if prompt is None else np.concatenate([np.zeros(lead, np.float32), prompt])
    pick_up = len(head) + len(ringing)
    clean = np.concatenate([head, ringing, np.zeros(wait, np.float32), voice, tail])
    rings = int(at // (plan.period_s * condition.stretch)) + 1
    before = 0 if prompt is None else 1
    return clean, Truth(ANSWERED, rings, len(head), pick_up, pick_up + wait, before), pick_up


def _prompt(rng: np.random.Generator, condition: Condition, voices: Sequence[Array]) -> Array:
    """An IVR's prompt and the wait after it."""
    voice = syn.at_level(voices[int(rng.integers(len(voices)))], condition.voice_dbfs)
    return np.concatenate([voice, syn.silence(float(rng.uniform(0.4, 3)), sr=SR)])


def _tone(rng: np.random.Generator, plan: TonePlan, condition: Condition, seconds: float) -> Array:
    return syn.cadence(
        plan.ringback,
        seconds,
        sr=SR,
        level_dbfs=condition.level_dbfs,
        stretch=condition.stretch,
        detune=condition.detune,
        rng=rng if rng.random() < 0.5 else None,
    )


def _unanswered(rng: np.random.Generator, plan: TonePlan, condition: Condition, lead: int) -> tuple[Array, Truth, int]:
    period = plan.period_s * condition.stretch
    at = float(rng.integers(3, 10)) * period + float(rng.uniform(0.1, 0.9)) * period
    ringing = _tone(rng, plan, condition, at)
    clean = np.concatenate([np.zeros(lead, np.float32), ringing, syn.silence(float(rng.uniform(0, 0.5)), sr=SR)])
    return clean, Truth(NO_ANSWER, int(at // period) + 1, lead, None, None), len(clean)


def _refused(
    rng: np.random.Generator, plan: TonePlan, condition: Condition, lead: int, kind: str
) -> tuple[Array, Truth, int]:
    tone = plan.busy if kind == BUSY else plan.congestion
    if tone is None:
        return np.zeros(lead, np.float32), Truth(NONE, 0, None, None, None), lead
    seconds = float(rng.uniform(4, 10))
    wave = syn.cadence(tone, seconds, sr=SR, level_dbfs=condition.level_dbfs, stretch=condition.stretch)
    return np.concatenate([np.zeros(lead, np.float32), wave]), Truth(kind, 0, None, None, None), lead + len(wave)


def _line_noise(rng: np.random.Generator, n: int, answered: int, condition: Condition) -> Array:
    noise = syn.white_noise(n, rng=rng, level_dbfs=condition.level_dbfs - condition.snr_db)
    noise[answered:] *= 10 ** (condition.noise_step_db / 20)
    return noise


@dataclass(frozen=True, slots=True)
class Row:
    """What the ear made of one call."""

    rings_wrong: bool
    """Another number of rings, or no leg."""
    outcome_wrong: bool
    """Another outcome."""
    truth_outside: bool
    """The pick-up interval, the latency interval or the ring onset does not hold the truth."""
    voice_error_s: float | None
    """Voice heard minus voice begun; None where one of them is missing."""
    onset_error_s: float | None
    """Ring heard minus ring begun."""
    width_s: float | None
    """Width of the pick-up interval."""
    least_s: float | None
    """Width that any ear is left with: none in a cut burst, else from the burst's end to voice or next
    burst."""
    unsure: bool
    """10 s lies inside the interval: the verdict of a 10 s rule is unsure."""
    unsure_for_any: bool
    """It would be for any ear."""
    condition: Condition
    """The line."""


def judge(call: TruthCall, heard: Listening, *, plan: TonePlan) -> Row:
    """Compare what was heard with the truth of the call."""
    truth = call.truth
    leg = heard.legs[truth.before] if len(heard.legs) > truth.before else None
    outcome = leg.outcome if leg else NONE
    rings = leg.rings if leg else 0
    pick = leg.pick_up if leg else None
    outside = False
    if truth.pick_up is not None and truth.ring_onset is not None and leg and pick:
        latency = truth.pick_up - truth.ring_onset
        outside = truth.pick_up not in pick
        outside |= leg.answer_latency is None or latency not in leg.answer_latency
        outside |= leg.ring_onset is None or truth.ring_onset not in leg.ring_onset
    voice = onset = None
    if leg and leg.voice_onset and truth.voice_onset is not None:
        voice = ((leg.voice_onset.earliest + leg.voice_onset.latest) / 2 - truth.voice_onset) / SR
    if leg and leg.ring_onset and truth.ring_onset is not None:
        onset = ((leg.ring_onset.earliest + leg.ring_onset.latest) / 2 - truth.ring_onset) / SR
    least = _least(truth, plan, call.condition.stretch)
    limit = 10 * SR
    any_ear = least is not None and least[0] < limit < least[1]
    unsure = bool(leg and leg.answer_latency and leg.answer_latency.earliest < limit < leg.answer_latency.latest)
    return Row(
        rings_wrong=rings != truth.rings,
        outcome_wrong=outcome != truth.outcome or len(heard.legs) != truth.before + 1,
        truth_outside=outside or (truth.pick_up is not None and pick is None),
        voice_error_s=voice,
        onset_error_s=onset,
        width_s=(pick.latest - pick.earliest) / SR if pick else None,
        least_s=(least[1] - least[0]) / SR if least else None,
        unsure=unsure,
        unsure_for_any=any_ear,
        condition=call.condition,
    )


def _least(truth: Truth, plan: TonePlan, stretch: float) -> tuple[float, float] | None:
    """The narrowest latency interval the sound allows, in samples."""
    if truth.pick_up is None or truth.ring_onset is None:
        return None
    latency = (truth.pick_up - truth.ring_onset) / SR
    period = plan.period_s * stretch
    within = latency % period
    bursts = _ring_starts(plan, stretch)
    if any(start <= within < end for start, end in bursts):
        return latency * SR, latency * SR
    base = latency - within
    last = max(end for _, end in bursts if end <= within)
    due = min((start for start, _ in (*bursts, (period, 0.0)) if start > within), default=period)
    voice = (truth.voice_onset - truth.ring_onset) / SR if truth.voice_onset is not None else float("inf")
    return (base + last) * SR, min(base + due, voice) * SR


def table(rows: Sequence[Row]) -> tuple[tuple[str, str], ...]:
    """The figures of a run: (what, how much)."""
    voice = np.array([r.voice_error_s for r in rows if r.voice_error_s is not None])
    onset = np.array([r.onset_error_s for r in rows if r.onset_error_s is not None])
    extra = np.array([r.width_s - r.least_s for r in rows if r.width_s is not None and r.least_s is not None])
    return (
        ("calls", str(len(rows))),
        ("ring count wrong", str(sum(r.rings_wrong for r in rows))),
        ("outcome wrong", str(sum(r.outcome_wrong for r in rows))),
        ("interval without the truth", str(sum(r.truth_outside for r in rows))),
        ("voice onset error, ms: median, p95, max", _spread(voice)),
        ("ring onset error, ms: median, p95, max", _spread(onset)),
        ("interval wider than any ear's, ms: median, p95, max", _spread(extra)),
        ("10 s verdict unsure", str(sum(r.unsure for r in rows))),
        ("unsure for any ear", str(sum(r.unsure_for_any for r in rows))),
    )


def _spread(errors: npt.NDArray[np.float64]) -> str:
    if not len(errors):
        return "none"
    size = np.abs(errors)
    return f"{np.median(errors) * 1000:.0f}, {np.percentile(size, 95) * 1000:.0f}, {size.max() * 1000:.0f}"
