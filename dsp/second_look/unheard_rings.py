"""What may have been a ring, and nobody told: a sound out of quiet that is ringback's tones alone, or, where the line
clipped it beyond recognition, as loud all the time and as long as a ring, or begun when one was due."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from dsp.compiled.quantile import median
from dsp.ringing.lengths import STRETCH, fits
from dsp.second_look.brief_tones import brief_tones
from dsp.second_look.loud_stretch import FRAME_S, STEADY, STEADY_WHOLE, beat_frames, clips, is_steady
from dsp.second_look.loud_stretch import levels_db as steady_levels_db
from dsp.second_look.tone_share import HOP_S, tone_powers
from dsp.segment import BUSY, CONGESTION, MISSING, MUSIC, RINGBACK, SILENCE, SPEECH, Segment, Span, overlaps
from dsp.tone_plan import TonePlan

Samples = npt.NDArray[np.generic]
Levels = npt.NDArray[np.float64]

_FRAME_S = 0.010
_QUIET, _OVER = 15, 4
"""Frames: it begins out of so much quiet, and is over when so many in a row are quiet again."""
_HOLE = 21
"""The same on a silent line: ten packets were lost."""
_RISES_DB, _FALLS_DB = 8.0, 8.0
"""It stands so far out of what is before it, and so far above what is behind it."""
_FAINTEST_DB, _NOTHING_DB, _ENDED_DB = -56.0, -90.0, -89.0
_LEAST_S = 0.2
_LEAST = round(_LEAST_S / _FRAME_S)
_ALONE, _MOSTLY = 0.8, 0.7
"""Share of a frame's power that its tones have, in so many of its frames."""
_TELLS_NOTHING = (SPEECH, MUSIC, MISSING, SILENCE)
_SOON_S, _AS_LOUD, _IN_A_ROW = 0.8, 0.1, 3
"""An exchange that cuts a ring refuses so soon, in tones no stronger than this makes up for; frames."""
_STANDS_OUT_DB, _NEARLY_ALL = 15.0, 0.95
"""A garbled ring stands so far out of the quiet around it, in so many of its frames."""
_EXACT = 0.04
_IN_TIME_S = 0.03
"""A clipped ring is as long as one, or begins when one was due; then it may have been cut."""


def unheard_rings(segments: Sequence[Segment], samples: Samples, *, sr: int, plan: TonePlan) -> tuple[Span, ...]:
    """Each such sound where the call has no other name for it than speech or music, in order.

    Args:
        segments: what was heard.
        samples: the call, mono, int16 or floats in [-1, 1], (n,).
        sr: samples a second.
        plan: whose tones ring.
    """
    named = [s for s in segments if s.sound not in _TELLS_NOTHING]
    longest = max(on for on, _ in plan.cadence) * (1 + STRETCH)
    clipped = bool(len(samples)) and clips(samples)
    found = []
    levels = _levels(samples, sr)
    ended = np.concatenate([levels, np.full(_HOLE + _LEAST, _ENDED_DB)])  # what the call's end cut
    for start, end in _stretches(ended, longest_s=longest):
        span = Span(round(start * _FRAME_S * sr), min(round(end * _FRAME_S * sr), len(samples)))
        if overlaps(span, named):
            continue
        sound = samples[span.earliest : span.latest]
        least = (
            STEADY_WHOLE
            if _is_as_long(sound, sr=sr, plan=plan)
            else STEADY
            if _is_due(span, segments, sr=sr, plan=plan)
            else None
        )
        if _is_alone(sound, sr=sr, plan=plan) or (least and clipped and _is_steady(sound, least, sr=sr, plan=plan)):
            found.append(span)
    found += [s for s in brief_tones(levels, samples, sr=sr, plan=plan) if not overlaps(s, (*named, *found))]
    garbled = _garbled(segments, (*found, *named), samples, sr=sr)
    cut = _cut_for_refusal(segments, samples, sr=sr, plan=plan)
    return tuple(sorted({*found, *garbled, *cut}, key=lambda s: s.earliest))


def _cut_for_refusal(segments: Sequence[Segment], samples: Samples, *, sr: int, plan: TonePlan) -> Iterator[Span]:
    """Before the first refusal behind nothing that rang, too brief to be a burst: ringback's tones, hardly weaker."""
    told = sorted((s for s in segments if s.sound != MISSING), key=lambda s: s.start)
    before = next((place for place, s in enumerate(told) if s.sound in (BUSY, CONGESTION)), None)
    if before is None:
        return
    refusal = told[before]
    since = max([refusal.start - round(_SOON_S * sr), 0, *(s.end for s in told[:before])])
    tones = plan.ringback.frequencies_hz
    own = tone_powers(samples[refusal.start : refusal.start + round(_LEAST_S * sr)], sr=sr, frequencies_hz=tones)
    here, share = tone_powers(samples[since : refusal.start], sr=sr, frequencies_hz=tones)
    if not len(here) or not len(own[0]):
        return
    sounds = (share >= _MOSTLY) & (here >= _AS_LOUD * median(own[0] / np.maximum(own[1], 1e-12)))
    first = np.flatnonzero(np.convolve(sounds, np.ones(_IN_A_ROW), mode="valid") >= _IN_A_ROW)
    if len(first):
        start, hop = since + int(first[0]) * round(HOP_S * sr), round(HOP_S * sr)
        yield Span(start, min(start + _IN_A_ROW * hop, refusal.start))


