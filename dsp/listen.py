"""Hear a whole recording: segments and legs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import numpy.typing as npt

from dsp.answering.doubt import agreed
from dsp.answering.faint_reply import loud_db
from dsp.answering.foreign_tones import with_foreign_tones, without_rings_of_no_plan
from dsp.answering.heard_call import Clues, Signalling
from dsp.answering.legs import find_legs
from dsp.answering.recording import Recording
from dsp.detector import Detector, Samples
from dsp.listening import Listening
from dsp.ringing.plan_choice import find_plan, fitting_plans
from dsp.second_look.background import without_background, without_line
from dsp.second_look.bent_tones import with_bent_tones
from dsp.second_look.brief_ring import brief_ring_end
from dsp.second_look.clipped_rings import with_clipped_rings
from dsp.second_look.coder_rest import coded_end, without_coded_rests
from dsp.second_look.handset import lifts
from dsp.second_look.hidden_refusal import with_hidden_refusals
from dsp.second_look.in_step import are_two_in_step, ends_in_step, is_in_step, is_over_before, rest_until
from dsp.second_look.last_heard import with_heard_ends
from dsp.second_look.lasts_until import lasts_until
from dsp.second_look.late_reply import with_heard_onsets
from dsp.second_look.notes import without_notes
from dsp.second_look.packet_behind import arrives_behind, hole_end, hole_start, with_sure_stops
from dsp.second_look.ring_in_music import with_rings_in_music
from dsp.second_look.same_exchange import same_exchange
from dsp.second_look.tone_share import is_tone, rest_end, sounds_at, sure_end
from dsp.second_look.unheard_rings import unheard_rings
from dsp.second_look.unnamed import unnamed_sounds
from dsp.segment import Segment
from dsp.tone_plan import TonePlan, load_plan

_BLOCK_S = 10


HOME = "tw"
"""The plan of a recording in which no other rings."""


def listen(
    samples: Samples,
    *,
    sr: int,
    plan: TonePlan | None,
    missing: Sequence[tuple[int, int]] = (),
    early_until: int | None = None,
    answered_at: int | None = None,
    buffer_s: float = 0.0,
    found: Sequence[Segment] | None = None,
) -> Listening:
    """Hear a recording from end to end.

    Args:
        samples: mono, int16 or floats in [-1, 1], shape (n,).
        sr: 8000 or 16000.
        plan: the tones to listen for; None: the published plan that fits what rings, else Taiwan's. Of a ringing too
            short to tell one plan from others only what all of them agree on is said.
        missing: (start, end) samples that never arrived, whatever the file holds there.
        early_until: until this sample the call was not answered by signalling.
        answered_at: the sample at which a 200 OK arrived.
        buffer_s: so much sound a jitter buffer may have put in or taken out at any place.
        found: all that a `Detector` of this plan found in this very sound, told of the same answer and gaps; it is not
            heard again then.

    Raises:
        ValueError: a rate the ear does not take.
    """
    known_here = missing, Signalling(early_until, answered_at), buffer_s
    if plan is None:
        heard = _by_published_plans(samples, sr, *known_here)
    else:
        heard = _listen(samples, sr, plan, *known_here, found)
    return replace(heard, legs=with_foreign_tones(heard.legs, samples, sr=sr))


def _by_published_plans(
    samples: Samples,
    sr: int,
    missing: Sequence[tuple[int, int]],
    signalling: Signalling,
    buffer_s: float,
) -> Listening:
    """Heard by the plan that fits what rings, or by all that may; where none does, by the home one's."""
    known_here = missing, signalling, buffer_s
    known = find_plan(samples, sr=sr)
    plans = (known,) if known else fitting_plans(samples, sr=sr)
    heard = [_listen(samples, sr, one, *known_here, None) for one in plans]
    if not any(leg.rings for one in heard for leg in one.legs):  # what fits may be a voice's notes
        heard.append(_listen(samples, sr, load_plan(HOME), *known_here, None))
    legs = agreed([one.legs for one in heard])
    return replace(heard[0], legs=legs if plans else without_rings_of_no_plan(legs))


