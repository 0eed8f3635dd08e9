"""pjmedia's conference bridge: recorders, players, and the instants at which it moves sound."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pjsua2 as pj

from harness.softphone.leg import Leg

TICK_S = 0.020
"""The conference bridge moves audio in frames of 20 ms."""
EVENT_S = 2.0
"""pjmedia's thread has told of a sound's end by then, on a busy machine too."""


class ConferenceBridge:
    """The bridge's clock, its recorders and its players.

    A silent player's position shows when the bridge ticks. A recorder without a source loses time, so each is fed by
    an idle tone generator from its start."""

    def __init__(self, endpoint: pj.Endpoint, silence_wav: Path, *, sample_rate_hz: int) -> None:
        self._metronome = pj.AudioMediaPlayer()
        self._metronome.createPlayer(str(silence_wav))
        self._metronome.startTransmit(endpoint.audDevManager().getPlaybackDevMedia())
        self._anchor = pj.ToneGenerator()
        self._anchor.createToneGenerator(sample_rate_hz)
        self._ended: list[tuple[float, pj.AudioMediaPlayer]] = []

    def wait_for_tick(self, tick: Callable[[], None]) -> tuple[float, float]:
        """Earliest and latest instant of the bridge's next tick; `tick` is called while waiting."""
        before, position = time.monotonic(), self._metronome.getPos()
        while True:
            tick()
            now = time.monotonic()
            if self._metronome.getPos() != position:
                return before, time.monotonic()
            before = now

    def record(self, leg: Leg, *, far: Path, near: Path, tick: Callable[[], None]) -> tuple[float, float]:
        """Start both recordings of a leg; returns earliest and latest instant of their sample 0, which is past."""
        leg.far, leg.near = _recorder(far), _recorder(near)
        before = self.wait_for_tick(tick)
        self._anchor.startTransmit(leg.far)
        self._anchor.startTransmit(leg.near)
        return due_at(before, self.wait_for_tick(tick))  # sample 0 is recorded: the INVITE comes after it

    def play(self, leg: Leg, wav: Path, *, tick: Callable[[], None], loop: bool) -> tuple[float, float]:
        """Play a WAV file to the far end; returns earliest and latest instant of its sample 0."""
        player = pj.AudioMediaPlayer()
        player.createPlayer(str(wav), 0 if loop else pj.PJMEDIA_FILE_NO_LOOP)
        for earlier in leg.players:
            if leg.audio is not None:
                earlier.stopTransmit(leg.audio)
        earliest, latest = self.wait_for_tick(tick)
        leg.players.append(player)
        for port in (leg.audio, leg.near):
            if port is not None:
                player.startTransmit(port)
        return earliest + TICK_S, latest + TICK_S

    def let_go(self, leg: Leg) -> None:
        """Take a leg's players that will play no more.

        At a sound's end pjmedia has a thread of its own tell the player, whether that still exists or not: one that
        is freed before is a segmentation fault (pjproject before its pull request 5045).
        """
        self._ended += [(time.monotonic(), player) for player in leg.players]
        leg.players.clear()

    def free(self) -> None:
        """Free the players that nothing is told to any more."""
        last = time.monotonic() - EVENT_S
        self._ended = [(at, player) for at, player in self._ended if at > last]


def due_at(before: tuple[float, float], at: tuple[float, float]) -> tuple[float, float]:
    """Earliest and latest instant at which a tick was due, from what was seen of it and of the one before.

    On a busy machine a tick is late and the next one is not, for the bridge keeps its beat: it is never early, so the
    earlier of the two bounds holds."""
    return min(before[0] + TICK_S, at[0]), min(before[1] + TICK_S, at[1])


def connect(leg: Leg) -> None:
    """Join what a leg hears and says to its recorders, its player and the legs that it is bridged with.

    The far end's recorder takes the far end alone, whoever else is on the line."""
    if leg.audio is None:
        return
    if leg.far is not None:
        leg.audio.startTransmit(leg.far)
    for player in leg.players[-1:]:
        player.startTransmit(leg.audio)
    for other in leg.hears:
        _let_hear(leg, other)
    for other in leg.heard_by:
        _let_hear(other, leg)


def disconnect(leg: Leg, other: Leg) -> None:
    """Let a leg's far end hear another's no more."""
    for port in (leg.audio, leg.near):
        if port is not None and other.audio is not None:
            other.audio.stopTransmit(port)


def _let_hear(leg: Leg, other: Leg) -> None:
    """What one says the other hears, and it stands on our side of the other's recording: we said it."""
    for port in (leg.audio, leg.near):
        if port is not None and leg.audio is not None and other.audio is not None:
            other.audio.startTransmit(port)


def _recorder(path: Path) -> pj.AudioMediaRecorder:
    recorder = pj.AudioMediaRecorder()
    recorder.createRecorder(str(path))
    return recorder
