"""Rings and refusals that a line drove so hard that their two tones are not alone any more.

Driven into its limits, a line makes of two tones a comb: to either side of them others stand as far apart as they do
(their intermodulation, ITU-T O.42), nearly as strong where a coder follows. The two alone then hold too little of
what is heard to be told by their shares, but the comb does, and its loudness is flatter than any voice's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from dsp.ringing.lengths import fits
from dsp.second_look.driven_comb import is_comb
from dsp.second_look.flat_stretch import EDGE, LOST_FRAMES, flat_stretches
from dsp.second_look.loud_stretch import FRAME_S, LEAST_S, Samples, beat_frames, clips, levels_db
from dsp.segment import BUSY, CONGESTION, MUSIC, RINGBACK, SPEECH, TONE, Segment, overlaps
from dsp.tone_plan import Tone, TonePlan

_TOLD_S, _DUE_S, _REST, _FAINTER_DB = 0.3, 0.06, 4, 2.0
"""What is shorter proves nothing amid a voice, nor where no ring was due, to this; frames of the rest, at least, that
lost packets left of a ring, which may be so much fainter."""
_LEAST_S, _LONGER = 0.15, 1.2
"""Nothing shorter is looked at, and no ring lasts so much longer than the plan's."""


def with_bent_tones(segments: Sequence[Segment], samples: Samples, *, sr: int, plan: TonePlan) -> tuple[Segment, ...]:
    """The segments, with the rings and refusals that a driven line bent among them.

    Args:
        segments: what was heard.
        samples: the call, mono, int16 or floats in [-1, 1], (n,).
        sr: samples a second.
        plan: whose tones.
    """
    if not len(samples) or not clips(samples):
        return tuple(segments)
    told = [s for s in segments if s.sound in (RINGBACK, BUSY, CONGESTION)]
    flat = [
        one
        for one in (_behind(one, told) for one in flat_stretches(samples, sr=sr, beat=beat_frames(plan)))
        if one.length >= _LEAST_S * sr
        and not overlaps(one, told)
        and clips(samples[one.start : one.end])
        and not (one.length < _TOLD_S * sr and _is_amid(one, segments, sr=sr))
    ]
    found = [*_rings(flat, [s for s in told if s.sound == RINGBACK], samples, sr=sr, plan=plan)]
    for sound, tone in ((BUSY, plan.busy), (CONGESTION, plan.congestion)):
        found += _refusals(flat, samples, sound, tone, sr=sr)
    kept = (_beside(one, found, sr=sr) for one in segments)
    return tuple(sorted((*(one for one in kept if one), *found), key=lambda s: (s.start, s.end)))


def _behind(one: Segment, told: Sequence[Segment]) -> Segment:
    """What of a stretch is behind a tone that was told, where it began in it: the line was driven from there on."""
    over = max((s.end for s in told if s.start <= one.start < s.end), default=one.start)
    return replace(one, start=min(over, one.end))


def _is_amid(one: Segment, segments: Sequence[Segment], *, sr: int) -> bool:
    """Whether a voice or music is heard before a stretch and on into it: too brief, it may be theirs."""
    sounds = (s for s in segments if s.sound in (SPEECH, MUSIC))
    return any(s.start < one.start - EDGE * FRAME_S * sr and s.end > one.start for s in sounds)


def _rings(
    flat: Sequence[Segment], told: Sequence[Segment], samples: Samples, *, sr: int, plan: TonePlan
) -> list[Segment]:
    longest = max(on for on, _ in plan.cadence) * _LONGER * sr
    own = [s for s in flat if s.length <= longest and is_comb(samples[s.start : s.end], plan.ringback, sr=sr)]
    starts = [s.start for s in (*told, *own) if s.length >= _TOLD_S * sr]
    own = [s for s in own if s.length >= _TOLD_S * sr or _is_due(s.start, starts, sr=sr, plan=plan)]
    rests = (rest for s in own if (rest := _rest(s, samples, until=s.start + round(longest), sr=sr)) is not None)
    return [Segment(RINGBACK, s.start, s.end) for s in (*own, *rests)]


def _is_due(start: int, others: Sequence[int], *, sr: int, plan: TonePlan) -> bool:
    """Whether a piece too brief to be told begins where a ring was due, by the two before it, or by the plan."""
    before = sorted(one for one in others if one < start)[-2:]
    if not before:
        return False
    apart, period = start - before[-1], plan.period_s * sr
    known = before[-1] - before[0] if len(before) > 1 else 0
    return abs(apart - known) <= _DUE_S * sr if fits(known / sr, plan.period_s) else abs(apart - period) <= _DUE_S * sr


def _rest(burst: Segment, samples: Samples, *, until: int, sr: int) -> Segment | None:
    """What lost packets left of a ring behind what was told of it, too brief to be told: as loud, and driven."""
    size = round(FRAME_S * sr)
    behind = samples[burst.end : until]
    usual, levels = levels_db(samples[burst.start : burst.end], size), levels_db(behind, size)
    loud = np.flatnonzero(levels >= float(np.median(usual)) - _FAINTER_DB)
    near = np.diff(loud, prepend=-1) <= LOST_FRAMES
    row = loud[: int(np.argmin(np.append(near, False)))]
    if len(row) < _REST:
        return None
    first, over = int(row[0]) * size, (int(row[-1]) + 1) * size
    return Segment(TONE, burst.end + first, burst.end + over) if clips(behind[first:over]) else None


def _refusals(
    flat: Sequence[Segment], samples: Samples, sound: str, tone: Tone | None, *, sr: int
) -> Iterator[Segment]:
    """A refusal for each two bursts and more of it that follow one another in its time."""
    if tone is None or not tone.cadence:
        return
    (on, off), *_ = tone.cadence
    own = [s for s in flat if fits(s.length / sr, on) and is_comb(samples[s.start : s.end], tone, sr=sr)]
    row: list[Segment] = []
    for burst, following in zip(own, (*own[1:], None), strict=False):
        row.append(burst)
        if following is None or not fits((following.start - burst.end) / sr, off):
            if len(row) > 1:
                yield Segment(sound, row[0].start, row[-1].end)
            row = []


def _beside(one: Segment, rings: Sequence[Segment], *, sr: int) -> Segment | None:
    """What passed for a voice or music, without the ring that it begins with; None where nothing is left."""
    if one.sound not in (SPEECH, MUSIC, TONE):
        return one
    over = max((ring.end for ring in rings if ring.start - LEAST_S * sr <= one.start < ring.end), default=one.start)
    return None if over >= one.end else replace(one, start=over)
