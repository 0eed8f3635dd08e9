"""What we say to the far end: sound files of the agency's, made ready for the line before anything is dialled."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from dsp.audio import AudioError, read
from harness.errors import ScenarioError
from harness.scenario import Listen, Scenario
from harness.softphone.growing_wav import write_wav


def said_files(scenario: Scenario) -> dict[str, Path]:
    """Find every sound that a scenario says; ScenarioError names the first that is not there or cannot be read."""
    found = {}
    for number, step in enumerate(scenario.steps, start=1):
        if isinstance(step, Listen) and step.say:
            path = _find(step.say, scenario)
            try:
                read(path)
            except AudioError as error:
                raise ScenarioError(
                    "scenario.cannot_say", where=scenario.name, number=number, file=step.say, reason=error.why_key
                ) from None
            found[step.say] = path
    return found


def make_ready(path: Path, target: Path, *, sample_rate_hz: int) -> Path:
    """Write a sound file as mono WAV of the line's rate, as the telephone plays it; gives `target`."""
    audio = read(path)
    samples = audio.mono
    if audio.sr != sample_rate_hz:
        from scipy.signal import resample_poly

        scaled = resample_poly(samples.astype(np.float64), sample_rate_hz, audio.sr)
        samples = np.clip(np.round(scaled), -32768, 32767).astype(np.int16)
    write_wav(target, samples, sample_rate_hz=sample_rate_hz)
    return target


def _find(name: str, scenario: Scenario) -> Path:
    """A path as written, beside the scenario's own file first."""
    beside = scenario.file.parent / name if scenario.file is not None else Path(name)
    return beside if beside.exists() else Path(name)
