"""A form read aloud: items, points, rules, and which choices are ours, as lines of text."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from rubric.answer import option_points
from rubric.condition import spoken
from rubric.periods import roc_day
from rubric.schema import Form, Group, Item, Latency, Option, Part, Setting
from rubric.words import Phrase, number, phrase


def form_lines(form: Form, *, lang: str = "zh") -> Iterator[str]:
    """The whole form, top to bottom; the agency's wording stays as printed in both languages."""
    for depth, told in _form(form):
        yield f"{'  ' * depth}{told.say(lang) if isinstance(told, Phrase) else told}"


Told = tuple[int, Phrase | str]


def _form(form: Form) -> Iterator[Told]:
    yield 0, phrase("aloud.form", title=form.title, form=form.id, version=form.version, agency=form.agency)
    yield 1, phrase("aloud.total", total=form.total)
    yield 1, phrase("aloud.points_theirs" if form.points_source == "form" else "aloud.points_ours")
    if form.adoption is not None:
        yield 1, phrase("aloud.adopted", number=form.adoption.number, day=roc_day(form.adoption.adopted_on))
    if form.draft:
        yield 1, phrase("aloud.draft")
    first, last = (roc_day(day) if day else "—" for day in (form.valid_from, form.valid_to))
    yield 1, phrase("aloud.valid", first=first, last=last)
    for text in (form.source.plan, form.source.issued, form.source.amended, form.source.repealed, form.source.clause):
        if text:
            yield 1, phrase("aloud.source", text=text)
    if form.source.note:
        yield 1, phrase("aloud.note", text=form.source.note)
    yield from _settings(form)
    yield from _legs(form)
    for part in form.parts:
        yield from _part(form, part)
    yield from _beside(form)


def _settings(form: Form) -> Iterator[Told]:
    for name in type(form.settings).model_fields:
        setting = getattr(form.settings, name)
        yield 1, _setting(f"setting.{name}", setting)


def _setting(key: str, setting: Setting[Any]) -> Phrase:
    name, value = phrase(key), _value(setting.value)
    if setting.value == setting.letter and not setting.why:
        return phrase("aloud.setting", name=name, value=value)
    if setting.value == setting.letter:
        return phrase("aloud.setting_why", name=name, value=value, why=setting.why)
    return phrase("aloud.departs", name=name, value=value, letter=_value(setting.letter), approval=setting.approval)


def _value(value: object) -> Phrase | str:
    """The word for a setting's value; a number stays one."""
    return phrase(f"value.{str(value).lower()}") if isinstance(value, str | bool) else str(value)


def _legs(form: Form) -> Iterator[Told]:
    for name, leg in form.legs.items():
        yield 1, phrase("aloud.leg", leg=name, text=leg.text, attempts=leg.attempts.value)
        if leg.no_answer is not None:
            yield 2, phrase("aloud.no_answer", limit=_either(leg.no_answer.rings, leg.no_answer.seconds))
        if leg.clause:
            yield 2, phrase("aloud.clause", clause=leg.clause)


def _part(form: Form, part: Part) -> Iterator[Told]:
    yield 0, phrase("aloud.part", text=part.text, max=part.max)
    if part.alone is not None:
        factor = f"{number(form.total)}/{number(part.max)}" if part.alone.multiply is None else str(part.alone.multiply)
        yield 1, phrase("aloud.alone", factor=factor)
    for group in form.groups_of(part.id):
        yield from _group(form, group)


def _group(form: Form, group: Group) -> Iterator[Told]:
    yield 1, phrase("aloud.group", text=group.text, max=group.max)
    if group.applies_if:
        policy = phrase(f"policy.{group.na_policy or form.na_policy}")
        yield 2, phrase("aloud.applies_if", condition=_condition(form, group.applies_if), policy=policy)
    for variant in group.variants:
        condition = _condition(form, variant.when)
        yield 2, phrase("aloud.variant", condition=condition, factor=variant.multiply, max=variant.max)
    if group.choose == "one":
        yield 2, phrase("aloud.choose_one")
    for item in form.items_of(group.id):
        yield from _item(form, item)


def _item(form: Form, item: Item) -> Iterator[Told]:
    auto = phrase(f"auto.{item.auto}")
    yield 2, phrase("aloud.item", id=item.id, text=item.text or form.group(item.group).text, max=item.max, auto=auto)
    for key, text in {"clause": item.clause, "rule": item.rule, "measure": item.measure, "hint": item.hint}.items():
        if text:
            yield 3, phrase(f"aloud.{key}", **{key: text})
    if item.applies_if:
        policy = phrase(f"policy.{item.na_policy or form.group(item.group).na_policy or form.na_policy}")
        yield 3, phrase("aloud.applies_if", condition=_condition(form, item.applies_if), policy=policy)
    if item.full_if:
        yield 3, phrase("aloud.full_if", condition=_condition(form, item.full_if), why=item.full_why or "—")
    if item.latency is not None:
        yield 3, _latency(item.latency)
    for tick in item.ticks:
        yield 3, phrase("aloud.tick", text=tick.text)
    for option in item.options:
        yield from _option(option)
    yield from _ours(item)


def _option(option: Option) -> Iterator[Told]:
    points = _latency(option.latency) if option.latency is not None else option_points(option)
    yield 3, phrase("aloud.option", text=option.text or option.label or option.id, points=points)


def _latency(rule: Latency) -> Phrase:
    values = {"at": _either(rule.at.rings, rule.at.seconds), "base": rule.base, "cap": rule.cap, "floor": rule.floor}
    if rule.step is None:
        return phrase("aloud.limit", **values)
    by = _either(rule.step.rings, rule.step.seconds)
    return phrase("aloud.latency", **values, by=by, points=rule.step.points)


def _either(rings: int | None, seconds: Decimal | None) -> Phrase:
    """4 聲或 10 秒, or the one of them that the form says."""
    if seconds is None:
        return phrase("aloud.rings", rings=str(rings))
    if rings is None:
        return phrase("aloud.seconds", seconds=seconds)
    return phrase("aloud.either", rings=str(rings), seconds=seconds)


def _condition(form: Form, condition: str) -> Phrase | str:
    questions = {fact.id: fact.text for fact in form.facts}
    return spoken(condition, lambda name: questions[name] if name in questions else phrase(f"cond.{name}"))


def _ours(item: Item) -> Iterator[Told]:
    """Every choice of ours in an item, with its reason."""
    rules = [item.latency, *(option.latency for option in item.options)]
    reasons = [item.ours, *(rule.ours for rule in rules if rule), *(option.ours for option in item.options)]
    for why in dict.fromkeys(one for one in reasons if one):
        yield 3, phrase("aloud.ours", why=why)
    if item.points_ours:
        yield 3, phrase("aloud.item_points_ours")


def _beside(form: Form) -> Iterator[Told]:
    if form.accuracy is not None:
        yield 0, phrase("aloud.accuracy", text=form.accuracy.text, least=form.accuracy.min_questions)
    if form.bonus is not None:
        yield 0, _setting("setting.bonus", form.bonus.enabled)
    bands = next((one for one in form.band_sets if one.id == form.band_set), None)
    if bands is not None:
        yield 0, phrase("aloud.bands", bands=tuple(f"{band.name} ≥ {number(band.at_least)}" for band in bands.bands))
    if form.pass_mark is not None:
        yield 0, phrase("aloud.pass_mark", mark=form.pass_mark)
    if form.aggregation.ours:
        yield 0, phrase("aloud.ours", why=form.aggregation.ours)
    for fact in form.facts:
        yield 0, phrase("aloud.question", text=fact.text)
