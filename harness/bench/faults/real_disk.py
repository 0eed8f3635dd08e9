"""A disk that other data fills up in the middle of real calls: while they are recorded, closed or kept."""

from __future__ import annotations

import json
import random
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from harness.agency import Agency
from harness.bench.faults.agency import make_agency
from harness.bench.faults.life import in_a_child
from harness.bench.faults.real_calls import LONG_S, NUMBERS, look_at_real, pbx, until_released
from harness.bench.faults.real_kills import LIMIT_S, at_a_moment, running, to_its_end
from harness.bench.faults.small_disk import BLOCK_B, LEAST_LEFT, fill_up, small_disk
from harness.bench.faults.tally import Round

RECORDED_S, KEPT_S = (0.0, 6.5), (6.5, 10.3)
"""All four calls are up, or the first is over and the others are closed and kept one by one; from the claim."""


def filled_up(seed: int) -> Round:
    """Other data fill the disk while four calls are up (odd seeds) or being kept (even ones); somebody makes room while
    the programme waits."""
    with tempfile.TemporaryDirectory() as at:
        folder, found = Path(at), Path(at) / "found.json"
        in_a_child(lambda: found.write_text(json.dumps(_looked_at(folder, seed))))
        read = json.loads(found.read_text())
        return Round(**read | {"told": frozenset(read["told"])})


def _looked_at(folder: Path, seed: int) -> dict[str, object]:
    with pbx(folder) as far:
        small_disk(folder / "agency")
        due = datetime.now(UTC) - timedelta(seconds=30)
        agency = make_agency(folder / "agency", dict.fromkeys(NUMBERS, far.addresses["main"]), due=due)
        _called(agency, seed)
        until_released(folder, LIMIT_S)
        to_its_end(agency)
        found = look_at_real(agency, folder)
    return vars(found) | {"told": sorted(found.told)}


def _called(agency: Agency, seed: int) -> None:
    rng, filler = random.Random(f"{seed} full"), agency.folder / "filler"
    with running(agency) as process:
        at_a_moment(seed, agency, process, within_s=RECORDED_S if seed % 2 else KEPT_S)
        fill_up(filler, rng.randrange(LEAST_LEFT) * BLOCK_B)
        time.sleep(rng.uniform(0.3, LONG_S))
        filler.unlink()
        process.communicate(timeout=LIMIT_S)
