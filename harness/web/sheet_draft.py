"""What a sheet's page keeps while it is filled in, and what it tells of each change."""

from __future__ import annotations

from starlette.responses import HTMLResponse, Response

from harness.assisted.remarks import proposed
from harness.errors import DirectoryError
from harness.kept_sheet import KeptSheet
from harness.questions import Question, fit_for, read_questions
from harness.rounds import same_name
from harness.web.sheet_fields import Fields, fields_from, fields_of, merged
from harness.web.sheet_view import Filled
from harness.web.sheet_words import Words, words_for
from harness.web.visit import Visit


def begun(visit: Visit, kept: KeptSheet) -> Fields:
    """What a draft begins with: one's own answers that were given elsewhere, never another person's; else the
    questions that the call's tester was shown, which say nothing until somebody judges the answer."""
    if kept.answers is not None and same_name(kept.who or "") == same_name(visit.person.name):
        return fields_from(kept.answers, kept.form)
    asked = proposed(kept.call_id, visit.store) if kept.form.accuracy else ()
    return {f"question:{n}:text": [text] for n, text in enumerate(asked, start=1)}


def keep_draft(visit: Visit, kept: KeptSheet) -> Response:
    """Put what was sent into one's draft, and give the lines of the page that it made other ones."""
    sent, changed = fields_of(visit.form.multi_items(), kept.form), visit.text("changed")
    before = visit.store.drafts.of(kept.call_id, visit.person.name)
    after = visit.store.drafts.change(
        kept.call_id,
        visit.person.name,
        lambda fields: merged(fields or begun(visit, kept), sent, changed) if changed else sent,
        now=visit.now,
    )
    seen_last = before is not None and visit.text("serial") == str(before["serial"])
    old = Filled(kept, before["fields"]) if before is not None and seen_last else None
    return HTMLResponse(_parts(visit, Filled(kept, after["fields"]), old, serial=after["serial"]))


def bank_of(visit: Visit, kept: KeptSheet) -> list[Question]:
    """The questions that the unit may have been asked, with their model answers, those first that its tester was shown;
    none where the file is wrong."""
    unit, asked = kept.call["unit"], proposed(kept.call_id, visit.store)
    try:
        found = read_questions(visit.agency.folder, units=[one.unit for one in visit.agency.units])
    except DirectoryError:  # that is said where questions are kept; a sheet is filled in without them
        return []
    return sorted(fit_for(unit, found, today=kept.day), key=lambda one: (one.question not in asked, one.unit != unit))


def _parts(visit: Visit, new: Filled, old: Filled | None, *, serial: int) -> str:
    """The lines that a change made other ones, and the foot."""
    lang, told = visit.preferences.lang, []
    for item in new.form.items:
        after = visit.part("sheet_said.html", line=new.line(item), told=words_for(lang, new), swap=True)
        if old is None or after != visit.part(
            "sheet_said.html", line=old.line(item), told=words_for(lang, old), swap=True
        ):
            told.append(after)
    words = words_for(lang, new)
    told += [visit.part("sheet_refused.html", place=place, told=words, swap=True) for place in _places(new, words)]
    if new.form.accuracy:
        told.append(visit.part("sheet_rate.html", told=words, swap=True))
    told.append(visit.part("sheet_foot.html", filled=new, told=words, serial=serial, swap=True))
    return "".join(told)


def _places(new: Filled, words: Words) -> list[str]:
    """Where something may be refused that belongs to no item, as far as this form's page has it."""
    there = {
        "heard-by": words.heard() or words.heard_known(),
        "facts": any(True for _ in words.facts()),
        "accuracy": new.form.accuracy,
        "bonus": new.bonus,
    }
    return [place for place, shown in there.items() if shown]
