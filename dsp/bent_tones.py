"""Rings and refusals that a line drove so hard that their two tones are not alone any more.

Driven into its limits, a line makes of two tones a comb: to either side of them others stand as far apart as they do
(their intermodulation, ITU-T O.42), nearly as strong where a coder follows. The two alone then hold too little of
what is heard to be told by their shares, but the comb does, and its loudness is flatter than any voice's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy.ndimage import maximum_filter1d, minimum_filter1d

from dsp.cadence import fits
from dsp.loud_stretch import FRAME_S, LEAST_S, Samples, beat_frames, clips, levels_db
from dsp.segment import BUSY, CONGESTION, MUSIC, RINGBACK, SPEECH, TONE, Segment
from dsp.tone_plan import Tone, TonePlan
from dsp.tone_sets import BAND_HZ

Levels = npt.NDArray[np.float64]

_LOUD_DB, _FLAT_DB, _FALLS_DB, _EDGE = -12.0, 1.5, 6.0, 8
"""A driven line is no fainter; is so flat for as long as a ring that proves anything; and falls so far at an edge,
which is within so many frames."""
_LOST_FRAMES, _NOTHING_DB = 20, -88.0
"""So many frames of nothing are lost packets of it."""
_PIECE_S, _ALIKE_DB = 0.1, 2.0
"""A piece that lost packets left of one is no shorter, and as loud as the others."""
_TOLD_S, _REST = 0.3, 4
"""What is shorter proves nothing amid a voice; frames of the rest that lost packets left of a ring, at least."""
_LEAST_S, _LONGER, _NEAR_HZ = 0.15, 1.2, 200.0
"""No ring lasts so much longer than the plan's; tones further apart are told one by one."""
_LONGEST_S = 0.512
_DETUNES = np.arange(0.975, 1.0251, 0.0025)
_WIDE_HZ = 100.0
_TEETH = {False: (3, 0.75), True: (1, 0.6)}
"""Tones of the comb on either side that are looked at, and the share that the comb has at least of what is heard that
far and half a spacing on: of tones near one another, and of those that are further apart, where more lies between."""
_BALANCE, _PAIR = 0.5, 0.35
"""Shares: the fainter's of the stronger tone, the pair's of what is heard around. Of rings driven so the comb had 0.82,
these 0.84 and 0.43 at least; of 9,867 pieces of voices, clipped or not, none that is as flat has more than 0.04 of the
last."""


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
        for one in (_behind(one, told) for one in _flat(samples, sr=sr, beat=beat_frames(plan)))
        if one.length >= _LEAST_S * sr
        and not any(s.start < one.end and s.end > one.start for s in told)
        and clips(samples[one.start : one.end])
        and not (one.length < _TOLD_S * sr and _is_amid(one, segments, sr=sr))
    ]
    found = [*_rings(flat, samples, sr=sr, plan=plan)]
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
    return any(s.start < one.start - _EDGE * FRAME_S * sr and s.end > one.start for s in sounds)


def _rings(flat: Sequence[Segment], samples: Samples, *, sr: int, plan: TonePlan) -> list[Segment]:
    longest = max(on for on, _ in plan.cadence) * _LONGER * sr
    own = [s for s in flat if s.length <= longest and is_comb(samples[s.start : s.end], plan.ringback, sr=sr)]
    rests = (rest for s in own if (rest := _rest(s, samples, until=s.start + round(longest), sr=sr)) is not None)
    return [Segment(RINGBACK, s.start, s.end) for s in (*own, *rests)]


def _rest(burst: Segment, samples: Samples, *, until: int, sr: int) -> Segment | None:
    """What lost packets left of a ring behind what was told of it, too brief to be told: as loud, and driven."""
    size = round(FRAME_S * sr)
    behind = samples[burst.end : until]
    usual, levels = levels_db(samples[burst.start : burst.end], size), levels_db(behind, size)
    loud = np.flatnonzero(levels >= float(np.median(usual)) - _ALIKE_DB)
    near = np.diff(loud, prepend=-1) <= _LOST_FRAMES
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


def is_comb(samples: Samples, tone: Tone, *, sr: int) -> bool:
    """Whether a stretch, (n,), is two tones and what a driven line makes of them."""
    near = len(tone.frequencies_hz) == 2 and max(tone.frequencies_hz) - min(tone.frequencies_hz) < _NEAR_HZ
    if not near or tone.modulation_hz:
        return False
    most = round(_LONGEST_S * sr)
    first = max(len(samples) - most, 0) // 2
    wave = samples[first : first + most].astype(np.float64)
    points = 1 << (2 * len(wave) - 1).bit_length()
    hz, half = sr / points, 2.2 * sr / len(wave)
    power = np.square(np.abs(np.fft.rfft((wave - wave.mean()) * np.hanning(len(wave)), points)))
    upto = np.concatenate([[0.0], np.cumsum(power)])

    return any(_is_comb_of(tone, detune, half, upto, hz) for detune in _DETUNES)


