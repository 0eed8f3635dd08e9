"""The wall clock is set while the programme runs and waits; the machine's running time goes on."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

from harness.bench.faults.agency import Moment, scripted
from harness.bench.faults.life import in_a_child, live
from harness.bench.faults.look import look_at
from harness.bench.faults.tally import Round

HOUR_S = 3600.0
STEPS_S = (HOUR_S, -HOUR_S, 7200.0, -7200.0, 90.0, -90.0)
"""By an hour, as a clock that was an hour wrong or followed summer time; by two; by somewhat more than drifts."""
MINUTES = 40


def clock_set(seed: int) -> Round:
    """Set once or twice, at minutes that the seed chooses; a call's own clock is the machine's."""
    rng = random.Random(seed)
    when = {rng.randrange(2, MINUTES): rng.choice(STEPS_S) for _ in range(rng.randrange(1, 3))}
    with tempfile.TemporaryDirectory() as at:
        folder = Path(at) / "agency"
        scripted(folder)
        in_a_child(lambda: live(folder, each=lambda number: Moment(folder).step(when.get(number, 0.0))))
        return look_at(folder)
