"""A kept call heard with today's ear, on another machine than the one that keeps it."""

from __future__ import annotations

import hashlib
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

from harness.again import hear_again
from harness.agency import Agency, load_agency
from harness.cluster.order import fingerprint_of_ear
from harness.errors import ThirdringError, WrongInput
from harness.record import record_from_dict
from harness.rehearing import ear_of_today, heard_of

Row = dict[str, Any]


def hear_there(folder: Path, told: Row, sound: bytes) -> Row:
    """Hear a kept call: its measurement and its facts, as `harness.rehearing` compares them; or why it cannot be.

    Args:
        folder: this machine's agency, which must have the head's tones, marks and lines.
        told: the call's record, the facts that it had, and what its head's ear goes by.
        sound: the file that its record names.
    """
    try:
        return {"heard": _heard(folder, told, sound)}
    except ThirdringError as error:
        return {"problem": {"key": error.key, "values": {name: str(one) for name, one in error.values.items()}}}


def _heard(folder: Path, told: Row, sound: bytes) -> Row:
    if hashlib.sha256(sound).hexdigest() != told["sha256"]:
        raise WrongInput("cluster.changed", file=told["file"])
    agency, record = _agency(folder, told["batch"]), record_from_dict(told["record"])
    if (ear_of_today(), fingerprint_of_ear(record, agency)) != (told["ear"], told["goes_by"]):
        raise WrongInput("cluster.other_ear", call_id=record.call_id)
    with tempfile.TemporaryDirectory(prefix="thirdring-") as room:
        (Path(room) / Path(told["file"]).name).write_bytes(sound)
        return vars(heard_of(hear_again(told["record"], agency, sound_in=Path(room)), told["facts"], agency))


@lru_cache(maxsize=1)
def _agency(folder: Path, batch: str) -> Agency:
    """The agency, read once for a batch."""
    return load_agency(folder)
