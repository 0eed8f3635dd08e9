"""Ringing: bursts that follow one another in the plan's cadence, put into rings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from dsp.beat import EARLY_S, LOST_S, Beat, Ring, find_beat, is_sure, lean, off_period
from dsp.cadence import STRETCH
from dsp.one_ringing import REPLIES, TOLD, goes_on, keeps_beat, may_be_voice
from dsp.quantile import middle
from dsp.restart import last_restart, lost_of_period
from dsp.ring_proof import SOONEST_S, is_exact, lost_since, proven
from dsp.segment import BUSY, CONGESTION, DTMF, MISSING, MUSIC, RINGBACK, SPEECH, Segment
from dsp.tone_plan import Tone, TonePlan
from dsp.torn_bursts import joined

_NEAR = 0.06
"""Of a period: rings so far off their time belong to no ringing begun anew."""
_PARTED_S = 2.5
"""A refusal goes on behind so long a hole."""
_AT_ONCE_S, _SOON_S = 1.5, 3.0
"""Hold music begins so soon behind who puts through; so soon behind its first note the rest of it is known."""
_LOST_BOTH_S = 0.225
"""Packets lost at both ends of a ring take no more of it."""
_STRAY_S = 0.085
"""A burst that lacks more than four packets of what all others have, off their beat, may be a note."""


@dataclass(frozen=True, slots=True)
class Train:
    """One ringing: what is heard while one telephone rings."""

    rings: tuple[Ring, ...]
    """Bursts of each ring, in order."""
    starts: tuple[float, ...]
    """First sample of each ring, as all bursts together say."""
    count: int
    """Cadence periods begun, also those whose burst was lost with its packets."""
    period: float
    """Samples from ring to ring, as measured."""
    restarted: bool
    """The cadence began anew without a voice between: possibly forwarded."""
    onset: int
    """First sample of the first burst, as all bursts together say."""
    sure: bool
    """Two bursts agree on where the ringing began, or the only one has the plan's length: no packet was lost
    there."""
    on_beat: int
    """Rings that begin on the beat to a hair."""
    lean: float
    """How far inside their true edges bursts are seen, in samples; corrected in the starts above."""
    unheard: float = 0.0
    """So many samples before the onset a first burst may have been lost: later rings have one more."""

    @property
    def last(self) -> Segment:
        """The last burst."""
        return self.rings[-1][-1]

    @property
    def last_start(self) -> float:
        """First sample of the last ring."""
        return self.starts[-1]

    @property
    def bursts(self) -> tuple[Segment, ...]:
        """Every burst in order."""
        return tuple(burst for ring in self.rings for burst in ring)


def find_trains(segments: Sequence[Segment], *, sr: int, plan: TonePlan, buffer_s: float = 0.0) -> tuple[Train, ...]:
    """Every ringing among the segments of a call, in order. Bursts that prove nothing are left out.

    `buffer_s`: so much sound a jitter buffer may have put in or taken out at any place."""
    rings = (s for s in segments if s.sound == RINGBACK and not may_be_voice(s, segments, sr=sr))
    heard = sorted(rings, key=lambda s: s.start)
    heard = without_refusals(without_dial_tone(heard, segments, sr=sr, plan=plan), segments, sr=sr, plan=plan)
    bursts = joined(heard, sr=sr, plan=plan, lost=[s for s in segments if s.sound == MISSING])
    groups: list[list[Ring]] = []
    for ring in _rings(bursts, sr=sr, plan=plan):
        heard_as = (ring, _since_hole(ring, segments, sr=sr)) if groups else ()
        known = next((one for one in heard_as if goes_on(groups[-1], one, segments, sr=sr, plan=plan)), None)
        if known is not None:
            groups[-1].append(known)
        else:
            groups.append([ring])
    groups = [
        part
        for group in _merged(groups, segments, sr=sr, plan=plan)
        for part in _parted(group, segments, sr=sr, plan=plan, moved=buffer_s * sr)
    ]
    trains = [_train(_without_note(group, sr=sr), sr=sr, plan=plan) for group in groups]
    believed: list[Train] = []
    for train in trains:
        near = _since_reply(segments, believed, train)
        brief = near is not segments and _is_too_brief(train, sr=sr)
        if not brief and proven(train.rings, near, on_beat=train.on_beat, restarted=train.restarted, sr=sr, plan=plan):
            believed.append(train)
    told = [ring[0].length for train in believed if train.on_beat >= TOLD for ring in train.rings]
    usual = middle(told) if told else 0.0
    after = (*believed[1:], None)
    return tuple(a for a, b in zip(believed, after, strict=False) if not _is_stray(a, b, usual, segments, sr=sr))


def _without_note(group: list[Ring], *, sr: int) -> list[Ring]:
    """A ringing without a first piece that did not begin out of quiet and is on the others' beat with neither edge: who
    was heard before had it for a vowel, or music for its last note."""
    (first, *more), others = group[0], group[1:]
    if more or first.begins or first.stops or first.told or len(others) < TOLD:
        return group
    starts, ends = [ring[0].start for ring in others], [ring[0].end for ring in others]
    period, near = middle([b - a for a, b in pairwise(ends)]), LOST_S * sr
    off = (abs(off_period(one - first.start, period)) > near for one in starts)
    off_ends = (abs(off_period(one - first.end, period)) > near for one in ends)
    brief = first.length < middle([ring[0].length for ring in others]) - _LOST_BOTH_S * sr
    return others if brief and all(off) and all(off_ends) else group


def _since_hole(ring: Ring, segments: Sequence[Segment], *, sr: int) -> Ring:
    """A ring, begun where the packets right before it were lost for certain."""
    since = lost_since(segments, ring[0].start, within=EARLY_S * sr)
    return ring if since is None else (replace(ring[0], start=round(since)), *ring[1:])


def _merged(groups: list[list[Ring]], segments: Sequence[Segment], *, sr: int, plan: TonePlan) -> list[list[Ring]]:
    """The ringings, where holes in the packets tore none apart."""
    whole: list[list[Ring]] = []
    for place, group in enumerate(groups):
        following = groups[place + 1] if place + 1 < len(groups) else []
        quiet = bool(following) and not _replied(segments, group[-1][-1].end, following[0][0].start)
        later = [group, [*group, *following]] if quiet else [group]
        if whole and any(keeps_beat(whole[-1], one, segments, sr=sr, plan=plan) for one in later):
            whole[-1] = [*whole[-1], *group]
        else:
            whole.append(group)
    return whole


def _parted(
    group: list[Ring], segments: Sequence[Segment], *, sr: int, plan: TonePlan, moved: float
) -> list[list[Ring]]:
    """A ringing, or two: where somebody spoke behind its first rings, and those that follow tell a beat that these are
    not on, nor by the packets that the last of them lacks, another telephone rang since then."""
    for place in range(1, len(group) - 1):
        before, since = group[:place], group[place:]
        if _spoken(segments, before[-1][0].end, since[0][0].start):
            beat = find_beat(since, sr=sr, plan=plan)
            least, most = _late(before, since, beat, sr=sr, plan=plan)
            slack = max(4 * EARLY_S * sr, moved)
            if beat.on_it >= TOLD and not (least <= slack and most >= -slack):
                return [before, since]
            if _is_another_beat(before, since, sr=sr, moved=moved):
                return [before, since]
    return [group]


def _is_another_beat(before: list[Ring], since: list[Ring], *, sr: int, moved: float) -> bool:
    """Whether two rings behind who spoke are as far apart as the two before, and as long, but are not on their beat."""
    if min(len(before), len(since)) < 2 or moved:
        return False
    rings = [*before[-2:], *since[:2]]
    lengths = [ring[0].length for ring in rings]
    near, (one, between, other) = 4 * EARLY_S * sr, [b[0].start - a[0].start for a, b in pairwise(rings)]
    alike = max(lengths) - min(lengths) <= near and all(ring[0].begins and ring[0].stops for ring in rings)
    return alike and abs(other - one) <= near and abs(off_period(between, one)) > 2 * near


def _late(before: list[Ring], since: list[Ring], beat: Beat, *, sr: int, plan: TonePlan) -> tuple[float, float]:
    """How late for a beat the rings before it began, at least and at most: by their own beat, if three tell one, or by
    the last of them, but for the packets it lacks."""
    own = find_beat(before, sr=sr, plan=plan)
    if own.on_it >= TOLD:
        late, lacks = _off(own.onset + round((before[-1][0].start - own.onset) / own.period) * own.period, beat), 0.0
    else:
        late = _off(before[-1][0].start, beat)
        lacks = max(float(max(ring[0].length for ring in since) - before[-1][0].length), 0.0)
    return late - lacks, late


def _off(start: float, beat: Beat) -> float:
    """How far behind the next beat a sample is; below 0: before it."""
    return off_period(start - beat.onset, beat.period)


def _spoken(segments: Sequence[Segment], over: int, start: int) -> bool:
    return any(s.sound == SPEECH and over <= s.start < start for s in segments)


def _replied(segments: Sequence[Segment], over: int, start: int) -> bool:
    """Whether anybody was heard between two samples."""
    return any(s.sound in REPLIES and s.start < start and s.end > over for s in segments)


def without_refusals(heard: list[Segment], segments: Sequence[Segment], *, sr: int, plan: TonePlan) -> list[Segment]:
    """The bursts but for those that go on with a refusal of the same tones, or that it goes on with: packets lost
    parted them from it."""
    refusals = {BUSY: plan.busy, CONGESTION: plan.congestion}
    tones = [(s, refusals[s.sound]) for s in segments if s.sound in refusals]
    pieces = {
        burst
        for burst in heard
        for s, tone in tones
        if tone is not None and tone.frequencies_hz == plan.ringback.frequencies_hz
        if 0 < burst.start - s.end < _PARTED_S * sr and _is_on(burst.end - s.end, tone, sr=sr)
    }
    for s, tone in tones:
        if tone is not None and tone.frequencies_hz == plan.ringback.frequencies_hz:
            pieces.update(_ahead_of(s, heard, tone, sr=sr))
    return [burst for burst in heard if burst not in pieces]


def _ahead_of(refusal: Segment, heard: Sequence[Segment], tone: Tone, *, sr: int) -> list[Segment]:
    """The bursts that a refusal goes on with: no longer than its own, and on the beat of one behind them, to a hair, or
    to the first packets that this one lost."""
    longest = max(on for on, _ in tone.cadence) * (1 + STRETCH) * sr
    found = [refusal]
    for burst in sorted((s for s in heard if s.start < refusal.start), key=lambda s: -s.start):
        soon = found[-1].start - burst.end < _PARTED_S * sr
        if not soon or burst.length > longest or not any(_keeps_time(burst, one, tone, sr=sr) for one in found):
            break
        found.append(burst)
    return found[1:]


def _keeps_time(burst: Segment, later: Segment, tone: Tone, *, sr: int) -> bool:
    period = sum(on + off for on, off in tone.cadence) * sr
    steps = max(round((later.start - burst.start) / period), 1)
    return -4 * EARLY_S * sr <= later.start - burst.start - steps * period <= LOST_S * sr


def _is_on(apart: int, tone: Tone, *, sr: int) -> bool:
    """Whether two ends are whole periods of a tone apart."""
    period = sum(on + off for on, off in tone.cadence) * sr
    return round(apart / period) >= 1 and abs(apart - round(apart / period) * period) <= LOST_S * sr


def without_dial_tone(heard: list[Segment], segments: Sequence[Segment], *, sr: int, plan: TonePlan) -> list[Segment]:
    """The bursts but for one that keys cut, where the plan's dial tone is of the same tones."""
    if plan.dial is None or plan.dial.frequencies_hz != plan.ringback.frequencies_hz:
        return heard
    told = sorted((s for s in segments if s.sound != MISSING), key=lambda s: s.start)
    dialled = {one for one, other in pairwise(told) if one.sound == RINGBACK and other.sound == DTMF}
    if not heard or heard[0] not in dialled or _keep_period(heard, sr=sr, plan=plan):
        return heard
    return heard[1:]


