"""Extensions that no longer exist: what each call that ended in 空號 was told, so that the directory can be mended.

Evidence is what was signalled (404, 410, 484, 604; Q.850 causes 1, 22 and 28), the SIT tones heard, and the agency's
marked recordings of vacant numbers. A call whose number has changed in the directory since, or that was answered
afterwards, is mended.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from harness.agency import Agency
from harness.documents.roc import roc_minute, short_minute
from harness.errors import NotFound
from harness.programme.month import kept_plan
from harness.programme.month_plan import MonthPlan
from harness.prompts.kinds import VACANT
from harness.q850 import q850_of
from harness.record import CallRecord, record_from_dict
from harness.softphone.signals import RESPONSE
from harness.store import Store
from harness.store.plans import OVER
from harness.unit_titles import titles_of
from harness.words import LANGUAGES, say
from rubric.periods import days_of

STATUSES = (404, 410, 484, 604)
"""RFC 3261 §21: what a switch answers to a number that it does not have: not found, gone, incomplete, nowhere."""
CAUSES = (1, 22, 28)
"""ITU-T Q.850 §2.2.7: unallocated number, number changed, invalid number format."""
INTERNAL = "internal"
Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Vacant:
    """A number that was told not to exist."""

    unit: str
    """The unit."""
    row: int | None
    """Its row in units.csv; None: it has left the directory."""
    number: str
    """What was dialled."""
    extension: str
    """The unit's extension, where the call was to press it."""
    call_id: str
    """The newest call that was told so."""
    at: datetime
    """When, where the agency is."""
    evidence: tuple[str, ...]
    """sip:404@0.120, q850:1@0.120, heard:sit@1.300, prompt:vacant@2.000: what, and where in the call."""
    times: int
    """Calls of the period that were told so."""
    mended: bool
    """Whether the directory says another number since, or a later call was answered."""

    @property
    def dialled(self) -> str:
        """The number as people write it: 02-2700-0201, or with the extension behind the switchboard's."""
        behind = self.extension and self.extension != self.number
        return f"{self.number}#{self.extension}" if behind else self.number

    def to_dict(self) -> Row:
        """JSON form."""
        told = {"at": self.at.isoformat(timespec="minutes"), "when": roc_minute(self.at)}
        return (
            asdict(self)
            | told
            | {"evidence": list(self.evidence), "said": {lang: self.said(lang) for lang in LANGUAGES}}
        )

    def said(self, lang: str) -> str:
        """The evidence in words: SIP 404（0.12 秒）、空號音（1.3 秒）."""
        told = (one.replace("@", ":").split(":") for one in self.evidence)
        words = (say(f"vacant.by_{kind}", lang, what=what, at=f"{float(at):g}") for kind, what, at in told)
        return "、".join(words) if lang == "zh" else ", ".join(words)


def rows_of(found: tuple[Vacant, ...], titles: Mapping[str, str], lang: str) -> tuple[tuple[str | int, ...], ...]:
    """Rows for a paper: unit, number, when last, evidence in words, how often. Mended ones are left out."""
    return tuple(
        (titles.get(one.unit, one.unit), one.dialled, short_minute(one.at, lang), one.said(lang), one.times)
        for one in found
        if not one.mended
    )


def vacant_numbers(agency: Agency, store: Store, *, first: date, last: date) -> tuple[Vacant, ...]:
    """Units whose number was told not to exist on some days, the newest call of each; in the directory's order."""
    found: dict[str, list[Row]] = {}
    answered: dict[str, str] = {}
    for row in store.call_list.of_series(INTERNAL, since=first):
        day = agency.day_of(row["started_at"])
        if day < first:
            break
        if row["outcome"] == "answered":
            answered.setdefault(row["unit"], row["started_at"])
        if day <= last and row["outcome"] != "answered":
            kept = store.get_call(row["call_id"])
            evidence = tuple(evidence_of(record_from_dict(kept["record"]), kept["measured"]))
            if evidence:
                found.setdefault(row["unit"], []).append(kept | {"evidence": evidence})
    rows = {unit.unit: unit.row for unit in agency.units}
    listed = [_vacant(unit, calls, answered.get(unit, ""), agency) for unit, calls in found.items()]
    return tuple(sorted(listed, key=lambda one: (rows.get(one.unit, 2**31), one.unit)))


