"""The ear's innermost loops as machine code, compiled from `ear*.c` where a compiler was there to install the ear.

Without it numpy does the same, to the last bits of a float, at two fifths of the speed: nothing but time depends on it,
and every test of the ear may be run without it (THIRDRING_NUMPY_EAR=1)."""

from __future__ import annotations

import ctypes
import hashlib
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dsp.compiled.kernel_tables import Asked, Layers

Array = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

SOURCE = Path(__file__).parent
"""Where the C files lie, ear*.c and their header."""
LIBRARY = Path(__file__).with_name("_ear.so")
"""What hatch_build.py made of it; git ignores it."""
WITHOUT = "THIRDRING_NUMPY_EAR"
"""Set in the environment, numpy does all of it."""
MOST_TONES, MOST_SETS = 4, 256
SIZES = 256, 512, 2048, 4096
"""Half the points of a spectrum that there are tables for."""
_P, _I, _D = ctypes.c_void_p, ctypes.c_int, ctypes.c_double
_ARGUMENTS = {
    "ear_encode": (_P, _I, _I, _P, _P),
    "ear_recur": (_P, _I, _P, _P, _D, _P, _P, _P, _P, _P),
    "ear_find": (_P, _I, _I, _I, _P, _P, _P),
    "ear_powers": (_P, _I, _I, _I, _P, _I, _I, _I, _P, _P),
    "ear_purities": (_P, _I, _D, _D, _D, _P, _I, _P),
    "ear_named": (_P, _I, _I, _I, _P, _I, _I, _I, _D, _D, _P, _I, _P, _P),
    "ear_floor": (_P, _I, _P, _I, _I, _I),
    "ear_explained": (_P, _I, _I, _I, _P, _I, _P),
    "ear_loudness": (_P, _I, _I, _I, _P),
    "ear_edges": (_P, _P, _P, *(_I,) * 6, _P, _P, _P),
    "ear_inwards": (_P, _I, _I, _I, _P, _I, _D, _D),
    "ear_last_hole": (_P, _I, _I, _P, _I, _D),
    "ear_goes_quiet": (_P, _I, _P, _I, _D, _D, _D),
    "ear_halved": (_P, _P, _I, _I, _P),
    "ear_peaks": (_P, _P, _I, _P),
    "ear_tonality": (_P, _I, _P, _I, _I, _P),
    "ear_sharpen": (_P, _I, _I, _I, _I, _P, _I),
}
_START, _NONE = ctypes.c_char * 0, (None,) * 4
_TONES = ctypes.c_double * MOST_TONES


def _at(samples: npt.NDArray[Any]) -> Any:
    """Where contiguous values lie; `samples.ctypes` takes three times as long to say so."""
    try:
        return _START.from_buffer(samples)  # type: ignore[arg-type]  # numpy does not say that it is a buffer
    except (TypeError, BufferError):  # they may only be read
        return samples.ctypes.data_as(_P)


