"""The rubric as the harness uses it: its errors become ours, its forms are looked for in the agency first."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness.errors import FactsError
from rubric.answers import Answers, parse_answers
from rubric.errors import RubricError
from rubric.facts import parse_facts
from rubric.form import load_form
from rubric.schema import Form
from rubric.score import score
from rubric.sheet import Sheet


@contextmanager
def rubric_errors() -> Iterator[None]:
    """Turn what the rubric raises into our own error, with its sentences."""
    try:
        yield
    except RubricError as error:
        raise FactsError("score.wrong", reason={"zh": str(error), "en": error.en}) from None


def find_form(name: str, *, agency_folder: Path | None = None) -> Form:
    """Give a form by path, or by name: the agency's own first, then the shipped ones."""
    own = agency_folder / "forms" / f"{name}.toml" if agency_folder else None
    with rubric_errors():
        return load_form(own if own and own.is_file() else name)


def read_answers(raw: dict[str, Any] | None, form: Form) -> Answers | None:
    """Read a tester's answers; None where nobody answered yet."""
    with rubric_errors():
        return None if raw is None else parse_answers(raw, form)


def score_call(form: Form, facts: dict[str, Any], answers: Answers | None) -> Sheet:
    """Fill the form."""
    with rubric_errors():
        return score(form, parse_facts(facts), answers)
