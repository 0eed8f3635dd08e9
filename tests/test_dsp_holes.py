"""Where packets are missing, cut or concealed: no pause, no pick-up and no new ringing is made of them."""

from __future__ import annotations

import numpy as np
import pytest
from dsp_calls import SR, quiet, voice

from dsp import synthesis as syn
from dsp.answering.legs import ANSWERED, Leg, find_legs
from dsp.detector import Detector
from dsp.listen import listen
from dsp.second_look.notes import without_notes
from dsp.segment import BUSY, CONGESTION, MUSIC, RINGBACK, SPEECH, TONE, Segment
from dsp.tone_plan import load_plan
from dsp.truth import made_sounds as made
from dsp.truth.truth_line import coded


def segment(sound: str, start_s: float, end_s: float, **more: bool) -> Segment:
    return Segment(sound, round(start_s * SR), round(end_s * SR), **more)


WORD = np.concatenate([voice("wei-nin-hao"), quiet(0.5)])


def ring(seconds: float, plan: str = "tw", level_dbfs: float = -20.0) -> np.ndarray:
    return syn.cadence(load_plan(plan).ringback, seconds, sr=SR, level_dbfs=level_dbfs)


def noisy(*pieces: np.ndarray, level_dbfs: float = -50.0) -> np.ndarray:
    wave = np.concatenate(pieces)
    return wave + syn.white_noise(len(wave), rng=np.random.default_rng(1), level_dbfs=level_dbfs)


def hear(
    wave: np.ndarray, *holes: tuple[float, float], plan: str = "tw", known: bool = True, **more
) -> tuple[Leg, ...]:
    """The legs of a call in which nothing arrived between some seconds, and whether the receiver says so."""
    gone = [(round(start * SR), round(end * SR)) for start, end in holes]
    for start, end in gone:
        wave[start:end] = 0
    return listen(syn.to_int16(wave), sr=SR, plan=load_plan(plan), missing=gone if known else (), **more).legs


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("noise_dbfs", [-50.0, -90.0])
@pytest.mark.parametrize("hole_ms", [60, 80, 100, 120, 140])
def test_a_hole_in_a_burst_that_is_then_cut_is_not_the_cut(hole_ms, noise_dbfs, known):
    wave = noisy(quiet(1), ring(9.44), quiet(0.5), WORD, level_dbfs=noise_dbfs)
    (leg,) = hear(wave, (10.16, 10.16 + hole_ms / 1000), known=known)
    assert leg.rings == 4
    assert round(10.44 * SR) in leg.pick_up


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("hole_ms", [60, 80, 100, 120])
@pytest.mark.parametrize("at_s", [0.1, 0.4035, 0.7])
def test_a_hole_in_a_burst_does_not_begin_the_ringing_anew(at_s, hole_ms, known):
    wave = noisy(quiet(1), ring(15.5), quiet(0.5), WORD)
    (leg,) = hear(wave, (10 + at_s, 10 + at_s + hole_ms / 1000), known=known)
    assert (leg.rings, leg.restarted) == (6, False)
    assert round(16.5 * SR) in leg.pick_up
    assert SR in leg.ring_onset


@pytest.mark.parametrize("plan", ["tw", "my", "uk", "de"])
@pytest.mark.parametrize("known", [True, False])
def test_pieces_of_a_burst_between_holes_are_its_rest(plan, known):
    """Twice 80 ms are lost; what is left between and behind them is too short to prove itself."""
    period = load_plan(plan).period_s
    at = 1 + 3 * period
    wave = noisy(quiet(1), ring(3 * period + 0.36, plan), quiet(0.5), WORD)
    (leg,) = hear(wave, (at + 0.14, at + 0.22), (at + 0.24, at + 0.32), plan=plan, known=known)
    assert leg.rings == 4
    assert round((at + 0.36) * SR) in leg.pick_up


