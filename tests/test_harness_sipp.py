"""SIPp as the far end, packets through a relay that loses them: every situation ends as it did, with its own numbers.

A few of each kind here, more with CI=true, five hundred with `make situations`.
"""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest
from peers import need
from sipp_scenario import scenario_xml
from situations import SILENCE, WHOLE, Situation, draw, kinds, sound_of
from situations_judge import Verdict, outcomes
from situations_run import run
from situations_table import SIGNALLED_P99_S, heard_exactly, table

from dsp.tone_plan import load_plan, plan_names

pytestmark = pytest.mark.realtime

CI = os.environ.get("CI") == "true"
COUNT, OF_EACH_KIND = 500, 4 if CI else 1


def chosen() -> list[Situation]:
    """The first of each kind of the draw; those that take long only with CI=true."""
    drawn = [s for s in draw(COUNT, plans=("tw",), networks=WHOLE) if CI or not s.kind.slow]
    return [s for n, s in enumerate(drawn) if sum(e.kind == s.kind for e in drawn[:n]) < OF_EACH_KIND]


CHOSEN = chosen()


@pytest.fixture(scope="module")
def verdicts(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[int, Verdict]:
    need("sipp", request)
    return {v.situation.number: v for v in run(CHOSEN, tmp_path_factory.mktemp("situations"))}


@pytest.mark.parametrize("situation", CHOSEN, ids=str)
def test_what_is_measured_is_what_happened(verdicts: dict[int, Verdict], situation: Situation) -> None:
    assert verdicts[situation.number].wrong == ()


def test_heard_rings_are_exact_where_every_packet_comes_in_time(verdicts: dict[int, Verdict]) -> None:
    in_time = [v for v in verdicts.values() if v.situation.network in ("clean", "doubled")]
    exact, heard = heard_exactly([v for v in in_time if v.in_time])
    assert exact == heard, table(in_time)
    assert heard_exactly(in_time)[1] > 0


def test_signalled_instants_are_those_of_the_messages(verdicts: dict[int, Verdict]) -> None:
    """Within 5 ms; where the machine was stalled the interval says by how much."""
    pairs = [pair for v in verdicts.values() for pair in v.signals_s]
    wide = [(told.widened(SIGNALLED_P99_S, SIGNALLED_P99_S), sent) for told, sent in pairs]
    assert len(pairs) >= len(CHOSEN)
    assert [pair for pair, (told, sent) in zip(pairs, wide, strict=True) if told.meet(sent) is None] == []


def test_every_kind_comes_round_and_the_same_seed_draws_the_same() -> None:
    drawn = draw(COUNT)
    assert {s.kind.name for s in drawn} == {kind.name for kind in kinds()}
    assert [str(s) for s in drawn] == [str(s) for s in draw(COUNT)]
    assert [str(s) for s in drawn] != [str(s) for s in draw(COUNT, seed=2)]
    assert len({s.plan for s in drawn}) > 40


def test_a_sound_is_whole_packets_and_rings_as_long_as_it_should() -> None:
    rung = next(s for s in draw(COUNT, plans=("tw",)) if s.kind.sound[:1] == ("ringback",) and s.rings == 3)
    sound = sound_of(rung)
    assert len(sound) % 160 == 0
    loud = np.flatnonzero(sound[: round(rung.rang_s * 8000)] & 0x7F != SILENCE & 0x7F)
    assert 1 + np.count_nonzero(np.diff(loud) > 4000) == 3


def test_only_tones_that_nobody_can_tell_apart_may_be_called_either() -> None:
    refused = next(s for s in draw(COUNT) if s.kind.outcome == "congestion")
    told = {name: outcomes(replace(refused, tones=load_plan(name))) for name in plan_names()}
    assert sorted(name for name, one in told.items() if len(one) == 2) == [
        "au",
        "cr",
        "hu",
        "jp",
        "mx",
        "my",
        "pa",
        "pl",
    ]


def test_a_step_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="whistle"):
        scenario_xml("wrong", ["180", "whistle"])
