"""One thing that rang, or tried to."""

from __future__ import annotations

from dataclasses import dataclass, replace

from dsp.answering.heard_call import Call
from dsp.detector import VOICE_ERROR_S
from dsp.segment import Segment, Span

ANSWERED = "answered"
NO_ANSWER = "no_answer"
NONE = "none"


@dataclass(frozen=True, slots=True)
class Leg:
    """One thing that rang, or tried to."""

    ring_onset: Span | None
    """The first burst's start; None: no ringing heard."""
    rings: int
    """Cadence periods begun by the pick-up, or by the end."""
    outcome: str
    """answered, busy, congestion, no_answer or none."""
    pick_up: Span | None
    """When it was picked up; None unless answered."""
    voice_onset: Span | None
    """The first voice after the pick-up, or the prompt's; None: nobody spoke."""
    answer_latency: Span | None
    """From ring onset to pick-up, a length in samples."""
    evidence: tuple[Segment, ...]
    """The bursts, and what ended them."""
    provisional: bool = False
    """The voice may be a recording, or the tone a release; of `no_answer`: the ringing stopped before the audio,
    and somebody may have picked up in silence, or a sound without a name came behind the last ring. A person or the
    signalling has to say."""
    music: bool = False
    """Music, or a machine's tones, was what came after the ringing."""
    restarted: bool = False
    """The ringing began anew: possibly forwarded."""
    more_rings: int = 0
    """So many rings more than `rings` may have begun unheard, where one was due within the span of the pick-up."""

    @property
    def most_rings(self) -> int:
        """So many rings may have begun at the most."""
        return self.rings + self.more_rings


def opened(leg: Leg) -> Leg:
    """The same, of which only a person can say how it went: something rang."""
    return replace(leg, outcome=NONE, rings=0, more_rings=0, pick_up=None, answer_latency=None, provisional=True)


def voice_span(call: Call, voice: Segment | None) -> Span | None:
    return None if voice is None else around(voice.start, VOICE_ERROR_S * call.sr)


def around(sample: float, error: float) -> Span:
    return Span(max(round(sample - error), 0), round(sample + error))