def test_the_second_of_two_equal_bursts_of_a_fast_cadence_is_whole():
    """There is no earlier ring to tell by; the burst before it in the same ring is as short."""
    plan = load_plan("sg")
    for stretch in (0.88, 0.9, 0.95):
        bursts = syn.cadence(plan.ringback, 1.6, sr=SR, level_dbfs=-20.0, stretch=stretch)
        (leg,) = hear(noisy(quiet(1), bursts, quiet(2), WORD), (6, 6.02), plan="sg")
        assert leg.rings == 1
        assert round(2.6 * SR) in leg.pick_up


def test_a_tones_first_moments_taken_for_a_voice_are_none():
    """A lone burst of one line, in noise that sways like talk."""
    wave = noisy(quiet(1), ring(0.7, "de", -12.0), quiet(3), WORD, level_dbfs=-26.0)
    (leg,) = hear(wave, plan="de")
    assert (leg.outcome, leg.rings) == (ANSWERED, 1)


def test_a_piece_behind_a_ring_that_lost_its_first_packet_is_looked_for_in_time():
    """The second ring begins 25 ms late: the third is due by the plan, not by that."""
    wave = coded(noisy(quiet(1), ring(10.03, "ru"), quiet(0.4), WORD, level_dbfs=-60.0), "gsm")
    (leg,) = hear(wave, (6.0, 6.025), plan="ru", known=False)
    assert leg.rings == 3
    assert round(11.03 * SR) in leg.pick_up


def test_rings_late_by_chance_on_a_beat_do_not_prove_the_onset():
    wave = noisy(quiet(1), ring(12.12, "pt"), quiet(0.4), WORD, level_dbfs=-60.0)
    (leg,) = hear(wave, (1.0, 1.040), (7.0, 7.020), plan="pt", known=False)
    assert SR in leg.ring_onset


def test_a_ring_that_lost_its_first_packets_is_not_cut_at_its_end():
    """As late as it is short: it ended where it should."""
    wave = noisy(quiet(1), ring(9.9, "id"), quiet(0.4), WORD)
    (leg,) = hear(wave, (6.0, 6.067), plan="id", known=False)
    assert leg.rings == 2
    assert round(10.9 * SR) in leg.pick_up


def test_the_last_ring_that_lost_its_first_packet_is_not_cut_at_its_end():
    """Three rings, the first and the last of them late: no beat tells by how much."""
    wave = noisy(quiet(1), ring(7.4), quiet(1), WORD)
    (leg,) = hear(wave, (1.0, 1.010), (7.0, 7.014))
    assert leg.rings == 3
    assert round(8.4 * SR) in leg.pick_up


def test_a_ring_short_at_its_end_lets_the_next_come_when_the_cadence_runs_fast():
    tone = load_plan("tw").ringback
    wave = noisy(quiet(1), syn.cadence(tone, 2.76, sr=SR, level_dbfs=-20.0, stretch=0.9), quiet(0.6), WORD)
    (leg,) = hear(wave, (1.855, 1.9))
    assert leg.rings == 2
    assert round(3.76 * SR) in leg.pick_up


def test_a_first_ring_without_its_first_quarter_second_is_one():
    tone = load_plan("tw").ringback
    wave = noisy(quiet(1), syn.cadence(tone, 11.0, sr=SR, level_dbfs=-20.0, stretch=0.9), quiet(0.6), WORD)
    (leg,) = hear(wave, (1.0, 1.24), known=False)
    assert leg.rings == 5


def test_a_voice_where_a_ring_would_be_due_is_none_behind_a_burst_that_was_cut():
    """The first sound of a word is as tonal as what a pick-up leaves of a burst."""
    tone = syn.cadence(load_plan("tw").ringback, 0.040, sr=SR, level_dbfs=-20.0)
    wave = noisy(quiet(1), ring(9.3), quiet(2.72), tone, WORD)
    (leg,) = hear(wave)
    assert leg.rings == 4
    assert round(10.3 * SR) in leg.pick_up


