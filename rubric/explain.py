"""Why a sheet has its points: a tree, as data, from the total down to the ring that was counted."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from rubric.schema import Form, Item
from rubric.sheet import NOT_APPLICABLE, GroupScore, ItemScore, Sheet, json_number
from rubric.words import Phrase, number, phrase


@dataclass(frozen=True, slots=True)
class Reason:
    """One node: what it is, what it is worth, and why."""

    id: str
    """The total, a part, a group or an item by its id; a leaf has none."""
    text: str
    """The wording in zh-TW."""
    text_en: str
    """The same in English (the form's own wording stays as printed)."""
    points: Decimal | None = None
    """What it is worth; `None` while open, and for leaves."""
    max: Decimal | None = None
    """What it could be worth."""
    children: "tuple[Reason, ...]" = ()
    """The reasons below it."""


def explain(form: Form, sheet: Sheet) -> Reason:
    """The whole sheet as a tree of reasons."""
    items = {item.id: item for item in sheet.items}
    groups = {group.id: group for group in sheet.groups}
    parts = []
    for part, scored in zip(form.parts, sheet.parts, strict=True):
        below = tuple(_group(form, groups[g.id], g.text, items) for g in form.groups_of(part.id))
        parts.append(Reason(part.id, part.text, part.text, scored.points, scored.max, below))
    source = (_leaf(phrase("explain.form", form=form.id, version=form.version, digest=form.digest[:12])),)
    settings = tuple(_leaf(one) for one in _settings(form))
    facts = tuple(_leaf(one) for one in (*_facts(sheet), *_overrides(sheet), *_heard(sheet)))
    total = phrase("explain.total", title=form.title)
    return _node("total", total, sheet.total, sheet.max, (*parts, *source, *settings, *facts))


def lines(reason: Reason, *, lang: str = "zh", depth: int = 0) -> Iterator[str]:
    """The tree as indented lines of text."""
    text = reason.text if lang == "zh" else reason.text_en
    worth = ""
    if reason.max is not None:
        worth = f"  {'—' if reason.points is None else number(reason.points)}/{number(reason.max)}"
    yield f"{'  ' * depth}{text}{worth}"
    for child in reason.children:
        yield from lines(child, lang=lang, depth=depth + 1)


def reason_to_dict(reason: Reason) -> dict[str, Any]:
    """The tree as JSON; leaves carry their text only."""
    told: dict[str, Any] = {"text": reason.text, "text_en": reason.text_en}
    if reason.id:
        told = {"id": reason.id, **told}
    if reason.max is not None:
        told["points"] = json_number(reason.points)
        told["max"] = json_number(reason.max)
    if reason.children:
        told["children"] = [reason_to_dict(child) for child in reason.children]
    return told


def _group(form: Form, score: GroupScore, text: str, items: Mapping[str, ItemScore]) -> Reason:
    below = tuple(_item(item, items[item.id]) for item in form.items_of(score.id))
    if score.multiplied_by != 1:
        factor = phrase("explain.factor", factor=score.multiplied_by, max=score.max)
        below = (*below, _leaf(factor))
    return Reason(score.id, text, text, score.points, score.max, below)


def _item(item: Item, score: ItemScore) -> Reason:
    text = item.text or item.id
    below = [Reason("", score.why, score.why_en), *(_leaf(one) for one in _more(item, score))]
    most = None if score.status == NOT_APPLICABLE else score.max
    return Reason(score.id, text, text, score.points, most, tuple(below))


def _more(item: Item, score: ItemScore) -> Iterator[Phrase]:
    if score.by is not None:
        yield phrase("explain.by", by=phrase(f"by.{score.by}"))
    if score.candidates and score.points is None:
        yield phrase("explain.candidates", candidates=score.candidates)
    if score.machine_points is not None:
        yield phrase("explain.machine", points=score.machine_points, reason=score.reason)
    rule = item.latency or next((one.latency for one in item.options if one.latency), None)
    ours = [item.ours, rule.ours if rule else "", *(o.ours for o in item.options if o.id == score.option)]
    for why in dict.fromkeys(one for one in ours if one):
        yield phrase("explain.ours", why=why)


def _settings(form: Form) -> Iterator[Phrase]:
    for name in type(form.settings).model_fields:
        setting = getattr(form.settings, name)
        if setting.why or setting.value != setting.letter:
            approval = setting.approval or "—"
            yield phrase("explain.setting", name=name, value=str(setting.value), why=setting.why, approval=approval)


def _overrides(sheet: Sheet) -> Iterator[Phrase]:
    for one in sheet.overrides:
        yield phrase(
            "explain.override",
            name=one.name,
            machine=str(one.machine).lower(),
            person=str(one.person).lower(),
            reason=one.reason,
        )


_SHOWN = 6
"""Traces shown for one fact; the sheet's JSON has them all."""


def _facts(sheet: Sheet) -> Iterator[Phrase]:
    """Every fact that has its evidence, and where that is."""
    for name, traces in sheet.fact_evidence.items():
        known = sheet.facts.get(name)
        shown = (*traces[:_SHOWN], *(["…"] if len(traces) > _SHOWN else []))
        if traces and known is not None:
            yield phrase("explain.fact", name=name, value=str(known).lower(), traces=shown)
        elif traces:  # a leg's outcome
            yield phrase("explain.leg", name=name, traces=shown)


def _heard(sheet: Sheet) -> Iterator[Phrase]:
    for one in sheet.heard:
        who = phrase(f"heard.{one.answerer or 'unknown'}")
        by = phrase("by.nobody") if one.by is None else phrase(f"by.{one.by}")
        yield phrase("explain.heard", leg=one.leg, who=who, by=by, reason=one.reason or "—")


def _leaf(text: Phrase) -> Reason:
    return Reason("", text.say("zh"), text.say("en"))


def _node(node_id: str, text: Phrase, points: Decimal | None, most: Decimal, below: tuple[Reason, ...]) -> Reason:
    return Reason(node_id, text.say("zh"), text.say("en"), points, most, below)
