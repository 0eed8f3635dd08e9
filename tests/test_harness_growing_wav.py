"""A recording that is read while it is written: all of it, once, in order, whatever it was cut into."""

from __future__ import annotations

import gc
import os
import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from harness.softphone.growing_wav import HEADER_BYTES, PART_BYTES, GrowingWav


@given(st.lists(st.integers(0, 999) | st.sampled_from([PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, 2 * PART_BYTES])))
def test_whatever_it_is_cut_into_each_whole_sample_is_given_once(sizes: list[int]) -> None:
    written, given_back = os.urandom(sum(sizes)), list[np.ndarray]()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "far.wav"
        wav = GrowingWav(path)
        assert not len(wav.more())  # nobody has begun to write it
        with path.open("wb", buffering=0) as file:
            file.write(bytes(HEADER_BYTES - 1))
            assert not len(wav.more())
            file.write(b"\0")
            for size in sizes:
                file.write(written[file.tell() - HEADER_BYTES :][:size])
                given_back.append(wav.more())
    whole = np.concatenate([np.zeros(0, np.int16), *given_back])
    assert whole.tobytes() == written[: len(written) // 2 * 2]


def test_a_reader_that_is_gone_keeps_nothing_open(tmp_path: Path) -> None:
    path = tmp_path / "far.wav"
    path.write_bytes(bytes(HEADER_BYTES + 2))
    before = len(os.listdir("/proc/self/fd"))
    readers = [GrowingWav(path) for _ in range(20)]
    assert all(len(one.more()) == 1 for one in readers)
    assert len(os.listdir("/proc/self/fd")) >= before + 20
    del readers
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) < before + 20