def _garbled(
    segments: Sequence[Segment], taken: Sequence[Segment | Span], samples: Samples, *, sr: int
) -> Iterator[Span]:
    """What begins out of quiet when the ring behind two others was due, and ends in quiet when it would: a coder may
    have made anything of its tones."""
    rings = sorted((s for s in segments if s.sound == RINGBACK), key=lambda s: s.start)
    for one, other in pairwise(rings):
        step, length = other.start - one.start, max(one.length, other.length)
        start, end, edge = other.start + step, other.end + step, round(_IN_TIME_S * sr)
        if step < 2 * length or overlaps(Span(start, end), taken):
            continue
        inside = _levels(samples[start + edge : end - edge], sr)
        before = _levels(samples[max(start - edge - _QUIET * sr // 100, 0) : max(start - edge, 0)], sr)
        behind = _levels(samples[end + edge : end + edge + _OVER * sr // 50], sr)
        if len(before) and len(behind) and len(inside) and end + 2 * edge < len(samples):
            quiet = max(median(before), median(behind), _FAINTEST_DB - _STANDS_OUT_DB)
            if np.mean(inside > quiet + _STANDS_OUT_DB) >= _NEARLY_ALL:
                yield Span(start, end)


def _levels(samples: Samples, sr: int) -> Levels:
    """dBFS of each frame, without what does not change in it."""
    size, full = round(_FRAME_S * sr), 32768 if samples.dtype == np.int16 else 1
    frames = samples[: len(samples) // size * size].reshape(-1, size).astype(np.float32)
    power = np.einsum("ij,ij->i", frames, frames) / size - frames.mean(axis=1) ** 2
    return np.asarray(10 * np.log10(np.maximum(power.astype(np.float64) / full**2, 0) + 1e-10))


def _stretches(levels: Levels, *, longest_s: float) -> Iterator[tuple[int, int]]:
    """(first, one past the last) frame of each loud stretch between quiet, no longer than a ring."""
    least, longest = round(_LEAST_S / _FRAME_S), round(longest_s / _FRAME_S)
    heard, at = np.maximum(levels, _FAINTEST_DB - _RISES_DB), _QUIET
    rises = np.flatnonzero(heard[1:] >= heard[:-1] + _RISES_DB / 2) + 1
    for rise in rises[rises < len(heard) - least].tolist():
        if rise < at:
            continue
        before = median(levels[rise - _QUIET : rise - 1])
        loud = median(heard[rise : rise + least])
        if loud >= max(before + _RISES_DB, _FAINTEST_DB):
            over = _over(levels[rise : rise + longest + _HOLE], loud, silent=before < _NOTHING_DB)
            if over is not None and over >= least:
                yield rise, rise + over
                at = rise + over


def _over(levels: Levels, loud: float, *, silent: bool) -> int | None:
    """The frame from which on nothing is as loud for a while; a silent line has no noise to tell lost packets by."""
    sounds, count = levels > loud - _FALLS_DB, _HOLE if silent else _OVER
    if not silent:
        sounds |= levels < _NOTHING_DB
    quiet = np.flatnonzero(np.convolve(sounds, np.ones(count), mode="valid") == 0)
    return int(quiet[0]) if len(quiet) else None


def _is_alone(sound: Samples, *, sr: int, plan: TonePlan) -> bool:
    """Whether ringback's tones are most of a sound."""
    _, share = tone_powers(sound, sr=sr, frequencies_hz=plan.ringback.frequencies_hz)
    return len(share) > 0 and float(np.mean(share >= _ALONE)) >= _MOSTLY


def _is_as_long(sound: Samples, *, sr: int, plan: TonePlan) -> bool:
    return any(abs(len(sound) / sr / on - 1) <= _EXACT for on, _ in plan.cadence)


def _is_due(span: Span, segments: Sequence[Segment], *, sr: int, plan: TonePlan) -> bool:
    """Whether a sound that passed for nobody's voice begins where the ring behind two others was due, of which packets
    may have taken the beginning, or pieces be heard as two."""
    if overlaps(span, [s for s in segments if s.sound in (SPEECH, MUSIC)]):
        return False
    starts = sorted(s.start for s in segments if s.sound == RINGBACK and s.start < span.earliest)
    exact = len(starts) > 1 and abs(span.earliest - 2 * starts[-1] + starts[-2]) <= _IN_TIME_S * sr
    return exact or any(fits((span.earliest - start) / sr, plan.period_s) for start in starts)


def _is_steady(sound: Samples, share: float, *, sr: int, plan: TonePlan) -> bool:
    """Whether a sound is clipped, and as loud nearly all the time."""
    return clips(sound) and is_steady(steady_levels_db(sound, round(FRAME_S * sr)), share, beat=beat_frames(plan))
