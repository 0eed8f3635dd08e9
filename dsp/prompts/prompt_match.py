"""Whether what was heard at one place is a remembered prompt: frame by frame, so that a prompt of which one word was
recorded anew is not taken for the old one, and one of which the beginning is missing still is."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.float64]

RANGE_DB = 26.0
"""What is fainter than this under the loudest is line noise."""
REACH = 4
"""The place is looked for so many rows to both sides."""
NEAR = 20
"""A row's likeness is that of the rows so near to it: 0.4 s of speech, a word."""
PART = 0.60
"""So much alike must every word of a prompt be; see `KNOWN`."""
KNOWN = 0.88
"""And so much the whole of what was heard of it. Measured on real speech; tests/test_dsp_prompt_memory.py."""
LEAST_ROWS = 150
"""So much of a prompt has to be heard: 1.5 s, or all of one that is shorter."""
STRICTER = (0.72, 0.82)
"""And so much, where the whole is not alike enough."""
HOLE_ROWS = 60
"""So many rows that never came are stepped over."""
_QUIET = 0.05
"""Rows with less than this share of a prompt's usual change are a pause: they tell nothing."""


@dataclass(frozen=True, slots=True)
class Match:
    """How a remembered prompt and a place of a call compare."""

    shift: float
    """How many rows later than it was looked for the prompt stands."""
    likeness: float
    """Cosine over the rows that agree, 0 to 1."""
    first: int
    """First row of the prompt that agrees."""
    last: int
    """One past the last row that agrees without a break."""

    @property
    def rows(self) -> int:
        """How many rows agree."""
        return self.last - self.first


def compare(prompt: Rows, heard: Rows, known: npt.NDArray[np.bool_], *, sure: tuple[int, int]) -> Match | None:
    """Compare a prompt, (n, bands), with what was heard around its place, (n + 2 * REACH, bands).

    Args:
        prompt: decibels, row by row.
        heard: decibels, its row REACH standing where the prompt's row 0 is thought to be.
        known: which rows of `heard` were heard: False where packets are missing and behind the end of the sound.
        sure: the rows of the prompt that were found alike, (first, one past the last).

    Returns:
        The longest stretch around those rows that agrees; None where not even they do.
    """
    values = np.array([_cosine(prompt, heard, known, shift, sure) for shift in range(2 * REACH + 1)])
    best = int(values.argmax())
    if values[best] < PART:
        return None
    near = _by_row(prompt, heard, known, best, sure)
    first, last = _stretch(near, PART, sure)
    for part in STRICTER:
        # One short word recorded anew is blurred by its neighbours: what is left without it may be known for sure.
        if near.over(first, last) >= KNOWN:
            break
        first, last = _stretch(near, part, sure)
    if last <= first:
        return None
    return Match(best - REACH + _between(values, best), near.over(first, last), first, last)


@dataclass(frozen=True, slots=True)
class _Alike:
    """Row by row: the product with the prompt, its energy, the prompt's, and how alike they are around the row."""

    product: Numbers
    heard: Numbers
    prompt: Numbers
    value: Numbers
    """1 in a pause of both, which tells nothing."""
    known: npt.NDArray[np.bool_]

    def over(self, first: int, last: int) -> float:
        """Cosine over some rows."""
        energy = self.heard[first:last].sum() * self.prompt[first:last].sum()
        return float(self.product[first:last].sum() / np.sqrt(energy)) if energy > 0 else 0.0


def _centred(rows: Rows, sure: npt.NDArray[np.bool_]) -> Numbers:
    """Without gain (each row's mean) and without colour (each band's mean over the rows that are sure)."""
    loud = np.maximum(rows, rows[sure].max() - RANGE_DB).astype(np.float64)
    shaped = loud - loud.mean(axis=1, keepdims=True)
    return np.asarray(shaped - shaped[sure].mean(axis=0))


def _cosine(prompt: Rows, heard: Rows, known: npt.NDArray[np.bool_], shift: int, sure: tuple[int, int]) -> float:
    there = known[shift : shift + len(prompt)][sure[0] : sure[1]]
    if there.sum() < len(there) / 2:
        return 0.0
    ours, theirs = prompt[sure[0] : sure[1]], heard[shift + sure[0] : shift + sure[1]]
    wanted, given = (_centred(rows, there)[there] for rows in (ours, theirs))
    energy = float((wanted**2).sum() * (given**2).sum())
    return float((wanted * given).sum()) / energy**0.5 if energy > 0 else 0.0


def _by_row(prompt: Rows, heard: Rows, known: npt.NDArray[np.bool_], shift: int, sure: tuple[int, int]) -> _Alike:
    n = len(prompt)
    there = known[shift : shift + n]
    mean_over = there & (np.arange(n) >= sure[0]) & (np.arange(n) < sure[1])
    wanted, given = (_centred(rows, mean_over) * there[:, None] for rows in (prompt, heard[shift : shift + n]))
    product, theirs, ours = (wanted * given).sum(axis=1), (given**2).sum(axis=1), (wanted**2).sum(axis=1)
    sums = [_around(one) for one in (product, theirs, ours, there.astype(np.float64))]
    usual = float(ours[mean_over].mean())
    # A pause says nothing for a prompt nor against it, unless somebody speaks in it.
    pause = (sums[2] < _QUIET * usual * sums[3]) & (sums[1] < 4 * _QUIET * usual * np.maximum(sums[3], 1))
    value = sums[0] / np.sqrt(np.maximum(sums[1] * sums[2], 1e-9))
    return _Alike(product, theirs, ours, np.where(pause, 1.0, value), there)


def _around(values: Numbers) -> Numbers:
    """Sum over the NEAR rows around each row, fewer at the ends."""
    total = np.concatenate([[0.0], np.cumsum(values)])
    at = np.arange(len(values))
    return np.asarray(total[np.minimum(at + NEAR, len(values))] - total[np.maximum(at - NEAR, 0)])


def _stretch(near: _Alike, part: float, sure: tuple[int, int]) -> tuple[int, int]:
    """The longest stretch of agreeing rows that touches the sure ones; its first and last row did come."""
    rows = np.flatnonzero((near.value >= part) & near.known)
    differ = np.concatenate([[0], np.cumsum((near.value < part) & near.known)])
    apart = [
        here + 1
        for here, (one, other) in enumerate(pairwise(rows.tolist()))
        if differ[other] > differ[one] or other - one > HOLE_ROWS
    ]
    runs = [(int(run[0]), int(run[-1]) + 1) for run in np.split(rows, apart) if len(run)]
    touching = [run for run in runs if run[0] < sure[1] and run[1] > sure[0]]
    return max(touching, key=lambda run: run[1] - run[0], default=(0, 0))


def _between(values: Numbers, best: int) -> float:
    """The peak's place between rows, by a parabola."""
    if not 0 < best < len(values) - 1:
        return 0.0
    left, top, right = values[best - 1 : best + 2]
    bend = left - 2 * top + right
    return float(0.5 * (left - right) / bend) if bend else 0.0
