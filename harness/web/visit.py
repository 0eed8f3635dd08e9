"""One request of somebody: what a page's function is given."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from starlette.datastructures import FormData, QueryParams
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from harness.agency import Agency
from harness.store import Store
from harness.web.person import Person, Preferences
from harness.web.problems import NotSignedIn
from harness.web.render import render
from harness.web.rights import Right
from harness.web.sessions import Session

if TYPE_CHECKING:
    from harness.web.site import Site


@dataclass(frozen=True, kw_only=True)
class Visit:
    """A request by a person who has the route's right; the store is open until the page's function returns."""

    request: Request
    """Starlette's."""
    site: Site
    """The server."""
    store: Store
    """The agency's database."""
    session: Session | None
    """The session; None on routes for anyone."""
    form: FormData
    """What was sent; empty unless it is a POST."""
    right: Right = Right.ANYONE
    """What the route asks for: an object that its path names is looked for among what this very right reaches."""

    @property
    def person(self) -> Person:
        """Who it is."""
        if self.session is None:
            raise NotSignedIn
        return self.session.person

    @property
    def agency(self) -> Agency:
        """The agency as its files are now."""
        return self.site.agency()

    @property
    def now(self) -> datetime:
        """When it is, UTC."""
        return self.site.clock()

    @property
    def asked(self) -> QueryParams:
        """What stands behind the question mark."""
        return self.request.query_params

    @property
    def preferences(self) -> Preferences:
        """How the pages are liked; before a log-in the address may name the language (`?lang=en`)."""
        if self.session is not None:
            return self.session.person.preferences
        return Preferences.read({"lang": self.asked.get("lang")})

    @property
    def by_htmx(self) -> bool:
        """Whether only a part of a page is wanted."""
        return self.request.headers.get("hx-request") == "true"

    def may(self, right: Right) -> bool:
        """Whether the person has a right."""
        return self.session is not None and self.session.person.may(right)

    def text(self, field: str, *, most: int = 2000) -> str:
        """A field of the form as text, without space around it; empty where it was not sent."""
        value = self.form.get(field, "")
        return value.strip()[:most] if isinstance(value, str) else ""

    def log(self, what: str, *, call_id: str | None = None, **detail: Any) -> None:
        """Write into the log that this person did something."""
        self.store.log.write(what, who=self.person.name, call_id=call_id, detail=detail, now=self.now)

    def page(self, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """A page, or a part of one, from its template."""
        return HTMLResponse(render(self, template, **values), status_code=status)

    def part(self, template: str, **values: Any) -> str:
        """The same as text."""
        return render(self, template, **values)

    def to(self, path: str) -> Response:
        """After something was done: go on to another page."""
        if self.by_htmx:
            return Response(status_code=204, headers={"HX-Redirect": path})
        return RedirectResponse(path, status_code=303)
