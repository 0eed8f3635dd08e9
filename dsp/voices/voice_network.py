"""What the network makes of the chunks of a call: encoded ahead where the audio is there, its state begun anew."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dsp.stream import Reader
from dsp.voices.ahead import Ahead
from dsp.voices.fallback import WebrtcVoice
from dsp.voices.silero import CHUNK, CONTEXT, Network, State

Array = npt.NDArray[np.float32]

REWIND = 4
"""The network hears this many chunks before the one that opened the gate."""
_RENEWED = 32
"""So many chunks of music the network's state may have heard and still tell a voice from it: twice that, in turns. A
voice out of music is certain after 0.2 s then (middle; 0.4 s in 98 of 100), with one state after 0.4 s, or never."""
_BRIEF, _LONG = 20, 40
"""Chunks worked out at once, where there is audio: of a voice and of music."""


class VoiceNetwork:
    """Hears chunks in order; it forgets what it heard when told to."""

    def __init__(self, net: Network | WebrtcVoice, *, read: Reader) -> None:
        self._net = net
        self._encoded = Ahead(net.encode, read=read, context=CONTEXT)
        self._asked = 0
        self.begin()

    def begin(self) -> None:
        """Nothing was heard."""
        self._state: State | None = None
        self._fresh: State | None = None
        self._fresh_heard, self._fresh_knows = 0, False

    def forget(self) -> None:
        """What was heard is over."""
        self._state = self._fresh = None

    def back(self, at: int, *, since: int) -> int:
        """So many chunks before a sample are heard first: none, or some where the state begins anew."""
        return min(REWIND, (at - since) // CHUNK) if self._state is None else 0

    def hear(self, at: int, count: int, *, music: bool, plays: bool, available: int) -> list[float]:
        """How likely each of the chunks from a sample on is a voice, where music has begun, or plays or rests."""
        if self._state is None:
            self._state = State()
        # Music goes on; a voice is left to its loudness soon.
        encoded = self._encoded.of(at, count, most=_LONG if plays else _BRIEF, available=available)
        return self._probabilities(encoded, self._state, music=music)

    def unknown(self, at: int, count: int) -> Array | None:
        """The chunks from a sample on that are not encoded yet, (m, CONTEXT + CHUNK)."""
        self._asked = at
        known = self._encoded.known_until(at)
        count -= (known - at) // CHUNK
        return self._encoded.chunks(known, count) if count > 0 else None

    def _probabilities(self, encoded: Array, state: State, *, music: bool) -> list[float]:
        """What the network makes of chunks. Music fills its state: while it plays, one begun anew hears them too."""
        if not music:
            if self._fresh is not None and self._fresh_knows:
                self._state = state = self._fresh
            self._fresh = None
            return self._net.hear(encoded, state)
        if self._fresh is None or self._fresh_heard >= _RENEWED:
            self._state = state = self._fresh or state
            self._fresh, self._fresh_heard = State(), 0
        old, new = self._net.hear_both(encoded, state, self._fresh)
        first, self._fresh_heard = self._fresh_heard, self._fresh_heard + len(encoded)
        self._fresh_knows = self._fresh_heard > REWIND and new[-1] > old[-1]
        return [max(a, b) if first + i >= REWIND else a for i, (a, b) in enumerate(zip(old, new, strict=True))]

    def foresee(self, encoded: Array) -> None:
        """The chunks last asked for, encoded, (m, 512). They spare work and change nothing."""
        self._encoded.add(encoded, since=self._asked)
