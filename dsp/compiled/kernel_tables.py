"""What the ear's compiled loops read again and again, laid out as they read it: see `dsp.compiled.kernel`."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]

_P, _I = ctypes.c_void_p, ctypes.c_int


class _Asked(ctypes.Structure):
    _fields_ = (
        *((name, _I) for name in ("wide", "side", "low", "high", "sets", "spans")),
        *((name, _P) for name in ("window", "shares", "places")),
        *((name, ctypes.c_float) for name in ("faintest", "share", "silent")),
    )


class Asked:
    """The sets of tones that are looked for in frames, as the library reads them."""

    def __init__(
        self,
        window: Array,
        bins: slice,
        spans: list[tuple[int, int, int]],
        shares: Array,
        side: int,
        limits: tuple[float, float, float],
    ) -> None:
        """
        Args:
            window: of a frame, (samples,).
            bins: the lines that any set has.
            spans: (set, first, last) of lines from the first of those; the last set is the whole band.
            shares: least share of the band's power in each set, (sets,).
            side: frames of a step.
            limits: least power of a set, least share of any, and least energy of a frame's samples.
        """
        self._kept = window, shares, np.array(spans, np.int32)
        addresses = (one.ctypes.data for one in self._kept)
        of_lines = len(window), side, bins.start, bins.stop, len(shares), len(spans)
        self._asked = _Asked(*of_lines, *addresses, *limits)
        self.address = ctypes.addressof(self._asked)


class Layers:
    """The voice network's weights as the library reads them."""

    def __init__(
        self,
        bases: tuple[Array, Array],
        layers: Sequence[tuple[Array, Array]],
        inputs: tuple[Array, Array],
        recurrent: Array,
        out: tuple[Array, float],
    ) -> None:
        """
        Args:
            bases: of the first three windows, (128, 130), and of the last, (96, 130).
            layers: weights, (taps * in, out), and biases of the four convolutions; of the third the first tap meets
                nothing but zeros, of the fourth the outer two.
            inputs: weights, (128, 512), and bias of the recurrent layer's inputs.
            recurrent: (128, 512).
            out: weights, (128,), and bias of what comes out.
        """
        taps = (slice(None), slice(None), slice(64, None), slice(64, 128))
        weights = [_columns(np.pad(basis, ((0, 0), (0, 14)))) for basis in bases]
        weights += [_columns(weight[some]) for (weight, _), some in zip(layers, taps, strict=True)]
        weights += [bias for _, bias in layers] + [_columns(inputs[0]), inputs[1]]
        self._kept = [_aligned(one) for one in (*weights, _columns(recurrent, 64), out[0])]
        *of_encoder, recurrent_at, out_at = [one.ctypes.data for one in self._kept]
        self.addresses = (_P * len(of_encoder))(*of_encoder)
        """Of the encoder's."""
        self.recurrent, self.out = recurrent_at, out_at
        """Of the others."""
        self.bias = out[1]


def _aligned(weights: Array) -> Array:
    """A copy that begins where a line of the processor's nearest memory does: a row of 16 then lies in one line."""
    room = np.empty(weights.size + 16, np.float32)
    copy = room[-room.ctypes.data // 4 % 16 :][: weights.size].reshape(weights.shape)
    copy[...] = weights
    return copy


def _columns(weights: Array, wide: int = 16) -> Array:
    """(k, n) -> (n / wide, k, wide): one block of columns behind another."""
    return np.ascontiguousarray(weights.reshape(len(weights), -1, wide).transpose(1, 0, 2))
