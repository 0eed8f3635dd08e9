"""Rings that a line clipped until their tones could not be told any more: told by their loudness, where one was due.

Clipped hard, and coded so, two tones become many that waver. Their loudness does not: it rises where a ring was due,
holds still for as long as a ring lasts, or until it was picked up, and falls back. No voice does all three."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np

from dsp.ringing.lengths import fits
from dsp.second_look.loud_stretch import (
    AROUND_S,
    FALLS_DB,
    FRAME_S,
    LEAST_S,
    NEAR_S,
    STEADY_WHOLE,
    Samples,
    beat_frames,
    clips,
    end_of,
    is_steady,
    levels_db,
    median_db,
    ring_at,
)
from dsp.segment import MISSING, RINGBACK, SPEECH, Segment
from dsp.tone_plan import TonePlan

_ROUNDED = 0.0005
_LATE_S = 0.11
"""Five packets."""
_GOES_ON_S = 0.1
"""Where a voice was heard from a ring's start until so long after its end, the ring may be the voice's first vowel."""


@dataclass(frozen=True, slots=True)
class Clipped:
    """What was heard, with the rings that the line clipped."""

    segments: tuple[Segment, ...]
    """By start, with the clipped rings among them; what passed for speech inside one is left out."""
    doubtful: tuple[Segment, ...] = ()
    """What may have been a ring that was cut, or a voice: it is not among them."""


def with_clipped_rings(segments: Sequence[Segment], samples: Samples, *, sr: int, plan: TonePlan) -> Clipped:
    """The segments and the clipped rings.

    Args:
        segments: what was heard.
        samples: the call, mono, int16 or floats in [-1, 1], (n,).
        sr: samples a second.
        plan: whose tones ring.
    """
    ordered = sorted(segments, key=lambda s: (s.start, s.end))
    rings = [s for s in ordered if s.sound == RINGBACK]
    if not rings or not clips(samples):
        return Clipped(tuple(ordered))
    found = _ahead_of(rings, ordered, samples, sr=sr, plan=plan)
    for last, following in zip(rings, (*(s.start for s in rings[1:]), len(samples)), strict=True):
        before = [s for s in rings if s.start < last.start]
        found += _behind(last, before, following, ordered, samples, sr=sr, plan=plan)
    doubtful = tuple(ring for ring in found if _may_be_voice(ring, ordered, sr=sr))
    found = [ring for ring in found if ring not in doubtful]
    kept = [s for s in ordered if s not in rings and not (s.sound == SPEECH and _is_inside(s, found, sr=sr))]
    own = [s for s in rings if not any(f.start <= s.start < f.end for f in found)]
    return Clipped(tuple(sorted((*kept, *own, *found), key=lambda s: (s.start, s.end))), doubtful)


def _ahead_of(
    rings: Sequence[Segment], ordered: Sequence[Segment], samples: Samples, *, sr: int, plan: TonePlan
) -> list[Segment]:
    """The clipped rings before the first that was told by its tones, back to where the next thing was heard that is no
    speech: whole ones, for nobody had picked up."""
    others = (s.end for s in ordered if s.sound not in (MISSING, SPEECH) and s.end <= rings[0].start)
    since, level_db = max(others, default=0), median_db(samples[rings[0].start : rings[0].end], sr=sr)
    scale = _scale(rings, sr=sr, plan=plan)
    found: list[Segment] = []
    ring: Segment | None = rings[0]
    while ring is not None:
        pairs = [(on * scale, ring.start - round((on + off) * scale * sr)) for on, off in plan.cadence]
        quiet = samples[: ring.start]
        each = [ring_at(quiet, at, on, level_db, beat=beat_frames(plan), sr=sr) for on, at in pairs if at >= since]
        ring = next((one for one in each if one is not None and _is_whole(one, pairs, sr=sr)), None)
        found = found if ring is None else [ring, *found]
    return found


def _is_whole(ring: Segment, pairs: Sequence[tuple[float, int]], *, sr: int) -> bool:
    return any(abs(ring.length / sr - on) <= NEAR_S for on, _ in pairs)


def _behind(
    last: Segment,
    before: Sequence[Segment],
    following: int,
    ordered: Sequence[Segment],
    samples: Samples,
    *,
    sr: int,
    plan: TonePlan,
) -> list[Segment]:
    """The clipped rings behind a burst, up to where the next thing was heard that is no speech."""
    others = (s.start for s in ordered if s.sound not in (MISSING, SPEECH) and s.start > last.start)
    until = min(min(others, default=len(samples)), following)
    begun = _begun([*before, last], plan.period_s * _scale([*before, last], sr=sr, plan=plan) * sr, sr=sr)
    whole = _whole(last, begun, until, samples, sr=sr, plan=plan)
    found: list[Segment] = [] if whole is None else [whole]
    known = [*before, last if whole is None else whole]
    while True:
        ring = _next(known, until, samples, sr=sr, plan=plan)
        if ring is None:
            return found
        found.append(ring)
        known.append(ring)


def _next(known: Sequence[Segment], until: int, samples: Samples, *, sr: int, plan: TonePlan) -> Segment | None:
    """The first clipped ring where one was due behind the last that is known."""
    last = known[-1]
    scale = _scale(known, sr=sr, plan=plan)
    begun = _begun(known, plan.period_s * scale * sr, sr=sr)
    for on, due_s in _dues(plan):
        at = begun + round(due_s * scale * sr)
        if at + round(LEAST_S * sr) > until:
            continue
        level_db = median_db(samples[last.start : last.end], sr=sr)
        ring = ring_at(samples[: min(until, len(samples))], at, on * scale, level_db, beat=beat_frames(plan), sr=sr)
        if ring is not None:
            return ring
    return None


def _begun(known: Sequence[Segment], period: float, *, sr: int) -> int:
    """Where the last of some bursts began, as those before it tell: lost packets make one late, never early."""
    start = known[-1].start
    told = (one.start + round(round((start - one.start) / period) * period) for one in known)
    return min(at for at in told if 0 <= start - at <= _LATE_S * sr)


def _whole(last: Segment, begun: int, until: int, samples: Samples, *, sr: int, plan: TonePlan) -> Segment | None:
    """A burst to its end, where the line began to clip inside it; None: it ended where it was heard to."""
    for on, _ in plan.cadence:
        rest_s = on - (last.end - begun) / sr
        if last.stops or rest_s <= 2 * NEAR_S or begun + round(on * sr) >= until:
            continue
        levels = levels_db(samples[last.end : begun + round((on + AROUND_S) * sr)], round(FRAME_S * sr))
        at = round(rest_s / FRAME_S)
        over = end_of(levels > float(np.median(levels[:at])) - FALLS_DB, levels)
        if over is None or abs(over - at) * FRAME_S > NEAR_S:
            continue
        if is_steady(levels[:over], STEADY_WHOLE, beat=beat_frames(plan)):
            return Segment(RINGBACK, last.start, last.end + round(over * FRAME_S * sr), begins=last.begins)
    return None


def _dues(plan: TonePlan) -> list[tuple[float, float]]:
    """(length, seconds behind a burst's start) of the bursts that may come next."""
    ons = [on for on, _ in plan.cadence]
    steps = [on + off for on, off in plan.cadence]
    return [(ons[(place + 1) % len(ons)], step) for place, step in enumerate(steps)]


def _scale(known: Sequence[Segment], *, sr: int, plan: TonePlan) -> float:
    """How much slower than the plan's the cadence runs, by the bursts' distances; where any two of them, or their ends,
    keep the plan's period, it is the plan's."""
    steps, period_s = [on + off for on, off in plan.cadence], plan.period_s
    apart = [by / sr for a, b in combinations(known, 2) for by in (b.start - a.start, b.end - a.end)]
    whole = [one / period_s / round(one / period_s) for one in apart if round(one / period_s)]
    if any(abs(ratio - 1) <= _ROUNDED for ratio in whole):
        return 1.0
    near = [(b.start - a.start) / sr for a, b in pairwise(known)]
    told = [one / step for one in near for step in steps if fits(one, step)]
    return float(np.median(told)) if told else 1.0


def _may_be_voice(ring: Segment, ordered: Sequence[Segment], *, sr: int) -> bool:
    """Whether the network heard a voice from a ring's start on that was not over with it."""
    near, goes_on = 2 * NEAR_S * sr, _GOES_ON_S * sr
    spoken = (s for s in ordered if s.sound == SPEECH)
    return any(abs(s.start - ring.start) <= near and s.end > ring.end + goes_on for s in spoken)


def _is_inside(speech: Segment, rings: Sequence[Segment], *, sr: int) -> bool:
    near = 2 * NEAR_S * sr
    return any(ring.start - near <= speech.start and speech.end <= ring.end + near for ring in rings)
