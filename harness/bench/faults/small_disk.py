"""A disk that fills up, or can only be read, at a moment that the seed chooses: a small tmpfs of the round's own.

It is mounted in a mount namespace of its own, which only root may make.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import random
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from harness.bench.faults.agency import scripted
from harness.bench.faults.life import in_a_child, live
from harness.bench.faults.look import look_at
from harness.bench.faults.stopped import FIRST, STEPS, stepping
from harness.bench.faults.tally import Round

CLONE_NEWNS = 0x00020000  # sched.h
SIZE_MB = 48
BLOCK_B = 4096
LEAST_LEFT = 24
"""So many blocks at most are left when the disk is full: enough for some files, not for all."""


def can_mount() -> bool:
    """Whether this process may mount a disk in a namespace of its own."""
    try:
        return in_a_child(_apart) == 0
    except RuntimeError:
        return False


def full(seed: int) -> Round:
    """The disk fills up at a step, so that the claim, the recording, its closing or the database has no room; somebody
    makes room while the programme waits."""

    def fill(folder: Path, rng: random.Random) -> Callable[[], None]:
        left = rng.randrange(LEAST_LEFT) * BLOCK_B
        return lambda: fill_up(folder / "filler", left)

    return _on_a_small_disk(seed, fill, lambda folder: (folder / "filler").unlink(missing_ok=True))


def read_only(seed: int) -> Round:
    """The disk can only be read for some minutes, or when the programme begins."""
    rng = random.Random(seed)
    begins, lasts = rng.randrange(0, 14), rng.randrange(1, 6)

    def life(folder: Path) -> None:
        def each(number: int) -> None:
            if number in (begins, begins + lasts):
                _remount(folder, "ro" if number == begins else "rw")

        live(folder, long=FIRST, each=each)

    return _apart_and_back(lambda folder: in_a_child(lambda: life(folder)), lambda folder: _remount(folder, "rw"))


def _on_a_small_disk(
    seed: int, fault: Callable[[Path, random.Random], Callable[[], None]], mend: Callable[[Path], object]
) -> Round:
    rng = random.Random(seed)
    last = rng.randrange(1, STEPS)
    return _apart_and_back(
        lambda folder: in_a_child(lambda: stepping(folder, last, fault(folder, rng), and_then=lambda: mend(folder))),
        mend,
    )


def _apart_and_back(life: Callable[[Path], object], mend: Callable[[Path], object]) -> Round:
    """Lead a life on the disk, mend the disk, lead another, and look: all in one child that has the disk."""
    with tempfile.TemporaryDirectory() as at:
        folder, found = Path(at) / "agency", Path(at) / "found.json"

        def whole() -> None:
            small_disk(folder)
            scripted(folder)
            life(folder)
            mend(folder)
            in_a_child(lambda: live(folder))
            told = look_at(folder)
            found.write_text(json.dumps(vars(told) | {"told": sorted(told.told)}))

        in_a_child(whole)
        read = json.loads(found.read_text())
        return Round(**read | {"told": frozenset(read["told"])})


def small_disk(folder: Path) -> None:
    """Mount a small disk there, which only this process and its children see."""
    _apart()
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m", "tmpfs", str(folder)], check=True)


def _apart() -> None:
    """Give this process mounts of its own, which nobody else sees and which go when it ends."""
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS):
        raise OSError(ctypes.get_errno(), "unshare")
    subprocess.run(["mount", "--make-rprivate", "/"], check=True, capture_output=True)


def _remount(folder: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(folder)], check=True, capture_output=True)


def fill_up(file: Path, left_b: int) -> None:
    """Fill the disk up but for so many bytes."""
    with suppress(OSError), file.open("wb", buffering=0) as filler:
        while True:
            try:
                filler.write(bytes(BLOCK_B))
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
                break
        filler.truncate(max(os.fstat(filler.fileno()).st_size - left_b, 0))
