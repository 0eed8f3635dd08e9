"""What a telephone's jitter buffer makes of a stream: lost packets concealed, frames put in and taken out.

A lost packet is filled with what came before it, carried on in phase and fading, as packet loss concealment does
(ITU-T G.711 Appendix I, and pjmedia's by waveform similarity). A buffer that runs empty puts in such a frame and plays
the late packet behind it; one that is too full leaves a frame out. Each moves the tones' phase, and what comes later.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]

PACKET_S = 0.020
_FADES = 0.35
"""Each further concealed packet is so much less loud."""
_MATCH_S, _HISTORY_S = 0.005, 0.040
"""What is looked for in how much of the sound before."""


@dataclass(frozen=True, slots=True)
class Buffered:
    """A stream as it was played out."""

    samples: Array
    """Mono, (n,)."""
    missing: tuple[tuple[int, int], ...]
    """(start, end) samples at which something was concealed or put in, for a packet that never came."""
    starts: npt.NDArray[np.int64]
    """Where each 20 ms packet of the stream stands now, (packets,)."""
    packet: int
    """Samples of one."""

    def at(self, sample: int) -> int:
        """Where a sample of the stream stands now; one that was left out, where it would have been."""
        index = min(sample // self.packet, len(self.starts) - 1)
        return int(self.starts[index]) + sample - index * self.packet


def played_out(
    wave: Array,
    *,
    sr: int,
    lost: float,
    moved: float,
    rng: np.random.Generator,
    keep: tuple[int, int] | None = None,
) -> Buffered:
    """Play a stream out through a jitter buffer.

    Args:
        wave: what was sent, mono, (n,).
        sr: samples a second.
        lost: share of packets that never come.
        moved: share of packets at which the buffer puts a frame in, and of those at which it leaves one out.
        rng: draws which.
        keep: nothing is done to the packets that hold any of these samples, [start, end).
    """
    size = round(PACKET_S * sr)
    out: list[Array] = []
    length, concealed = 0, 0
    starts, missing = [], []
    balance = 0
    for first in range(0, len(wave) - size + 1, size):
        kind = 1.0 if keep is not None and first < keep[1] and first + size > keep[0] else rng.random()
        packet = wave[first : first + size]
        if length >= 4 * size and lost <= kind < lost + moved and balance < 2:
            out.append(_carried_on(out, size, 1))
            length, balance = length + size, balance + 1
        starts.append(length)
        if length >= 4 * size and kind < lost:
            concealed += 1
            missing.append((length, length + size))
            packet = _carried_on(out, size, concealed)
        elif lost + moved <= kind < lost + 2 * moved and balance > -2:
            balance -= 1
            continue
        else:
            concealed = 0
        out.append(packet)
        length += size
    return Buffered(np.concatenate([*out, np.zeros(0, np.float32)]), tuple(missing), np.array(starts), size)


def _carried_on(out: list[Array], size: int, times: int) -> Array:
    """One packet more of what was played last, from where it was most alike, fading."""
    before = np.concatenate(out[-5:])
    match, history = round(_MATCH_S / PACKET_S * size), round(_HISTORY_S / PACKET_S * size)
    end = before[-match:]
    past = before[-history - match : -match]
    places = np.lib.stride_tricks.sliding_window_view(past, match)
    alike = places @ end / (np.sqrt(np.square(places).sum(axis=1)) + 1e-9)
    best = len(before) - history - match + int(alike.argmax()) + match
    piece = np.resize(before[best:], size)
    loud = np.linspace(1 - _FADES * (times - 1), 1 - _FADES * times, size, dtype=np.float32)
    return np.asarray(piece * np.maximum(loud, 0), dtype=np.float32)
