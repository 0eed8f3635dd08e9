"""Who asked for what is not theirs, for whoever looks after the log."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from harness.store.refused_tries import MOST_A_DAY
from harness.web.declared import page
from harness.web.rights import Right
from harness.web.visit import Visit

A_PAGE = 50


@page("/settings/refused", right=Right.SEE_LOG)
def refused(visit: Visit) -> Response:
    """Newest first, a page at a time."""
    asked = visit.asked.get("page", "1")
    number = int(asked) if asked.isascii() and asked.isdigit() and 0 < len(asked) < 7 and int(asked) else 1
    rows = visit.store.refused_tries.newest(limit=A_PAGE + 1, offset=(number - 1) * A_PAGE)
    told: dict[str, Any] = {
        "rows": rows[:A_PAGE],
        "page_no": number,
        "more": len(rows) > A_PAGE,
        "most": MOST_A_DAY,
        "note": "",
    }
    return visit.page("settings_refused.html", **told)
