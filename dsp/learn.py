"""A tone plan out of the sound itself: an exchange's own (learnt), or the published one that fits (auto).

Nothing is assumed of the frequencies: bursts are stretches whose energy stands in one or two places of the
spectrum, the lines of a burst are read off one long spectrum, and the cadence off the bursts that have the
same lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.fft import rfft

from dsp.detector import Detector
from dsp.segment import RINGBACK
from dsp.tone_plan import Step, Tone, TonePlan, TonePlanError, load_plan, plan_names
from dsp.tone_sets import HOP, SR, WINDOW

Array = npt.NDArray[np.float32]

_HZ = SR / WINDOW
_LOW, _HIGH = int(200 / _HZ), int(3600 / _HZ)
_PLACE = 3
"""Half the width of one place, in bins of 15.6 Hz: two tones 40 Hz apart are one place."""
_SHARE = 0.5
_FAINTEST = 49152 * 10 ** (-52 / 10)
_SHORTEST_S, _LONGEST_S = 0.15, 6.0
_LINE_SHARE = 0.08
_SAME_HZ = 0.012
_SAME_S = 0.05


@dataclass(frozen=True, slots=True)
class HeardTone:
    """A cadence heard again and again."""

    frequencies_hz: tuple[float, ...]
    """Rising."""
    modulation_hz: float | None
    """None for a steady tone."""
    cadence: tuple[tuple[float, float], ...]
    """(on, off) seconds of each burst of one period."""
    periods: int
    """How many periods were heard."""

    @property
    def period_s(self) -> float:
        """Seconds from period to period."""
        return sum(on + off for on, off in self.cadence)


@dataclass(frozen=True, slots=True)
class _Burst:
    start_s: float
    end_s: float
    frequencies_hz: tuple[float, ...]
    modulation_hz: float | None

    @property
    def length_s(self) -> float:
        return self.end_s - self.start_s


def heard_tones(samples: npt.NDArray[np.generic], *, sr: int) -> tuple[HeardTone, ...]:
    """Every cadence of a recording, the longest-lasting first; empty when none repeats.

    Args:
        samples: mono, int16 or floats in [-1, 1], shape (n,).
        sr: 8000 or 16000.
    """
    bursts = _bursts(_at_8k(samples, sr=sr))
    tones: list[HeardTone] = []
    while bursts:
        same = [b for b in bursts if _same_lines(b, bursts[0])]
        bursts = [b for b in bursts if b not in same]
        tone = _cadence(same)
        if tone is not None:
            tones.append(tone)
    return tuple(sorted(tones, key=lambda t: -t.periods * t.period_s))


def learn_plan(samples: npt.NDArray[np.generic], *, sr: int, name: str) -> TonePlan:
    """A plan whose ringback is the one heard: the slowest cadence with a pause longer than its bursts.

    Raises:
        TonePlanError: no cadence repeats in this recording.
    """
    heard = heard_tones(samples, sr=sr)
    ringing = [t for t in heard if max(off for _, off in t.cadence) > 1.2]
    if not ringing:
        raise TonePlanError(f"{name}: no ringback in this recording: three rings or more are needed")
    quick = sorted((t for t in heard if t.period_s < 2.5 and t.modulation_hz is None), key=lambda t: -t.period_s)
    rest = dict(zip(("busy", "congestion"), map(_tone, quick[:2]), strict=False))
    plan = TonePlan(name, name, "learnt from a recording", _tone(ringing[0]), **rest)
    return _exact(plan, samples, sr=sr)


def _exact(plan: TonePlan, samples: npt.NDArray[np.generic], *, sr: int) -> TonePlan:
    """The plan with its ringback's lengths as the detector, which knows edges to a millisecond, hears
    them."""
    detector = Detector(sr=sr, plan=plan)
    found = detector.feed(samples) + detector.flush()  # type: ignore[arg-type]
    bursts = [
        _Burst(s.start / sr, s.end / sr, plan.ringback.frequencies_hz, None) for s in found if s.sound == RINGBACK
    ]
    heard = _cadence(bursts) if len(bursts) > 2 else None
    if heard is None or len(heard.cadence) != len(plan.cadence):
        return plan
    sound = plan.ringback.steps[0]
    exact = HeardTone(sound.frequencies_hz, sound.modulation_hz, heard.cadence, heard.periods)
    return replace(plan, ringback=_tone(exact))


def plan_toml(plan: TonePlan) -> str:
    """A plan as TOML, as `load_plan` reads it from a file."""
    lines = [f"[{plan.name}]", f'title = "{plan.title}"', f'source = "{plan.source}"']
    for key in ("ringback", "busy", "congestion", "dial", "sit"):
        tone = getattr(plan, key)
        if tone is not None:
            lines.append(f'{key} = "{notation(tone)}"')
    return "\n".join(lines) + "\n"


def notation(tone: Tone) -> str:
    """A signal in the field's notation, say `440+480/1000,0/2000`."""
    return ",".join(_step_notation(step) for step in tone.steps)


