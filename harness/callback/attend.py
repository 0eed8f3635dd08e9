"""Taking the calls of a line: starts the process that does it, keeps a line of each call in the agency's folder."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import IO, Any

import numpy as np

from harness.agency import Agency
from harness.callback import CALLBACKS
from harness.callback.desk import CallBack, Limits
from harness.callback.sentence import write_sentence
from harness.errors import LineError, Refused
from harness.lines import LineSettings, softphone_line
from harness.number_gate.forbidden_numbers import forbidden
from harness.number_text import digits_of, target_of
from harness.softphone.growing_wav import write_wav

READY_S = 20.0
"""Starting an interpreter and pjsua2 on a loaded machine."""
END_S = 5.0
"""Hanging up what is up."""


class Attending:
    """A line whose incoming calls are taken."""

    def __init__(self, agency: Agency, process: subprocess.Popen[bytes]) -> None:
        self._agency, self._process = agency, process
        self.port = 0
        """Local port on which it listens."""

    def calls(self, *, unregistered: Callable[[int, str], None] = lambda *_: None) -> Iterator[CallBack]:
        """Give every call when it is over, already logged; ends when the process ends.

        `unregistered` is told status and reason of every registration that failed; the stack tries again.
        """
        for event in self._events():
            if event["event"] == "registration" and event["status"] // 100 != 2:
                unregistered(event["status"], event["reason"])
            if event["event"] == "call":
                call = CallBack(**event["call"])
                log_call(self._agency, call)
                yield call

    def wait_ready(self) -> None:
        """Wait until it listens; LineError when it cannot."""
        timer = threading.Timer(READY_S, self._process.kill)
        timer.start()
        try:
            first = next(self._events(), None)
        finally:
            timer.cancel()
        if first is None or first["event"] != "ready":
            raise LineError("callback.not_started", status=self._process.wait())
        self.port = int(first["port"])

    def _events(self) -> Iterator[dict[str, Any]]:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            yield json.loads(line)


@contextmanager
def attending(agency: Agency, line_id: str = "", *, port: int = 0, limits: Limits | None = None) -> Iterator[Attending]:
    """Take the calls of a line until the block is left; without a test number every call is refused.

    Raises:
        Refused: the test number is one that may not be.
        NotFound: there is no sentence to say, and no synthesiser to say it.
        LineError: the line cannot be opened.
    """
    line = agency.line(line_id)
    numbers = numbers_of(agency, line)
    with tempfile.TemporaryDirectory(prefix="thirdring-") as folder:
        process = _start(agency, line, numbers, Path(folder), port, limits or Limits())
        try:
            taking = Attending(agency, process)
            taking.wait_ready()
            yield taking
        finally:
            _end(process)


def numbers_of(agency: Agency, line: LineSettings) -> frozenset[str]:
    """What is called when a unit calls back: the test number, and the line's own address, as a registrar sends it.

    Empty where the agency gives no test number.
    """
    given = digits_of(agency.settings.call_back_number)
    if agency.settings.call_back_number and (not given or forbidden(given)):
        raise Refused("callback.number", number=agency.settings.call_back_number)
    own = target_of(line.from_uri)
    user = line.from_uri.split(":", 1)[1].split("@")[0]
    return frozenset({given, own.digits or user if own else user}) if given else frozenset()


def log_call(agency: Agency, call: CallBack) -> None:
    """Write a line; a disk that fails does not stop the answering, but is told on standard error."""
    try:
        with (agency.folder / CALLBACKS).open("a", encoding="utf-8") as log:
            log.write(json.dumps(call.to_dict(), ensure_ascii=False) + "\n")
    except OSError as error:
        print(f"{CALLBACKS}: {error}", file=sys.stderr, flush=True)


def _start(
    agency: Agency, line: LineSettings, numbers: frozenset[str], folder: Path, port: int, limits: Limits
) -> subprocess.Popen[bytes]:
    there = replace(softphone_line(line, folder=agency.folder), port=port)
    sentence, silence = folder / "call-back.wav", folder / "silence.wav"
    length_s = write_sentence(agency, sentence, sample_rate_hz=there.sample_rate_hz) if numbers else 0.0
    write_wav(silence, np.zeros(there.sample_rate_hz * 60, np.int16), sample_rate_hz=there.sample_rate_hz)
    told = {
        "line": there.to_dict(),
        "numbers": sorted(numbers),
        "sentence": str(sentence),
        "sentence_s": length_s,
        "silence_wav": str(silence),
        "limits": asdict(limits),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "harness.callback.process"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # an interrupt from the keyboard is ours: the process ends when its input closes
    )
    _write(process.stdin, told)
    return process


def _write(pipe: IO[bytes] | None, told: dict[str, Any]) -> None:
    assert pipe is not None
    pipe.write((json.dumps(told) + "\n").encode())
    pipe.flush()


def _end(process: subprocess.Popen[bytes]) -> None:
    """Close its input, so that it hangs up; kill it when it does not end."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    try:
        process.wait(END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdout.close()
