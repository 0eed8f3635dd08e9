"""A reminder that sound has been kept long enough: nothing deletes it but a person, who must know of it."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any

from harness.programme.events import Event
from harness.programme.folder import Known
from harness.programme.retention import expired
from harness.store import open_store
from harness.words import LANGUAGES, say

EVERY = timedelta(days=7)
"""So often it is told again, until it is deleted; a mail a day would soon be read by nobody."""
COMMAND = "thirdring retain --delete --who"


class SoundDue:
    """Looks once a day for sound that is due to be deleted."""

    def __init__(self) -> None:
        self._looked: date | None = None
        self._told: date | None = None

    def look(self, known: Known, now: datetime) -> Event | None:
        """Give what is to be told; None: nothing now. Raises EnvironmentFailed where the database cannot be read."""
        today = now.astimezone(known.agency.zone).date()
        if self._looked == today or (self._told is not None and self._told <= today < self._told + EVERY):
            return None
        detail = _detail(known, today)
        self._looked = today
        if detail is None:
            return None
        self._told = today
        return Event(at=now, what="sound_due", detail=detail)


def _detail(known: Known, today: date) -> dict[str, Any] | None:
    """How many calls, and since when the first should be gone; None: no sound is due."""
    found = []
    with suppress(OSError), open_store(known.agency.database) as store:  # a folder that cannot be read: tomorrow
        found = expired(known.agency, store, known.settings, today=today)
    if not found:
        return None
    told = {"count": len(found), "since": str(min(one.due for one in found)), "command": COMMAND}
    return told | {lang: say("sound_due.told", lang, **told) for lang in LANGUAGES}
