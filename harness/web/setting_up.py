"""Setting an agency up by its pages: which steps there are, how far it has got, and who may change what meanwhile.

How far it has got stands in the log, so that it can be left and taken up again by somebody else. Until it is finished
the programme beside the pages does not begin: nothing is dialled by halves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.agency import Agency, load_agency
from harness.programme.settings import PROGRAMME_FILE
from harness.store import Store
from harness.web.problems import Forbidden
from harness.web.rights import TABLE, Right
from harness.words import say

if TYPE_CHECKING:
    from harness.web.visit import Visit

BEGUN, STEP, FINISHED = "setup_begun", "setup_step", "setup_finished"
EXAMPLE = "範例"
"""Stands in what `thirdring init` writes and the agency has to replace."""
EXAMPLE_SERVER = "127.0.0.1:5060"
EXAMPLE_CALLER = "sip:thirdring@127.0.0.1"


SCORING = frozenset(str(role) for role, rights in TABLE.items() if Right.SCORE in rights)
"""Roles whose people can fill in a sheet."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step: a page of the settings."""

    name: str
    """Its name."""
    path: str
    """The page."""
    right: Right
    """What changing it asks for, once the agency is set up."""


STEPS = (
    Step(name="agency", path="/settings/agency", right=Right.CHANGE_SETTINGS),
    Step(name="units", path="/settings/units", right=Right.CHANGE_PROGRAMME),
    Step(name="form", path="/settings/forms", right=Right.CHANGE_PROGRAMME),
    Step(name="lines", path="/settings/lines", right=Right.CHANGE_SETTINGS),
    Step(name="hours", path="/settings/hours", right=Right.CHANGE_SETTINGS),
    Step(name="tones", path="/settings/tones", right=Right.CHANGE_SETTINGS),
    Step(name="people", path="/settings/people", right=Right.MANAGE_PEOPLE),
    Step(name="testers", path="/settings/testers", right=Right.CHANGE_PROGRAMME),
    Step(name="programme", path="/settings/programme", right=Right.CHANGE_PROGRAMME),
    Step(name="notice", path="/settings/notice", right=Right.CHANGE_PROGRAMME),
    Step(name="check", path="/settings/check", right=Right.CHANGE_SETTINGS),
)


@dataclass(frozen=True, kw_only=True)
class Bar:
    """Where a page stands among the steps, while the agency is being set up."""

    step: Step
    """The step that the page is."""
    number: int
    """Which it is, from 1."""
    of: int
    """Of how many."""
    before: Step | None
    """The step before; None: it is the first."""
    last: bool
    """Whether it is the last."""
    lacking: str
    """What is still the example, or is not there; empty: nothing."""


def steps_of(visit: Visit) -> tuple[Step, ...]:
    """The steps that somebody can take: accounts are the administrators' alone."""
    return tuple(one for one in STEPS if one.right is not Right.MANAGE_PEOPLE or visit.may(one.right))


def begun(store: Store) -> bool:
    """Whether somebody is setting the agency up, and has not finished."""
    rows = store.log.named(BEGUN, FINISHED, limit=1)
    return bool(rows) and rows[0]["what"] == BEGUN


def ever_finished(store: Store) -> bool:
    """Whether it was set up by its pages once."""
    return bool(store.log.named(FINISHED, limit=1))


def is_new(visit: Visit) -> bool:
    """Whether nobody has begun to use the agency: no unit, no call, nothing set up."""
    never = not visit.store.log.named(BEGUN, FINISHED, limit=1)
    real = any(EXAMPLE not in unit.name for unit in visit.agency.units)
    return never and not real and not visit.store.list_calls(limit=1)


def steps_done(store: Store) -> frozenset[str]:
    """Names of the steps that somebody went through."""
    return frozenset(str(row["detail"].get("step")) for row in store.log.named(STEP))


def lacking(visit: Visit, agency: Agency | None = None) -> dict[str, str]:
    """What is still the example, or is not there: step → what is to be done; `agency`: as it is by now."""
    agency = agency or visit.agency
    settings, units = agency.settings, agency.units
    dials = not settings.recordings_only
    found = {
        "agency": EXAMPLE in settings.name,
        "units": not units or any(EXAMPLE in unit.name for unit in units),
        "lines": dials and any(_is_example(one.server, one.from_uri) for one in settings.lines),
        "people": not any(set(row["roles"]) & SCORING for row in visit.store.people.all()),
        "programme": dials and not (agency.folder / PROGRAMME_FILE).is_file(),
        "notice": dials and settings.recording_notice_date is None,
    }
    return {name: say(f"setup.lacking_{name}") for name, holds in found.items() if holds}


def _is_example(server: str, from_uri: str) -> bool:
    """Whether a line is the template's, or has another server and still the template's number to show."""
    return server == EXAMPLE_SERVER or (from_uri == EXAMPLE_CALLER and not server.startswith("127."))


def setup_bar(visit: Visit) -> Bar | None:
    """The bar over a page of the settings; None: the page is no step, or nobody is setting the agency up."""
    path = visit.request.url.path
    steps = steps_of(visit)
    at = next((n for n, step in enumerate(steps) if _belongs(path, step.path)), None)
    if at is None or not visit.may(Right.SET_UP) or not begun(visit.store):
        return None
    left = lacking(visit).get(steps[at].name, "")
    before, last = (steps[at - 1] if at else None), at == len(steps) - 1
    return Bar(step=steps[at], number=at + 1, of=len(steps), before=before, last=last, lacking=left)


def _belongs(path: str, page: str) -> bool:
    """Whether a path is a step's page, or that of one of its things: /settings/line/main of /settings/lines."""
    one = page.removesuffix("s")
    return path == page or (one != page and (path == one or path.startswith((f"{one}/", f"{page}/"))))


def may_change(visit: Visit, right: Right) -> bool:
    """Whether this person may change what asks for a right."""
    return visit.may(right) or (visit.may(Right.SET_UP) and begun(visit.store))


def demand(visit: Visit, right: Right) -> None:
    """Refuse who may not. Raises Forbidden."""
    if not may_change(visit, right):
        raise Forbidden


def step_done(visit: Visit, step: Step, **detail: Any) -> str:
    """Note that somebody went through a step, unless it still lacks something; give the path of the next."""
    if step.name not in lacking(visit, load_agency(visit.agency.folder)):  # what was saved just now counts
        visit.log(STEP, step=step.name, **detail)
    steps = steps_of(visit)
    at = steps.index(step)
    return steps[at + 1].path if at + 1 < len(steps) else "/setup"
