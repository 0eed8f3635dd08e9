"""Tone plans: which tones a country's exchanges send, and in which cadence.

The notation is the field's: steps `f/ms` with commas between them, `440+480` two tones at once, `400*25` a
tone whose loudness goes up and down 25 times a second, `0/2000` silence, no duration = for ever. A leading
`!` (played once, not repeated) is accepted."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

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
    def cadence(self) -> tuple[tuple[float, float], ...]:
        """(on, off) seconds of each burst of one ring."""
        return self.ringback.cadence

    @property
    def period_s(self) -> float:
        """Seconds from ring to ring; two bursts of one period are one ring."""
        return self.ringback.period_s


def _step(text: str) -> Step:
    tones, _, duration = text.strip().lstrip("!").partition("/")
    carrier, star, modulation = tones.partition("*")
    frequencies = tuple(float(f) for f in carrier.split("+") if float(f) > 0)
    return Step(
        frequencies_hz=frequencies,
        modulation_hz=float(modulation) if star else None,
        duration_s=float(duration) / 1000 if duration else None,
    )


def parse_tone(notation: str) -> Tone:
    """Read one signal, say `440+480/1000,0/2000`.

    Raises:
        TonePlanError: not this notation, or only silence.
    """
    try:
        tone = Tone(tuple(_step(part) for part in notation.split(",")))
    except ValueError:
        raise TonePlanError(f"{notation!r} is not tone notation; an example is 440+480/1000,0/2000") from None
    if not any(step.frequencies_hz for step in tone.steps):
        raise TonePlanError(f"{notation!r} has no tone in it")
    return tone


def _plan(name: str, table: dict[str, str]) -> TonePlan:
    tones = {key: parse_tone(table[key]) for key in ("busy", "congestion", "dial", "sit") if key in table}
    plan = TonePlan(name, table["title"], table["source"], parse_tone(table["ringback"]), **tones)
    if not plan.cadence:
        raise TonePlanError(f"{name}: ringback without an end cannot be counted")
    return plan


def read_plans(path: Path) -> dict[str, TonePlan]:
    """Every plan of one TOML file, by name.

    Raises:
        TonePlanError: a key is missing or a notation cannot be read; the message names file and plan.
    """
    with path.open("rb") as file:
        tables = tomllib.load(file)
    plans = {}
    for name, table in tables.items():
        try:
            plans[name] = _plan(name, table)
        except KeyError as missing:
            raise TonePlanError(f"{path.name}, plan '{name}': {missing} is missing") from None
        except TonePlanError as error:
            raise TonePlanError(f"{path.name}, plan '{name}': {error}") from None
    return plans


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
