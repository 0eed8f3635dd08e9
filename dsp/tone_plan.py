"""Tone plans: which tones a country's exchanges send, and in which cadence.

The notation is the field's: steps `f/ms` with commas between them, `440+480` two tones at once, `400*25` a
tone whose loudness goes up and down 25 times a second, `0/2000` silence, no duration = for ever. A leading
`!` (played once, not repeated) is accepted."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

BAND_HZ, MODULATION_HZ, DURATION_MS = (150.0, 3600.0), (5.0, 120.0), (10.0, 60_000.0)
"""What a notation may hold: tones of the telephone band, swings that an ear hears as one tone."""
SHORTEST_S = 0.1
"""No ringback's burst or silence is shorter: lost packets are."""
PLANS_FILE = Path(__file__).parent / "tone_plans" / "plans.toml"


class TonePlanError(ValueError):
    """A tone plan that does not exist, or a notation that cannot be read."""


@dataclass(frozen=True, slots=True)
class Step:
    """One piece of a cadence: a sound (or silence) and how long it lasts."""

    frequencies_hz: tuple[float, ...]
    """The tones sounding together; empty for silence."""
    modulation_hz: float | None
    """How often the loudness goes up and down in a second; None for a steady tone."""
    duration_s: float | None
    """None: for ever."""


@dataclass(frozen=True, slots=True)
class Tone:
    """A signal of the exchange: steps played in order, again and again."""

    steps: tuple[Step, ...]
    """As written in the notation."""

    @property
    def frequencies_hz(self) -> tuple[float, ...]:
        """The tones of the first sounding step."""
        return next(step.frequencies_hz for step in self.steps if step.frequencies_hz)

    @property
    def modulation_hz(self) -> float | None:
        """The modulation of the first sounding step."""
        return next(step.modulation_hz for step in self.steps if step.frequencies_hz)

    @property
    def cadence(self) -> tuple[tuple[float, float], ...]:
        """(on, off) seconds of each burst of one period; empty for a tone without end."""
        pairs: list[tuple[float, float]] = []
        for step in self.steps:
            if step.duration_s is None:
                return ()
            if step.frequencies_hz:
                pairs.append((step.duration_s, 0.0))
            elif pairs:
                pairs[-1] = (pairs[-1][0], pairs[-1][1] + step.duration_s)
        return tuple(pairs)

    @property
    def period_s(self) -> float:
        """Seconds from one period's start to the next; infinity for a tone without end."""
        return sum(on + off for on, off in self.cadence) if self.cadence else float("inf")


EVERYWHERE = "950/330,1400/330,1800/330,0/1000"
"""ITU-T E.180 §7."""


@dataclass(frozen=True, slots=True)
class TonePlan:
    """The tones of one country, or of one exchange."""

    name: str
    """Asterisk's zone name: tw, us, uk, de …"""
    title: str
    """The country in English."""
    source: str
    """Where the figures stand."""
    ringback: Tone
    """What the caller hears while the telephone rings."""
    busy: Tone | None = None
    """The called line is in use."""
    congestion: Tone | None = None
    """The network or the exchange has no way through."""
    dial: Tone | None = None
    """The exchange waits for digits."""
    sit: Tone | None = None
    """Special information tone, before an announcement (ITU-T E.180 §7: three rising tones)."""

    @property
    def special(self) -> Tone:
        """The plan's special information tone, or, where it names none, the one of all networks."""
        return self.sit or parse_tone(EVERYWHERE)

    @property
    def cadence(self) -> tuple[tuple[float, float], ...]:
        """(on, off) seconds of each burst of one ring."""
        return self.ringback.cadence

    @property
    def period_s(self) -> float:
        """Seconds from ring to ring; two bursts of one period are one ring."""
        return self.ringback.period_s


def _number(text: str, low: float, high: float) -> float:
    value = float(text)
    if not low <= value <= high:
        raise TonePlanError(f"{text.strip()} is not from {low:g} to {high:g}")
    return value


def _step(text: str) -> Step:
    tones, slash, duration = text.strip().lstrip("!").partition("/")
    carrier, star, modulation = tones.partition("*")
    frequencies = () if carrier.strip() == "0" else tuple(_number(f, *BAND_HZ) for f in carrier.split("+"))
    return Step(
        frequencies_hz=frequencies,
        modulation_hz=_number(modulation, *MODULATION_HZ) if star else None,
        duration_s=_number(duration, *DURATION_MS) / 1000 if slash else None,
    )


