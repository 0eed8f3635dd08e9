"""A reviewer's marks beside the machine's: what a leg was by a person's ear, why, and what that makes of the sheet.

The machine's measurement is never touched; a correction is a line of the log and a sheet of its own, which counts from
then on. Seconds are those of the recording.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isfinite
from typing import Any

from harness.agency import Agency
from harness.changes import Change, changed_points
from harness.errors import Refused, WrongInput
from harness.facts import FACT_OF_OUTCOME
from harness.kept_call import write_page
from harness.kept_sheet import KeptSheet, kept_sheet
from harness.rounds import is_pending
from harness.scoring import frozen, score_said
from harness.store import Store
from rubric.sheet import to_dict

OUTCOMES = tuple(FACT_OF_OUTCOME)
"""What a leg may have come to, by a person's word."""
MOST_RINGS = 99
LOGGED = "mark_corrected"


@dataclass(frozen=True, kw_only=True)
class Marks:
    """One leg as a person marks it; None: not known."""

    outcome: str
    """One of OUTCOMES."""
    ring_onset_s: float | None = None
    """Where the first ring begins."""
    pick_up_earliest_s: float | None = None
    """From when on it may have been picked up."""
    pick_up_latest_s: float | None = None
    """Until when."""
    rings: int | None = None
    """Rings that had begun by then."""


@dataclass(frozen=True, kw_only=True)
class Corrected:
    """What a correction makes of a sheet."""

    call_id: str
    """The call."""
    leg: str
    """The leg."""
    outcome: str
    """What the person says that it came to, one of OUTCOMES."""
    before: dict[str, Any]
    """The leg's facts as they counted."""
    after: dict[str, Any]
    """And as they are now."""
    points: tuple[Change, ...]
    """Items whose points change."""
    version: int | None = None
    """Number of the new sheet; None: nothing was kept."""


def marks_of(leg: dict[str, Any]) -> Marks:
    """The marks that a leg's facts say; of several possible ring counts none."""
    fewest, most = _ends(leg.get("rings"))
    first, last = _ends(leg.get("pick_up_s"))
    return Marks(
        outcome=leg["outcome"],
        ring_onset_s=leg.get("ring_onset_s"),
        pick_up_earliest_s=first,
        pick_up_latest_s=last,
        rings=fewest if fewest == most else None,
    )


def _ends(value: Any) -> tuple[Any, Any]:
    """The ends of what facts say: an interval, one number, or nothing."""
    return (value["earliest"], value["latest"]) if isinstance(value, dict) else (value, value)


def correct_mark(
    call_id: str,
    leg: str,
    marks: Marks,
    *,
    who: str,
    reason: str,
    agency: Agency,
    store: Store,
    try_only: bool = False,
) -> Corrected:
    """Put a person's marks of a leg beside the machine's, and score by them; `try_only` keeps nothing.

    Raises:
        WrongInput: no such leg, marks that cannot be, nothing that differs, or no reason.
        Refused: testers are at work on the call blind to one another: its facts stay until that is settled.
    """
    kept = kept_sheet(call_id, agency=agency, store=store)
    if is_pending(call_id, store):
        raise Refused("correction.pending", call_id=call_id)
    if not reason.strip() and not try_only:
        raise WrongInput("correction.reason")
    before = kept.facts.get("legs", {}).get(leg)
    if before is None:
        raise WrongInput("correction.no_leg", call_id=call_id, leg=leg)
    _check(marks, kept.call["record"]["duration_s"])
    after = _leg_of(before, marks)
    if marks == marks_of(before):
        raise WrongInput("correction.same")
    told: dict[str, Any] = {"outcome": marks.outcome, "who": who, "reason": reason, "try_only": try_only}
    return put_in_place(kept, leg, after, agency=agency, store=store, **told)


def put_in_place(
    kept: KeptSheet,
    leg: str,
    after: dict[str, Any],
    *,
    outcome: str,
    who: str,
    reason: str,
    agency: Agency,
    store: Store,
    try_only: bool = False,
) -> Corrected:
    """Score by other facts of a leg, which are somebody's word from then on. Raises WrongInput where none differs."""
    before = kept.facts["legs"][leg]
    if after == before:
        raise WrongInput("correction.same")
    facts = _facts(kept.facts, leg, after, who)
    sheet = to_dict(score_said(kept.form, facts, kept.answers, on=kept.day))
    done = Corrected(
        call_id=kept.call_id,
        leg=leg,
        outcome=outcome,
        before=before,
        after=after,
        points=(*changed_points(kept.sheet, sheet), *_still_open(kept.sheet, sheet)),
    )
    return done if try_only else replace(done, version=_keep(kept, done, facts, sheet, who, reason, agency, store))


def corrections(call_id: str, store: Store) -> list[dict[str, Any]]:
    """A call's corrections, oldest first: at, who, and in `detail` leg, before, after, reason and sheet."""
    return [one for one in store.log.of(call_id) if one["what"] == LOGGED]


