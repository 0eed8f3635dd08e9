"""The rubric as the harness uses it: its errors become ours, its forms are looked for in the agency first."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from harness.errors import FactsError, FormError, WrongInput
from harness.store import Store, open_store
from rubric import answers as said
from rubric.answers import Answers, parse_answers
from rubric.errors import Problem, RubricError
from rubric.facts import Facts, parse_facts
from rubric.form import load_form
from rubric.rows import row_of, row_to_dict
from rubric.schema import Form
from rubric.score import ready_to_sign, score
from rubric.sheet import Sheet
from rubric.versions import check_frozen

DATABASE = "thirdring.db"


@contextmanager
def rubric_errors(fault: type[WrongInput] = FactsError) -> Iterator[None]:
    """Turn what the rubric raises into our own error, each of its faults by itself."""
    try:
        yield
    except RubricError as error:
        raise _ours(error.problems, fault) from None


def form_file(name: str, *, agency_folder: Path | None = None) -> Path | None:
    """Where a form of the agency's own lies, by name or by path; None for one that is shipped, or nowhere."""
    own = agency_folder / "forms" / f"{name}.toml" if agency_folder else None
    if own is not None and own.is_file():
        return own
    return Path(name) if Path(name).is_file() else None


def find_form(name: str, *, agency_folder: Path | None = None) -> Form:
    """Give a form by path, or by name: the agency's own first, then the shipped ones."""
    file = form_file(name, agency_folder=agency_folder)
    with rubric_errors(FormError):
        return load_form(file or name)


def usable_form(name: str, agency_folder: Path) -> Form:
    """Give a form to score an agency's calls with; FormError when its version was used with another content."""
    form = find_form(name, agency_folder=agency_folder)
    used_before(form, name=name, agency_folder=agency_folder)
    return form


def used_before(form: Form, *, name: str, agency_folder: Path) -> bool:
    """Whether the agency has scored with this version; FormError when it was used with another content."""
    if not (agency_folder / DATABASE).is_file():
        return False
    with open_store(agency_folder / DATABASE) as store:
        refuse_changed(form, store, name=name, agency_folder=agency_folder)
        return (form.id, form.version) in store.forms.used()


def refuse_changed(form: Form, store: Store, *, name: str, agency_folder: Path) -> None:
    """Raise FormError, naming the file, when a form was changed under a version that was used."""
    file = form_file(name, agency_folder=agency_folder)
    with rubric_errors(FormError):
        check_frozen(form, store.forms.used(), file=str(file or f"{form.id}.toml"))


def kept_form(store: Store, form: str, version: str) -> Form:
    """Give a form as it was when it was first used, whatever became of its file."""
    return Form.model_validate_json(store.forms.content(form, version))


def frozen(form: Form) -> dict[str, Any]:
    """A form as the database keeps it."""
    content = form.model_dump_json(by_alias=True)
    return {"form": form.id, "version": form.version, "digest": form.digest, "content": content}


def row_for(sheet: dict[str, Any], *, day: date, unit: str, extension: str, group: str, series: str) -> dict[str, Any]:
    """What figures need of a sheet, as the database keeps it."""
    return row_to_dict(row_of(sheet, day=day, unit=unit, extension=extension, group=group, series=series))


def read_answers(raw: dict[str, Any] | None, form: Form) -> Answers | None:
    """Read a tester's answers; None where nobody answered yet."""
    with rubric_errors():
        return None if raw is None else parse_answers(raw, form)


def score_call(form: Form, facts: dict[str, Any], answers: Answers | None, *, on: date | None = None) -> Sheet:
    """Fill the form; `on` is the day of the call, where it is known."""
    with rubric_errors():
        return score(form, parse_facts(facts), answers, on=on)


def score_said(form: Form, facts: dict[str, Any], raw: dict[str, Any] | None, *, on: date | None = None) -> Sheet:
    """Fill the form from answers as they were handed in; every fault of facts and answers is told at once."""
    answers, wrong = said.read_answers({} if raw is None else raw, form)
    try:
        measured = parse_facts(facts)
    except RubricError as error:
        raise _ours((*error.problems, *wrong), FactsError) from None
    sheet = score(form, measured, None if raw is None else answers, on=on)
    if wrong:
        raise _ours((*wrong, *sheet.problems), FactsError)
    return sheet


def refuse_unready(form: Form, sheet: Sheet) -> None:
    """Raise FactsError with everything that stands between a sheet and its signature, all at once."""
    missing = ready_to_sign(form, sheet)
    if missing:
        raise _ours(missing, FactsError)


def score_as_far_as_it_goes(form: Form, facts: Facts, raw: dict[str, Any] | None, *, on: date) -> Sheet:
    """Fill the form from answers that were given for another one: what does not fit stands in its problems."""
    kept, foreign = said.known_to(form, {} if raw is None else raw)
    answers, wrong = said.read_answers(kept, form)
    sheet = score(form, facts, None if raw is None else answers, on=on)
    return replace(sheet, problems=(*foreign, *wrong, *sheet.problems))


def _ours(problems: tuple[Problem, ...], fault: type[WrongInput]) -> WrongInput:
    each = tuple(fault("score.wrong", reason={"zh": one.say("zh"), "en": one.say("en")}) for one in problems)
    return fault(problems[0].key, problems=each)
