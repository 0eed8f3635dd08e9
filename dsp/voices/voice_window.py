"""The last chunks of a call: whether a voice begins in them, and where, and whether they are music."""

from __future__ import annotations

import math
from collections import deque

import numpy as np

from dsp.stream import Reader
from dsp.voices.music import is_musical
from dsp.voices.onset import voice_onset
from dsp.voices.silero import CHUNK

START_P = 0.5
"""Measured on telephone speech: begin when p >= 0.5 in 3 of 4 chunks."""
CLEAR_P = 0.25
"""On a quiet line three of four chunks from here on will do, one of them sure: packet loss dims the network's
view."""
WINDOW = 47
"""1.5 s: of this long a stretch the network's share of voice tells music from speech."""
MUSIC_DB = -50.0
BEFORE, AFTER = 11, 4
"""Chunks around the network's first in which the voice's very start is looked for."""
STANDS_OUT_DB, PAUSE_DB = 15.0, 6.0
"""What stands so far out of the noise is loud; what does not by so much is a pause."""
_RISE_DB, _VOICE_DB = 4.0, -56.0
"""A voice rises above the noise and is no fainter than this: in the last bits of G.711 the network hears
ghosts."""
_LOUD_DB, _LOUD_P = 30.0, 0.32
"""A word that stands so far above a quiet line needs less of the network's proof: some short ones never get more."""
_PARTED, _SYLLABLE = 6, 3
"""A voice's first sound may be so many chunks before the rest of it, and is so long."""
_MUSIC_SHARE = 0.2
_DIES_AWAY = 2 * CHUNK


class VoiceWindow:
    """Chunks by their first sample, with what the network made of them and how loud they are."""

    def __init__(self, *, read: Reader) -> None:
        self._read = read
        self.recent: deque[tuple[int, float]] = deque(maxlen=4)
        """(first sample, p) of the last ones,"""
        self.loudness: deque[float] = deque(maxlen=4)
        """how loud they are,"""
        self.window: deque[tuple[int, float, float]] = deque(maxlen=WINDOW)
        """and (first sample, p, dBFS) of more."""

    def add(self, at: int, p: float, level: float) -> None:
        """The next chunk."""
        self.recent.append((at, p))
        self.loudness.append(level)
        self.window.append((at, p, level))

    def first_voice(self, level: float, *, since: int, noise_db: float, music: bool) -> int | None:
        """The chunk a voice began in: three of four chunks sure, or less sure but far above the line's noise. What
        rang until a sample dies away in two chunks behind it."""
        chunks = list(self.window)[-len(self.recent) :]
        loudest = max((db for at, _, db in chunks if not 0 <= at - since < _DIES_AWAY), default=-math.inf)
        if loudest < max(noise_db + _RISE_DB, _VOICE_DB):
            return None
        clear = level > noise_db + STANDS_OUT_DB and not music
        floor = CLEAR_P if clear else START_P
        likely = [chunk for chunk, p in self.recent if p >= floor]
        loud = clear and level > noise_db + _LOUD_DB
        sure = max(p for _, p in self.recent) >= (_LOUD_P if loud else START_P)
        return likely[0] if sure and len(likely) >= 3 else None

    def first_sound(self, first: int, *, since: int, noise_db: float) -> int:
        """The chunk of a voice's first sound, where lost packets part it from what the network knew for a voice; not
        before a sample up to which something else sounded."""
        begun, parted, likely = first, 0, 0.0
        stretch: list[int] = []
        for at, p, db in reversed([one for one in self.window if since <= one[0] < first]):
            if db > noise_db + STANDS_OUT_DB:
                stretch, likely = [*stretch, at], max(likely, p)
                continue
            if stretch:
                break
            parted += 1
        if parted and parted <= _PARTED and len(stretch) >= _SYLLABLE and likely >= _LOUD_P:
            begun = stretch[-1]
        return begun

    def is_music(self) -> bool:
        """Whether the window is loud, no voice to the network, and its energy in lines."""
        voiced = sum(p >= START_P for _, p, _ in self.window)
        loud = sum(db > MUSIC_DB for _, _, db in self.window)
        if voiced >= _MUSIC_SHARE * WINDOW or loud < 0.75 * WINDOW:
            return False
        return self.is_tonal()

    def is_tonal(self) -> bool:
        """Whether the window's energy is in lines."""
        first = self.window[0][0]
        levels = np.array([db for _, _, db in self.window])
        return is_musical(self._read(first, first + WINDOW * CHUNK), levels)

    def music_start(self, *, since: int, noise_db: float) -> int:
        """Where in the window the music begins: quiet may come before it."""
        loud = max(MUSIC_DB, noise_db + PAUSE_DB)
        first = next((at for at, _, db in self.window if db > loud), self.window[0][0])
        base = max(first - BEFORE * CHUNK, since)
        exact = voice_onset(self._read(base, first + AFTER * CHUNK), noise_db=noise_db)
        return first if exact is None else base + exact
