"""What may have been a ring that nobody told, by its tones alone or by a loudness that holds still."""

from __future__ import annotations

import numpy as np
import pytest
from dsp_calls import SR, VOICES, music, quiet, voice, with_noise

from dsp import synthesis as syn
from dsp.answering.heard_call import Clues
from dsp.answering.legs import ANSWERED, NO_ANSWER, NONE, find_legs
from dsp.second_look.unheard_rings import unheard_rings
from dsp.segment import BUSY, MUSIC, RINGBACK, SPEECH, Segment, Span
from dsp.tone_plan import load_plan

TW = load_plan("tw")


def at(sound: str, start_s: float, end_s: float) -> Segment:
    return Segment(sound, round(start_s * SR), round(end_s * SR))


def ring(seconds: float, plan: str = "tw") -> np.ndarray:
    return syn.cadence(load_plan(plan).ringback, seconds, sr=SR, level_dbfs=-20)


def clipped(seconds: float) -> np.ndarray:
    """A ring of which a coder on a line far too loud left nothing but its loudness."""
    return syn.white_noise(round(seconds * SR), rng=np.random.default_rng(8), level_dbfs=-5)


def found(*pieces: np.ndarray, plan: str = "tw", segments: tuple[Segment, ...] = ()) -> list[tuple[float, float]]:
    wave = with_noise(np.clip(np.concatenate(pieces), -1, 1))
    spans = unheard_rings(segments, wave, sr=SR, plan=load_plan(plan))
    return [(span.earliest / SR, span.latest / SR) for span in spans]


@pytest.mark.parametrize("plan", ["tw", "de", "fr", "it"])
@pytest.mark.parametrize("lasts_s", [0.25, 0.6, 0.95])
def test_a_ring_that_passed_for_music_is_found_where_it_sounds(plan: str, lasts_s: float) -> None:
    heard = at(MUSIC, 1.9, 7)
    ((start, end),) = found(quiet(2), ring(lasts_s, plan), quiet(0.3), music(4), plan=plan, segments=(heard,))
    assert start == pytest.approx(2, abs=0.02)
    assert end == pytest.approx(2 + lasts_s, abs=0.03)


def test_one_that_was_told_is_not_told_again() -> None:
    assert found(quiet(2), ring(1), quiet(2), segments=(at(RINGBACK, 2, 3),)) == []


@pytest.mark.parametrize("noise", ["line", "silence"])
def test_a_loudness_that_holds_still_for_as_long_as_a_ring_may_be_one_that_was_clipped(noise: str) -> None:
    pieces = [quiet(2), clipped(1.0), quiet(2), clipped(1.0), quiet(2)]
    wave = np.concatenate(pieces)
    samples = with_noise(wave) if noise == "line" else syn.to_int16(wave)
    assert [round(span.earliest / SR) for span in unheard_rings((), samples, sr=SR, plan=TW)] == [2, 5]
    assert found(quiet(2), clipped(0.7), quiet(2)) == []
    assert found(quiet(2), clipped(1.0) * 0.3, quiet(2)) == []


def test_on_a_silent_line_lost_packets_part_none() -> None:
    wave = syn.to_int16(np.concatenate([quiet(2), clipped(1.0), quiet(2)]))
    wave[round(2.4 * SR) : round(2.56 * SR)] = 0
    (span,) = unheard_rings((), wave, sr=SR, plan=TW)
    assert span.latest / SR == pytest.approx(3, abs=0.02)


@pytest.mark.parametrize("name", VOICES)
@pytest.mark.parametrize("level_dbfs", [-30, -8])
def test_no_voice_is_one(name: str, level_dbfs: float) -> None:
    assert found(quiet(1), syn.at_level(voice(name), level_dbfs), quiet(1)) == []


@pytest.mark.parametrize("seed", range(4))
def test_no_music_is_one(seed: int) -> None:
    assert found(quiet(1), music(8, seed=seed), quiet(1)) == []


def test_where_nothing_rang_for_certain_it_leaves_the_call_to_a_person() -> None:
    prompt, some = at(SPEECH, 1, 3), (Span(5 * SR, 6 * SR),)
    for heard, unheard, open_ in (((prompt,), some, True), ((prompt,), (), False), ((), some, True)):
        legs = find_legs(heard, sr=SR, plan=TW, end=20 * SR, clues=Clues(unheard=unheard))
        assert [(leg.outcome, leg.provisional) for leg in legs] == [(NONE, open_)]


@pytest.mark.parametrize("at_s", [5.5, 9.0])
def test_behind_who_picked_up_it_may_be_another_telephone(at_s: float) -> None:
    heard = [at(RINGBACK, 1, 2), at(RINGBACK, 4, 5), at(SPEECH, 6, 8)]
    legs = find_legs(
        heard, sr=SR, plan=TW, end=20 * SR, clues=Clues(unheard=(Span(round(at_s * SR), round((at_s + 1) * SR)),))
    )
    told = [(leg.outcome, leg.rings, leg.provisional) for leg in legs]
    assert told == [(ANSWERED, 2, False), (NONE, 0, True)][: 1 + (at_s > 6)]


def test_before_a_refusal_it_is_the_refusals_first_burst() -> None:
    heard = [at(RINGBACK, 1, 2), at(RINGBACK, 4, 5), at(SPEECH, 6, 8), at(BUSY, 10, 15)]
    legs = find_legs(heard, sr=SR, plan=TW, end=20 * SR, clues=Clues(unheard=(Span(9 * SR, round(9.5 * SR)),)))
    assert [leg.outcome for leg in legs] == [ANSWERED, BUSY]


def test_one_that_begins_when_a_ring_was_due_may_have_been_cut() -> None:
    told = (at(RINGBACK, 2, 3), at(RINGBACK, 5, 6))
    pieces = (quiet(2), ring(1), quiet(2), ring(1), quiet(2))
    for late_s, count in ((0.0, 1), (0.2, 1), (0.7, 0)):
        spans = found(*pieces, quiet(late_s), clipped(0.65), quiet(0.3), segments=told)
        assert [round(start, 1) for start, _ in spans] == [8.0 + late_s] * count
    voice_there = (*told, at(SPEECH, 7.9, 9))
    assert found(*pieces, clipped(0.65), quiet(0.3), segments=voice_there) == []


@pytest.mark.parametrize(("at_s", "most"), [(7.0, 3), (7.1, 3), (7.5, 2)])
def test_where_nobody_answered_it_leaves_the_count_open(at_s: float, most: int) -> None:
    sound = Span(round(at_s * SR), round((at_s + 0.6) * SR))
    (leg,) = find_legs(
        [at(RINGBACK, 1, 2), at(RINGBACK, 4, 5)], sr=SR, plan=TW, end=8 * SR, clues=Clues(unheard=(sound,))
    )
    assert (leg.outcome, leg.rings, leg.most_rings) == (NO_ANSWER, 2, most)


@pytest.mark.parametrize(("at_s", "open_"), [(11.12, True), (9.5, False)])
def test_a_period_before_a_ringings_first_ring_it_may_have_been_its_first(at_s: float, open_: bool) -> None:
    rings = [at(RINGBACK, 16.16, 17.123), at(RINGBACK, 21.125, 22.123)]
    heard = [at(MUSIC, 7.488, 16.16), *rings, at(SPEECH, 25, 26)]
    sound = Span(round(at_s * SR), round((at_s + 1) * SR))
    *_, leg = find_legs(heard, sr=SR, plan=load_plan("mo"), end=27 * SR, clues=Clues(unheard=(sound,)))
    assert (leg.outcome, leg.rings) == ((NONE, 0) if open_ else (ANSWERED, 2))
