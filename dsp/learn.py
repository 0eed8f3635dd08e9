"""An exchange's own tone plan, learnt from a recording; and plans written down as they are read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from dsp.bursts.tonal_bursts import TonalBurst
from dsp.detector import Detector
from dsp.ringing.heard_tones import HeardTone, cadence_of, heard_tones
from dsp.segment import RINGBACK
from dsp.tone_plan import Step, Tone, TonePlan, TonePlanError


def learn_plan(samples: npt.NDArray[np.generic], *, sr: int, name: str) -> TonePlan:
    """A plan whose ringback is the one heard: the slowest cadence with a pause longer than its bursts.

    Raises:
        TonePlanError: no cadence repeats in this recording.
    """
    heard = heard_tones(samples, sr=sr)
    ringing = [t for t in heard if max(off for _, off in t.cadence) > 1.2]
    if not ringing:
        raise TonePlanError(f"{name}: no ringback in this recording: three rings or more are needed")
    quick = sorted((t for t in heard if t.period_s < 2.5 and t.modulation_hz is None), key=lambda t: -t.period_s)
    rest = dict(zip(("busy", "congestion"), map(_tone, quick[:2]), strict=False))
    plan = TonePlan(name, name, "learnt from a recording", _tone(ringing[0]), **rest)
    return _exact(plan, samples, sr=sr)


def _exact(plan: TonePlan, samples: npt.NDArray[np.generic], *, sr: int) -> TonePlan:
    """The plan with its ringback's lengths as the detector, which knows edges to a millisecond, hears
    them."""
    detector = Detector(sr=sr, plan=plan)
    found = detector.feed(samples) + detector.flush()  # type: ignore[arg-type]
    bursts = [
        TonalBurst(s.start / sr, s.end / sr, plan.ringback.frequencies_hz, None) for s in found if s.sound == RINGBACK
    ]
    heard = cadence_of(bursts) if len(bursts) > 2 else None
    if heard is None or len(heard.cadence) != len(plan.cadence):
        return plan
    sound = plan.ringback.steps[0]
    exact = HeardTone(sound.frequencies_hz, sound.modulation_hz, heard.cadence, heard.periods)
    return replace(plan, ringback=_tone(exact))


def plan_toml(plan: TonePlan) -> str:
    """A plan as TOML, as `load_plan` reads it from a file."""
    lines = [f"[{plan.name}]", f'title = "{plan.title}"', f'source = "{plan.source}"']
    for key in ("ringback", "busy", "congestion", "dial", "sit"):
        tone = getattr(plan, key)
        if tone is not None:
            lines.append(f'{key} = "{notation(tone)}"')
    return "\n".join(lines) + "\n"


def notation(tone: Tone) -> str:
    """A signal in the field's notation, say `440+480/1000,0/2000`."""
    return ",".join(_step_notation(step) for step in tone.steps)


def _step_notation(step: Step) -> str:
    tones = "+".join(f"{f:g}" for f in step.frequencies_hz) or "0"
    swing = f"*{step.modulation_hz:g}" if step.modulation_hz else ""
    return f"{tones}{swing}" + (f"/{step.duration_s * 1000:.0f}" if step.duration_s is not None else "")


def _tone(heard: HeardTone) -> Tone:
    """Rounded as plans are: whole Hz, 10 ms."""
    steps: list[Step] = []
    swing = None if heard.modulation_hz is None else float(round(heard.modulation_hz))
    for on, off in heard.cadence:
        steps.append(Step(tuple(float(round(f)) for f in heard.frequencies_hz), swing, round(on, 2)))
        steps.append(Step((), None, round(off, 2)))
    return Tone(tuple(steps))
