"""Whether the telephones ring as agency.toml says: the ringback heard on a call, beside the agency's tone plan."""

from __future__ import annotations

from typing import Any

from dsp.learn import notation
from dsp.ringing.heard_tones import HeardTone, heard_tones
from dsp.ringing.plan_choice import find_plan
from dsp.tone_plan import Tone
from harness.agency import Agency
from harness.doctor.call import DoctorCall
from harness.doctor.finding import NOT_CHECKED, OK, WARNING, Finding, figure, found
from harness.timeline import answer_of

PITCH, LENGTH = 0.03, 0.18
"""Exchanges are off by so much and still ring by their plan: 3 % of frequency, 18 % of a length."""
LONGEST_BUSY_S = 1.2
"""A pause longer than this is between rings; busy and congestion tones have none (E.180)."""


def fits(tone: Tone, heard: HeardTone) -> bool:
    """Whether a cadence that was heard is that tone."""
    wanted, plan = sorted(tone.frequencies_hz), tone.cadence
    same_shape = len(plan) == len(heard.cadence) and len(wanted) == len(heard.frequencies_hz)
    if not same_shape or (tone.modulation_hz is None) != (heard.modulation_hz is None):
        return False
    pitches = all(abs(h / w - 1) <= PITCH for h, w in zip(heard.frequencies_hz, wanted, strict=True))
    lengths = [(h, w) for a, b in zip(heard.cadence, plan, strict=True) for h, w in zip(a, b, strict=True) if w]
    return pitches and all(abs(h / w - 1) <= LENGTH for h, w in lengths)


def tone_plan(call: DoctorCall, agency: Agency) -> Finding:
    """Compare what rang with the plan of agency.toml."""
    heard, plan, rate = call.timeline.heard, call.timeline.heard.plan, call.record.sample_rate_hz
    answer = answer_of(call.record)
    before = call.samples if answer is None else call.samples[: max(0, round(answer.latest_s * rate))]
    # A gateway that answers early rings behind its answer: then the whole recording is listened to.
    parts = [part for part in (before, call.samples) if len(part) >= rate]
    rings = [t for part in parts for t in heard_tones(part, sr=rate) if max(o for _, o in t.cadence) > LONGEST_BUSY_S]
    values: dict[str, Any] = {"line": call.line, "plan": agency.settings.tone_plan, "ours": notation(plan.ringback)}
    values |= {"heard": _told(rings[0]) if rings else "—", "sound": call.sound, "name": ""}
    figures = (figure("tone_plan", plan.name), figure("ringback_heard", _told(rings[0]) if rings else None))
    if any(fits(plan.ringback, one) for one in rings):
        state, key, do, write = OK, "doctor.tones_fit", "", ""
    elif not rings and sum(leg.rings or 0 for leg in heard.legs) >= 2:
        state, key, do, write = OK, "doctor.tones_fit_briefly", "", ""
    elif not rings:
        state, key, do, write = NOT_CHECKED, "doctor.tones_none", "doctor.do_tones_none", ""
    else:
        state, key, do, write = _foreign(call, values)
    return found("tone_plan", state, key, do, line=call.line, figures=figures, values=values, write=write)


def _foreign(call: DoctorCall, values: dict[str, Any]) -> tuple[str, str, str, str]:
    """Another country's ringback, or one of the exchange's own."""
    known = find_plan(call.samples, sr=call.record.sample_rate_hz)
    if known is not None:
        values["name"] = known.name
        return WARNING, "doctor.tones_foreign", "doctor.do_tones_foreign", f'tone_plan = "{known.name}"'
    write = f"thirdring learn-tone {call.sound} --name our-pbx"
    return WARNING, "doctor.tones_own", "doctor.do_tones_own", write


def _told(heard: HeardTone) -> str:
    """`440+480 Hz 1.00/2.00 s`."""
    pitch = "+".join(f"{f:.0f}" for f in heard.frequencies_hz)
    return f"{pitch} Hz {' '.join(f'{on:.2f}/{off:.2f}' for on, off in heard.cadence)} s"
