"""Text of strangers on a terminal or in a log: what would move the cursor, colour, hide or turn letters is not sent.

A reason phrase, a display name or a file's name may hold escape sequences (ECMA-48), which a terminal obeys, and marks
that turn the direction of reading. Chinese stays as it is, the letters that Big5 has beyond Unicode too.
"""

from __future__ import annotations

import json
import unicodedata

INSTEAD = "?"
_OBEYED = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Categories of Unicode: controls, marks of format, halves of letters, separators of lines."""
_STAY = "\n\t"


def plain(text: str) -> str:
    """A text of which a terminal obeys nothing but the ends of its lines."""
    if text.isprintable():
        return text
    return "".join(INSTEAD if _is_obeyed(one) else one for one in text)


def plain_json(value: object, *, indent: int | None = None) -> str:
    """JSON, Chinese as it is; what a terminal would obey is written as its number, and reads back as it was."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    if text.isprintable():
        return text
    return "".join(json.dumps(one)[1:-1] if _is_obeyed(one) else one for one in text)


def _is_obeyed(one: str) -> bool:
    return not one.isprintable() and one not in _STAY and unicodedata.category(one) in _OBEYED
