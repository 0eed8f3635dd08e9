"""Names bursts by their lengths and gaps: ringback, busy, congestion, dial, special information tone."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from dsp.bursts.burst import Burst
from dsp.ringing.due import Due, RingsDue
from dsp.ringing.lengths import SLACK_S, STRETCH, fits, lost_in
from dsp.ringing.special_tone import SpecialTone
from dsp.segment import BUSY, CONGESTION, DIAL, DTMF, RINGBACK, TONE, Segment
from dsp.tone_plan import Tone, TonePlan
from dsp.tone_sets import SR, ToneSet, dtmf_sets, set_of

_ALONE, _FREE, _FREE_OF_TWO = 0.85, 0.65, 0.5
"""Share of the band's energy in a tone that stands alone: a whole one's, though music was playing; any one's; that of
two tones at once, which are less likely to be an instrument's."""
_UNEVEN_S = 0.015
"""A refusal's bursts are as long as one another to this, as they are heard."""
_LONG_S = 2.5
"""A plan's tone without end that lasted this long is that tone."""


class Cadence:
    """Segments out of bursts. Bursts come in order of their end."""

    def __init__(self, plan: TonePlan, sets: tuple[ToneSet, ...]) -> None:
        self.ring_set = set_of(plan.ringback, sets)
        self._ring_ons = tuple(on for on, _ in plan.cadence)
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
        self._rings = RingsDue(plan, self.ring_set)

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
        return self._rings.is_due(burst)

    @property
    def due(self) -> tuple[Due, ...]:
        """When the next burst of ringback should begin: after a gap inside a ring, and after one between rings."""
        return self._rings.dues

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
            self._rings.expect_after(burst)  # if it was a ring, then the next is due before this one has its name
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
            name: lost_in(pairs, tone.cadence, last, cut=cut)
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
                self._rings.forget(row)
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
        if burst.tone_set == self.ring_set and pure and seconds <= longest * (1 + STRETCH) + SLACK_S:
            return self._ring(burst)
        return [_segment(TONE, burst, burst)]

    def _ring(self, burst: Burst) -> list[Segment]:
        if burst not in self._rings:
            self._rings.expect_after(burst)
        return [_segment(RINGBACK, burst, burst)]

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


def _kin(ring_set: int, sets: tuple[ToneSet, ...]) -> frozenset[int]:
    """Ringback's set and those so near to it that a short burst may pass for one of them."""
    low, high = sets[ring_set].edges_hz
    near = (i for i, s in enumerate(sets) if not s.is_far and s.edges_hz[0] <= high and s.edges_hz[1] >= low)
    return frozenset(i for i in near if i == ring_set or sets[i].lines == 1 or sets[ring_set].lines == 1)


def _segment(sound: str, first: Burst, last: Burst) -> Segment:
    told = first.proven and first.begins and first.told_apart and first.share >= _ALONE
    return Segment(sound, first.start, last.end, stops=last.stops, begins=first.begins, told=told)
