"""What a drawn month still waits for, said when it is drawn: the notice to staff, and who can read the database."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from datetime import datetime

from harness.agency import Agency
from harness.programme.month_plan import MonthPlan
from harness.words import LANGUAGES, say


def before_dialling(agency: Agency, plan: MonthPlan, *, now: datetime) -> Iterator[dict[str, str]]:
    """Sentences in both languages: what would keep the drawn tests from being dialled or secret.

    The number gate refuses every call before the staff were told (DOMAIN §5); here that is said weeks before.
    """
    notice, tests = agency.settings.recording_notice_date, plan.tests
    if notice is None and tests:
        yield _said("no_notice", first=tests[0].at.date())
    elif notice is not None and tests and tests[0].at.date() < notice:
        early = sum(test.at.date() < notice for test in tests)
        yield _said("notice_later", date=notice, count=early)
    if not tests:
        yield _said("no_tests", month=plan.month)
    mode = stat.S_IMODE(agency.database.stat().st_mode)
    if mode & stat.S_IROTH:
        yield _said("readable", file=agency.database.name, mode=f"{mode:o}")


def _said(key: str, **values: object) -> dict[str, str]:
    return {lang: say(f"rules.{key}", lang, **values) for lang in LANGUAGES}
