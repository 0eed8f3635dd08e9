"""Pressing keys: at once, after the prompt, or into it; and seeing that they had an effect."""

from __future__ import annotations

from harness import scenario as do
from harness.number_gate.pressed_digits import permit_digits
from harness.walk.barge_in import told
from harness.walk.effect import NO_EFFECT, effect_of
from harness.walk.happened import Happened
from harness.walk.heard_marks import heard_mark
from harness.walk.listening import prompt_is_over, since_last
from harness.walk.progress import CallInProgress

PROMPT_S = 60.0
"""A prompt that never begins, or never ends, is waited for so long."""
QUIET_S = 1.5
"""So much quiet ends a prompt."""


def press(step: do.Press, number: int, call: CallInProgress) -> Happened:
    """Press the keys when it is time; digits without effect are a branch, or void the attempt."""
    marked = _until_time(step, call)
    if marked is not None or call.released:
        return marked or Happened()
    pressed = tuple(act.detail for act in call.acts if act.do == "pressed")
    permit_digits(step.digits, before=pressed, keys=call.keys)  # the gate's last word: what really was pressed before
    into = step.at == "into_prompt" and call.ear.now == "speech"
    pressed_s = call.now_s
    call.asked_s = pressed_s
    call.act("pressed", leg=step.then_leg or "", detail=step.digits)
    if step.method == "in_band":
        call.call.play(call.sounds[number])
    else:
        call.call.send_digits(step.digits, method=step.method)
    seen = effect_of(call, step.digits, pressed_s, step.effect_within_s, into=into)
    call.act("effect", leg=step.then_leg or "", detail=seen)
    if into:
        call.act("barge_in", detail=told(call, pressed_s))
    return _judged(step, seen, call)


def _judged(step: do.Press, seen: str, call: CallInProgress) -> Happened:
    leg = step.then_leg or ""
    void = seen in NO_EFFECT
    if leg and (call.released or (void and step.on.no_effect is None)):
        # Hung up before anything rang, or void: that leg was tried all the same.
        call.act("wait", leg=leg)
        call.act("gave_up", leg=leg, detail=seen)
    return Happened("no_effect" if void else "", leg=leg, detail=seen)


def _until_time(step: do.Press, call: CallInProgress) -> Happened | None:
    """Let time pass until the keys are due; a marked prompt may be heard first."""
    begin, latest = since_last(call), call.now_s + PROMPT_S
    while step.at != "now" and not call.released and call.now_s < latest and not _due(step, call, begin):
        marked = heard_mark(step, call, begin)
        if marked is not None:
            return marked
        call.pump()
    due_s = call.now_s + step.after_s
    while not call.released and call.now_s < due_s:
        call.pump()
    return None


def _due(step: do.Press, call: CallInProgress, begin: float) -> bool:
    if step.at == "after_prompt":
        return prompt_is_over(call, begin, QUIET_S)
    if step.prompt is None:
        return call.ear.now == "speech" or bool(call.ear.voices(begin))
    return call.ear.heard_mark(step.prompt, begin) is not None
