"""What the machine knows of a call: FACTS.json, read strictly into frozen values.

An unknown key, an impossible number or a contradiction is a `FactsError` that names the place.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, get_args

from rubric.errors import FactsError, Problem, allowed_keys, problem

LEG_NAMES = ("ivr", "operator", "unit")
OUTCOMES = ("answered", "no_answer", "busy", "fault_theirs", "fault_ours")
ROLES = ("owner", "owner_after_proxy", "proxy")
RINGS_SOURCES = ("heard", "nominal")
ANSWERERS = ("person", "recording")
MICROSECOND = Decimal("0.000001")
"""Latencies are read to the microsecond, so that a float's tail (10.000000000000002) is not a late answer."""


@dataclass(frozen=True, slots=True)
class Between:
    """A measured number as an interval, both ends included."""

    earliest: Decimal
    """The lowest value it can be."""
    latest: Decimal
    """The highest value it can be."""


@dataclass(frozen=True, slots=True)
class LegFacts:
    """One thing that rang, or tried to."""

    outcome: str
    """How it ended: one of `OUTCOMES`."""
    attempts: int = 1
    """How many times it was dialled."""
    rings: Between | None = None
    """Ringback periods begun before the pick-up; `None` when ringback did not fill the wait."""
    answer_latency_s: Between | None = None
    """Ring onset to pick-up, seconds."""
    forwarded: bool | None = None
    """Whether somebody else's telephone took the call over."""
    rings_source: str | None = None
    """`heard`, or `nominal` when counted from the time alone."""
    fault_confirmed: bool = True
    """False while their fault is only the machine's guess: then a person decides."""
    ring_onset_s: Decimal | None = None
    """Where in the recording the ringing began, seconds."""
    pick_up_s: Between | None = None
    """Where in the recording it was picked up, seconds."""
    provisional: bool = False
    """Whether the voice that answered may be a recording: then nothing on the leg earns a point until it is known."""
    answerer: str | None = None
    """Who answered, where the ear knows: one of `ANSWERERS`."""


@dataclass(frozen=True, slots=True)
class Facts:
    """A call as measured. `None` is not known, never no."""

    has_ivr: bool | None = None
    """Whether the switchboard answers with a voice menu."""
    transferred: bool | None = None
    """False when the operator answered the question without a transfer."""
    unit_busy: bool | None = None
    """Whether the unit's line was engaged."""
    answerer_role: str | None = None
    """Who answered: one of `ROLES`."""
    caller_hung_up_first: bool | None = None
    """Whether our side released first."""
    waited_s: Decimal | None = None
    """How long our side stayed on the line after the last word, seconds."""
    held: bool | None = None
    """Whether the far end put us on hold after it had answered."""
    menu_barge_in: bool | None = None
    """Whether a key pressed while the menu spoke cut it: then it need not be heard out."""
    operator_code_s: Between | None = None
    """From the menu's answer until it had said the operator's key, seconds."""
    operator_busy_recording: bool | None = None
    """Whether a recording said that the operators are engaged, and nobody answered behind it."""
    legs: Mapping[str, LegFacts] = field(default_factory=dict)
    """The legs that happened, by name."""
    evidence: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What the facts and the legs' outcomes were drawn from, as `source:what@seconds`."""


def parse_facts(raw: Any) -> Facts:
    """Read FACTS.json as parsed by `json`. Raises `FactsError` listing every fault."""
    problems: list[Problem] = []
    top = _table(raw, "FACTS", tuple(Facts.__dataclass_fields__), problems)
    legs_raw = _table(top.get("legs", {}), "legs", LEG_NAMES, problems)
    legs = {name: _leg(legs_raw[name], f"legs.{name}", problems) for name in LEG_NAMES if name in legs_raw}
    known = _Reader(top, "", problems)
    facts = Facts(
        has_ivr=known.boolean("has_ivr"),
        transferred=known.boolean("transferred"),
        unit_busy=known.boolean("unit_busy"),
        answerer_role=known.one_of("answerer_role", ROLES),
        caller_hung_up_first=known.boolean("caller_hung_up_first"),
        waited_s=known.seconds("waited_s"),
        held=known.boolean("held"),
        menu_barge_in=known.boolean("menu_barge_in"),
        operator_code_s=known.between("operator_code_s"),
        operator_busy_recording=known.boolean("operator_busy_recording"),
        legs={name: leg for name, leg in legs.items() if leg is not None},
        evidence=_evidence(top.get("evidence", {}), problems),
    )
    problems += _contradictions(facts)
    if problems:
        raise FactsError(problems)
    return facts


