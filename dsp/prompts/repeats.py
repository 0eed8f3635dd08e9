"""Stretches of speech that are the same sound: nobody says a sentence twice alike, a recording does.

All stretches are compared by pieces of 1.5 s at once (one product of matrices), and those that are alike word by
word (`dsp.prompts.prompt_match`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dsp.prompts.prompt_frames import BANDS
from dsp.prompts.prompt_match import RANGE_DB, REACH, Match, compare

Rows = npt.NDArray[np.float32]

COARSE = 4
PIECE, LAGS = 37, 13
"""Rows of 40 ms in a piece, and places at which it is tried: half a second, for no two calls begin a word alike."""
LEAD = LAGS // 2
LIKELY = 0.60
ALIKE = 0.90
"""The sound of the same words by the same person is at most 0.85 alike; measured, see the tests."""
LEAST_ROWS = 200
"""Two seconds of speech: less may be the same by chance, a word or a name from a machine."""
WINDOW_ROWS = 320
"""So much of a stretch is compared."""
_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class Repeat:
    """Two stretches that are one recording."""

    first: int
    """Which stretch."""
    second: int
    """Which other, of another call."""
    likeness: float
    """0 to 1."""
    rows: int
    """How many rows of 10 ms are the same."""


def find_repeats(stretches: Sequence[Rows], calls: Sequence[int]) -> list[Repeat]:
    """Find the stretches that are heard in two calls: so many pairs as hang every recording's stretches together.

    Args:
        stretches: decibels of each, (n, bands), from where its speech begins; 3.2 s of it are looked at.
        calls: the call of each; stretches of one call are not compared.
    """
    usable = [i for i, rows in enumerate(stretches) if len(rows) >= (PIECE + LAGS) * COARSE]
    if len(usable) < 2:
        return []
    shaped = [_shaped(stretches[i]) for i in usable]
    pieces = np.stack([_unit(rows[LEAD : LEAD + PIECE]) for rows in shaped])
    tried = np.stack([_unit(rows[lag : lag + PIECE]) for rows in shaped for lag in range(LAGS)])
    found: list[Repeat] = []
    group = list(range(len(stretches)))
    for start in range(0, len(usable), _AT_ONCE):
        likeness = (pieces[start : start + _AT_ONCE] @ tried.T).reshape(-1, len(usable), LAGS)
        best = likeness.max(axis=2)
        for row, other in zip(*np.nonzero(best >= LIKELY), strict=True):
            one, two = usable[start + int(row)], usable[int(other)]
            # What is one recording with the same third need not be compared again.
            if one < two and calls[one] != calls[two] and _root(group, one) != _root(group, two):
                lag = (int(likeness[row, other].argmax()) - LEAD) * COARSE
                match = _compared(stretches[one], stretches[two], lag)
                if match is not None and match.likeness >= ALIKE and match.rows >= LEAST_ROWS:
                    found.append(Repeat(one, two, match.likeness, match.rows))
                    group[_root(group, two)] = _root(group, one)
    return found


def _root(group: list[int], member: int) -> int:
    while group[member] != member:
        group[member] = group[group[member]]
        member = group[member]
    return member


def _compared(one: Rows, two: Rows, lag: int) -> Match | None:
    """Compare two stretches, the second's words standing `lag` rows later than the first's."""
    prompt = one[:WINDOW_ROWS]
    index = np.arange(-REACH, len(prompt) + REACH) + lag
    inside = (index >= 0) & (index < len(two))
    heard = two[np.clip(index, 0, len(two) - 1)]
    return compare(prompt, heard, inside, sure=(LEAD * COARSE, (LEAD + PIECE) * COARSE))


def _shaped(rows: Rows) -> Rows:
    loud = np.maximum(rows[: (PIECE + LAGS) * COARSE], rows.max() - RANGE_DB)
    level = loud - loud.mean(axis=1, keepdims=True)
    return np.asarray(level.reshape(-1, COARSE, BANDS).mean(axis=1), dtype=np.float32)


def _unit(piece: Rows) -> Rows:
    centred = (piece - piece.mean(axis=0)).reshape(-1)
    return np.asarray(centred / max(float(np.sqrt((centred**2).sum())), 1e-6), dtype=np.float32)
