"""A voice detector for where the network's package is not installed: webrtcvad, far worse (it takes music for
speech).

It is asked only about chunks that stand out of the line's noise, and tones are taken out before; what it says
holds 80 to 160 ms on after a tone, so that it counts only where the chunk is loud. It cannot be the network's gate: at
20 dB of signal to noise its mildest mode skips 39 of 100 chunks of calls, among them 2 of 100 with a voice and the
first one of 8 voices in 100, and 3 of 100 of music; loudness alone lets no voice slip."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dsp.voices.silero import CHUNK, CONTEXT, State

Array = npt.NDArray[np.float32]

_FRAME = 240
"""30 ms, the longest it takes."""
_MODE = 3
"""The least willing to say voice."""
_LOUD = 10 ** (-50 / 20)


class WebrtcVoice:
    """Takes the network's place: `encode` hands the chunks on, `hear` answers 0 or 1."""

    def __init__(self) -> None:
        import webrtcvad

        self._vad = webrtcvad.Vad(_MODE)

    def encode(self, chunks: Array) -> Array:
        """(m, CONTEXT + CHUNK) samples, as they are."""
        return chunks

    def hear(self, encoded: Array, state: State) -> list[float]:
        """1.0 where the detector hears a voice in a chunk's 30 ms, else 0.0."""
        return [self._hear(row[CONTEXT : CONTEXT + CHUNK][:_FRAME]) for row in encoded]

    def hear_both(self, encoded: Array, one: State, other: State) -> tuple[list[float], list[float]]:
        """It has no state: the same twice."""
        heard = self.hear(encoded, one)
        return heard, heard

    def _hear(self, chunk: Array) -> float:
        if float(np.sqrt(np.mean(chunk**2))) < _LOUD:
            return 0.0
        pcm = (np.clip(chunk, -1, 1) * 32767).astype("<i2").tobytes()
        return float(self._vad.is_speech(pcm, 8000))
