"""A tester points at an instant of a kept call or of a file, and the agency remembers it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dsp.tone_plan import TonePlan
from harness.agency import Agency, load_agency
from harness.errors import NotFound, WrongInput
from harness.hearing import find_plan, read_audio
from harness.prompts.marks import Mark, make_mark, save_mark
from harness.record import record_from_dict
from harness.recording import far_side
from harness.store import open_store
from harness.test_call import call_folder


def mark_prompt(
    target: str,
    *,
    agency_folder: Path,
    at_s: float,
    name: str,
    what: str,
    site: str | None,
    kind: str | None = None,
    replace: bool = False,
) -> tuple[Mark, Path]:
    """Remember the prompt around an instant of a kept call, by its id, or of a file; give the mark and its file.

    `kind` says what recording it is (`harness.prompts.kinds`); None: a menu where a menu's place is marked, else other.

    Raises:
        WrongInput: no such call, file or site, or nothing there to remember.
    """
    agency = load_agency(agency_folder)
    if Path(target).is_file():
        audio = read_audio(Path(target))
        tones = find_plan(agency.settings.tone_plan, agency_folder=agency.folder)
        samples, rate, own_site = audio.mono, audio.sr, ""
    else:
        samples, rate, tones, own_site = _of_call(target, agency)
    made = make_mark(
        np.ascontiguousarray(samples),
        rate=rate,
        at_s=at_s,
        name=name,
        what=what,
        kind=kind,
        site=own_site if site is None else _known(site, agency),
        marked_in=target,
        tones=tones,
    )
    return made, save_mark(made, agency.folder, replace=replace)


def _of_call(call_id: str, agency: Agency) -> tuple[NDArray[np.int16], int, TonePlan, str]:
    """(far side, rate, tones, site) of a kept call."""
    with open_store(agency.database) as store:
        record = record_from_dict(store.get_call(call_id)["record"])
    try:
        samples = far_side(record, call_folder(agency, record))
    except (OSError, RuntimeError):  # soundfile's error for a missing file is a RuntimeError
        raise NotFound("ear.no_sound", call_id=call_id) from None
    unit = next((one for one in agency.units if one.unit == record.unit), None)
    site = agency.site(unit.site) if unit else None
    tones = find_plan(record.tone_plan, agency_folder=agency.folder)
    return samples, record.sample_rate_hz, tones, site.id if site else ""


def _known(site: str, agency: Agency) -> str:
    known = [one.id for one in agency.settings.sites]
    if site not in known:
        raise WrongInput("ear.mark_no_site", site=site, known=", ".join(known) or "—")
    return site
