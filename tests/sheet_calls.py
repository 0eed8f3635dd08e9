"""Calls for the score sheet's pages: a transferred call of 90 s with everything that a tester is asked."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from kept_calls import keep_call
from rubric_cases import best, call, leg

from harness.agency import Agency
from harness.web.sheet_fields import fields_from
from rubric.form import load_form

SECONDS = 90.0
PICKED = {"ivr": (4.0, 8.0), "operator": (30.0, 34.0), "unit": (50.0, 56.4)}
"""When each leg rang and was picked up, seconds."""

WHOLE = {name: values[0] for name, values in fields_from(best(), load_form("keelung-102")).items()}
WHOLE |= {f"question:{n}:verdict": "correct" for n in (1, 2)}
WHOLE |= {"heard:operator": "person", "heard:unit": "person"}
"""Everything that a tester fills in at that call, as fields."""


EVIDENCE = {
    "ivr": ["heard:ringback@4.000", "heard:ringback@7.000"],
    "operator_code_s": ["heard:main-menu@14.500"],
    "unit": ["heard:ringback@50.000", "heard:ringback@53.000"],
    "transferred": ["heard:ringback@50.000", "heard:ringback@53.000"],
    "held": ["heard:music@64.000-68.500"],
    "caller_hung_up_first": ["sip:BYE@88.200"],
}
"""Where in that call's recording it can be heard."""
TRACED = {"held": True, "menu_barge_in": True, "evidence": EVIDENCE}
TRACED |= {"operator_code_s": {"earliest": 6.0, "latest": 6.5}, "operator_busy_recording": False}
"""Facts that have their evidence there."""


def facts(**more: Any) -> dict[str, Any]:
    """FACTS.json of that call; behind the menu nobody has said yet who spoke."""
    legs = {}
    for name, (onset, picked) in PICKED.items():
        waiting = {} if name == "ivr" else {"provisional": True}
        places = {"ring_onset_s": onset, "pick_up_s": {"earliest": picked, "latest": picked + 0.2}}
        legs[name] = leg(2, picked - onset, **places, **waiting)
    return call(legs=legs, answerer_role=None) | more


def keep_sheet_call(agency: Agency, call_id: str, *, unit: str = "u2", told: dict[str, Any] | None = None) -> None:
    """Keep such a call with its sound: two channels, the far end's and ours."""
    path = agency.folder / "recordings" / f"{call_id}.flac"
    make_call_sound(path)
    keep_call(agency, call_id, told or facts(), None, unit=unit, day=date(2026, 11, 20), columns={"rings": 2})


def make_call_sound(path: Path) -> None:
    """The sound of that call."""
    t = np.arange(int(SECONDS * 8000)) / 8000
    far, near = np.zeros_like(t), np.zeros_like(t)
    for onset, picked in PICKED.values():
        ringing = (t >= onset) & (t < picked) & ((t - onset) % 3 < 1)
        talking = (t >= picked + 0.4) & (t < picked + 15) & (t % 5 < 3)
        far += 0.15 * (np.sin(2 * np.pi * 440 * t) + np.sin(2 * np.pi * 480 * t)) * ringing
        far += 0.2 * np.sin(2 * np.pi * 180 * t) * (1 + np.sin(2 * np.pi * 3 * t)) * talking
        near += 0.2 * np.sin(2 * np.pi * 140 * t) * ((t >= picked + 4) & (t < picked + 6))
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.stack([far, near], axis=1), 8000, subtype="PCM_16")
