"""What stands for the page, and for the call, in the tests of a browser's telephone; and sounds to know again."""

from __future__ import annotations

import asyncio
import contextlib
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from agency_folder import leave_for, make_agency
from scipy.signal import butter, correlate, sosfilt

from harness.assisted.browser.exchange import BrowserTelephones
from harness.assisted.browser.telephone import BrowserTelephone
from harness.number_gate import permit_telephone
from harness.softphone.pool import WorkerPool
from harness.tester_telephones import loopback_telephone

RATE, FRAME = 8000, 160
WAIT_S = 60.0


class Page:
    """What stands for the page: collects what it is sent."""

    def __init__(self) -> None:
        self.heard, self.told, self.left = bytearray(), list[dict](), False
        self.first_s = 0.0

    def hear(self, samples: bytes) -> None:
        self.heard += samples

    def tell(self, **said) -> None:
        self.told.append(said)

    def leave(self) -> None:
        self.left = True

    def samples(self):
        return np.frombuffer(bytes(self.heard), "<i2").astype(float)


def talk(seconds: float, seed: int, *, rate: int = RATE):
    """Noise of a voice's width, as wide as the rate allows: each tenth of a second is like itself and nothing else."""
    noise = np.random.default_rng(seed).standard_normal(round(seconds * rate))
    band = butter(4, [400, 3000 if rate == RATE else 6500], "bandpass", fs=rate, output="sos")
    return np.clip(5000 * sosfilt(band, noise), -30000, 30000).astype("<i2")


def heard_share(played, heard, rate=RATE) -> float:
    """Which share of what was played, a tenth of a second at a time, was heard somewhere: a jitter buffer that had to
    wait cuts between two, and moves what comes after."""
    pieces = np.array_split(np.asarray(played, float), max(1, round(10 * len(played) / rate)))
    return float(np.mean([likeness(one, np.asarray(heard, float)) > 0.7 for one in pieces]))


def likeness(played, heard, *, where: bool = False):
    """The highest normalised correlation of something with any stretch of what was heard; and where that begins."""
    if len(heard) < len(played) or not np.any(played):  # silence is like nothing
        return (0.0, 0) if where else 0.0
    energy = np.concatenate([[0.0], np.cumsum(heard**2)])
    power = np.sqrt(np.maximum(energy[len(played) :] - energy[: -len(played)], 1.0) * np.sum(played**2))
    alike = correlate(heard, played, "valid", method="fft") / power
    return (float(alike.max()), int(alike.argmax())) if where else float(alike.max())


class Caller:
    """Calls a tester's telephone by the gate, as an assisted call does."""

    def __init__(self, pool: WorkerPool, folder: Path) -> None:
        self.pool, self.folder, self.made = pool, folder, 0
        self.agency = make_agency(folder / "agency", {"0227000301": "127.0.0.1:9"})

    def dial(self, telephone: BrowserTelephone, address: str = ""):
        self.made += 1
        ours = loopback_telephone("王小明", address or telephone.address)
        unit = leave_for("0227000301", self.agency)
        permit = permit_telephone(ours, self.agency, beside=unit, now=datetime(2026, 11, 20, 2, tzinfo=UTC))
        return self.pool.dial(permit, call_id=f"t{self.made}", folder=self.folder, headers={})


async def until(ready, what: str) -> None:
    end = time.monotonic() + WAIT_S
    while not ready():
        assert time.monotonic() < end, what
        await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def telephone_of(name: str):
    telephones = BrowserTelephones()
    try:
        yield await telephones.open(name)
    finally:
        telephones.close()


async def speak(telephone, page, samples) -> None:
    """Say something a frame every 20 ms, as a page does."""
    begun, frame = time.monotonic(), telephone.sample_rate_hz // 50
    for index in range(0, len(samples) - frame + 1, frame):
        telephone.speak(page, samples[index : index + frame].tobytes())
        await asyncio.sleep(max(0.0, begun + (index / frame + 1) * 0.02 - time.monotonic()))
