"""Which stretch of a recording to hear for an item: found from when each leg rang and was picked up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rubric.schema import Form, Item

CLIP_S = 8.0
"""Unit, name and greeting come within so long of a pick-up; the closing within so long of the end."""
BEFORE_S = 0.5
"""A clip begins a little earlier than the pick-up, so that the first syllable is whole."""
MARKED_BEFORE_S = 2.0
"""A key is pressed after what it marks."""
START, END, TRANSFER, WHOLE = "start", "end", "transfer", "whole"
MARKED, WAITING, HOLD = "marked", "waiting", "hold"
RECORDING = "recording"
"""Stands for a leg where a clip is of no leg, but of the recording."""
_WORDS = (
    (END, ("結束", "再見", "掛")),
    (TRANSFER, ("轉接", "轉 (撥)", "忙線")),
    (START, ("報明", "您好", "招呼", "問候")),
)
_HOLDING = ("久等", "耽誤", "暫停", "保留")
_NAME, _ANOTHERS = ("姓名", "姓氏"), ("來電", "貴姓", "對方", "民眾", "承辦人")
"""Who answers says their own name at the start; another's is asked or told later."""


@dataclass(frozen=True, kw_only=True)
class Clip:
    """A stretch of the recording."""

    kind: str
    """start, end, transfer, whole, hold, marked, waiting: what it is of."""
    leg: str
    """The leg it is on, or RECORDING; of what somebody marked, the mark."""
    start_s: float
    """Where it begins."""
    end_s: float
    """Where it ends."""
    loop: bool = False
    """Whether it is played again and again."""
    at_s: float | None = None
    """Where what was marked is."""


def leg_clips(legs: Mapping[str, Mapping[str, Any]], duration_s: float) -> dict[str, dict[str, Clip]]:
    """The clips of every leg that was picked up, by leg and kind; `legs` are the facts', in their order."""
    times = [(name, *_times(leg)) for name, leg in legs.items()]
    found: dict[str, dict[str, Clip]] = {}
    for n, (name, _, pick_up) in enumerate(times):
        if pick_up is None or pick_up >= duration_s:
            continue
        later = [onset for _, onset, _ in times[n + 1 :] if onset is not None and onset > pick_up]
        over = min([*later, duration_s])
        begin = max(pick_up - BEFORE_S, 0.0)
        clips = [
            Clip(kind=START, leg=name, start_s=begin, end_s=min(pick_up + CLIP_S, over), loop=True),
            Clip(kind=END, leg=name, start_s=max(over - CLIP_S, begin), end_s=over),
            Clip(kind=WHOLE, leg=name, start_s=begin, end_s=over),
        ]
        if later:
            clips.append(
                Clip(kind=TRANSFER, leg=name, start_s=max(over - CLIP_S, begin), end_s=min(over + 2, duration_s))
            )
        found[name] = {one.kind: one for one in clips}
    return found


def waiting_clips(legs: Mapping[str, Mapping[str, Any]], duration_s: float) -> dict[str, Clip]:
    """From each leg's first ring until it was picked up, or until the next leg or the end where nobody did."""
    times = [(name, *_times(leg)) for name, leg in legs.items()]
    found = {}
    for n, (name, onset, pick_up) in enumerate(times):
        if onset is None or onset >= duration_s:
            continue
        later = [other for _, other, _ in times[n + 1 :] if other is not None and other > onset]
        over = pick_up + 2 * BEFORE_S if pick_up is not None else min([*later, duration_s])
        end_s = min(over, duration_s)
        found[name] = Clip(kind=WAITING, leg=name, start_s=max(onset - BEFORE_S, 0.0), end_s=end_s)
    return found


def hold_clips(traces: Sequence[str], clips: Mapping[str, Mapping[str, Clip]]) -> list[Clip]:
    """The holds that were heard, from the facts' evidence `heard:music@12.300-20.100`, each with its leg."""
    found = []
    for trace in traces:
        first, _, last = trace.rpartition("@")[2].partition("-")
        if trace.startswith("heard:music@") and last:
            start_s, end_s = max(float(first) - 3, 0.0), float(last) + 3
            found.append(Clip(kind=HOLD, leg=_leg_at(float(first), clips), start_s=start_s, end_s=end_s))
    return found


def _leg_at(at_s: float, clips: Mapping[str, Mapping[str, Clip]]) -> str:
    """The leg that had been picked up last by then; RECORDING: none had been."""
    begun = [(own[WHOLE].start_s, name) for name, own in clips.items() if own[WHOLE].start_s <= at_s]
    return max(begun)[1] if begun else RECORDING


def is_of_holds(item: Item) -> bool:
    """Whether an item's wording is about keeping the caller waiting in the talk."""
    return any(one in item.text for one in _HOLDING)


def mark_clips(marks: Sequence[Mapping[str, Any]], duration_s: float) -> list[Clip]:
    """What the tester marked by a key while the call lasted, in its order; a hold lasts until they were back."""
    times = sorted((float(one["at_s"]), str(one["what"])) for one in marks if one["at_s"] is not None)
    found = []
    for at_s, what in times:
        later = [other for other, name in times if other > at_s and name == "back"]
        over = later[0] + MARKED_BEFORE_S if what == "hold" and later else at_s + CLIP_S
        start_s, end_s = max(at_s - MARKED_BEFORE_S, 0.0), min(over, duration_s)
        if start_s < end_s:
            found.append(Clip(kind=MARKED, leg=what, start_s=start_s, end_s=end_s, at_s=at_s))
    return found


def clip_of(item: Item, form: Form, clips: Mapping[str, Mapping[str, Clip]], duration_s: float = 0.0) -> Clip | None:
    """The clip that an item is heard in: by what its wording is about; None: its leg is not in the recording."""
    group = form.group(item.group)
    kind = _kind_of(item.text)
    if group.leg is None:
        return _of_no_leg(TRANSFER if _kind_of(group.text) == TRANSFER else kind, clips, duration_s)
    if any(tick.id in ("unit", "name", "greeting") for tick in item.ticks):
        kind = START
    return _nearest(kind, clips.get(group.leg, {}))


def _kind_of(text: str) -> str:
    own_name = any(one in text for one in _NAME) and not any(one in text for one in _ANOTHERS)
    kinds = (kind for kind, words in _WORDS if any(one in text for one in words))
    return next(kinds, START if own_name else WHOLE)


def _nearest(kind: str, own: Mapping[str, Clip]) -> Clip | None:
    return own.get(kind) or own.get(END if kind == TRANSFER else WHOLE)


def _of_no_leg(kind: str, clips: Mapping[str, Mapping[str, Clip]], duration_s: float) -> Clip | None:
    """The unit's clip, else the operator's, else the whole recording: a transfer lies in the leg that was left."""
    legs = [clips[name] for name in ("unit", "operator") if name in clips]
    found = [own[one] for one in (kind, WHOLE) for own in legs if one in own]
    whole = Clip(kind=WHOLE, leg=RECORDING, start_s=0.0, end_s=duration_s) if duration_s > 0 else None
    return found[0] if found else whole


def _times(leg: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """(ring onset, pick-up) in seconds of the recording; None where it is not known."""
    onset, picked = leg.get("ring_onset_s"), leg.get("pick_up_s")
    return (None if onset is None else float(onset), None if picked is None else float(picked["earliest"]))
