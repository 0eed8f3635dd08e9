"""Points by how soon a call was answered, over everything the measurement may mean.

附表3: 4 rings or 10 s earn 8, each ring or 3 s more costs 1, each full ring or 3 s less earns 1, 10 at most.
A measured pick-up is an interval; `points_over` gives every number of points that some instant of it earns.
"""

from collections.abc import Callable, Iterator
from decimal import ROUND_CEILING, Decimal
from itertools import pairwise

from rubric.facts import Between, LegFacts
from rubric.schema import Basis, Latency, Limit, Step

Points = Decimal | None
Number = Decimal | int | None
Judge = Callable[[Decimal | None, Decimal | None], Points]


def points_at(rule: Latency, basis: Basis, *, rings: Decimal | None, seconds: Decimal | None) -> Points:
    """Points earned by answering during ring `rings`, `seconds` after the first; `None` if neither tells."""
    step = rule.step or Step(points=Decimal(0))
    by_rings = _limb(rule, rings, rule.at.rings, step.rings)
    by_seconds = _limb(rule, seconds, rule.at.seconds, step.seconds)
    return _combined(basis, rule.at, by_rings, by_seconds)


def is_within(limit: Limit, basis: Basis, *, rings: Decimal | None, seconds: Decimal | None) -> Points:
    """1 inside the limit, 0 outside, `None` if the measurement does not tell."""
    by_rings = None if limit.rings is None or rings is None else Decimal(rings <= limit.rings)
    by_seconds = None if limit.seconds is None or seconds is None else Decimal(seconds <= limit.seconds)
    return _combined(basis, limit, by_rings, by_seconds)


def points_over(rule: Latency, basis: Basis, leg: LegFacts) -> tuple[Decimal, ...]:
    """Every number of points some instant of the interval earns, lowest first; empty if unmeasured."""

    def judge(rings: Decimal | None, seconds: Decimal | None) -> Points:
        return points_at(rule, basis, rings=rings, seconds=seconds)

    return _over(judge, leg, tuple(_breaks(rule)))


def within_over(limit: Limit, basis: Basis, leg: LegFacts) -> tuple[bool, ...]:
    """What some instant of the interval says of the limit: `(True,)`, `(False,)`, both, or nothing."""

    def judge(rings: Decimal | None, seconds: Decimal | None) -> Points:
        return is_within(limit, basis, rings=rings, seconds=seconds)

    breaks = () if limit.seconds is None else (limit.seconds,)
    return tuple(bool(one) for one in _over(judge, leg, breaks))


def earns(rule: Latency, points: Decimal) -> bool:
    """Whether the rule can give that many points at all."""
    if not rule.floor <= points <= rule.cap:
        return False
    if rule.step is None or not rule.step.points:
        return points in (rule.base, rule.floor)
    return points in (rule.floor, rule.cap) or (points - rule.base) % rule.step.points == 0


def _limb(rule: Latency, measured: Decimal | None, limit: Number, step: Number) -> Points:
    if measured is None or limit is None:
        return None
    if rule.step is None or step is None:
        return rule.base if measured <= limit else rule.floor
    # A started step late costs, only a full one early earns: the ends of rings 2, 3, 4, 5 are 4, 7, 10, 13 s.
    steps = ((measured - limit) / step).to_integral_value(ROUND_CEILING)
    return min(max(rule.base - steps * rule.step.points, rule.floor), rule.cap)


def _combined(basis: Basis, limit: Limit, by_rings: Points, by_seconds: Points) -> Points:
    """The limb that counts. A limit written in one unit alone is judged by that one, whatever the basis."""
    if limit.rings is None or limit.seconds is None:
        return by_seconds if limit.rings is None else by_rings
    match basis:
        case "rings":
            return by_rings
        case "seconds":
            return by_seconds
        case "by_signal":  # ringback is counted in rings, waiting music in seconds
            return by_seconds if by_rings is None else by_rings
        case "strictest":
            return None if by_rings is None or by_seconds is None else min(by_rings, by_seconds)
    return max((one for one in (by_rings, by_seconds) if one is not None), default=None)


def _breaks(rule: Latency) -> Iterator[Decimal]:
    """Where the points change along the seconds, as far as floor and cap let them."""
    if rule.at.seconds is None:
        return
    yield rule.at.seconds
    if rule.step is None or rule.step.seconds is None or not rule.step.points:
        return
    later = int((rule.base - rule.floor) / rule.step.points) + 1
    sooner = int(max(rule.cap - rule.base, Decimal(0)) / rule.step.points) + 1
    for k in range(-sooner, later + 1):
        yield rule.at.seconds + k * rule.step.seconds


def _over(judge: Judge, leg: LegFacts, breaks: tuple[Decimal, ...]) -> tuple[Decimal, ...]:
    instants = _instants(leg.answer_latency_s, breaks)
    earned = {judge(rings, at) for rings in _rings(leg.rings) for at in instants}
    return () if None in earned else tuple(sorted(one for one in earned if one is not None))


def _rings(rings: Between | None) -> list[Decimal | None]:
    if rings is None:
        return [None]
    first, last = int(rings.earliest), int(rings.latest)
    # Beyond a hundred rings every rule has reached its floor.
    return [Decimal(n) for n in sorted({*range(first, min(last, first + 100) + 1), last})]


def _instants(seconds: Between | None, breaks: tuple[Decimal, ...]) -> list[Decimal | None]:
    """Both ends, every break between them, and a point between each two: all a step function can show."""
    if seconds is None:
        return [None]
    inside = (at for at in breaks if seconds.earliest < at < seconds.latest)
    edges = sorted({seconds.earliest, seconds.latest, *inside})
    between = [(a + b) / 2 for a, b in pairwise(edges)]
    return [*edges, *between]
