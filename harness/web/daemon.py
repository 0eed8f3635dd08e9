"""The programme beside the pages, in the same process: it begins once the agency is set up, and ends in order."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from harness.agency import Agency, load_agency
from harness.errors import ThirdringError
from harness.programme.alarm import Alarm
from harness.programme.events import Event
from harness.programme.notify import Line, said
from harness.programme.service import run_until, runs
from harness.programme.settings import PROGRAMME_FILE
from harness.store import open_store
from harness.web.setting_up import begun

Logged = Callable[[Event, str], None]
"""Takes an event, and the line that says it to people."""
AGAIN_S = 20.0
"""Between two looks whether it can begin."""
RUNNING, STOPPED, UNREADY = "running", "stopped", "unready"


class Daemon:
    """The thread that runs the programme."""

    def __init__(self, folder: Path, line: Line, logged: Logged | None = None) -> None:
        self._folder, self._line, self._told = folder, line, ""
        self._logged: Logged = logged or (lambda _, said: line(said))
        self._bell, self._over = Alarm(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="programme")

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def dial_no_more(self) -> None:
        """Begin nothing from now on; the calls that are up come to their end meanwhile."""
        self._over.set()
        self._bell.stop()

    def stop(self) -> None:
        """Let the calls that are up come to their end, then return."""
        self.dial_no_more()
        self._thread.join()
        self._bell.close()

    def _run(self) -> None:
        while not self._over.is_set():
            try:
                if set_up(self._folder):
                    run_until(
                        self._bell,
                        self._folder,
                        show=lambda event, to: self._logged(event, said(event, to.zone)),
                        line=self._line,
                    )
            except ThirdringError as error:  # it may be mended while the pages go on
                self._say(error.sentence())
            self._over.wait(AGAIN_S)

    def _say(self, sentence: str) -> None:
        if sentence != self._told:
            self._told = sentence
            self._line(sentence)


def set_up(folder: Path) -> bool:
    """Whether somebody finished setting the agency up, and nobody is at it: without units, without the notice that
    calls are recorded, or without a programme of its own, a month would be drawn and sealed that nobody wanted."""
    if not ready_to_run(load_agency(folder)):
        return False
    with open_store(folder / "thirdring.db") as store:
        return not begun(store)


def ready_to_run(agency: Agency) -> bool:
    """Whether everything is there that the programme needs to dial by itself."""
    told = agency.settings.recording_notice_date is not None
    may_dial = told and not agency.settings.recordings_only
    return bool(agency.units) and may_dial and (agency.folder / PROGRAMME_FILE).is_file()


def state_of(folder: Path) -> str:
    """RUNNING, STOPPED or UNREADY, whichever process runs it."""
    if runs(folder):
        return RUNNING
    try:
        return STOPPED if set_up(folder) else UNREADY
    except ThirdringError:
        return UNREADY
