"""`thirdring` itself on a clock whose waiting is jumped over: python fast_clock.py CLOCK thirdring's words …

While calls are up time runs as it does; when nothing is left to do it jumps to whatever is due next, six hours at
the most, and never past the barrier that the folder CLOCK holds. A killed program goes on where its clock stood.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from harness import clocks
from harness.cli.program import run
from harness.clocks import Clocks
from harness.programme.alarm import Alarm
from harness.programme.running import Programme

SEED = "the same in every run"
LONGEST = timedelta(hours=6)
FAR_S = 0.1
"""While calls are up or a barrier holds the clock: between two looks."""
REAL = clocks.clocks
WAIT = Alarm.wait


class FastClock:
    """The machine's clocks, so much later; kept in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        jumps = folder / "jumps"
        lines = jumps.read_text().rpartition("\n")[0].splitlines() if jumps.exists() else []
        self.later_s = float(json.loads(lines[-1])["later_s"]) if lines else 0.0

    def clocks(self) -> Clocks:
        """Both clocks, as far apart as they are: nobody set anything."""
        real = REAL()
        return Clocks(real.boot, real.up_s + self.later_s, real.wall_s + self.later_s)

    def now(self) -> datetime:
        """The time it has come to."""
        return datetime.fromtimestamp(self.clocks().wall_s, UTC)

    def jump(self, to: datetime) -> None:
        """Let the time until then pass at once; for good before anything goes by it."""
        self.later_s += (to - self.now()).total_seconds()
        with (self._folder / "jumps").open("a") as log:
            log.write(json.dumps({"at_s": time.monotonic(), "later_s": self.later_s}) + "\n")

    def hold(self, at: datetime) -> None:
        """Let nothing jump past that moment from now on."""
        new = self._folder / "barrier.new"
        new.write_text(at.isoformat())
        new.replace(self._folder / "barrier")

    @property
    def barrier(self) -> datetime:
        """As far as it may jump."""
        return datetime.fromisoformat((self._folder / "barrier").read_text())

    def wait(self, bell: Alarm, seconds: float, *, due: datetime | None, calls: int) -> None:
        """Instead of waiting for what is due: jump there."""
        now = self.now()
        to = min(self.barrier, now + LONGEST, *([due] if due else []))
        if calls or bell.stopped or to <= now:
            (self._folder / "idle").write_text("" if calls else now.isoformat())
            WAIT(bell, min(seconds, FAR_S), due=due, calls=calls)
        else:
            self.jump(to)


def wall(at_s: float, folder: Path) -> datetime:
    """What the fast clock showed at an instant of the monotonic clock."""
    entries = [json.loads(line) for line in (folder / "jumps").read_text().rpartition("\n")[0].splitlines()]
    later_s = next((one["later_s"] for one in reversed(entries) if one["at_s"] <= at_s), 0.0)
    return datetime.fromtimestamp(time.time() - (time.monotonic() - at_s) + later_s, UTC)


def main() -> None:
    """Run the command line by the fast clock."""
    clock = FastClock(Path(sys.argv[1]))
    clocks.clocks = clock.clocks
    Programme.__init__.__kwdefaults__["seeds"] = lambda: SEED
    Alarm.wait = lambda bell, seconds, *, due, calls: clock.wait(bell, seconds, due=due, calls=calls)  # type: ignore[method-assign]
    sys.exit(run(sys.argv[2:]))


if __name__ == "__main__":
    main()
