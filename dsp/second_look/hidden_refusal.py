"""A refusal behind a voice or music that was told to go on over it: talk or noise where somebody picked up may be as
loud as the tone. It comes and goes in its own time all the same, as no voice and no tune does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from dsp.compiled.quantile import percentile
from dsp.second_look.tone_share import FRAME_S, HOP_S, Samples, shares, tone_powers
from dsp.segment import BUSY, CONGESTION, MISSING, MUSIC, SPEECH, TONE, Segment
from dsp.tone_plan import Tone, TonePlan

Shares = npt.NDArray[np.float64]

_REACH_S = 3.6
"""So much of the call's end is looked at: three of the longest refusals' periods, and more of all others."""
_SOUNDS, _RESTS, _ALIKE = 0.25, 0.15, 0.7
"""Share of the tones in what is heard while a burst lasts and in the pauses, on average; and how alike their coming and
going is to the plan's."""
_ALIKE_DB = 4.0
"""Half of a tone's frames are as loud as this, though noise as loud sounds with it: 1 to 2 were measured."""
_FEW, _MOST = 0.15, 0.85
"""A refusal sounds for no less of the time, and for no more."""
_SCALES = tuple(np.arange(0.85, 1.151, 0.025).tolist())
"""Cadences may be off by 15 %."""


def with_hidden_refusals(
    segments: Sequence[Segment], samples: Samples, *, sr: int, plan: TonePlan
) -> tuple[Segment, ...]:
    """The segments, with the refusal at the end of a call that its last voice or music, or noise behind it, hid.

    Args:
        segments: what was heard.
        samples: the call, mono, int16 or floats in [-1, 1], (n,).
        sr: samples a second.
        plan: whose tones.
    """
    told = [s for s in segments if s.sound != MISSING]
    last, end = max(told, key=lambda s: s.end, default=None), len(samples)
    since = end - round(_REACH_S / FRAME_S) * round(FRAME_S * sr)
    heard = [s for s in told if s.end > since]
    if since < 0 or last is None or any(s.sound not in (SPEECH, MUSIC, TONE) for s in (last, *heard)):
        return tuple(segments)
    for sound, tone in ((BUSY, plan.busy), (CONGESTION, plan.congestion)):
        if tone is None or not tone.cadence or not _may_come_and_go(samples[since:end], tone, sr=sr):
            continue
        start = _begun(samples, since, end, tone, sr=sr)
        if start is not None:
            cut = (replace(s, end=min(s.end, start)) if s in heard else s for s in segments)
            return tuple(s for s in (*cut, Segment(sound, start, end)) if s.length > 0)
    return tuple(segments)


def _may_come_and_go(sound: Samples, tone: Tone, *, sr: int) -> bool:
    """Whether a tone is heard in some of a sound's frames, of which every fourth is looked at, and in some not."""
    rows = sound.reshape(-1, round(FRAME_S * sr))[::4].reshape(-1)
    heard = shares(rows, sr=sr, frequencies_hz=tone.frequencies_hz) >= _SOUNDS / 2
    return bool(_FEW <= np.mean(heard) <= _MOST)


def _begun(samples: Samples, first: int, end: int, tone: Tone, *, sr: int) -> int | None:
    """Where the first burst of a refusal between two samples begins; None: there is none."""
    share = shares(samples[first:end], sr=sr, frequencies_hz=tone.frequencies_hz)
    on = _likest(share, tone)
    if on is None or np.mean(share[on]) < _SOUNDS or np.mean(share[~on]) > _RESTS:
        return None
    if not _is_as_loud(samples[first:end], on, tone, sr=sr):
        return None
    return first + int(np.argmax(on)) * round(FRAME_S * sr)


def _is_as_loud(sound: Samples, on: npt.NDArray[np.bool_], tone: Tone, *, sr: int) -> bool:
    """Whether a tone is as loud wherever it sounds: notes fade, and are not all struck alike."""
    told, _ = tone_powers(sound, sr=sr, frequencies_hz=tone.frequencies_hz)
    level_db = 10 * np.log10(told[:: round(FRAME_S / HOP_S)][on] + 1e-12)
    return percentile(level_db, 75) - percentile(level_db, 25) <= _ALIKE_DB


def _likest(share: Shares, tone: Tone) -> npt.NDArray[np.bool_] | None:
    """In which frames the tone sounds, if its coming and going is the plan's."""
    times, alike = _times(tone.cadence, len(share))
    sounds = np.minimum(share, _SOUNDS)
    sounds = ((sounds - sounds.mean()) / max(float(sounds.std()), 1e-9)).astype(np.float32)
    told = alike @ sounds / len(share)
    best = int(np.argmax(told))
    return times[best] if told[best] >= _ALIKE else None


@lru_cache(maxsize=64)
def _times(
    cadence: tuple[tuple[float, float], ...], count: int
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float32]]:
    """(frames in which a cadence sounds, the same with mean 0 and spread 1) from each of its moments on, as fast as the
    plan has it and faster and slower."""
    period_s, frames = sum(on + off for on, off in cadence), np.arange(count) + 0.5
    edges = [0.0, *accumulate(seconds for pair in cadence for seconds in pair)]
    told = []
    for scale in _SCALES:
        phases = np.arange(round(period_s * scale / FRAME_S))[:, None]
        at = (frames + phases) * FRAME_S / scale % period_s
        told.append(np.searchsorted(edges, at, side="right") % 2 == 1)
    times = np.concatenate(told)
    spread = np.maximum(times.std(axis=1, keepdims=True), 1e-9)
    return times, ((times - times.mean(axis=1, keepdims=True)) / spread).astype(np.float32)
