"""`thirdring form`: check, show, new, diff, schema."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.noted import note_change
from harness.cli.options import Asked, asked_for
from harness.cli.output import print_json, print_lines
from harness.errors import DONE
from harness.words import chosen, say

if TYPE_CHECKING:
    from harness.form_files import Found


@click.group()
@asked_for
def form(asked: Asked) -> None:
    """檢查、朗讀、新增、比較量表。Check, read aloud, make and compare score sheets' forms."""


@form.command()
@click.argument("name", metavar="FILE|NAME")
@asked_for
def check(asked: Asked, name: str) -> int:
    """檢查一份量表，所有錯誤一次列出。Check a form; every fault is listed at once.

    指出檔案、項目、鍵與可填的值。Names file, item, key and what is allowed.
    """
    from harness.form_files import one_form
    from harness.scoring import used_before
    from rubric.formtools import advice

    found = one_form(name, asked.agency)
    used = used_before(found.form, name=name, agency_folder=asked.agency)
    told = advice(found.form)
    if asked.as_json:
        notes = [{"item": one.item, "zh": one.say("zh"), "en": one.say("en")} for one in told]
        print_json({"schema": "thirdring.form_check/1", **_head(found), "used": used, "advice": notes})
        return DONE
    made = found.form
    values = {"version": made.version, "items": len(made.items), "total": made.total, "digest": made.digest[:12]}
    print_lines([say("form.fine", name=made.id, **values)])
    print_lines([say("form.used")] if used else [])
    print_lines(chosen(one.say("zh"), one.say("en")) for one in told)
    return DONE


@form.command()
@click.argument("name", metavar="[FILE|NAME]", required=False)
@asked_for
def show(asked: Asked, name: str | None) -> int:
    """朗讀一份量表：項目、配分、規則、哪些是本系統所訂。Read a form aloud; without a name list them all."""
    from harness.form_files import all_forms, one_form
    from rubric.read_aloud import form_lines

    if name is None:
        _list(asked, all_forms(asked.agency))
        return DONE
    found = one_form(name, asked.agency)
    if asked.as_json:
        content = found.form.model_dump(mode="json", by_alias=True)
        aloud = {lang: list(form_lines(found.form, lang=lang)) for lang in ("zh", "en")}
        print_json({"schema": "thirdring.shown_form/1", **_head(found), "form": content, "aloud": aloud})
    else:
        print_lines(form_lines(found.form, lang="en" if asked.lang == "en" else "zh"))
    return DONE


@form.command()
@click.argument("name", metavar="NAME")
@click.option(
    "--from", "like", default="keelung-102", show_default=True, metavar="FILE|NAME", help="照哪一份。A copy of."
)
@click.option("--title", metavar="TEXT", help="量表名稱（預設：照原來的）。Its title (default: the same).")
@asked_for
def new(asked: Asked, name: str, like: str, title: str | None) -> int:
    """在機關的 forms/ 建立一份新量表。Write a new form into the agency's forms/."""
    from harness.form_files import make_form

    made = make_form(name, like=like, title=title, agency_folder=asked.agency)
    note_change(asked.agency, "form_copied", command="form new", form=made.form.id, like=like)
    if asked.as_json:
        print_json({"schema": "thirdring.form_new/1", **_head(made)})
    else:
        print_lines([say("form.made", file=made.file, name=name)])
    return DONE


@form.command()
@click.argument("before", metavar="FILE|NAME")
@click.argument("after", metavar="FILE|NAME")
@asked_for
def diff(asked: Asked, before: str, after: str) -> int:
    """比較兩份量表，逐處列出。Compare two forms, place by place."""
    from harness.form_files import one_form
    from rubric.formtools import form_changes

    one, other = (one_form(name, asked.agency) for name in (before, after))
    changes = form_changes(one.form, other.form)
    if asked.as_json:
        listed = [{"place": c.place, "before": c.before, "after": c.after} for c in changes]
        told = {"before": _head(one), "after": _head(other), "changes": listed}
        print_json({"schema": "thirdring.form_diff/1", **told})
    elif changes:
        print_lines(say("form.change", place=c.place, before=_shown(c.before), after=_shown(c.after)) for c in changes)
    else:
        print_lines([say("form.same")])
    return DONE


@form.command()
@asked_for
def schema(asked: Asked) -> int:
    """印出量表檔案的 JSON Schema，給編輯器用。Print the JSON Schema of a form file, for editors."""
    from rubric.formtools import form_schema

    print_json(form_schema())
    return DONE


def _head(found: Found) -> dict[str, Any]:
    made = found.form
    days = {name: None if day is None else day.isoformat() for name, day in _days(found).items()}
    return {
        "form": made.id,
        "version": made.version,
        "digest": made.digest,
        "title": made.title,
        "agency": made.agency,
        "draft": made.draft,
        "points_source": made.points_source,
        **days,
        "file": None if found.file is None else str(found.file),
    }


def _days(found: Found) -> dict[str, Any]:
    return {"valid_from": found.form.valid_from, "valid_to": found.form.valid_to}


def _list(asked: Asked, forms: tuple[Found, ...]) -> None:
    if asked.as_json:
        print_json({"schema": "thirdring.forms/1", "forms": [_head(one) for one in forms]})
        return
    from harness.cli.output import print_table
    from harness.words import label

    names = ("form", "version", "title", "valid", "file")
    rows = [_row(one) for one in forms]
    print_table([label(f"column.{name}") for name in names], rows)


def _row(found: Found) -> list[object]:
    days = [str(day) if day else "" for day in _days(found).values()]
    title = found.form.title + (chosen("（草案）", " (draft)", between="") if found.form.draft else "")
    return [found.form.id, found.form.version, title, "–".join(days) if any(days) else None, _name(found.file)]


def _name(file: Path | None) -> str | None:
    return None if file is None else file.name


def _shown(value: Any) -> str:
    return "—" if value is None else str(value)
