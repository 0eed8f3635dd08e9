"""Many calls heard side by side: what does not depend on the call's past is worked out for all of them at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from dsp.bursts.frames import step_frames
from dsp.detector import Detector, Samples
from dsp.segment import Segment
from dsp.voices.silero import Network, network

Array = npt.NDArray[np.float32]

_MOST = 32
"""Calls worked out together: more do not fit the processor's nearest memory."""


def feed_many(detectors: Sequence[Detector], blocks: Sequence[Samples]) -> list[list[Segment]]:
    """Feed each detector its block, as its own `feed` would: the segments are the same, the work is less.

    Args:
        detectors: one a call, each at most once; of different plans, rates and ages if need be.
        blocks: the next samples of each, (n,) mono, int16 or floats in [-1, 1]; some may be empty.

    Raises:
        ValueError: not as many blocks as detectors.
    """
    for detector, block in zip(detectors, blocks, strict=True):
        detector.append(block)
    waiting = [(d, samples) for d in detectors if (samples := d.next_step()) is not None]
    for group in _groups(waiting):
        _foresee_tones(group)
    net = network()
    if net is not None:
        _foresee_voices([d for d, _ in waiting], net)
    return [detector.hear() for detector in detectors]


def _groups(waiting: Iterable[tuple[Detector, Array]]) -> list[list[tuple[Detector, Array]]]:
    """Calls that listen for the same tones together, not too many at a time."""
    same: dict[int, list[tuple[Detector, Array]]] = {}
    for one in waiting:
        same.setdefault(id(one[0].candidates), []).append(one)
    return [calls[at : at + _MOST] for calls in same.values() for at in range(0, len(calls), _MOST)]


def _foresee_tones(group: list[tuple[Detector, Array]]) -> None:
    frames = np.concatenate([step_frames(samples, 1) for _, samples in group])
    found = group[0][0].candidates.find(frames)
    for (detector, _), step in zip(group, found, strict=True):
        detector.foresee(step)


def _foresee_voices(detectors: Sequence[Detector], net: Network) -> None:
    asked = [(d, chunks) for d in detectors if (chunks := d.next_chunks()) is not None]
    for first in range(0, len(asked), _MOST):
        some = asked[first : first + _MOST]
        encoded = net.encode(np.concatenate([chunks for _, chunks in some]))
        ends = np.cumsum([len(chunks) for _, chunks in some])
        for (detector, _), rows in zip(some, np.split(encoded, ends[:-1]), strict=True):
            detector.foresee_chunks(rows)
