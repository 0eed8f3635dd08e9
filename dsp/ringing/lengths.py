"""Whether lengths and pauses are a cadence's, as the plan has it, though packets tore some of them."""

from __future__ import annotations

STRETCH = 0.18
"""Cadences may be off by 15 %; a burst's edges by some milliseconds more."""
SLACK_S = 0.03
_TORN = 0.34
"""Share of the bursts of a refusal that may have lost packets at their ends."""


def fits(seconds: float, nominal: float) -> bool:
    """Whether a length can be this one of the plan."""
    return abs(seconds - nominal) <= STRETCH * nominal + SLACK_S


def lost_in(
    pairs: list[tuple[float, float]], cadence: tuple[tuple[float, float], ...], last: float, *, cut: bool
) -> int | None:
    """How many bursts packets were lost of, if (on, off) lengths in a row and a last burst are a cadence's, from some
    place of it on; its first burst may be cut, and the last one where `cut` says so. None: they are not."""
    places = range(len(cadence))
    found = [_torn_from(pairs, [*cadence[place:], *cadence[:place]], last, cut=cut) for place in places]
    return min((count for count in found if count is not None), default=None)


def _torn_from(
    pairs: list[tuple[float, float]], cadence: list[tuple[float, float]], last: float, *, cut: bool
) -> int | None:
    size, on = len(cadence), cadence[len(pairs) % len(cadence)][0]
    lengths = [*(length for length, _ in pairs), last]
    whole = [fits(length, cadence[i % size][0]) for i, length in enumerate(lengths)]
    first_fits = whole[0] or pairs[0][0] < cadence[0][0]
    last_fits = whole[-1] or (cut and last < on and any(whole[:-1]))
    torn = [i for i in range(len(pairs)) if not whole[i] and (i or not fits(pairs[0][1], cadence[0][1]))]
    few = len(torn) <= _TORN * len(lengths)
    if not (first_fits and last_fits and few and _pauses_fit(pairs, cadence, torn)):
        return None
    return len(torn) + (not whole[-1])


def _pauses_fit(pairs: list[tuple[float, float]], cadence: list[tuple[float, float]], torn: list[int]) -> bool:
    """Whether every pause has its length; around a burst that lost packets both together, with what is left of it."""
    size = len(cadence)
    offs = [cadence[i % size][1] for i in range(len(pairs))]
    for i, (_, off) in enumerate(pairs):
        if i not in torn and i + 1 not in torn and not fits(off, offs[i]):
            return False
    return all(
        _is_torn(pairs[max(i - 1, 0) : i + 1], [(cadence[j % size]) for j in range(max(i - 1, 0), i + 1)]) for i in torn
    )


def _is_torn(pairs: list[tuple[float, float]], cadence: list[tuple[float, float]]) -> bool:
    """Whether the last of some bursts, with the pauses around it, is one that lost packets at its ends."""
    (length, _), (on, _) = pairs[-1], cadence[-1]
    before = [off for _, off in pairs], [off for _, off in cadence]
    whole = sum(before[0]) + length, sum(before[1]) + on
    shortest = all(off > (1 - STRETCH) * wanted - SLACK_S for off, wanted in zip(*before, strict=True))
    return length < on and fits(*whole) and shortest
