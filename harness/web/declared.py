"""A page's route with its right: what is not declared does not start."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from starlette.routing import BaseRoute

from harness.web.rights import Right

if TYPE_CHECKING:
    from starlette.responses import Response

    from harness.web.site import Site
    from harness.web.visit import Visit

SMALL_BODY = 1 << 20
"""Bytes of a form, where a route says nothing else."""
Answer = Callable[..., Any]
Fetch = Callable[..., Any]


@dataclass(frozen=True)
class Nav:
    """An entry of the navigation."""

    order: int
    """Where it stands: 10 Today, 20 calls, 30 review, 40 units, 50 plan, 60 reports, 70 settings, 90 oneself."""
    key: str
    """Its words in the catalogue."""


@dataclass(frozen=True, kw_only=True)
class Declared:
    """A route."""

    path: str
    """Starlette's pattern."""
    method: str
    """GET or POST."""
    right: Right
    """What it asks for."""
    of: Fetch | None
    """Fetches the object that the path names, or raises `Hidden`."""
    nav: Nav | None
    """Its place in the navigation."""
    most_bytes: int
    """The longest body that it takes."""
    answer: Answer
    """The page's function."""
    unopened: Callable[[Site], Response] | None = None
    """What answers where the database cannot be opened; None: the sentence that the server is at fault."""

    @property
    def name(self) -> str:
        """`module.function`."""
        return f"{self.answer.__module__.rpartition('.')[2]}.{self.answer.__name__}"


@dataclass(frozen=True, kw_only=True)
class Waits:
    """A line of what waits for somebody."""

    right: Right
    """Who is asked."""
    count: Callable[[Visit], int]
    """How many wait."""
    key: str
    """Its words, with {count}."""
    path: str
    """Where they are."""


def page(
    path: str,
    *,
    right: Right,
    method: str = "GET",
    of: Fetch | None = None,
    nav: Nav | None = None,
    most_bytes: int = SMALL_BODY,
    unopened: Callable[[Site], Response] | None = None,
) -> Callable[[Answer], Declared]:
    """Declare a route; the function takes the `Visit` and, with `of`, what that found."""

    def declare(answer: Answer) -> Declared:
        way = Declared(path=path, method=method, right=right, of=of, nav=nav, most_bytes=most_bytes, answer=answer)
        return replace(way, unopened=unopened)

    return declare


def waits(key: str, path: str, *, right: Right) -> Callable[[Callable[[Visit], int]], Waits]:
    """Declare something that waits for people with a right: the function gives how many."""
    return lambda count: Waits(right=right, count=count, key=key, path=path)


@cache
def declared() -> tuple[Declared, ...]:
    """Every route of every page, checked."""
    found = tuple(one for one in everything() if isinstance(one, Declared))
    check(found)
    return found


@cache
def waiting_lines() -> tuple[Waits, ...]:
    """Everything that may wait for somebody."""
    return tuple(one for one in everything() if isinstance(one, Waits))


def check(found: tuple[Declared, ...]) -> None:
    """Refuse to start with a route that could be open by mistake."""
    seen: set[tuple[str, str]] = set()
    for one in found:
        if not isinstance(one.right, Right):
            raise TypeError(f"{one.name}: {one.right!r} is no right")
        if re.search(r"\{", one.path) and one.of is None:
            raise TypeError(f"{one.name}: {one.path} names an object, and nothing checks who may have it (of=…)")
        if one.method not in ("GET", "POST"):
            raise TypeError(f"{one.name}: {one.method} is neither GET nor POST")
        if (one.path, one.method) in seen:
            raise TypeError(f"{one.name}: {one.method} {one.path} is declared twice")
        seen.add((one.path, one.method))


def everything() -> list[Any]:
    """What the modules of `pages` hold at their top, each once."""
    from harness.web import pages

    found: dict[int, Any] = {}
    for module in sorted(pkgutil.iter_modules(pages.__path__), key=lambda one: one.name):
        for value in vars(importlib.import_module(f"{pages.__name__}.{module.name}")).values():
            if isinstance(value, BaseRoute):
                raise TypeError(f"{module.name}: {value!r} has no right; declare it with @page")
            found[id(value)] = value
    return list(found.values())
