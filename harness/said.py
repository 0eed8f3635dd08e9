"""What we say to the far end: the agency's own recordings first, else a text through a speech synthesiser.

Everything is found and read before anything is dialled; a robot's voice is told of, for it sounds like fraud.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from dsp.audio import AudioError, read
from dsp.bursts.keys_heard import keys_heard
from harness.errors import Refused
from harness.scenario import Say, Scenario
from harness.softphone.growing_wav import write_wav
from harness.synthesiser import installed, read_out, spoken_digits

if TYPE_CHECKING:
    from harness.agency import Agency
    from harness.directory import Unit

SOUNDS = "sounds"
"""Folder of the agency's own recordings."""
KINDS = (".wav", ".flac")
COURTESY = "courtesy"
"""The sentence that says who called and how to call back; agency.toml may name its recording."""
EXCUSE = 0
"""Of no step: the agency's recording of the courtesy sentence, for whoever waits when who took a call over is lost."""
BLANKS = ("name", "extension", "agency", "call_back_number")


@dataclass(frozen=True, kw_only=True)
class Sound:
    """One thing that is said."""

    name: str
    """What it is called in the record."""
    path: Path | None = None
    """The recording; None: the text is read out."""
    text: str = ""
    """What the synthesiser reads out."""

    @property
    def by_robot(self) -> bool:
        """Whether a synthesiser says it."""
        return self.path is None


Sounds = Mapping[int, Sound]
"""What each saying step says, by the step's number from 1."""


def said_sounds(scenario: Scenario, *, agency: Agency | None = None, unit: Unit | None = None) -> dict[int, Sound]:
    """Find everything that a scenario says in a call to a unit.

    Raises:
        ScenarioError: a recording is not there, cannot be read or holds tones of keys, a blank of the text cannot be
            filled in, or there is neither a recording nor a synthesiser.
    """
    says = ((number, step) for number, step in enumerate(scenario.steps, start=1) if isinstance(step, Say))
    found = {number: _sound(step, number, scenario, agency, unit) for number, step in says}
    return found | excuse_sound(agency, unit)


def excuse_sound(agency: Agency | None, unit: Unit | None) -> dict[int, Sound]:
    """Give the courtesy sentence as it was recorded, or nothing: nothing is read out for a case that hardly ever comes,
    and who takes a call over is told before."""
    if agency is None:
        return {}
    own = agency.settings.courtesy
    paths = [agency.folder / own] if own else list(_own(COURTESY, agency, unit))
    path = next((one for one in paths if one.exists()), None)
    try:
        audio = None if path is None else read(path)
        if audio is None or not audio.mono.size:
            return {}
        refuse_keys(audio.mono, sr=audio.sr, name=str(path))
        return {EXCUSE: Sound(name=COURTESY, path=path)}
    except (AudioError, Refused):
        return {}  # a scenario that says it is told of; an automated call hardly ever does


def make_ready(sound: Sound | Path, target: Path, *, sample_rate_hz: int) -> Path:
    """Write what is said as mono WAV of the line's rate, as the telephone plays it; gives `target`.

    Raises:
        Refused: there are tones of keys in it.
    """
    sound = Sound(name=sound.name, path=sound) if isinstance(sound, Path) else sound
    audio = read_out(sound.text) if sound.path is None else read(sound.path)
    samples = audio.mono
    if sound.path is not None:
        refuse_keys(samples, sr=audio.sr, name=sound.name)
    if audio.sr != sample_rate_hz:
        from scipy.signal import resample_poly

        scaled = resample_poly(samples.astype(np.float64), sample_rate_hz, audio.sr)
        samples = np.clip(np.round(scaled), -32768, 32767).astype(np.int16)
    write_wav(target, samples, sample_rate_hz=sample_rate_hz)
    return target


def refuse_keys(samples: npt.NDArray[np.int16], *, sr: int, name: str) -> None:
    """Raise Refused where tones of keys are in a sound: an exchange would take as pressed what no gate has judged."""
    for key, at_s in keys_heard(samples, sr=sr):
        raise Refused("refused.keys_in_sound", file=name, key=key, seconds=f"{at_s:.2f}")


def _sound(step: Say, number: int, scenario: Scenario, agency: Agency | None, unit: Unit | None) -> Sound:
    name = step.sentence or step.file or "text"
    path = _recording(step, scenario, agency, unit)
    if path is not None:
        try:
            audio = read(path)
            refuse_keys(audio.mono, sr=audio.sr, name=str(path))
        except AudioError as error:
            raise scenario.refused("said.unreadable", number, file=str(path), reason=error.why_key) from None
        except Refused as refused:
            raise scenario.refused("said.keys", number, **refused.values) from None
        return Sound(name=name, path=path)
    if step.text is None:
        raise scenario.refused("said.no_recording", number, name=name, file=f"{SOUNDS}/{name}.wav")
    text = _filled(step.text, number, scenario, agency, unit)
    if not installed():
        raise scenario.refused("said.no_synthesiser", number, name=name, file=f"{SOUNDS}/{name}.wav")
    return Sound(name=name, text=text)


def _recording(step: Say, scenario: Scenario, agency: Agency | None, unit: Unit | None) -> Path | None:
    if step.file:
        return _beside(step.file, scenario)
    if agency is None or not step.sentence:
        return None
    if step.sentence == COURTESY and agency.settings.courtesy:
        return agency.folder / agency.settings.courtesy  # named, and so missed where it is not there
    return next((path for path in _own(step.sentence, agency, unit) if path.exists()), None)


def _own(sentence: str, agency: Agency, unit: Unit | None) -> Iterator[Path]:
    """Where an agency's recording of a sentence may lie: for this unit alone, or for all."""
    stems = [f"{sentence}-{unit.unit}"] if unit is not None else []
    yield from (agency.folder / SOUNDS / f"{stem}{kind}" for stem in (*stems, sentence) for kind in KINDS)


def _beside(name: str, scenario: Scenario) -> Path:
    """A path as written, beside the scenario's own file first."""
    beside = scenario.file.parent / name if scenario.file is not None else Path(name)
    return beside if beside.exists() else Path(name)


def _filled(text: str, number: int, scenario: Scenario, agency: Agency | None, unit: Unit | None) -> str:
    """Fill in a text's blanks; numbers are read out digit by digit."""
    values = {
        "name": unit.name if unit else "",
        "extension": spoken_digits(unit.extension) if unit else "",
        "agency": agency.settings.name if agency else "",
        "call_back_number": spoken_digits(agency.settings.call_back_number) if agency else "",
    }
    for blank in BLANKS:
        if f"{{{blank}}}" in text and not values[blank]:
            raise scenario.refused("said.blank", number, blank=blank)
        text = text.replace(f"{{{blank}}}", values[blank])
    return text
