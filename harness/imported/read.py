"""Files from elsewhere checked before any is kept: which call of whom each is, and that its sound is there and new."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import soundfile

from harness.agency import Agency
from harness.directory import Unit
from harness.errors import Refused, ThirdringError, WrongInput
from harness.hearing import find_plan
from harness.imported.names import ROC_YEARS, compiled, read_name
from harness.imported.sound import read_sound
from harness.number_gate.called_number import find_unit
from harness.number_text import digits_of
from harness.planned_call import Plan
from harness.prompts.marks import marks_for
from harness.record import IMPORTED, CallRecord
from harness.recording import sha256
from harness.scenario import USUAL_SCENARIO, load_scenario
from harness.scoring import usable_form
from harness.store import Store
from harness.test_call import new_call_id

SUFFIXES = (".wav", ".flac", ".mp3", ".m4a", ".mp4")
"""What is looked for in a folder; what a file is, its content says."""
ORIGINAL, RECORDING = "original", "recording"


@dataclass(frozen=True)
class Given:
    """A file as it was handed in."""

    path: Path
    """Where its bytes are."""
    name: str
    """Its name, as it was where it came from."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """What somebody says of the files; what is empty is looked for in their names."""

    unit: str = ""
    """Unit, number or extension that was called."""
    started: str = ""
    """When the call began, ISO 8601; without an offset, in the agency's zone. For one file only."""
    pattern: str = ""
    """How the recorder names its files (`harness.imported.names`)."""
    far: str = ""
    """left, right, mixed; empty: one channel is mixed, two are refused."""
    scenario: str = ""
    """Which scenario the tester went by; empty: the unit's."""
    from_dialling: bool = False
    """The recordings begin with the dialling."""


@dataclass(frozen=True, kw_only=True)
class Brought:
    """A file that may be kept, its sound converted beside its copy in a folder that nobody else looks into."""

    name: str
    """The file's own name."""
    record: CallRecord
    """The call, without signals."""
    plan: Plan
    """Unit, form and tones to judge it by."""
    sha256: str
    """Fingerprint of the file as it came."""
    staged: dict[str, Path]
    """Where its files lie for now, by their names in the record."""


def files_of(paths: Sequence[Path]) -> tuple[Given, ...]:
    """The files that some paths mean; of a folder, every recording below it, by name."""
    found: list[Given] = []
    for path in paths:
        if not path.is_dir():
            found.append(Given(path, path.name))
            continue
        inside = sorted(one for one in path.rglob("*") if one.suffix.lower() in SUFFIXES and one.is_file())
        if not inside:
            raise WrongInput("imported.no_files", folder=path)
        found += [Given(one, one.name) for one in inside]
    return tuple(found)


def read_files(
    files: Sequence[Given],
    told: Told,
    agency: Agency,
    store: Store,
    *,
    now: datetime,
    staging: Path,
    skip_known: bool = False,
) -> tuple[Brought, ...]:
    """Check every file, and lay its sound ready in `staging`; nothing is kept yet.

    Raises:
        WrongInput: everything that is wrong with all of them.
    """
    if told.pattern:
        compiled(told.pattern)
    if told.started and len(files) > 1:
        raise WrongInput("imported.one_start")
    found, wrong, seen = list[Brought](), list[ThirdringError](), dict[str, str]()
    for one in files:
        try:
            digest = _new(one, store, seen)
            if digest is not None:
                found.append(_brought(one, digest, told, agency, now, staging))
            elif not skip_known:
                raise _known(one, store)
        except ThirdringError as error:
            wrong += error.problems or (error,)
    if len(wrong) == 1:
        raise wrong[0]
    if wrong:
        raise WrongInput(wrong[0].key, problems=tuple(wrong))
    return tuple(found)


def _new(one: Given, store: Store, seen: dict[str, str]) -> str | None:
    """The file's fingerprint; None where it was kept before."""
    try:
        digest = sha256(one.path)
    except OSError as error:
        raise WrongInput("file.unreadable", file=one.name, reason=error.strerror or "") from None
    if digest in seen:
        raise WrongInput("imported.twice", file=one.name, other=seen[digest])
    seen[digest] = one.name
    return None if store.call_list.with_sound(digest) else digest


