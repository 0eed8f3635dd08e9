"""Whether bursts are a telephone that rings, where voices and instruments have notes as well."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from dsp.ringing.beat import LOST_S, Ring
from dsp.ringing.lengths import fits
from dsp.segment import BUSY, CONGESTION, DTMF, MISSING, MUSIC, RINGBACK, SPEECH, TONE, Segment
from dsp.tone_plan import TonePlan

EXACT, VERY_EXACT = 0.03, 0.005
_REST, _AT_ONCE = 0.3, 0.085
_GOES_OVER_S = 0.04
"""What sounds until so shortly before a burst goes over into it: a telephone that rings does not wait for a voice's or
a note's very end."""
_BESIDE_S = 0.006
_LEAST_S, _QUIET_S = 0.12, 0.5
SOONEST_S = 0.2
"""Nobody hears a telephone ring and answers it sooner."""
TOLD_S = 0.3
_WORD_S = 0.3
"""No word is shorter."""
_APART = 0.15
"""Seconds. Music that begins so much later did not begin with the burst."""
_ON_BEAT = 3
"""So many whole bursts on one beat are no music."""


def proven(
    rings: Sequence[Ring], segments: Sequence[Segment], *, on_beat: int, restarted: bool, sr: int, plan: TonePlan
) -> bool:
    """One burst is no proof inside music or speech; two in cadence are, and so is one that stands free."""
    bursts = [burst for ring in rings for burst in ring]
    whole = [b for b in bursts if is_whole(b, sr=sr, plan=plan)]
    if on_beat >= _ON_BEAT and len(whole) >= _ON_BEAT:
        return True
    if _has_music_inside(rings, segments):
        return False
    if len(whole) > 1 and not restarted:
        return True
    exact = any(_lasts(each, EXACT, sr=sr, plan=plan) for b in bursts for each in (b, _with_lost(b, segments, sr=sr)))
    first, before = rings[0][0], _after_music(4.0, plan)
    before = 0.0 if _is_no_note(first, segments, sr=sr) else before
    if not exact and _near(first, segments, (MUSIC,), before=before * sr, after=_before_music(1.0, plan) * sr):
        return False  # a last note that dies away
    if len(rings) > 1 and not restarted:
        return True
    # Not the pieces that the ring's own bursts were put together from, nor a piece of the refusal that follows.
    own = [(burst.start, burst.end) for burst in rings[0]]
    others = [s for s in segments if s.sound != RINGBACK or not any(a <= s.start < b for a, b in own)]
    others = [s for s in others if not _is_refusals(s, segments, sr=sr, plan=plan)]
    return _stands_free(rings[0][0], others, sr=sr, plan=plan)


def _is_refusals(piece: Segment, segments: Sequence[Segment], *, sr: int, plan: TonePlan) -> bool:
    """Whether a tone without a name is the first burst of a refusal, torn by lost packets: it ends a period before the
    next one does, or begins one before it does."""
    if piece.sound != TONE:
        return False
    refusals = {BUSY: plan.busy, CONGESTION: plan.congestion}
    for refusal in (s for s in segments if s.sound in refusals and s.start > piece.start):
        tone = refusals[refusal.sound]
        steps = [(on, on + off) for on, off in tone.cadence] if tone is not None else []
        apart = (refusal.start - piece.start) / sr, (refusal.start - piece.end) / sr
        if any(fits(apart[0], step) or fits(apart[1] + on, step) for on, step in steps):
            return True
    return False


def _with_lost(burst: Segment, segments: Sequence[Segment], *, sr: int) -> Segment:
    """A burst with the packets that were lost at its ends for certain."""
    parts = [burst, *lost_beside(burst, segments, sr=sr)]
    start, end = min(s.start for s in parts), max(s.end for s in parts)
    return Segment(RINGBACK, start, end, stops=burst.stops, begins=burst.begins)