def _listen(
    samples: Samples,
    sr: int,
    plan: TonePlan,
    missing: Sequence[tuple[int, int]],
    signalling: Signalling,
    buffer_s: float,
    found: Sequence[Segment] | None,
) -> Listening:
    first = _found(samples, sr, plan, missing, signalling.answered_at) if found is None else found
    parted = with_rings_in_music(without_notes(first, sr=sr), samples, sr=sr, plan=plan)
    bent = with_bent_tones(parted, samples, sr=sr, plan=plan)
    clipped = with_clipped_rings(bent, samples, sr=sr, plan=plan)
    loud = without_line(without_background(clipped.segments, samples, sr=sr), samples, sr=sr)
    heard = with_heard_ends(loud, samples, sr=sr)
    whole = with_hidden_refusals(heard, samples, sr=sr, plan=plan)
    spoken = without_coded_rests(with_heard_onsets(whole, samples, sr=sr), samples, sr=sr, plan=plan)
    ordered = with_sure_stops(spoken, samples, sr=sr, plan=plan)
    legs = find_legs(
        ordered,
        sr=sr,
        plan=plan,
        end=len(samples),
        signalling=signalling,
        buffer_s=buffer_s,
        recording=_recording(samples, sr=sr, plan=plan),
        clues=_clues(ordered, clipped.doubtful, samples, sr=sr, plan=plan, buffer_s=buffer_s),
    )
    return Listening(ordered, legs, sr, len(samples), plan)


def _recording(samples: Samples, *, sr: int, plan: TonePlan) -> Recording:
    ringback = plan.ringback
    return Recording(
        brief_end=cache(lambda at, before: brief_ring_end(samples, at, before=before, sr=sr, plan=plan)),
        is_tone=lambda heard, tone: is_tone(samples, heard, tone, sr=sr),
        rest_end=lambda burst: max(end(samples, burst, ringback, sr=sr) for end in (rest_end, hole_end, coded_end)),
        sure_end=lambda burst: sure_end(samples, burst, ringback, sr=sr),
        level_db=cache(lambda heard: loud_db(samples, heard, sr=sr)),
        hole_start=lambda burst: hole_start(samples, burst, sr=sr),
        goes_on=lambda burst: arrives_behind(samples, burst, ringback, sr=sr),
        in_step=cache(lambda burst: is_in_step(samples, burst, sr=sr, plan=plan)),
        is_two_tones=cache(lambda burst: are_two_in_step(samples, burst, sr=sr, plan=plan)),
        ends_at=cache(lambda burst, end: ends_in_step(samples, burst, end, sr=sr, plan=plan)),
        over_before=cache(lambda b, end, silent: is_over_before(samples, b, end, silent=silent, sr=sr, plan=plan)),
        lasts_until=cache(lambda burst, end: lasts_until(samples, burst, end, sr=sr)),
        rest_until=cache(lambda burst, since: rest_until(samples, burst, since, sr=sr, plan=plan)),
        rings_at=lambda at: sounds_at(samples, at, ringback, sr=sr),
    )


def _clues(
    segments: tuple[Segment, ...],
    doubtful: tuple[Segment, ...],
    samples: Samples,
    *,
    sr: int,
    plan: TonePlan,
    buffer_s: float,
) -> Clues:
    unnamed = unnamed_sounds(segments, samples, sr=sr, plan=plan)
    return Clues(
        lifts=lifts(segments, samples, sr=sr),
        unnamed=unnamed.others,
        like_rings=unnamed.like_rings,
        doubtful=doubtful,
        unheard=unheard_rings(segments, samples, sr=sr, plan=plan),
        exchange=same_exchange(segments, samples, sr=sr, plan=plan, buffer_s=buffer_s),
    )


def _found(
    samples: Samples, sr: int, plan: TonePlan, missing: Sequence[tuple[int, int]], answered_at: int | None
) -> list[Segment]:
    detector = Detector(sr=sr, plan=plan)
    if answered_at is not None:
        detector.answered_at(answered_at)
    return _feed(detector, samples, missing, sr=sr) + detector.flush()


def _feed(
    detector: Detector, samples: npt.NDArray[np.generic], missing: Sequence[tuple[int, int]], *, sr: int
) -> list[Segment]:
    """In blocks, so that an hour's call needs no more memory than a short one, but a block with its gaps at once: to
    hear what lies between two lost packets alone took a third longer."""
    found: list[Segment] = []
    size, at, heard = _BLOCK_S * sr, 0, 0
    for start, end in [*sorted(missing), (len(samples), len(samples))]:
        for first in range(at, start, size):
            last = min(first + size, start)
            detector.append(samples[first:last])  # type: ignore[arg-type]
            if last - heard >= size:
                found += detector.hear()
                heard = last
        detector.append_missing(min(end, len(samples)) - max(start, at))
        at = max(end, at)
    return found + detector.hear()
