"""Faults of a form that each table alone cannot show: references, sums, conditions, holes, approvals."""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from itertools import product

from rubric.condition import ConditionError, holds, names_of
from rubric.errors import Problem, allowed_keys, problem
from rubric.known import FACT_NAMES
from rubric.schema import Form, Group, Item, Option, Setting, Table


def faults(form: Form, *, file: str) -> list[Problem]:
    """Every fault of a form that was read; empty when it can be used."""
    found = [*_repeated(form, file), *_references(form, file), *_conditions(form, file)]
    found += [*_approvals(form, file), *_bands(form, file), *_dates(form, file)]
    for item in form.items:
        found += _item(item, file)
    for level in (_group_sums, _part_sums, _whole_sum):
        found = found or list(level(form, file))  # a wrong sum below makes every sum above it wrong too
    return found


def _repeated(form: Form, file: str) -> Iterator[Problem]:
    for table in ("parts", "groups", "items"):
        if not getattr(form, table):
            yield problem("form.empty", file=file, wrong=table)
    for table, ids in {
        "parts": [part.id for part in form.parts],
        "groups": [group.id for group in form.groups],
        "items": [item.id for item in form.items],
    }.items():
        for twice in [one for one, n in Counter(ids).items() if n > 1]:
            yield problem("form.repeated", file=file, place=table, wrong=twice)
    for item in form.items:
        for twice in [one for one, n in Counter(o.id for o in item.options).items() if n > 1]:
            yield problem("form.repeated", file=file, place=f"{item.id} options", wrong=twice)


def _references(form: Form, file: str) -> Iterator[Problem]:
    parts = [part.id for part in form.parts]
    groups = [group.id for group in form.groups]
    for group in form.groups:
        yield from _known(group.part, parts, file, group.id, "part")
        if group.leg and group.leg not in form.legs:
            yield from _known(group.leg, list(form.legs), file, group.id, "leg")
    for item in form.items:
        yield from _known(item.group, groups, file, item.id, "group")
    if form.band_set is not None:
        yield from _known(form.band_set, [one.id for one in form.band_sets], file, "Form", "band_set")
    for name in form.aggregation.weights:
        yield from _known(name, parts, file, "aggregation", "weights")
    if form.aggregation.rank_part is not None:
        yield from _known(form.aggregation.rank_part, parts, file, "aggregation", "rank_part")


def _known(name: str, allowed: list[str], file: str, place: str, key: str) -> Iterator[Problem]:
    if name not in allowed:
        near = allowed_keys(name, allowed)
        yield problem("form.unknown_name", file=file, place=place, wrong=key, value=name, allowed=near)


def _conditions(form: Form, file: str) -> Iterator[Problem]:
    facts = [*FACT_NAMES, *(fact.id for fact in form.facts)]
    for place, key, text, names in _written(form, facts):
        try:
            unknown = sorted(names_of(text) - set(names))
        except ConditionError as error:
            yield problem("form.condition", file=file, place=place, wrong=key, value=str(error))
            continue
        for name in unknown:
            yield problem(
                "form.unknown_name",
                file=file,
                place=place,
                wrong=key,
                value=name,
                allowed=allowed_keys(name, names),
            )


def _written(form: Form, facts: list[str]) -> Iterator[tuple[str, str, str, list[str]]]:
    """Every condition of the form: where, under which key, its text, the names it may use."""
    for group in form.groups:
        if group.applies_if:
            yield group.id, "applies_if", group.applies_if, facts
        for variant in group.variants:
            yield group.id, "variants.when", variant.when, facts
    for part in form.parts:
        if part.gate:
            yield part.id, "gate.fact", part.gate.fact, facts
    for item in form.items:
        yield from _written_in(item, facts)
    for remark in form.remarks:
        yield "remarks", "when", remark.when, facts


def _written_in(item: Item, facts: list[str]) -> Iterator[tuple[str, str, str, list[str]]]:
    for key, text in {"applies_if": item.applies_if, "full_if": item.full_if}.items():
        if text:
            yield item.id, key, text, facts
    for tick in item.ticks:
        if tick.fact:
            yield item.id, "ticks.fact", tick.fact, facts
    for option in item.options:
        if option.when:
            yield item.id, "options.when", option.when, facts
        if option.proposed_when:
            yield item.id, "options.proposed_when", option.proposed_when, facts
        if option.when_ticks:
            yield item.id, "options.when_ticks", option.when_ticks, [tick.id for tick in item.ticks]


def _approvals(form: Form, file: str) -> Iterator[Problem]:
    """A setting beyond the form's letter carries the agency's approval number."""
    legs = {f"legs.{name}": leg for name, leg in form.legs.items()}
    for place, table in {"settings": form.settings, **legs}.items():
        for key, setting in _settings(table):
            if setting.value != setting.letter and not setting.approval.strip():
                yield problem("form.approval", file=file, place=place, wrong=key, value=str(setting.value))
    bonus = form.bonus
    if bonus and bonus.enabled.value and not (bonus.enabled.approval.strip() and bonus.criteria.strip()):
        yield problem("form.bonus", file=file, place="bonus", wrong="criteria, enabled.approval")


def _settings(table: Table) -> Iterator[tuple[str, Setting[object]]]:
    for key in type(table).model_fields:
        value = getattr(table, key)
        if isinstance(value, Setting):
            yield key, value


