"""Where somebody speaks and where music plays: the network, looked at only where something can begin."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from dsp.ahead import Ahead
from dsp.fallback import WebrtcVoice
from dsp.loudness import Background, Floor, levels_db
from dsp.music import is_musical
from dsp.onset import voice_onset
from dsp.segment import MUSIC, SPEECH, Segment
from dsp.silero import CHUNK, CONTEXT, GROUP, Network, State
from dsp.tone_sets import SR

Array = npt.NDArray[np.float32]
Reader = Callable[[int, int], Array]

START_P, STOP_P = 0.5, 0.35
"""Measured on telephone speech: begin when p >= 0.5 in 3 of 4 chunks, end when p < 0.35 for 300 ms."""
CLEAR_P = 0.25
"""On a quiet line three of four chunks from here on will do, one of them sure: packet loss dims the network's
view."""
_STOP_CHUNKS = 10
_GATE_DB = 3.0
"""A chunk this much above the line's noise may hold a voice: steady noise varies by 0.4 dB from chunk to
chunk."""
_RISE_DB, _VOICE_DB = 4.0, -56.0
"""A voice rises above the noise and is no fainter than this: in the last bits of G.711 the network hears
ghosts."""
_HOLD_CHUNKS = 12
_REWIND = 4
"""The network hears this many chunks before the one that opened the gate."""
_WINDOW = 47
"""1.5 s: of this long a stretch the network's share of voice tells music from speech."""
_MUSIC_SHARE = 0.2
_MUSIC_DB = -50.0
_NOTE_DB = -20.0
_REST = round(1.5 * SR)
_MUSIC_FALL_DB = 25.0
_CLAIM, _WAIT = SR // 2, 2 * SR
"""What passed for a voice until so shortly before music, known within so long, was its first notes."""
_MUSIC_PAUSE = 32
"""Music has rests; a second of quiet ends it."""
_RENEWED = 32
"""So many chunks of music the network's state may have heard and still tell a voice from it: twice that, in turns. A
voice out of music is certain after 0.2 s then (middle; 0.4 s in 98 of 100), with one state after 0.4 s, or never."""
_BEFORE, _AFTER = 11, 4
"""Chunks around the network's first in which the voice's very start is looked for."""
_SURE_CHUNKS, _SURE_AGAIN = 16, 4
_TALK = 2 * SR
"""A phrase that follows another within 2 s needs less proof."""
_CERTAIN_P = 0.985
"""A voice reaches this within half a second, music behind it or not (98 of 100: 0.98); notes of music that pass for a
voice do not (98 of 100: below 0.98)."""
"""After so much speech its loudness alone is watched, while it stands out of the noise,"""
_STANDS_OUT_DB = 15.0
_LOUD_DB, _LOUD_P = 30.0, 0.32
"""A word that stands so far above a quiet line needs less of the network's proof: some short ones never get more."""
_PAUSE_DB = 6.0
_CHECK_CHUNKS = 94
"""and every 3 s the network is asked again for half a second."""
_CHECK_LENGTH = 16
_LEVELS_AHEAD, _BRIEF, _LONG = 80, 20, 40
"""Chunks worked out at once, where there is audio: their loudness, and what the network makes of a voice and of
music."""