def with_corrections(facts: dict[str, Any], call_id: str, store: Store) -> dict[str, Any]:
    """Facts of an ear with what people corrected since: theirs is the last word."""
    for one in corrections(call_id, store):
        if one["detail"]["leg"] in facts.get("legs", {}):
            facts = _facts(facts, one["detail"]["leg"], one["detail"]["after"], one["who"])
    return facts


def _facts(facts: dict[str, Any], leg: str, after: dict[str, Any], who: str) -> dict[str, Any]:
    evidence = facts.get("evidence", {})
    if leg == "unit" and after["outcome"] == "busy":  # what was known before it was said to be engaged
        facts = {name: value for name, value in facts.items() if name != "unit_busy"}
    traces = [*(one for one in evidence.get(leg, ()) if not one.startswith("reviewer:")), f"reviewer:{who}"]
    return facts | {"legs": facts["legs"] | {leg: after}, "evidence": evidence | {leg: traces}}


def _still_open(before: dict[str, Any], after: dict[str, Any]) -> tuple[Change, ...]:
    """Items without points, for want of a person's word, whose possible points are other ones."""
    old = {item["id"]: item for item in before["items"]}
    return tuple(
        Change(
            what=item["id"],
            before=_possible(old[item["id"]]),
            after=_possible(item),
            why={"zh": item["why"], "en": item.get("why_en", "")},
        )
        for item in after["items"]
        if item["points"] is None and old[item["id"]]["points"] is None
        if _possible(item) != _possible(old[item["id"]])
    )


def _possible(item: dict[str, Any]) -> str:
    return "（" + " / ".join(f"{one:g}" for one in item.get("candidates", ())) + "）"


def _check(marks: Marks, duration_s: float) -> None:
    """Raise WrongInput where marks cannot be: nothing is put right by itself."""
    if marks.outcome not in OUTCOMES:
        raise WrongInput("correction.outcome", value=marks.outcome)
    if marks.rings is not None and not 0 <= marks.rings <= MOST_RINGS:
        raise WrongInput("correction.rings", most=MOST_RINGS)
    if marks.outcome != "answered":
        return
    ends = (marks.pick_up_earliest_s, marks.pick_up_latest_s)
    if None in ends and ends != (None, None):
        raise WrongInput("correction.half")
    order = [one for one in (marks.ring_onset_s, *ends) if one is not None]
    if any(not isfinite(one) for one in order) or order != sorted(order):
        raise WrongInput("correction.order")
    if order and (order[0] < 0 or (duration_s and order[-1] > duration_s)):
        raise WrongInput("correction.outside", seconds=f"{duration_s:.1f}")


def _leg_of(before: dict[str, Any], marks: Marks) -> dict[str, Any]:
    """A leg's facts by a person's marks; what they do not speak of stays."""
    measured = ("rings", "rings_source", "answer_latency_s", "ring_onset_s", "pick_up_s", "fault_confirmed")
    fact = FACT_OF_OUTCOME[marks.outcome]
    leg = {name: value for name, value in before.items() if name not in measured} | {"outcome": fact}
    if fact == "fault_theirs":  # refused, or no way there: whose fault that was is confirmed by itself
        leg["fault_confirmed"] = marks.outcome == fact
    if marks.outcome != "answered":
        return {name: value for name, value in leg.items() if name not in ("provisional", "answerer")}
    first, last, onset = marks.pick_up_earliest_s, marks.pick_up_latest_s, marks.ring_onset_s
    if onset is not None:
        leg["ring_onset_s"] = onset
    if first is not None and last is not None:
        leg["pick_up_s"] = {"earliest": first, "latest": last}
        if onset is not None:
            leg["answer_latency_s"] = {"earliest": round(first - onset, 4), "latest": round(last - onset, 4)}
    if marks.rings is not None:
        leg |= {"rings": {"earliest": marks.rings, "latest": marks.rings}, "rings_source": "heard"}
    return leg


def _keep(
    kept: KeptSheet,
    done: Corrected,
    facts: dict[str, Any],
    sheet: dict[str, Any],
    who: str,
    reason: str,
    agency: Agency,
    store: Store,
) -> int:
    """Keep the sheet beside the others, with the answers that were given, and the line of the log."""
    last = kept.call["sheets"][-1]
    with store.writing():
        version = store.add_sheet(
            kept.call_id,
            sheet,
            facts=facts,
            answers_id=last["answers_id"],
            form=frozen(kept.form),
            row=kept.row(sheet, agency),
        )
        if version != kept.version + 1:
            raise Refused("correction.meanwhile", call_id=kept.call_id)
        told = {"leg": done.leg, "before": done.before, "after": done.after, "reason": reason.strip()}
        told["outcome"] = done.outcome
        store.log.write(LOGGED, who=who, call_id=kept.call_id, detail=told | {"sheet": version})
    write_page(kept.call, sheet, kept.form, agency)
    return version
