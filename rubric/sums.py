"""Adding up: items to groups, groups to parts, parts to the total, in exact fractions.

Points of items that do not apply are spread as the form says (in their group, part or the sheet) or left out.
Nothing is rounded unless a rescaling leaves a number that has no end; then half up, to the form's decimals.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from rubric.case import Case
from rubric.schema import Form, Group, Part
from rubric.sheet import NOT_APPLICABLE, SCORED, GroupScore, ItemScore, PartScore


@dataclass(frozen=True, slots=True)
class Tally:
    """A sum on its way up."""

    points: Fraction | None
    """The points known; `None` when nothing is."""
    max: Fraction
    """What the things that apply could be worth."""
    complete: bool
    """Whether all that applies is scored."""
    lost_in_part: Fraction = Fraction(0)
    """Points to spread over the part."""
    lost_in_sheet: Fraction = Fraction(0)
    """Points to spread over the sheet."""


@dataclass(frozen=True, slots=True)
class Sums:
    """What the items add up to."""

    groups: tuple[GroupScore, ...]
    """Every group."""
    parts: tuple[PartScore, ...]
    """Every part."""
    total: Decimal | None
    """The whole without bonus; `None` while something is open."""


def add_up(case: Case, items: Sequence[ItemScore]) -> Sums:
    """The sums of a call's items."""
    form = case.form
    by_id = {item.id: item for item in items}
    tallies: dict[str, Tally] = {}
    groups = []
    for group in form.groups:
        lines = [by_id[item.id] for item in form.items_of(group.id)]
        factor, limit = _variant(case, group)
        tallies[group.id] = _group(group, lines, factor, limit)
        groups.append(_group_score(form, group, tallies[group.id], factor, lines))
    parts = {part.id: _part(part, [tallies[g.id] for g in form.groups_of(part.id)]) for part in form.parts}
    return Sums(
        groups=tuple(groups),
        parts=tuple(_part_score(form, part, parts[part.id]) for part in form.parts),
        total=_total(form, list(parts.values())) if case.alone is None else _alone(form, case.alone, parts),
    )


