"""Words one beside the other as text, with the marks of the language: the catalogue's `between`.

Text that goes into a template, which escapes it; inside a template there are the filter `listed` and `t("between.…")`.
"""

from __future__ import annotations

from collections.abc import Iterable

from harness.words import label


def listed_text(parts: Iterable[str], lang: str | None = None) -> str:
    """Things one after another: a、b, or a, b."""
    return label("between.two", lang, first="", more="").join(parts)


def clauses_text(parts: Iterable[str], lang: str | None = None) -> str:
    """Things that have commas themselves: a；b, or a; b."""
    return label("between.two_parts", lang, first="", more="").join(parts)


def named_text(name: str, what: str, lang: str | None = None) -> str:
    """Something with its name before it: a：b, or a: b."""
    return label("between.named", lang, name=name, what=what)


def bracketed_text(what: str, more: str, lang: str | None = None) -> str:
    """Something with more in brackets: a（b）, or a (b)."""
    return label("between.bracketed", lang, what=what, more=more)
