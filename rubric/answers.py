"""What a tester said of a call: ANSWERS.json, checked against the form; every impossible answer at once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from rubric.answer import Answer, read_answer
from rubric.errors import AnswersError, Problem, allowed_keys, problem
from rubric.facts import ANSWERERS, LEG_NAMES, ROLES, decimal_of
from rubric.heard import BY_DESIGN, SaidFact
from rubric.known import MACHINE_FACTS
from rubric.schema import Form

VERDICTS = ("correct", "partly", "wrong")
_TOP = ("accuracy", "questions", "header", "observed", "heard", "facts", "bonus", "remarks")


@dataclass(frozen=True, slots=True)
class Question:
    """One question of the accuracy block."""

    text: str
    """What was asked."""
    verdict: str
    """`correct`, `partly` or `wrong`: only `correct` counts."""
    precise: bool | None = None
    """①精準地回答問題."""
    complete: bool | None = None
    """②主動且正確地提供完整資訊."""


@dataclass(frozen=True, slots=True)
class AccuracyAnswer:
    """How many questions were asked and answered correctly."""

    asked: int
    """Questions asked."""
    correct: int
    """Questions answered correctly."""
    questions: tuple[Question, ...] = ()
    """Each question, where they were written down."""


@dataclass(frozen=True, slots=True)
class BonusAnswer:
    """Points above the total."""

    points: Decimal
    """How many."""
    reason: str
    """By which of the agency's criteria."""
    second_person: str
    """Who agreed."""


@dataclass(frozen=True, slots=True)
class Answers:
    """Everything a tester said of one call."""

    items: Mapping[str, Answer] = field(default_factory=dict)
    """Answers by item id."""
    accuracy: AccuracyAnswer | None = None
    """The accuracy block, outside the points."""
    header: Mapping[str, str] = field(default_factory=dict)
    """The blanks at the head of the sheet."""
    observed: Mapping[str, bool] = field(default_factory=dict)
    """Parts, groups or items that could (not) be observed."""
    heard: Mapping[str, SaidFact] = field(default_factory=dict)
    """Legs, and whether a person or a recording answered: 真人 or 錄音."""
    facts: Mapping[str, SaidFact] = field(default_factory=dict)
    """Facts on the tester's word."""
    bonus: BonusAnswer | None = None
    """Points above the total, if the form has them switched on."""
    remarks: str = ""
    """備註."""

    @property
    def said_something(self) -> bool:
        """Whether a person judged anything: without it a call is a timing record only."""
        return bool(self.items or self.accuracy or self.observed or self.bonus)


def parse_answers(raw: Any, form: Form) -> Answers:
    """Read ANSWERS.json as parsed by `json`. Raises `AnswersError` with every fault."""
    answers, problems = read_answers(raw, form)
    if problems:
        raise AnswersError(problems)
    return answers


def read_answers(raw: Any, form: Form) -> tuple[Answers, tuple[Problem, ...]]:
    """The answers that can be used, and everything that is wrong with the rest."""
    if not isinstance(raw, Mapping):
        return Answers(), (problem("answers.not_a_table"),)
    wrong: list[Problem] = [*_unknown(raw, form), *_two_alternatives(raw, form)]
    items: dict[str, Answer] = {}
    for item in form.items:
        if item.id in raw:
            answer, problems = read_answer(raw[item.id], item)
            wrong += problems
            if answer is not None and not problems:
                items[item.id] = answer
    answers = Answers(
        items=items,
        accuracy=_accuracy(raw, form, wrong),
        header=_header(raw.get("header", {}), form, wrong),
        observed=_observed(raw.get("observed", {}), form, wrong),
        heard=_heard(raw.get("heard", {}), wrong),
        facts=_facts(raw.get("facts", {}), form, wrong),
        bonus=_bonus(raw.get("bonus"), form, wrong),
        remarks=str(raw.get("remarks", "")),
    )
    return answers, tuple(wrong)


def known_to(form: Form, raw: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[Problem, ...]]:
    """Answers given for another form: those this one asks for, and one sentence about the rest."""
    ids = {item.id for item in form.items}
    foreign = tuple(key for key in raw if key not in ids and key not in _TOP)
    kept = {key: value for key, value in raw.items() if key not in foreign}
    return kept, (problem("answers.foreign", form=form.id, names=foreign),) if foreign else ()


def _unknown(raw: Mapping[str, Any], form: Form) -> Iterator[Problem]:
    allowed = [*_TOP, *(item.id for item in form.items)]
    for key in raw:
        if key not in allowed:
            yield problem("answers.unknown_item", item=str(key), allowed=allowed_keys(str(key), allowed))


def _two_alternatives(raw: Mapping[str, Any], form: Form) -> Iterator[Problem]:
    for group in form.groups:
        answered = [item.id for item in form.items_of(group.id) if item.id in raw]
        if group.choose == "one" and len(answered) > 1:
            yield problem("answers.two_alternatives", item=group.id, names=tuple(answered))


