"""What became of each of an agency's marks in one call: when it came, or that the prompt was changed.

Marks are given to ±50 ms; 384 cases of every codec, level and loss were within 6 ms (tests/test_dsp_prompt_cases.py).
The way from the packet into the recording is added as for everything heard.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsp.prompts.prompt_search import search
from dsp.segment import MISSING, Span
from harness.interval import Interval
from harness.measure import Measured
from harness.prompts.kinds import ANSWERING
from harness.prompts.leg_recording import IVR
from harness.prompts.live import PromptFound, prompt_found
from harness.prompts.marks import Mark
from harness.softphone.signals import RELEASED
from harness.timeline import Timeline

HEARD, CHANGED, NOT_HEARD = "heard", "changed", "not_heard"
KEY_EFFECT_S = 1.0
"""A menu stops so soon when a key is pressed into it."""
ENOUGH_S = 1.0
"""A menu that was listened to for so long beyond the mark's place, and the mark not heard, was changed."""


@dataclass(frozen=True, kw_only=True)
class HeardMark:
    """What became of one mark in one call."""

    name: str
    """The mark."""
    what: str
    """operator, end or menu."""
    kind: str
    """What kind of recording it is."""
    status: str
    """`heard`; `changed`: where it should have been it was not, or only something like it; `not_heard`: the call
    did not come so far."""
    at_s: Interval | None
    """When, on the call's clock; None unless heard."""
    likeness: float
    """0 to 1."""
    place_s: float | None = None
    """Where in the recording."""
    window_s: tuple[float, float] | None = None
    """From where to where of the recording the remembered sound was heard."""

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        data = {key: value for key, value in vars(self).items() if key != "window_s"}
        return data | {
            "at_s": None if self.at_s is None else self.at_s.to_dict(),
            "place_s": None if self.place_s is None else round(self.place_s, 3),
            "likeness": round(self.likeness, 3),
        }


def look_for(
    mark: Mark, timeline: Timeline, measured: Measured, finds: Sequence[PromptFound], *, instead: bool
) -> HeardMark:
    """Give what became of a mark, from its finds; `instead`: another recording stood where the menu should have."""
    told = next((one for one in finds if one.mark_s is not None), None)
    likeness = max((one.likeness for one in finds), default=0.0)
    one = HeardMark(name=mark.name, what=mark.what, kind=mark.kind, status=NOT_HEARD, at_s=None, likeness=likeness)
    if told is None or told.mark_s is None:
        anew = any(not _cut_by_key(timeline, find) for find in finds)
        missed = not instead and _should_have_come(mark, timeline, measured)
        return replace(one, status=CHANGED) if anew or missed else one
    rate = timeline.heard.sr
    earliest, latest = (round(max(told.mark_s + error, 0.0) * rate) for error in (-told.error_s, told.error_s))
    return replace(
        one,
        status=HEARD,
        likeness=told.likeness,
        at_s=timeline.on_the_wire(Span(earliest, latest)),
        place_s=told.mark_s,
        window_s=(told.begin_s, told.end_s),
    )


def _cut_by_key(timeline: Timeline, find: PromptFound) -> bool:
    """Whether a key stopped the prompt where its words were others: what came then was the key's effect."""
    return any(a.do == "pressed" and find.begin_s < a.at_s < find.end_s + KEY_EFFECT_S for a in timeline.record.acts)


def listen_for(
    marks: Sequence[Mark], samples: NDArray[np.int16], *, rate: int, missing: Sequence[tuple[int, int]] = ()
) -> tuple[PromptFound, ...]:
    """Look for marks in a whole recording, shape (n,): the same finds as a `PromptWatch` makes live."""
    found = search([one.prompt for one in marks], samples, sr=rate, missing=missing) if marks else ()
    return tuple(prompt_found(marks[one.prompt], one) for one in found)


def _should_have_come(mark: Mark, timeline: Timeline, measured: Measured) -> bool:
    """Whether the menu was listened to beyond the mark's place. A key pressed early stops a menu; so does a loss."""
    leg = measured.leg(IVR)
    if mark.kind not in ANSWERING or leg is None or leg.outcome != "answered" or leg.voice_onset_s is None:
        return False
    began, rate = leg.voice_onset_s.earliest, timeline.heard.sr
    place = began + mark.after_voice_s
    keys = [a.at_s for a in timeline.record.acts if a.do == "pressed"]
    gone = [s.earliest_s for s in timeline.record.signals if s.kind == RELEASED]
    until = min([one for one in keys + gone if one > began], default=timeline.heard.n / rate)
    holes = (s for s in timeline.heard.segments if s.sound == MISSING)
    hidden = any(s.start / rate < place + ENOUGH_S and s.end / rate > place - ENOUGH_S for s in holes)
    return until >= place + ENOUGH_S and not hidden
