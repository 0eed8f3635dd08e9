"""Remembered prompts over many cases: every codec, level, noise and loss, joined in the middle and cut by a key.

Run with CI=true over 384 cases, else over 48; `python tests/test_dsp_prompt_cases.py 400` prints the figures.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import soundfile

from dsp import synthesis as syn
from dsp.prompts.prompt_frames import rows_of
from dsp.prompts.prompt_memory import remember
from dsp.prompts.prompt_search import search
from dsp.prompts.repeats import find_repeats

SR = 8000
SPEECH = (Path(__file__).parent / "sounds" / "recordings", Path(__file__).parents[1] / "harness/switchboard/prompts")
INSTALLED = Path("/usr/share/asterisk/sounds/en_US_f_Allison")
"""Debian's asterisk-core-sounds-en-wav: one speaker's real voice; used where it is."""
CASES = 384 if os.environ.get("CI") == "true" else 48
CODECS = ("a", "u", "GSM610", "G721_32")
WAYS = ("whole", "joined", "cut")
NOT_USED = ("hold-music", "queue-second")
"""No speech; and one that says the same as another, but for a word."""


@dataclass(frozen=True)
class Case:
    """One call."""

    prompt: int
    way: str
    samples: np.ndarray
    mark_s: float
    """Where the mark truly is in it."""


@cache
def prompts() -> tuple[np.ndarray, ...]:
    """Speech of 3.4 s and more that no other piece says as well."""
    files = [file for folder in SPEECH for file in sorted(folder.glob("*.flac")) if file.stem not in NOT_USED]
    files += sorted(INSTALLED.glob("vm-*.wav")) + sorted(INSTALLED.glob("conf-*.wav"))
    heard = [soundfile.read(file, dtype="float32")[0] for file in files]
    return tuple(one for one in heard if 3.4 * SR <= len(one) <= 8 * SR)


@cache
def marks() -> tuple[tuple[float, object], ...]:
    rng = np.random.default_rng(21)
    made = []
    for index, words in enumerate(prompts()):
        mark_s = float(rng.uniform(1.8, len(words) / SR - 0.6))
        made.append((mark_s, remember(words, sr=SR, mark=round(mark_s * SR), name=str(index))))
    return tuple(made)


def case(index: int) -> Case:
    """The call of that number: everything of it is drawn from the number."""
    rng = np.random.default_rng([77, index])
    which, way = index % len(prompts()), WAYS[(index // len(CODECS)) % len(WAYS)]
    words, mark_s = prompts()[which].copy(), marks()[which][0]
    if way == "joined":
        words = words[round(max(mark_s - rng.uniform(1.65, 2.2), 0) * SR) :]
    elif way == "cut":
        words[round((mark_s + rng.uniform(0.08, 0.3)) * SR) :] = 0
    gone_s = (len(prompts()[which]) - len(words)) / SR
    words = words * 10 ** (rng.uniform(-20, 3) / 20)
    level = float(np.sqrt(np.mean(words[words != 0] ** 2)))
    lead = np.zeros(round(rng.uniform(0.0, 2.0) * SR), np.float32)
    wave = np.concatenate([lead, words, np.zeros(SR, np.float32)])
    wave = wave + rng.standard_normal(len(wave)) * level * 10 ** (-rng.choice([40, 20, 10]) / 20)
    sent = coded(np.clip(wave, -1, 1).astype(np.float32), CODECS[index % len(CODECS)])
    if rng.random() < 0.6:
        sent, _ = syn.lose_packets(sent, sr=SR, share=float(rng.uniform(0.01, 0.05)), rng=rng)
    return Case(which, way, syn.to_int16(sent), len(lead) / SR + mark_s - gone_s)


def coded(wave: np.ndarray, codec: str) -> np.ndarray:
    return syn.g711(wave, law=codec) if len(codec) == 1 else syn.adpcm(wave, subtype=codec)


def error_s(one: Case) -> float | None:
    """How far the nearest find is from the truth; None: the mark was not found."""
    found = [f.mark / SR for f in search([marks()[one.prompt][1]], one.samples, sr=SR) if f.mark is not None]
    return min((abs(mark - one.mark_s) for mark in found), default=None)


@pytest.mark.parametrize("way", WAYS)
def test_marks_are_found_to_fifty_milliseconds(way):
    """Every one that is found is right; behind a cut at 10 dB of signal to noise one of a hundred may be missed."""
    own = [one for index in range(CASES) if (one := case(index)).way == way]
    errors = [error_s(one) for one in own]
    found = [error for error in errors if error is not None]
    assert max(found) <= 0.050
    assert len(found) >= len(own) - max(1, round(0.03 * len(own)))


def test_no_prompt_is_taken_for_another():
    """Each whole call is searched for every other prompt, changed ones among them."""
    for index in range(0, CASES, 4):
        one = case(index)
        others = [made for which, (_, made) in enumerate(marks()) if which != one.prompt]
        assert [f for f in search(others, one.samples, sr=SR) if f.mark is not None] == []


def test_repeats_are_found_and_nothing_else():
    """Two calls with one recording in each are told, and no two with different ones."""
    rng, stretches, said = np.random.default_rng(9), [], []
    for which, words in list(enumerate(prompts())) * 2:
        noise = rng.standard_normal(len(words)) * float(np.sqrt(np.mean(words**2))) * 0.1
        sent = coded((words * rng.uniform(0.2, 1.0) + noise).astype(np.float32), CODECS[int(rng.integers(4))])
        lead = np.zeros(round(rng.uniform(0.15, 0.45) * SR), np.float32)
        stretches.append(rows_of(np.concatenate([lead, sent]), sr=SR)[:400])
        said.append(which)
    found = find_repeats(stretches, range(len(stretches)))
    assert [one for one in found if said[one.first] != said[one.second]] == []
    assert len(found) >= len(prompts()) - 1


if __name__ == "__main__":
    wanted = int(sys.argv[1])
    for kind in WAYS:
        told = [error_s(one) for number in range(wanted) if (one := case(number)).way == kind]
        right = np.array([error for error in told if error is not None]) * 1000
        print(
            f"{kind}: {len(told)} cases, {len(told) - len(right)} missed, error ms median {np.median(right):.1f}",
            end="",
        )
        print(f" p95 {np.percentile(right, 95):.1f} max {right.max():.1f}")
