"""Whose the bursts of ringback are, by the frequency that one exchange keeps to a hair."""

from __future__ import annotations

from dataclasses import dataclass

from dsp.segment import Segment


@dataclass(frozen=True, slots=True)
class Exchange:
    """Bursts of the exchange that sent most of them, and others."""

    strangers: frozenset[Segment] = frozenset()
    """None of its: another telephone's, of which nothing else was heard, a vowel, or a note."""
    kin: frozenset[Segment] = frozenset()
    """Its own for certain, within a hair of two others, as no note is but by chance."""


UNKNOWN = Exchange()
"""The samples are not at hand."""
