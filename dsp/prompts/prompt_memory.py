"""A recorded prompt remembered by its sound, with a mark in it; `dsp.prompts.prompt_search` finds it in later calls."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

import numpy as np

from dsp.prompts.prompt_frames import HOP, Samples, rows_of
from dsp.tone_sets import SR

BEFORE_S, AFTER_S = 2.5, 0.5
"""So much of the prompt around its mark is remembered, and more behind it where there is less before."""
LEAST_S = 1.0
"""Less of a prompt cannot be told from other words."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A recorded prompt with a mark in it."""

    name: str
    """What the mark means, say `operator`."""
    frames: tuple[tuple[float, ...], ...]
    """Decibels of each band, frame by frame."""
    mark: int
    """The frame in which the mark lies."""

    def to_json(self) -> str:
        """As one line, for the agency's folder."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @staticmethod
    def from_json(text: str) -> Prompt:
        """The prompt that `to_json` wrote."""
        data = json.loads(text)
        return Prompt(data["name"], tuple(tuple(row) for row in data["frames"]), data["mark"])


def remember(samples: Samples, *, sr: int, mark: int, name: str, begin: int = 0) -> Prompt:
    """Remember the prompt around a mark.

    Args:
        samples: a call, mono, int16 or floats in [-1, 1], shape (n,).
        sr: 8000 or 16000.
        mark: the sample a person pointed at.
        name: what the mark means.
        begin: the sample at which the prompt begins, so that no ringing before it is remembered with it.

    Raises:
        ValueError: less than a second of sound around the mark.
    """
    rows = rows_of(samples, sr=sr)
    at, least = (round(sample / sr * SR / HOP) for sample in (mark, begin))
    before, window = round(BEFORE_S * SR / HOP), round((BEFORE_S + AFTER_S) * SR / HOP)
    first = max(at - before, min(least, at), 0)
    last = min(max(first + window, at + round(AFTER_S * SR / HOP)), len(rows))
    if last - first < LEAST_S * SR / HOP or not np.ptp(rows[first:last]) > 0:
        raise ValueError(f"too little sound around the mark: at least {LEAST_S:g} s of the prompt is needed")
    kept = tuple(tuple(round(float(v), 1) for v in row) for row in rows[first:last])
    return Prompt(name, kept, at - first)
