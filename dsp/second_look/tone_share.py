"""How much of a sound is some tones, 20 ms at a time: what lost packets left of an exchange's tone is that tone still,
though it passed for a voice, and no voice is."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from dsp.compiled.quantile import percentile
from dsp.segment import Segment
from dsp.tone_plan import Tone

Samples = npt.NDArray[np.generic]
Powers = npt.NDArray[np.float64]

FRAME_S, HOP_S = 0.020, 0.005
_ALONE = 0.5
_LOUD, _OFTEN = 0.1, 90
"""Frames count that have a tenth of the power that nine of ten do not have."""
_MOSTLY = 0.4
"""Of a voice 0.12 of the loud frames and less are half the tones of a refusal, of a torn burst of it 0.67 and more:
measured on 2,000 made calls."""
_EDGE_S, _REACH_S, _LONGEST_S, _AS_LOUD, _IN_A_ROW = 0.01, 0.225, 2.0, 0.2, 3
"""So far behind a burst, and behind what is heard of it, the rest may be, no longer and no weaker than this, in so many
frames in a row."""
_MOMENT_S, _LATE_S, _PURE = 0.1, 0.04, 0.8
"""Of 1,366 voices that spoke where a ring was due four were so much of its tones for so long."""
_TAIL, _PAUSE, _PAUSED = 22, 0.05, 3
"""Frames: of so many at a burst's end so many that hold no more than this share of the tone are a pause."""
_HELD = 0.8
"""Of a burst's middle share its tones still hold so much."""


def is_tone(samples: Samples, heard: Segment, tone: Tone, *, sr: int) -> bool:
    """Whether a segment of a call, mono, (n,), is mostly a signal of the exchange."""
    told, share = tone_powers(samples[heard.start : heard.end], sr=sr, frequencies_hz=tone.frequencies_hz)
    if not len(told):
        return False
    whole = told / np.maximum(share, 1e-12)
    loud = whole >= _LOUD * percentile(whole, _OFTEN)
    return bool(np.mean(share[loud] >= _ALONE) >= _MOSTLY)


def rest_end(samples: Samples, burst: Segment, tone: Tone, *, sr: int) -> int:
    """Where a burst's tones are last heard that go on as loud behind packets that were lost; its own end, if they do
    not."""
    edge = round(_EDGE_S * sr) if burst.length >= 2 * FRAME_S * sr else 0
    own, _ = tone_powers(samples[burst.start + edge : burst.end - edge], sr=sr, frequencies_hz=tone.frequencies_hz)
    behind = samples[burst.end : burst.end + round(_LONGEST_S * sr)]
    told, share = tone_powers(behind, sr=sr, frequencies_hz=tone.frequencies_hz)
    if not len(own) or len(told) < _IN_A_ROW:
        return burst.end
    sounds = (share >= _ALONE) & (told >= _AS_LOUD * float(np.median(own)))
    rows = np.flatnonzero(np.convolve(sounds, np.ones(_IN_A_ROW), mode="valid") >= _IN_A_ROW)
    near = np.diff(rows, prepend=1 - _IN_A_ROW) * HOP_S <= _REACH_S + 2 * HOP_S
    rows = rows[: int(np.argmin(np.append(near, False)))]
    if not len(rows):
        return burst.end
    return burst.end + (int(rows[-1]) + _IN_A_ROW - 1) * round(HOP_S * sr) + round(FRAME_S * sr)


def sounds_at(samples: Samples, at: int, tone: Tone, *, sr: int) -> bool:
    """Whether a tone alone sounds right behind a sample, or two packets later, whoever is told to speak there."""
    size, late = round(_MOMENT_S * sr), round(_LATE_S * sr)
    starts = range(max(at - late // 2, 0), at + late + 1, late // 2)
    told = [tone_powers(samples[s : s + size], sr=sr, frequencies_hz=tone.frequencies_hz)[1] for s in starts]
    return any(len(share) > 0 and float(np.mean(share >= _PURE)) >= _ALONE for share in told)


def sure_end(samples: Samples, burst: Segment, tone: Tone, *, sr: int) -> int:
    """Where a burst's tones hold as much of what is heard for the last time: as loud a sound that comes right behind
    them passes for their end."""
    told, share = tone_powers(samples[burst.start : burst.end], sr=sr, frequencies_hz=tone.frequencies_hz)
    if not len(share):
        return burst.end
    held = np.flatnonzero(share >= _HELD * float(np.median(share)))
    hop, frame = round(HOP_S * sr), round(FRAME_S * sr)
    last = int(held[-1]) if tone.modulation_hz else _before_pause(told, held)  # one that swings has pauses
    return burst.start + last * hop + frame


def _before_pause(told: Powers, held: npt.NDArray[np.intp]) -> int:
    """The last of the frames that hold a tone, or the last before a pause behind which too little is left to tell that
    it is the tone again."""
    last, usual = int(held[-1]), float(np.median(told))
    quiet = np.flatnonzero(told[max(last - _TAIL, 0) : last] < _PAUSE * usual) + max(last - _TAIL, 0)
    before = held[held < quiet[0]] if len(quiet) >= _PAUSED else held[:0]
    return int(before[-1]) if len(before) else last


def tone_powers(samples: Samples, *, sr: int, frequencies_hz: tuple[float, ...]) -> tuple[Powers, Powers]:
    """(power in some tones, its share of the whole) of frames that overlap."""
    frame, hop = round(FRAME_S * sr), round(HOP_S * sr)
    frames = frames_of(samples, frame, hop)
    frames = frames - frames.mean(axis=1, keepdims=True)
    base = _base(frame, sr, frequencies_hz)
    told = np.square(frames @ base).sum(axis=1)
    whole = np.square(frames).sum(axis=1)
    return told, told / np.maximum(whole, 1e-12)


def shares(samples: Samples, *, sr: int, frequencies_hz: tuple[float, ...], frame_s: float = FRAME_S) -> Powers:
    """Share of some tones in the whole of frames that follow one another."""
    frame = round(frame_s * sr)
    rows = samples[: len(samples) // frame * frame].reshape(-1, frame).astype(np.float32)
    rows -= rows.mean(axis=1, keepdims=True)
    told = np.square(rows @ _base(frame, sr, frequencies_hz).astype(np.float32)).sum(axis=1)
    return np.asarray(told / np.maximum(np.square(rows).sum(axis=1), 1e-12), dtype=np.float64)


def frames_of(samples: Samples, frame: int, hop: int) -> Powers:
    """Frames that begin a hop apart, shape (k, frame); none where there is less than one."""
    if len(samples) < frame:
        return np.zeros((0, frame))
    return np.lib.stride_tricks.sliding_window_view(samples.astype(np.float64), frame)[::hop]


@lru_cache(maxsize=64)
def _base(frame: int, sr: int, frequencies_hz: tuple[float, ...]) -> Powers:
    """Orthonormal columns that span the tones in a frame, whatever their phases."""
    turns = 2j * np.pi * np.outer(np.arange(frame), frequencies_hz) / sr
    waves = np.exp(turns)
    base, _ = np.linalg.qr(np.hstack([waves.real, waves.imag]))
    return np.asarray(base)
