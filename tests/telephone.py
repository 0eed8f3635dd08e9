"""Placing calls to scripted peers: what every test of the signalling does first and last."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

import numpy as np
from agency_folder import leave_for, make_agency
from sip_peer import FRAME, Dialog, SipPeer

from harness.softphone.growing_wav import GrowingWav
from harness.softphone.pool import WorkerPool
from harness.softphone.protocol import Recording
from harness.softphone.real_call import RealCall
from harness.softphone.signals import RELEASED, RESPONSE, SipSignal

NUMBER, OTHER = "0227000501", "0227000502"
"""Two numbers of the directory."""
LOUD = bytes([0x2A, 0xAA] * (FRAME // 2))  # ± full scale, A-law
SILENT = bytes([0xD5] * FRAME)
LIMIT_S = 15.0
_NAMES = count()


def dial(pool: WorkerPool, peer: SipPeer, folder: Path, *, name: str = "", line: str = "", **how: object) -> RealCall:
    """Dial NUMBER at the peer, through the gate."""
    agency = make_agency(folder / "agency", {NUMBER: peer.address, OTHER: peer.address}, line=line)
    return pool.dial(leave_for(NUMBER, agency), call_id=name or f"call{next(_NAMES)}", folder=folder, headers={}, **how)  # type: ignore[arg-type]


def wait(call: RealCall, seen: list[SipSignal], ready: Callable[[], object]) -> None:
    """Take signals until `ready` or the call is over; a call that hangs fails the test."""
    end = time.monotonic() + LIMIT_S
    while not ready() and not call.over:
        assert time.monotonic() < end, [s.to_dict() for s in seen]
        seen += call.advance(0.05)


def finish(call: RealCall, seen: list[SipSignal]) -> Recording:
    """Release the call, take the last signals, and see that it was released once and did not fail."""
    recording = call.finish()
    seen += call.advance(0)
    assert recording.fault == ""
    assert [s.kind for s in seen].count(RELEASED) == 1, [s.to_dict() for s in seen]
    assert all(s.earliest_s <= s.latest_s for s in seen), [s.to_dict() for s in seen]
    return recording


def statuses(seen: list[SipSignal], dialog: int = 0) -> list[int]:
    """Statuses of the responses to the INVITEs of one of the call's dialogs."""
    return [s.status for s in seen if s.kind == RESPONSE and s.method == "INVITE" and s.dialog == dialog]


def kinds(seen: list[SipSignal], *wanted: str) -> list[str]:
    """The kinds of the signals, of those that are wanted."""
    return [s.kind for s in seen if s.kind in wanted]


def of_kind(seen: list[SipSignal], kind: str) -> list[SipSignal]:
    """The signals of a kind."""
    return [s for s in seen if s.kind == kind]


def loud_s(recording: Recording, *, since_s: float = 0.0) -> float:
    """Seconds of loud sound that were heard from an instant of the call's clock on."""
    samples = GrowingWav(recording.far).more().astype(int)[round(since_s * recording.sample_rate_hz) :]
    return float((np.abs(samples) > 5000).sum() / recording.sample_rate_hz)


def settled(peer: SipPeer, dialog: Dialog) -> bool:
    """Whether nothing of this dialog is up at the peer: released by us, or its INVITE refused and acknowledged."""
    return peer.wait(lambda: {"BYE", "CANCEL"} & set(dialog.requests) or dialog.texts("ACK "), 3.0)
