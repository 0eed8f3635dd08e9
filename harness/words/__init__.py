"""Every sentence that a user of the harness can see, in Traditional Chinese first and English beside it.

The catalogue is the folder's TOML files; the key `refused.emergency` is the table `[emergency]` of
refused.toml, with the entries `zh` and `en`. A test holds that code and catalogue name the same keys.
"""

from __future__ import annotations

import string
import tomllib
from contextvars import ContextVar
from functools import cache
from importlib.resources import files

LANGUAGES = ("zh", "en")
BOTH = "both"

_language: ContextVar[str] = ContextVar("thirdring_language", default=BOTH)


def use_language(lang: str) -> None:
    """Choose `zh`, `en` or `both` for every later `say` and `label` of this context."""
    if lang not in (*LANGUAGES, BOTH):
        raise ValueError(f"language {lang!r}: zh, en or both")
    _language.set(lang)


def say(key: str, lang: str | None = None, /, **values: object) -> str:
    """Give the sentence of a key; in both languages each has its own line, Chinese first."""
    return _joined(key, lang, "\n", values)


def label(key: str, lang: str | None = None, /, **values: object) -> str:
    """Give the words of a key for a heading or a cell; both languages stand on one line."""
    return _joined(key, lang, " ", values)


def chosen(zh: str, en: str, *, between: str = "\n") -> str:
    """Give words that stand elsewhere, such as a form's reasons, in the language of the context."""
    wanted = _language.get()
    return between.join(dict.fromkeys(one for one in _of(wanted, zh, en) if one))


def _of(lang: str, zh: str, en: str) -> tuple[str, ...]:
    return (zh, en) if lang == BOTH else (zh,) if lang == "zh" else (en or zh,)


def _joined(key: str, lang: str | None, between: str, values: dict[str, object]) -> str:
    wanted = lang or _language.get()
    languages = LANGUAGES if wanted == BOTH else (wanted,)
    file, _, name = key.partition(".")
    texts = [_fill(_file(file)[name][one], values, one) for one in languages]
    return between.join(dict.fromkeys(texts))


def _fill(text: str, values: dict[str, object], lang: str) -> str:
    # A value that is itself worded differently in the two languages comes as {"zh": …, "en": …}.
    one = {k: v.get(lang, v) if isinstance(v, dict) else v for k, v in values.items()}
    return text.format_map(one)


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """Give all keys with their `zh` and `en` texts."""
    names = sorted(file.name for file in files(__name__).iterdir() if file.name.endswith(".toml"))
    of_file = {name.removesuffix(".toml"): _file(name.removesuffix(".toml")) for name in names}
    return {f"{file}.{key}": texts for file, tables in of_file.items() for key, texts in tables.items()}


@cache
def _file(name: str) -> dict[str, dict[str, str]]:
    """One file: a command says few sentences, and reading all takes a fifth of a second."""
    return tomllib.loads((files(__name__) / f"{name}.toml").read_text(encoding="utf-8"))


def placeholders(text: str) -> set[str]:
    """Give the names that a text of the catalogue wants values for."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}
