"""What was just done, said on the page that one is sent to afterwards; signed, so that no link can put words there."""

from __future__ import annotations

import hmac
from urllib.parse import urlencode

from markupsafe import Markup
from starlette.responses import Response

from harness.web.render import words
from harness.web.visit import Visit

LONGEST = 200


def done(visit: Visit, path: str, key: str, **values: object) -> Response:
    """Go to a page, which says a sentence of the catalogue there (`said`)."""
    told = {"done": key} | {name: str(value)[:LONGEST] for name, value in values.items()}
    return visit.to(f"{path}?{urlencode(told | {'sign': _sign(visit, told)})}")


def said(visit: Visit) -> Markup:
    """The sentence; empty where nothing was done, or the address was made by somebody else."""
    told = {name: visit.asked[name] for name in visit.asked if name != "sign"}
    if "done" not in told or not hmac.compare_digest(visit.asked.get("sign", "").encode(), _sign(visit, told).encode()):
        return Markup()
    return words(told.pop("done"), **told)


def _sign(visit: Visit, told: dict[str, str]) -> str:
    text = urlencode(sorted(told.items()))
    return hmac.new(visit.site.secret, f"{visit.person.login} {text}".encode(), "sha256").hexdigest()