def _stands_free(lonely: Segment, segments: Sequence[Segment], *, sr: int, plan: TonePlan) -> bool:
    """Whether a burst alone is one: whole and not a long vowel, or cut with no other tone near.

    A piece too short to be told by its tones is one only where a burst was due."""
    if lonely.length < _LEAST_S * sr:
        return False
    exact = _lasts(lonely, EXACT, sr=sr, plan=plan)
    if not exact and not _is_no_vowel(lonely, sr=sr, plan=plan) and is_joined(lonely, segments, (SPEECH,), sr=sr):
        return False
    before = 0.0 if _is_no_note(lonely, segments, sr=sr) else _after_music(1.0, plan)
    reach = {"before": before * sr, "after": _before_music(_APART if exact else 1.0, plan) * sr}
    if not _begins(lonely, segments, sr=sr) or (
        not _is_clean(lonely, sr=sr, plan=plan) and _near(lonely, segments, (MUSIC,), **reach)
    ):
        return False
    others = (TONE, RINGBACK, BUSY, CONGESTION)
    if is_whole(lonely, sr=sr, plan=plan):
        spoken = _near(lonely, segments, (SPEECH,), before=0.5 * sr, after=0)
        after = any(s.sound == SPEECH and abs(s.start - lonely.end) < 0.1 * sr for s in segments)
        amid_speech = spoken and after  # a long vowel
        # Refused right after it, a whole ring is one; what comes after refusals is a piece of them.
        tones = _near(lonely, segments, others, before=1.5 * sr, after=0)
        return not (amid_speech or tones or _near(lonely, segments, (TONE, RINGBACK), before=0, after=sr // 2))
    replies = sorted(
        (s for s in segments if s.sound in (SPEECH, MUSIC) and s.start >= lonely.end), key=lambda s: s.start
    )
    if lonely.length < SOONEST_S * sr and replies and replies[0].sound == MUSIC:
        return False  # its first note, most likely
    spoken = _near(lonely, segments, (SPEECH,), before=0.3 * sr, after=0)
    # Behind a voice a refusal is the far end's, who hung up; a torn burst of the refusal may pass for a brief one.
    voices = (s.start for s in segments if s.sound == SPEECH and s.start >= lonely.end and s.length > _WORD_S * sr)
    voice = min(voices, default=None)
    near = [s for s in segments if voice is None or s.start < voice or s.sound not in (BUSY, CONGESTION)]
    near = [s for s in near if not _is_another(lonely, s, sr=sr, plan=plan)]
    return not spoken and not _near(lonely, near, (*others, DTMF), before=4 * sr, after=4 * sr)


def _is_another(lonely: Segment, refusal: Segment, *, sr: int, plan: TonePlan) -> bool:
    """Whether a burst is told by two tones for long enough that it is no piece of a refusal, whose tones are others."""
    tone = {BUSY: plan.busy, CONGESTION: plan.congestion}.get(refusal.sound)
    others = tone is not None and tone.frequencies_hz != plan.ringback.frequencies_hz
    return others and lonely.told and lonely.length >= TOLD_S * sr


def _begins(lonely: Segment, segments: Sequence[Segment], *, sr: int) -> bool:
    """Whether a burst began out of the line's quiet, or behind lost packets before which nothing sounded."""
    if lonely.begins:
        return True
    lost = [s.start for s in lost_beside(lonely, segments, sr=sr) if s.start < lonely.start]
    sounds = (s for s in segments if s.sound != MISSING and s.start < lonely.start)
    return bool(lost) and all(s.end < min(lost) - _QUIET_S * sr for s in sounds)


def _is_clean(lonely: Segment, *, sr: int, plan: TonePlan) -> bool:
    """Whether a burst out of quiet stops in the line's noise, and is as long as the plan's to half a hundredth."""
    return lonely.stops and is_exact(lonely, sr=sr, plan=plan)


def is_exact(burst: Segment, *, sr: int, plan: TonePlan, share: float = VERY_EXACT) -> bool:
    """Whether a burst is as long as one of the plan's to half a hundredth, or to another share."""
    return _lasts(burst, share, sr=sr, plan=plan)


def _is_no_note(lonely: Segment, segments: Sequence[Segment], *, sr: int) -> bool:
    """Whether a burst is two of an exchange's tones for long enough to be sure of them, and no music goes over into it:
    no last note of it."""
    told = lonely.told and lonely.length >= TOLD_S * sr
    return told and not is_joined(lonely, segments, (MUSIC,), sr=sr)


def _is_no_vowel(lonely: Segment, *, sr: int, plan: TonePlan) -> bool:
    """Whether a burst is a whole one of two of an exchange's tones that stops in the line's noise."""
    return lonely.told and lonely.stops and is_whole(lonely, sr=sr, plan=plan)


def is_joined(burst: Segment, segments: Sequence[Segment], sounds: tuple[str, ...], *, sr: int) -> bool:
    """Whether one of some sounds goes over into a burst."""
    return _near(burst, segments, sounds, before=_GOES_OVER_S * sr, after=0)


def _lasts(burst: Segment, share: float, *, sr: int, plan: TonePlan) -> bool:
    """Whether a burst is as long as one of the plan's to a share of that one's length."""
    return any(abs(burst.length / sr - on) <= share * on for on, _ in plan.cadence)


def _after_music(seconds: float, plan: TonePlan) -> float:
    """How long after music a note may still be its own; two tones at once, or one that swings, are no instrument's."""
    return _REST if len(plan.ringback.frequencies_hz) > 1 or plan.ringback.modulation_hz else seconds


def _before_music(seconds: float, plan: TonePlan) -> float:
    """How soon before music a note may be its first one."""
    return _AT_ONCE if _after_music(seconds, plan) == _REST else seconds


def is_whole(burst: Segment, *, sr: int, plan: TonePlan) -> bool:
    """Whether a burst has the plan's length, or did before it lost two packets."""
    return any(fits(burst.length / sr + lost, on) for on, _ in plan.cadence for lost in (0, LOST_S))


def _has_music_inside(rings: Sequence[Ring], segments: Sequence[Segment]) -> bool:
    """Whether music fills a pause of the ringing: then it is the music that has these notes."""
    pauses = [(a[-1].end, b[0].start) for a, b in pairwise(rings)]
    music = [s for s in segments if s.sound == MUSIC]
    return any(
        sum(max(min(s.end, end) - max(s.start, start), 0) for s in music) > 0.3 * (end - start) for start, end in pauses
    )


def _near(one: Segment, segments: Sequence[Segment], sounds: tuple[str, ...], *, before: float, after: float) -> bool:
    """Whether one of some sounds is heard around a segment (for what comes after: also once it has ended)."""
    low, high = one.start - before, one.end + after if after else one.start
    return any(s.sound in sounds and s.start < high and s.end > low and s.start != one.start for s in segments)


def lost_beside(one: Segment, segments: Sequence[Segment], *, sr: int) -> list[Segment]:
    """The packets lost for certain just before a segment and just behind it."""
    near = _BESIDE_S * sr
    lost = (s for s in segments if s.sound == MISSING)
    return [s for s in lost if min(abs(s.end - one.start), abs(s.start - one.end)) <= near]


def hidden(segments: Sequence[Segment], start: float, end: float) -> bool:
    """Whether most of [start, end) never arrived, so that nothing can be said of what sounded there."""
    lost = sum(max(min(s.end, end) - max(s.start, start), 0) for s in segments if s.sound == MISSING)
    return lost > 0.5 * (end - start)


def lost_until(segments: Sequence[Segment], start: float, *, within: float) -> float | None:
    """Where the packets that are missing from a sample on end, if one is missing within some samples of it."""
    until: float | None = None
    for s in segments:
        if s.sound == MISSING and s.end > start and s.start <= (start + within if until is None else until + within):
            until = s.end if until is None else max(until, s.end)
    return until


def lost_since(segments: Sequence[Segment], start: float, *, within: float) -> float | None:
    """Where the packets that are missing up to a sample begin, if one is missing within some samples before it."""
    since: float | None = None
    for s in reversed(segments):
        if s.sound == MISSING and s.start < start and s.end >= (start if since is None else since) - within:
            since = s.start if since is None else min(since, s.start)
    return since
