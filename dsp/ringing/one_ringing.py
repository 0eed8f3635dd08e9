"""Whether a ring belongs to the ringing before it, or is another telephone's."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from dsp.ringing.beat import EARLY_S, LOST_S, Beat, Ring, find_beat
from dsp.ringing.lengths import STRETCH
from dsp.ringing.restart import last_restart
from dsp.ringing.ring_proof import hidden, is_joined, is_whole
from dsp.ringing.torn_bursts import HOLE_S, halted
from dsp.segment import BUSY, CONGESTION, DTMF, MISSING, MUSIC, SPEECH, TONE, Segment
from dsp.tone_plan import TonePlan

REFUSED = (BUSY, CONGESTION)
REPLIES = (SPEECH, MUSIC, TONE, DTMF)
"""What somebody, or a machine, who picked up sounds like."""
TOLD = 3
"""So many rings on one beat tell it, and when each of them began."""
_OFF_BEAT_S = 0.1
"""Behind somebody's voice a ring so far off the beat is another telephone's."""
_CUT = 0.05
"""Share of its length that a burst lacks which stopped in the line's noise and was no whole one."""
_ON_TIME = 0.04
_ALIKE_S = 0.085
"""Four packets: one exchange's bursts differ by no more."""
NOTE_S = 0.12
"""What is shorter, and did not begin out of quiet, is no ring by itself."""
PIECE_S = 0.2
"""A note that is looked for as a ring is cut to this."""
_BRIEF_S = 0.06
"""No network and no cadence tells so little of a tone from a voice's first sound."""
_GOES_OVER_S, _OPENS_S = 0.020, 0.1
_FOLLOWS_S = 0.15
"""What was taken for a tone hides so much of a voice that it was the beginning of."""
_GOES_ON_S = 1.0
"""So soon behind its first note music is known for it."""
_SOONEST = 0.5
"""Of a period: what comes sooner is no ring of the same ringing."""