def _is_comb_of(tone: Tone, detune: float, half: float, upto: Levels, hz: float) -> bool:
    """Whether the comb of a pair holds what is heard around it; `upto`: power below each line, `hz` apart."""
    low, high = sorted(f * detune for f in tone.frequencies_hz)
    apart, lowest = high - low, BAND_HZ[0]
    side, least = _TEETH[apart > _WIDE_HZ]

    def energy(since: float, until: float) -> float:
        return float(upto[int(until / hz) + 2] - upto[int(since / hz)])

    places = (low + k * apart for k in range(-side, side + 2))
    comb = sum(energy(f - half, f + half) for f in places if f > lowest)
    around = energy(max(low - (side + 0.5) * apart, lowest), high + (side + 0.5) * apart)
    pair = [energy(f - half, f + half) for f in (low, high)]
    return comb >= least * around > 0 and min(pair) >= _BALANCE * max(pair) and sum(pair) >= _PAIR * around


def _flat(samples: Samples, *, sr: int, beat: int) -> list[Segment]:
    """Each stretch that is as loud all the time."""
    found, last = list[Segment](), 0.0
    for start, end, level in _flat_frames(samples, sr=sr, beat=beat):
        parted = bool(found) and start - found[-1].end <= _LOST_FRAMES * FRAME_S * sr
        if parted and abs(level - last) <= _ALIKE_DB:
            start = found.pop().start
        found.append(Segment(TONE, start, end))
        last = level
    return found


def _flat_frames(samples: Samples, *, sr: int, beat: int) -> Iterator[tuple[int, int, float]]:
    size = round(FRAME_S * sr)
    levels = _bridged(levels_db(samples, size))
    window = round(_PIECE_S / FRAME_S) - beat
    if len(levels) < window + beat:
        return
    smooth = 10 * np.log10(np.convolve(10 ** (levels / 10), np.ones(beat) / beat, "valid"))
    highest = maximum_filter1d(smooth, window, origin=-(window // 2))[: len(smooth) - window + 1]
    lowest = minimum_filter1d(smooth, window, origin=-(window // 2))[: len(smooth) - window + 1]
    flat = (highest - lowest <= _FLAT_DB) & (lowest >= _LOUD_DB)
    steps = np.flatnonzero(np.diff(np.concatenate([[0], flat.astype(np.int8), [0]])))
    for first, over in zip(steps[::2].tolist(), steps[1::2].tolist(), strict=True):
        edges = _edges(levels, smooth, first, over + window + beat - 2)
        if edges is not None:
            yield *_sharp(samples, edges[0] * size, edges[1] * size, size), float(np.median(levels[first:over]))


def _edges(levels: Levels, smooth: Levels, first: int, over: int) -> tuple[int, int] | None:
    """(first, one past the last) frame of a flat stretch, to where it is as loud over a beat."""
    beat = len(levels) - len(smooth) + 1
    usual = float(np.median(smooth[first : over - beat + 1]))
    as_loud, loud = smooth >= usual - _FLAT_DB, levels >= usual - _FALLS_DB
    begins = range(max(first - _EDGE, 0), min(first + _EDGE, len(smooth)))
    ends = range(min(over + _EDGE, len(levels)), max(over - _EDGE, beat), -1)
    begin = next((i for i in begins if loud[i] and as_loud[i]), None)
    end = next((i for i in ends if loud[i - 1] and as_loud[i - beat]), None)
    return None if begin is None or end is None else (begin, end)


def _sharp(samples: Samples, start: int, end: int, size: int) -> tuple[int, int]:
    """Where the first and the last of a driven stretch's waves are, each to a frame from where they are known to be."""
    first = max(start - size, 0)
    wave = np.abs(samples[first : end + size].astype(np.float64))
    tall = np.flatnonzero(wave >= float(np.max(wave[start - first : end - first])) / 2) + first
    begins, ends = tall[np.abs(tall - start) <= size], tall[np.abs(tall - end) <= size]
    return int(begins[0]) if len(begins) else start, int(ends[-1]) + 1 if len(ends) else end


def _bridged(levels: Levels) -> Levels:
    """The levels; what lost packets left empty is as loud as what is before it."""
    nothing = np.concatenate([[False], levels <= _NOTHING_DB, [False]])
    steps = np.flatnonzero(np.diff(nothing.astype(np.int8)))
    filled = levels.copy()
    for first, over in zip(steps[::2].tolist(), steps[1::2].tolist(), strict=True):
        if first and over - first <= _LOST_FRAMES:
            filled[first:over] = levels[first - 1]
    return filled


def _beside(one: Segment, rings: Sequence[Segment], *, sr: int) -> Segment | None:
    """What passed for a voice or music, without the ring that it begins with; None where nothing is left."""
    if one.sound not in (SPEECH, MUSIC, TONE):
        return one
    over = max((ring.end for ring in rings if ring.start - LEAST_S * sr <= one.start < ring.end), default=one.start)
    return None if over >= one.end else replace(one, start=over)
