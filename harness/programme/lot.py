"""Drawing lots that anybody can draw again: every choice is a hash of the seed and of what is chosen.

No choice depends on how many were made before it, nor on the version of a random generator, so that a month can
be verified years later and one call drawn anew without moving another.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Sequence
from typing import TypeVar

Thing = TypeVar("Thing")
_SCALE = 2.0**53


def fraction(seed: str, *label: object) -> float:
    """A number in (0, 1) that seed and label determine, uniform over labels: 53 bits of a SHA-256."""
    text = "\x1f".join((seed, *map(str, label))).encode()
    bits = int.from_bytes(hashlib.sha256(text).digest()[:8], "big") >> 11
    return (bits + 0.5) / _SCALE


def pick(things: Sequence[Thing], seed: str, *label: object) -> Thing:
    """One of some things, each as likely as another. Raises ValueError when there is none."""
    if not things:
        raise ValueError("nothing to draw from")
    return things[int(fraction(seed, *label) * len(things))]


def weighted_order(things: Iterable[tuple[str, float]], seed: str, *label: object) -> list[str]:
    """Names in a random order in which a name of twice the weight is drawn first twice as often.

    Efraimidis and Spirakis (2006): sorted by u^(1/weight), which is drawing without putting back.
    """
    keys = [(math.log(fraction(seed, *label, name)) / weight, name) for name, weight in things]
    return [name for _, name in sorted(keys, reverse=True)]