def goes_on(group: list[Ring], ring: Ring, segments: Sequence[Segment], *, sr: int, plan: TonePlan) -> bool:
    """Whether a ring belongs to the ringing before it: on time, or late with nobody heard between."""
    group = group[last_restart(group, sr=sr, plan=plan) :]
    before, start = group[-1][0], ring[0].start
    beat = find_beat(group, sr=sr, plan=plan)
    period = _period(group, beat, ring, sr=sr, plan=plan)
    steps = (start - before.start) / period
    heard = (s for s in segments if s.start < start and s.end > group[-1][-1].end)
    between = {s.sound for s in heard if not _is_rest(s, group, beat, ring[0], sr=sr)}
    spoken, talk = not between.isdisjoint(REPLIES), SPEECH in between
    if not between.isdisjoint(REFUSED):
        return False  # a piece of what refused
    if beat.on_it >= TOLD and not spoken and _ends_on_beat(group, beat, ring[0], sr=sr):
        return True
    if not spoken and _joined_late(group, ring[0], segments, sr=sr, plan=plan):
        return True
    if not (is_whole(before, sr=sr, plan=plan) or before.start < HOLE_S * sr):
        # What ended early was picked up, or was never ringing; or packets were lost, and nothing came between.
        late, known = abs(start - before.start - period), len(group) > 1
        within = _ON_TIME if known or not before.begins else STRETCH  # what did not begin out of quiet is a note
        in_time = late <= within * period or (known and _ends_on_time(before, ring, period, sr=sr))
        return in_time and (not spoken or (known and late <= 2 * EARLY_S * sr))
    if beat.on_it >= TOLD and _is_note(group, ring[0], start - _next(beat, start), segments, sr=sr):
        return False
    periods = {period, _period_by_ends(group, period), plan.period_s * sr}
    # Of a ring on the beat no first packets were lost, by which the next would come early for it.
    lost = start > before.start + period or not _keeps(beat, before, sr=sr)
    if lost and any(_ends_on_time(before, ring, each, sr=sr) for each in periods):
        return True
    vague = beat.on_it >= TOLD or len(group) == 1  # one ring alone tells its period by its length, which fades
    if vague and not spoken and _ends_on_time(before, ring, period, sr=sr, slack_s=LOST_S):
        return True  # packets were lost at the end, too
    off_beat = talk and _is_off_beat(group, beat, start - _next(beat, start), sr=sr, plan=plan)
    piece = not ring[0].begins or TONE in between or is_joined(ring[0], segments, (SPEECH,), sr=sr)
    if spoken and piece and ring[0].length < NOTE_S * sr:
        return False  # what did not begin out of quiet, beside somebody's voice or music, is theirs
    in_time = abs(start - before.start - period) <= 2 * EARLY_S * sr
    if beat.on_it < TOLD and not in_time and _is_vowel(ring[0], segments, sr=sr, plan=plan):
        return False
    if beat.on_it >= TOLD and _is_voices(ring, start - _next(beat, start), segments, sr=sr):
        return False
    by_ends = before.start + _period_by_ends(group, period)
    if len(group) == 2 and not spoken and abs(start - by_ends) <= 4 * EARLY_S * sr:
        return True  # on the beat that their ends tell: the first of two lost its first packets
    if round(steps) == 2 and len(group) < TOLD and _music_follows(ring[0], segments, sr=sr):
        return False  # a ring did not come, and this one goes over into music
    if _opens_music(ring, start - _next(beat, start), segments, sr=sr) and _is_told(beat, sr=sr, plan=plan):
        return False
    if round(steps) in (1, 2) and abs(steps - round(steps)) <= _ON_TIME and not off_beat:
        # A burst on time: whatever sounded in the gap did not stop the ringing, unless a burst did not come.
        due = before.start + period
        exact = len(group) > 2 and abs(start - before.start - 2 * period) <= 2 * EARLY_S * sr
        return round(steps) == 1 or not spoken or (exact and not talk) or hidden(segments, due, due + before.length)
    whole = all(is_whole(burst, sr=sr, plan=plan) for burst in (group[-1][-1], ring[0]))
    whole = whole and abs(ring[0].length - before.length) <= _ALIKE_S * sr
    first = group[0][0]
    note = not first.begins or is_joined(first, segments, (MUSIC,), sr=sr)
    begins = ring[0].begins and (not note or len(group) > 1)
    return not spoken and whole and begins and _SOONEST < steps < 2 * (1 + STRETCH)


def _is_rest(sound: Segment, group: list[Ring], beat: Beat, burst: Segment, *, sr: int) -> bool:
    """Whether what passed for a voice or music is the rest of the last ring: it is over when a whole one is, and the
    next comes on the beat of three, to a hair."""
    if (
        sound.sound not in (SPEECH, MUSIC)
        or beat.on_it < TOLD
        or abs(burst.start - _next(beat, burst.start)) > 4 * EARLY_S * sr
    ):
        return False
    last, longest = group[-1][0], max(ring[0].length for ring in group)
    return sound.start - group[-1][-1].end <= _FOLLOWS_S * sr and sound.end <= last.start + longest + LOST_S * sr


def _joined_late(group: list[Ring], burst: Segment, segments: Sequence[Segment], *, sr: int, plan: TonePlan) -> bool:
    """Whether the call was put through to its sound amid the first ring: nothing was heard before, and what is left of
    that ring ends a period before the next one does, by the plan's or by what the next ring's length tells."""
    first = group[0][0]
    if (
        len(group) > 1
        or not first.begins
        or first.length >= burst.length
        or any(_sounds_before(s, first) for s in segments)
    ):
        return False
    period, ratio = plan.period_s * sr, burst.length / sr / plan.cadence[0][0]
    least, most = sorted((1.0, min(max(ratio, 1 - STRETCH), 1 + STRETCH)))
    apart = [(burst.end - first.end, period)]
    if len(plan.cadence) > 1 and len(group[0]) == 1:  # of two bursts that are one ring the first was not heard at all
        apart.append((burst.start - first.end, plan.cadence[-1][1] * sr))
    return any(least * due - 4 * EARLY_S * sr <= by <= most * due + 4 * EARLY_S * sr for by, due in apart)


