"""Situations: what a far end does × a country's tones × what the network does to packets × when somebody picks up.

Drawn from a seed, each with its truth; nothing of it is measured. Played by SIPp (tests/situations_run.py).
"""

from __future__ import annotations

import random
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import soundfile

from dsp import synthesis
from dsp.tone_plan import TonePlan, load_plan, plan_names
from harness.bench.relay import Fate

HERE = Path(__file__).parent
SR, FRAME_S = 8000, 0.020
FRAME = round(SR * FRAME_S)
VOICES = ("wei-nin-hao", "hello", "hold-on", "personnel")
TONE_DBFS = -20.0
LEAST_BURST_S, LEAST_GAP_S = 0.1, 0.1
"""No pick-up is put so near a burst's edge that the packet's 20 ms would decide."""
SILENCE = 0xD5
"""A-law's zero (ITU-T G.711)."""
Bytes = npt.NDArray[np.uint8]
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One thing that a far end can do, as tests/sipp/situations.toml says it."""

    name: str
    """What happens, in words."""
    steps: tuple[str, ...]
    """What SIPp does."""
    outcome: str
    """How the leg must end."""
    sound: tuple[str, ...] = ()
    """What is played, end to end."""
    rings: str = ""
    """How ringing and pick-up can be known: told, heard, gateway, unknown; empty where nobody picks up."""
    release: str = ""
    """Who must have hung up first."""
    scenario: str = "extension-direct"
    """What we do."""
    early_s: float = 0.0
    """Seconds of ringing before the situation's own `wait`."""
    weight: int = 1
    """How often it is drawn."""
    forwarded: bool = False
    """Whether the leg must be marked as forwarded."""
    silent: bool = False
    """Whether the ringback stops before the pick-up, so that no ring can be counted."""
    slow: bool = False
    """Takes more than half a minute: drawn once."""


@dataclass(frozen=True, kw_only=True)
class Situation:
    """One call to be made, and its truth."""

    number: int
    """Its place in the draw: with the seed it names the situation."""
    kind: Kind
    """What the far end does."""
    plan: str
    """The country whose tones are heard."""
    network: str
    """What happens to the packets: a name of NETWORKS."""
    wait_s: float
    """How long the telephone rings, as scripted."""
    voice: str
    """Who answers."""
    tones: TonePlan = field(repr=False)
    """The plan, read."""

    @property
    def rang_s(self) -> float:
        """Ringing from its first sign to the pick-up, as scripted."""
        return self.wait_s + self.kind.early_s

    @property
    def rings(self) -> int:
        """Periods of the cadence begun by the pick-up."""
        return int(self.rang_s // self.tones.ringback.period_s) + 1

    def __str__(self) -> str:
        return f"{self.number:3} {self.kind.name} · {self.plan} · {self.network} · {self.wait_s:.2f} s"


def kinds() -> tuple[Kind, ...]:
    """Read tests/sipp/situations.toml."""
    rows = tomllib.loads((HERE / "sipp" / "situations.toml").read_text(encoding="utf-8"))["situation"]
    return tuple(Kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in row.items()}) for row in rows)


def draw(
    count: int, *, seed: int = 1, plans: Sequence[str] = (), networks: Sequence[str] = ()
) -> tuple[Situation, ...]:
    """Draw situations: every kind, plan and network comes round as often as its weight, paired at random.

    Without a choice of plans or networks all there are.
    """
    rng = random.Random(seed)
    often = [kind for kind in kinds() for _ in range(kind.weight) if not kind.slow]
    once = [kind for kind in kinds() if kind.slow]
    chosen = once + list(islice(_rounds(often, rng), count - len(once)))
    plan, network = _rounds(plans or plan_names(), rng), _rounds(networks or tuple(NETWORKS), rng)
    return tuple(_draw_one(n, kind, next(plan), next(network), rng) for n, kind in enumerate(chosen))


def _rounds(things: Sequence[T], rng: random.Random) -> Iterator[T]:
    while True:
        yield from rng.sample(things, len(things))


def _draw_one(number: int, kind: Kind, plan: str, network: str, rng: random.Random) -> Situation:
    # What is only told has no tones: one period, Taiwan's, to count by.
    name = plan if any(word.split()[0] in ("ringback", "busy", "congestion") for word in kind.sound) else "tw"
    tones = load_plan(name)
    while True:
        wait_s = round(rng.uniform(0.4, 2.6 * tones.ringback.period_s if rng.random() < 0.7 else 13.0), 2)
        if _clear(wait_s + kind.early_s, tones):
            break
    voice = VOICES[number % len(VOICES)]
    return Situation(number=number, kind=kind, plan=name, network=network, wait_s=wait_s, voice=voice, tones=tones)


