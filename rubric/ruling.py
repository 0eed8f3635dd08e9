"""What one item is worth: by the machine where it may decide, else by the tester, else open and why."""

from dataclasses import replace
from decimal import Decimal

from rubric.answer import Answer
from rubric.by_machine import Ruling, is_measured, measured
from rubric.by_tester import judged
from rubric.case import Case
from rubric.facts import LegFacts
from rubric.schema import Item
from rubric.sheet import OPEN, UNTESTED, VOID, ItemScore
from rubric.words import phrase, say

_UNDECIDED = {"busy", "pending", "guess", "unsure", "recording"}


def rule(case: Case, item: Item) -> ItemScore:
    """The item's line on the sheet. What is wrong with its answer is added to the case's problems."""
    if case.alone is not None and case.form.group(item.group).part != case.alone.id:
        why = phrase("why.part_alone", part=case.alone.short or case.alone.text)
        return case.outside(item, "exclude", why)
    applies = _applies(case, item)
    if applies is False:
        return _outside(case, item)
    if applies is None and case.answer(item) is None:
        return _untested(case, item) if case.part_untested(item) else _unknown(case, item)
    state = case.state(item)
    if state == "void":  # our own trunk's failure is never a unit's zero
        if case.answer(item) is not None or case.observed(item) is not None:
            case.refuse("answers.void", item)
        return case.left(item, phrase("why.void", leg=case.leg_text(item)), status=VOID)
    if case.observed(item) is False:
        return _never_rung(case, item) if case.part_untested(item) else _unobserved(case, item, "tester")
    return _reached(case, item, state)


def _applies(case: Case, item: Item) -> bool | None:
    """Whether the item counts; `None` when that hangs on a fact nobody knows."""
    group = case.form.group(item.group)
    if group.choose == "one" and case.answer(item) is None:
        siblings = case.form.items_of(group.id)
        if any(case.answers.items.get(other.id) for other in siblings):  # the tester chose the other one
            return bool(item.applies_if and case.holds(item.applies_if))
    held = [case.holds(text) for text in (group.applies_if, item.applies_if) if text]
    if False in held:
        return False
    return None if None in held else True


def _outside(case: Case, item: Item) -> ItemScore:
    if case.answer(item) is not None:
        case.refuse("answers.not_applicable", item)
    policy = item.na_policy or case.form.group(item.group).na_policy or case.form.na_policy
    return case.outside(item, policy, phrase("why.not_applicable"))


def _unobserved(case: Case, item: Item, by: str) -> ItemScore:
    """Nobody was reached: 0, marked 「未能觀察」, or out of the sum, as the agency set it."""
    if case.answer(item) is not None:
        case.refuse("answers.unobserved", item, leg=case.leg_text(item))
    why = phrase("why.unobserved", leg=case.leg_text(item))
    if case.form.settings.unobserved.value == "exclude_and_rescale":
        return case.outside(item, "reallocate_in_part", why)
    return case.scored(item, Decimal(0), by, why)


def _reached(case: Case, item: Item, state: str) -> ItemScore:
    leg = case.leg(item)
    if state == "absent":
        return _absent(case, item)
    if state == "provisional" and case.if_persons is not None:
        return _provisional(case, case.if_persons, item)
    if state in _UNDECIDED:
        return _undecided(case, item, state)
    if is_measured(item, state) and leg is not None:
        ruling = measured(case, item, leg, state)
        if ruling is not None:
            return _with_answer(case, item, ruling)
    if state in ("no_answer", "fault") and case.observed(item) is not True:
        return _unobserved(case, item, "machine")
    return _by_note(case, item)


def _provisional(case: Case, if_persons: Case, item: Item) -> ItemScore:
    """Open until somebody says 真人 or 錄音, beside it what the item would be worth if a person answered."""
    line = rule(if_persons, item)
    possible = line.candidates if line.points is None else (line.points,)
    if not possible:
        return line
    told = {
        lang: say("why.provisional", lang, leg=case.leg_text(item), why=why)
        for lang, why in {"zh": line.why, "en": line.why_en}.items()
    }
    return replace(
        line,
        status=OPEN,
        points=None,
        by=None,
        candidates=possible,
        meets_standard=None,
        why=told["zh"],
        why_en=told["en"],
    )


def _absent(case: Case, item: Item) -> ItemScore:
    """A leg that did not happen was not tested; only a person's own word can stand for it."""
    answer = case.answer(item)
    if answer is not None and (answer.reason or not is_measured(item, "answered")):
        return judged(case, item, answer)
    if answer is not None:
        case.refuse("answers.reason_wanted", item, machine="—")
    return _untested(case, item)


def _untested(case: Case, item: Item) -> ItemScore:
    """Without points for good, and nobody is asked; or open, where somebody began to judge what was not measured."""
    status = UNTESTED if case.untested(item) else OPEN
    return case.left(item, phrase("why.untested", leg=case.leg_text(item)), status=status)


def _never_rung(case: Case, item: Item) -> ItemScore:
    """「未能觀察」 is for who was rung and not reached; a part that was never rung gets no zero on anybody's word."""
    case.refuse("answers.never_rung", item, leg=case.leg_text(item))
    return _untested(case, item)


