"""`python -m harness.bench.reliability`: rounds of every fault, as the table of docs/reliability.md.

python -m harness.bench.reliability --rounds 20 --real-rounds 4     # print it
python -m harness.bench.reliability --write docs/reliability.md     # and put it into the document
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from harness.bench.faults import small_disk
from harness.bench.faults.broken_sound import broken_recordings
from harness.bench.faults.clock_set import clock_set
from harness.bench.faults.real_disk import filled_up
from harness.bench.faults.real_kills import pbx_killed, programme_killed, telephone_killed
from harness.bench.faults.real_packets import FATES, busy_machine, packets
from harness.bench.faults.real_server import server_killed
from harness.bench.faults.stopped import database_taken, killed
from harness.bench.faults.tally import COUNTS, Round, together

BEGIN, END = "<!-- rounds -->", "<!-- end of rounds -->"
Fault = Callable[[int], Round]
VIRTUAL: dict[str, Fault] = {
    "`kill -9` of the programme at any step of claiming, calling and keeping, three times a round": killed,
    "the database locked by another process": database_taken,
    "the disk full at any step, room made later": small_disk.full,
    "the disk read-only for some minutes": small_disk.read_only,
    "kept recordings deleted, emptied, cut, overwritten or replaced": broken_recordings,
    "the wall clock set by 90 s, 1 h or 2 h, either way": clock_set,
}
"""Scripted far ends, virtual time: seven calls a round."""
REAL: dict[str, Fault] = {
    "`kill -9` of `thirdring run` in real calls, begun again": programme_killed,
    "`kill -9` of `thirdring serve` in real calls, while somebody writes on its pages, begun again": server_killed,
    "`kill -9` of a telephone process in real calls": telephone_killed,
    "the PBX killed in real calls, and begun again": pbx_killed,
    "the disk filled by other data in real calls, room made later": filled_up,
    **{f"the far end's sound: {name.replace('_', ' ')}": partial(packets, name) for name in FATES},
    "all processors taken by others": busy_machine,
}
"""The real telephone and the embedded agency: four calls at once a round, the PBX's eight."""
NEEDS_ROOT = (small_disk.full, small_disk.read_only, filled_up)
HEAD = ("Fault", "Rounds", "Calls", "Lost", "Twice", "Wrong", "Zero", "Unproved", "Left up", "A person decides", "Void")


def rows(rounds: int, real_rounds: int, *, first: int = 1) -> Iterator[str]:
    """Give the table line by line, as it becomes known."""
    yield f"| {' | '.join(HEAD)} |"
    yield f"|---|{'---|' * (len(HEAD) - 1)}"
    for faults, many in ((VIRTUAL, rounds), (REAL, real_rounds)):
        for name, fault in faults.items():
            if fault in NEEDS_ROOT and not small_disk.can_mount():
                yield f"| {name} | not run: needs root | {'| ' * (len(HEAD) - 2)}"
                continue
            yield row(name, [fault(seed) for seed in range(first, first + many)])


def row(name: str, found: list[Round]) -> str:
    """A fault's line."""
    whole = together(found)
    counts = [len(found), whole.calls, *(getattr(whole, one) for one in COUNTS), whole.unknown, whole.void]
    return f"| {name} | {' | '.join(map(str, counts))} |"


def put(lines: list[str], document: Path) -> None:
    """Put the table between the document's marks."""
    before, _, rest = document.read_text(encoding="utf-8").partition(BEGIN)
    _, _, behind = rest.partition(END)
    document.write_text(f"{before}{BEGIN}\n{chr(10).join(lines)}\n{END}{behind}", encoding="utf-8")


def main() -> None:
    """Run the rounds, print the table, and write it where asked."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rounds", type=int, default=10)
    asked.add_argument("--real-rounds", type=int, default=2)
    asked.add_argument("--first", type=int, default=1, help="first seed")
    asked.add_argument("--write", type=Path)
    given = asked.parse_args()
    lines, begun = list[str](), time.monotonic()
    for line in rows(given.rounds, given.real_rounds, first=given.first):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
        sys.stderr.write(f"{time.monotonic() - begun:.0f} s\n")
        lines.append(line)
    if given.write is not None:
        put(lines, given.write)


if __name__ == "__main__":
    main()
