"""Remembered prompts found while a call lasts: fed with what the live ear is fed, it says what was heard so far.

The same search as for kept calls (`dsp.prompts.prompt_search`): live and later agree, however the sound was cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsp.prompts.prompt_search import Found, PromptSearch
from dsp.tone_sets import SR
from harness.prompts.marks import Mark

MARK_ERROR_S = 0.050
"""A mark's time is within this of the truth."""


@dataclass(frozen=True, kw_only=True)
class PromptFound:
    """A remembered prompt heard. Times are seconds of the recording, as the live ear's."""

    name: str
    """The mark's."""
    kind: str
    """What kind of recording it is; see `harness.prompts.kinds`."""
    what: str
    """operator, end or menu: what the mark means."""
    begin_s: float
    """From here on it was heard: later than the prompt's beginning where the call came in in its middle."""
    end_s: float
    """Up to here it had been heard when it was known."""
    until_s: float | None
    """Its words are expected to go on until here; None: not known."""
    mark_s: float | None
    """The mark; None: the words around it are others, the prompt was recorded anew."""
    error_s: float
    """Each of the times is within this."""
    likeness: float
    """0 to 1."""
    known_at_s: float
    """From here on it was known."""


class PromptWatch:
    """Listens to one call for an agency's remembered prompts."""

    def __init__(self, prompts: Sequence[Mark], *, sample_rate_hz: int = SR) -> None:
        self._marks = tuple(prompts)
        self._search = PromptSearch([one.prompt for one in self._marks], sr=sample_rate_hz) if self._marks else None
        self.found: tuple[PromptFound, ...] = ()
        """Prompts heard so far, in the order in which they became known."""

    def feed(self, samples: NDArray[np.generic]) -> tuple[PromptFound, ...]:
        """Hear the next samples, shape (n,); give the prompts that are new."""
        return self._new([] if self._search is None else self._search.feed(samples))

    def fill(self, n: int) -> tuple[PromptFound, ...]:
        """Pass n samples that never came: they count neither for a prompt nor against it."""
        return self._new([] if self._search is None else self._search.fill(n))

    def flush(self) -> tuple[PromptFound, ...]:
        """Hear the end of the call: a prompt that it cut short is told now."""
        return self._new([] if self._search is None else self._search.flush())

    def heard(self, name: str, *, since_s: float = 0.0) -> PromptFound | None:
        """Give the first time that a mark came at or after an instant; None: not so far."""
        later = (one for one in self.found if one.name == name and one.mark_s is not None and one.mark_s >= since_s)
        return next(later, None)

    def _new(self, found: Sequence[Found]) -> tuple[PromptFound, ...]:
        new = tuple(prompt_found(self._marks[one.prompt], one) for one in found)
        self.found += new
        return new


def prompt_found(mark: Mark, found: Found) -> PromptFound:
    """Give a find in seconds, with what the agency calls it."""
    mark_s = None if found.mark is None else found.mark / SR
    return PromptFound(
        name=mark.name,
        kind=mark.kind,
        what=mark.what,
        begin_s=found.begin / SR,
        end_s=found.end / SR,
        until_s=None if mark_s is None or mark.lasts_s is None else mark_s + mark.lasts_s,
        mark_s=mark_s,
        error_s=MARK_ERROR_S,
        likeness=found.likeness,
        known_at_s=found.known_at / SR,
    )
