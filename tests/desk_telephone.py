"""A tester's desk telephone on loopback: answers each ring as a test says, sends a tone, keeps what it hears."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from sip_peer import FRAME, Dialog, Rtp, SipPeer
from situations import alaw

RATE = 8000
TONE_HZ = 1000.0
"""What its microphone hears: no telephone's signal, and nobody's voice."""
Does = Literal["answers", "busy", "refuses", "rings", "vanishes", "saves"]
"""`vanishes`: answers, and after `hangs_up` is set sends nothing more, not even a BYE; `saves`: sends no sound from
then on until it is cleared, as a telephone does that saves packets while nobody speaks."""


@dataclass
class DeskTelephone:
    """A SIP peer with one tester."""

    does: Sequence[Does] = ("answers",)
    """What it does at its first ring, its second …; the last again and again."""
    rang: int = 0
    """How often it was rung."""
    answered: int = 0
    """How often it answered."""
    heard: list[bytes] = field(default_factory=list)
    """A-law frames that it was sent, of all its calls."""
    hangs_up: threading.Event = field(default_factory=threading.Event)
    """Set, the tester puts the handset down; cleared by the next ring."""

    def __post_init__(self) -> None:
        self._peer = SipPeer(self._script)
        self.address = f"sip:wang@{self._peer.address}"

    def __enter__(self) -> DeskTelephone:
        self._peer.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._peer.__exit__(None, None, None)

    def _script(self, peer: SipPeer, dialog: Dialog) -> None:
        does = self.does[min(self.rang, len(self.does) - 1)]
        self.rang += 1
        peer.respond(dialog, 180, "Ringing")
        if does in ("busy", "refuses"):
            peer.respond(dialog, *((486, "Busy Here") if does == "busy" else (603, "Decline")))
        elif does != "rings":
            self._talk(peer, dialog, gone=does == "vanishes", saves=does == "saves")

    def _talk(self, peer: SipPeer, dialog: Dialog, *, gone: bool, saves: bool) -> None:
        self.hangs_up.clear()
        rtp, tone = Rtp(), _tone()
        try:
            peer.respond(dialog, 200, "OK", sdp_port=rtp.port)
            self.answered += 1
            over = ("BYE", "CANCEL")
            while not peer.stopping.is_set() and not {*over} & {*dialog.requests}:
                if not self.hangs_up.is_set():
                    rtp.send(dialog.media, tone, 0.1)
                elif not saves or peer.stopping.wait(0.1):
                    break
            dialog.gone = gone and self.hangs_up.is_set()
            if self.hangs_up.is_set() and not gone and not saves:
                peer.request(dialog, "BYE")
        finally:
            self.heard += rtp.received
            rtp.close()


def _tone() -> bytes:
    """One frame of a 1 kHz tone, A-law: twenty whole periods, so that frame follows frame without a click."""
    samples = 0.25 * 32767 * np.sin(2 * np.pi * TONE_HZ * np.arange(FRAME) / RATE)
    return alaw(samples.astype(np.int16)).tobytes()


def at_pitch(samples: NDArray[np.int16], pitch_hz: float = TONE_HZ) -> NDArray[np.float64]:
    """Level of a pitch in each tenth of a second, dBFS, shape (n // 800,)."""
    window = RATE // 10
    frames = samples[: len(samples) // window * window].reshape(-1, window).astype(float)
    wave = np.exp(-2j * np.pi * pitch_hz * np.arange(window) / RATE)
    return 20 * np.log10(np.abs(frames @ wave) * 2 / window / 32767 + 1e-9)
