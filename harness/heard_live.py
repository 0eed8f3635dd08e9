"""What the live ear heard of a call, for whoever judges it: the same sound need not be heard twice.

Any cutting of the sound gives the same segments (`dsp.detector`), so that they are what hearing the kept recording anew
would give, as long as it is the same sound with the same gaps, heard for the same tones and told of the same answer.
Where anything of that is not so, it is heard anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsp.detector import Detector
from dsp.segment import Segment
from dsp.tone_plan import TonePlan


@dataclass
class HeardLive:
    """An ear at the end of its call."""

    detector: Detector | None
    """The ear, which has not been flushed yet; None: there is none any more, or what it was told came too late."""
    segments: tuple[Segment, ...]
    """What it said is over so far."""
    samples: NDArray[np.int16]
    """What it heard so far, shape (n,)."""
    plan: TonePlan
    """The tones it listened for."""
    answered_at: int | None
    """The sample at which it was told that a 200 OK came, before it had heard that sample."""
    missing: tuple[tuple[int, int], ...] = ()
    """First and last + 1 of the samples that it was told never arrived."""

    def to_the_end(
        self,
        samples: NDArray[np.int16],
        *,
        plan: TonePlan,
        answered_at: int | None,
        missing: Sequence[tuple[int, int]],
    ) -> tuple[Segment, ...] | None:
        """Hear what is left of a kept recording, shape (n,), and give all its segments; None: it has to be heard anew.

        Once only: the ear is spent then. `missing`: its samples that never arrived, as `dsp.listen` takes them.
        """
        detector, self.detector = self.detector, None
        same = plan == self.plan and answered_at == self.answered_at and tuple(missing) == self.missing
        heard = len(self.samples)
        if detector is None or not same or not np.array_equal(samples[:heard], self.samples):
            return None
        return (*self.segments, *detector.feed(samples[heard:]), *detector.flush())
