"""The speed of the ear, offline and live, and of its peers on the same sound."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsp.batch import feed_many
from dsp.bursts.frames import STEP_SAMPLES, Candidates, step_frames
from dsp.detector import Detector
from dsp.listen import listen
from dsp.tone_plan import load_plan
from dsp.tone_sets import STEP, plan_tones, tone_sets
from dsp.voices.silero import network, probabilities
from harness.bench.peers import RATE_HZ, Peer
from harness.switchboard import sound

RUNS = 7
CALLS_JOINED = 4
LIVE_BLOCK_S = 0.1
"""The caller looks at the growing recording so often."""
CALLS_AT_ONCE = 100
TARGET_TIMES = 1000.0
"""A recording is to be heard again so many times as fast as it lasts,"""
TARGET_ONE_PERCENT, TARGET_BATCH_PERCENT = 1.0, 0.15
"""and a call in progress to take so much of a core: fed alone, and fed with many others at once."""
_AT_ONCE_S = 20.0
_STEPS_AT_ONCE = 8


@dataclass(frozen=True)
class Speed:
    """How long one thing took, median of several runs."""

    name: str
    """What ran: the ear, a part of it alone, or a peer."""
    times_real_time: float
    """Seconds of sound in a second of one core."""

    @property
    def core_percent(self) -> float:
        """Share of one core that a call in progress takes."""
        return 100 / self.times_real_time


def a_call() -> NDArray[np.int16]:
    """Make a call: three rings, a greeting, hold music, a ring and another greeting; 8 kHz, shape (n,)."""
    parts = [
        sound.tone("ringback", 7.5, sample_rate_hz=RATE_HZ),
        sound.prompt("greeting-operator", RATE_HZ),
        sound.prompt("hold-music", RATE_HZ),
        sound.tone("ringback", 4.0, sample_rate_hz=RATE_HZ),
        sound.prompt("greeting-unit", RATE_HZ),
        sound.silence(5.0, sample_rate_hz=RATE_HZ),
    ]
    whole = np.concatenate(parts * CALLS_JOINED)
    return sound.to_pcm(sound.add_noise(whole, -60.0, seed=1))


def offline(samples: NDArray[np.int16], peers: Sequence[Peer], *, runs: int = RUNS) -> list[Speed]:
    """The ear over a whole recording, then each peer; runs are taken in turns, so that a busy machine slows all."""
    plan = load_plan("tw")
    works = {"ear": lambda: listen(samples, sr=RATE_HZ, plan=plan)} | {
        peer.name: _whole(peer, samples) for peer in peers
    }
    return _timed(works, len(samples) / RATE_HZ, runs=runs)


def parts(samples: NDArray[np.int16], *, runs: int = RUNS) -> list[Speed]:
    """What no ear with these parts can pass by: the spectra of the whole, and the network on every chunk of it."""
    wave = np.asarray(samples / 32768, dtype=np.float32)
    works: dict[str, Callable[[], object]] = {"spectra alone": lambda: _spectra(wave)}
    net = network()
    if net is not None:
        works["network alone"] = lambda: probabilities(wave, net=net)
    return _timed(works, len(samples) / RATE_HZ, runs=runs)


def sounds() -> dict[str, NDArray[np.int16]]:
    """What calls are made of, each for some ten seconds alone: the ear works for what it hears, not for its length."""
    alone = {
        "silence": [sound.silence(10.0, sample_rate_hz=RATE_HZ)],
        "ringing": [sound.tone("ringback", 10.0, sample_rate_hz=RATE_HZ)],
        "a voice": [sound.prompt("greeting-operator", RATE_HZ), sound.prompt("greeting-unit", RATE_HZ)],
        "hold music": [sound.prompt("hold-music", RATE_HZ)],
    }
    return {name: sound.to_pcm(sound.add_noise(np.concatenate(some), -60.0, seed=1)) for name, some in alone.items()}


def by_sound(*, runs: int = RUNS) -> list[Speed]:
    """The ear over each of the sounds that calls are made of."""
    plan = load_plan("tw")

    def hear(samples: NDArray[np.int16]) -> Callable[[], object]:
        return lambda: listen(samples, sr=RATE_HZ, plan=plan)

    told = sounds().items()
    return [one for name, some in told for one in _timed({name: hear(some)}, len(some) / RATE_HZ, runs=runs)]


def _spectra(wave: NDArray[np.float32]) -> None:
    candidates = Candidates(tone_sets(plan_tones(load_plan("tw"))))
    size = _STEPS_AT_ONCE * STEP
    for at in range(0, len(wave) - size - STEP_SAMPLES, size):
        candidates.find(step_frames(wave[at : at + size - STEP + STEP_SAMPLES], _STEPS_AT_ONCE))


def live(samples: NDArray[np.int16], *, runs: int = 3, calls: int = CALLS_AT_ONCE) -> list[Speed]:
    """The detector fed block by block: one call; many calls side by side, one by one and in batches."""
    short = samples[: round(_AT_ONCE_S * RATE_HZ)]
    one = _timed({"one call": lambda: _feed(samples, 1)}, len(samples) / RATE_HZ, runs=runs)
    works: dict[str, Callable[[], object]] = {f"{calls} calls, one by one": lambda: _feed(short, calls)}
    works[f"{calls} calls, in batches"] = lambda: _feed_batches(short, calls)
    return one + _timed(works, calls * len(short) / RATE_HZ, runs=1)


def _whole(peer: Peer, samples: NDArray[np.int16]) -> Callable[[], object]:
    return lambda: peer.hear(samples)


def _feed(samples: NDArray[np.int16], calls: int) -> None:
    detectors = _detectors(calls)
    for block in _blocks(samples):
        for detector in detectors:
            detector.feed(block)
    for detector in detectors:
        detector.flush()


def _feed_batches(samples: NDArray[np.int16], calls: int) -> None:
    detectors = _detectors(calls)
    for block in _blocks(samples):
        feed_many(detectors, [block] * calls)
    for detector in detectors:
        detector.flush()


def _detectors(calls: int) -> list[Detector]:
    return [Detector(sr=RATE_HZ, plan=load_plan("tw")) for _ in range(calls)]


def _blocks(samples: NDArray[np.int16]) -> list[NDArray[np.int16]]:
    size = round(LIVE_BLOCK_S * RATE_HZ)
    return [samples[at : at + size] for at in range(0, len(samples), size)]


def _timed(works: Mapping[str, Callable[[], object]], sound_s: float, *, runs: int) -> list[Speed]:
    """Processor time, so that what else runs on the machine does not count; the first run only warms up."""
    taken: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(runs + 1):
        for name, work in works.items():
            begin = time.process_time()
            work()
            if turn or runs == 1:
                taken[name].append(time.process_time() - begin)
    return [Speed(name, sound_s / statistics.median(times)) for name, times in taken.items()]