def _accuracy(raw: Mapping[str, Any], form: Form, wrong: list[Problem]) -> AccuracyAnswer | None:
    if form.accuracy is None or not ("accuracy" in raw or "questions" in raw):
        return None
    questions = tuple(_questions(raw.get("questions", []), wrong))
    listed = AccuracyAnswer(len(questions), sum(q.verdict == "correct" for q in questions), questions)
    if "accuracy" not in raw:
        return listed
    match raw["accuracy"]:
        case {"asked": int(asked), "correct": int(correct), **more} if _counts(asked, correct) and not more:
            if not questions or (asked, correct) == (listed.asked, listed.correct):
                return AccuracyAnswer(asked, correct, questions)
            counted = {"asked": listed.asked, "correct": listed.correct}
            wrong.append(problem("answers.accuracy_differs", item="accuracy", **counted))
        case counts:
            wrong.append(problem("answers.accuracy", item="accuracy", value=repr(counts)))
    return None


def _counts(asked: int, correct: int) -> bool:
    """Two whole numbers, and no more correct than asked (`true` is no number)."""
    return not isinstance(asked, bool) and not isinstance(correct, bool) and 0 <= correct <= asked


def _questions(raw: Any, wrong: list[Problem]) -> Iterator[Question]:
    for n, one in enumerate(raw if isinstance(raw, list) else [raw], start=1):
        usable = isinstance(one, Mapping) and set(one) <= {"text", "verdict", "precise", "complete"}
        ticks = [one.get(key) for key in ("precise", "complete")] if usable else []
        usable = usable and one.get("verdict") in VERDICTS and all(t in (None, True, False) for t in ticks)
        if not usable:
            wrong.append(problem("answers.question", item=f"questions {n}", names=VERDICTS))
            continue
        yield Question(str(one.get("text", "")), one["verdict"], one.get("precise"), one.get("complete"))


def _header(raw: Any, form: Form, wrong: list[Problem]) -> dict[str, str]:
    allowed = [blank.id for blank in form.header]
    return {key: str(value) for key, value in _entries(raw, "header", allowed, wrong)}


def _observed(raw: Any, form: Form, wrong: list[Problem]) -> dict[str, bool]:
    allowed = [part.id for part in form.parts]
    allowed += [group.id for group in form.groups]
    allowed += [item.id for item in form.items]
    found = {}
    for key, value in _entries(raw, "observed", allowed, wrong):
        if isinstance(value, bool):
            found[key] = value
        else:
            wrong.append(problem("answers.not_bool", item=f"observed {key}", value=repr(value)))
    return found


def _heard(raw: Any, wrong: list[Problem]) -> dict[str, SaidFact]:
    found = {}
    for key, value in _entries(raw, "heard", [name for name in LEG_NAMES if name != BY_DESIGN], wrong):
        said = value if isinstance(value, Mapping) else {"value": value}
        if said.get("value") not in ANSWERERS or not set(said) <= {"value", "reason"}:
            wrong.append(problem("answers.heard", item=f"heard {key}", value=repr(value), names=ANSWERERS))
            continue
        found[key] = SaidFact(said["value"], str(said.get("reason", "")).strip())
    return found


def _facts(raw: Any, form: Form, wrong: list[Problem]) -> dict[str, SaidFact]:
    allowed = [*MACHINE_FACTS, *(f"{leg}_forwarded" for leg in form.legs), *(fact.id for fact in form.facts)]
    found = {}
    for key, value in _entries(raw, "facts", allowed, wrong):
        said = value if isinstance(value, Mapping) else {"value": value}
        usable = said.get("value") in ROLES if key == "answerer_role" else isinstance(said.get("value"), bool)
        if not usable or not set(said) <= {"value", "reason"}:
            wrong.append(problem("answers.not_bool", item=f"facts {key}", value=repr(value)))
            continue
        found[key] = SaidFact(said["value"], str(said.get("reason", "")).strip())
    return found


def _bonus(raw: Any, form: Form, wrong: list[Problem]) -> BonusAnswer | None:
    if raw is None:
        return None
    if form.bonus is None or not form.bonus.enabled.value:
        wrong.append(problem("answers.no_bonus", item="bonus"))
        return None
    table = raw if isinstance(raw, Mapping) else {}
    points = decimal_of(table.get("points"))
    reason, second = (str(table.get(key, "")).strip() for key in ("reason", "second_person"))
    if points is None or not 0 <= points <= form.bonus.max or not reason or not second:
        wrong.append(problem("answers.bonus", item="bonus", max=form.bonus.max))
        return None
    return BonusAnswer(points, reason, second)


def _entries(raw: Any, place: str, allowed: list[str], wrong: list[Problem]) -> Iterator[tuple[str, Any]]:
    if not isinstance(raw, Mapping):
        wrong.append(problem("answers.not_a_table_at", item=place))
        return
    for key, value in raw.items():
        if key in allowed:
            yield key, value
        else:
            near = allowed_keys(str(key), allowed)
            wrong.append(problem("answers.unknown_item", item=f"{place} {key}", allowed=near))
