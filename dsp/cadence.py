"""Names bursts by their lengths and gaps: ringback, busy, congestion, dial, special information tone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

from dsp.burst import Burst
from dsp.segment import BUSY, CONGESTION, DIAL, DTMF, RINGBACK, TONE, Segment
from dsp.special_tone import SpecialTone
from dsp.tone_plan import Tone, TonePlan
from dsp.tone_sets import SR, ToneSet, dtmf_sets, set_of

STRETCH = 0.18
"""Cadences may be off by 15 %; a burst's edges by some milliseconds more."""
_SLACK_S = 0.03
_ALONE, _FREE, _FREE_OF_TWO = 0.85, 0.65, 0.5
"""Share of the band's energy in a tone that stands alone: a whole one's, though music was playing; any one's; that of
two tones at once, which are less likely to be an instrument's."""
_LATE_S = 0.045
"""Two packets."""
_LATEST_S = 0.11
"""Five."""
_ROUNDED = 0.01
_EDGE = round(0.012 * SR)
_LEAST_REST = round(0.04 * SR)
"""Less left of a burst behind a hole is not looked for."""
_TORN = 0.34
"""Share of the bursts of a refusal that may have lost packets at their ends."""
_TORN_S, _HALT = 0.09, 0.25
"""Pieces of one burst stand no further apart, or no further than this share of the plan's shortest silence."""
_UNEVEN_S = 0.015
"""A refusal's bursts are as long as one another to this, as they are heard."""
_LONG_S = 2.5
"""A plan's tone without end that lasted this long is that tone."""


def fits(seconds: float, nominal: float) -> bool:
    """Whether a length can be this one of the plan."""
    return abs(seconds - nominal) <= STRETCH * nominal + _SLACK_S


@dataclass(frozen=True, slots=True)
class Due:
    """When a burst should begin."""

    start: int
    """Not before this sample."""
    slack: int
    """But up to so many samples later."""