def _unknown(case: Case, item: Item) -> ItemScore:
    return case.left(item, phrase("why.fact_unknown"))


def _undecided(case: Case, item: Item, state: str) -> ItemScore:
    """Engaged, to be dialled again, a fault not confirmed, an answer too late or not: a person decides."""
    answer = case.answer(item)
    leg = case.leg(item)
    why = phrase(f"why.{state}", leg=case.leg_text(item), minutes=_retry(case, leg, item))
    if answer is None:
        return case.left(item, why)
    chosen = next((one for one in item.options if one.id == answer.option), None)
    confirms = state == "guess" and chosen is not None and "fault_theirs" in chosen.outcome
    if confirms or answer.reason:
        return judged(case, item, answer)
    case.refuse("answers.reason_wanted", item, machine="—")
    return case.left(item, why)


def _retry(case: Case, leg: LegFacts | None, item: Item) -> int:
    name = case.form.group(item.group).leg
    return (case.form.legs[name].retry_after_minutes if name else None) or 10


def _by_note(case: Case, item: Item) -> ItemScore:
    """「無無人接聽情形，本項給分」: what did not occur earns its points by the form's own note."""
    if item.full_if is None:
        return _by_tester(case, item)
    held = case.holds(item.full_if)
    if held is True:
        why = phrase("why.note", why=item.full_why or phrase("why.note_plain"))
        return _with_answer(case, item, Ruling((item.max,), why, by="note"))
    if held is None and case.answer(item) is None:
        return _unknown(case, item)
    return _by_tester(case, item)


def _by_tester(case: Case, item: Item) -> ItemScore:
    return judged(case, item, case.answer(item))


def _with_answer(case: Case, item: Item, ruling: Ruling) -> ItemScore:
    """A ruling of the machine or of a note, and what a person says of it: against it, only with a reason."""
    answer = case.answer(item)
    own = _ruled(case, item, ruling)
    if answer is None:
        return own
    if answer.unsettled and len(ruling.candidates) > 1:
        # What nobody can settle takes the value better for the person tested.
        return case.scored(item, max(ruling.candidates), "tester", phrase("why.unsettled", why=ruling.why))
    if _against_outcome(case, item, answer):
        return own
    return _person_over_machine(case, item, ruling, answer, own)


def _person_over_machine(case: Case, item: Item, ruling: Ruling, answer: Answer, own: ItemScore) -> ItemScore:
    given = judged(case, item, _completed(answer, ruling))
    if given.points is None:
        return own
    if not _possible_under_outcome(case, item, given.points):
        return own
    if ruling.candidates == (given.points,):
        return own  # they agree
    if given.points in ruling.candidates:
        return given
    if not answer.reason:
        case.refuse("answers.reason_wanted", item, machine=ruling.candidates)
        return own
    settled = ruling.candidates[0] if len(ruling.candidates) == 1 else None
    return case.scored(
        item,
        given.points,
        "tester",
        phrase("why.override", points=given.points, machine=ruling.candidates or "—", reason=answer.reason),
        option=given.option,
        ticks=given.ticks,
        machine_points=settled,
        candidates=ruling.candidates,
        reason=answer.reason,
        meets_standard=own.meets_standard,
    )


def _completed(answer: Answer, ruling: Ruling) -> Answer:
    """Ticking the very option the machine chose needs no number beside it."""
    same = answer.option is not None and answer.option == ruling.option
    if not same or answer.points is not None or len(ruling.candidates) != 1:
        return answer
    return Answer(option=answer.option, points=ruling.candidates[0], reason=answer.reason)


def _against_outcome(case: Case, item: Item, answer: Answer) -> bool:
    """An outcome in the facts is final: no reason lets 「無人接聽」 be ticked on an answered call."""
    leg = case.leg(item)
    chosen = next((one for one in item.options if one.id == answer.option), None)
    if leg is None or chosen is None or not chosen.outcome or leg.outcome in chosen.outcome:
        return False
    case.refuse("answers.outcome_final", item, option=chosen.id, outcome=phrase(f"outcome.{leg.outcome}"))
    return True


def _possible_under_outcome(case: Case, item: Item, points: Decimal) -> bool:
    """Nor do points that the outcome cannot earn: nothing but `unanswered` for a call that was not answered."""
    leg = case.leg(item)
    if leg is None or leg.outcome == "answered" or not is_measured(item, case.state(item)):
        return True
    worths = {one.points for one in item.options if leg.outcome in one.outcome} or {item.unanswered}
    if points not in worths:
        outcome = phrase(f"outcome.{leg.outcome}")
        case.refuse("answers.points_final", item, value=points, outcome=outcome)
    return points in worths


def _ruled(case: Case, item: Item, ruling: Ruling) -> ItemScore:
    if len(ruling.candidates) == 1:
        points = ruling.candidates[0]
        return case.scored(
            item, points, ruling.by, ruling.why, option=ruling.option, meets_standard=ruling.meets_standard
        )
    return case.left(item, ruling.why, candidates=ruling.candidates, meets_standard=ruling.meets_standard)
