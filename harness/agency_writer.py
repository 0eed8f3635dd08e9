"""Changes agency.toml, programme.toml and papers.toml: checked by the model that reads them, logged, the version before
kept.

The change and its line in the log are one transaction of the database, so that two people who save at once come one
after the other, and nothing is changed without somebody's name to it. A file says where a secret is kept, never the
secret: what looks like one is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from harness.agency import AGENCY_FILE, Settings, fitting, settings_of
from harness.directory import read_units
from harness.directory_files import replace_kept
from harness.errors import AgencyError, WrongInput
from harness.hearing import find_plan
from harness.papers.settings import PAPERS_FILE, PaperSettings, papers_of
from harness.programme.settings import PROGRAMME_FILE, ProgrammeSettings, programme_of
from harness.scoring import usable_form
from harness.store import Store
from harness.toml_edit import Edit, Place, edited
from harness.toml_file import digest_of, parse_toml, read_text

PROGRAMME_TEMPLATE = Path(__file__).parent / "programme" / "programme_template.toml"
"""What a programme.toml begins as: it changes nothing of what holds without the file."""
PAPERS_TEMPLATE = Path(__file__).parent / "papers" / "papers_template.toml"
"""The same of a papers.toml."""
CHANGED = "settings_changed"
"""What the log calls it."""
# A URI may carry a password before its host (RFC 3986 §3.2.1, RFC 3261 §19.1.1): both advise against it.
_PASSWORD = re.compile(r"^(?:sips?:[^@:]*:[^@]*@|[a-z]+://[^/@:]*:[^/@]*@)", re.IGNORECASE)
Wanted = Mapping[Place, Any]


@dataclass(frozen=True, kw_only=True)
class _File:
    """One of the files."""

    name: str
    """Its name."""
    model: type[BaseModel]
    """What it may say."""
    read: Callable[[dict[str, Any]], Any]
    """Makes the model of its data; AgencyError names every fault."""
    new: Path | None = None
    """What it begins as where there is none."""


_AGENCY = _File(name=AGENCY_FILE, model=Settings, read=settings_of)
_PROGRAMME = _File(name=PROGRAMME_FILE, model=ProgrammeSettings, read=programme_of, new=PROGRAMME_TEMPLATE)
_PAPERS = _File(name=PAPERS_FILE, model=PaperSettings, read=papers_of, new=PAPERS_TEMPLATE)


def change_agency(
    folder: Path, wanted: Wanted, *, store: Store, who: str, now: datetime | None = None, stamp: str = ""
) -> tuple[Edit, ...]:
    """Change values of agency.toml and give what changed; what is as wanted already is left alone.

    Raises AgencyError and DirectoryError with everything that would be wrong, WrongInput where the file is not any
    more the one of `stamp`, or where a value would hold a password. Nothing is changed then.
    """
    return _change(_AGENCY, folder, wanted, store, who, now, stamp)


def change_programme(
    folder: Path, wanted: Wanted, *, store: Store, who: str, now: datetime | None = None, stamp: str = ""
) -> tuple[Edit, ...]:
    """The same for programme.toml, which is made where there is none, even when nothing differs from what holds."""
    return _change(_PROGRAMME, folder, wanted, store, who, now, stamp)


def change_papers(
    folder: Path, wanted: Wanted, *, store: Store, who: str, now: datetime | None = None, stamp: str = ""
) -> tuple[Edit, ...]:
    """The same for papers.toml."""
    return _change(_PAPERS, folder, wanted, store, who, now, stamp)


def stamp_of(path: Path) -> str:
    """What differs between two versions of a file; `-` for one that is not there."""
    return digest_of(read_text(path)) if path.is_file() else "-"


def shown(place: Place) -> str:
    """A place as people write it: `hours.default`, `lines[1].server`."""
    return "".join(f"[{one + 1}]" if isinstance(one, int) else f".{one}" for one in place).removeprefix(".")


def _change(
    file: _File, folder: Path, wanted: Wanted, store: Store, who: str, now: datetime | None, stamp: str
) -> tuple[Edit, ...]:
    path = folder / file.name
    with store.writing():
        if stamp and stamp != stamp_of(path):
            raise WrongInput("writer.changed_meanwhile", file=file.name)
        text = _text(file, path)
        made, edits = edited(text, _differing(file, text, wanted))
        if not edits and path.exists():
            return ()
        _check(file, folder, made, edits)
        detail = {"file": file.name, "changes": [_logged(edit) for edit in edits]}
        detail["digest"] = digest_of(made)
        store.log.write(CHANGED, who=who, detail=detail, now=now)
        replace_kept(path, made)
    return edits


def _text(file: _File, path: Path) -> str:
    if path.exists() or file.new is None:
        return read_text(path, fault=AgencyError)
    return file.new.read_text(encoding="utf-8")


def _differing(file: _File, text: str, wanted: Wanted) -> dict[Place, Any]:
    """What is wanted and does not hold already, written or as the model's own default."""
    holds = file.read(parse_toml(text, file=file.name, fault=AgencyError)).model_dump(by_alias=True)
    return {place: value for place, value in wanted.items() if not _same(_at(holds, place), value)}


def _at(holds: Any, place: Place) -> Any:
    for step in place:
        try:
            holds = holds[step]
        except (KeyError, IndexError, TypeError):
            return None
    return holds


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, tuple | list) and isinstance(other, tuple | list):
        return [*one] == [*other]
    return one == other and isinstance(one, bool) is isinstance(other, bool)


def _check(file: _File, folder: Path, made: str, edits: tuple[Edit, ...]) -> None:
    data = parse_toml(made, file=file.name, fault=AgencyError)
    for key in _passwords(data):
        raise WrongInput("writer.password", file=file.name, key=key)
    found = file.read(data)
    if isinstance(found, Settings):
        fitting(read_units(folder), found)
        changed = {edit.place[0] for edit in edits}
        if "form" in changed:
            usable_form(found.form, folder)
        if "tone_plan" in changed:
            find_plan(found.tone_plan, agency_folder=folder)


def _passwords(data: Any, place: Place = ()) -> Iterator[str]:
    """Places of addresses that carry a password."""
    if isinstance(data, str):
        if _PASSWORD.match(data):
            yield shown(place)
        return
    inside = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for step, value in inside:
        yield from _passwords(value, (*place, step))


def _logged(edit: Edit) -> dict[str, Any]:
    """A change as the log keeps it. A webhook's path is often a secret by itself."""
    secret = edit.place[-1] == "webhook"
    before, after = (host_of(value) if secret and value else _text_of(value) for value in (edit.before, edit.after))
    return {"place": shown(edit.place), "from": before, "to": after}


def host_of(address: object) -> str:
    """An address without its path."""
    return "/".join([*str(address).split("/")[:3], "…"])


def _text_of(value: Any) -> Any:
    """Dates and the like as text, which JSON can keep."""
    if isinstance(value, dict):
        return {key: _text_of(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_text_of(one) for one in value]
    return value if value is None or isinstance(value, str | bool | int | float) else str(value)