class Cadence:
    """Segments out of bursts. Bursts come in order of their end."""

    def __init__(self, plan: TonePlan, sets: tuple[ToneSet, ...]) -> None:
        self._steps = tuple(on + off for on, off in plan.cadence)
        self.ring_set = set_of(plan.ringback, sets)
        self._ring_ons = tuple(on for on, _ in plan.cadence)
        self._least_off = min(off for _, off in plan.cadence)
        named: tuple[tuple[str, Tone | None], ...] = ((BUSY, plan.busy), (CONGESTION, plan.congestion))
        self._repeated = tuple((name, tone, set_of(tone, sets)) for name, tone in named if tone and tone.cadence)
        self._is_one_line = sets[self.ring_set].lines == 1
        self._kin = _kin(self.ring_set, sets)
        self._dial_set = set_of(plan.dial, sets) if plan.dial and not plan.dial.cadence else None
        self._special = SpecialTone(plan.special, sets)
        keys = {pair: key for key, pair in dtmf_sets()}
        self._keys = {i: keys[s] for i, s in enumerate(sets) if s in keys}
        self._pending: dict[int, list[Burst]] = {}
        self._waits: dict[int, float] = {}
        self._rings: list[Burst] = []
        self.due: tuple[Due, ...] = ()
        """When the next burst of ringback should begin: after a gap inside a ring, and after one between rings."""

    def push(self, burst: Burst, *, spoken: bool | None = None, music: bool = False) -> list[Segment] | None:
        """Name what can be named now; None: the burst is no tone after all, but a piece of somebody's voice.

        `spoken`: somebody was speaking right up to the burst. Then only a whole burst is believed (False), or none
        (True: it wavers as vowels do). None: nobody was, or the burst is steadier than any voice.
        `music`: music was playing. Then a burst must be whole and stand alone: instruments hold notes.
        """
        if music and not self.stands_alone(burst):
            return None
        if not burst.proven:
            return self._ring(burst) if spoken is None and self.is_due(burst) else None
        seconds = (burst.end - burst.start) / SR
        wanted = self.is_whole(burst) or (self.is_due(burst) and burst.share > _ALONE)
        if spoken is not None and seconds < _LONG_S and (spoken or not wanted):
            return None
        if burst.tone_set in self._keys:
            return [Segment(DTMF, burst.start, burst.end, self._keys[burst.tone_set])] if seconds < 3 else []
        if burst.tone_set in self._special.sets:
            return self._special.push(burst)
        if burst.tone_set == self._dial_set and seconds >= _LONG_S:
            return [*self._settle(self._place(burst.tone_set)), _segment(DIAL, burst, burst)]
        if not self._may_repeat(burst):
            return [*self._settle(self._place(burst.tone_set)), *self._single(burst)]
        return self._join(burst)

    def stands_alone(self, burst: Burst) -> bool:
        """Whether a burst is a whole one with nothing beside it: among music nothing else is believed."""
        return burst.share >= _ALONE and self.is_whole(burst)

    def is_whole(self, burst: Burst) -> bool:
        """Whether a burst has the full length of one of the plan's."""
        ons = [on for _, tone, s in self._repeated if s == burst.tone_set for on, _ in tone.cadence]
        ons += self._ring_ons if burst.tone_set == self.ring_set else ()
        if burst.tone_set in self._special.sets or burst.tone_set in self._keys:
            return True
        return any(fits((burst.end - burst.start) / SR, on) for on in ons)

    def is_due(self, burst: Burst) -> bool:
        """Whether the cadence wanted a burst there: one cut to a few milliseconds is believed only then."""
        if not self._rings or burst.tone_set != self.ring_set:
            return False
        slack = 0.04 * SR if len(self._rings) > 1 else STRETCH * min(self._steps) * SR
        return any(due.start - slack <= burst.start <= due.start + due.slack + slack for due in self.due)

    def _next_due(self) -> tuple[Due, ...]:
        last = self._rings[-1]
        if len(self._rings) == 1:
            return tuple(self._first_due(step) for step in self._steps)
        dues = [round(last.start + step * self._scale * SR) for step in self._steps]
        early = [self._earliest(dues[0], self._steps[0] * self._scale * SR)] if len(dues) == 1 else dues
        return tuple(Due(at - _EDGE, due - at + 2 * _EDGE) for at, due in zip(early, dues, strict=True))

    def _first_due(self, step: float) -> Due:
        """After one burst: its length tells the cadence's, or packets were lost of it and the plan does."""
        last = self._rings[-1]
        lacks = (last.end - last.start) / SR < self._ring_ons[0] * (1 - _ROUNDED)
        scales = (self._scale, 1.0) if lacks else (self._scale,)
        early = _LATE_S * SR if lacks else 0
        start = round(last.start + step * min(scales) * SR - early) - 2 * _EDGE
        return Due(start, round(last.start + step * max(scales) * SR) + 2 * _EDGE - start)

    def _earliest(self, due: int, period: float) -> int:
        """The same moment as the rings before tell it: a lost packet makes a burst begin late, never early.

        Lost at the second ring's start it makes the plan's own period look longer."""
        periods = (period, self._steps[0] * SR)
        told = (ring.start + round((due - ring.start) / p) * p for ring in self._rings for p in periods)
        return round(min((at for at in told if due - _LATEST_S * SR <= at), default=due))

    @property
    def _scale(self) -> float:
        """How much slower than the plan's the cadence runs: by the bursts' distances, else by one burst's length."""
        if len(self._rings) > 1:
            steps = [(b.start - a.start) / SR for a, b in pairwise(self._rings)]
            ratios = sorted(step / wanted for step in steps for wanted in self._steps if fits(step, wanted))
            if ratios:
                nearest = min(ratios, key=lambda r: abs(r - 1))
                return 1.0 if abs(nearest - 1) < 0.0005 else ratios[len(ratios) // 2]
        on = (self._rings[-1].end - self._rings[-1].start) / SR
        ratio = next((on / wanted for wanted in self._ring_ons if fits(on, wanted)), 1.0)
        return ratio if abs(ratio - 1) > _ROUNDED else 1.0

    def _may_repeat(self, burst: Burst) -> bool:
        """Whether busy or congestion could have a burst of this length (or end in one)."""
        seconds = (burst.end - burst.start) / SR
        same = [tone for _, tone in self._alike(burst.tone_set)]
        rings = burst.tone_set == self.ring_set and any(fits(seconds, on) for on in self._ring_ons)
        fit = any(fits(seconds, on) for tone in same for on, _ in tone.cadence)
        return fit or (bool(same) and not rings and seconds < max(on for t in same for on, _ in t.cadence))

    def _alike(self, tone_set: int) -> list[tuple[str, Tone]]:
        """The repeated signals that a burst of some set may belong to.

        A short burst of ringback's own tones may be another signal's, where the two share a place in the spectrum."""
        return [(n, t) for n, t, s in self._repeated if s == tone_set or {s, tone_set} <= self._kin]

    def _join(self, burst: Burst) -> list[Segment]:
        done: list[Segment] = []
        place = self._place(burst.tone_set)
        bursts = self._pending.get(place, [])
        if bursts and not self._names([*bursts, burst]):
            apart = self._apart(bursts, burst)
            self._pending[place] = bursts[:apart]
            done, bursts = self._settle(place), bursts[apart:]
        self._pending[place] = [*bursts, burst]
        if burst.tone_set == self.ring_set and any(fits((burst.end - burst.start) / SR, on) for on in self._ring_ons):
            self._expect_after(burst)  # if it was a ring, then the next is due before this one has its name
        return done

    def _apart(self, bursts: list[Burst], burst: Burst) -> int:
        """How many bursts that wait are not of the signal that a new one goes on with."""
        known = len(bursts) > 1 and self._names(bursts, cut=False)
        places = () if known else range(1, len(bursts))
        return next((place for place in places if self._names([*bursts[place:], burst])), len(bursts))

    def _place(self, tone_set: int) -> int:
        """Under which set bursts of one set wait: sets that cannot always be told apart wait together."""
        return min(self._kin) if tone_set in self._kin else tone_set

    def _names(self, bursts: list[Burst], *, cut: bool = True) -> list[str]:
        """What bursts in a row can be: the signals whose lengths and pauses all fit, wherever it began.

        `cut`: the last burst may be cut. Of two bursts one must be whole: a pause alone proves nothing."""
        pairs = [((a.end - a.start) / SR, (b.start - a.end) / SR) for a, b in pairwise(bursts)]
        last = (bursts[-1].end - bursts[-1].start) / SR
        told = next((burst.tone_set for burst in bursts if burst.told_apart), None)
        torn = {
            name: _torn(pairs, tone.cadence, last, cut=cut)
            for name, tone, tone_set in self._repeated
            if (name, tone) in self._alike(bursts[0].tone_set) and told in (None, tone_set)
        }
        least = min((count for count in torn.values() if count is not None), default=None)
        return [name for name, count in torn.items() if count is not None and count == least]

    def _settle(self, place: int, *, ended: bool = False) -> list[Segment]:
        """Name what is pending of one set, now that nothing more will join it. `ended`: the audio cut its last."""
        bursts = self._pending.pop(place, [])
        # Two pieces of a torn ring may look like two bursts of a refusal, which would have gone on.
        least = 3 if place in self._kin and not ended else 2
        # The last one may be another signal's first.
        for count in range(len(bursts), max(len(bursts) - 2, least - 1), -1):
            row = bursts[:count]
            names = self._names(row, cut=False) or (self._names(row) if ended and row == bursts else [])
            if names and _is_no_music(row):
                starts = {burst.start for burst in row}
                self._rings = [ring for ring in self._rings if ring.start not in starts]
                rest = [segment for burst in bursts[count:] for segment in self._single(burst)]
                uneven = _is_uneven(row, may_ring=place in self._kin)
                return [replace(_segment(names[0], row[0], row[-1]), uneven=uneven), *rest]
        return [segment for burst in bursts for segment in self._single(burst)]

    def _single(self, burst: Burst) -> list[Segment]:
        """A burst that stands alone: a ring (also one cut short), or a tone of no known meaning."""
        seconds = (burst.end - burst.start) / SR
        longest = max(self._ring_ons)
        pure = burst.share > (_FREE if self._is_one_line else _FREE_OF_TWO) or not burst.proven or self.is_due(burst)
        # A line that clips puts other tones beside two, whose own they are all the same.
        pure |= not self._is_one_line and burst.told_apart and burst.begins and burst.stops and self.is_whole(burst)
        if burst.tone_set == self.ring_set and pure and seconds <= longest * (1 + STRETCH) + _SLACK_S:
            return self._ring(burst)
        return [_segment(TONE, burst, burst)]

    def _ring(self, burst: Burst) -> list[Segment]:
        if burst not in self._rings:
            self._expect_after(burst)
        return [_segment(RINGBACK, burst, burst)]

    def _expect_after(self, burst: Burst) -> None:
        last = self._rings[-1] if self._rings else None
        if last is not None and self._is_rest(last, burst):
            self._rings[-1] = replace(last, end=burst.end, stops=burst.stops, broken=burst.broken)
        else:
            self._rings = [*self._rings[-3:], burst]
        self.due = () if self._was_cut(self._rings[-1]) else (*self._rest_due(self._rings[-1]), *self._next_due())

    def _rest_due(self, burst: Burst) -> tuple[Due, ...]:
        """Where the rest of a burst may be heard, behind packets that were lost before it was over."""
        lacks = round(burst.start + max(self._ring_ons) * self._scale * SR) - burst.end
        if not burst.broken or lacks < _LEAST_REST:
            return ()
        return (Due(burst.end + _EDGE, lacks - _LEAST_REST),)

    def _is_rest(self, last: Burst, burst: Burst) -> bool:
        """Whether a burst is the rest of the one before it, behind a hole."""
        gap, length = (burst.start - last.end) / SR, (burst.end - last.start) / SR
        return gap < max(_TORN_S, _HALT * self._least_off) and length <= max(self._ring_ons) * (1 + STRETCH) + _SLACK_S

    def _was_cut(self, burst: Burst) -> bool:
        """Whether a burst was surely cut short: then somebody picked up, and no other is due."""
        seconds = (burst.end - burst.start) / SR
        return burst.stops and burst.proven and not any(fits(seconds, on) for on in self._ring_ons)

    def tick(self, now: int) -> list[Segment]:
        """Name what has waited so long, by sample `now`, that nothing more can join it."""
        done = self._special.tick(now)
        for place in list(self._pending):
            if now - self._pending[place][-1].end > self._wait(place) * SR:
                done += self._settle(place)
        return done

    def _wait(self, place: int) -> float:
        """Seconds in which another burst can join what is pending of one set."""
        if place not in self._waits:
            pairs = [pair for _, tone in self._alike(place) for pair in tone.cadence]
            # The next burst is known only when it is over.
            self._waits[place] = max(off for _, off in pairs) * 1.4 + max(on for on, _ in pairs) * 1.2 + 0.4
        return self._waits[place]

    def close(self) -> list[Segment]:
        """Name the rest at the end of the audio."""
        rest = [segment for place in list(self._pending) for segment in self._settle(place, ended=True)]
        return [*rest, *self._special.close()]

    @property
    def open(self) -> tuple[Segment, ...]:
        """Busy and congestion that are known already but not over: for certain, as somebody may hang up on it.

        Of tones like ringback's three bursts must have come, and what they may be has one cadence only."""
        tones = {name: tone.cadence for name, tone, _ in self._repeated}
        least = {place: 3 if place in self._kin else 2 for place in self._pending}
        waiting = self._pending.items()
        several = [bursts for place, bursts in waiting if len(bursts) >= least[place] and _is_no_music(bursts)]
        named = [(bursts, self._names(bursts)) for bursts in several]
        known = [(b, names[0]) for b, names in named if len({tones[name] for name in names}) == 1]
        return tuple(_segment(name, b[0], b[-1]) for b, name in known)


def _is_no_music(row: list[Burst]) -> bool:
    """Whether bursts are no notes: of two, one must come out of quiet or stand alone."""
    return len(row) > 2 or any(burst.begins or burst.share >= _ALONE for burst in row)


def _is_uneven(row: list[Burst], *, may_ring: bool) -> bool:
    """Whether the first burst of a refusal is longer than all others but the last, which may be cut; or, of tones like
    ringback's, not as long as any of them, or none of their pauses is as long as the one behind it."""
    lengths = [(burst.end - burst.start) / SR for burst in row]
    pauses = [(b.start - a.end) / SR for a, b in pairwise(row)]
    others = lengths[1:-1] or lengths[1:]
    if not may_ring:
        return lengths[0] > max(others) + _UNEVEN_S
    alike = any(abs(lengths[0] - other) <= _UNEVEN_S for other in others)
    return not alike or all(abs(pauses[0] - other) > _UNEVEN_S for other in pauses[1:] or pauses)


def _torn(
    pairs: list[tuple[float, float]], cadence: tuple[tuple[float, float], ...], last: float, *, cut: bool
) -> int | None:
    """How many bursts packets were lost of, if (on, off) lengths in a row and a last burst are a cadence's, from some
    place of it on; its first burst may be cut, and the last one where `cut` says so. None: they are not."""
    places = range(len(cadence))
    found = [_torn_from(pairs, [*cadence[place:], *cadence[:place]], last, cut=cut) for place in places]
    return min((count for count in found if count is not None), default=None)


def _torn_from(
    pairs: list[tuple[float, float]], cadence: list[tuple[float, float]], last: float, *, cut: bool
) -> int | None:
    size, on = len(cadence), cadence[len(pairs) % len(cadence)][0]
    lengths = [*(length for length, _ in pairs), last]
    whole = [fits(length, cadence[i % size][0]) for i, length in enumerate(lengths)]
    first_fits = whole[0] or pairs[0][0] < cadence[0][0]
    last_fits = whole[-1] or (cut and last < on and any(whole[:-1]))
    torn = [i for i in range(len(pairs)) if not whole[i] and (i or not fits(pairs[0][1], cadence[0][1]))]
    few = len(torn) <= _TORN * len(lengths)
    if not (first_fits and last_fits and few and _pauses_fit(pairs, cadence, torn)):
        return None
    return len(torn) + (not whole[-1])


def _pauses_fit(pairs: list[tuple[float, float]], cadence: list[tuple[float, float]], torn: list[int]) -> bool:
    """Whether every pause has its length; around a burst that lost packets both together, with what is left of it."""
    size = len(cadence)
    offs = [cadence[i % size][1] for i in range(len(pairs))]
    for i, (_, off) in enumerate(pairs):
        if i not in torn and i + 1 not in torn and not fits(off, offs[i]):
            return False
    return all(
        _is_torn(pairs[max(i - 1, 0) : i + 1], [(cadence[j % size]) for j in range(max(i - 1, 0), i + 1)]) for i in torn
    )


def _is_torn(pairs: list[tuple[float, float]], cadence: list[tuple[float, float]]) -> bool:
    """Whether the last of some bursts, with the pauses around it, is one that lost packets at its ends."""
    (length, _), (on, _) = pairs[-1], cadence[-1]
    before = [off for _, off in pairs], [off for _, off in cadence]
    whole = sum(before[0]) + length, sum(before[1]) + on
    shortest = all(off > (1 - STRETCH) * wanted - _SLACK_S for off, wanted in zip(*before, strict=True))
    return length < on and fits(*whole) and shortest


def _kin(ring_set: int, sets: tuple[ToneSet, ...]) -> frozenset[int]:
    """Ringback's set and those so near to it that a short burst may pass for one of them."""
    low, high = sets[ring_set].edges_hz
    near = (i for i, s in enumerate(sets) if not s.is_far and s.edges_hz[0] <= high and s.edges_hz[1] >= low)
    return frozenset(i for i in near if i == ring_set or sets[i].lines == 1 or sets[ring_set].lines == 1)


def _segment(sound: str, first: Burst, last: Burst) -> Segment:
    told = first.proven and first.begins and first.told_apart and first.share >= _ALONE
    return Segment(sound, first.start, last.end, stops=last.stops, begins=first.begins, told=told)
