"""Places one call: walks a scenario's steps on a telephone, real or scripted, and keeps all that happened.

Nothing is judged here. The caller only decides when to go on; every number is measured afterwards from the
record. All times are seconds of the call's own clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from dsp.bursts.dtmf import dtmf
from dsp.synthesis import to_int16
from dsp.tone_plan import TonePlan
from harness import scenario as do
from harness.errors import ThirdringError
from harness.heard_live import HeardLive
from harness.number_gate import Permit
from harness.prompts.marks import Mark
from harness.record import CUT, CallRecord, on_call_clock
from harness.said import EXCUSE, Sounds, make_ready, said_sounds
from harness.softphone.growing_wav import write_wav
from harness.softphone.protocol import Missing, Recording, Softphone
from harness.walk.far_tester import FarTester
from harness.walk.progress import LONGEST_CALL_S, CallInProgress, Progress
from harness.walk.steps import walk
from harness.walk.watching import Watcher


def place_call(
    scenario: do.Scenario,
    softphone: Softphone,
    *,
    leave: Permit,
    call_id: str,
    folder: Path,
    plan: TonePlan,
    started: datetime,
    longest_s: float = LONGEST_CALL_S,
    headers: dict[str, str] | None = None,
    progress: Progress = lambda _: None,
    sounds: Sounds | None = None,
    marks: Sequence[Mark] = (),
    tester: FarTester | None = None,
    watcher: Watcher | None = None,
    heard: Callable[[HeardLive], None] = lambda _: None,
) -> CallRecord:
    """Dial and walk the scenario to its end; the only step that touches the world.

    `sounds` is what its saying steps say, `marks` the prompts that the agency remembers, `tester` who may take the
    call over, `watcher` who looks on; `heard` takes what the live ear heard, at its end. Busy, no answer and refusals
    are in the record, as are failures on our side (`fault`). Raises only what kept the call from beginning at all.
    """
    scenario = scenario.with_operator()  # where nobody has told the site's own key
    said = said_sounds(scenario) if sounds is None else sounds
    with _ready(scenario, said, folder / call_id, softphone) as (files, tones):
        call = softphone.dial(leave, call_id=call_id, folder=folder, headers=headers or {})
        going = CallInProgress(
            call,
            plan,
            progress,
            longest_s=min(longest_s, leave.longest_s),
            sounds=files,
            marks=marks,
            tester=tester,
            keys=leave.keys,
            watcher=watcher,
            tones=tones,
        )
        try:
            going.act("dial", detail=leave.number)
            walk(scenario, going)
        except ThirdringError as error:
            going.failed(error.key)
        except Exception as error:  # a fault of this program itself: the record is kept, so that it can be heard again
            going.failed("softphone.broke", f"{type(error).__name__}: {error}")
        finally:
            recording = call.finish()  # whatever went wrong: nobody is left ringing or on the line
    going.come_to_an_end()
    heard(going.ear.hand_over())
    return _record(going, recording, scenario, leave, call_id=call_id, plan=plan, started=started)


@contextmanager
def _ready(
    scenario: do.Scenario, said: Sounds, stem: Path, softphone: Softphone
) -> Iterator[tuple[dict[int, Path], Callable[[str], Path]]]:
    """Everything that will be played, at the line's rate, by the number of its step, and what makes the tones of
    digits; gone when the call is over."""
    files, rate = dict[int, Path](), softphone.sample_rate_hz
    pressed = dict[str, Path]()

    def tones(digits: str) -> Path:
        if digits not in pressed:
            path = stem.with_name(f"{stem.name}.keys{len(pressed) + 1}.wav")
            write_wav(path, to_int16(dtmf(digits, sr=rate)), sample_rate_hz=rate)
            pressed[digits] = path
        return pressed[digits]

    try:
        if EXCUSE in said:
            path = stem.with_name(f"{stem.name}.say{EXCUSE}.wav")
            files[EXCUSE] = make_ready(said[EXCUSE], path, sample_rate_hz=rate)
        for number, step in enumerate(scenario.steps, start=1):
            path = stem.with_name(f"{stem.name}.say{number}.wav")
            if isinstance(step, do.Say):
                files[number] = make_ready(said[number], path, sample_rate_hz=rate)
            elif isinstance(step, do.Press) and step.method == "in_band":
                files[number] = tones(step.digits)
        yield files, tones
    finally:
        for path in (*files.values(), *pressed.values()):
            path.unlink(missing_ok=True)


def _record(
    going: CallInProgress,
    recording: Recording,
    scenario: do.Scenario,
    leave: Permit,
    *,
    call_id: str,
    plan: TonePlan,
    started: datetime,
) -> CallRecord:
    zero = (recording.zero_earliest_s + recording.zero_latest_s) / 2
    samples = max(recording.far.stat().st_size - 44, 0) // 2 if recording.far.exists() else 0
    record = CallRecord(
        call_id=call_id,
        unit=leave.unit.unit,
        number=leave.number,
        scenario=scenario.name,
        started_at=started.isoformat(timespec="milliseconds"),
        zero_s=zero,
        zero_error_s=(recording.zero_latest_s - recording.zero_earliest_s) / 2,
        sample_rate_hz=recording.sample_rate_hz,
        duration_s=samples / recording.sample_rate_hz,
        wall_s=recording.wall_s,
        signals=on_call_clock(tuple(going.signals), zero),
        acts=tuple(going.acts),
        legs=scenario.legs,
        tone_plan=plan.name,
        missing=recording.missing,
        packets=recording.packets,
        lost=recording.lost,
        sent=recording.sent,
        reports=recording.reports,
        sent_lost=recording.sent_lost,
        jitter_buffer_s=recording.jitter_buffer_s,
        fault=recording.fault or going.fault,
        files={"far": recording.far.name, "near": recording.near.name, "trace": recording.trace.name},
    )
    return _cut(record) if record.cut else record


def _cut(record: CallRecord) -> CallRecord:
    """A record that says so itself: nothing of what was to be heard is known for certain."""
    whole = Missing(0.0, max(record.wall_s or 0.0, record.duration_s), 0)
    return replace(record, fault=record.fault or CUT, missing=(*record.missing, whole))
