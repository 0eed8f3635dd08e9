"""Vega-Lite specifications drawn by vl-convert, which brings all it needs: nothing is fetched."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

FONT = "Noto Sans CJK TC, Noto Sans TC, Microsoft JhengHei, PingFang TC, sans-serif"
SCALE = 2.0
"""Pixels of a PNG for one of the specification: some 200 to the inch where a chart fills the page's width."""

KEPT = 64
"""Charts; each takes some tens of kilobytes, and a tenth to half a second to draw."""

KEPT_PNG = 8
"""Of these each takes half a megabyte; several papers of one period have the same."""


@cache
def can_draw() -> bool:
    """Whether the extra `plot` is there."""
    try:
        import vl_convert  # noqa: F401
    except ImportError:
        return False
    return True


def draw_svg(spec: Mapping[str, Any]) -> str:
    """The specification as SVG whose text is text; one that says what another said is not drawn again."""
    return _drawn(json.dumps(spec, ensure_ascii=False))


@lru_cache(maxsize=KEPT)
def _drawn(spec: str) -> str:
    import vl_convert

    return str(vl_convert.vegalite_to_svg(spec))


@lru_cache(maxsize=KEPT_PNG)
def draw_png(svg: str) -> bytes:
    """The same picture as PNG."""
    import vl_convert

    return bytes(vl_convert.svg_to_png(svg, scale=SCALE))
