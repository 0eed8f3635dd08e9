"""Which of a step's branches a marked prompt takes."""

from __future__ import annotations

from harness import scenario as do
from harness.scenario.steps import jumps
from harness.walk.happened import Happened
from harness.walk.progress import CallInProgress


def heard_mark(step: do.Step, call: CallInProgress, since_s: float) -> Happened | None:
    """Give the branch of the first marked prompt heard since an instant; None where there is none."""
    wanted = [event.removeprefix("heard:") for event, _ in jumps(step) if event.startswith("heard:")]
    found = [(one, name) for name in wanted if (one := call.ear.heard_mark(name, since_s)) is not None]
    for one, name in sorted(found, key=lambda pair: pair[0].known_at_s)[:1]:
        call.act("heard", detail=one.name)
        return Happened(f"heard:{name}", detail=one.name)
    return None
