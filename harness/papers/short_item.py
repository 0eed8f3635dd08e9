"""An item's wording without its number and its points, for a sentence or a chart."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"^\s*(?:[（(][一二三四五六七八九十\d]+[)）]|[一二三四五六七八九十甲乙\d]+、)\s*")
_BRACKET = re.compile(r"\s*[（(：:]")


def short_item(item: str) -> str:
    """「1、電話鈴響 4 聲應答 (8 分…)」 as 「電話鈴響 4 聲應答」."""
    text = _NUMBER.sub("", item)
    return _BRACKET.split(text)[0].strip() or item
