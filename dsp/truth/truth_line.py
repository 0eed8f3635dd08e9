"""What the line does to a made call: noise, codec, lost packets, and the faults of exchanges and jitter buffers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.signal import resample_poly

from dsp import synthesis as syn
from dsp.truth import made_sounds as made

Array = npt.NDArray[np.float32]
SR = 8000

CODECS = ("a", "u", "gsm", "g726", "")
WIDE = "bands"
"""Two bands of ADPCM at 16 kHz, as in G.722: the lower in 5 bits, the upper in 3."""
NOISES = ("white", "coloured", "babble", "comfort")
"""Line noise; a street's; talk in the background, begun by the pick-up; none before the pick-up."""
LEAST_VOICE_DB = 10.0
"""The voice is so much louder than the noise of the lifted handset: less is no conversation."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What the line did to the call."""

    level_dbfs: float
    """Ringback's level."""
    voice_dbfs: float
    """The voice's level."""
    snr_db: float
    """Ringback over the line's noise before the pick-up."""
    noise_step_db: float
    """How much the noise rises when the handset is lifted."""
    codec: str
    """G.711's a or u, gsm, g726, bands (16 kHz), or empty for none."""
    loss: float
    """Share of 20 ms packets lost."""
    stretch: float
    """Length of the cadence against the plan's."""
    detune: float
    """Frequencies against the plan's."""
    noise: str = "white"
    """One of `NOISES`."""
    fade_s: float = syn.RAMP_S
    """Bursts rise and fall within this."""
    hum_hz: float = 0.0
    """Mains hum with its harmonics, 20 dB under the ringback; 0: none."""
    offset: float = 0.0
    """Added to every sample."""
    clicks_per_s: float = 0.0
    """Clicks as loud as the ringback."""
    drive_db: float = 0.0
    """So much too loud for the converter: what is beyond full scale is clipped."""
    gain_steps: tuple[tuple[float, float], ...] = ()
    """(second, dB): from then on a gain control turns the level so much up or down."""
    crosstalk: bool = False
    """Another line's talk, 9 dB under the noise."""
    hole_packets: int = 0
    """So many packets in a row are lost, once in ten seconds."""
    switch_s: float = 0.0
    """Nothing arrives for so long after the pick-up, where the exchange's sound gives way to the telephone's."""


def noise_dbfs(condition: Condition) -> float:
    """The line's noise after the pick-up: hiss, hum, and talk in the background."""
    parts = [condition.level_dbfs - condition.snr_db]
    if condition.noise == "babble":
        parts.append(condition.voice_dbfs - 20)
    if condition.crosstalk:
        parts.append(condition.level_dbfs - condition.snr_db - 9)
    parts = [part + condition.noise_step_db for part in parts]
    if condition.hum_hz:
        parts.append(condition.level_dbfs - max(20.0, condition.snr_db))
    return float(10 * np.log10(sum(10 ** (part / 10) for part in parts)))


def draw_condition(rng: np.random.Generator, *, strict: bool, plain: bool = False) -> Condition:
    """A line. `plain`: white noise, codecs and single lost packets only; else two calls of three have more."""
    level = float(rng.uniform(-40, -6))
    snr = float(rng.uniform(10, 45))
    voice = float(np.clip(level + rng.uniform(-8, 8), max(level - snr + 20, -45), -10))
    step = float(rng.choice([0.0, 0.0, rng.uniform(-6, 15)]))
    basic = Condition(
        level_dbfs=level,
        voice_dbfs=voice,
        snr_db=snr,
        noise_step_db=min(step, voice - (level - snr) - LEAST_VOICE_DB),
        codec=str(rng.choice(CODECS)),
        loss=float(rng.choice([0.0, 0.0, 0.01, 0.03, 0.05])),
        stretch=1.0 if strict else float(rng.uniform(0.85, 1.15)),
        detune=1.0 if strict else float(rng.uniform(0.98, 1.02)),
    )
    return basic if plain or rng.random() < 1 / 3 else _troubled(rng, basic)


def _troubled(rng: np.random.Generator, basic: Condition) -> Condition:
    """The same line with some of the troubles that lines have."""

    def sometimes(share: float) -> bool:
        return bool(rng.random() < share)

    values = {field: getattr(basic, field) for field in Condition.__slots__}
    steps = [(float(rng.uniform(0, 25)), float(rng.uniform(-4, 4))) for _ in range(int(rng.integers(1, 4)))]
    troubles = {
        "noise": str(rng.choice(NOISES)),
        "fade_s": float(rng.uniform(0.001, 0.012)) if sometimes(0.4) else syn.RAMP_S,
        "hum_hz": float(rng.choice([50.0, 60.0])) if sometimes(0.25) else 0.0,
        "offset": float(rng.uniform(-0.02, 0.02)) if sometimes(0.25) else 0.0,
        "clicks_per_s": float(rng.uniform(0.1, 1.0)) if sometimes(0.2) else 0.0,
        "drive_db": float(rng.uniform(1, 6)) if sometimes(0.1) and -14 < basic.level_dbfs < -9 else 0.0,
        "gain_steps": tuple(sorted(steps)) if sometimes(0.2) else (),
        "crosstalk": sometimes(0.1),
        "hole_packets": int(rng.integers(3, 11)) if sometimes(0.15) else 0,
        "switch_s": float(rng.uniform(0.02, 0.1)) if sometimes(0.2) else 0.0,
        "codec": WIDE if sometimes(0.12) else basic.codec,
    }
    if troubles["noise"] == "comfort":
        troubles["crosstalk"] = False  # on a silent line it would be heard, and be talk
    return Condition(**(values | troubles))


