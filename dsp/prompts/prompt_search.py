"""Remembered prompts looked for in audio as it comes: `feed` it (or `fill` what never came), then `flush`.

Pieces of 1.5 s of every prompt are compared every 20 ms; where one of them is like what was heard, the whole prompt is
compared row by row (`dsp.prompts.prompt_match`). Everything is worked out in blocks from the start of the audio, so
that any cutting of it gives the same finds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from dsp.prompts.prompt_frames import BANDS, BLOCK, HOP, LEAST_DB, WINDOW, Array, Framer, Samples
from dsp.prompts.prompt_match import KNOWN, LEAST_ROWS, RANGE_DB, REACH, Match, compare
from dsp.prompts.prompt_memory import Prompt
from dsp.tone_sets import SR

COARSE = 2
"""Rows that are one when looking for a place."""
PIECE = LEAST_ROWS // COARSE
"""Length of the pieces looked for."""
LIKELY = 0.60
"""From this likeness of a piece on the whole is compared."""
LOUDEST_OF = 8
"""Blocks over which the loudest is looked for: 1.6 s."""
BEYOND = 10
"""So many rows behind its mark a prompt is compared: whoever waits for the mark shall not wait long."""
LOUD_DB, OTHER_ROWS = 20.0, 12
"""Something else is said where an eighth of a second is no fainter than this under the prompt's loudest."""
APART = 50
"""Two finds of one prompt nearer than half a second are one."""


@dataclass(frozen=True, slots=True)
class Found:
    """A remembered prompt heard, or one that was recorded anew."""

    prompt: int
    """Which of the prompts."""
    begin: int
    """Sample, at 8 kHz, at which what was heard of it begins."""
    end: int
    """Sample up to which it had been heard when it was known."""
    mark: int | None
    """The sample of the mark; None where the prompt's words around the mark were others: it was recorded anew."""
    likeness: float
    """0 to 1."""
    known_at: int
    """Sample by which this was known."""


@dataclass(slots=True)
class _Place:
    """A place at which a prompt may stand, in rows."""

    prompt: int
    at: int
    value: float
    piece: tuple[int, int]
    seen: int
    asked: bool = False


