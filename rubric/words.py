"""Sentences kept as data: a key, its zh-TW and English wording, and the values that fill it."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

Table = Mapping[str, Mapping[str, str]]
LANGUAGES = ("zh", "en")


def read_table(text: str) -> Table:
    """Parse a word list: TOML, one table a key, each with `zh` and `en`.

    Raises `KeyError` naming the first key that lacks a language: a sentence is never half translated.
    """
    table: dict[str, Mapping[str, str]] = tomllib.loads(text)
    for key, sentence in table.items():
        missing = [lang for lang in LANGUAGES if lang not in sentence]
        if missing:
            raise KeyError(f"{key}: {', '.join(missing)}")
    return table


def say_from(table: Table, key: str, lang: str = "zh", **values: Any) -> str:
    """The sentence `key` of `table` in `lang`, filled with `values`.

    A value that is itself a `Phrase` is said in the same language; a tuple of values is joined.
    """
    filled = {name: _said(value, lang) for name, value in values.items()}
    return table[key][lang].format(**filled)


def say(key: str, lang: str = "zh", **values: Any) -> str:
    """The rubric's own sentence `key`: `say("why.void", "en", leg="unit")`."""
    return say_from(_own(), key, lang, **values)


_JOIN = {("zh", False): "、", ("zh", True): "；", ("en", False): ", ", ("en", True): "; "}
"""Between the values of a list: a lighter mark between words than between clauses."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A sentence not yet said: it can be said in any language later."""

    key: str
    """Its key in the word list."""
    values: tuple[tuple[str, Any], ...] = ()
    """What fills it, as name and value."""

    def say(self, lang: str = "zh") -> str:
        """The sentence in `lang`."""
        return say(self.key, lang, **dict(self.values))


def phrase(key: str, **values: Any) -> Phrase:
    """A `Phrase` of the rubric's own word list."""
    return Phrase(key=key, values=tuple(values.items()))


def number(value: Decimal) -> str:
    """A decimal as people write it: no trailing zeros, never in exponents."""
    return f"{value.normalize():f}"


def seconds(value: Decimal) -> str:
    """Seconds with one to three decimals, as a stopwatch shows them."""
    text = f"{value.quantize(Decimal('0.001')):f}".rstrip("0")
    return text + "0" if text.endswith(".") else text


def _said(value: Any, lang: str) -> str:
    if isinstance(value, Phrase):
        return value.say(lang)
    if isinstance(value, Decimal):
        return number(value)
    if isinstance(value, tuple | list):
        said = [_said(one, lang) for one in value]
        return _JOIN[lang, any(mark in one for one in said for mark in "，：,:")].join(said)
    return str(value)


@cache
def _own() -> Table:
    return read_table(files("rubric").joinpath("words.toml").read_text("utf-8"))