@pytest.mark.parametrize("burst", range(6))
@pytest.mark.parametrize(("after_s", "lost_s"), [(-0.01, 0.08), (0.1, 0.16), (0.2, 0.16)])
def test_a_refusals_burst_that_lost_packets_is_one_of_it(burst, after_s, lost_s):
    """Six rings, then congestion of two unlike bursts, one of them torn: neither busy nor ringing, nor a voice."""
    plan = load_plan("ae")
    refused = syn.cadence(plan.congestion, 5.4, sr=SR, level_dbfs=-20.0)
    at = 17.7 + 0.75 * burst + after_s
    wave = noisy(quiet(1), ring(16.7, "ae"), refused, quiet(0.2))
    (leg,) = hear(wave, (at, at + lost_s), plan="ae", known=False)
    assert (leg.outcome, leg.rings) == (CONGESTION, 6)


@pytest.mark.parametrize(("torn_s", "until_s"), [(0.3, 0.86), (0.4, 0.9), (0.25, 0.5)])
@pytest.mark.parametrize("plan", ["de", "es", "it"])
def test_a_ring_that_a_stream_set_up_anew_tore_is_no_refusal(plan, torn_s, until_s):
    """While media are agreed on anew nothing is played: two pieces as long as busy's, and nothing after them."""
    wave = noisy(quiet(1), ring(2.6 * load_plan(plan).period_s, plan), quiet(0.3), WORD, level_dbfs=-75.0)
    (leg,) = hear(wave, (1 + torn_s, 1 + until_s), plan=plan, known=False)
    assert (leg.outcome, leg.rings, leg.restarted) == (ANSWERED, 3, False)


@pytest.mark.parametrize(("first_s", "gap_s", "second_s"), [(0.3, 0.56, 0.4), (0.45, 0.45, 0.5), (0.2, 0.24, 0.25)])
@pytest.mark.parametrize("plan", ["de", "es", "it"])
def test_nobody_hangs_up_on_two_pieces_of_a_ring(plan, first_s, gap_s, second_s):
    wave = noisy(quiet(1), ring(first_s, plan), quiet(gap_s), ring(second_s, plan), quiet(3.4), level_dbfs=-75.0)
    detector = Detector(sr=SR, plan=load_plan(plan))
    heard = [*detector.feed(syn.to_int16(wave)), *detector.open]
    assert {s.sound for s in heard} <= {RINGBACK, TONE}


def test_a_blip_between_pieces_of_music_does_not_ring():
    """Two notes on the ringback's pitch, a rest, and ten milliseconds of them where a ring would be due."""
    rng = np.random.default_rng(6)
    song = [syn.at_level(made.held(2.4, rng=rng), -22.0) for _ in range(2)]
    blip = quiet(1.6), ring(0.012), quiet(0.03)
    legs = hear(noisy(quiet(1), song[0], quiet(0.1), ring(0.5), quiet(0.06), ring(0.35), *blip, song[1], quiet(0.5)))
    assert all(leg.rings == 0 for leg in legs)


def test_noise_beside_a_tone_does_not_end_it():
    """Wider sets hold more noise: a frame may be named by one of them."""
    plan = load_plan("ae")
    refused = syn.cadence(plan.congestion, 5.4, sr=SR, level_dbfs=-20.0)
    for seed in range(4):
        wave = np.concatenate([quiet(1), refused, quiet(0.2)])
        wave = wave + syn.white_noise(len(wave), rng=np.random.default_rng(seed), level_dbfs=-32.0)
        (leg,) = hear(wave, plan="ae")
        assert (leg.outcome, leg.rings) == (CONGESTION, 0)


def test_one_burst_cut_short_rings_though_the_far_end_hangs_up_soon():
    refused = syn.cadence(load_plan("tw").busy, 4.0, sr=SR, level_dbfs=-20.0)
    legs = hear(noisy(quiet(1), ring(0.28), quiet(0.3), WORD, quiet(0.5), refused))
    assert [(leg.outcome, leg.rings) for leg in legs] == [(ANSWERED, 1), (BUSY, 0)]