def _clear(rang_s: float, tones: TonePlan) -> bool:
    """Whether a pick-up at this time leaves no doubt which burst was the last."""
    into = rang_s % tones.ringback.period_s
    edge = 0.0
    for on, off in tones.ringback.cadence:
        if edge - LEAST_GAP_S < into < edge + LEAST_BURST_S or abs(into - edge - on) < LEAST_GAP_S:
            return False
        edge += on + off
    return into < tones.ringback.period_s - LEAST_GAP_S


# --- sound ----------------------------------------------------------------------------------------------


def sound_of(situation: Situation) -> Bytes:
    """Render what the far end plays: bytes of G.711 A-law in whole packets."""
    rng = np.random.default_rng(situation.number)
    pieces = [_piece(word, situation, rng) for word in situation.kind.sound]
    wave = np.concatenate(pieces) if pieces else synthesis.silence(0, sr=SR)
    whole = -(-len(wave) // FRAME) * FRAME
    return alaw(synthesis.to_int16(np.pad(wave, (0, whole - len(wave)))))


def _piece(word: str, situation: Situation, rng: np.random.Generator) -> synthesis.Array:
    name, _, seconds = word.partition(" ")
    match name:
        case "silence":
            return synthesis.silence(float(seconds), sr=SR)
        case "voice":
            return _voice(situation.voice)
        case "ringback" | "busy" | "congestion":
            # As where an exchange gates tones that run on: each burst begins where the tones are just then.
            tone = getattr(situation.tones, name)
            lasts = float(seconds) if seconds else situation.rang_s
            return synthesis.cadence(tone, lasts, sr=SR, level_dbfs=TONE_DBFS, rng=rng)
    raise ValueError(f"no such sound: {word!r}")


@cache
def _voice(name: str) -> synthesis.Array:
    return np.asarray(soundfile.read(HERE / "sounds" / f"{name}.flac", dtype="float32")[0])


def alaw(pcm: npt.NDArray[np.int16]) -> Bytes:
    """Compress 16-bit samples, shape (n,), to the bytes of ITU-T G.711 A-law."""
    magnitude = np.minimum(np.where(pcm < 0, -(pcm.astype(int) + 1), pcm.astype(int)) >> 3, 4095)
    exponent = np.maximum(np.floor(np.log2(np.maximum(magnitude, 1))).astype(int) - 4, 0)
    mantissa = np.where(exponent == 0, magnitude >> 1, magnitude >> np.maximum(exponent, 1)) & 15
    code = (np.where(magnitude >= 32, exponent, 0) << 4) | mantissa
    return ((code | np.where(pcm < 0, 0, 0x80)) ^ 0x55).astype(np.uint8)


# --- what the network does ------------------------------------------------------------------------------


def _lose(share: float, seed: int) -> Fate:
    rng = random.Random(seed)
    return lambda _: (int(rng.random() >= share), 0.0)


def _in_rows(seed: int) -> Fate:
    rng, left = random.Random(seed), 0

    def fate(_: int) -> tuple[int, float]:
        nonlocal left
        left = left - 1 if left else (rng.randint(2, 4) if rng.random() < 0.01 else 0)
        return int(not left), 0.0

    return fate


def _late(seed: int) -> Fate:
    rng = random.Random(seed)
    return lambda _: (1, 0.030 if rng.random() < 0.05 else 0.0)


def _jitter(seed: int) -> Fate:
    rng = random.Random(seed)
    return lambda _: (1, rng.uniform(0.0, 0.015))


NETWORKS = {
    "clean": lambda seed, quiet: lambda _: (1, 0.0),
    "1 % lost": lambda seed, quiet: _lose(0.01, seed),
    "3 % lost": lambda seed, quiet: _lose(0.03, seed),
    "5 % lost": lambda seed, quiet: _lose(0.05, seed),
    "2 to 4 in a row lost": lambda seed, quiet: _in_rows(seed),
    "doubled": lambda seed, quiet: lambda _: (2, 0.0),
    "out of order": lambda seed, quiet: _late(seed),
    "jitter of 15 ms": lambda seed, quiet: _jitter(seed),
    "silence not sent": lambda seed, quiet: lambda n: (-1 if n < len(quiet) and quiet[n] else 1, 0.0),
}
"""Seed and which packets are silent → what becomes of each packet."""
WHOLE = ("clean", "doubled", "jitter of 15 ms", "silence not sent")
"""Those in which every packet with sound comes in time to be heard."""


def fate_of(network: str, seed: int, quiet: npt.NDArray[np.bool_]) -> Fate:
    """Give what becomes of each packet in one of NETWORKS."""
    return NETWORKS[network](seed, quiet)


def quiet_packets(sound: Bytes) -> npt.NDArray[np.bool_]:
    """Which packets carry nothing but silence; shape (packets,)."""
    return np.all(sound.reshape(-1, FRAME) == SILENCE, axis=1)