def evidence_of(record: CallRecord, measured: Row | None) -> Iterator[str]:
    """What told that a number does not exist, each with its second in the recording."""
    for signal in record.signals:
        if signal.direction != "rx":
            continue
        cause = q850_of(signal.headers)
        if cause is not None and cause.cause in CAUSES:
            yield f"q850:{cause.cause}@{signal.latest_s:.3f}"
        if signal.kind == RESPONSE and signal.method == "INVITE" and signal.status in STATUSES:
            yield f"sip:{signal.status}@{signal.latest_s:.3f}"
    told = measured or {}
    for leg in told.get("legs", ()):
        yield from (one for one in leg.get("evidence", ()) if one.startswith("heard:sit"))
    for one in told.get("recordings", ()):
        if one["kind"] == VACANT:
            yield f"prompt:{one['name']}@{one['begin_s']:.3f}"


def _vacant(name: str, calls: list[Row], answered: str, agency: Agency) -> Vacant:
    newest = calls[0]
    unit = next((one for one in agency.units if one.unit == name), None)
    site = agency.site(unit.site) if unit else None
    own = {unit.digits, unit.extension} if unit else set()
    switchboard = "".join(filter(str.isdigit, site.switchboard)) if site else ""
    return Vacant(
        unit=name,
        row=unit.row if unit else None,
        number=newest["number"],
        extension=unit.extension if unit else "",
        call_id=newest["call_id"],
        at=datetime.fromisoformat(newest["started_at"]).astimezone(agency.zone),
        evidence=newest["evidence"],
        times=len(calls),
        mended=answered > newest["started_at"] or newest["number"] not in own | {switchboard},
    )


def days_tested(month: str, number: int | None, store: Store) -> tuple[date, date]:
    """The days of a month, or of one of its rounds. NotFound where there is no such round."""
    if number is None:
        return days_of(month)
    plan, _ = kept_plan(month, store)
    rounds = {test.round for test in plan.tests}
    if number not in rounds:
        raise NotFound("vacant.no_round", month=month, number=number, rounds=len(rounds))
    return _span(plan, _of_round(plan, number, store))


def _of_round(plan: MonthPlan, number: int, store: Store) -> list[Row]:
    own = {test.id for test in plan.tests if test.round == number}
    return [row for row in store.plans.tests(plan.month) if row["test_id"] in own]


def _span(plan: MonthPlan, rows: list[Row]) -> tuple[date, date]:
    zone = plan.tests[0].at.tzinfo
    days = [datetime.fromisoformat(row["due_at"]).astimezone(zone).date() for row in rows]
    return min(days), max(days)


def vacant_of_round(agency: Agency, plan: MonthPlan, number: int, store: Store) -> Row:
    """What to tell people when a round is over: the numbers to be mended. Empty: nothing to mend, or not over yet."""
    rows = _of_round(plan, number, store)
    if any(row["state"] not in OVER for row in rows):
        return {}
    first, last = _span(plan, rows)
    found = [one for one in vacant_numbers(agency, store, first=first, last=last) if not one.mended]
    said = {
        lang: say("vacant.after_round", lang, number=number, units=_listed(found, agency, lang)) for lang in LANGUAGES
    }
    return {"month": plan.month, "round": number, "count": len(found), **said} if found else {}


def _listed(found: list[Vacant], agency: Agency, lang: str) -> str:
    titles = titles_of(agency.units)
    return ("、" if lang == "zh" else ", ").join(f"{titles.get(one.unit, one.unit)} {one.dialled}" for one in found)
