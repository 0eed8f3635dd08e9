"""Vega-Lite specifications drawn by vl-convert, which brings all it needs: nothing is fetched."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

FONT = "Noto Sans CJK TC, Noto Sans TC, Microsoft JhengHei, PingFang TC, sans-serif"
SCALE = 2.0
"""Pixels of a PNG for one of the specification: some 200 to the inch where a chart fills the page's width."""


@cache
def can_draw() -> bool:
    """Whether the extra `plot` is there."""
    try:
        import vl_convert  # noqa: F401
    except ImportError:
        return False
    return True


def draw_svg(spec: Mapping[str, Any]) -> str:
    """The specification as SVG whose text is text."""
    import vl_convert

    return str(vl_convert.vegalite_to_svg(dict(spec)))


def draw_png(svg: str) -> bytes:
    """The same picture as PNG."""
    import vl_convert

    return bytes(vl_convert.svg_to_png(svg, scale=SCALE))
