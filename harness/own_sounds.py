"""The agency's own recordings that calls say, in its folder `sounds/`: listed, and brought as files that were read.

Beside a recording lies what it says, as text (`courtesy.wav`, `courtesy.txt`), for who cannot hear it.
"""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from dsp.audio import AudioError, read
from harness.directory_files import settle
from harness.errors import Refused, WrongInput
from harness.imported.sound import read_sound
from harness.said import KINDS, SOUNDS, refuse_keys
from harness.softphone.growing_wav import write_wav

LONGEST_S = 60.0
"""Nobody listens to a recorded sentence that is longer."""
LONGEST_TEXT = 1000
"""Characters of what a recording says: more than anybody says in LONGEST_S."""
BEFORE = ".before"
"""Folder in `sounds/` of what others took the place of."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}")


@dataclass(frozen=True, kw_only=True)
class OwnSound:
    """One recording of the agency's."""

    path: str
    """Where it lies in the agency's folder: sounds/courtesy.wav."""
    duration_s: float | None
    """How long it is; None: it cannot be read."""
    text: str = ""
    """What it says, as somebody wrote it down; empty: nobody did."""

    @property
    def name(self) -> str:
        """Its file's name."""
        return Path(self.path).name


def own_sounds(folder: Path) -> tuple[OwnSound, ...]:
    """Every recording in an agency's `sounds/`, by name."""
    files = sorted(path for path in (folder / SOUNDS).glob("*") if path.suffix.lower() in KINDS and path.is_file())
    return tuple(
        OwnSound(path=f"{SOUNDS}/{path.name}", duration_s=_duration_s(path), text=_text_of(path)) for path in files
    )


def write_text(sound: OwnSound, text: str, folder: Path) -> None:
    """Write down what a recording says, beside it; an empty text takes it away. WrongInput as `check_text`."""
    check_text(text, sound.name)
    path = (folder / sound.path).with_suffix(".txt")
    if not text:
        path.unlink(missing_ok=True)
        return
    new = path.with_name(f".{path.name}.new")
    new.write_text(text.replace("\r\n", "\n") + "\n", encoding="utf-8")
    new.rename(path)
    settle(path.parent)


def check_text(text: str, file: str) -> None:
    """WrongInput: a text that is longer than LONGEST_TEXT."""
    if len(text) > LONGEST_TEXT:
        raise WrongInput("sounds.text_long", file=file, most=LONGEST_TEXT)


def take_sound(name: str, content: bytes, folder: Path, *, file: str, replace: bool, now: datetime) -> OwnSound:
    """Read a recording as those from elsewhere are read, and keep its samples as a mono WAV file under a name.

    One that it takes the place of is kept in `sounds/.before`, with its text, which says nothing about the new one.
    WrongInput: no name, no sound, too long, tones of keys in it, or one of that name is there and it may not be
    replaced; then nothing was changed.
    """
    if not _NAME.fullmatch(name):
        raise WrongInput("sounds.name", name=name[:80])
    with tempfile.TemporaryDirectory(prefix="thirdring-") as made:
        path = Path(made) / "sound"
        path.write_bytes(content)
        sound = read_sound(path, far="mixed", name=file)
    if sound.duration_s > LONGEST_S:
        raise WrongInput("sounds.too_long", file=file, seconds=f"{sound.duration_s:.0f}", most=f"{LONGEST_S:g}")
    there = [folder / SOUNDS / f"{name}{kind}" for kind in KINDS if (folder / SOUNDS / f"{name}{kind}").exists()]
    if there and not replace:
        raise WrongInput("sounds.there", file=there[0].name)
    mono = np.round(sound.sides.mean(axis=1)).astype(np.int16)
    try:
        refuse_keys(mono, sr=sound.rate_hz, name=file)
    except Refused as refused:
        raise WrongInput("sounds.keys", **refused.values) from None
    _put(folder / SOUNDS / f"{name}.wav", mono, sound.rate_hz, there, now)
    return OwnSound(path=f"{SOUNDS}/{name}.wav", duration_s=sound.duration_s)


def _put(path: Path, mono: np.ndarray, rate_hz: int, there: list[Path], now: datetime) -> None:
    (path.parent / BEFORE).mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    write_wav(new, mono, sample_rate_hz=rate_hz)
    text = path.with_suffix(".txt")
    for one in (*there, *([text] if text.exists() else [])):
        one.rename(path.parent / BEFORE / f"{one.stem}-{now:%Y%m%dT%H%M%S}{one.suffix}")
    new.rename(path)
    settle(path.parent)


def _duration_s(path: Path) -> float | None:
    try:
        audio = read(path)
    except (AudioError, OSError):
        return None
    return len(audio.mono) / audio.sr


def _text_of(path: Path) -> str:
    text = path.with_suffix(".txt")
    return text.read_text("utf-8", errors="replace").strip()[:LONGEST_TEXT] if text.is_file() else ""
