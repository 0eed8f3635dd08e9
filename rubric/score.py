"""From measurements and answers to a score sheet: a pure function, every point with its reason."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal

from rubric.answers import AccuracyAnswer, Answers
from rubric.case import Case, part_alone
from rubric.condition import Known
from rubric.errors import Problem, problem
from rubric.facts import Facts
from rubric.heard import as_if_persons, heard_legs, waits_for_an_ear, with_heard
from rubric.known import known_facts, leg_state
from rubric.proposed import with_proposal
from rubric.ruling import rule
from rubric.schema import Form
from rubric.sheet import AccuracyScore, FactOverride, Sheet
from rubric.sums import add_up, band_of, half_up
from rubric.versions import is_in_force
from rubric.words import say


def score(form: Form, facts: Facts, answers: Answers | None = None, *, on: date | None = None) -> Sheet:
    """Fill the form for one call; `on` is its day, where that is known: a form not in force then is remarked.

    What a machine may decide it decides, from every instant the measurement may mean; the rest is what the
    tester answered, or stays open. Answers that the facts contradict are in the sheet's `problems`; they
    never change a point.
    """
    said = answers or Answers()
    problems: list[Problem] = []
    heard = with_heard(facts, said.heard, problems)
    before = known_facts(form, heard, {})
    case = _case(form, heard, said, before, problems)
    items = tuple(with_proposal(case, item, rule(case, item)) for item in form.items)
    sums = add_up(case, items)
    bonus = _bonus(form, said)
    total = None if sums.total is None or not said.said_something else sums.total + (bonus or 0)
    return Sheet(
        form=form.id,
        form_version=form.version,
        form_digest=form.digest,
        kind="sheet" if said.said_something else "timing_record",
        draft=form.draft,
        items=items,
        groups=sums.groups,
        parts=sums.parts,
        total=total,
        max=form.total,
        bonus=bonus,
        band=band_of(form, total),
        passed=None if total is None or form.pass_mark is None else total >= form.pass_mark,
        accuracy=_accuracy(form, said.accuracy),
        problems=(*case.problems, *_unheard(case), *_short_of_questions(form, said.accuracy)),
        remarks=(*_out_of_force(form, on), *_remarks(case)),
        facts=dict(case.known),
        fact_evidence=facts.evidence,
        overrides=tuple(_overrides(case, before)),
        heard=tuple(heard_legs(facts, heard, said.heard)),
        header=said.header,
    )


def ready_to_sign(form: Form, sheet: Sheet) -> tuple[Problem, ...]:
    """Everything that stands between a sheet and its signature; empty when it can be signed."""
    missing = tuple(problem("sign.open", item=one) for one in sheet.open)
    draft = (problem("sign.draft"),) if sheet.draft else ()
    unasked: tuple[Problem, ...] = ()
    if form.accuracy and (sheet.accuracy is None or sheet.accuracy.rate is None):
        asked = 0 if sheet.accuracy is None else sheet.accuracy.asked
        unasked = (problem("sign.accuracy", item="accuracy", least=form.accuracy.min_questions, asked=asked),)
    timing = (problem("sign.timing_record"),) if sheet.kind == "timing_record" else ()
    unheard = tuple(problem("sign.heard", item=f"heard {one.leg}") for one in sheet.heard if one.answerer is None)
    unasked = tuple(one for one in unasked if all(one.key != told.key for told in sheet.problems))  # told once
    return (*draft, *timing, *unheard, *missing, *unasked, *sheet.problems)


def _case(form: Form, facts: Facts, said: Answers, before: Mapping[str, Known], problems: list[Problem]) -> Case:
    """The call with every fact known; a person's word goes before the machine's where it has a reason."""
    taken: dict[str, Known] = {}
    for name, fact in said.facts.items():
        machine = before[name]
        if machine is None or machine == fact.value or fact.reason:
            taken[name] = fact.value
        else:
            known = str(machine).lower()
            problems.append(problem("answers.fact_reason", item=f"facts {name}", value=known))
    alone = part_alone(form, facts, said)
    case = Case(form, facts, said, known_facts(form, facts, taken), problems, alone)
    persons = as_if_persons(facts)
    if persons == facts:
        return case
    return replace(case, if_persons=replace(case, facts=persons, known=known_facts(form, persons, taken)))


def _unheard(case: Case) -> Iterator[Problem]:
    """An answer about a leg of which nobody has said whether a person was on it counts only afterwards."""
    for name, leg in case.facts.legs.items():
        groups = {group.id for group in case.form.groups if group.leg == name}
        answered = any(item.group in groups and case.answer(item) for item in case.form.items)
        if answered and waits_for_an_ear(name, leg):
            text = case.form.legs[name].text if name in case.form.legs else name
            yield problem("answers.heard_wanted", item=f"heard {name}", leg=text)


def _overrides(case: Case, before: Mapping[str, Known]) -> Iterator[FactOverride]:
    """Facts a person saw otherwise than the machine: both stay."""
    for name, fact in case.answers.facts.items():
        machine, person = before[name], case.known[name]
        if machine is not None and machine != person:
            yield FactOverride(name, machine, person, fact.reason)


def _bonus(form: Form, answers: Answers) -> Decimal | None:
    if form.bonus is None or not form.bonus.enabled.value:
        return None
    return Decimal(0) if answers.bonus is None else answers.bonus.points


def _accuracy(form: Form, said: AccuracyAnswer | None) -> AccuracyScore | None:
    if form.accuracy is None or said is None:
        return None
    enough = said.asked >= form.accuracy.min_questions
    rate = half_up(Decimal(said.correct * 100) / said.asked, 1) if enough else None
    questions = tuple(
        {"text": q.text, "verdict": q.verdict, "precise": q.precise, "complete": q.complete} for q in said.questions
    )
    return AccuracyScore(said.asked, said.correct, rate, questions)


def _short_of_questions(form: Form, said: AccuracyAnswer | None) -> Iterator[Problem]:
    if form.accuracy and said is not None and said.asked < form.accuracy.min_questions:
        yield problem("sign.accuracy", item="accuracy", least=form.accuracy.min_questions, asked=said.asked)


def _out_of_force(form: Form, on: date | None) -> Iterator[str]:
    if on is not None and not is_in_force(form, on):
        first, last = (str(one or "—") for one in (form.valid_from, form.valid_to))
        yield say("remark.out_of_force", day=str(on), first=first, last=last)


def _remarks(case: Case) -> Iterator[str]:
    """The form's own remarks, then what a reader must know of the measurement, then the tester's words."""
    if case.alone is not None:
        yield say("remark.alone", part=case.alone.text)
    for remark in case.form.remarks:
        if case.holds(remark.when):
            yield remark.text
    for name, leg in case.facts.legs.items():
        text = case.form.legs[name].text if name in case.form.legs else name
        state = leg_state(case.form, name, leg)
        if state == "recording":
            yield say("remark.recording", leg=text)
        if leg.outcome == "answered" and leg.attempts > 1 and state not in ("recording", "provisional"):
            yield say("remark.redialled", leg=text, attempt=leg.attempts, failed=leg.attempts - 1)
        if leg.rings_source == "nominal":
            yield say("remark.nominal", leg=text)
        if leg.forwarded:
            yield say("remark.forwarded", leg=text)
        yield from _borderline(case, name, text)
    if case.answers.remarks:
        yield case.answers.remarks


def _borderline(case: Case, name: str, text: str) -> Iterator[str]:
    """Answered, but past one of the two limits of no answer: counted as answered and shown."""
    leg = case.facts.legs[name]
    rule = case.form.legs[name].no_answer if name in case.form.legs else None
    if rule is None or leg_state(case.form, name, leg) != "answered":
        return
    late = rule.seconds is not None and leg.answer_latency_s and leg.answer_latency_s.latest >= rule.seconds
    many = rule.rings is not None and leg.rings and leg.rings.latest >= rule.rings
    if late or many:
        yield say("remark.borderline", leg=text, rings=rule.rings or "—", seconds=rule.seconds or "—")
