"""A stretch in which the jitter buffer had nothing to play: the far end's silence, or sound that is missing?

A far end that sends no silence (DTX) makes such stretches too. It stops for a while and goes on at its pace; sound that
went missing on the way did not stop, or all comes at once when it is too late.
"""

from __future__ import annotations

from dataclasses import dataclass

FRAME_S = 0.020
PAUSE_S = 0.120
"""A far end that sent nothing for so long was silent: voices and tones pause for longer before anybody saves packets,
and a packet that is late by so much on a line that still carries speech comes with others behind it."""
CAUGHT_UP = 0.5
"""Where so much of a gap's sound came behind it after all, it was held up on the way."""
FILLED_S = 0.045
"""The buffer plays again when it has left out no frame for two."""
SET_UP_S = 0.500
"""A stream that was set up anew, or follows the far end to another address, throws packets away for 0.2 s (ten of
them); without any after so long the far end sends none."""
PLAYED_S = 0.060
"""From a frame that was left out to its place in the recording (two ticks of the bridge), and one look."""


@dataclass
class PlayoutHole:
    """One such stretch while it lasts; instants of the monotonic clock."""

    since_s: float
    """When the buffer was last known to have something to play."""
    until_s: float
    """When it last had nothing."""
    ours: bool = False
    """Our own stream was not there to take packets, or did not trust them."""
    gap_s: float = 0.0
    """The longest time, for certain, in which no packet came."""
    _from_s: float | None = None
    _came: int = 0

    def look(self, looked_s: float, now_s: float, *, came: int, empty: bool, arrived_s: float | None) -> None:
        """Take what happened between two looks: packets that came, and whether a frame was left out.

        `arrived_s` is when packets last came before.
        """
        if empty or not self._came:
            self.until_s = now_s
        if not came:
            return
        if arrived_s is not None:
            self.gap_s = max(self.gap_s, looked_s - arrived_s)
            self._from_s = arrived_s if self._from_s is None else self._from_s
        self._came += came

    @property
    def window(self) -> tuple[float, float, int]:
        """Where it stands in the recording; no packet of it is known to be lost."""
        until_s = self.until_s
        if self.ours and not self._came:
            until_s = min(until_s, self.since_s + SET_UP_S)
        return self.since_s - FRAME_S, until_s + PLAYED_S, 0

    def over(self, now_s: float) -> bool:
        """Whether the buffer plays again."""
        return bool(self._came) and now_s - self.until_s > FILLED_S

    def missing(self, looked_s: float, arrived_s: float | None) -> bool:
        """Whether sound is missing, as far as is known when packets last came at `arrived_s`."""
        lasts_s = 0.0 if arrived_s is None else looked_s - arrived_s
        return self.ours or max(self.gap_s, lasts_s) < PAUSE_S or self._caught_up(looked_s)

    def _caught_up(self, now_s: float) -> bool:
        """Whether the packets of the longest gap came behind it: as many in all as the time asks for."""
        if self._from_s is None:
            return False
        return now_s - self._from_s - self._came * FRAME_S < (1 - CAUGHT_UP) * self.gap_s

    def undecided(self, looked_s: float, arrived_s: float | None) -> bool:
        """Whether it may still turn out either way, or how long it lasts."""
        if self.ours:
            return looked_s - self.since_s < SET_UP_S
        return self.missing(looked_s, arrived_s)
