"""The example calls of recordings/: kept calls with the embedded agency, and what the agency did in them."""

import json
from pathlib import Path

import pytest

from dsp.audio import read
from dsp.listen import listen
from dsp.tone_plan import load_plan

FOLDER = Path(__file__).parent.parent / "recordings" / "examples"
EXAMPLES = sorted(file.stem for file in FOLDER.glob("*.flac"))
PATH_S = 0.080
"""The agency's log is written before the sound leaves it; a jitter buffer of at most this lies on the way."""


def happened(name):
    told = json.loads((FOLDER / f"{name}.truth.json").read_text(encoding="utf-8"))
    assert told["schema"] == "thirdring.example/1"
    return told["tone_plan"], told["happened"]


def heard_legs(name, plan):
    audio = read(FOLDER / f"{name}.flac")
    return audio.sr, listen(audio.mono, sr=audio.sr, plan=load_plan(plan)).legs


def times(rows, what):
    """Leg name -> seconds into the file, the first of each leg."""
    return {row["leg"]: row["at_s"] for row in reversed(rows) if row["what"] == what}


def test_there_are_examples_and_each_has_its_truth():
    assert {file.name.removesuffix(".truth.json") for file in FOLDER.glob("*.json")} == set(EXAMPLES)
    assert "ivr-operator-extension" in EXAMPLES


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_rang_is_heard_with_its_rings_and_its_pick_up(name):
    plan, rows = happened(name)
    onsets, pick_ups, voices = (times(rows, what) for what in ("ring_onset", "pick_up", "voice"))
    sr, legs = heard_legs(name, plan)
    rang = [leg for leg in legs if leg.ring_onset is not None]
    assert len(rang) == len(onsets)
    period_s = load_plan(plan).ringback.period_s
    for leg, (true_leg, onset_s) in zip(rang, sorted(onsets.items(), key=lambda one: one[1]), strict=True):
        assert 0 <= leg.ring_onset.earliest / sr - onset_s <= PATH_S
        if true_leg not in pick_ups:
            assert (leg.outcome, leg.pick_up) == ("no_answer", None)
            continue
        assert leg.outcome == "answered"
        assert leg.rings == int((pick_ups[true_leg] - onset_s) // period_s) + 1
        assert leg.pick_up.earliest / sr - PATH_S <= pick_ups[true_leg] <= leg.pick_up.latest / sr
        assert leg.voice_onset.earliest / sr - PATH_S <= voices[true_leg] <= leg.voice_onset.latest / sr


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_busy_line_is_heard_as_busy_and_nothing_else_is(name):
    plan, rows = happened(name)
    outcomes = [leg.outcome for leg in heard_legs(name, plan)[1]]
    assert ("busy" in outcomes) == ("busy" in {row["what"] for row in rows})