def _keep_period(heard: list[Segment], *, sr: int, plan: TonePlan) -> bool:
    """Whether the first of some bursts is a whole one, and the next comes a period of the plan behind it."""
    first, *others = heard
    apart = (burst.start - first.start for burst in others[:1])
    return is_exact(first, sr=sr, plan=plan) and any(abs(by - plan.period_s * sr) <= LOST_S * sr for by in apart)


def _since_reply(segments: Sequence[Segment], believed: Sequence[Train], train: Train) -> Sequence[Segment]:
    """The segments without the bursts of a telephone that was picked up before: they say nothing against the next."""
    if not believed:
        return segments
    over = believed[-1].last.end
    if not _replied(segments, over, train.onset):
        return segments
    return [s for s in segments if s.sound != RINGBACK or s.start > over]


def _is_too_brief(train: Train, *, sr: int) -> bool:
    """Whether a burst alone was over sooner than anybody lifts a handset: behind whoever answered it is a note, or a
    vowel."""
    return len(train.bursts) == 1 and train.last.length < SOONEST_S * sr


def _is_stray(train: Train, following: Train | None, usual: float, segments: Sequence[Segment], *, sr: int) -> bool:
    """Whether one burst alone before a ringing is too short for this call's, and nobody cut it: a note, most likely."""
    if following is None or len(train.bursts) > 1 or train.last.stops:
        return False
    if usual and abs(train.last.length - usual) > LOST_S * sr and _is_music_put_on(train.last, segments, sr=sr):
        return True
    if train.last.length > usual - _STRAY_S * sr:
        return False
    return not any(s.sound in REPLIES and train.last.start < s.start < following.onset for s in segments)


