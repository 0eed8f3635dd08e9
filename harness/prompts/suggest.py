"""Recordings that nobody marked yet, found among the kept calls: the same sound, to the word, in two or more.

Whoever says the same sentence twice says it otherwise; a recording does not. What is found is only suggested: a
person listens and marks it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsp.listen import listen
from dsp.prompts.prompt_frames import HOP, rows_of
from dsp.prompts.repeats import WINDOW_ROWS, Rows, find_repeats
from dsp.segment import SPEECH, Segment
from dsp.tone_sets import SR
from harness.agency import Agency
from harness.errors import WrongInput
from harness.hearing import find_plan
from harness.prompts.heard_mark import listen_for
from harness.prompts.marks import Mark, load_marks
from harness.record import record_from_dict
from harness.recording import far_side
from harness.store import Store
from harness.test_call import call_folder

PAUSE_S = 0.6
"""A stretch of speech begins behind so long a pause."""
BEFORE_S = 0.3
"""And is compared from so long before its first word."""
MOST_STRETCHES = 6
"""Of one call so many are looked at: the recordings stand at its legs' beginnings."""
MOST_CALLS = 2000


@dataclass(frozen=True, kw_only=True)
class Heard:
    """A place of a kept call."""

    call_id: str
    """The call."""
    at_s: float
    """Where in its recording the words begin."""


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """The same sound in several calls."""

    heard: tuple[Heard, ...]
    """Where, one place a call, the oldest call first."""
    seconds: float
    """So much of it was compared and is the same."""
    likeness: float
    """Of the pair that is least alike."""

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        places = [{"call_id": one.call_id, "at_s": round(one.at_s, 2)} for one in self.heard]
        return {"heard": places, "seconds": round(self.seconds, 2), "likeness": round(self.likeness, 3)}


@dataclass(frozen=True, slots=True)
class _Stretch:
    call: int
    at_s: float
    rows: Rows


def suggest(agency: Agency, store: Store, *, limit: int = MOST_CALLS) -> tuple[tuple[Suggestion, ...], int]:
    """Find recordings among the newest kept calls that no mark knows yet; give them and how many calls were heard."""
    ids = [row["call_id"] for row in store.list_calls(limit=limit)][::-1]
    marks = load_marks(agency.folder)
    stretches, heard = [], 0
    for index, call_id in enumerate(ids):
        try:
            stretches += list(_stretches(index, store.get_call(call_id), agency, marks))
            heard += 1
        except (OSError, RuntimeError, WrongInput):  # its sound is gone
            continue
    return _grouped(stretches, ids), heard


def _stretches(index: int, kept: dict[str, Any], agency: Agency, marks: Sequence[Mark]) -> Iterator[_Stretch]:
    record = record_from_dict(kept["record"])
    samples, rate = far_side(record, call_folder(agency, record)), record.sample_rate_hz
    plan = find_plan(record.tone_plan, agency_folder=agency.folder)
    known = [(one.begin_s, one.end_s) for one in listen_for(marks, samples, rate=rate)] if marks else []
    begun = _begin(listen(samples, sr=rate, plan=plan).segments, rate)
    for start, end in begun[:MOST_STRETCHES]:
        if not any(begin < end and until > start for begin, until in known):
            yield _Stretch(index, start, _rows(samples, rate, start))


def _begin(segments: Sequence[Segment], rate: int) -> list[tuple[float, float]]:
    """Stretches of speech behind a pause: (start, end)."""
    said = sorted((s.start / rate, s.end / rate) for s in segments if s.sound == SPEECH)
    first = said[:1] + [two for one, two in pairwise(said) if two[0] - one[1] >= PAUSE_S]
    return [(start, max(end, start + 2.0)) for start, end in first]


def _rows(samples: NDArray[np.int16], rate: int, start_s: float) -> Rows:
    begin = max(start_s - BEFORE_S, 0.0)
    length = (WINDOW_ROWS + 40) * HOP / SR
    return rows_of(samples[round(begin * rate) : round((begin + length) * rate)], sr=rate)


def _grouped(stretches: Sequence[_Stretch], ids: Sequence[str]) -> tuple[Suggestion, ...]:
    """Repeats that hang together are one recording."""
    repeats = find_repeats([one.rows for one in stretches], [one.call for one in stretches])
    of = list(range(len(stretches)))
    for one in repeats:
        low, high = sorted((of[one.first], of[one.second]))
        of = [low if group == high else group for group in of]
    told = []
    for group in sorted({of[one.first] for one in repeats}):
        own = [one for one in repeats if of[one.first] == group]
        places: dict[int, _Stretch] = {}
        for member in sorted({i for one in own for i in (one.first, one.second)}):
            places.setdefault(stretches[member].call, stretches[member])
        heard = tuple(Heard(call_id=ids[call], at_s=place.at_s) for call, place in sorted(places.items()))
        rows, likeness = min(one.rows for one in own), min(one.likeness for one in own)
        told.append(Suggestion(heard=heard, seconds=rows * HOP / SR, likeness=likeness))
    return tuple(sorted(told, key=lambda one: -len(one.heard)))