def _leg(raw: Any, place: str, problems: list[Problem]) -> LegFacts | None:
    table = _table(raw, place, tuple(LegFacts.__dataclass_fields__), problems)
    leg = _Reader(table, f"{place}.", problems)
    outcome = leg.one_of("outcome", OUTCOMES)
    if outcome is None:
        if "outcome" not in table:
            problems.append(problem("facts.missing", place=f"{place}.outcome", names=OUTCOMES))
        return None
    confirmed = leg.boolean("fault_confirmed")
    return LegFacts(
        outcome=outcome,
        attempts=leg.count("attempts"),
        rings=leg.between("rings", whole=True),
        answer_latency_s=leg.between("answer_latency_s"),
        forwarded=leg.boolean("forwarded"),
        rings_source=leg.one_of("rings_source", RINGS_SOURCES),
        fault_confirmed=True if confirmed is None else confirmed,
        ring_onset_s=leg.seconds("ring_onset_s"),
        pick_up_s=leg.between("pick_up_s"),
        provisional=leg.boolean("provisional") or False,
        answerer=leg.one_of("answerer", ANSWERERS),
    )


def _evidence(raw: Any, problems: list[Problem]) -> dict[str, tuple[str, ...]]:
    """Fact or leg → where it was seen: "sip:bye@41.200", "heard:music@30.100"."""
    allowed = tuple(name for name in Facts.__dataclass_fields__ if name not in ("legs", "evidence"))
    found = {}
    for name, told in _table(raw, "evidence", (*allowed, *LEG_NAMES), problems).items():
        if isinstance(told, list) and all(isinstance(one, str) for one in told):
            found[str(name)] = tuple(told)
        else:
            told = repr(told)
            problems.append(
                problem("facts.wrong_value", place=f"evidence.{name}", value=told, allowed='["sip:bye@41.200"]')
            )
    return found


def _contradictions(facts: Facts) -> list[Problem]:
    found = []
    unit = facts.legs.get("unit")
    if facts.has_ivr is False and "ivr" in facts.legs:
        found.append(problem("facts.ivr_contradiction"))
    if facts.unit_busy is False and unit is not None and unit.outcome == "busy":
        found.append(problem("facts.busy_contradiction"))
    return found


def _table(raw: Any, place: str, allowed: tuple[str, ...], problems: list[Problem]) -> Mapping[str, Any]:
    if not isinstance(raw, Mapping):
        problems.append(problem("facts.not_a_table", place=place, names=allowed))
        return {}
    for key in raw:
        if key not in allowed:
            problems.append(
                problem("facts.unknown_key", place=place, wrong=key, allowed=allowed_keys(str(key), allowed))
            )
    return raw


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads one table's values, noting what is wrong instead of stopping at it."""

    table: Mapping[str, Any]
    prefix: str
    problems: list[Problem]

    def boolean(self, key: str) -> bool | None:
        value = self.table.get(key)
        if value is None or isinstance(value, bool):
            return value
        self._wrong(key, value, "true, false")
        return None

    def one_of(self, key: str, allowed: tuple[str, ...]) -> str | None:
        value = self.table.get(key)
        if value is None or value in allowed:
            return value
        self._wrong(key, value, ", ".join(allowed))
        return None

    def count(self, key: str) -> int:
        value = self.table.get(key, 1)
        if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
            return value
        self._wrong(key, value, "1, 2, 3 …")
        return 1

    def seconds(self, key: str) -> Decimal | None:
        value = self.table.get(key)
        if value is None:
            return None
        number = decimal_of(value)
        if number is None or number < 0:
            self._wrong(key, value, "0 ≤")
            return None
        return number.quantize(MICROSECOND)

    def between(self, key: str, *, whole: bool = False) -> Between | None:
        value = self.table.get(key)
        if value is None:
            return None
        ends = _ends(value)
        if ends is None or not 0 <= ends[0] <= ends[1] or (whole and any(end % 1 for end in ends)):
            self._wrong(key, value, '{"earliest": 0 ≤ …, "latest": earliest ≤ …}')
            return None
        return Between(*(end.quantize(Decimal(1) if whole else MICROSECOND) for end in ends))

    def _wrong(self, key: str, value: Any, allowed: str) -> None:
        self.problems.append(
            problem("facts.wrong_value", place=f"{self.prefix}{key}", value=repr(value), allowed=allowed)
        )


def _ends(value: Any) -> tuple[Decimal, Decimal] | None:
    if isinstance(value, Mapping):
        if set(value) != {"earliest", "latest"}:
            return None
        first, last = decimal_of(value["earliest"]), decimal_of(value["latest"])
    else:
        first = last = decimal_of(value)
    return None if first is None or last is None else (first, last)


def decimal_of(value: Any) -> Decimal | None:
    """A JSON number as an exact decimal, read as written (7.6 is 7.6); `None` if not a finite number."""
    if isinstance(value, bool) or not isinstance(value, get_args(int | float | Decimal)):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number) < 10**9 else None
