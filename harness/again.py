"""A kept call heard and measured again, from its record and its sound, without dialling anyone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from harness.agency import Agency
from harness.directory import Unit
from harness.ending import Ending, ending_of
from harness.errors import NotFound
from harness.hearing import find_plan
from harness.measure import Measured, measure
from harness.prompts.known import KnownPrompts, hear_prompts, with_prompts
from harness.prompts.marks import marks_for
from harness.record import CallRecord, record_from_dict
from harness.recording import far_side
from harness.test_call import call_folder
from harness.timeline import Event, Timeline, build_timeline


@dataclass(frozen=True, kw_only=True)
class HeardAgain:
    """A kept call, as today's ear hears it."""

    record: CallRecord
    """What happened."""
    timeline: Timeline
    """Signalled, heard and marked, in order."""
    measured: Measured
    """Seconds and counts."""
    prompts: KnownPrompts
    """What the agency's marked prompts tell."""

    @property
    def measurement(self) -> dict[str, Any]:
        """The measurement's JSON form, marks, ending and all."""
        return self.prompts.measurement(self.measured) | {"ending": self.ending.to_dict()}

    @property
    def ending(self) -> Ending:
        """How it ended, and what that was drawn from."""
        return self.prompts.ended(ending_of(self.timeline, self.measured))


def hear_again(
    record: dict[str, Any], agency: Agency, *, without_sound: bool = False, sound_in: Path | None = None
) -> HeardAgain:
    """Hear a kept call with today's ear and the agency's marks of today.

    Without its sound, when that was deleted, NotFound; or, where asked, what was signalled and done. `sound_in`: the
    folder that has its files, where that is not the agency's own.
    """
    call = record_from_dict(record)
    try:
        samples = far_side(call, sound_in or call_folder(agency, call))
    except (OSError, RuntimeError):  # soundfile's error for a missing file is a RuntimeError
        if not without_sound:
            raise NotFound("ear.no_sound", call_id=call.call_id) from None
        samples = np.zeros(0, np.int16)
    timeline = build_timeline(call, samples, find_plan(call.tone_plan, agency_folder=agency.folder))
    measured = measure(timeline)
    unit = unit_of(call, agency)
    known = hear_prompts(timeline, measured, samples, marks_for(unit, agency) if len(samples) else (), unit=unit)
    told = with_prompts(timeline, known)
    return HeardAgain(record=call, timeline=told, measured=known.judged(measured), prompts=known)


def measure_again(record: dict[str, Any], agency: Agency) -> tuple[Event, ...]:
    """Give the timeline of a kept call; when its sound was deleted, what was signalled and done."""
    return hear_again(record, agency, without_sound=True).timeline.events


def unit_of(call: CallRecord, agency: Agency) -> Unit | None:
    """The unit of a kept call; None when it left the directory since."""
    return next((unit for unit in agency.units if unit.unit == call.unit), None)
