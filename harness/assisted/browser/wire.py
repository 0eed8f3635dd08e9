"""What goes between the pages' process and a browser leg's: sound and events, each with its kind and its length."""

from __future__ import annotations

import json
import struct
from typing import Any

SOUND, EVENT = 1, 2
"""Kinds: one frame of 16-bit samples, little-endian; one JSON object."""
_HEAD = struct.Struct("!BH")
FRAME_S = 0.02
"""What one frame of sound lasts: what a page records, and what one RTP packet carries."""
LATE_FRAMES = 5
"""Of what comes in one go because something stood still, only the newest 100 ms are worth hearing in a conversation."""
Part = tuple[int, bytes]


def frame_bytes(sample_rate_hz: int) -> int:
    """How long one frame is in bytes."""
    return 2 * round(sample_rate_hz * FRAME_S)


def sound(samples: bytes) -> bytes:
    """A frame of sound as it is sent."""
    return _HEAD.pack(SOUND, len(samples)) + samples


def event(**said: Any) -> bytes:
    """An event as it is sent."""
    text = json.dumps(said, ensure_ascii=False).encode()
    return _HEAD.pack(EVENT, len(text)) + text


def read_event(payload: bytes) -> dict[str, Any]:
    """An event that was sent."""
    read: dict[str, Any] = json.loads(payload)
    return read


class Deframer:
    """Gives the parts of a stream, however it was cut."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[Part]:
        """Every part that is whole now, in order."""
        self._rest += data
        found, at = list[Part](), 0
        while len(self._rest) - at >= _HEAD.size:
            kind, length = _HEAD.unpack_from(self._rest, at)
            end = at + _HEAD.size + length
            if end > len(self._rest):
                break
            found.append((kind, self._rest[at + _HEAD.size : end]))
            at = end
        self._rest = self._rest[at:]
        return found


def newest(parts: list[Part]) -> list[Part]:
    """The parts without the sound that is too late to be heard; every event stays."""
    spare = sum(kind == SOUND for kind, _ in parts) - LATE_FRAMES
    kept = list[Part]()
    for kind, payload in parts:
        if kind == SOUND and spare > 0:
            spare -= 1
        else:
            kept.append((kind, payload))
    return kept
