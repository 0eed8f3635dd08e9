"""Stretches of one sound, and spans, side by side."""

from __future__ import annotations

import pytest

from dsp.segment import RINGBACK, SPEECH, Segment, Span, overlaps


@pytest.mark.parametrize(
    ("start", "end", "shared"),
    [(0, 10, False), (0, 11, True), (12, 15, True), (5, 25, True), (19, 30, True), (20, 30, False)],
)
def test_stretches_overlap_that_share_more_than_an_edge(start: int, end: int, shared: bool) -> None:
    ring, far = Segment(RINGBACK, 10, 20), Segment(SPEECH, 100, 200)
    for one in (Segment(SPEECH, start, end), Span(start, end)):
        assert overlaps(one, [far, ring]) == shared
        assert overlaps(ring, [Span(100, 200), one]) == shared
    assert not overlaps(ring, [])
