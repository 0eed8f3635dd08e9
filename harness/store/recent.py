"""How well the newest calls were measured, without reading them whole."""

from __future__ import annotations

from dataclasses import dataclass

from harness.store.connection import Room

FRAME_S = 0.020
_NEWEST = """
SELECT record ->> '$.zero_error_s', record ->> '$.duration_s', record ->> '$.wall_s',
  record ->> '$.packets', record ->> '$.lost'
FROM calls WHERE call_id IN (SELECT call_id FROM calls ORDER BY started_at DESC LIMIT ?)
  AND record ->> '$.wall_s' IS NOT NULL AND coalesce(record ->> '$.source', 'ours') = 'ours'
"""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One call."""

    timing_error_s: float
    """How far a time in it may be from the truth: its beginning, and what its recording lost or gained."""
    late_frames: int
    """Frames of 20 ms that were not recorded in time."""
    packets: int
    """RTP packets that came."""
    lost: int
    """RTP packets that did not."""


class Recent(Room):
    """The newest calls of our own telephone."""

    def measured(self, newest: int) -> list[Measured]:
        """Those among so many whose recorders ended in order."""
        return [
            Measured(
                timing_error_s=float(zero) + abs(float(duration) - float(wall)),
                late_frames=max(0, round((float(wall) - float(duration)) / FRAME_S)),
                packets=int(packets or 0),
                lost=int(lost or 0),
            )
            for zero, duration, wall, packets, lost in self._db.execute(_NEWEST, [newest])
        ]
