"""A call in progress as its page shows it: words beside every figure, and nothing that colour alone would say."""

from __future__ import annotations

from typing import Any

from harness.assisted.state import LiveState

QUIETEST_DBFS, QUIET_DBFS, LOUD_DBFS = -60.0, -50.0, -6.0
"""Where the meters begin; below the second nobody speaks; above the third the sound is clipped now and then."""
KEYS = {
    "operator_speaks": "o",
    "transfer": "t",
    "unit_speaks": "u",
    "hold": "h",
    "back": "b",
    "ending": "e",
}
"""One key a mark, those of `call --assist` too."""
SAYINGS = ("wrong_unit", "refused", "number_left")
"""What may be said of the call as a whole while it lasts."""
Row = dict[str, Any]


def shown(state: LiveState) -> Row:
    """What the live part is filled with."""
    return {
        "state": state,
        "clock": clock_of(state),
        "far": level_of(state.far_dbfs),
        "own": level_of(state.tester_dbfs),
        "marks": [
            {"at": _stamp(_since_onset(one.at_s, state)), "what": one.what, "who": one.who} for one in state.marks
        ],
        "hears_for": _passed(state.hears_since_s, state),
    }


def clock_of(state: LiveState) -> Row:
    """The big clock: since the ring onset, until the pick-up; it runs on in the page between two pictures."""
    elapsed = None if state.ring_onset_s is None else _passed(state.ring_onset_s, state)
    answered = state.answered_s is not None and state.ring_onset_s is not None
    if answered and state.answered_s is not None and state.ring_onset_s is not None:
        elapsed = max(0.0, state.answered_s - state.ring_onset_s)
    runs = elapsed is not None and not answered and state.phase != "over"
    return {"elapsed_s": elapsed, "runs": runs, "answered": answered}


def level_of(dbfs: float | None) -> Row:
    """A meter and its words; nothing heard yet is not the same as silence."""
    if dbfs is None:
        return {"dbfs": None, "at": QUIETEST_DBFS, "word": "none"}
    word = "quiet" if dbfs < QUIET_DBFS else "loud" if dbfs > LOUD_DBFS else "voice"
    return {"dbfs": round(dbfs), "at": round(min(0.0, max(QUIETEST_DBFS, dbfs))), "word": word}


def _since_onset(at_s: float, state: LiveState) -> float:
    return at_s - (state.ring_onset_s or 0.0)


def _passed(since_s: float | None, state: LiveState) -> float | None:
    return None if since_s is None or state.now_s is None else max(0.0, state.now_s - since_s)


def _stamp(seconds: float) -> str:
    """`1:02.3`, with a minus before the ring onset."""
    minutes, rest = divmod(abs(seconds), 60)
    return f"{'−' if seconds < 0 else ''}{int(minutes)}:{rest:04.1f}"
