"""An agency's own forms: which there are, and a new one that starts as a copy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.agency import load_agency
from harness.errors import EnvironmentFailed, FormError, WrongInput
from harness.scoring import find_form, form_file, rubric_errors
from rubric.form import read_form, shipped_ids
from rubric.formtools import new_form
from rubric.schema import Form


@dataclass(frozen=True, kw_only=True)
class Found:
    """A form and where it came from."""

    form: Form
    """The form."""
    file: Path | None
    """Its file; None for one that is shipped."""


def all_forms(agency_folder: Path) -> tuple[Found, ...]:
    """The agency's own forms, then the shipped ones that it has none of the same name of."""
    own = sorted((agency_folder / "forms").glob("*.toml"))
    names = [path.stem for path in own]
    shipped = [one for one in shipped_ids() if one not in names]
    return tuple(one_form(name, agency_folder) for name in (*names, *shipped))


def one_form(name: str, agency_folder: Path) -> Found:
    """A form by name or path."""
    return Found(form=find_form(name, agency_folder=agency_folder), file=form_file(name, agency_folder=agency_folder))


def make_form(name: str, *, like: str, title: str | None, agency_folder: Path) -> Found:
    """Write a new form into the agency's folder, as a copy of another; nothing that is there is overwritten.

    Raises:
        FormError: the name is not made of small letters, digits and hyphens; the other form is wrong.
        WrongInput: there is one of that name, or the folder is no agency's.
    """
    agency = load_agency(agency_folder)
    base = one_form(like, agency_folder)
    with rubric_errors(FormError):
        text = new_form(name, title=title or base.form.title, agency=agency.settings.name, like=str(base.file or like))
        form = read_form(text, file=f"{name}.toml")
    path = agency.forms / f"{name}.toml"
    if path.exists() or name in shipped_ids():
        raise WrongInput("form.exists", name=name)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise EnvironmentFailed("cli.disk", reason=f"{error.strerror or error}: {path.name}") from None
    return Found(form=form, file=path)