def _is_music_put_on(burst: Segment, segments: Sequence[Segment], *, sr: int) -> bool:
    """Whether a burst comes right behind a voice, and music soon behind it: then it may be the music's first note."""
    spoken = any(s.sound in REPLIES and 0 <= burst.start - s.end <= _AT_ONCE_S * sr for s in segments)
    return spoken and any(s.sound == MUSIC and 0 <= s.start - burst.end <= _SOON_S * sr for s in segments)


def _rings(bursts: list[Segment], *, sr: int, plan: TonePlan) -> list[Ring]:
    """Bursts of one period together: two bursts that are one ring are one ring."""
    pause = 0.6 * max(off for _, off in plan.cadence) * sr
    rings: list[list[Segment]] = []
    for burst in bursts:
        if rings and burst.start - rings[-1][-1].end < pause and len(rings[-1]) < len(plan.cadence):
            rings[-1].append(burst)
        else:
            rings.append([burst])
    return [tuple(ring) for ring in rings]


def _train(group: list[Ring], *, sr: int, plan: TonePlan) -> Train:
    """One ringing; where it began anew its beat is that of the rings since, and its onset that of the first ones."""
    place = last_restart(group, sr=sr, plan=plan)
    since = _of_one_beat(group[place:], sr=sr, plan=plan)
    if not place:
        return since
    first = _train(group[:place], sr=sr, plan=plan)
    return replace(
        since,
        rings=first.rings + since.rings,
        starts=first.starts + since.starts,
        count=first.count + since.count,
        restarted=True,
        onset=first.onset,
        sure=first.sure,
        unheard=first.unheard,
    )