def _sounds_before(one: Segment, burst: Segment) -> bool:
    return one.sound != MISSING and one.start < burst.start


def _is_note(group: list[Ring], burst: Segment, late: float, segments: Sequence[Segment], *, sr: int) -> bool:
    """Whether a burst that comes early for a beat is the first note of music that soon goes on: lost packets make one
    late, never early, and its two tones are not told as those of all rings before it are."""
    if late >= -4 * EARLY_S * sr or burst.told:
        return False
    soon = any(s.sound == MUSIC and -_OPENS_S <= (s.start - burst.end) / sr <= _GOES_ON_S for s in segments)
    return soon and all(ring[0].told for ring in group)


def _keeps(beat: Beat, burst: Segment, *, sr: int) -> bool:
    """Whether a burst begins on a beat that three rings tell, to a hair."""
    return beat.on_it >= TOLD and abs(burst.start - _next(beat, burst.start)) <= EARLY_S * sr


def _ends_on_beat(group: list[Ring], beat: Beat, burst: Segment, *, sr: int) -> bool:
    """Whether a burst that came late for the next beat ends where a whole one on it does: its first packets were
    lost."""
    whole = max(ring[0].length for ring in group)
    due = beat.onset + round((group[-1][0].start - beat.onset) / beat.period + 1) * beat.period
    return due < burst.start < due + whole and abs(burst.end - due - whole) <= 4 * EARLY_S * sr


def _is_off_beat(group: list[Ring], beat: Beat, late: float, *, sr: int, plan: TonePlan) -> bool:
    """Whether a ring is too far off the beat to be on it. Lost packets make one late, never early, and two rings on the
    plan's own beat tell it as well as three do."""
    if beat.on_it >= TOLD and abs(late) > _off_beat_s(group) * sr:
        return True
    return _is_told(beat, sr=sr, plan=plan) and late < -LOST_S * sr


def _is_told(beat: Beat, *, sr: int, plan: TonePlan) -> bool:
    """Whether three rings keep the beat, or two and the plan does."""
    return beat.on_it >= TOLD or (beat.on_it > 1 and beat.period == plan.period_s * sr)


def may_be_voice(burst: Segment, segments: Sequence[Segment], *, sr: int, least_s: float = _BRIEF_S) -> bool:
    """Whether a brief piece may be a voice's first sound, on the beat or not: speech follows at once, and the line's
    noise between does not show that it ended before; or music's first note. Where a packet is known to be lost before
    it, a ring is."""
    if burst.stops or _is_behind_lost(burst, segments, sr=sr):
        return False
    if burst.length < PIECE_S * sr and not burst.told and _music_follows(burst, segments, sr=sr):
        return True
    if burst.length >= least_s * sr:
        return False
    follows = (s.start - burst.end for s in segments if s.sound == SPEECH)
    return any(-_GOES_OVER_S * sr <= by <= _FOLLOWS_S * sr for by in follows)


def _is_vowel(burst: Segment, segments: Sequence[Segment], *, sr: int, plan: TonePlan) -> bool:
    """Whether a voice goes over into a burst that was not told by its tones, where the plan has two of them."""
    told = burst.begins or burst.told or len(plan.ringback.frequencies_hz) < 2
    return not told and is_joined(burst, segments, (SPEECH,), sr=sr)


def _is_voices(ring: Ring, late: float, segments: Sequence[Segment], *, sr: int) -> bool:
    """Whether a longer piece is: only off the beat."""
    off = abs(late) > 4 * EARLY_S * sr
    return len(ring) == 1 and off and may_be_voice(ring[0], segments, sr=sr, least_s=NOTE_S)


