"""What several ways to hear one call agree on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dsp.answering.leg import Leg, opened
from dsp.segment import Span


def agreed(heard: Sequence[tuple[Leg, ...]]) -> tuple[Leg, ...]:
    """The legs of one call as several tone plans have them: spans that hold all of theirs.

    Where the plans do not agree on how a leg went, it is `none`, without rings and provisional: something rang, and
    a person has to say what."""
    first, *others = heard
    if not others:
        return first
    if any(len(other) != len(first) for other in others):
        longest = max(heard, key=len)
        return tuple(opened(leg) for leg in longest)
    return tuple(_one(legs) for legs in zip(*heard, strict=True))


def _one(legs: Sequence[Leg]) -> Leg:
    first = legs[0]
    if any((leg.outcome, leg.rings) != (first.outcome, first.rings) for leg in legs):
        return opened(first)
    return replace(
        first,
        ring_onset=_around([leg.ring_onset for leg in legs]),
        pick_up=_around([leg.pick_up for leg in legs]),
        voice_onset=_around([leg.voice_onset for leg in legs]),
        answer_latency=_around([leg.answer_latency for leg in legs]),
        provisional=any(leg.provisional for leg in legs),
    )


def _around(spans: Sequence[Span | None]) -> Span | None:
    """The span that holds all of them; None where one has none."""
    known = [span for span in spans if span is not None]
    if len(known) < len(spans):
        return None
    return Span(min(span.earliest for span in known), max(span.latest for span in known))
