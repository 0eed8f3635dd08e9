"""The printable score sheet of one call: one HTML page, the agency's own wording and layout, nothing fetched."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import PurePath
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from harness.documents.labels import Labels
from harness.documents.roc import roc_minute
from harness.documents.sheet_rows import EMPTY, TICKED, blocks, number
from rubric.schema import Form

NONE = "—"


def render_sheet(
    sheet_dict: Mapping[str, Any],
    form: Form,
    *,
    header: Mapping[str, Any],
    call: Mapping[str, Any],
    lang: str = "zh",
) -> str:
    """Give the sheet (`thirdring.sheet/1`) of one call as a self-contained HTML page for A4.

    `header` fills the form's blanks by their ids and goes before what the sheet and the call know; `call` has
    call_id, unit_name, number, scenario, started_at (ISO 8601 with a time zone), outcome, ending (the sentence
    on it, by language), recording, recording_sha256 and legs, and perhaps `objection`, a sentence for the head. What
    is missing is printed as 「—」; points not given are blanks, never zeros.
    """
    page: str = _template().render(sheet_values(sheet_dict, form, header=header, call=call, lang=lang))
    return page


def sheet_values(
    sheet_dict: Mapping[str, Any], form: Form, *, header: Mapping[str, Any], call: Mapping[str, Any], lang: str = "zh"
) -> dict[str, Any]:
    """What a printed sheet says, by the names that its page uses."""
    labels = Labels(lang)
    return {
        "form": form,
        "sheet": sheet_dict,
        "say": labels.say,
        "heads": _heads(form, sheet_dict, header, call),
        "blocks": list(blocks(form, sheet_dict, labels)),
        "parts": _parts(form, sheet_dict, labels),
        "total": None if sheet_dict["total"] is None else number(sheet_dict["total"]),
        "accuracy": _accuracy(form, sheet_dict),
        "objection": call.get("objection"),
        "legs": [_leg(leg, sheet_dict, labels) for leg in call.get("legs") or ()],
        "foot": _foot(form, sheet_dict, call, labels),
        "ticked": TICKED,
        "empty": EMPTY,
        "number": number,
    }


def _heads(form: Form, sheet: Mapping[str, Any], header: Mapping[str, Any], call: Mapping[str, Any]) -> dict[str, str]:
    """The blanks at the head; a signature stays blank for the pen."""
    known = {
        "unit": call.get("unit_name"),
        "tested_at": _tested_at(call.get("started_at")),
        "switchboard_number": None,
        **sheet.get("header", {}),
        **header,
    }
    said = {blank.id: str(known.get(blank.id) or NONE) for blank in form.header}
    return said | {blank.id: "" for blank in form.header if blank.type == "signature"}


def _tested_at(started_at: Any) -> str | None:
    return None if started_at is None else roc_minute(datetime.fromisoformat(str(started_at)))


def _parts(form: Form, sheet: Mapping[str, Any], labels: Labels) -> list[str]:
    """總機 40／45（單項換算 88.9）: the parts apart, because a slow operator is not the unit's doing."""
    names = {part.id: part.short or part.text for part in form.parts}
    told = []
    for part in sheet["parts"]:
        points = NONE if part["points"] is None else number(part["points"])
        text = labels.say("part_of", name=names[part["id"]], points=points, max=number(part["max"]))
        if not part["complete"] and part["points"] is not None:
            text += labels.say("incomplete")
        if part["rescaled"] is not None and len(form.parts) > 1:
            text += labels.say("rescaled", rescaled=number(part["rescaled"]))
        told.append(text)
    return told


def _accuracy(form: Form, sheet: Mapping[str, Any]) -> dict[str, Any] | None:
    """The accuracy block; without an answer as many blanks as the form asks for."""
    if form.accuracy is None:
        return None
    said = sheet.get("accuracy") or {}
    listed = list(said.get("questions") or ())
    wanted = max(len(listed), form.accuracy.min_questions)
    listed += [{"text": "", "verdict": None} for _ in range(wanted - len(listed))]
    return {"asked": said.get("asked"), "correct": said.get("correct"), "rate": said.get("rate"), "listed": listed}


def _leg(leg: Mapping[str, Any], sheet: Mapping[str, Any], labels: Labels) -> list[str]:
    name = leg.get("name")
    rings = leg.get("rings")
    heard = next((one for one in sheet.get("heard", ()) if one["leg"] == name), None)
    who = "" if heard is None else labels.say(f"heard_{heard['answerer'] or 'unknown'}")
    return [
        (labels.say(f"leg_{name}") if name in ("ivr", "operator", "unit") else str(name or NONE)) + who,
        _seconds(leg.get("ring_onset_s"), labels),
        _seconds(leg.get("pick_up_s"), labels),
        _between(rings) if rings is not None else NONE,
        _seconds(leg.get("answer_latency_s"), labels),
    ]


def _seconds(value: Any, labels: Labels) -> str:
    return NONE if value is None else labels.say("seconds", value=_between(value, places=2))


def _between(value: Any, *, places: int = 0) -> str:
    """A number, or an interval as 「8.60–9.24」."""
    if isinstance(value, Mapping):
        first, last = (f"{float(value[end]):.{places}f}" for end in ("earliest", "latest"))
        return first if first == last else f"{first}–{last}"
    return f"{float(value):.{places}f}"


def _foot(form: Form, sheet: Mapping[str, Any], call: Mapping[str, Any], labels: Labels) -> list[tuple[str, str]]:
    recording = call.get("recording")
    outcome = call.get("outcome")
    known = outcome in ("answered", "no_answer", "busy", "congestion", "rejected", "fault_theirs", "fault_ours", "none")
    told = {
        "call": call.get("call_id"),
        "number": call.get("number"),
        "scenario": call.get("scenario"),
        "outcome": labels.say(f"outcome_{outcome}") if known else outcome,
        **({"ending": call["ending"].get(labels.lang)} if call.get("ending") else {}),
        **({"bell_offset": _offset(call["bell_offset"], labels)} if call.get("bell_offset") else {}),
        "recording": PurePath(str(recording)).name if recording else None,
        "SHA-256": call.get("recording_sha256"),
        "form": f"{sheet['form']} v{sheet['form_version']} ({str(sheet['form_digest'])[:12]})",
        "source": "；".join(one for one in (form.source.issued, form.source.amended, form.source.clause) if one),
    }
    return [(key if key == "SHA-256" else labels.say(key), str(value or NONE)) for key, value in told.items()]


def _offset(fact: Mapping[str, Any], labels: Labels) -> str:
    """By how much the caller's ringback runs behind the bell, and when that was measured."""
    span = (f"{float(fact['interval_s'][end]):+.2f}" for end in ("earliest", "latest"))
    return labels.say("bell_offset_told", span="–".join(span), day=str(fact["measured_at"])[:10])


@cache
def _template() -> Any:
    environment = Environment(
        loader=PackageLoader("harness.documents", "templates"),
        autoescape=True,  # a unit's name or a tester's words are text, whatever they contain
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("sheet.html.j2")
