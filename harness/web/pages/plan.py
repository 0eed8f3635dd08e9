"""The month: how far it has got, its rules, its seal; draw it, call a day off, and see its times where one may."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from starlette.responses import Response

from harness.errors import NotFound, WrongInput
from harness.programme.decided import decide, undecided
from harness.programme.month import draw_and_seal, kept_plan
from harness.programme.month_plan import MonthPlan
from harness.programme.readiness import before_dialling
from harness.programme.redraw import call_off
from harness.programme.round_months import has_rounds, next_with_rounds
from harness.programme.rules import Rule, rules_of
from harness.programme.seal import new_seed, seal_of
from harness.programme.settings import read_programme
from harness.store.plans import CALLED_OFF, DONE, DROPPED, WAITING
from harness.web.declared import Nav, page, waits
from harness.web.done import done, said
from harness.web.page_links import may_open
from harness.web.problems import Hidden
from harness.web.reckoned import remembering
from harness.web.rights import Right
from harness.web.visit import Visit
from harness.web.years import in_sentence
from harness.words import chosen, label
from rubric.periods import days_of, period_named, period_of

EARLIER = 12
"""Drawn months that are listed beside this and the next."""
Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Month:
    """A month as a path names it."""

    name: str
    """2026-11."""
    over: bool
    """Whether its last day has passed: then nothing of it is secret."""
    open: bool
    """Whether it is this month or the next: only these are drawn."""
    drawn: bool
    """Whether it was drawn."""


def month_of(visit: Visit, month: str) -> Month:
    """The month that a path names, drawn or to be drawn; Hidden where it is neither."""
    try:
        name = period_named(month, "month")
    except ValueError:
        raise Hidden from None
    this, coming = _this_and_next(visit)
    drawn = visit.store.plans.of(name) is not None
    if name != month or not (drawn or name in (this, coming)):
        raise Hidden
    return Month(name=name, over=name < this, open=name in (this, coming), drawn=drawn)


@page("/plan", right=Right.SEE_PROGRAMME, nav=Nav(50, "plan.nav"))
def overview(visit: Visit) -> Response:
    """This month and the next, and the months before."""
    shown = [month_of(visit, name) for name in _this_and_next(visit)]
    names = {one.name for one in shown}
    earlier = [row for row in visit.store.plans.months() if row["month"] not in names][-EARLIER:]
    told: Row = {"months": [_progress(visit, one) for one in shown], "earlier": earlier[::-1], "note": said(visit)}
    return visit.page("plan.html", **told, today=_today(visit))


@page("/plan/{month}", right=Right.SEE_PROGRAMME, of=month_of)
def one(visit: Visit, month: Month) -> Response:
    """One month."""
    may_see = month.over and (visit.may(Right.SEE_PLAN) or visit.may(Right.SEE_REPORTS))
    tests = _tests(visit, month) if may_see and month.drawn else None
    told: Row = {"one": _progress(visit, month), "tests": tests, "unknown": _unknown(visit, month)}
    return visit.page("plan_month.html", **told, note=said(visit), revealed=False)


@waits("decided.to_decide", "/plan", right=Right.CHANGE_PLAN)
def to_decide(visit: Visit) -> int:
    """Tests that are unknown."""
    return len(visit.store.plans.unknown())


@page("/plan/{month}/settle", right=Right.CHANGE_PLAN, method="POST", of=month_of)
def settle(visit: Visit, month: Month) -> Response:
    """Keep what somebody decided of a test that is unknown: it is given up, or a call stands for it."""
    test, chosen_call, reason = visit.text("test"), visit.text("as", most=100), visit.text("reason", most=400)
    if test not in {one.test.id for one in undecided(visit.agency, visit.store, month=month.name)}:
        raise Hidden
    if not chosen_call:
        raise WrongInput("decided.not_chosen")
    if not reason:
        raise WrongInput("decided.no_reason")
    call_id = "" if chosen_call == DROPPED else chosen_call
    told: Row = {"agency": visit.agency, "store": visit.store, "who": visit.person.name, "now": visit.now}
    decide(test, reason=reason, call_id=call_id, **told)
    return done(visit, f"/plan/{month.name}", "decided.kept", test=test)


def _unknown(visit: Visit, month: Month) -> list[Row]:
    """The tests that wait for a decision, for whom it is to take: what was dialled is no secret any more."""
    if not visit.may(Right.CHANGE_PLAN):
        return []
    return [
        {"test": one.test, "unit": title_of(visit, one.test.unit), "since": one.since, "calls": _moments(one.calls)}
        for one in undecided(visit.agency, visit.store, month=month.name)
    ]


def _moments(calls: tuple[Row, ...]) -> list[Row]:
    return [one | {"at": datetime.fromisoformat(one["started_at"])} for one in calls]


@page("/plan/{month}/times", right=Right.SEE_PLAN, method="POST", of=month_of)
def reveal(visit: Visit, month: Month) -> Response:
    """The allocation of a month that is not over: whom, when and by whom. Whoever looks is written down first."""
    tests = _tests(visit, month)
    visit.log("plan_revealed", month=month.name)
    told: Row = {"one": _progress(visit, month), "tests": tests, "unknown": _unknown(visit, month)}
    return visit.page("plan_month.html", **told, note="", revealed=True)


@page("/plan/{month}/rules", right=Right.SEE_PROGRAMME, of=month_of)
def rules(visit: Visit, month: Month) -> Response:
    """Which rules are met. What is lacking names units, which would tell who is not planned."""
    found = rules_of(visit.agency, month.name, visit.store, reckon=remembering(visit.site))
    rows = [
        {"met": one.met, "what": _in_words(one.what), "lacking": _in_words(one.lacking), **_stands_in(visit, one)}
        for one in found
    ]
    told: Row = {"one": month, "rules": rows, "named": month.over or visit.may(Right.SEE_PLAN)}
    return visit.page("plan_rules_part.html" if visit.by_htmx else "plan_rules.html", **told)


def _stands_in(visit: Visit, rule: Rule) -> Row:
    """Where a rule stands, by the name of the page on which it is changed, where it has one."""
    title, at = {
        "programme.toml": (label("settings.programme"), "/settings/programme"),
        "units.csv": (label("settings.units"), "/settings/units"),
    }.get(rule.source, (rule.source, ""))
    return {"source": title, "page": at if at and may_open(visit, at) else ""}


@page("/plan/{month}/draw", right=Right.CHANGE_PLAN, method="POST", of=month_of)
def draw(visit: Visit, month: Month) -> Response:
    """Draw and seal this month or the next."""
    if not month.open:
        raise Hidden
    drawn = draw_and_seal(visit.agency, month.name, visit.store, seed=new_seed(), now=visit.now)
    visit.log("plan_drawn", month=month.name, seal=seal_of(drawn))
    return done(visit, f"/plan/{month.name}", "plan.drawn", month=month.name, tests=len(drawn.tests))


@page("/plan/off", right=Right.CHANGE_PLAN, method="POST")
def off(visit: Visit) -> Response:
    """No tests on a day, a typhoon's say: what was due is drawn anew for other days."""
    day, reason = _day(visit), visit.text("reason", most=200)
    if not visit.text("sure"):
        raise WrongInput("plan.not_sure")
    if not reason:
        raise WrongInput("plan.no_reason")
    moved, dropped = call_off(visit.agency, day, visit.store, reason=reason, now=visit.now)
    visit.log("day_called_off", day=str(day), reason=reason, moved=len(moved), dropped=len(dropped))
    return done(visit, "/plan", "plan.off_done", day=day, moved=len(moved), dropped=len(dropped))


