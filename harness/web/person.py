"""Somebody who is logged in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Self

from harness.web.rights import Right, Role, rights_of

LANGUAGES = ("zh", "en")
YEARS = ("roc", "western")
THEMES = ("auto", "light", "dark")


@dataclass(frozen=True, kw_only=True)
class Preferences:
    """How somebody likes the pages."""

    lang: Literal["zh", "en"] = "zh"
    """Language."""
    years: Literal["roc", "western"] = "roc"
    """民國 or western years."""
    theme: Literal["auto", "light", "dark"] = "auto"
    """Light or dark; auto: as the machine is set."""

    @classmethod
    def read(cls, told: dict[str, Any]) -> Self:
        """What was kept or sent; what cannot be is passed over."""
        allowed = {"lang": LANGUAGES, "years": YEARS, "theme": THEMES}
        return cls(**{name: told[name] for name, values in allowed.items() if told.get(name) in values})


@dataclass(frozen=True, kw_only=True)
class Person:
    """An account in use."""

    login: str
    """Its name."""
    name: str
    """What the person is called in the log, on sheets and in programme.toml."""
    unit: str
    """The unit the person belongs to, by its id; empty: none."""
    roles: frozenset[Role]
    """What the person is."""
    preferences: Preferences
    """How the person likes the pages."""

    @classmethod
    def of(cls, row: dict[str, Any], *, years: str = "roc") -> Self:
        """From a row of the store; a role that there is no more gives nothing. `years` are the agency's own, for who
        chose none."""
        known = frozenset(Role(one) for one in row["roles"] if one in list(Role))
        told = {name: row[name] for name in ("login", "name", "unit")}
        return cls(**told, roles=known, preferences=Preferences.read({"years": years} | row["preferences"]))

    def may(self, right: Right) -> bool:
        """Whether the person has a right."""
        return right in rights_of(self.roles)
