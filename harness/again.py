"""A kept call heard and measured again, from its record and its sound, without dialling anyone."""

from __future__ import annotations

from typing import Any

from harness.agency import Agency
from harness.hearing import find_plan
from harness.record import record_from_dict
from harness.recording import far_side
from harness.test_call import call_folder
from harness.timeline import Event, build_timeline


def measure_again(record: dict[str, Any], agency: Agency) -> tuple[Event, ...]:
    """Give the timeline of a kept call; without its sound, when that was deleted, what was signalled and done."""
    import numpy as np

    call = record_from_dict(record)
    try:
        samples = far_side(call, call_folder(agency, call))
    except (OSError, RuntimeError):  # soundfile's error for a missing file is a RuntimeError
        samples = np.zeros(0, np.int16)
    return build_timeline(call, samples, find_plan(call.tone_plan)).events
