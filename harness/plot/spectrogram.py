"""The sound's spectrum over time as a PNG, and its outline: what a picture of a call is drawn from."""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np
from numpy.typing import NDArray
from scipy.fft import rfft

_WINDOW_S = 0.032
_RANGE_DB = 50.0
"""What is fainter than this under the loudest is white."""
_DEEP = np.array([28.0, 42.0, 94.0])
"""Colour of the loudest; the faintest is white: a print on paper stays readable."""


def spectrogram_png(samples: NDArray[np.int16], *, sr: int, columns: int) -> bytes:
    """Draw a spectrogram, `columns` wide, a row a line of the spectrum, 0 Hz at the bottom.

    Args:
        samples: mono, shape (n,), n ≥ 1.
        sr: samples a second.
        columns: pixels from left to right.
    """
    power = _powers(samples, sr=sr, columns=columns)
    db = 10 * np.log10(power + 1e-12)
    top = float(np.percentile(db, 99.9))
    depth = np.clip((db - top + _RANGE_DB) / _RANGE_DB, 0, 1)
    return _png(np.round(depth.T[::-1] * 255).astype(np.uint8))


def data_url(png: bytes) -> str:
    """A PNG as an address that carries it, so that the picture is one file."""
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")


def outline(samples: NDArray[np.int16], *, columns: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lowest and highest sample of each column, of 1; shape (columns,) each, fewer where there is less sound."""
    edges = np.unique(np.linspace(0, len(samples), columns + 1).astype(int))[:-1]
    whole = samples.astype(np.float64) / 32768
    return np.minimum.reduceat(whole, edges), np.maximum.reduceat(whole, edges)


def _powers(samples: NDArray[np.int16], *, sr: int, columns: int) -> NDArray[np.float64]:
    """(columns, lines): the loudest of the windows that begin in a column, so that no short tone is lost."""
    size = round(_WINDOW_S * sr)
    padded = np.pad(samples.astype(np.float32) / 32768, (size // 2, size))
    window = np.hanning(size).astype(np.float32)
    out = np.empty((columns, size // 2 + 1))
    per_column = max(1, min(4, round(len(samples) / columns / (size / 2))))
    for column in range(columns):
        first, last = (len(samples) * edge / columns for edge in (column, column + 1))
        starts = np.linspace(first, last, per_column, endpoint=False).astype(int)
        lines = rfft(padded[starts[:, None] + np.arange(size)] * window)
        out[column] = (np.abs(lines) ** 2).max(axis=0)
    return out


def _png(depth: NDArray[np.uint8]) -> bytes:
    """Write shape (rows, columns) as a PNG with 256 colours from white to deep (W3C PNG, section 11)."""
    rows, columns = depth.shape
    share = np.arange(256)[:, None] / 255
    palette = np.round(255 * (1 - share) + _DEEP * share).astype(np.uint8).tobytes()
    scanlines = np.concatenate([np.zeros((rows, 1), np.uint8), depth], axis=1).tobytes()
    head = struct.pack(">IIBBBBB", columns, rows, 8, 3, 0, 0, 0)
    parts = ((b"IHDR", head), (b"PLTE", palette), (b"IDAT", zlib.compress(scanlines, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in parts)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
