"""Kept recordings broken on the disk: each must be told of, and none may be heard as if it were whole."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable
from pathlib import Path

from harness.again import hear_again
from harness.agency import Agency, load_agency
from harness.bench.faults.agency import Moment, by, scripted
from harness.bench.faults.life import in_a_child, live
from harness.bench.faults.look import Row, contradicts, held_against, look_at
from harness.bench.faults.tally import Round
from harness.errors import ThirdringError
from harness.evidence.verify import verify
from harness.store import open_store

FILE_FINDINGS = ("file_changed", "file_gone")


def broken_recordings(seed: int) -> Round:
    """Some of the kept recordings are broken, each in another way; then everything is verified and heard again."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as at:
        folder = Path(at) / "agency"
        scripted(folder)
        in_a_child(lambda: live(folder))
        before = look_at(folder)
        agency = load_agency(folder)
        paths = sorted(agency.recordings.glob("*/*.flac"))
        broken = {path: rng.choice(WAYS) for path in rng.sample(paths, rng.randrange(1, len(paths) + 1))}
        for path, breaks in broken.items():
            breaks(path, rng)
        return before + _behind(agency, {path.stem for path in broken})


def _behind(agency: Agency, broken: set[str]) -> Round:
    """What verifying and hearing again make of it: the broken ones told of and no other, and no number wrong."""
    with by(Moment(agency.folder)), open_store(agency.database) as store:
        told = {one.call_id for one in verify(agency.folder, store).findings if one.kind in FILE_FINDINGS}
        kept = [store.get_call(row["call_id"]) for row in store.list_calls(limit=10**6)]
    heard = [_wrong_again(call, agency) for call in kept]
    return Round(lost=len(broken - told), unproved=len(told - broken), wrong=sum(heard))


def _wrong_again(call: Row, agency: Agency) -> bool:
    """Whether a call heard again contradicts what the far end did; one that is refused says nothing."""
    try:
        measured = hear_again(call["record"], agency).measurement
    except ThirdringError:
        return False
    return contradicts(measured, call["number"]) or held_against(measured, call["number"])


def _gone(path: Path, _: random.Random) -> None:
    path.unlink()


def _empty(path: Path, _: random.Random) -> None:
    path.write_bytes(b"")


def _cut(path: Path, rng: random.Random) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: rng.randrange(1, len(data))])


def _overwritten(path: Path, rng: random.Random) -> None:
    """A block of the disk is lost."""
    data = bytearray(path.read_bytes())
    at = rng.randrange(0, len(data))
    data[at : at + 4096] = bytes(len(data[at : at + 4096]))
    path.write_bytes(data)


def _flipped(path: Path, rng: random.Random) -> None:
    """Single bits are other than they were written."""
    data = bytearray(path.read_bytes())
    for _ in range(8):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    path.write_bytes(data)


def _another(path: Path, rng: random.Random) -> None:
    """Another file lies there: no sound at all."""
    path.write_bytes(rng.randbytes(path.stat().st_size))


WAYS: tuple[Callable[[Path, random.Random], None], ...] = (_gone, _empty, _cut, _overwritten, _flipped, _another)
