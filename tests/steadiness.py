"""Whether a call that was really placed met no machine that stood still: only then are its numbers exact."""

from __future__ import annotations

from harness.record import CallRecord
from harness.softphone.signals import RTP_STOPPED
from harness.timeline import DRIFT_S, QUIET_BUFFER_S


def steady(record: CallRecord) -> bool:
    """Whether every packet was sent, taken and played when it was due."""
    return taken_in_time(record) and not any(s.kind == RTP_STOPPED for s in record.signals)


def taken_in_time(record: CallRecord) -> bool:
    """Whether our own machine took and played every packet when it was due."""
    moved = record.jitter_buffer_s > QUIET_BUFFER_S or record.clock_error_s > DRIFT_S
    return not (moved or record.missing)