def _bands(form: Form, file: str) -> Iterator[Problem]:
    for one in form.band_sets:
        bounds = [band.at_least for band in one.bands]
        if bounds != sorted(set(bounds), reverse=True) or not bounds or bounds[-1] != 0:
            yield problem("form.bands", file=file, place=one.id, wrong="bands")


def _dates(form: Form, file: str) -> Iterator[Problem]:
    if form.valid_from and form.valid_to and form.valid_to < form.valid_from:
        yield problem("form.dates", file=file, place=form.id, wrong="valid_to", value=str(form.valid_to))


def _item(item: Item, file: str) -> Iterator[Problem]:
    needed = _NEEDS.get(item.type, ())
    for key in ("options", "latency", "ticks", "limit_s"):
        present = bool(getattr(item, key))
        if key in needed and not present:
            yield problem("form.needs", file=file, place=item.id, wrong=key, value=item.type)
        if present and key not in needed and key not in _MAY.get(item.type, ()):
            yield problem("form.does_not_take", file=file, place=item.id, wrong=key, value=item.type)
    for option in item.options:
        yield from _option(item, option, file)
    yield from _overlaps(item, file)
    best = max((_highest(one) for one in item.options), default=Decimal(0))
    if item.options and item.type == "single" and best < item.max:
        yield problem("form.item_max", file=file, place=item.id, wrong="max", value=item.max, allowed=best)
    if item.latency and item.latency.cap > item.max:
        cap = item.latency.cap
        yield problem("form.item_max", file=file, place=item.id, wrong="cap", value=cap, allowed=item.max)


_NEEDS = {
    "single": ("options",),
    "multi": ("options",),
    "latency": ("latency",),
    "composite": ("ticks",),
    "timed": ("limit_s",),
}
_MAY = {"single": ("ticks",), "timed": ("latency",)}


def _option(item: Item, option: Option, file: str) -> Iterator[Problem]:
    worth = [key for key in ("points", "range", "latency") if getattr(option, key) is not None]
    place = f"{item.id} ({option.id})"
    if len(worth) != 1:
        yield problem("form.option_worth", file=file, place=place, wrong=" + ".join(worth) or "points")
        return
    if option.range and option.range[0] > option.range[1]:
        yield problem("form.range", file=file, place=place, wrong="range", value=str(list(option.range)))
    if _highest(option) > item.max:
        highest = _highest(option)
        yield problem("form.over_max", file=file, place=place, wrong=worth[0], value=highest, allowed=item.max)


def _highest(option: Option) -> Decimal:
    if option.range:
        return Decimal(option.range[1])
    return option.latency.cap if option.latency else option.points or Decimal(0)


def _overlaps(item: Item, file: str) -> Iterator[Problem]:
    """Two ranges that share a number would leave the option to chance."""
    ranges = [(option.id, option.range) for option in item.options if option.range]
    for (one, a), (other, b) in product(ranges, ranges):
        if one < other and a[0] <= b[1] and b[0] <= a[1]:
            both = f"({one}) {list(a)}, ({other}) {list(b)}"
            yield problem("form.overlap", file=file, place=item.id, wrong="range", value=both)


def _group_sums(form: Form, file: str) -> Iterator[Problem]:
    """Items add up to their group."""
    for group in form.groups:
        worths = [item.max for item in form.items_of(group.id)]
        reached = max(worths, default=Decimal(0)) if group.choose == "one" else sum(worths, Decimal(0))
        if reached != group.max:
            yield problem("form.sum", file=file, place=group.id, wrong="max", value=group.max, allowed=reached)


def _part_sums(form: Form, file: str) -> Iterator[Problem]:
    """Groups add up to their part, in every branch of the form."""
    for part in form.parts:
        for known, reached in _branches(form, part.id):
            if reached != part.max:
                place = f"{part.id}{known}"
                yield problem("form.sum", file=file, place=place, wrong="max", value=part.max, allowed=reached)


def _whole_sum(form: Form, file: str) -> Iterator[Problem]:
    """Parts add up to the total."""
    whole = sum((part.max for part in form.parts), Decimal(0))
    if whole != form.total:
        yield problem("form.sum", file=file, place=form.id, wrong="total", value=form.total, allowed=whole)


def _branches(form: Form, part_id: str) -> Iterator[tuple[str, Decimal]]:
    """The maximum of a part for each way its groups' conditions can turn out."""
    groups = form.groups_of(part_id)
    conditions = [one for group in groups for one in (group.applies_if, *(v.when for v in group.variants))]
    texts = [one for one in conditions if one]
    names = sorted({name for text in texts for name in names_of(text)})
    for values in product((True, False), repeat=len(names)):
        known = dict(zip(names, values, strict=True))
        listed = ", ".join(f"{name} = {str(value).lower()}" for name, value in known.items())
        shown = f" ({listed})" if known else ""
        yield shown, sum((_max_in(form, group, known) for group in groups), Decimal(0))


def _max_in(form: Form, group: Group, known: dict[str, bool]) -> Decimal:
    policy = group.na_policy or form.na_policy
    if policy == "exclude" and group.applies_if and not holds(group.applies_if, known):
        return Decimal(0)
    return next((v.max for v in group.variants if holds(v.when, known)), group.max)
