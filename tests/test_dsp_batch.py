"""Many calls fed at once are heard as each would be alone, and audio in blocks of any size as in one piece."""

from __future__ import annotations

import numpy as np
import pytest
from dsp_calls import SR, VOICES, music, quiet, voice, with_noise

from dsp import synthesis as syn
from dsp.batch import feed_many
from dsp.detector import Detector
from dsp.segment import Segment
from dsp.tone_plan import load_plan
from dsp.voices.silero import CHUNK, CONTEXT, network

PLANS = ("tw", "us", "uk", "tw")


def call(seed: int) -> np.ndarray:
    """Some ringing, a voice, a wait and music or another voice, each as long as the seed says."""
    rng = np.random.default_rng(seed)
    plan = load_plan(PLANS[seed % len(PLANS)])
    ringing = syn.cadence(plan.ringback, float(rng.uniform(2, 8)), sr=SR, level_dbfs=-20)
    after = music(4, seed=seed) if seed % 3 == 0 else voice(VOICES[(seed + 2) % len(VOICES)])
    first = voice(VOICES[seed % len(VOICES)])
    parts = [quiet(float(rng.uniform(0.1, 1))), ringing, quiet(0.3), first, quiet(float(rng.uniform(0.2, 2))), after]
    return with_noise(np.concatenate([*parts, quiet(1)]), float(rng.uniform(-75, -45)), seed=seed)


def alone(samples: np.ndarray, seed: int, size: int) -> list[Segment]:
    detector = Detector(sr=SR, plan=load_plan(PLANS[seed % len(PLANS)]))
    heard = [s for at in range(0, len(samples), size) for s in detector.feed(samples[at : at + size])]
    return heard + detector.flush()


@pytest.mark.parametrize("size", [800, 2560, 20000])
def test_many_calls_at_once_are_heard_as_each_alone(size):
    calls = [call(seed) for seed in range(12)]
    detectors = [Detector(sr=SR, plan=load_plan(PLANS[seed % len(PLANS)])) for seed in range(12)]
    heard: list[list[Segment]] = [[] for _ in calls]
    for at in range(0, max(map(len, calls)), size):
        for found, new in zip(heard, feed_many(detectors, [c[at : at + size] for c in calls]), strict=True):
            found += new
    for seed, (found, detector, samples) in enumerate(zip(heard, detectors, calls, strict=True)):
        assert found + detector.flush() == alone(samples, seed, size)


@pytest.mark.parametrize("size", [160, 2560, 10000, 80000, 400000])
def test_long_blocks_and_short_ones_give_the_same_segments(size):
    for seed in (0, 1):
        assert alone(call(seed), seed, size) == alone(call(seed), seed, 800)


def test_a_chunk_is_encoded_alike_alone_and_among_others():
    net = network()
    assert net is not None
    chunks = np.random.default_rng(1).uniform(-0.3, 0.3, (40, CONTEXT + CHUNK)).astype(np.float32)
    together = net.encode(chunks)
    for count in (1, 2, 3, 10, 17):
        assert np.allclose(net.encode(chunks[:count]), together[:count], rtol=0, atol=1e-5)


def test_each_detector_needs_its_block():
    with pytest.raises(ValueError, match="argument"):
        feed_many([Detector(sr=SR, plan=load_plan("tw"))], [])
