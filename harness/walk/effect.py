"""Whether the digits that were pressed had an effect: what is known is told, what is not is never guessed."""

from __future__ import annotations

from dsp.prompts.prompt_memory import Prompt, remember
from dsp.prompts.prompt_search import PromptSearch
from harness.live_ear import LiveEar
from harness.softphone.signals import DIGIT, RESPONSE
from harness.walk.progress import CallInProgress

NO_EFFECT = ("repeated", "invalid", "refused", "swallowed", "doubled", "nothing", "torn")
INVALID = "invalid-key"
"""What an agency calls its mark of the prompt that says: that was no valid key."""
WINDOW_S, LEAST_S = 3.0, 1.5
"""So much of each stretch of the menu is remembered, and so little is too little to be sure of."""
MOST_WINDOWS = 6
FRESH_S = 0.3
"""A voice that begins so shortly after the key had been speaking already."""
TELLING_S = 3.5
"""After so long a voice is known to be the menu again, or another's."""
LONGEST_S = 60.0
"""Somebody who talks on without end is no effect of the digits that anybody could wait for."""


class Repeated:
    """Knows the menu again in which keys were pressed, by the sound of this very call: no marks are needed."""

    def __init__(self, ear: LiveEar, pressed_s: float) -> None:
        starts = [start for start, _ in ear.voices(0.0) if pressed_s - start >= LEAST_S][:MOST_WINDOWS]
        windows = [_window(ear, start, pressed_s) for start in starts]
        self._ear, self._fed_s, self._found = ear, pressed_s + FRESH_S, False
        known = [one for one in windows if one is not None]
        self._search = PromptSearch(known, sr=ear.sample_rate_hz) if known else None
        self._since_s = min([pressed_s, *starts])

    @property
    def unknowable(self) -> bool:
        """Whether so much was lost of the menu, or since, that it need not be known when it begins again."""
        return self._search is not None and self._ear.torn(self._since_s)

    def now(self) -> bool:
        """Whether it has begun again since."""
        if self._search is not None and not self._found and self._ear.heard_s > self._fed_s:
            new = self._search.feed(self._ear.samples(self._fed_s, self._ear.heard_s))
            self._fed_s = self._ear.heard_s
            self._found = any(one.mark is not None for one in new)
        return self._found


def _window(ear: LiveEar, start_s: float, pressed_s: float) -> Prompt | None:
    """Remember a stretch of the menu; None where it is too little, or nothing."""
    rate = ear.sample_rate_hz
    cut = ear.samples(start_s, min(start_s + WINDOW_S, pressed_s))
    try:
        return remember(cut, sr=rate, mark=max(len(cut) - rate // 2, 0), name="menu")
    except ValueError:
        return None


def effect_of(call: CallInProgress, digits: str, pressed_s: float, within_s: float, *, into: bool = False) -> str:
    """Wait for the effect of digits and name it: ringback, music, voice, released, …, or one of NO_EFFECT.

    `into` a prompt a voice tells nothing: it may still be the prompt's.
    """
    repeated = Repeated(call.ear, pressed_s)
    while not call.released:
        seen = _seen(call, digits, pressed_s, repeated, into=into)
        if seen:
            return seen
        if call.now_s > pressed_s + within_s + LONGEST_S or _nothing(call, pressed_s, within_s):
            return "nothing"
        call.pump()
    return "released"


def _seen(call: CallInProgress, digits: str, pressed_s: float, repeated: Repeated, *, into: bool) -> str:
    ear = call.ear
    wrong = _wrongly_received(call, digits, pressed_s)
    if wrong or ear.heard_mark(INVALID, pressed_s) is not None:
        return wrong or "invalid"
    if _known_again(call, pressed_s) or repeated.now():
        return "repeated"
    if ear.bursts(pressed_s) or ear.now == "ringback":
        return "ringback"
    refused = ear.refused(pressed_s)
    if refused or ear.music(pressed_s + FRESH_S) or ear.now == "music":
        return refused or "music"
    voices = [] if into else [v for v in ear.spoken(pressed_s) if v[0] > pressed_s + FRESH_S]
    over = voices and ear.now != "speech" and ear.heard_s > voices[0][1] + FRESH_S
    told = voices and (over or ear.heard_s - voices[0][0] >= TELLING_S)
    if not told:
        return ""
    # A second stretch of a menu that our own machine tore may still be known.
    return ("torn" if ear.heard_s - voices[0][0] >= 2 * TELLING_S else "") if repeated.unknowable else "voice"


def _nothing(call: CallInProgress, pressed_s: float, within_s: float) -> bool:
    quiet_since = max([pressed_s, *[end for _, end in call.ear.voices(pressed_s)]])
    return call.ear.now != "speech" and call.ear.heard_s > quiet_since + within_s


def _known_again(call: CallInProgress, pressed_s: float) -> bool:
    """Whether a mark of the agency's was heard before the keys, and is heard again behind them."""
    before = {one.name for at, one in call.ear.marks_since(0.0) if at < pressed_s}
    return any(one.name in before for _, one in call.ear.marks_since(pressed_s + FRESH_S))


def _wrongly_received(call: CallInProgress, digits: str, pressed_s: float) -> str:
    """What the far end itself reports: an INFO refused, or keys that it echoes, fewer or more than were pressed."""
    since = call.since(pressed_s)
    if any(s.kind == RESPONSE and s.method == "INFO" and s.status >= 300 for s in since):
        return "refused"
    echoed = "".join(s.reason for s in since if s.kind == DIGIT and s.direction == "rx")
    if not echoed or echoed == digits:
        return ""
    if len(echoed) < len(digits) and call.now_s < pressed_s + TELLING_S:
        return ""  # the others may yet come
    return "swallowed" if len(echoed) < len(digits) else "doubled"
