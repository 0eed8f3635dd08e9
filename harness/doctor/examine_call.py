"""The one call of an examination, and everything that it tells."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime

from harness.agency import Agency
from harness.doctor import kept
from harness.doctor.audio import audio
from harness.doctor.bell import Bell, EndpointBell, KeyBell, bell_offset
from harness.doctor.call import DoctorCall, call_line, doctor_permit
from harness.doctor.codecs import codecs
from harness.doctor.finding import FAILED, NOT_CHECKED, OK, WARNING, Finding, figure, found
from harness.doctor.nat import nat
from harness.doctor.release import release
from harness.doctor.ringing_as import ringing_as
from harness.doctor.tones import tone_plan
from harness.doctor.wish import KEY, Wish
from harness.ending import ending_of
from harness.ending_cause import OURS
from harness.errors import EnvironmentFailed, Refused
from harness.lines import LineSettings, softphone_line
from harness.refusal_log import refusals_logged
from harness.softphone.pool import WorkerPool
from harness.test_call import Progress


def placed(
    agency: Agency, wish: Wish, now: datetime, wait_for_key: Callable[[], str], progress: Progress
) -> tuple[DoctorCall, tuple[Finding, ...]]:
    with refusals_logged(agency.folder, asked=wish.test_number or "(main number)"):
        leave = doctor_permit(agency, wish.test_number, now=now)  # asked here too: a refusal starts no telephone
        line = agency.line(leave.line_id)
        if wish.line not in ("", line.id):
            raise Refused("doctor.other_line", line=wish.line, number=leave.number, its=line.id)
        with _bell(agency, wish, wait_for_key) as bell, WorkerPool(softphone_line(line, folder=agency.folder)) as phone:
            phone.warm_up()
            moment = datetime.now(UTC)
            called = call_line(agency, phone, test_number=wish.test_number, now=moment, progress=progress)
    return called, _of_call(called, agency, line, bell)


@contextmanager
def _bell(agency: Agency, wish: Wish, wait_for_key: Callable[[], str]) -> Iterator[Bell | None]:
    with ExitStack() as stack:
        if wish.bell == KEY:
            yield stack.enter_context(KeyBell(wait_for_key))
        elif wish.bell:
            yield stack.enter_context(EndpointBell(agency.line(wish.bell), agency))
        else:
            yield None


def _of_call(called: DoctorCall, agency: Agency, line: LineSettings, bell: Bell | None) -> tuple[Finding, ...]:
    """Everything that one call tells; what holds until it is measured again is kept in the folder."""
    released, proof = release(called, line)
    offset, fact = (None, None) if bell is None else bell_offset(called, bell)
    for one in (proof, fact):
        if one is not None:
            kept.keep(agency, one)
    found = [_outcome(called), ringing_as(called, agency), tone_plan(called, agency), codecs(line, called.messages)]
    found += [nat(called.messages, line=line.id, packets=called.record.packets), *audio(called), released]
    return tuple(found) if offset is None else (*found, offset)


def _outcome(called: DoctorCall) -> Finding:
    """How the call itself went; a fault of ours is the first thing to look at."""
    ending, record = ending_of(called.timeline, called.measured), called.record
    values = {"number": record.number, "call": record.call_id, "ending": ending.sentence}
    figures = (figure("outcome", ending.outcome), figure("whose", ending.whose))
    write = f"thirdring ladder {record.call_id}"
    state, do = (FAILED if ending.whose == OURS else WARNING), "doctor.do_ladder"
    if ending.outcome in ("answered", "no_answer", "busy"):
        state, do = OK, ""
    key = "doctor.called"
    return found("call", state, key, do, line=called.line, figures=figures, values=values, write=write)


def refusal(error: Refused) -> Finding:
    values = {"reason": {"zh": error.sentence("zh"), "en": error.sentence("en")}}
    return found("call", NOT_CHECKED, "doctor.call_refused", "doctor.do_refused", values=values)


def no_call(error: EnvironmentFailed) -> Finding:
    values = {"reason": {"zh": error.sentence("zh"), "en": error.sentence("en")}}
    return found("call", FAILED, "doctor.call_impossible", "doctor.do_line_first", values=values)