def on_the_line(
    clean: Array, condition: Condition, *, answered: int, voices: Sequence[Array], rng: np.random.Generator
) -> Array:
    """What reaches the coder, (n,) at 8 kHz: the call with its noise and troubles, gains and clipping."""
    wave = clean + _noise(len(clean), answered, condition, voices, rng)
    if condition.switch_s:
        wave[answered : answered + round(condition.switch_s * SR)] = 0
    if condition.hum_hz:
        level = condition.level_dbfs - max(20.0, condition.snr_db)
        wave = wave + made.hum(len(wave), mains_hz=condition.hum_hz, rng=rng, level_dbfs=level)
    if condition.clicks_per_s:
        peak = 10 ** (condition.level_dbfs / 20)
        wave = wave + made.clicks(len(wave), per_s=condition.clicks_per_s, rng=rng, peak=peak)
    for second, db in condition.gain_steps:
        wave[round(second * SR) :] *= 10 ** (db / 20)
    return np.asarray(np.clip(wave * 10 ** (condition.drive_db / 20) + condition.offset, -1, 1), dtype=np.float32)


def _noise(n: int, answered: int, condition: Condition, voices: Sequence[Array], rng: np.random.Generator) -> Array:
    level = condition.level_dbfs - condition.snr_db
    noise = syn.white_noise(n, rng=rng, level_dbfs=level)
    if condition.noise == "coloured":
        noise = made.coloured_noise(n, rng=rng, level_dbfs=level)
    if condition.noise == "babble":
        behind = made.babble(n, voices, rng=rng, level_dbfs=condition.voice_dbfs - 20)
        noise[answered:] += behind[answered:]
    if condition.noise == "comfort":
        noise[:answered] = 0
    if condition.crosstalk:
        noise += made.babble(n, voices[:1], rng=rng, level_dbfs=level - 9)
    noise[answered:] *= 10 ** (condition.noise_step_db / 20)
    return noise


def coded(wave: Array, codec: str) -> Array:
    """There and back through a codec by its name; `bands` gives 16 kHz, twice as many samples."""
    if codec in ("a", "u"):
        return syn.g711(wave, law=codec)
    if codec == "gsm":
        return syn.adpcm(wave, subtype="GSM610")
    if codec == WIDE:
        return _two_bands(wave)
    return syn.adpcm(wave, subtype="G721_32") if codec == "g726" else wave


def _two_bands(wave: Array) -> Array:
    """At 16 kHz, the lower band coded apart from the upper one, which holds the coder's own noise."""
    lower = syn.adpcm(wave, subtype="G723_40")
    upper = syn.adpcm(np.asarray(wave * np.float32(0.01)), subtype="G723_24")
    wide = resample_poly(lower, 2, 1)
    # Every other sample turned over puts a band's mirror above 4 kHz.
    mirror = resample_poly(upper, 2, 1)
    mirror[::2] *= -1
    return np.asarray(wide + mirror, dtype=np.float32)


def lose(
    wave: Array,
    condition: Condition,
    *,
    sr: int,
    rng: np.random.Generator,
    keep: tuple[int, int] | None,
    shy: Sequence[int] = (),
) -> tuple[Array, tuple[tuple[int, int], ...]]:
    """Packets lost one by one, and holes of several: (what is left, the (start, end) samples lost).

    No hole is over the samples `shy`, nor within two packets of them: what it would hide, no ear could tell."""
    conceal = bool(rng.random() < 0.5)
    out, lost = syn.lose_packets(wave, sr=sr, share=condition.loss, rng=rng, conceal=conceal, keep=keep)
    size = sr // 50
    holes = []
    for _ in range(round(len(wave) / sr / 10) if condition.hole_packets else 0):
        start = int(rng.integers(0, max(len(wave) // size - condition.hole_packets, 1))) * size
        end = start + condition.hole_packets * size
        if not any(start - 2 * size <= at <= end + 2 * size for at in shy):
            out[start:end] = 0
            holes.append((start, end))
    return out, tuple(sorted((*lost, *holes)))
