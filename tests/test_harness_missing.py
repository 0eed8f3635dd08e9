"""Sound that is missing: what the telephone concealed is heard, what it could not is unknown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from test_harness_caller import PLAN, RATE, call, silent, tone, voice

from dsp.answering.legs import Leg
from dsp.segment import RINGBACK, SPEECH, Segment, Span
from harness.live_ear import LiveEar
from harness.measure import measure
from harness.record import CallRecord
from harness.recording import far_side
from harness.softphone.protocol import Missing
from harness.softphone.scripted import FarEnd
from harness.timeline import Timeline, build_timeline

HOLE = (3.7, 3.8)


@pytest.fixture
def rung(tmp_path: Path) -> tuple[CallRecord, np.ndarray]:
    """A gateway that rings three times, and its sound."""
    sound = np.concatenate([tone("ringback", 7.5), silent(0.7), voice()])
    record, _ = call(FarEnd().says(0.1, 200).sounds_like(0.3, sound), tmp_path)
    return record, far_side(record, tmp_path)


def with_window(record: CallRecord, samples: np.ndarray) -> Timeline:
    window = Missing(start_s=HOLE[0], end_s=HOLE[1], packets=1)
    return build_timeline(replace(record, missing=(window,)), samples, PLAN)


def bursts(timeline: Timeline) -> list[tuple[int, int]]:
    return [(s.start, s.end) for s in timeline.heard.segments if s.sound == "ringback"]


def test_what_was_concealed_is_heard_and_its_window_told(rung: tuple[CallRecord, np.ndarray]) -> None:
    """One lost packet makes a window of a tenth of a second, and the telephone filled it with what came before."""
    record, samples = rung
    torn = with_window(record, samples)
    assert bursts(torn) == bursts(build_timeline(record, samples, PLAN))
    told = [(s.start / RATE, s.end / RATE) for s in torn.heard.segments if s.sound == "missing"]
    assert told == [HOLE]


def test_digital_silence_in_a_window_is_unknown_and_ends_no_ring(rung: tuple[CallRecord, np.ndarray]) -> None:
    record, samples = rung
    holed = samples.copy()
    holed[round(3.72 * RATE) : round(3.78 * RATE)] = 0
    assert [leg.rings for leg in with_window(record, holed).heard.legs] == [3]


class Recorded:
    """A call whose sound comes in blocks, each window of missing sound with the first block behind its end."""

    sample_rate_hz = RATE

    def __init__(self, samples: np.ndarray, windows: list[tuple[float, float]]) -> None:
        self.windows = windows
        self.blocks = [samples[at : at + 2048] for at in range(0, len(samples), 2048)]

    def hear(self) -> tuple[np.ndarray, tuple[Missing, ...]]:
        told, self.windows = self.windows, []
        return self.blocks.pop(0), tuple(Missing(start, end, 0) for start, end in told)


def test_the_ear_of_a_call_in_progress_is_told_of_what_never_came(rung: tuple[CallRecord, np.ndarray]) -> None:
    record, samples = rung
    holed = samples.copy()
    holed[round(3.72 * RATE) : round(3.78 * RATE)] = 0
    call = Recorded(holed, [HOLE])
    ear = LiveEar(call, PLAN)  # type: ignore[arg-type]
    while call.blocks:
        ear.listen()
    told = [(s.start / RATE, s.end / RATE) for s in ear.segments if s.sound == "missing"]
    assert told == [(3.72, 3.78)]
    replayed = [(s.sound, s.start) for s in with_window(record, holed).heard.segments if s.sound == "ringback"]
    assert [(s.sound, s.start) for s in ear.segments if s.sound == "ringback"] == replayed


@pytest.mark.parametrize(("late_s", "marked"), [(0.35, False), (1.3, True)])
def test_bursts_that_our_own_buffer_moved_are_no_ringing_that_begins_anew(
    tmp_path: Path, late_s: float, marked: bool
) -> None:
    """A buffer that grew to half a second moves a burst by as much, and no telephone has rung on elsewhere."""
    sound = np.concatenate([tone("ringback", 5.5), silent(0.5 + late_s), tone("ringback", 4.4), silent(0.7), voice()])
    record, _ = call(FarEnd().says(0.1, 183).sounds_like(0.3, sound).says(13.0, 200).hangs_up(15.0), tmp_path)
    samples = far_side(record, tmp_path)
    steady, grown = (replace(record, jitter_buffer_s=one) for one in (0.0, 0.5))
    assert measure(build_timeline(steady, samples, PLAN)).legs[0].forwarded
    assert measure(build_timeline(grown, samples, PLAN)).legs[0].forwarded == marked


@pytest.mark.parametrize("late_s", [0.15, 0.25, 0.35])
def test_a_burst_that_our_own_buffer_moved_leaves_the_pick_up_open_to_its_end(tmp_path: Path, late_s: float) -> None:
    """The third ring comes late out of a buffer that grew, and is cut: it rang until then."""
    rung = [tone("ringback", 4.5), silent(1.5 + late_s), tone("ringback", 0.5)]
    record, _ = call(FarEnd().says(0.1, 200).sounds_like(0.3, np.concatenate([*rung, silent(0.7), voice()])), tmp_path)
    grown = replace(record, jitter_buffer_s=0.45)
    (leg,) = measure(build_timeline(grown, far_side(record, tmp_path), PLAN)).legs
    assert leg.outcome == "answered"
    assert leg.rings is None or leg.rings[0] <= 3 <= leg.rings[1]
    assert leg.answer_latency_s is None or 6.5 in leg.answer_latency_s


def ring(start_s: float, end_s: float, sound: str = RINGBACK) -> Segment:
    return Segment(sound, round(start_s * RATE), round(end_s * RATE))


@pytest.mark.parametrize(("jitter_s", "outcome"), [(0.5, "answered"), (0.0, "rejected")])
def test_ringing_that_our_own_buffer_tore_apart_is_one_telephones(
    tmp_path: Path, jitter_s: float, outcome: str
) -> None:
    """The third ring stood 0.35 s too early, and the ear heard two unanswered rings and another telephone's one."""
    record, _ = call(FarEnd().says(0.1, 200).sounds_like(0.3, tone("ringback", 6.5)).hangs_up(10.0), tmp_path)
    whole = build_timeline(replace(record, jitter_buffer_s=jitter_s), far_side(record, tmp_path), PLAN)
    first, second, third, word = ring(0.3, 1.3), ring(3.3, 4.3), ring(5.95, 6.45), ring(7.2, 8.0, SPEECH)
    picked, spoke = Span(third.end, third.end + 160), Span(word.start, word.start + 160)
    torn = (
        Leg(Span(first.start, first.start + 160), 2, "no_answer", None, None, None, (first, second)),
        Leg(Span(third.start, third.start + 160), 1, "answered", picked, spoke, Span(3000, 4160), (third, word)),
    )
    heard = replace(whole.heard, legs=torn, segments=(first, second, third, word))
    (leg,) = measure(replace(whole, heard=heard, unnamed=())).legs
    assert leg.outcome == outcome
    if outcome == "answered":
        assert leg.rings is not None
        assert leg.answer_latency_s is not None
        assert leg.rings[0] <= 3 <= leg.rings[1]
        assert 6.15 in leg.answer_latency_s


