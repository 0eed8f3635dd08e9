"""The ears of a process's calls, heard side by side: that takes the processor less time than one after another.

Blocks of sound that come at about the same time wait for each other a little where many calls are up. What each ear
hears is the same as by itself.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dsp.batch import feed_many
from dsp.detector import Detector
from dsp.segment import Segment

FEW = 4
"""So many calls are heard at once without waiting for each other."""
CROWD = 16
"""More calls than this are a crowd: what each of them costs the processor by looking up again and again counts then."""
GATHER_S, CROWD_GATHER_S = 0.100, 0.250
"""How long the first block waits for others, in a crowd a whole block of a recorder's, which writes one every quarter
of a second: to hear 130 together cost a call a third less of the processor than to hear 60."""
LOST_S = 5.0
"""Whoever gathers may be interrupted by a key of its terminal: then another one does it."""
LATELY_S = 1.0
"""Whoever had something heard within this is up."""


@dataclass
class _Block:
    """Sound that an ear is to hear."""

    detector: Detector
    """The ear."""
    samples: NDArray[np.int16]
    """What came, shape (n,)."""
    heard: threading.Event = field(default_factory=threading.Event)
    """Set when it was heard."""
    segments: list[Segment] = field(default_factory=list)
    """What is complete now."""
    error: Exception | None = None
    """Why it could not be heard."""


class HearingTogether:
    """Takes blocks from any thread, one at a time from each."""

    def __init__(self, *, gather_s: float = GATHER_S, crowd_gather_s: float = CROWD_GATHER_S) -> None:
        self._few_s, self._crowd_s = gather_s, crowd_gather_s
        self._taking, self._hearing = threading.Lock(), threading.Lock()
        self._waiting: list[_Block] = []
        self._lately: dict[int, float] = {}
        self._counted_s = 0.0

    def feed(self, detector: Detector, samples: NDArray[np.int16], *, at_once: bool = False) -> list[Segment]:
        """Have a detector hear its next samples, shape (n,), as its own `feed` would, and raise what that would.

        `at_once`: somebody looks on, and it waits for nobody; those that wait already are heard with it.
        """
        block = _Block(detector, samples)
        with self._taking:
            self._waiting.append(block)
            leads = len(self._waiting) == 1
            up = self._up()
        if leads or at_once:
            self._hear_all(0.0 if at_once else self._gather_s(up))
        while not block.heard.wait(LOST_S):
            self._hear_all(0.0)
        if block.error is not None:
            raise block.error
        return block.segments

    @property
    def crowded(self) -> bool:
        """Whether so many calls are up that each had better come with more at a time."""
        return len(self._lately) > CROWD

    def _gather_s(self, up: int) -> float:
        if up <= FEW:
            return 0.0
        return self._crowd_s if up > CROWD else self._few_s

    def _up(self) -> int:
        """How many threads had something heard lately, this one among them."""
        now = time.monotonic()
        self._lately[threading.get_ident()] = now
        if len(self._lately) > FEW and now - self._counted_s >= LATELY_S / 4:
            self._counted_s = now
            self._lately = {who: at for who, at in self._lately.items() if now - at < LATELY_S}
        return len(self._lately)

    def _hear_all(self, gather_s: float) -> None:
        if gather_s:
            time.sleep(gather_s)
        with self._hearing:
            with self._taking:
                blocks, self._waiting = self._waiting, []
            try:
                _hear(blocks)
            finally:
                for block in blocks:
                    block.heard.set()


def _hear(blocks: list[_Block]) -> None:
    try:
        found = feed_many([one.detector for one in blocks], [one.samples for one in blocks])
    except Exception:  # one ear's fault costs no other call anything: each goes on by itself with what it was given
        for block in blocks:
            _hear_alone(block)
        return
    for block, segments in zip(blocks, found, strict=True):
        block.segments = segments


def _hear_alone(block: _Block) -> None:
    try:
        block.segments = block.detector.hear()
    except Exception as error:
        block.error = error


TOGETHER = HearingTogether()
"""Of this process."""