def keeps_beat(group: list[Ring], later: list[Ring], segments: Sequence[Segment], *, sr: int, plan: TonePlan) -> bool:
    """Whether rings behind a torn one are of the ringing before it: nobody was heard between, and one of them is on the
    beat of one of those, to a hair."""
    over, start = group[-1][-1].end, later[0][0].start
    if any(s.sound in REPLIES and s.start < start and s.end > over for s in segments):
        return False
    period = plan.period_s * sr
    if start - group[-1][0].start > (1 + STRETCH) * period or last_restart([*group, *later], sr=sr, plan=plan):
        return False
    steps = (b[0].start - a[0].start for a, b in pairwise(later))
    periods = [period, *(step for step in steps if abs(step / period - 1) <= STRETCH)]
    apart = [b[0].start - a[0].start for a in group for b in later]
    near = 4 * EARLY_S * sr
    return any(round(by / each) >= 1 and abs(by - round(by / each) * each) <= near for by in apart for each in periods)


def _opens_music(ring: Ring, late: float, segments: Sequence[Segment], *, sr: int) -> bool:
    """Whether a piece that came late is music's first note: it goes over into music, and no packet is known to be lost
    before it."""
    burst = ring[0]
    if len(ring) > 1 or burst.told or late <= LOST_S * sr or _is_behind_lost(burst, segments, sr=sr):
        return False
    return _music_follows(burst, segments, sr=sr)


def _music_follows(burst: Segment, segments: Sequence[Segment], *, sr: int) -> bool:
    return any(s.sound == MUSIC and abs(s.start - burst.end) <= _OPENS_S * sr for s in segments)


def _is_behind_lost(burst: Segment, segments: Sequence[Segment], *, sr: int) -> bool:
    return any(s.sound == MISSING and s.start < burst.start <= s.end + EARLY_S * sr for s in segments)


def _period_by_ends(group: list[Ring], period: float) -> float:
    """Of two rings the period that their ends tell, which lost packets at the start of one do not move."""
    apart = group[-1][0].end - group[0][0].end
    return float(apart) if len(group) == 2 and round(apart / period) == 1 else period


def _ends_on_time(before: Segment, ring: Ring, period: float, *, sr: int, slack_s: float = 4 * EARLY_S) -> bool:
    """Whether a ring comes late by just what its first burst lacks, or early by what the one before it does: the first
    packets of one were lost."""
    slack, step = slack_s * sr, ring[0].end - before.end - period
    late = ring[0].start - before.start - period
    return slack < abs(late) < before.length and min(abs(step), abs(step - halted(before))) <= slack


def _off_beat_s(group: list[Ring]) -> float:
    """How far off the beat a ring behind somebody's voice is another telephone's: less where the last burst was cut."""
    last = group[-1][0]
    cut = last.stops and last.length < (1 - _CUT) * max(ring[0].length for ring in group)
    return 4 * EARLY_S if cut else _OFF_BEAT_S


def _next(beat: Beat, start: int) -> float:
    """The beat's sample next to another one."""
    return beat.onset + round((start - beat.onset) / beat.period) * beat.period


def _period(group: list[Ring], beat: Beat, ring: Ring, *, sr: int, plan: TonePlan) -> float:
    """The beat's period; of one ring alone what the next ring asks for, between the plan's and what the longer of them
    tells: the other may have lost packets."""
    if len(group) > 1:
        return beat.period
    ratio = max(group[0][0].length, ring[0].length) / sr / plan.cadence[0][0]
    told = min(max(ratio, 1 - STRETCH), 1 + STRETCH) * plan.period_s * sr
    step = ring[0].start - group[0][0].start
    least, most = sorted((beat.period, told))
    return min(max(step, least), most)
