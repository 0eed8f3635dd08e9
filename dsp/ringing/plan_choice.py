"""The published plan that fits what rings in a recording."""

from __future__ import annotations

from itertools import dropwhile, pairwise

import numpy as np
import numpy.typing as npt

from dsp.bursts.tonal_bursts import TonalBurst, tonal_bursts
from dsp.ringing.heard_tones import HeardTone, heard_tones
from dsp.ringing.lengths import STRETCH
from dsp.tone_plan import Tone, TonePlan, load_plan, plan_names


def find_plan(samples: npt.NDArray[np.generic], *, sr: int) -> TonePlan | None:
    """The published plan whose ringback fits best what rings in a recording; None when nothing known rings.

    Several countries ring alike; of those the first with the busy tone heard, else Taiwan's list order, is
    taken: the rings are the same."""
    heard = heard_tones(samples, sr=sr)
    best, least = None, _FIT_LIMIT
    for plan in map(load_plan, plan_names()):
        ring = min((_distance(plan.ringback, tone) for tone in heard), default=_FIT_LIMIT)
        quick = [t for t in heard if t.period_s < 2.5]
        told = [_distance(t, q) for t in (plan.busy, plan.congestion) if t for q in quick]
        total = ring + 0.2 * min([*told, 1.0]) if quick else ring
        if ring < _FIT_LIMIT and total < least - 1e-9:
            best, least = plan, total
    return best


_FIT_LIMIT = 3.0


def _distance(tone: Tone, heard: HeardTone) -> float:
    """How far a signal is from what was heard: 1 for each 1.5 % of frequency or 8 % of a length; infinity:
    another."""
    if len(tone.cadence) != len(heard.cadence) or (tone.modulation_hz is None) != (heard.modulation_hz is None):
        return float("inf")
    wanted = tuple(sorted(tone.frequencies_hz))
    if len(wanted) != len(heard.frequencies_hz):
        return float("inf")
    pitch = max(abs(h / w - 1) for h, w in zip(heard.frequencies_hz, wanted, strict=True)) / 0.015
    pairs = zip(heard.cadence, tone.cadence, strict=True)
    length = max(abs(h / w - 1) for a, b in pairs for h, w in zip(a, b, strict=True) if w) / 0.08
    return pitch + length if pitch <= 2.0 and length <= 2.2 else float("inf")


_PITCH = 0.025
_SLACK_S = 0.06
"""Bursts are cut to 20 ms here."""
_REST_S = 0.6
"""What is heard of a ring that was put through late may be as short, and no plan's for that."""
_TOGETHER_S = 12.0
_AS_GOOD = 0.12
"""Plans that miss by so much more than the best are out."""


def fitting_plans(samples: npt.NDArray[np.generic], *, sr: int) -> tuple[TonePlan, ...]:
    """The plans that a ringing too short to repeat may keep: each ringback once, its first plan; empty when none fits.

    By the first bursts' tones, lengths and distances; the last burst may have been cut. Where none fits them all, a
    vowel is among them, or another telephone's ring: then by the first one, which must be whole."""
    bursts = tonal_bursts(samples, sr=sr)
    off = {plan.name: _off(plan, bursts) for plan in map(load_plan, plan_names())}
    if all(by is None for by in off.values()):
        off = {plan.name: _off_whole(plan, bursts[:1]) for plan in map(load_plan, plan_names())}
    least = min((by for by in off.values() if by is not None), default=0.0)
    found: dict[object, TonePlan] = {}
    for name, by in off.items():
        if by is not None and by <= least + _AS_GOOD:
            plan = load_plan(name)
            found.setdefault((plan.ringback.frequencies_hz, plan.ringback.modulation_hz, plan.cadence), plan)
    most = max((_tones(plan) for plan in found.values()), default=0)
    # A vowel can pass for one tone, hardly for two.
    return tuple(plan for plan in found.values() if _tones(plan) == most)


def _tones(plan: TonePlan) -> int:
    return len(plan.ringback.frequencies_hz) + (1 if plan.ringback.modulation_hz else 0)


def _off(plan: TonePlan, bursts: list[TonalBurst]) -> float | None:
    """By which share the bursts with a plan's tones miss its first ring or two; None: they are none of its rings."""
    own = [b for b in bursts if _has_tones(b, plan.ringback)]
    longest = max(on for on, _ in plan.cadence)
    # Where the dial tone is the same tone, it comes first and lasts longer than a ring.
    own = list(dropwhile(lambda b: b.length_s > longest * (1 + STRETCH) + _SLACK_S, own))
    own = [b for b in own if b.start_s - own[0].start_s < _TOGETHER_S]
    if not own:
        return None
    wanted = [plan.cadence[place % len(plan.cadence)] for place in range(len(own))]
    # The last one may have been cut: it must not be too long.
    misses = [(max(own[-1].length_s, wanted[-1][0]), wanted[-1][0])]
    for (one, following), (on, silent) in zip(pairwise(own), wanted[:-1], strict=True):
        misses += [(one.length_s, on), (following.start_s - one.start_s, on + silent)]
    if any(abs(heard - want) > STRETCH * want + _SLACK_S for heard, want in misses):
        return None
    return max(max(abs(heard - want) - _SLACK_S / 2, 0) / want for heard, want in misses)


def _off_whole(plan: TonePlan, bursts: list[TonalBurst]) -> float | None:
    """The same of a burst that was not cut, and is no rest of one that was put through late."""
    least = max(plan.cadence[0][0] * (1 - STRETCH) - _SLACK_S, _REST_S)
    return _off(plan, [b for b in bursts if b.length_s >= least])


def _has_tones(burst: TonalBurst, tone: Tone) -> bool:
    wanted = tuple(sorted(tone.frequencies_hz))
    if len(wanted) != len(burst.frequencies_hz) or (tone.modulation_hz is None) != (burst.modulation_hz is None):
        return False
    return all(abs(h / w - 1) <= _PITCH for h, w in zip(burst.frequencies_hz, wanted, strict=True))
