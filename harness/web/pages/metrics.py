"""/metrics for the agency's monitoring, behind a token: counts only, nobody's name and no number that was called."""

from __future__ import annotations

from starlette.responses import PlainTextResponse, Response

from harness.gauges import gauges
from harness.web.declared import page
from harness.web.rights import Right
from harness.web.visit import Visit

KIND = "text/plain; version=0.0.4"


@page("/metrics", right=Right.BY_TOKEN)
def metrics(visit: Visit) -> Response:
    """Prometheus' text."""
    lines = [*gauges(visit.agency, visit.store, now=visit.now), *visit.site.counts.lines()]
    return PlainTextResponse("\n".join(lines) + "\n", media_type=KIND)
