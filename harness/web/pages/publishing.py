"""A month's plan as it is published once the month is over, under the hash that was sealed."""

from __future__ import annotations

from pathlib import Path

from starlette.responses import Response

from harness.errors import NotFound
from harness.programme.published import publish
from harness.web.declared import page
from harness.web.followed import today_of
from harness.web.made_file import made_file
from harness.web.pages.plan import Month, month_of
from harness.web.rights import Right
from harness.web.visit import Visit

PLAN, INPUTS = "plan-{month}.json", "plan-{month}-inputs.json"


@page("/plan/{month}/published", right=Right.SEE_PROGRAMME, of=month_of)
def plan_file(visit: Visit, month: Month) -> Response:
    """The month's plan; its SHA-256 is the hash that was published. Refused while its times are still secret."""
    return _published(visit, month, PLAN)


@page("/plan/{month}/published-inputs", right=Right.SEE_PROGRAMME, of=month_of)
def inputs_file(visit: Visit, month: Month) -> Response:
    """What the month was drawn from: with it anybody can draw it again."""
    return _published(visit, month, INPUTS)


def _published(visit: Visit, month: Month, which: str) -> Response:
    name = which.format(month=month.name)

    def write(path: Path) -> None:
        files = publish(month.name, path.parent, visit.store, today=today_of(visit))
        if path not in files:
            raise NotFound("programme_pages.no_inputs", month=month.name)

    response = made_file(name, write, kind="application/json")
    visit.log("plan_published", month=month.name, file=name)
    return response
