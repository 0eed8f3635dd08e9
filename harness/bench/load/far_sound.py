"""What a far end says, as G.711 packets in a capture file that SIPp plays: ringing, then a voice now and then."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from harness.bench.load.lateness import FRAME_S
from harness.switchboard import sound

RATE_HZ = 8000
RINGING_S = 5.0
"""From the first ring's first packet to the answer: in Taiwan two rings, and the pause behind the second."""
RINGS = 2
SOUNDED_S = 4.0
"""The second ring is over by then."""
GREETING_AFTER_S = 0.4
SPEAKS = ("greeting-unit", "greeting-operator", "please-hold-transfer", "closing")
PAUSE_S = 1.5
NOISE_DBFS = -55.0
_PAYLOAD = round(RATE_HZ * FRAME_S)
_PCMA = 8


def far_sound(talk_s: float) -> NDArray[np.float64]:
    """Two rings from sample 0, the pause in which the call is answered, then voices; shape (n,), 8 kHz, ±1."""
    parts = [sound.tone("ringback", SOUNDED_S, sample_rate_hz=RATE_HZ)]
    parts.append(sound.silence(RINGING_S - SOUNDED_S + GREETING_AFTER_S, sample_rate_hz=RATE_HZ))
    spoken = [part for name in SPEAKS for part in (sound.prompt(name, RATE_HZ), np.zeros(round(PAUSE_S * RATE_HZ)))]
    once = np.concatenate(spoken)
    talk = np.resize(once, round(talk_s * RATE_HZ))
    return sound.add_noise(np.concatenate([*parts, talk]), NOISE_DBFS, seed=1)


def alaw(samples: NDArray[np.float64]) -> bytes:
    """Samples as G.711 A-law (ITU-T G.711), a byte each."""
    raw = io.BytesIO()
    soundfile.write(raw, samples, RATE_HZ, format="RAW", subtype="ALAW")
    return raw.getvalue()


def write_pcap(path: Path, payload: bytes) -> None:
    """Write G.711 A-law as a capture of RTP (RFC 3550 §5.1), 20 ms a packet; the last part of one is left out."""
    head = struct.pack("=IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    count = len(payload) // _PAYLOAD
    packets = (_packet(n, payload[n * _PAYLOAD : (n + 1) * _PAYLOAD]) for n in range(count))
    path.write_bytes(head + b"".join(packets))


def _packet(n: int, payload: bytes) -> bytes:
    at_us = round(n * FRAME_S * 1e6)
    marker = 0x80 if n == 0 else 0
    rtp = struct.pack("!BBHII", 0x80, _PCMA | marker, n & 0xFFFF, n * _PAYLOAD, 1) + payload
    udp = struct.pack("!HHHH", 4000, 4000, 8 + len(rtp), 0) + rtp
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, b"\x7f\0\0\1", b"\x7f\0\0\1")
    frame = bytes(12) + b"\x08\x00" + ip + udp
    return struct.pack("=IIII", at_us // 1_000_000, at_us % 1_000_000, len(frame), len(frame)) + frame
