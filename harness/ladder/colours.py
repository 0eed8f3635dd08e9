"""Colours of a ladder's picture: sounds as in the picture of a recording, messages by what they say."""

from __future__ import annotations

from harness.ladder.rung import Rung

SOUNDS = {
    "ringback": "#2f6db5",
    "speech": "#3f9142",
    "music": "#9a6fb0",
    "busy": "#d9822b",
    "congestion": "#b5651d",
    "sit": "#c2416b",
    "dial": "#7f8c8d",
    "dtmf": "#5b4636",
    "tone": "#8a8a8a",
    "missing": "#c9c9c9",
}
INK, FAINT, LANE, PAPER, BAND = "#1d2733", "#66717d", "#98a3ae", "#ffffff", "#f3f5f8"
REQUEST, PROVISIONAL, SUCCESS, REDIRECTED, FAILURE, KEY = (
    "#22406b",
    "#5a6b7f",
    "#2c7a3f",
    "#7a4d9e",
    "#b3261e",
    "#7a5a12",
)
BRANCHES = ("#2f6db5", "#b5651d", "#3f9142", "#9a6fb0", "#c2416b", "#5b4636")


def of_message(rung: Rung) -> str:
    """A request's colour, or that of a response's class (RFC 3261 §21)."""
    kinds = {"1": PROVISIONAL, "2": SUCCESS, "3": REDIRECTED, "4": FAILURE, "5": FAILURE, "6": FAILURE}
    return kinds.get(rung.what[:1], REQUEST)


def of_branch(branch: str) -> str:
    """A branch's colour."""
    return BRANCHES[(ord(branch) - ord("A")) % len(BRANCHES)]
