"""Two testers, one call, each blind to the other; what they say apart, what a reviewer settles, and objections.

A round begins with a first opinion, or with an objection of the person tested: then the result that stands is the
first. A second listener's opinion follows, and a reviewer's decision ends it. Every step is an entry that stays.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from harness.agency import Agency
from harness.errors import WrongInput
from harness.kept_sheet import KeptSheet, kept_sheet
from harness.results import add_result
from harness.rounds import FIRST, OBJECTION, SECOND, SETTLED, Entry, open_round, round_with_both, same_name
from harness.scoring import rubric_errors, score_said
from harness.store import Store
from rubric.agreement import agreement, differing, disagreements, settle
from rubric.sheet import to_dict

MACHINE = "machine"
"""Who stands for the first opinion where nobody had judged."""
FEW_PAIRS = 30
"""κ of fewer pairs than this means little."""


def add_opinion(call_id: str, said: dict[str, Any], *, who: str, agency: Agency, store: Store) -> dict[str, Any]:
    """Keep one tester's answers; what the other one said is not shown.

    Raises:
        FactsError: the answers, every fault of them.
        WrongInput: both are in, or the same person comes twice.
    """
    kept = kept_sheet(call_id, agency=agency, store=store)
    name = _required(who)
    sheet = to_dict(score_said(kept.form, kept.facts, said, on=kept.day))
    with store.writing():
        now = open_round(call_id, store)
        if not now.entries and kept.answers is not None:  # somebody scored it already: that is the first opinion
            _add(store, kept, now.number, FIRST, kept.who or MACHINE, kept.answers, kept.sheet, blind=False)
            now = open_round(call_id, store)
        if now.both_in:
            raise WrongInput("review.both_in", call_id=call_id)
        if same_name(name) in now.people:
            raise WrongInput("review.same_person", who=name, call_id=call_id)
        seat = SECOND if FIRST in now.entries else FIRST
        blind = seat == FIRST or bool(now.entries[FIRST]["detail"]["blind"])
        _add(store, kept, now.number, seat, name, said, sheet, blind=blind)
    return {"call_id": call_id, "round": now.number, "seat": seat, "blind": blind, "who": name, "sheet": sheet}


def compare(call_id: str, *, agency: Agency, store: Store) -> dict[str, Any]:
    """What the two opinions of a call's last round say apart. Refused until both are in."""
    kept = kept_sheet(call_id, agency=agency, store=store)
    last = round_with_both(call_id, store)
    first, second = (last.entries[seat] for seat in (FIRST, SECOND))
    sheets = [entry["detail"]["sheet"] for entry in (first, second)]
    settled = last.entries.get(SETTLED)
    return {
        "call_id": call_id,
        "round": last.number,
        "blind": bool(second["detail"]["blind"]),
        "objection": _without_sheet(last.entries.get(OBJECTION)),
        "first": _seat(first),
        "second": _seat(second),
        "differences": [asdict(one) for one in disagreements(*sheets)],
        "to_settle": list(differing(kept.form, *(entry["detail"]["answers"] for entry in (first, second)))),
        "settled": _without_sheet(settled),
    }


def agreement_of(form: str, store: Store) -> dict[str, Any]:
    """How far testers agree, item by item, over every call that two scored blind by a form: Cohen's κ with its n."""
    pairs = [pair for pair in store.reviews.pairs() if all(one["sheet"]["form"] == form for one in pair)]
    blind = [(first["sheet"], second["sheet"]) for first, second in pairs if second["blind"]]
    items = [asdict(one) | {"few": one.n < FEW_PAIRS} for one in agreement(blind)]
    return {"form": form, "pairs": len(blind), "not_blind": len(pairs) - len(blind), "items": items}


