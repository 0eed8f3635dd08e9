"""A call's audio: what was appended is read back until it is forgotten, and what was read stays as it was."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.stream import Stream

SR = 8000
BLOCKS = st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 4000)), min_size=1, max_size=30)


@given(blocks=BLOCKS)
@settings(max_examples=40, deadline=None, derandomize=True)
def test_what_was_appended_is_read_back_until_it_is_forgotten(blocks):
    half = np.random.default_rng(1).uniform(-0.3, 0.3, SR + sum(n for n, _ in blocks)).astype(np.float32)
    sound = np.stack([half, -half], axis=1).reshape(-1)  # no offset from zero, which would be taken away
    stream = Stream(sr=SR)
    stream.append(sound[:SR])
    at, forgotten, read = SR, 0, []
    for n, back in blocks:
        stream.append(sound[at : at + n])
        at += n
        forgotten = max(forgotten, at - 6000)
        stream.forget(forgotten)
        assert stream.available == at
        first = max(at - back, forgotten)
        read.append((first, at, stream.read(first, at)))
    assert all(np.array_equal(piece, sound[first:last]) for first, last, piece in read)


def test_what_was_forgotten_takes_no_room():
    stream = Stream(sr=SR)
    for _ in range(200):
        stream.append(np.ones(SR, np.float32))
        stream.forget(stream.available - 2 * SR)
    assert len(stream._store) < 8 * SR
