"""Papers being made in the background, one lot at a time; the page asks how far it has got."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from harness.agency import load_agency
from harness.documents.paper_pdf import why_no_paper_pdf
from harness.errors import NotFound, ThirdringError
from harness.figures import Span
from harness.papers.edition import edition_of
from harness.papers.gather import gather
from harness.papers.write import write_edition
from harness.store import open_store
from harness.words import use_language

FOLDER = "papers"
"""Inside the agency's folder: a folder a period, where the papers of the pages lie."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a lot of papers has got."""

    period: str
    """Whose they are."""
    done: int = 0
    """Papers that are made."""
    of: int = 0
    """Of how many; 0: not known yet."""
    running: bool = True
    """Whether they are still being made."""
    error: ThirdringError | None = None
    """Why they could not be made; None: they could."""
    failed: bool = False
    """Whether the making ended in a fault of ours."""


@dataclass(eq=False)
class Making:
    """The lot that is being made, or was last."""

    now: Progress | None = None
    """How far it is; None: nothing was made since the server began."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self, folder: Path, span: Span, *, pdf: bool, at: datetime, lang: str, approved_by: str = "") -> bool:
        """Begin, in a thread of its own; False where another lot is being made.

        `approved_by`: who approved the reward list; empty: there is none among them.
        """
        with self._lock:
            if self.now is not None and self.now.running:
                return False
            self.now = Progress(period=span.name)
        told = (folder, span, pdf, at, lang, approved_by)
        threading.Thread(target=self._run, args=told, name="papers", daemon=True).start()
        return True

    def _run(self, folder: Path, span: Span, pdf: bool, at: datetime, lang: str, approved_by: str) -> None:
        use_language(lang)
        ended: dict[str, object] = {}
        try:
            self._write(folder, span, pdf, at, lang, approved_by)
        except ThirdringError as error:
            ended = {"error": error}  # said by the page, in the language and the calendar of whoever reads it
        except Exception:
            _log.exception("papers of %s", span.name)
            ended = {"failed": True}
        self._set(running=False, **ended)

    def _write(self, folder: Path, span: Span, pdf: bool, at: datetime, lang: str, approved_by: str) -> None:
        agency = load_agency(folder)
        with open_store(agency.database) as store:
            today = at.astimezone(agency.zone).date()
            known = gather(span, agency=agency, store=store, today=today, lang=lang)
            if not known.calls:
                raise NotFound("reports.no_calls")
            write_edition(
                edition_of(known, approved_by=approved_by),
                known,
                papers_folder(folder, span.name),
                pdf=pdf and why_no_paper_pdf() is None,
                made_at=at,
                overwrite=True,
                tick=lambda done, all_: self._set(done=done, of=all_),
            )

    def _set(self, **told: object) -> None:
        if self.now is not None:
            self.now = replace(self.now, **told)  # type: ignore[arg-type]


def papers_folder(folder: Path, period: str) -> Path:
    """Where the papers of a period lie."""
    return folder / FOLDER / period