def _of_one_beat(group: list[Ring], *, sr: int, plan: TonePlan) -> Train:
    beat = find_beat(group, sr=sr, plan=plan)
    told = _told(group, beat, sr=sr, plan=plan)
    count, restarted, unheard = 1, False, 0.0
    for (one, was_told), (other, is_told) in pairwise(zip(group, told, strict=True)):
        steps, before = _periods(one, other, beat.period, plan=plan)
        by_end = (other[0].end - one[0].end) / beat.period  # its first packets may be lost
        near = min(abs(by - round(steps)) for by in (steps, by_end)) <= _NEAR or (was_told and is_told)
        on_time = near and round(steps) >= 1
        count += round(steps) if on_time else 1
        restarted |= not on_time
        unheard = before * beat.period if one is group[0] and on_time else unheard
    inside = lean(group, beat, sr=sr, plan=plan)
    heard = [float(ring[0].start) for ring in group]
    beats = [beat.onset + float(step) * beat.period for step in beat.steps]
    starts = [at if known and not restarted else own for at, known, own in zip(beats, told, heard, strict=True)]
    sure = is_sure(group, beat, sr=sr, plan=plan)
    onset = round(starts[0] - inside)
    moved = tuple(start - inside for start in starts)
    return Train(tuple(group), moved, count, beat.period, restarted, onset, sure, beat.on_it, inside, unheard)


def _periods(one: Ring, other: Ring, period: float, *, plan: TonePlan) -> tuple[float, float]:
    """(from one ring to the next, of that before the one's first burst that was heard), in periods: of two bursts that
    are one ring the first may be lost with its packets."""
    apart = (other[0].start - one[0].start) / period
    told = [
        (apart + before - later, before)
        for before in lost_of_period(one, plan)
        for later in lost_of_period(other, plan)
    ]
    near = (steps for steps in told if abs(steps[0] - round(steps[0])) <= _NEAR)
    return next(near, (apart, 0.0))


def _told(group: list[Ring], beat: Beat, *, sr: int, plan: TonePlan) -> list[bool]:
    """Whether each ring begins on its beat, or late by just the packets that its first burst lacks."""
    whole = plan.cadence[0][0] * beat.period / plan.period_s
    slack = 2 * EARLY_S * sr
    late = [
        ring[0].start - beat.onset - float(step) * beat.period for ring, step in zip(group, beat.steps, strict=True)
    ]
    lost = [slack < by and ring[0].length <= whole - by + 2 * slack for ring, by in zip(group, late, strict=True)]
    return [abs(by) <= slack or cut for by, cut in zip(late, lost, strict=True)]