@pytest.mark.parametrize("offset", [0.0, 0.016])
def test_a_lone_burst_whose_second_packet_is_lost_begins_out_of_quiet(offset):
    """What was heard of it before the hole is its own, not a note's; nor is a converter's offset that drops out."""
    wave = noisy(quiet(1.0025), ring(1.5, "fi", -10.0), quiet(3), WORD, level_dbfs=-34.0) + offset
    (leg,) = hear(wave, (1.02, 1.04), plan="fi")
    assert (leg.outcome, leg.rings) == (ANSWERED, 1)


def test_a_note_as_long_as_a_burst_but_off_the_beat_does_not_ring_anew():
    """Music that began behind the ringing is not known for it yet."""
    rings = [segment(RINGBACK, at, at + 1.132) for at in (0.673, 4.086, 7.5)]
    note, song = segment(RINGBACK, 10.694, 11.602, begins=False), segment(MUSIC, 11.662, 16.1)
    (leg,) = find_legs([*rings, note, song], sr=SR, plan=load_plan("tw"), end=17 * SR)
    assert (leg.rings, leg.restarted) == (3, False)


def test_a_note_long_before_the_ringing_is_not_forwarded():
    note, music = segment(RINGBACK, 5.808, 6.736, begins=False), segment(MUSIC, 17.903, 24.5)
    rings = [segment(RINGBACK, at, at + 0.992) for at in (11.279, 14.278)]
    (leg,) = find_legs([note, *rings, music], sr=SR, plan=load_plan("tw"), end=25 * SR)
    assert (leg.rings, leg.restarted) == (2, False)


def test_a_refusals_torn_second_burst_is_nobodys_answer_to_the_first():
    """What is left of it passes for a brief voice behind a burst cut short."""
    legs = [
        segment(RINGBACK, 1.937, 2.135, stops=True),
        segment(SPEECH, 2.335, 2.423),
        segment(CONGESTION, 2.736, 9.335),
    ]
    (leg,) = find_legs(legs, sr=SR, plan=load_plan("ee"), end=10 * SR)
    assert (leg.outcome, leg.rings) == (CONGESTION, 0)


def test_a_ring_torn_among_music_is_on_the_beat_of_the_next_two():
    """Hum holds the music on around the first ring; between the others none plays."""

    torn = [segment(RINGBACK, 9.107, 9.28), segment(RINGBACK, 9.4, 10.105, begins=False)]
    rings = [segment(RINGBACK, at, at + 0.998) for at in (12.107, 15.107)]
    music = [segment(MUSIC, 2.1, 9.1), segment(MUSIC, 10.12, 12.1)]
    heard = without_notes([*music, *torn, *rings], sr=SR)
    assert [s for s in heard if s.sound == RINGBACK] == [*torn, *rings]
    between = segment(MUSIC, 13.2, 15.0)
    notes = without_notes([*music, *torn, *rings, between], sr=SR)
    assert not set(torn) & set(notes)


@pytest.mark.parametrize(("plan", "fade_s", "early_s"), [("tw", 0.07, 0.0), ("tw", 0.08, 0.0), ("jp", 0.12, 0.015)])
def test_a_ring_that_a_buffer_lets_fade_into_silence_is_nobodys_voice(plan, fade_s, early_s):
    """Its last 10 ms come again and again, ever softer, and then nothing."""
    tones, size = load_plan(plan), round(fade_s * SR)
    on, off = tones.cadence[0]
    burst = ring(on - early_s, plan)
    tail = np.resize(burst[-88:-8], size) * np.linspace(1, 0, size)
    wave = np.concatenate([quiet(0.4), *[burst, tail, quiet(off + early_s - fade_s)] * 3])
    heard = listen(syn.to_int16(wave), sr=SR, plan=tones).segments
    assert {s.sound for s in heard} == {RINGBACK}
