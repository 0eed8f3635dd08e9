"""The pages put together."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from harness.web.declared import Declared, declared
from harness.web.error_pages import answer_to
from harness.web.gate import guarded, visiting
from harness.web.headers import Outermost
from harness.web.render import BROUGHT, OURS
from harness.web.site import Site
from harness.web.sockets import socket_routes

FOR_EVER = "public, max-age=31536000, immutable"


class Kept(StaticFiles):
    """Files whose address carries their digest; without it they are asked for each time."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Give a file."""
        response = await super().get_response(path, scope)
        versioned = scope["query_string"].startswith(b"v=")
        response.headers["cache-control"] = FOR_EVER if versioned else "no-cache"
        return response


def make_app(site: Site) -> Starlette:
    """Every declared route, behind the gate. Raises TypeError when one says too little of who may have it."""

    async def failed(request: Request, error: Exception) -> Response:
        def told() -> Response:
            with visiting(site, request) as visit:
                return answer_to(error, visit)

        return await run_in_threadpool(told)

    files = [Mount("/static", Kept(directory=OURS)), Mount("/assets", Kept(directory=BROUGHT))]
    return Starlette(
        routes=[*files, *(_route(one, site) for one in sorted(declared(), key=_order)), *socket_routes(site)],
        middleware=[Middleware(Outermost, site=site)],
        exception_handlers={HTTPException: failed},
    )


def _route(one: Declared, site: Site) -> Route:
    return Route(one.path, guarded(one, site), methods=[one.method], name=one.name, max_body_size=one.most_bytes)


def _order(one: Declared) -> tuple[int, str, str]:
    """Paths that name an object come after those that are spelt out."""
    return (one.path.count("{"), one.path, one.method)
