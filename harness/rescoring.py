"""A kept call scored again by another form: a second sheet beside the first, with the difference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from harness.agency import Agency
from harness.kept_sheet import KeptSheet, kept_sheet
from harness.scoring import frozen, rubric_errors, score_as_far_as_it_goes
from harness.store import Store
from rubric.facts import parse_facts
from rubric.schema import Form
from rubric.sheet import to_dict
from rubric.versions import differences

SECOND, SAME_FORM, DONE_BEFORE = "second_sheet", "same_form", "done_before"


@dataclass(frozen=True, kw_only=True)
class Rescored:
    """One call scored again."""

    call_id: str
    """The call."""
    status: str
    """second_sheet; same_form: the sheet that counts is by this very form; done_before."""
    before: dict[str, Any]
    """Form, version and total of the sheet that counts."""
    after: dict[str, Any] | None
    """The same of the second sheet; None where none was made."""
    differences: tuple[dict[str, Any], ...] = ()
    """What the second says differently."""
    problems: tuple[str, ...] = ()
    """Answers that the other form cannot take."""

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return asdict(self) | {"differences": list(self.differences), "problems": list(self.problems)}


def rescore_all(
    form: Form, *, who: str, agency: Agency, store: Store, tick: Callable[[int], None] = lambda _: None
) -> list[Rescored]:
    """Score every kept call again, oldest first; `tick` is told how many are left."""
    ids = [row["call_id"] for row in reversed(store.list_calls(limit=2**62))]
    done = []
    for left, call_id in zip(range(len(ids) - 1, -1, -1), ids, strict=True):
        if store.sheets(call_id):
            done.append(rescore(call_id, form, who=who, agency=agency, store=store))
        tick(left)
    return done


def rescore(call_id: str, form: Form, *, who: str, agency: Agency, store: Store) -> Rescored:
    """Score a kept call again by `form`, from the same facts and answers. The first sheet stays what counts.

    Answers that the form does not know are told in the second sheet's problems; nothing is guessed for them.
    """
    kept = kept_sheet(call_id, agency=agency, store=store)
    before = _told(kept.sheet)
    if (form.id, form.version) == (kept.form.id, kept.form.version):
        return Rescored(call_id=call_id, status=SAME_FORM, before=before, after=None)
    if store.rescored.has(kept.sheet_id, form=form.id, version=form.version):
        return Rescored(call_id=call_id, status=DONE_BEFORE, before=before, after=None)
    sheet = _sheet(kept, form)
    apart = tuple(asdict(one) for one in differences(kept.sheet, sheet))
    with store.writing():
        store.forms.freeze(frozen(form))
        store.rescored.add(call_id, sheet, beside=kept.sheet_id, differences=list(apart))
        store.rows.put(call_id, kept.row(sheet, agency), sheet=sheet, shelf=shelf_of(form))
        store.log.write("rescored", who=who, call_id=call_id, detail={"form": form.id, "version": form.version})
    return Rescored(
        call_id=call_id,
        status=SECOND,
        before=before,
        after=_told(sheet),
        differences=apart,
        problems=tuple(sheet["problems"]),
    )


def shelf_of(form: Form) -> str:
    """Where the rows of calls scored again by a form lie."""
    return f"rescored:{form.id}@{form.version}"


def _sheet(kept: KeptSheet, form: Form) -> dict[str, Any]:
    with rubric_errors():
        return to_dict(score_as_far_as_it_goes(form, parse_facts(kept.facts), kept.answers, on=kept.day))


def _told(sheet: dict[str, Any]) -> dict[str, Any]:
    return {"form": sheet["form"], "version": sheet["form_version"], "total": sheet["total"]}