def test_a_burst_that_ends_where_our_stream_was_set_up_anew_tells_no_pick_up(tmp_path: Path) -> None:
    """A switchboard describes its media anew when somebody picks up: our stream takes nothing for a tenth of a second,
    what is left of the burst behind that passes for a word, and the pick-up may be anywhere there."""
    rung = np.concatenate([tone("ringback", 3.30), silent(0.1), tone("ringback", 0.14), silent(0.7), voice()])
    record, _ = call(FarEnd().says(0.1, 200).sounds_like(0.3, rung), tmp_path)
    samples = far_side(record, tmp_path)
    hole = replace(record, missing=(Missing(start_s=3.58, end_s=3.76, packets=0),))
    (leg,) = measure(build_timeline(hole, samples, PLAN)).legs
    assert leg.outcome == "answered"
    assert leg.answer_latency_s is None or 3.54 in leg.answer_latency_s
    assert leg.rings is None or leg.rings[0] <= 2 <= leg.rings[1]


def test_a_word_behind_a_hole_of_ours_is_the_rest_of_the_burst(tmp_path: Path) -> None:
    record, _ = call(FarEnd().says(0.1, 200).sounds_like(0.3, tone("ringback", 0.3)), tmp_path)
    record = replace(record, missing=(Missing(start_s=0.55, end_s=0.7, packets=0),))
    whole = build_timeline(record, far_side(record, tmp_path), PLAN)
    burst, rest, word = ring(0.3, 0.55), ring(0.65, 0.8, SPEECH), ring(1.5, 3.0, SPEECH)
    picked, spoke = Span(burst.end, burst.end + 160), Span(rest.start - 160, rest.start + 160)
    torn = Leg(Span(burst.start, burst.start + 160), 1, "answered", picked, spoke, Span(1900, 2160), (burst, rest))
    heard = replace(whole.heard, legs=(torn,), segments=(burst, rest, word))
    (leg,) = measure(replace(whole, heard=heard, unnamed=())).legs
    assert leg.voice_onset_s is not None
    assert leg.voice_onset_s.earliest > 1.3
    assert leg.rings == (1, 1)  # it was over before the next one was due
    assert leg.pick_up_s is not None
    assert 0.75 in leg.pick_up_s