def _known(one: Given, store: Store) -> WrongInput:
    return WrongInput("imported.known", file=one.name, call_id=store.call_list.with_sound(sha256(one.path)))


def _brought(one: Given, digest: str, told: Told, agency: Agency, now: datetime, staging: Path) -> Brought:
    started, unit = _when_and_whom(one, told, agency, now)
    plan = _plan(unit, told.scenario, agency)
    sound = read_sound(one.path, far=told.far, name=one.name)
    call_id = new_call_id(started)
    suffix = Path(one.name).suffix.lower()
    names = {RECORDING: f"{call_id}.flac", ORIGINAL: f"{call_id}.original{suffix if suffix in SUFFIXES else ''}"}
    staging.mkdir(parents=True, exist_ok=True)
    soundfile.write(staging / names[RECORDING], sound.sides, sound.rate_hz, subtype="PCM_16")
    shutil.copyfile(one.path, staging / names[ORIGINAL])
    if sha256(staging / names[ORIGINAL]) != digest:  # it was written while it was read
        raise WrongInput("imported.broken", file=one.name)
    record = CallRecord(
        call_id=call_id,
        unit=unit.unit,
        number=_number(unit, plan, agency),
        scenario=plan.scenario.name,
        started_at=started.astimezone(UTC).isoformat(timespec="milliseconds"),
        zero_s=0.0,
        zero_error_s=0.0,
        sample_rate_hz=sound.rate_hz,
        duration_s=sound.duration_s,
        wall_s=None,
        signals=(),
        acts=(),
        legs=plan.scenario.legs,
        tone_plan=agency.settings.tone_plan,
        files=names,
        source=IMPORTED,
        far=sound.far,
        from_dialling=told.from_dialling,
    )
    staged = {kind: staging / name for kind, name in names.items()}
    return Brought(name=one.name, record=record, plan=plan, sha256=digest, staged=staged)


def _when_and_whom(one: Given, told: Told, agency: Agency, now: datetime) -> tuple[datetime, Unit]:
    named = read_name(one.name, told.pattern, agency.zone) if told.pattern else None
    started = read_moment(told.started, agency) if told.started else named.started if named else None
    if started is None:
        raise WrongInput("imported.no_start", file=one.name)
    if started > now:
        raise WrongInput("imported.future", file=one.name, value=f"{started.astimezone(agency.zone):%Y-%m-%d %H:%M}")
    if told.unit:
        return started, _unit(told.unit, one, agency)
    if named is None or not named.number:
        raise WrongInput("imported.no_unit", file=one.name)
    return started, _unit(named.number, one, agency)


def read_moment(text: str, agency: Agency) -> datetime:
    """A moment as a person types it; years below 1000 are the Republic's."""
    head, _, rest = text.strip().replace("/", "-").replace(".", "-", 2).partition("-")
    try:
        year = int(head) + (ROC_YEARS if int(head) < 1000 else 0)
        moment = datetime.fromisoformat(f"{year:04}-{rest}")
        if len(rest.strip()) < len("11-20T10:05"):
            raise ValueError
    except ValueError:
        raise WrongInput("imported.bad_start", value=text) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=agency.zone)


def _unit(text: str, one: Given, agency: Agency) -> Unit:
    try:
        return find_unit(text, agency.units)
    except Refused:  # nothing is dialled: a number that is not ours is a wrong name here, no danger
        raise WrongInput("imported.no_such_number", file=one.name, number=text) from None


def _plan(unit: Unit, scenario: str, agency: Agency) -> Plan:
    steps = load_scenario(scenario or unit.scenario or USUAL_SCENARIO, agency_folder=agency.folder)
    values: dict[str, Any] = {"answers": None, "said": None, "marks": marks_for(unit, agency)}
    form = usable_form(agency.settings.form, agency.folder)
    tones = find_plan(agency.settings.tone_plan, agency_folder=agency.folder)
    return Plan(unit=unit, scenario=steps, form=form, tones=tones, **values)


def _number(unit: Unit, plan: Plan, agency: Agency) -> str:
    site = agency.site(unit.site) if plan.to == "switchboard" else None
    return digits_of(site.switchboard) if site is not None else unit.digits or unit.extension