def half_up(value: Decimal | Fraction, places: int) -> Decimal:
    """Rounded half up: 89.95 → 90.0."""
    if isinstance(value, Decimal):
        return value.quantize(_UNITS[places], ROUND_HALF_UP)
    above, below = value.numerator * 10**places, value.denominator
    return Decimal((above * 2 + below) // (below * 2)).scaleb(-places)


_UNITS = tuple(Decimal(1).scaleb(-places) for places in range(5))
"""The last place kept, by how many places are kept."""


def exact(value: Fraction, places: int) -> Decimal:
    """The very decimal where there is one; else rounded half up to `places`."""
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return Decimal(value.numerator) / Decimal(value.denominator) if rest == 1 else half_up(value, places)


def band_of(form: Form, total: Decimal | None) -> str | None:
    """The grade of a total, rounded half up before the look-up (89.95 is 90.0); a bonus never lifts past 100."""
    chosen = next((one for one in form.band_sets if one.id == form.band_set), None)
    if total is None or chosen is None:
        return None
    rounded = half_up(min(total, form.total), chosen.decimals)
    return next((band.name for band in chosen.bands if rounded >= band.at_least), None)


def _variant(case: Case, group: Group) -> tuple[Decimal | None, Decimal]:
    """The group's factor and maximum in this call; the factor is `None` while it cannot be told."""
    for variant in group.variants:
        held = case.holds(variant.when)
        if held is None:
            return None, group.max
        if held:
            return variant.multiply, variant.max
    return Decimal(1), group.max


def _group(group: Group, lines: list[ItemScore], factor: Decimal | None, limit: Decimal) -> Tally:
    applying = [line for line in lines if line.status != NOT_APPLICABLE]
    if not applying:
        lost = (_lost(lines, f"reallocate_in_{scope}") for scope in ("part", "sheet"))
        return Tally(None, Fraction(0), True, *lost)
    scored = [line for line in applying if line.status == SCORED and line.points is not None]
    full = _full(group, applying)
    alternatives = group.choose == "one"
    lost_here = Fraction(0) if alternatives else _lost(lines, "reallocate_in_group")
    scale = Fraction(factor or 1) * ((full + lost_here) / full if full else 1)
    known = scored and factor is not None
    points = sum((Fraction(line.points or 0) for line in scored), Fraction(0)) * scale if known else None
    most = min(full * scale, Fraction(limit))
    return Tally(
        points=None if points is None else min(points, most),
        max=most,
        complete=len(scored) == len(applying) and factor is not None,
        lost_in_part=Fraction(0) if alternatives else _lost(lines, "reallocate_in_part"),
        lost_in_sheet=Fraction(0) if alternatives else _lost(lines, "reallocate_in_sheet"),
    )


def _full(group: Group, applying: list[ItemScore]) -> Fraction:
    if group.choose == "one":
        return Fraction(max(line.max for line in applying))
    return sum((Fraction(line.max) for line in applying), Fraction(0))


def _lost(lines: Iterable[ItemScore], policy: str) -> Fraction:
    outside = (line for line in lines if line.status == NOT_APPLICABLE and line.policy == policy)
    return sum((Fraction(line.max) for line in outside), Fraction(0))


def _part(part: Part, groups: list[Tally]) -> Tally:
    known = [one.points for one in groups if one.points is not None]
    most = sum((one.max for one in groups), Fraction(0))
    lost = sum((one.lost_in_part for one in groups), Fraction(0))
    scale = (most + lost) / most if most else Fraction(1)
    limit = min(most * scale, Fraction(part.max))
    upwards = sum((one.lost_in_sheet for one in groups), Fraction(0))
    return Tally(
        points=min(sum(known, Fraction(0)) * scale, limit) if known else None,
        max=limit,
        complete=all(one.complete for one in groups),
        lost_in_sheet=upwards if most else upwards + lost,  # a part with nothing left gives its points on
    )


def _total(form: Form, parts: list[Tally]) -> Decimal | None:
    known = [one.points for one in parts if one.points is not None]
    most = sum((one.max for one in parts), Fraction(0))
    if not known or not most or not all(one.complete for one in parts):
        return None
    lost = sum((one.lost_in_sheet for one in parts), Fraction(0))
    return exact(min(sum(known, Fraction(0)) * (most + lost) / most, Fraction(form.total)), form.decimals)


def _alone(form: Form, part: Part, parts: Mapping[str, Tally]) -> Decimal | None:
    """The only part tested, as if it were the whole sheet."""
    tally = parts[part.id]
    if tally.points is None or not tally.complete:
        return None
    return exact(as_whole(form, part, tally.points, tally.max), form.decimals)


def as_whole(form: Form, part: Part, points: Fraction, most: Fraction) -> Fraction:
    """A part's points as if it were the whole sheet: exactly x 100/45 and x 100/55, or as the form prints it.

    x 2.22 and x 1.82 would give 99.9 and 100.1 for a faultless part; never more than the total.
    """
    printed = part.alone.multiply if part.alone is not None else None
    factor = Fraction(form.total) / most if printed is None else Fraction(printed)
    return min(points * factor, Fraction(form.total))


def _group_score(form: Form, group: Group, tally: Tally, factor: Decimal | None, lines: list[ItemScore]) -> GroupScore:
    applies = any(line.status != NOT_APPLICABLE for line in lines)
    return GroupScore(
        id=group.id,
        part=group.part,
        points=None if tally.points is None else exact(tally.points, form.decimals),
        max=exact(tally.max, form.decimals) if applies else group.max,
        complete=tally.complete,
        applies=applies,
        multiplied_by=factor or Decimal(1),
    )


def _part_score(form: Form, part: Part, tally: Tally) -> PartScore:
    rescaled = None
    if tally.complete and tally.points is not None and tally.max:
        rescaled = half_up(as_whole(form, part, tally.points, tally.max), 1)
    return PartScore(
        id=part.id,
        points=None if tally.points is None else exact(tally.points, form.decimals),
        max=exact(tally.max, form.decimals) if tally.max else part.max,
        complete=tally.complete,
        rescaled=rescaled,
    )
