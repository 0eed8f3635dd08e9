"""Which of the numbers that a line owns a call shows: in turn, or by lot with a seed that can be told afterwards."""

from __future__ import annotations

import hashlib

from harness.softphone.errors import SoftphoneError
from harness.softphone.line import Line


def caller_id(line: Line, *, call_id: str, turn: int, wanted: str = "") -> str:
    """Give the SIP URI that a call shows; empty: the line's own address of record.

    `turn` counts the line's calls. With a seed the lot is drawn from the call's own id, so that it comes out
    the same again whatever else was dialled. `wanted` must be one that the line owns: SoftphoneError.
    """
    owned = line.caller_ids
    if wanted:
        if wanted not in (*owned, line.from_uri):
            raise SoftphoneError("softphone.not_owned", line=line.id, uri=wanted)
        return wanted
    if not owned:
        return ""
    if line.caller_id_seed is None:
        return owned[turn % len(owned)]
    lot = hashlib.sha256(f"{line.caller_id_seed}/{call_id}".encode()).digest()
    return owned[int.from_bytes(lot[:8], "big") % len(owned)]
