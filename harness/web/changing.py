"""Saving a form of settings: what was typed goes into the file, or back to the page with what is wrong beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pydantic import BaseModel
from starlette.responses import Response

from harness.agency import AGENCY_FILE, Settings
from harness.agency_writer import Wanted, change_agency, change_papers, change_programme, stamp_of
from harness.errors import WrongInput
from harness.papers.settings import PAPERS_FILE, PaperSettings, read_paper_settings
from harness.programme.settings import PROGRAMME_FILE, ProgrammeSettings, read_programme
from harness.toml_edit import Edit, Place
from harness.web.done import done
from harness.web.fields import Field, fields_of, typed, with_problems, with_typed
from harness.web.setting_up import Step, step_done
from harness.web.visit import Visit


@dataclass(frozen=True, kw_only=True)
class WrittenFile:
    """A file that pages change."""

    name: str
    """Its name."""
    model: type[BaseModel]
    """What it says."""
    read: Callable[[Visit], BaseModel]
    """Reads what holds."""
    change: Callable[..., tuple[Edit, ...]]
    """Changes it."""

    def stamp(self, visit: Visit) -> str:
        """Which version of it a page shows."""
        return stamp_of(visit.agency.folder / self.name)

    def fields(self, visit: Visit, places: Iterable[Place]) -> tuple[Field, ...]:
        """Its fields with what holds."""
        return fields_of(self.model, self.read(visit), places)

    def write(self, visit: Visit, wanted: Wanted) -> tuple[Edit, ...]:
        """Change it in the name of whoever asks, if it is still what the page showed."""
        told = {"store": visit.store, "who": visit.person.name, "now": visit.now, "stamp": visit.text("stamp", most=16)}
        return self.change(visit.agency.folder, wanted, **told)


AGENCY = WrittenFile(name=AGENCY_FILE, model=Settings, read=lambda visit: visit.agency.settings, change=change_agency)
PROGRAMME = WrittenFile(
    name=PROGRAMME_FILE,
    model=ProgrammeSettings,
    read=lambda visit: read_programme(visit.agency.folder),
    change=change_programme,
)
PAPERS = WrittenFile(
    name=PAPERS_FILE,
    model=PaperSettings,
    read=lambda visit: read_paper_settings(visit.agency.folder),
    change=change_papers,
)


def saved(visit: Visit, path: str, edits: tuple[Edit, ...], *, step: Step | None = None) -> Response:
    """After a save: on to the next step where one is setting the agency up, else to the page, which says it."""
    if step is not None and visit.text("next"):
        return visit.to(step_done(visit, step))
    return done(visit, path, "settings.saved" if edits else "settings.nothing_changed", count=len(edits))


def try_to_write(
    visit: Visit, file: WrittenFile, fields: tuple[Field, ...], wanted: Wanted | None = None
) -> tuple[tuple[Edit, ...] | None, tuple[Field, ...], tuple[str, ...]]:
    """Write what was typed into fields (or what was made of it); None and the problems where it is wrong."""
    values = typed(fields, visit)
    shown = with_typed(fields, values)
    try:
        return file.write(visit, values if wanted is None else wanted), shown, ()
    except WrongInput as error:
        return None, *with_problems(shown, error, visit.preferences.lang)