def _step_notation(step: Step) -> str:
    tones = "+".join(f"{f:g}" for f in step.frequencies_hz) or "0"
    swing = f"*{step.modulation_hz:g}" if step.modulation_hz else ""
    return f"{tones}{swing}" + (f"/{step.duration_s * 1000:.0f}" if step.duration_s is not None else "")


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


def _tone(heard: HeardTone) -> Tone:
    """Rounded as plans are: whole Hz, 10 ms."""
    steps: list[Step] = []
    swing = None if heard.modulation_hz is None else float(round(heard.modulation_hz))
    for on, off in heard.cadence:
        steps.append(Step(tuple(float(round(f)) for f in heard.frequencies_hz), swing, round(on, 2)))
        steps.append(Step((), None, round(off, 2)))
    return Tone(tuple(steps))


def _at_8k(samples: npt.NDArray[np.generic], *, sr: int) -> Array:
    scale = 1 / 32768 if samples.dtype == np.int16 else 1.0
    wave = samples.astype(np.float32) * np.float32(scale)
    if sr == SR:
        return wave
    return np.asarray(wave[: len(wave) // 2 * 2].reshape(-1, 2).mean(axis=1), dtype=np.float32)


def _bursts(wave: Array) -> list[_Burst]:
    found = []
    places, powers = _tonal_places(wave)
    for first, last in _runs(places):
        # Where half of the window is filled, a quarter of the power is there.
        inside = first + np.flatnonzero(powers[first : last + 1] > 0.25 * np.median(powers[first : last + 1]))
        start, end = (int(inside[i]) * HOP + WINDOW // 2 + side for i, side in ((0, -HOP // 2), (-1, HOP // 2)))
        if _SHORTEST_S <= (end - start) / SR <= _LONGEST_S:
            burst = _read_lines(wave, max(start, 0), min(end, len(wave)))
            if burst is not None:
                found.append(burst)
    return found


def _tonal_places(wave: Array) -> tuple[npt.NDArray[np.intp], Array]:
    """(the strongest place of each frame's spectrum, or -1 where the energy is not in one or two places; its
    power)."""
    count = max((len(wave) - WINDOW) // HOP + 1, 0)
    places, powers = np.full(count, -1), np.zeros(count, np.float32)
    for first in range(0, count, 500):
        some = min(500, count - first)
        rows = np.lib.stride_tricks.sliding_window_view(wave[first * HOP :], WINDOW)[: some * HOP : HOP]
        lines = rfft(rows * np.hanning(WINDOW).astype(np.float32))
        power = (lines.real**2 + lines.imag**2)[:, _LOW:_HIGH]
        width = np.cumsum(np.pad(power, ((0, 0), (_PLACE + 1, _PLACE))), axis=1)
        held = width[:, 2 * _PLACE + 1 :] - width[:, : -2 * _PLACE - 1]
        top = held.argmax(axis=1)
        away = np.abs(np.arange(held.shape[1]) - top[:, None]) > 2 * _PLACE
        two = held[np.arange(some), top] + np.where(away, held, 0).max(axis=1)
        tonal = (two > _SHARE * power.sum(axis=1)) & (two > _FAINTEST)
        places[first : first + some] = np.where(tonal, top, -1)
        powers[first : first + some] = two
    return places, powers


def _runs(places: npt.NDArray[np.intp]) -> list[tuple[int, int]]:
    """(first, last) frames over which the place stays, holes of up to 60 ms bridged."""
    runs: list[tuple[int, int]] = []
    for frame in np.flatnonzero(places >= 0):
        near = runs and frame - runs[-1][1] <= 3 and abs(int(places[frame]) - int(places[runs[-1][1]])) <= 9
        if near:
            runs[-1] = (runs[-1][0], int(frame))
        else:
            runs.append((int(frame), int(frame)))
    return runs


def _read_lines(wave: Array, start: int, end: int) -> _Burst | None:
    """The burst's lines, if they hold most of its energy."""
    middle = wave[start + 200 : end - 200]
    n = min(len(middle), 8000)
    if n < 600:
        return None
    size = 16384
    lines = rfft(middle[:n] * np.hanning(n).astype(np.float32), size)
    power = (lines.real**2 + lines.imag**2).astype(np.float64)
    hz = SR / size
    power[: int(150 / hz)] = 0
    total, half = power.sum(), int(2.2 * SR / n / hz) + 1
    found: list[tuple[float, float]] = []
    rest = power.copy()
    for _ in range(3):
        top = int(rest.argmax())
        share = float(rest[max(top - half, 0) : top + half + 1].sum() / total)
        if share < _LINE_SHARE:
            break
        found.append((top * hz, share))
        rest[max(top - half, 0) : top + half + 1] = 0
    if not found or sum(share for _, share in found) < 0.5:
        return None
    return _Burst(start / SR, end / SR, *_as_tones(found))


def _as_tones(found: list[tuple[float, float]]) -> tuple[tuple[float, ...], float | None]:
    """Three lines evenly apart, the middle one strongest, are one tone that swings."""
    order = sorted(f for f, _ in found)
    if len(found) == 3:
        lower, middle, upper = order
        even = abs((middle - lower) - (upper - middle)) < 4 and upper - lower < 120
        if even and found[0][0] == middle:
            return (middle,), (upper - lower) / 2
    return tuple(sorted(f for f, _ in found[:2])), None


def _same_lines(a: _Burst, b: _Burst) -> bool:
    if len(a.frequencies_hz) != len(b.frequencies_hz) or (a.modulation_hz is None) != (b.modulation_hz is None):
        return False
    return all(abs(f / g - 1) < _SAME_HZ for f, g in zip(a.frequencies_hz, b.frequencies_hz, strict=True))


def _cadence(bursts: Sequence[_Burst]) -> HeardTone | None:
    """One period's (on, off) pairs, if at least two whole periods were heard alike."""
    for size in (1, 2):
        groups = [bursts[i : i + size + 1] for i in range(len(bursts) - size)]
        whole = [g for g in groups if _pairs(g)[-1][1] < 12]
        alike = _alike([_pairs(g) for g in whole], size)
        if len(alike) >= 2 and (size == 2 or len(alike) > 0.6 * len(whole)):
            cadence = tuple(
                (float(np.median([p[i][0] for p in alike])), float(np.median([p[i][1] for p in alike])))
                for i in range(size)
            )
            lines = np.median([b.frequencies_hz for b in bursts], axis=0)
            swings = [b.modulation_hz for b in bursts if b.modulation_hz is not None]
            return HeardTone(
                tuple(map(float, lines)), float(np.median(swings)) if swings else None, cadence, len(alike)
            )
    return None


def _pairs(group: Sequence[_Burst]) -> tuple[tuple[float, float], ...]:
    return tuple((a.length_s, b.start_s - a.end_s) for a, b in pairwise(group))


def _alike(periods: list[tuple[tuple[float, float], ...]], size: int) -> list[tuple[tuple[float, float], ...]]:
    """The largest family of equal periods; with two bursts a period, the longer pause comes last."""
    best: list[tuple[tuple[float, float], ...]] = []
    for one in periods:
        if size == 2 and one[0][1] >= one[1][1]:
            continue
        same = [
            p
            for p in periods
            if all(abs(a - b) <= _SAME_S for x, y in zip(p, one, strict=True) for a, b in zip(x, y, strict=True))
        ]
        best = max(best, same, key=len)
    return best