def settle_opinions(
    call_id: str, decisions: dict[str, Any], *, who: str, reason: str = "", agency: Agency, store: Store
) -> dict[str, Any]:
    """Let a reviewer decide what differs; the sheet that comes of it counts from now on.

    Raises:
        Refused: both opinions are not in.
        FactsError: every difference without a decision and a reason; every decision about none.
        WrongInput: the reviewer had a say himself, the round is settled, or an objection is decided without reason.
    """
    kept = kept_sheet(call_id, agency=agency, store=store)
    name = _required(who)
    last = round_with_both(call_id, store)
    if SETTLED in last.entries:
        raise WrongInput("review.settled", call_id=call_id)
    if same_name(name) in last.people:
        raise WrongInput("review.own_case", who=name, call_id=call_id)
    if OBJECTION in last.entries and not reason.strip():
        raise WrongInput("review.reason", call_id=call_id)
    first, second = (last.entries[seat]["detail"]["answers"] for seat in (FIRST, SECOND))
    with rubric_errors():
        final, log = settle(kept.form, first, second, decisions, reviewer=name)
    sheet = to_dict(score_said(kept.form, kept.facts, final, on=kept.day))
    changed = _points(sheet) != _points(kept.sheet)
    detail = {"log": [asdict(one) for one in log], "reason": reason.strip(), "changed": changed}
    with store.writing():
        version = add_result(kept, final, sheet, who=name, agency=agency, store=store)
        store.reviews.add(call_id, round_no=last.number, what=SETTLED, who=name, detail=detail | {"sheet": version})
        store.log.write("settled", who=name, call_id=call_id, detail={"round": last.number, **detail})
    return {"call_id": call_id, "round": last.number, "who": name, "version": version, "sheet": sheet, **detail}


def object_to(
    call_id: str, *, who: str, reason: str, items: tuple[str, ...] = (), agency: Agency, store: Store
) -> dict[str, Any]:
    """Keep an objection of the person tested; the result that stands is the first opinion of its round.

    Raises:
        WrongInput: no reason, an item that the form has not, or a round that is not settled yet.
    """
    kept = kept_sheet(call_id, agency=agency, store=store)
    name = _required(who)
    if not reason.strip():
        raise WrongInput("review.reason", call_id=call_id)
    unknown = [one for one in items if one not in {item.id for item in kept.form.items}]
    if unknown:
        raise WrongInput("review.no_item", items="、".join(unknown), form=kept.form.id)
    detail = {"reason": reason.strip(), "items": list(items)}
    with store.writing():
        now = open_round(call_id, store)
        if now.entries:
            raise WrongInput("review.pending", call_id=call_id)
        store.reviews.add(call_id, round_no=now.number, what=OBJECTION, who=name, detail=detail)
        store.log.write("objected", who=name, call_id=call_id, detail={"round": now.number, **detail})
        _add(store, kept, now.number, FIRST, kept.who or MACHINE, kept.answers or {}, kept.sheet, blind=False)
    return {"call_id": call_id, "round": now.number, "who": name, **detail}


def _add(
    store: Store, kept: KeptSheet, number: int, seat: str, who: str, said: Any, sheet: dict[str, Any], *, blind: bool
) -> None:
    detail = {"answers": said, "sheet": sheet, "blind": blind}
    store.reviews.add(kept.call_id, round_no=number, what=seat, who=who, detail=detail)
    # Who and when, never what: the log is read by everybody.
    store.log.write("opinion", who=who, call_id=kept.call_id, detail={"round": number, "seat": seat, "blind": blind})


def _required(who: str) -> str:
    if not who.strip():
        raise WrongInput("review.who")
    return who.strip()


def _seat(entry: Entry) -> dict[str, Any]:
    sheet = entry["detail"]["sheet"]
    return {"who": entry["who"], "at": entry["at"], "total": sheet["total"], "answers": entry["detail"]["answers"]}


def _without_sheet(entry: Entry | None) -> dict[str, Any] | None:
    return None if entry is None else {"who": entry["who"], "at": entry["at"], **entry["detail"]}


def _points(sheet: dict[str, Any]) -> dict[str, Any]:
    return {item["id"]: item["points"] for item in sheet["items"]} | {"total": sheet["total"]}
