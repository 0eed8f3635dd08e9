"""What goes with every answer: what a browser may do with it. And which requests are answered at all."""

from __future__ import annotations

import ipaddress
import logging
import secrets
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from harness.web.site import Site
from harness.words import BOTH, say

# No inline script or style; a nonce only for the style that wavesurfer.js puts into its shadow tree (`cspNonce`).
# blob: and data: are sounds and pictures that the page made itself; Pico's icons are data:.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data: blob:; "
    "media-src 'self' blob:; font-src 'self'; connect-src 'self'; form-action 'self'; manifest-src 'self'; "
    "base-uri 'none'; frame-ancestors 'none'; object-src 'none'"
)
ALWAYS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "x-frame-options": "DENY",
}
HSTS = "max-age=31536000"
_log = logging.getLogger("thirdring.web")


class Outermost:
    """Refuses names that are not this server's, adds the headers, counts."""

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self._app, self._site = app, site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            if scope["type"] != "websocket" or self._welcome(scope):
                await self._app(scope, receive, send)
            else:
                await WebSocketClose()(scope, receive, send)
            return
        begin, begun = time.perf_counter(), False
        scope["thirdring.nonce"] = nonce = secrets.token_urlsafe(16)

        async def sending(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                self._add(MutableHeaders(scope=message), nonce)
                self._site.counts.add(message["status"], time.perf_counter() - begin)
            await send(message)

        if not self._welcome(scope):
            await PlainTextResponse(say("web.other_name", BOTH), status_code=421)(scope, receive, sending)
            return
        try:
            await self._app(scope, receive, sending)
        except ClientDisconnect:
            return
        except Exception:
            if begun:
                raise
            # Not even the page that tells of errors could be made: agency.toml cannot be read, say.
            number = secrets.token_hex(4)
            _log.exception("%s %s: %s", scope["method"], ascii(scope["path"]), number)
            await PlainTextResponse(say("web.bug", BOTH, number=number), status_code=500)(scope, receive, sending)

    def _welcome(self, scope: Scope) -> bool:
        """Whether the request names this server, and comes from the proxy where there is one."""
        headers = Headers(scope=scope)
        if self._site.proxy:
            if (scope.get("client") or ("",))[0] != self._site.proxy:
                return False
            scope["client"] = (_heard_from(headers), 0)
        host = headers.get("host", "")
        name = host if host.endswith("]") or ":" not in host else host.rpartition(":")[0]
        return name.strip("[]").lower() in self._site.names

    def _add(self, headers: MutableHeaders, nonce: str) -> None:
        for name, value in ALWAYS.items():
            headers.setdefault(name, value)
        headers.setdefault("content-security-policy", POLICY.format(nonce=nonce))
        headers.setdefault("cache-control", "no-store")  # a borrowed machine's browser must not show a sheet again
        if self._site.secure:
            headers.setdefault("strict-transport-security", HSTS)


def _heard_from(headers: Headers) -> str:
    """Whom the proxy heard: it appends that, to the line or as a line of its own; what stands before, anybody may have
    written. Empty where it is no address."""
    told = ",".join(headers.getlist("x-forwarded-for")).rpartition(",")[2].strip()
    try:
        return str(ipaddress.ip_address(told))
    except ValueError:
        return ""
