"""What a call tells of its menu, for the rubric: may it be cut short, when is the operator's key said, was it busy.

基隆市附件三 A1.3 asks all three. Each fact is left out where nobody knows it.
"""

from __future__ import annotations

from typing import Any

from harness.prompts.heard_mark import HEARD
from harness.prompts.kinds import OPERATOR_BUSY
from harness.prompts.known import KnownPrompts
from harness.record import CallRecord
from harness.walk.barge_in import CUT, NOT_CUT


def menu_facts(facts: dict[str, Any], record: CallRecord, known: KnownPrompts) -> dict[str, Any]:
    """Give a call's facts with what is known of its menu, and the evidence of each."""
    told = [one for one in (_barge_in(record), _code(known), _busy(facts, known)) if one is not None]
    evidence = {name: seen for name, _, seen in told if seen}
    added = {name: value for name, value, _ in told}
    kept = facts.get("evidence", {}) | evidence
    return facts | added | ({"evidence": kept} if kept else {})


Fact = tuple[str, Any, list[str]]


def _barge_in(record: CallRecord) -> Fact | None:
    """The probe's verdict, as the walk kept it; of several the first that knows."""
    for act in (one for one in record.acts if one.do == "barge_in"):
        verdict, *seen = act.detail.split()
        if verdict in (CUT, NOT_CUT):
            return "menu_barge_in", verdict == CUT, seen
    return None


def _code(known: KnownPrompts) -> Fact | None:
    if known.operator_code_s is None:
        return None
    marks = [one for one in known.marks if one.what == "operator" and one.at_s is not None]
    seen = [f"heard:{one.name}@{one.at_s.middle:.3f}" for one in marks[:1] if one.at_s is not None]
    return "operator_code_s", known.operator_code_s.to_dict(), seen


def _busy(facts: dict[str, Any], known: KnownPrompts) -> Fact | None:
    """True where it was heard and nobody came; false where somebody answered; else nobody knows."""
    marks = [one for one in known.marks if one.kind == OPERATOR_BUSY and one.status == HEARD and one.at_s is not None]
    operator = facts["legs"].get("operator")
    answered = operator is not None and operator["outcome"] == "answered" and operator.get("answerer") != "recording"
    if marks and not answered:
        seen = [f"heard:{one.name}@{one.at_s.middle:.3f}" for one in marks if one.at_s is not None]
        return "operator_busy_recording", True, seen
    return ("operator_busy_recording", False, []) if answered else None