class PromptSearch:
    """Looks for several prompts at once in one call."""

    def __init__(self, prompts: Sequence[Prompt], *, sr: int) -> None:
        """
        Args:
            prompts: what to look for.
            sr: 8000 or 16000.

        Raises:
            ValueError: another rate.
        """
        self._framer, self._factor, self._fed = Framer(sr=sr), sr // SR, 0
        self._rows = [np.array(one.frames, dtype=np.float32) for one in prompts]
        self._marks = [one.mark for one in prompts]
        self._pieces = _pieces(self._rows)
        keep = max((len(rows) for rows in self._rows), default=0) + 2 * LEAST_ROWS
        self._heard = np.full((keep, BANDS), LEAST_DB, np.float32)
        self._coarse = np.zeros((PIECE - 1 + BLOCK // COARSE, BANDS), np.float32)
        self._loudest = [LEAST_DB] * LOUDEST_OF
        self._holes: list[tuple[int, int]] = []
        self._now = 0
        self._end: int | None = None
        self._places: list[_Place] = []
        self._settled: list[tuple[int, int]] = []

    def feed(self, samples: Samples) -> list[Found]:
        """Hear the next samples, (n,), int16 or floats in [-1, 1]; the prompts now known."""
        self._fed += len(samples)
        return [one for block in self._framer.feed(samples) for one in self._hear(block)]

    def fill(self, n: int) -> list[Found]:
        """The next n samples never came: they count neither for a prompt nor against it."""
        if n <= 0:
            return []
        start = self._fed // self._factor
        self._holes.append((start, -(-(self._fed + n) // self._factor)))
        return self.feed(np.zeros(n, np.float32))

    def flush(self) -> list[Found]:
        """The audio is over. The search is then spent."""
        self._end = self._fed // self._factor // HOP + 1
        return [one for block in self._framer.flush() for one in self._hear(block)] + self._settle(last=True)

    def _hear(self, block: Array) -> list[Found]:
        self._now += BLOCK
        self._heard = np.concatenate([self._heard[BLOCK:], block])
        self._loudest = [*self._loudest[1:], float(block.max())]
        shaped = _coarse(block, max(self._loudest) - RANGE_DB)
        self._coarse = np.concatenate([self._coarse[BLOCK // COARSE :], shaped])
        for pieces in self._pieces:
            self._look(pieces)
        return self._settle() if self._places else []

    def _look(self, pieces: _Pieces) -> None:
        likeness = pieces.likeness(self._coarse)
        for step, which in zip(*np.nonzero(likeness >= LIKELY), strict=True):
            prompt, first = pieces.of[which]
            # The coarse buffer ends with this block: a piece that ends at `step` of it began so much earlier.
            ends = self._now // COARSE - BLOCK // COARSE + int(step) + 1
            at = (ends - pieces.length - first) * COARSE
            piece = (first * COARSE, (first + pieces.length) * COARSE)
            self._note(_Place(prompt, at, float(likeness[step, which]), piece, self._now))

    def _note(self, place: _Place) -> None:
        """Keep the most likely place of those that are one."""
        if any(p == place.prompt and abs(at - place.at) < APART for p, at in self._settled):
            return
        for old in self._places:
            if old.prompt == place.prompt and abs(old.at - place.at) < APART:
                if place.value > old.value:
                    old.at, old.value, old.piece = place.at, place.value, place.piece
                return
        self._places.append(place)

    def _settle(self, *, last: bool = False) -> list[Found]:
        found, waiting = [], []
        for place in self._places:
            n = len(self._rows[place.prompt])
            whole = max(place.at + n, place.seen + BLOCK)
            early = max(place.at + self._marks[place.prompt] + BEYOND, place.seen + BLOCK)
            over = last or self._now >= whole + REACH
            if not over and (place.asked or self._now < early + REACH):
                waiting.append(place)
                continue
            place.asked = True
            one = self._judge(place, over=over)
            if one is not None:
                found.append(one)
            if one is not None or over:
                self._settled = [*self._settled[-20:], (place.prompt, place.at)]
            else:
                waiting.append(place)
        self._places = waiting
        return found

    def _judge(self, place: _Place, *, over: bool) -> Found | None:
        rows, mark = self._rows[place.prompt], self._marks[place.prompt]
        match = compare(rows, *self._around(place.at, len(rows)), sure=place.piece)
        if match is None or match.likeness < KNOWN or match.rows < min(LEAST_ROWS, len(rows) - 2 * REACH):
            return None
        heard = match.first <= mark <= match.last
        if not heard and not (over and self._went_on(place, match, mark)):
            return None
        return Found(
            prompt=place.prompt,
            begin=max(round((place.at + match.shift + match.first) * HOP), 0),
            end=round((place.at + match.shift + match.last) * HOP),
            mark=max(round((place.at + match.shift + mark) * HOP), 0) if heard else None,
            likeness=match.likeness,
            known_at=self._now * HOP,
        )

    def _went_on(self, place: _Place, match: Match, mark: int) -> bool:
        """Whether something else was said where the mark should have been: else the prompt was only cut short."""
        rows, known = self._around(place.at, len(self._rows[place.prompt]))
        rows, known = rows[REACH:-REACH], known[REACH:-REACH]
        low, high = sorted((mark, match.last if mark > match.last else match.first))
        loud = float(rows[match.first : match.last].max()) - LOUD_DB
        other = (rows[low:high].max(axis=1) > loud) & known[low:high]
        return int(other.sum()) >= OTHER_ROWS

    def _around(self, at: int, n: int) -> tuple[Array, npt.NDArray[np.bool_]]:
        """What was heard from REACH rows before a place to REACH behind its prompt, and which of it is known."""
        first = at - REACH
        start = self._now - len(self._heard)
        index = np.arange(first, first + n + 2 * REACH)
        inside = (index >= max(start, 0)) & (index < (self._now if self._end is None else min(self._end, self._now)))
        rows = self._heard[np.clip(index - start, 0, len(self._heard) - 1)]
        self._holes = [hole for hole in self._holes if hole[1] > start * HOP]
        for a, b in self._holes:
            inside &= (index * HOP + WINDOW // 4 <= a) | (index * HOP - WINDOW // 4 >= b)
        return rows, inside


def search(
    prompts: Sequence[Prompt], samples: Samples, *, sr: int, missing: Sequence[tuple[int, int]] = ()
) -> list[Found]:
    """Look for prompts in a whole recording, (n,): the same finds as live. `missing` are (start, end) samples that
    never came, in order."""
    looking = PromptSearch(prompts, sr=sr)
    found, at = [], 0
    for start, end in missing:
        found += looking.feed(samples[at:start]) + looking.fill(min(end, len(samples)) - max(start, at))
        at = max(at, end)
    return found + looking.feed(samples[at:]) + looking.flush()


@dataclass(frozen=True, slots=True)
class _Pieces:
    """Pieces of one length, centred, of all prompts."""

    length: int
    of: tuple[tuple[int, int], ...]
    """Of which prompt, and where in it."""
    matrix: npt.NDArray[np.float32]
    """(length * BANDS, pieces)."""
    energy: npt.NDArray[np.float32]

    def likeness(self, coarse: Array) -> npt.NDArray[np.float32]:
        """Cosine with what ended at each of the newest steps, (BLOCK // COARSE, pieces)."""
        steps, n = BLOCK // COARSE, self.length
        recent = coarse[len(coarse) - steps - n + 1 :]
        flat = recent.reshape(-1)[_windows(steps, n)]
        ones = np.concatenate([_NONE, np.cumsum(recent, axis=0, dtype=np.float64)])
        squares = np.concatenate([_NONE[:, 0], np.cumsum((recent**2).sum(axis=1), dtype=np.float64)])
        energy = squares[n:] - squares[:-n] - ((ones[n:] - ones[:-n]) ** 2).sum(axis=1) / n
        # A window with hardly any change in it is silence, not a match.
        floor = np.maximum(energy[:, None], 0.1 * self.energy)
        return np.asarray((flat @ self.matrix) / np.sqrt(floor * self.energy), dtype=np.float32)


_NONE = np.zeros((1, BANDS))


@lru_cache(maxsize=8)
def _windows(steps: int, n: int) -> npt.NDArray[np.intp]:
    """(steps, n * BANDS): what ends at each step, among rows laid end to end."""
    return (np.arange(steps)[:, None] * BANDS + np.arange(n * BANDS)).astype(np.intp)


def _pieces(prompts: list[npt.NDArray[np.float32]]) -> list[_Pieces]:
    by_length: dict[int, list[tuple[int, int, npt.NDArray[np.float32]]]] = {}
    for which, rows in enumerate(prompts):
        whole = len(rows) // COARSE
        shaped = _coarse(rows[: whole * COARSE], float(rows.max()) - RANGE_DB)
        length = min(PIECE, whole)
        count = -(-(whole - length) * 2 // PIECE) + 1
        for first in sorted({round(one) for one in np.linspace(0, whole - length, count)}):
            piece = shaped[first : first + length]
            by_length.setdefault(length, []).append((which, first, piece - piece.mean(axis=0)))
    return [_stacked(length, of) for length, of in by_length.items()]


def _coarse(rows: Array, floor_db: float) -> Array:
    """Rows without gain, COARSE of them as one."""
    loud = np.maximum(rows, np.float32(floor_db))
    shaped = loud.reshape(-1, COARSE, BANDS).sum(axis=1) * np.float32(1 / COARSE)
    return np.asarray(shaped - shaped.sum(axis=1, keepdims=True) * np.float32(1 / BANDS))


def _stacked(length: int, of: list[tuple[int, int, npt.NDArray[np.float32]]]) -> _Pieces:
    matrix = np.stack([piece.reshape(-1) for _, _, piece in of], axis=1).astype(np.float32)
    energy = np.maximum((matrix**2).sum(axis=0), 1e-6).astype(np.float32)
    return _Pieces(length, tuple((which, first) for which, first, _ in of), matrix, energy)
