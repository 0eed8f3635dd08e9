"""/healthz for load balancers and watchers: 200 where all is well, 503 where something is not; yes and no only."""

from __future__ import annotations

from starlette.responses import JSONResponse, Response

from harness.health import health
from harness.web.declared import page
from harness.web.rights import Right
from harness.web.site import Site
from harness.web.visit import Visit


def _told(site: Site) -> Response:
    checks = health(site.folder, should_run=site.runs)
    well = all(checks.values())
    told = {"schema": "thirdring.health/1", "well": well, "checks": checks}
    return JSONResponse(told, status_code=200 if well else 503)


@page("/healthz", right=Right.ANYONE, unopened=_told)
def healthz(visit: Visit) -> Response:
    """Whether the service is well."""
    return _told(visit.site)
