"""What a call's samples may be asked beyond the segments heard in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import nan

from dsp.segment import Segment
from dsp.tone_plan import Tone


def _unknown(*_: object) -> None:
    return None


def _no(*_: object) -> bool:
    return False


def _own_end(burst: Segment) -> int:
    return burst.end


def _no_rest(_: Segment, since: int) -> int:
    return since


def _no_level(_: Segment) -> float:
    return nan


@dataclass(frozen=True, slots=True)
class Recording:
    """Questions to the samples of a call; by default, what is said of one whose samples are not at hand.

    The modules named are those of `dsp.second_look` that answer; `dsp.listen` puts both together."""

    brief_end: Callable[[int, Segment], int | None] = _unknown
    """Where a ring ends that begins at a sample as the burst given did, and was cut at once (`brief_ring`); None: there
    is none."""
    is_tone: Callable[[Segment, Tone], bool | None] = _unknown
    """Whether a segment is mostly a signal of the exchange (`tone_share`); None: not known."""
    rest_end: Callable[[Segment], int] = _own_end
    """Where a burst's tones are last heard behind packets that were lost (`tone_share`, `packet_behind`,
    `coder_rest`); else its own end."""
    sure_end: Callable[[Segment], int | None] = _unknown
    """Up to where a burst is surely its tones (`tone_share`); None: not known."""
    level_db: Callable[[Segment], float] = _no_level
    """How loud a segment is, dBFS (`dsp.answering.faint_reply`); NaN, neither louder nor fainter than another: not
    known."""
    hole_start: Callable[[Segment], int | None] = _unknown
    """Where a hole begins right behind which a burst does (`packet_behind`), else its own start; None: not known."""
    goes_on: Callable[[Segment], bool] = _no
    """Whether the line is heard right behind a burst, so that the packet there arrived (`packet_behind`)."""
    in_step: Callable[[Segment], bool] = _no
    """Whether a burst's tones keep step all along: nothing of it was put in or taken out (`in_step`)."""
    is_two_tones: Callable[[Segment], bool] = _no
    """Whether a burst is two of an exchange's tones at once that keep step with themselves (`in_step`)."""
    ends_at: Callable[[Segment, int], bool] = _no
    """Whether a burst that is seen to end sooner goes on in step behind lost packets up to a sample (`in_step`)."""
    over_before: Callable[[Segment, int, bool], bool] = _no
    """Whether the line is heard without a burst's tones right before a sample; if so told, silence is a line as well
    (`in_step`)."""
    lasts_until: Callable[[Segment, int], bool] = _no
    """Whether a sound as loud as a burst follows it up to a sample, and falls off there (`lasts_until`)."""
    rest_until: Callable[[Segment, int], int] = _no_rest
    """Up to where a burst's tones go on in step behind a hole that ends at a sample (`in_step`); else that sample."""
    rings_at: Callable[[int], bool] = _no
    """Whether ringback's tones alone sound right behind a sample (`tone_share`)."""


NOT_AT_HAND = Recording()
"""Of a call of which the segments alone are known."""
