"""Whether a menu lets itself be interrupted: keys pressed into its prompt either cut it or do not.

基隆市附件三 A1.3 tells 「毋需聽完全部語音項目說明」 from 「需聽完」. How long the prompt would have gone on must be
known from a marked end; without one a cut is never claimed.
"""

from __future__ import annotations

from collections.abc import Sequence

from harness.prompts.kinds import GREETING, LANGUAGE_MENU, MENU, OTHER
from harness.prompts.live import PromptFound
from harness.prompts.marks import END, Mark
from harness.walk.progress import CallInProgress

PLAYED_ON_S = 3.0
"""A prompt that speaks on in one breath for so long behind the keys was not cut by them."""
BREATH_S = 0.25
"""A shorter gap is within a word or between two."""
SPARE_S = 1.5
"""So long before its end a prompt must have stopped, for its stopping to be no coincidence."""
CUT, NOT_CUT, UNKNOWN = "cut", "not_cut", "unknown"

Span = tuple[float, float]


def judge(
    pressed_s: float, voices: Sequence[Span], *, other_s: float | None, end_s: float | None, ended_s: float | None
) -> str:
    """Tell `cut`, `not_cut` or `unknown`.

    Args:
        pressed_s: when the keys were pressed.
        voices: where somebody spoke, (start, end), in order.
        other_s: where something else began behind the keys: ringback, music.
        end_s: where the prompt would have ended; None: nobody marked its end.
        ended_s: where its marked end was heard behind the keys; None: it was not.
    """
    if ended_s is not None and ended_s > pressed_s:
        return NOT_CUT
    if _breath_until(pressed_s, voices) - pressed_s >= PLAYED_ON_S:
        return NOT_CUT
    if end_s is None or other_s is None:
        return UNKNOWN
    spoke_until = max([end for start, end in voices if start < other_s], default=pressed_s)
    stopped = spoke_until <= min(end_s - SPARE_S, pressed_s + PLAYED_ON_S)
    return CUT if stopped and other_s < end_s else UNKNOWN


def told(call: CallInProgress, pressed_s: float) -> str:
    """Judge the call so far, and say what it was seen by."""
    ear = call.ear
    voices = ear.spoken(0.0)
    other = _other(call, pressed_s)
    ended = [at for at, one in ear.marks_since(pressed_s) if ends_a_menu(one)]
    verdict = judge(
        pressed_s,
        voices,
        other_s=other[1] if other else None,
        end_s=_would_end(call, voices),
        ended_s=ended[0] if ended else None,
    )
    spoke = [f"heard:speech@{start:.3f}-{end:.3f}" for start, end in voices if end > pressed_s - BREATH_S][:1]
    seen = [f"heard:{other[0]}@{other[1]:.3f}"] if other else []
    return " ".join([verdict, f"act:pressed@{pressed_s:.3f}", *spoke, *seen, *(f"heard:end@{at:.3f}" for at in ended)])


def ends_a_menu(one: Mark | PromptFound) -> bool:
    """Whether a mark is the end of a menu, and of no other recording."""
    return one.what == END and one.kind in (MENU, LANGUAGE_MENU, GREETING, OTHER)


def _other(call: CallInProgress, pressed_s: float) -> tuple[str, float] | None:
    began = [("ringback", at) for at in call.ear.bursts(pressed_s)]
    began += [("music", start) for start, _ in call.ear.music(pressed_s) if start > pressed_s]
    began += [(sound, at) for sound, at in [call.ear.sounding] if sound in ("ringback", "music") and at > pressed_s]
    return min(began, key=lambda one: one[1], default=None)


def _would_end(call: CallInProgress, voices: Sequence[Span]) -> float | None:
    """Where this prompt's marked end lies, counted from its first word behind the answer."""
    first = next((start for start, end in voices if end > (call.answered_s or 0.0)), None)
    marked = [mark.after_voice_s for mark in call.ear.marks if ends_a_menu(mark)]
    return None if first is None or not marked else max(first, call.answered_s or 0.0) + max(marked)


def _breath_until(pressed_s: float, voices: Sequence[Span]) -> float:
    """How long the voice that was speaking at an instant went on without a pause."""
    until = pressed_s
    for start, end in voices:
        if start <= until + BREATH_S and end > until:
            until = end
    return until
