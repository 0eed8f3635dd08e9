"""A ring's tones keep step with themselves: what lost packets and jitter buffers do to one shows, and a moment of it
behind a hole is told by that."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.answering.legs import find_legs
from dsp.answering.recording import Recording
from dsp.second_look.in_step import are_two_in_step, ends_in_step, is_in_step, is_over_before, rest_until
from dsp.segment import MISSING, RINGBACK, SPEECH, Segment
from dsp.synthesis import to_int16
from dsp.tone_plan import load_plan
from dsp.truth.truth_line import coded

TW = load_plan("tw")
SR = 8000
PACKET = SR // 50


def ring(*, noise_db=-30.0, seed=0, off=1.0, length=SR, level=0.1, codec=""):
    """A second of the line, a ring (samples 8000 on), a second of the line."""
    rng = np.random.default_rng(seed)
    at = np.arange(SR + length + SR) / SR
    tone = sum(level / 2 * np.sin(2 * np.pi * f * off * at + rng.uniform(0, 6.28)) for f in TW.ringback.frequencies_hz)
    tone[:SR] = tone[SR + length :] = 0
    noise = rng.normal(0, level / 2 * 10 ** (noise_db / 20), len(at))
    return to_int16(coded((tone + noise).astype(np.float32), codec)), Segment(RINGBACK, SR + 8, SR + length - 8)


@pytest.mark.parametrize("noise_db", [-14, -20, -45])
@pytest.mark.parametrize("codec", ["", "a", "u", "gsm", "g726"])
def test_an_exchange_keeps_step(codec, noise_db):
    made = [ring(noise_db=noise_db, seed=seed, off=0.98 + 0.002 * seed, codec=codec) for seed in range(20)]
    assert np.mean([is_in_step(samples, burst, sr=SR, plan=TW) for samples, burst in made]) >= (
        0.6 if codec == "gsm" else 1.0
    )


@given(
    at=st.integers(500, SR - 450),
    moved=st.sampled_from([80, 160, 240, 320]),
    seed=st.integers(0, 10**6),
    out=st.booleans(),
)
@settings(max_examples=40, deadline=None, derandomize=True)
def test_a_frame_put_in_or_taken_out_breaks_it(at, moved, seed, out):
    samples, burst = ring(seed=seed)
    at += SR
    parts = (samples[:at], samples[at + moved :]) if out else (samples[:at], samples[at - moved : at], samples[at:])
    heard = replace(burst, end=burst.end + (-moved if out else moved))
    assert not is_in_step(np.concatenate(parts), heard, sr=SR, plan=TW)


def test_whole_turns_of_both_tones_taken_out_leave_no_trace():
    samples, burst = ring()
    shorter = np.concatenate([samples[: SR + 4000], samples[SR + 4200 :]])
    assert is_in_step(shorter, replace(burst, end=burst.end - 200), sr=SR, plan=TW)


@pytest.mark.parametrize("packet", [10, 25, 40])
def test_what_a_click_or_lost_packets_hide_is_as_long_as_it_was(packet):
    samples, burst = ring()
    lost, clicked = samples.copy(), samples.copy()
    lost[SR + packet * PACKET : SR + (packet + 6) * PACKET] = 0
    clicked[SR + packet * PACKET + 70 : SR + packet * PACKET + 74] = 30000
    assert is_in_step(lost, burst, sr=SR, plan=TW)
    assert is_in_step(clicked, burst, sr=SR, plan=TW)
    assert not is_in_step(
        np.delete(lost, range(SR + packet * PACKET, SR + (packet + 1) * PACKET)), burst, sr=SR, plan=TW
    )


@pytest.mark.parametrize("packet", [1, 48, 49])
def test_one_that_lost_its_first_or_last_packets_is_not_known(packet):
    samples, burst = ring()
    samples[SR + packet * PACKET : SR + (packet + 1) * PACKET] = 0
    assert not is_in_step(samples, burst, sr=SR, plan=TW)


@given(
    rest=st.integers(110, 150),
    packets=st.integers(1, 10),
    noise_db=st.floats(-45, -14),
    seed=st.integers(0, 10**6),
    off=st.floats(0.98, 1.02),
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_the_rest_of_a_ring_behind_a_hole_is_told_and_one_that_was_cut_has_none(rest, packets, noise_db, seed, off):
    samples, burst = ring(noise_db=noise_db, seed=seed, off=off)
    over = 2 * SR
    hole = over - rest - packets * PACKET
    seen = replace(burst, end=hole)
    whole, cut = samples.copy(), samples.copy()
    whole[hole : over - rest] = 0
    cut[hole:over] = samples[over : over + over - hole]  # the line
    assert ends_in_step(whole, seen, over, sr=SR, plan=TW)
    assert not ends_in_step(cut, seen, over, sr=SR, plan=TW)
    assert not ends_in_step(samples, replace(burst, end=hole), over - rest, sr=SR, plan=TW)  # it goes on behind


@given(seed=st.integers(0, 10**6), hz=st.floats(100, 300), level=st.floats(0.03, 0.5), rest=st.integers(40, 150))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_a_voice_behind_the_hole_is_no_rest(seed, hz, level, rest):
    samples, burst = ring(seed=seed)
    over, hole = 2 * SR, 2 * SR - rest - PACKET
    at, rng = np.arange(rest) / SR, np.random.default_rng(seed)
    vowel = sum(level / k * np.sin(2 * np.pi * hz * k * at + rng.uniform(0, 6.28)) for k in range(1, 12))
    samples[hole : over - rest] = 0
    samples[over - rest : over] = to_int16((vowel / 3).astype(np.float32))
    assert not ends_in_step(samples, replace(burst, end=hole), over, sr=SR, plan=TW)


@given(hole=st.integers(0, 800), heard=st.integers(200, 700), noise_db=st.floats(-45, -14), seed=st.integers(0, 10**6))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_a_line_that_is_heard_where_the_ring_would_be_tells_that_it_is_over(hole, heard, noise_db, seed):
    samples, burst = ring(noise_db=noise_db, seed=seed)
    whole, cut = samples.copy(), samples.copy()
    ended = 2 * SR - heard - hole
    seen = replace(burst, end=ended)
    cut[ended : 2 * SR] = samples[-heard - hole :]
    whole[ended : ended + hole] = cut[ended : ended + hole] = 0
    assert is_over_before(cut, seen, 2 * SR, silent=False, sr=SR, plan=TW)
    assert not is_over_before(whole, seen, 2 * SR, silent=False, sr=SR, plan=TW)


@pytest.mark.parametrize("silent", [False, True])
def test_a_hole_up_to_where_it_was_due_to_end_tells_nothing_but_where_nothing_was_lost(silent):
    samples, burst = ring()
    samples[2 * SR - 800 :] = 0
    seen = replace(burst, end=2 * SR - 800)
    assert is_over_before(samples, seen, 2 * SR, silent=silent, sr=SR, plan=TW) == silent


@given(seed=st.integers(0, 10**6), over=st.integers(0, 12))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_a_packet_put_in_for_a_lost_one_is_no_line(seed, over):
    """Where two tones beat, its last moment may be quiet by chance."""
    samples, burst = ring(seed=seed)
    gone = 2 * SR - PACKET - over
    samples[gone : gone + PACKET] = samples[gone - PACKET : gone] // 2
    assert not is_over_before(samples, replace(burst, end=gone), 2 * SR, silent=False, sr=SR, plan=TW)


@given(rest=st.integers(100, 800), packets=st.integers(1, 8), noise_db=st.floats(-45, -14), seed=st.integers(0, 10**6))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_the_rest_behind_a_hole_ends_no_sooner_than_it_does_and_little_later(rest, packets, noise_db, seed):
    samples, burst = ring(noise_db=noise_db, seed=seed)
    since = 2 * SR - rest
    samples[since - packets * PACKET : since] = 0
    seen = replace(burst, end=since - packets * PACKET)
    assert 0 <= rest_until(samples, seen, since, sr=SR, plan=TW) - (2 * SR - 16) <= rest / 2 + SR / 80 + 16


def test_the_line_behind_a_hole_is_no_rest():
    samples, burst = ring()
    samples[2 * SR - 800 :] = samples[: SR + 800]
    samples[2 * SR - 800 : 2 * SR - 640] = 0
    seen = replace(burst, end=2 * SR - 800)
    assert rest_until(samples, seen, 2 * SR - 640, sr=SR, plan=TW) == 2 * SR - 640


@pytest.mark.parametrize(
    ("tones_hz", "two"),
    [((440, 480), True), ((440,), False), ((480,), False), ((440, 560), False), ((300, 600), False)],
)
def test_two_tones_of_the_exchange_are_told_from_notes_though_packets_are_lost(tones_hz, two):
    at = np.arange(SR // 3) / SR
    wave = sum(0.1 * np.sin(2 * np.pi * hz * at + hz) for hz in tones_hz)
    wave += np.random.default_rng(1).normal(0, 0.005, len(at))
    wave[800:960] = 0
    heard = Segment(RINGBACK, 0, len(at))
    assert are_two_in_step(to_int16(wave.astype(np.float32)), heard, sr=SR, plan=TW) == two
    assert not are_two_in_step(to_int16(wave.astype(np.float32)), replace(heard, end=len(at) + 9), sr=SR, plan=TW)


@pytest.mark.parametrize("put_in", [40, 80, 160])
def test_a_burst_that_is_seen_to_end_in_what_was_put_in_is_not_known(put_in):
    samples, burst = ring()
    gone = SR + 40 * PACKET
    samples[gone : gone + PACKET] = samples[gone - PACKET : gone] // 2
    assert not is_in_step(samples, replace(burst, end=gone + put_in), sr=SR, plan=TW)


def at(sound, start_s, end_s, **more):
    return Segment(sound, round(start_s * SR), round(end_s * SR), **more)


def latency_s(lacks_s, *, in_step=True, ends_at=False, over=False, apart_s=(0.0, 0.0, 0.0), missing=(), **known):
    """Four rings from 1 s on, the last one cut so many seconds early, and who picked up speaks at 11.6 s."""
    rings = [at(RINGBACK, 1 + 3 * n, 2 + 3 * n - less, stops=True, told=True) for n, less in enumerate(apart_s)]
    last = at(RINGBACK, 10, 11 - lacks_s, stops=not over, told=True)
    gone = [at(MISSING, start, start + 0.02) for start in missing]
    recording = Recording(in_step=lambda _: in_step, ends_at=lambda _, __: ends_at, over_before=lambda *_: over)
    segments = [*rings, last, at(SPEECH, 11.6, 13), *gone]
    (leg,) = find_legs(segments, sr=SR, plan=TW, end=20 * SR, recording=recording, **known)
    return leg.answer_latency.earliest / SR, leg.answer_latency.latest / SR


@pytest.mark.parametrize("lacks_s", [0.008, 0.012, 0.02, 0.045])
def test_a_ring_in_step_that_lacks_little_was_cut(lacks_s):
    earliest, latest = latency_s(lacks_s)
    assert earliest <= 10 - lacks_s <= latest < 10


@pytest.mark.parametrize(
    ("lacks_s", "known"),
    [
        (0.008, {"in_step": False}),
        (0.02, {"in_step": False}),  # a jitter buffer may have taken as much
        (0.025, {}),  # and this much without a trace
        (0.02, {"buffer_s": 0.085}),
        (0.02, {"apart_s": (0.0, 0.02, 0.05)}),
        (0.004, {}),  # a coder may hide it
    ],
)
def test_else_it_may_be_whole(lacks_s, known):
    earliest, latest = latency_s(lacks_s, **known)
    assert earliest <= 10 - lacks_s
    assert latest > 10


def test_where_the_receiver_tells_what_was_lost_no_step_is_asked_for():
    earliest, latest = latency_s(0.01, in_step=False, missing=[0.5])
    assert earliest <= 9.99 <= latest < 10


def test_a_last_ring_as_long_as_the_plan_and_one_other_is_whole_whatever_the_rest_lost():
    assert latency_s(0.0, apart_s=(0.028, 0.0, 0.008))[0] > 10


def test_a_whole_ring_that_is_seen_a_moment_short_ends_when_the_plan_has_it():
    for lacks_s in (0.0, 0.00025, 0.0005, 0.001):
        assert latency_s(lacks_s)[0] > 10


@pytest.mark.parametrize("lacks_s", [0.023, 0.1, 0.2])
def test_a_ring_that_goes_on_in_step_behind_a_hole_is_whole(lacks_s):
    assert latency_s(lacks_s, in_step=False, ends_at=True)[0] > 10
    assert latency_s(lacks_s, in_step=False)[0] < 10


@pytest.mark.parametrize("lacks_s", [0.08, 0.1, 0.16])
def test_behind_a_hole_the_line_without_the_ring_tells_that_it_was_cut(lacks_s):
    """Packets end there as well: without the line behind it nobody could say."""
    assert latency_s(lacks_s, over=True)[1] < 10 < latency_s(lacks_s, over=True, in_step=False)[1]


def test_so_it_does_behind_a_packet_that_the_receiver_knows_it_lost():
    earliest, latest = latency_s(0.08, over=True, missing=[10.92])
    assert earliest <= 9.92 <= latest < 9.98
    assert latency_s(0.08, missing=[10.92])[1] > 10