def _day(visit: Visit) -> date:
    try:
        day = date.fromisoformat(visit.text("day", most=10))
    except ValueError:
        raise WrongInput("plan.which_day") from None
    if day < _today(visit):
        raise WrongInput("plan.day_over", day=day)
    return day


def _today(visit: Visit) -> date:
    return visit.now.astimezone(visit.agency.zone).date()


def _this_and_next(visit: Visit) -> tuple[str, str]:
    today = _today(visit)
    first, last = days_of(period_of(today, "month"))
    return f"{first:%Y-%m}", f"{date.fromordinal(last.toordinal() + 1):%Y-%m}"


def _progress(visit: Visit, month: Month) -> Row:
    """How far a month has got: figures, and for those who may see the plan what could not be drawn."""
    told: Row = {"name": month.name, "over": month.over, "open": month.open, "drawn": month.drawn}
    if not month.drawn:
        settings = read_programme(visit.agency.folder)
        none = not has_rounds(settings, month.name)
        return told | {"following": next_with_rounds(settings, month.name) if none else ""}
    plan, seal = kept_plan(month.name, visit.store)
    states = {row["test_id"]: row["state"] for row in visit.store.plans.tests(month.name)}
    named = month.over or visit.may(Right.SEE_PLAN)
    told |= {"seal": seal, "drawn_at": plan.drawn_at, "rounds": _rounds(plan, states), **_counts(list(states.values()))}
    told["inputs"] = visit.store.plans.inputs(month.name) is not None
    told["unmet"] = [_in_words(one.what) for one in plan.unmet] if named else []
    told["warnings"] = [_in_words(one) for one in before_dialling(visit.agency, plan, now=visit.now)] if named else []
    return told


def _rounds(plan: MonthPlan, states: dict[str, str]) -> list[Row]:
    rounds = sorted({test.round for test in plan.tests})
    found = {number: [states.get(test.id, "") for test in plan.tests if test.round == number] for number in rounds}
    return [{"number": number, **_counts(found[number])} for number in rounds]


def _counts(states: list[str]) -> Row:
    counts = Counter(states)
    waiting = sum(counts[one] for one in WAITING)
    told = {
        "tests": len(states),
        "done": counts[DONE],
        "waiting": waiting,
        "dropped": counts[CALLED_OFF] + counts[DROPPED],
    }
    return told | {"unclear": len(states) - waiting - told["done"] - told["dropped"]}


def _tests(visit: Visit, month: Month) -> list[Row]:
    """分配表: the month's tests in order of the time they are due now."""
    if not month.drawn:
        raise NotFound("programme.not_drawn", month=month.name)
    plan, _ = kept_plan(month.name, visit.store)
    of = {test.id: test for test in plan.tests}
    return [
        {
            "at": datetime.fromisoformat(row["due_at"]),
            "round": of[row["test_id"]].round,
            "unit": title_of(visit, of[row["test_id"]].unit),
            "tester": of[row["test_id"]].tester,
            "state": row["state"],
        }
        for row in visit.store.plans.tests(month.name)
        if row["test_id"] in of
    ]


def title_of(visit: Visit, unit: str) -> str:
    """What a unit is called; its code where the directory has it no more."""
    return next((one.name or one.unit for one in visit.agency.units if one.unit == unit), unit)


def _in_words(told: dict[str, str] | None) -> str:
    return in_sentence(chosen(told["zh"], told["en"])) if told else ""
