"""Where somebody speaks and where music plays: the network, looked at only where something can begin."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dsp.segment import Segment
from dsp.stream import Reader
from dsp.tone_sets import SR
from dsp.voices.fallback import WebrtcVoice
from dsp.voices.loudness import Background
from dsp.voices.music_heard import MusicHeard
from dsp.voices.onset import voice_onset
from dsp.voices.phrase import Phrase
from dsp.voices.silero import CHUNK, CONTEXT, GROUP, Network
from dsp.voices.voice_gate import VoiceGate
from dsp.voices.voice_network import VoiceNetwork
from dsp.voices.voice_window import AFTER, BEFORE, CLEAR_P, START_P, WINDOW, VoiceWindow

Array = npt.NDArray[np.float32]

_NOTHING_DB = -90.0
"""Nothing at all is heard, not even a line: the network goes on hearing for a while what sounded before it."""
_NOTE_DB = -20.0
_TALK = 2 * SR
"""A phrase that follows another within 2 s needs less proof."""
_CERTAIN_P = 0.985
"""A voice reaches this within half a second, music behind it or not (98 of 100: 0.98); notes of music that pass for a
voice do not (98 of 100: below 0.98)."""


class VoiceTracker:
    """Speech and music segments out of samples at 8 kHz."""

    def __init__(self, net: Network | WebrtcVoice, *, read: Reader) -> None:
        self._net = VoiceNetwork(net, read=read)
        self._read = read
        self._gate = VoiceGate(read=read)
        self._at = self._since = 0
        self._background = Background()
        self._available = 0
        self._music = MusicHeard()
        self._begin()

    def _begin(self) -> None:
        """Nothing is known: the network's state and all that was counted begin anew."""
        self._net.begin()
        self._last_chunks = VoiceWindow(read=self._read)
        self._phrase: Phrase | None = None
        self._talked = -_TALK
        self._music.begin()

    @property
    def keep_from(self) -> int:
        """Samples before this one are not needed any more."""
        return self._at - (WINDOW + BEFORE + 2) * CHUNK - CONTEXT

    @property
    def open(self) -> tuple[Segment, ...]:
        """The speech or the music that has begun and not ended, as far as they are certain."""
        if self._phrase is not None and self._phrase.certain:
            return (self._phrase.segment,)
        return self._music.until(self._talked if self._phrase is None else self._phrase.last)

    @property
    def likely(self) -> bool:
        """Whether somebody is speaking now, or may just have begun."""
        return self._phrase is not None or any(p >= START_P for _, p in self._last_chunks.recent)

    @property
    def music(self) -> bool:
        """Whether music is playing, or was until just now: a rest is not its end."""
        return self._music.rests(self._at)

    def reset(self, at: int, *, since: int | None = None) -> list[Segment]:
        """Begin anew at a sample: a burst ended there (and began at `since`), or the call was answered."""
        rang = since is not None and not self.music  # a note of music's is no ring
        done = self._end_speech() + self._music.end_doubt() + self._music.end()
        done = [Segment(s.sound, s.start, min(s.end, max(since, s.start))) for s in done] if since is not None else done
        self._background.burst() if rang else self._background.forget()
        self._at = self._since = max(at, self._at)
        self._begin()
        return done

    def skip(self, until: int, *, since: int) -> list[Segment]:
        """Pass over a stretch that sounded like a tone from `since` on, but may be a note: for music it counts."""
        # The tone's own first moments may have passed for a voice.
        done = self._end_speech() + self._music.end_doubt(since=since)
        self._net.forget()
        self._last_chunks.recent.clear()
        while self._at + CHUNK <= until:
            self._last_chunks.window.append((self._at, 0.0, _NOTE_DB))
            self._music.goes_on(self._at + CHUNK)
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
        levels = self._gate.levels(base, count, available=self._available)
        self._background.gap(levels)
        gate_db = self._gate.limit_db(self._music.quiet_db if self._music.plays else None)
        loud: list[float] = levels.tolist()
        if self._is_idle and max(loud) <= gate_db:
            self._gate.pass_by(count)
            self._forget()
            return []
        done: list[Segment] = []
        heard, dozes = 0, self._dozes()
        for i, level in enumerate(loud):
            if self._gate.chunk(stands_out=level > gate_db) or dozes:
                if i > heard:
                    done += self._hear(base + heard * CHUNK, loud[heard:i])
                done += self._pass_by(base + i * CHUNK, level)
                heard, dozes = i + 1, self._dozes()
        return done + self._hear(base + heard * CHUNK, loud[heard:]) if heard < count else done

    @property
    def _is_idle(self) -> bool:
        """Whether nothing stands out, nobody speaks and nothing plays."""
        return self._gate.is_shut and self._phrase is None and not self._music.plays

    def _dozes(self) -> bool:
        return self._phrase is not None and self._phrase.dozes(noise_db=self._gate.noise_db)

    def _pass_by(self, at: int, level: float) -> list[Segment]:
        """A chunk that the network does not hear."""
        self._forget()
        if self._phrase is None or self._gate.is_shut:
            return self._end_speech() + self._music.end_doubt() + self._music.end()
        goes_on = self._phrase.goes_on_unheard(at + CHUNK, level, noise_db=self._gate.noise_db)
        return [] if goes_on else self._end_speech()

    def _forget(self) -> None:
        self._net.forget()
        self._last_chunks.recent.clear()
        self._last_chunks.window.clear()

    def _hear(self, at: int, loud: list[float]) -> list[Segment]:
        """Chunks from a sample on, one at least, so loud each."""
        back = self._net.back(at, since=self._since)
        if back:
            at, loud = at - back * CHUNK, [-99.0] * back + loud
        done: list[Segment] = []
        likely = self._net.hear(at, len(loud), music=self._music.plays, plays=self.music, available=self._available)
        for p, level in zip(likely, loud, strict=True):
            done += self._decide(at, p, level)
            at += CHUNK
        return done

    def next_chunks(self, until: int) -> Array | None:
        """The chunks before `until`, with those the network hears first, if it hears them: (m, CONTEXT + CHUNK)."""
        back = self._net.back(self._at, since=self._since)
        count = (until - self._at) // CHUNK + back
        if count <= back or self._dozes() or (self._is_idle and self._gate.is_quiet(self._at, until)):
            return None
        return self._net.unknown(self._at - back * CHUNK, count)

    def foresee(self, encoded: Array) -> None:
        """The chunks last asked for, encoded, (m, 512). They spare work and change nothing."""
        self._net.foresee(encoded)

    def _decide(self, at: int, p: float, level: float) -> list[Segment]:
        phrase = self._phrase
        if phrase is None and self._cannot_begin(level):
            p = 0.0
        self._last_chunks.add(at, p, level)
        if phrase is None:
            first = self._first_voice(level) if p >= CLEAR_P else None
            return self._look_for_music(at, level) if first is None else self._begin_speech(first, at)
        phrase.hear(level)
        done = [] if phrase.certain else self._make_certain(phrase, p)
        return done if phrase.goes_on(at + CHUNK, p) else done + self._end_speech()

    def _first_voice(self, level: float) -> int | None:
        noise_db, plays = self._gate.noise_db, self._music.plays
        return self._last_chunks.first_voice(level, since=self._since, noise_db=noise_db, music=plays)

    def _cannot_begin(self, level: float) -> bool:
        """Whether a chunk is silence, or no louder than the line's noise, or as loud as what was heard between the
        rings, when nobody had answered yet."""
        if level < self._gate.noise_db or level < _NOTHING_DB:
            return True
        usual_db = self._background.loudest_db
        return level < usual_db and all(before < usual_db for before in self._last_chunks.loudness)

    def _begin_speech(self, first: int, at: int) -> list[Segment]:
        if not self._music.plays:
            first = self._last_chunks.first_sound(first, since=self._since, noise_db=self._gate.noise_db)
        base = max(first - BEFORE * CHUNK, self._since)
        exact = voice_onset(self._read(base, first + AFTER * CHUNK), noise_db=self._gate.noise_db)
        start = first if exact is None else base + exact
        self._phrase = Phrase(start, at + CHUNK, again=0 <= first - self._talked < _TALK)
        return self._make_certain(self._phrase, max(p for _, p in self._last_chunks.recent))

    def _make_certain(self, phrase: Phrase, p: float) -> list[Segment]:
        """What began is a voice for certain; the music before it, if any, ends there."""
        looks = phrase.spoken >= WINDOW and phrase.spoken % 8 == 0
        phrase.certain = p >= _CERTAIN_P or (looks and not self._last_chunks.is_tonal())
        return self._music.end_doubt() + self._music.end(phrase.start) if phrase.certain else []

    def _end_speech(self) -> list[Segment]:
        if self._phrase is None:
            return []
        ended, self._phrase = self._phrase, None
        self._talked = ended.last
        self._last_chunks.recent.clear()
        if ended.certain:
            self._last_chunks.window.clear()
            return [ended.segment]
        return self._music.take(ended.segment, at=self._at)

    def _look_for_music(self, at: int, level: float) -> list[Segment]:
        before = self._music.plays
        done = self._music.look(at, level, self._last_chunks, since=self._since, noise_db=self._gate.noise_db)
        if self._music.plays and not before:
            self._background.forget()
        return done