class Kernel:
    """What the library does; it keeps nothing between two calls."""

    def __init__(self, library: ctypes.PyDLL) -> None:
        """
        Args:
            library: loaded so that the interpreter's lock stays with the caller: a call takes microseconds, to get the
                lock back may take milliseconds.
        """
        for name, arguments in _ARGUMENTS.items():
            getattr(library, name).argtypes = arguments
        self._encode, self._recur, self._powers = library.ear_encode, library.ear_recur, library.ear_powers
        self._find, self._named, self._floor = library.ear_find, library.ear_named, library.ear_floor
        self._floor.restype = _D
        self._purities, self._explained = library.ear_purities, library.ear_explained
        self._loudness = library.ear_loudness
        self._sharpen, self._edges, self._peaks = library.ear_sharpen, library.ear_edges, library.ear_peaks
        self._inwards, self._last_hole = library.ear_inwards, library.ear_last_hole
        self._tonality, self._halved = library.ear_tonality, library.ear_halved
        self._goes_quiet = library.ear_goes_quiet
        library.ear_tables()

    def encode(self, chunks: Array, layers: Layers) -> Array:
        """(m, 288) samples, each row's stride apart -> (m, 512) inputs of the recurrent layer."""
        encoded = np.empty((len(chunks), 512), np.float32)
        self._encode(_at(chunks[0]), len(chunks), chunks.strides[0] // 4, layers.addresses, _at(encoded))
        return encoded

    def recur(self, inputs: Array, layers: Layers, *states: tuple[Array, Array]) -> list[float]:
        """How likely each of (m, 512) inputs in a row is a voice, by the network in one or two states, one behind the
        other: hidden state and cell, (128,) each, move on."""
        found = (ctypes.c_double * (len(states) * len(inputs)))()
        moved = [_at(some) for state in states for some in state]
        weights = layers.recurrent, layers.out, layers.bias
        self._recur(_at(inputs), len(inputs), *weights, *moved, *_NONE[len(moved) :], found)
        return list(found)

    def find(self, frames: Array, asked: Asked) -> tuple[list[list[int]], list[list[float]]]:
        """The set that may sound in each frame of some steps, and its power: (steps, frames, samples)."""
        rows = frames if frames.strides[2] == 4 else np.ascontiguousarray(frames)
        found, powers = np.empty(frames.shape[:2], np.int32), np.empty(frames.shape[:2], np.float32)
        step, frame = rows.strides[0] // 4, rows.strides[1] // 4
        self._find(_at(rows[0, 0]), step, frame, len(rows), asked.address, _at(found), _at(powers))
        lists: tuple[Any, Any] = found.tolist(), powers.tolist()
        return lists

    def spectra(
        self, rows: Array, stride: int, count: int, window: Array, size: int, band: tuple[int, int]
    ) -> tuple[Array, list[float]]:
        """(powers of the spectra's lines, (count, size + 1); their sums over a band) of rows with zeros behind."""
        powers = np.empty((count, size + 1), np.float32)
        sums = (ctypes.c_double * count)()
        self._powers(_at(rows), stride, count, len(window), _at(window), size, *band, _at(powers), sums)
        return powers, list(sums)

    def purities(self, power: Array, half: float, half_hz: float, whole: float, places: Doubles) -> list[float]:
        """Concentration, balance, energy and share of each set whose `places` are asked for, one after another."""
        out = (ctypes.c_double * (4 * len(places)))()
        self._purities(_at(power), len(power), half, half_hz, whole, _at(places), len(places), out)
        return list(out)

    def named(
        self,
        rows: Array,
        count: int,
        stride: int,
        window: Array,
        size: int,
        band: tuple[int, int],
        hz: float,
        half_hz: float,
        places: Doubles,
    ) -> tuple[Array, list[list[float]]]:
        """(powers of the spectra's lines, (count, size + 1); the set that holds each row best, or -1, with its
        concentration, balance, energy and share, and the whole band's energy, (count, 6))."""
        powers, found = np.empty((count, size + 1), np.float32), np.empty((count, 6))
        spectrum = _at(rows), stride, count, len(window), _at(window), size, *band
        self._named(*spectrum, hz, half_hz, _at(places), len(places), _at(powers), _at(found))
        return powers, found.tolist()

    def halved(self, raw: Array, backwards: Array, n: int) -> Array:
        """n samples, a multiple of 64 and 2,560 at most, of 2 n + taps - 1 at twice the rate, through a low pass."""
        out = np.empty(n, np.float32)
        self._halved(_at(raw), _at(backwards), len(backwards), n, _at(out))
        return out

    def tonality(self, samples: Array, window: Array, band: tuple[int, int]) -> list[float]:
        """Share of a band's energy in its sixteen strongest lines, of each whole window of 1,024 samples with any."""
        shares = (ctypes.c_double * (len(samples) // len(window)))()
        self._tonality(_at(samples), len(shares), _at(window), *band, shares)
        return [share for share in shares if share >= 0]

    def floor(self, kept: Doubles, had: int, levels: Doubles, place: int) -> float:
        """The value that stands at `place` of those kept, once some are put behind the `had` there were, the oldest
        dropped where there is no room, and all are in order."""
        found: float = self._floor(_at(kept), had, _at(levels), len(levels), len(kept), place)
        return found

    def loudness(self, rows: Array) -> Doubles:
        """Power of each row of samples, over those of them that are not zero: (m, n), n a multiple of 16 -> (m,)."""
        powers = np.empty(len(rows))
        self._loudness(_at(rows[0]), rows.strides[0] // 4, *rows.shape, _at(powers))
        return powers

    def explained(self, rows: Array, stride: int, m: int, n: int, tones: tuple[float, ...]) -> list[float]:
        """Share of the energy of m rows of n samples that some tones account for."""
        shares = (ctypes.c_double * m)()
        self._explained(_at(rows), stride, m, n, _TONES(*tones), len(tones), shares)
        return list(shares)

    def edges(
        self, samples: Array, within: Array, turns: npt.NDArray[np.complex128], *, window: int, at: int, bridge: int
    ) -> tuple[int, int, float]:
        """First and last millisecond, and level, of the burst that sounds at one of them.

        Args:
            samples: contiguous, of whole milliseconds or some more.
            within: each tone's turns in a millisecond, (2 * tones, 8).
            turns: how far each tone has turned by then, (tones, count or more).
            window: milliseconds of one beat, count at most.
            at: which millisecond.
            bridge: longest hole inside a burst.
        """
        (tones, apart), count = turns.shape, len(samples) // within.shape[1]
        whole, strength = np.empty(2 * tones * (count + 1)), np.empty(2 * (count + 1 - window), np.float32)
        found = (ctypes.c_double * 3)()
        places = apart, tones, count, window, at, bridge
        self._edges(_at(samples), _at(within), _at(turns), *places, _at(whole), _at(strength), found)
        return int(found[0]), int(found[1]), found[2]

    def inwards(
        self, pieces: Array, step: int, most: int, n: int, tones: tuple[float, ...], *, power: float, share: float
    ) -> int:
        """How many of `most` pieces of n samples, each `step` behind the last, come before the first that is as loud as
        `power` a sample, and of which some tones account for more than a share."""
        found: int = self._inwards(_at(pieces), step, most, n, _TONES(*tones), len(tones), power, share)
        return found

    def last_hole(self, samples: Array, waves: Doubles, *, power: float) -> int:
        """The last but one piece in which waves, (count, n), are fainter than `power` a sample, if it lies beside the
        last such; -1: it does not."""
        wide, n = waves.shape
        found: int = self._last_hole(_at(samples), len(samples) // n, n, _at(waves), wide, power)
        return found

    def goes_quiet(self, behind: Array, before: Array, *, level: float, no_noise: float, louder: float) -> bool:
        """Whether a tone so strong stopped by itself, by the samples behind it and by the line before it."""
        limits = level, no_noise, louder
        return bool(self._goes_quiet(_at(behind), len(behind), _at(before), len(before), *limits))

    def peaks(self, power: Array, spans: npt.NDArray[np.int32]) -> list[float]:
        """Where the strongest peak of each span of lines lies, between the lines: (m, 2) -> m."""
        found = (ctypes.c_double * len(spans))()
        self._peaks(_at(power), _at(spans), len(spans), found)
        return list(found)

    def sharpen(self, samples: Array, *, backwards: bool, inner: int, search: int, tones: tuple[float, ...]) -> int:
        """How far behind `search` the tones of the first `inner` samples are last followed; -1: they are not there."""
        found: int = self._sharpen(
            _at(samples[:1]), -1 if backwards else 1, len(samples), inner, search, _TONES(*tones), len(tones)
        )
        return found


def source_digest() -> str:
    """What tells whether a library was compiled from these sources."""
    return hashlib.sha256(b"".join(file.read_bytes() for file in sorted(SOURCE.glob("ear*.[ch]")))).hexdigest()[:16]


OF_SOURCE = source_digest()
"""Of the sources as they were when this module was read: a library that was made anew under a process that runs is
another's."""


@lru_cache(maxsize=1)
def kernel() -> Kernel | None:
    """The compiled loops; None: there are none, they are of another source, or the environment says to do without."""
    if os.environ.get(WITHOUT) or not LIBRARY.is_file():
        return None
    try:
        library = ctypes.PyDLL(str(LIBRARY))
        library.ear_source.restype = ctypes.c_char_p
        return Kernel(library) if library.ear_source().decode() == OF_SOURCE else None
    except (OSError, AttributeError):  # of another machine
        return None
