"""The lines of a printed score sheet: the form's own wording with the boxes ticked and the points filled in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.documents.labels import Labels
from rubric.answer import option_points
from rubric.schema import Form, Group, Item, Option, Part

TICKED = "■"
EMPTY = "□"


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the table."""

    text: str
    """The form's wording."""
    kind: str
    """part, group, item, option, tick or why: how it is set."""
    box: str = ""
    """■, □ or nothing, in the column 測試結果."""
    worth: str = ""
    """細項配分."""
    points: str = ""
    """分項得分."""
    blank: bool = False
    """Whether the points are a blank for the tester's pen."""
    mark: str = ""
    """Who decided: 機, 註, 人, 待評."""


@dataclass(frozen=True, slots=True)
class Block:
    """Rows that stay on one page."""

    lines: tuple[Line, ...]
    """The rows."""
    applies: bool = True
    """Whether they count in this call."""
    heading: bool = False
    """Whether they must not stand alone at the foot of a page."""


def blocks(form: Form, sheet: Mapping[str, Any], labels: Labels) -> Iterator[Block]:
    """The table's rows in printed order, an item and its options kept together."""
    scores = {item["id"]: item for item in sheet["items"]}
    groups = {group["id"]: group for group in sheet["groups"]}
    for part in form.parts:
        yield Block(tuple(_part(part, sheet)), heading=True)
        for group in form.groups_of(part.id):
            heading: tuple[Line, ...] = (_group(group, groups[group.id]),)
            for item in form.items_of(group.id):
                applies = groups[group.id]["applies"] and scores[item.id].get("status") != "not_applicable"
                yield Block((*heading, *_item(item, scores[item.id], labels)), applies)
                heading = ()


def _part(part: Part, sheet: Mapping[str, Any]) -> Iterator[Line]:
    yield Line(part.text, "part")
    if part.gate is not None:
        known = sheet.get("facts", {}).get(part.gate.fact)
        yes, no = (TICKED if known is value else EMPTY for value in (True, False))
        yield Line(f"{part.gate.yes}{yes}{part.gate.no}{no}　{part.gate.text}", "gate")


def _group(group: Group, score: Mapping[str, Any]) -> Line:
    points = "" if score["points"] is None or not score["complete"] else number(score["points"])
    if points and score["multiplied_by"] != 1:
        sum_of_items = score["points"] / score["multiplied_by"]
        points = f"{number(sum_of_items)}×{number(score['multiplied_by'])}＝{points}"
    return Line(group.text, "group", worth=number(group.max), points=points)


def _item(item: Item, score: Mapping[str, Any], labels: Labels) -> Iterator[Line]:
    points, blank = _points(score, labels)
    head = Line(
        item.text,
        "item",
        box=_item_box(item, score),
        worth=number(item.max),
        points=points,
        blank=blank,
        mark=_mark(score),
    )
    if item.text:
        yield head
    options = [_option(option, score) for option in item.options if option.text or _chosen(option, score)]
    if not item.text and options:
        options[0] = Line(
            options[0].text, "option", options[0].box, number(item.max), points, blank=blank, mark=_mark(score)
        )
    yield from options
    for tick in item.ticks:
        yield Line(tick.text, "tick", box=_box(score.get("ticks", {}).get(tick.id)))
    yield from _why(score, labels)


def _points(score: Mapping[str, Any], labels: Labels) -> tuple[str, bool]:
    """What stands under 分項得分; an open item is a blank, never a zero."""
    status = str(score["status"])
    if status == "scored":
        return number(score["points"]), False
    if status == "open":
        return "", True
    return labels.say(status), False


def _mark(score: Mapping[str, Any]) -> str:
    if score.get("status") == "scored":
        return f"by_{score['by']}"
    return "by_open" if score.get("status") == "open" else ""


def _item_box(item: Item, score: Mapping[str, Any]) -> str:
    if item.options or item.type in ("latency", "number", "timed", "text"):
        return ""
    if score.get("status") != "scored":
        return EMPTY
    return TICKED if score["points"] == score["max"] else EMPTY


def _option(option: Option, score: Mapping[str, Any]) -> Line:
    text = option.text or f"（{option.label}：{option.ours}）"
    chosen = _chosen(option, score)
    worth = f"({option_points(option)})" if option.latency is None else ""
    return Line(text, "option", box=_box(chosen), worth=worth)


def _chosen(option: Option, score: Mapping[str, Any]) -> bool:
    chosen = option.id == score.get("option") or option.id in score.get("options", ())
    return chosen and score.get("status") == "scored"


def _box(value: bool | None) -> str:
    return TICKED if value else EMPTY


def _why(score: Mapping[str, Any], labels: Labels) -> Iterator[Line]:
    """The reason, where the tick alone does not tell it."""
    why = labels.why(score)
    by_hand = score.get("by") == "tester" and not score.get("reason") and "before_adjustment" not in score
    if by_hand or score.get("status") in ("not_applicable", "untested") or labels.only_awaits(why):
        return
    if "machine_points" in score:
        why += labels.say("override", points=number(score["machine_points"]))
    yield Line(why, "why", mark=_mark(score))


def number(value: float | int | Any) -> str:
    """Points as printed: 8, 22.5."""
    return f"{value:g}" if isinstance(value, int | float) else f"{value.normalize():f}"
