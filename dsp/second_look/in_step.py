"""Whether a ring's tones keep step with themselves, as an exchange's do and nothing else does.

A jitter buffer that takes out or puts in a packet breaks step. Behind packets that were lost a moment of the tones is
enough to be told by it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dsp.second_look.same_exchange import lines_hz
from dsp.segment import Segment
from dsp.tone_plan import TonePlan

Samples = npt.NDArray[np.generic]
Wave = npt.NDArray[np.float64]

_FITTED_S, _PUT_IN_S = 0.2, 0.03
"""The tones' phases are told by so much of a burst; at its end a packet may be put in for a lost one."""
_LONGEST_S = 0.3
"""So far behind a burst its rest is looked for, and so long."""
_EDGE_S, _OVER_S = 0.001, 0.008
"""An edge is known to this; so long behind it the line alone is heard."""
_TWO, _BOTH = 2, 0.15
"""Of two tones at once each has so much of the power."""
_LEAST_S, _OFF, _QUIET = 0.003, 0.25, 0.1
"""So much of the tones must be heard, as loud as they were, with no more of anything else, and no more behind them."""
_MOMENTS_S, _DUE = (0.006, 0.009, 0.012, 0.016, 0.020), 0.3
"""Of tones that beat a moment may be next to nothing; the shortest of these counts in which so much of them is due."""
_FAINT = 0.15
"""Share of its power that is quiet: 8 dB, where what is put in for a lost packet is fainter by 6 dB and less."""
_PART_S, _PARTS, _MOST, _FADE_S = 0.04, 5, 0.7, 0.012
"""So long a part of a burst keeps step or does not, of so many at least; most must. Its first moments rise."""


@dataclass(frozen=True, slots=True)
class _Fit:
    """A stretch of a call and the tones in it."""

    wave: Wave
    """What is heard, (n,)."""
    tones: Wave
    """The same, if it were the tones alone, in step, (n,)."""
    each: Wave
    """Each of them, (tones, n)."""
    power: float
    """Mean square of the tones."""

    @property
    def other(self) -> Wave:
        """What is heard beside the tones, squared."""
        return (self.wave - self.tones) ** 2


def ends_in_step(samples: Samples, burst: Segment, end: int, *, sr: int, plan: TonePlan) -> bool:
    """Whether a burst's tones are heard in step with it up to a sample, and not behind it.

    Args:
        samples: the call, mono, int16 or floats in [-1, 1], (n,).
        burst: a ring in it that is seen to end sooner.
        end: where it was due to be over.
        sr: samples a second.
        plan: whose tones ring.
    """
    edge, over = round(_EDGE_S * sr), round(_OVER_S * sr)
    known = Segment(burst.sound, burst.end - round((_PUT_IN_S + _FITTED_S) * sr), burst.end - round(_PUT_IN_S * sr))
    long = round(_LEAST_S * sr) <= end - edge - burst.end <= round(_LONGEST_S * sr)
    if not long or known.start < burst.start + edge or end + edge + over > len(samples):
        return False
    fit = _fitted(samples, burst, known, end + edge + over, sr=sr, plan=plan)
    if float(np.mean(fit.other[: known.length])) > _OFF * fit.power:
        return False  # lost packets, or a ring that swings
    rest = slice(burst.end - known.start, end - edge - known.start)
    loud, other = (np.cumsum(part[rest][::-1]) for part in (fit.tones**2, fit.other))
    heard = (other <= _OFF * loud) & (loud >= _LEAST_S * sr * fit.power)
    return bool(heard.any()) and float(np.mean(fit.wave[-over:] ** 2)) <= _QUIET * fit.power


def is_over_before(samples: Samples, burst: Segment, end: int, *, silent: bool, sr: int, plan: TonePlan) -> bool:
    """Whether the line is heard without a burst's tones right before a sample: they did not go on until then.

    Args:
        samples: the call, mono, int16 or floats in [-1, 1], (n,).
        burst: a ring in it that is seen to end sooner.
        end: where it was due to be over.
        silent: nothing at all is a line, too; else it may be lost packets.
        sr: samples a second.
        plan: whose tones ring.
    """
    edge, sizes = round(_EDGE_S * sr), [round(size * sr) for size in _MOMENTS_S]
    known = Segment(burst.sound, burst.end - round((_EDGE_S + _FITTED_S) * sr), burst.end - edge)
    first = burst.end + 2 * edge
    if known.start < burst.start + edge or end - edge - sizes[0] < first or end > len(samples):
        return False
    fit = _fitted(samples, burst, known, end - edge, sr=sr, plan=plan)
    enough = (size for size in sizes if float(np.mean(fit.tones[-size:] ** 2)) >= _DUE * fit.power)
    size = next(enough, len(samples))
    since = end - edge - size
    if since < first:
        return False
    arrived = silent or np.count_nonzero(samples[since : end - edge]) > size / 2
    # What is put in for a lost packet is heard, though fainter: the line must be quiet all the time.
    behind = fit.wave[first - known.start :] ** 2
    loudest = float(np.convolve(behind, np.ones(sizes[0]) / sizes[0], mode="valid").max())
    return bool(arrived and loudest <= _QUIET * fit.power)


