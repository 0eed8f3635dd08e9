"""The notice to everybody who answers the agency's telephones: there will be test calls, and they are recorded."""

from __future__ import annotations

from datetime import date
from typing import Any

from harness.agency import Agency
from harness.papers.settings import read_paper_settings
from harness.programme.settings import read_programme
from harness.scoring import usable_form
from rubric.periods import roc_day


def staff_notice_values(agency: Agency, on: date) -> dict[str, Any]:
    """What the sentence `rules.staff_notice` names, for a notice of a day."""
    settings = read_programme(agency.folder)
    return {
        "plan": read_paper_settings(agency.folder).plan,
        "form": usable_form(agency.settings.form, agency.folder).title,
        "date": {"zh": roc_day(on), "en": str(on)},
        "audio_days": settings.retention.audio_days,
        "objection_days": settings.improvement.objection_days,
    }