class VoiceTracker:
    """Speech and music segments out of samples at 8 kHz."""

    def __init__(self, net: Network | WebrtcVoice, *, read: Reader) -> None:
        self._net = net
        self._read = read
        self._levels = Ahead(levels_db, read=read)
        self._encoded = Ahead(net.encode, read=read, context=CONTEXT)
        self._at = self._since = 0
        self._floor = Floor()
        self._background = Background()
        self._noise_db = 0.0
        self._hold = _HOLD_CHUNKS
        self._music_end = -_REST
        self._available = 0
        self._asked = 0
        self._music: tuple[int, int] | None = None
        self._doubt: Segment | None = None
        self._begin()

    def _begin(self) -> None:
        """Nothing is known: the network's state and all that was counted begin anew."""
        self._state: State | None = None
        self._fresh: State | None = None
        self._fresh_heard, self._fresh_knows = 0, False
        self._recent: deque[tuple[int, float]] = deque(maxlen=4)
        self._loudness: deque[float] = deque(maxlen=4)
        self._window: deque[tuple[int, bool, float]] = deque(maxlen=_WINDOW)
        self._start: int | None = None
        self._last = self._quiet = self._spoken = self._heard = 0
        self._loud_db = self._music_db = -99.0
        self._sure, self._talked = _SURE_CHUNKS, -_TALK
        self._certain = False

    @property
    def keep_from(self) -> int:
        """Samples before this one are not needed any more."""
        return self._at - (_WINDOW + _BEFORE + 2) * CHUNK - CONTEXT

    @property
    def open(self) -> tuple[Segment, ...]:
        """The speech or the music that has begun and not ended, as far as they are certain."""
        if self._start is not None and self._certain:
            return (Segment(SPEECH, self._start, self._last),)
        return () if self._music is None else (Segment(MUSIC, self._music[0], max(self._music[1], self._last)),)

    @property
    def likely(self) -> bool:
        """Whether somebody is speaking now, or may just have begun."""
        return self._start is not None or any(p >= START_P for _, p in self._recent)

    @property
    def music(self) -> bool:
        """Whether music is playing, or was until just now: a rest is not its end."""
        return self._music is not None or self._at - self._music_end < _REST

    def reset(self, at: int, *, since: int | None = None) -> list[Segment]:
        """Begin anew at a sample: a burst ended there (and began at `since`), or the call was answered."""
        rang = since is not None and not self.music  # a note of music's is no ring
        done = self._end_speech() + self._end_doubt() + self._end_music()
        done = [Segment(s.sound, s.start, min(s.end, max(since, s.start))) for s in done] if since is not None else done
        self._background.burst() if rang else self._background.forget()
        self._at = self._since = max(at, self._at)
        self._begin()
        return done

    def skip(self, until: int) -> list[Segment]:
        """Pass over a stretch that sounded like a tone, but may be a note: for music it counts."""
        done = self._end_speech()
        self._state = self._fresh = None
        self._recent.clear()
        while self._at + CHUNK <= until:
            self._window.append((self._at, False, _NOTE_DB))
            if self._music is not None:
                self._music = (self._music[0], self._at + CHUNK)
            self._at += CHUNK
        self._since = self._at
        return done

    def advance(self, until: int, *, available: int = 0) -> list[Segment]:
        """Hear every whole chunk before `until`; there is audio up to `available`."""
        self._available = available
        done: list[Segment] = []
        while until - self._at >= CHUNK:
            count = min((until - self._at) // CHUNK, GROUP)
            done += self._block(self._at, count)
            self._at += count * CHUNK
        return done

    def _block(self, base: int, count: int) -> list[Segment]:
        levels = self._levels.of(base, count, most=_LEVELS_AHEAD, available=self._available)
        self._noise_db = self._floor.update(levels)
        self._background.gap(levels)
        gate_db = -np.inf if self._floor.is_new else self._noise_db + _GATE_DB
        if self._music is not None:  # held notes are no noise
            gate_db = min(gate_db, self._quiet_music_db)
        closed = self._hold < 0 and self._start is None and self._music is None
        if closed and np.maximum.reduce(levels) <= gate_db:
            self._hold -= count
            self._forget()
            return []
        open_gate = (levels > gate_db).tolist()
        done: list[Segment] = []
        heard = 0
        for i in range(count):
            self._hold = _HOLD_CHUNKS if open_gate[i] else self._hold - 1
            if self._hold < 0 or self._dozes():
                if i > heard:
                    done += self._hear(base + heard * CHUNK, i - heard, levels[heard:i])
                done += self._pass_by(base + i * CHUNK, float(levels[i]))
                heard = i + 1
        return done + self._hear(base + heard * CHUNK, count - heard, levels[heard:])

    def _dozes(self) -> bool:
        """In a long speech that stands out of the noise its loudness is enough, but for a check now and
        then."""
        known = self._start is not None and self._certain and self._spoken >= self._sure
        if not known or self._loud_db < self._noise_db + _STANDS_OUT_DB:
            return False
        return self._spoken < _CHECK_CHUNKS or self._spoken % _CHECK_CHUNKS >= _CHECK_LENGTH

    def _pass_by(self, at: int, level: float) -> list[Segment]:
        """A chunk that the network does not hear."""
        self._forget()
        if self._start is None or self._hold < 0:
            return self._end_speech() + self._end_doubt() + self._end_music()
        self._spoken += 1
        if level > self._noise_db + _PAUSE_DB:
            self._last, self._quiet = at + CHUNK, 0
            return []
        self._quiet += 1
        return self._end_speech() if self._quiet >= _STOP_CHUNKS else []

    def _forget(self) -> None:
        self._state = self._fresh = None
        self._recent.clear()
        self._window.clear()

    def _hear(self, at: int, count: int, levels: npt.NDArray[np.float64]) -> list[Segment]:
        if count <= 0:
            return []
        back = 0
        if self._state is None:
            self._state = State()
            back = min(_REWIND, (at - self._since) // CHUNK)
        loud = [-99.0] * back + levels.tolist()
        done: list[Segment] = []
        at, count = at - back * CHUNK, count + back
        # Music goes on; a voice is left to its loudness soon.
        most = _LONG if self.music else _BRIEF
        encoded = self._encoded.of(at, count, most=most, available=self._available)
        for row, p in enumerate(self._probabilities(encoded, self._state)):
            done += self._decide(at + row * CHUNK, p, loud[row])
        return done

    def _probabilities(self, encoded: Array, state: State) -> list[float]:
        """What the network makes of chunks. Music fills its state: while it plays, one begun anew hears them too."""
        if self._music is None:
            if self._fresh is not None and self._fresh_knows:
                self._state = state = self._fresh
            self._fresh = None
            return self._net.hear(encoded, state)
        if self._fresh is None or self._fresh_heard >= _RENEWED:
            self._state = state = self._fresh or state
            self._fresh, self._fresh_heard = State(), 0
        old, new = self._net.hear(encoded, state), self._net.hear(encoded, self._fresh)
        first, self._fresh_heard = self._fresh_heard, self._fresh_heard + len(encoded)
        self._fresh_knows = self._fresh_heard > _REWIND and new[-1] > old[-1]
        return [max(a, b) if first + i >= _REWIND else a for i, (a, b) in enumerate(zip(old, new, strict=True))]

    def next_chunks(self, until: int) -> Array | None:
        """The chunks before `until`, with those the network hears first, if it hears them: (m, CONTEXT + CHUNK)."""
        back = min(_REWIND, (self._at - self._since) // CHUNK) if self._state is None else 0
        count = (until - self._at) // CHUNK + back
        if count <= back or self._dozes() or self._is_quiet(until):
            return None
        self._asked = self._at - back * CHUNK
        return self._encoded.chunks(self._asked, count)

    def foresee(self, encoded: Array) -> None:
        """The chunks last asked for, encoded, (m, 512). They spare work and change nothing."""
        self._encoded.keep(encoded, self._asked)

    def _is_quiet(self, until: int) -> bool:
        if self._hold >= 0 or self._start is not None or self._music is not None:
            return False
        audio = self._read(self._at, until)
        return bool(np.max(np.abs(audio)) < 10 ** ((self._noise_db + _GATE_DB) / 20))

    def _decide(self, at: int, p: float, level: float) -> list[Segment]:
        if self._start is None and max([level, *self._loudness]) < self._background.loudest_db:
            p = 0.0  # as loud as what was heard between the rings, when nobody had answered yet
        self._recent.append((at, p))
        self._loudness.append(level)
        self._window.append((at, p >= START_P, level))
        if self._start is None:
            first = self._first_voice(level) if p >= CLEAR_P else None
            return self._look_for_music(at, level) if first is None else self._begin_speech(first, at)
        self._spoken += 1
        self._loud_db = max(self._loud_db - 0.05, level)
        done = [] if self._certain else self._make_certain(p)
        if p >= STOP_P:
            self._last, self._quiet = at + CHUNK, 0
            return done
        self._quiet += 1
        return done + self._end_speech() if self._quiet >= _STOP_CHUNKS else done

    def _first_voice(self, level: float) -> int | None:
        """The chunk a voice began in: three of four chunks sure, or less sure but far above the line's
        noise."""
        loudest = max(self._loudness)
        if loudest < max(self._noise_db + _RISE_DB, _VOICE_DB):
            return None
        clear = level > self._noise_db + _STANDS_OUT_DB and self._music is None
        floor = CLEAR_P if clear else START_P
        likely = [chunk for chunk, p in self._recent if p >= floor]
        loud = clear and level > self._noise_db + _LOUD_DB
        sure = max(p for _, p in self._recent) >= (_LOUD_P if loud else START_P)
        return likely[0] if sure and len(likely) >= 3 else None

    def _begin_speech(self, first: int, at: int) -> list[Segment]:
        base = max(first - _BEFORE * CHUNK, self._since)
        exact = voice_onset(self._read(base, first + _AFTER * CHUNK))
        self._start = first if exact is None else base + exact
        self._sure = _SURE_AGAIN if 0 <= first - self._talked < _TALK else _SURE_CHUNKS
        self._last, self._quiet, self._spoken, self._loud_db = at + CHUNK, 0, 0, -99.0
        return self._make_certain(max(p for _, p in self._recent))

    def _make_certain(self, p: float) -> list[Segment]:
        """What began is a voice for certain; the music before it, if any, ends there."""
        proven = self._spoken >= _WINDOW and self._spoken % 8 == 0 and not self._is_tonal()
        self._certain = p >= _CERTAIN_P or proven
        return self._end_doubt() + self._end_music(self._start) if self._certain else []

    def _end_speech(self) -> list[Segment]:
        if self._start is None:
            return []
        spoken, certain = Segment(SPEECH, self._start, self._last), self._certain
        self._start, self._talked, self._certain = None, self._last, False
        self._recent.clear()
        if certain:
            self._window.clear()
            return [spoken]
        if self.music:  # its notes
            self._music = (spoken.start if self._music is None else self._music[0], spoken.end)
            return self._end_doubt()
        done = self._end_doubt()
        self._doubt = spoken
        return done

    def _end_doubt(self) -> list[Segment]:
        """No music came to claim what passed for a voice."""
        if self._doubt is None:
            return []
        done, self._doubt = [self._doubt], None
        return done

    def _look_for_music(self, at: int, level: float) -> list[Segment]:
        """Loud for 1.5 s, no voice to the network, and its energy in lines: music."""
        if self._music is not None:
            if level > self._quiet_music_db:
                self._music = (self._music[0], at + CHUNK)
            return self._end_music() if at - self._music[1] > _MUSIC_PAUSE * CHUNK else []
        self._heard += 1
        if len(self._window) == _WINDOW and self._heard % 8 == 0 and self._is_music():
            start = self._music_start()
            if self._doubt is not None and start - self._doubt.end < _CLAIM:
                start, self._doubt = self._doubt.start, None
            self._music = (start, at + CHUNK)
            self._music_db = float(np.mean([db for _, _, db in self._window]))
            self._background.forget()
            return self._end_doubt()
        return self._end_doubt() if self._doubt is not None and at - self._doubt.end > _WAIT else []

    @property
    def _quiet_music_db(self) -> float:
        return max(_MUSIC_DB, self._music_db - _MUSIC_FALL_DB)

    def _is_music(self) -> bool:
        voiced = sum(voice for _, voice, _ in self._window)
        loud = sum(db > _MUSIC_DB for _, _, db in self._window)
        if voiced >= _MUSIC_SHARE * _WINDOW or loud < 0.75 * _WINDOW:
            return False
        return self._is_tonal()

    def _is_tonal(self) -> bool:
        first = self._window[0][0]
        levels = np.array([db for _, _, db in self._window])
        return is_musical(self._read(first, first + _WINDOW * CHUNK), levels)

    def _music_start(self) -> int:
        """Where in the window the music begins: quiet may come before it."""
        loud = max(_MUSIC_DB, self._noise_db + _PAUSE_DB)
        first = next((at for at, _, db in self._window if db > loud), self._window[0][0])
        base = max(first - _BEFORE * CHUNK, self._since)
        exact = voice_onset(self._read(base, first + _AFTER * CHUNK))
        return first if exact is None else base + exact

    def _end_music(self, at: int | None = None) -> list[Segment]:
        if self._music is None:
            return []
        start, end = self._music
        self._music, self._music_end = None, end
        return [Segment(MUSIC, start, min(end, at) if at is not None else end)]
