"""M4A (AAC in MP4) by FFmpeg's libraries, which the extra `m4a` (PyAV) brings along."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import EnvironmentFailed, WrongInput


def read_m4a(path: Path, name: str) -> tuple[NDArray[np.float32], int]:
    """Samples, shape (n, channels), and their rate.

    Raises:
        EnvironmentFailed: the extra is not installed.
        WrongInput: broken, cut off, too long, or no sound in it.
    """
    try:
        import av
    except ModuleNotFoundError:
        raise EnvironmentFailed("imported.needs_m4a", file=name) from None
    try:
        with av.open(str(path), "r", format="mp4") as file:
            return _decoded(file, name)
    except (av.error.FFmpegError, ValueError, MemoryError):
        raise WrongInput("imported.broken", file=name) from None


def _decoded(file: Any, name: str) -> tuple[NDArray[np.float32], int]:
    from harness.imported.sound import refuse_cut, refuse_large

    if not file.streams.audio:
        raise WrongInput("imported.empty", file=name)
    stream = file.streams.audio[0]
    if stream.codec_context is None:  # a codec that FFmpeg does not know, or has no decoder for
        raise WrongInput("imported.broken", file=name)
    announced = 0.0 if stream.duration is None else float(stream.duration * stream.time_base)
    rate, blocks, held = int(stream.codec_context.sample_rate), list[NDArray[np.float32]](), 0
    refuse_large(announced * rate, rate, int(stream.codec_context.channels), name)
    for frame in file.decode(stream):
        block = _floats(frame)
        blocks.append(block)
        held += len(block)
        refuse_large(held, rate, block.shape[1], name)
    refuse_cut(announced, held / rate, name)
    return (np.concatenate(blocks) if blocks else np.zeros((0, 1), np.float32)), rate


def _floats(frame: Any) -> NDArray[np.float32]:
    """A frame's samples, shape (n, channels), full scale 1."""
    raw = frame.to_ndarray()
    if not frame.format.is_planar:
        raw = raw.reshape(-1, len(frame.layout.channels)).T
    whole = raw.T
    if np.issubdtype(whole.dtype, np.integer):
        return np.asarray(whole / -float(np.iinfo(whole.dtype).min), np.float32)
    return np.asarray(whole, np.float32)