def parse_tone(notation: str) -> Tone:
    """Read one signal, say `440+480/1000,0/2000`.

    Raises:
        TonePlanError: not this notation, or only silence.
    """
    try:
        tone = Tone(tuple(_step(part) for part in notation.split(",")))
    except TonePlanError as error:
        raise TonePlanError(f"{notation!r}, a tone: {error}") from None
    except ValueError:
        raise TonePlanError(f"{notation!r} is not tone notation; an example is 440+480/1000,0/2000") from None
    if not any(step.frequencies_hz for step in tone.steps):
        raise TonePlanError(f"{notation!r} has no tone in it")
    return tone


_TEXTS, _TONES = ("title", "source"), ("ringback", "busy", "congestion", "dial", "sit")


def _plan(name: str, table: object) -> TonePlan:
    texts = _texts(table)
    tones = {key: _tone(key, texts[key]) for key in _TONES if key in texts}
    plan = TonePlan(name, texts["title"], texts["source"], **tones)
    if not plan.cadence:
        raise TonePlanError("'ringback' without an end cannot be counted")
    if min(length for pair in plan.cadence for length in pair) < SHORTEST_S:
        raise TonePlanError(f"'ringback' has a burst or a silence shorter than {SHORTEST_S * 1000:g} ms")
    return plan


def _texts(table: object) -> dict[str, str]:
    """A plan's keys and what stands behind them, all of them known and text."""
    if not isinstance(table, dict):
        raise TonePlanError("is not a table; write [name], and its keys under it")
    for key, value in table.items():
        if key not in (*_TEXTS, *_TONES):
            raise TonePlanError(f"unknown key '{key}'; there are {', '.join((*_TEXTS, *_TONES))}")
        if not isinstance(value, str):
            raise TonePlanError(f"'{key}' is {value!r}; it must be text in quotes")
    for key in (*_TEXTS, "ringback"):
        if key not in table:
            raise TonePlanError(f"'{key}' is missing")
    return table


def _tone(key: str, text: str) -> Tone:
    try:
        return parse_tone(text)
    except TonePlanError as error:
        raise TonePlanError(f"'{key}' = {error}") from None


def read_plans(path: Path) -> dict[str, TonePlan]:
    """Every plan of one TOML file, by name.

    Raises:
        TonePlanError: no such file, no TOML, no plan in it, or a plan that cannot be read; the message names file,
            plan and key.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise TonePlanError(f"{path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise TonePlanError(f"{path.name}: not text in UTF-8") from None
    except (ValueError, RecursionError) as error:  # a number of thousands of digits is no TOMLDecodeError
        raise TonePlanError(f"{path.name}: {error}") from None
    if not tables:
        raise TonePlanError(f"{path.name}: no plan in it; write [name], and title, source and ringback under it")
    return {name: _named_plan(path, name, table) for name, table in tables.items()}


def _named_plan(path: Path, name: str, table: object) -> TonePlan:
    try:
        return _plan(name, table)
    except TonePlanError as error:
        raise TonePlanError(f"{path.name}, plan '{name}': {error}") from None


@lru_cache(maxsize=1)
def _shipped() -> dict[str, TonePlan]:
    return read_plans(PLANS_FILE)


# ISO 3166 codes where Asterisk's zone name is another word.
ALIASES = {"gb": "uk", "ca": "us", "pr": "us", "su": "ru"}


def plan_names() -> tuple[str, ...]:
    """The names of the plans shipped, Taiwan's first."""
    return tuple(_shipped())


def load_plan(name: str) -> TonePlan:
    """A shipped plan by its name or ISO alias, or a learnt one by the path of its TOML file.

    Raises:
        TonePlanError: no such plan; the message lists what there is.
    """
    if name.endswith(".toml"):
        return next(iter(read_plans(Path(name)).values()))
    key = name.strip().lower()
    plans = _shipped()
    try:
        return plans[ALIASES.get(key, key)]
    except KeyError:
        raise TonePlanError(f"no tone plan '{name}'; there are: {', '.join(plans)}, or auto") from None