def rest_until(samples: Samples, burst: Segment, since: int, *, sr: int, plan: TonePlan) -> int:
    """Up to where a burst's tones may be heard in step right behind a hole that ends at a sample, and no less; that
    sample itself, if they are not. It is late by half of the rest and half a beat of the tones at most: so much else
    may be amid them."""
    edge = round(_EDGE_S * sr)
    known = Segment(burst.sound, burst.end - round((_EDGE_S + _FITTED_S) * sr), burst.end - edge)
    until = min(since + round(_LONGEST_S * sr), len(samples))
    if known.start < burst.start + edge or since < burst.end or until <= since:
        return since
    fit = _fitted(samples, burst, known, until, sr=sr, plan=plan)
    rest = slice(since - known.start, until - known.start)
    loud, other = (np.cumsum(part[rest]) for part in (fit.tones**2, fit.other))
    heard = np.flatnonzero((other <= _OFF * loud) & (loud >= _EDGE_S * sr * fit.power))
    return since + int(heard[-1]) + 1 if len(heard) else since


def is_in_step(samples: Samples, burst: Segment, *, sr: int, plan: TonePlan) -> bool:
    """Whether a burst's tones keep step from its first moments to its last, and it is quiet behind them: nothing of it
    was put in or taken out, but for what holds whole turns of all of them. What clicks or lost packets hide amid them
    is as long as it was."""
    part, fade, over = round(_PART_S * sr), round(_FADE_S * sr), round(_OVER_S * sr)
    known = Segment(burst.sound, burst.start + fade, burst.end - round(_EDGE_S * sr))
    until = burst.end + round(_EDGE_S * sr) + over
    if known.length < _PARTS * part or until > len(samples):
        return False
    fit = _fitted(samples, burst, known, until, sr=sr, plan=plan)
    other = fit.other[: known.length]
    kept = other[known.length % part :].reshape(-1, part).mean(axis=1) <= _OFF * fit.power
    first, last = float(other[:part].mean()), float(other[-over:].mean())
    quiet = float(np.mean(fit.wave[-over:] ** 2)) <= _FAINT * fit.power
    return bool(quiet and max(first, last) <= _OFF * fit.power and kept[-1] and kept.mean() >= _MOST)


def are_two_in_step(samples: Samples, heard: Segment, *, sr: int, plan: TonePlan) -> bool:
    """Whether a sound, most of which came, is two tones of an exchange at once that keep step with themselves."""
    if (
        len(plan.ringback.frequencies_hz) != _TWO
        or heard.end > len(samples)
        or heard.length < _PARTS * round(_PART_S * sr)
    ):
        return False
    fit = _fitted(samples, heard, heard, heard.end, sr=sr, plan=plan)
    each = [float(np.mean(one**2)) for one in fit.each]
    return float(np.mean(fit.other)) <= _OFF * float(np.mean(fit.wave**2)) and min(each) >= _BOTH * sum(each)


def _fitted(samples: Samples, burst: Segment, known: Segment, until: int, *, sr: int, plan: TonePlan) -> _Fit:
    """A burst's tones from where they are known on, as they go on in step."""
    turns = 2 * np.pi * lines_hz(samples[burst.start : burst.end], sr=sr, plan=plan)[0] / sr
    angles = np.outer(np.arange(known.start, until), turns)
    base = np.hstack([np.cos(angles), np.sin(angles)])
    wave = samples[known.start : until].astype(np.float64)
    wave -= wave[: known.length].mean()
    parts = base * np.linalg.lstsq(base[: known.length], wave[: known.length], rcond=None)[0]
    each = parts[:, : len(turns)] + parts[:, len(turns) :]
    told = each.sum(axis=1)
    return _Fit(wave, told, each.T, float(np.mean(told[: known.length] ** 2)))
