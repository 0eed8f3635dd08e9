"""A mark in a recorded prompt: where the menu says the operator's key, or where it ends. One JSON file each."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsp.listen import listen
from dsp.prompts.prompt_memory import Prompt, remember
from dsp.segment import MUSIC, SILENCE, SPEECH
from dsp.tone_plan import TonePlan
from harness.agency import Agency
from harness.directory import Unit
from harness.errors import NotFound, WrongInput
from harness.prompts.kinds import KINDS, OTHER
from harness.prompts.kinds import MENU as MENU_KIND
from harness.toml_file import read_json

SCHEMA = "thirdring.prompt_mark/1"
PROMPTS = "prompts"
OPERATOR, END, MENU = "operator", "end", "menu"
WHATS = (OPERATOR, END, MENU)
_NAME = "abcdefghijklmnopqrstuvwxyz0123456789-"
BREATH_S = 0.1
"""A word begins so much before it is heard as one."""
PAUSE_S = 1.0
"""Words that follow each other within this are one speaker's."""
_USUAL_KIND = {OPERATOR: MENU_KIND, MENU: MENU_KIND}
_VOICES = (SPEECH, MUSIC, SILENCE)


@dataclass(frozen=True, kw_only=True)
class Mark:
    """One mark that a tester made."""

    name: str
    """What the agency calls it; the stem of its file."""
    what: str
    """`operator`: here the operator's key has been said; `end`: the prompt ends; `menu`: the menu begins."""
    site: str
    """Whose switchboard says it; empty: any."""
    marked_in: str
    """The call or the file it was made in."""
    at_s: float
    """Where, seconds from the start of that recording."""
    after_voice_s: float
    """How long after the first word of the prompt."""
    prompt: Prompt
    """Its sound."""
    kind: str = OTHER
    """What kind of recording it is; see `harness.prompts.kinds`."""
    lasts_s: float | None = None
    """How long its words go on behind the mark, without a longer pause; None: not known."""

    def to_dict(self) -> dict[str, Any]:
        """JSON form, without the sound."""
        shown = {key: value for key, value in vars(self).items() if key != "prompt"}
        return {"schema": SCHEMA, **shown}


def is_mark_name(name: str) -> bool:
    """Whether a mark may be called so: its file has that name."""
    return bool(name) and set(name) <= set(_NAME) and name[0] != "-"


def make_mark(
    samples: NDArray[np.int16],
    *,
    rate: int,
    at_s: float,
    name: str,
    what: str,
    site: str,
    marked_in: str,
    tones: TonePlan,
    kind: str | None = None,
) -> Mark:
    """Remember what is said around an instant of a recording, shape (n,)."""
    if not is_mark_name(name):
        raise WrongInput("ear.mark_name", name=name)
    duration_s = len(samples) / rate
    if not 0 <= at_s <= duration_s:
        raise WrongInput("ear.mark_outside", at=f"{at_s:.2f}", file=marked_in, duration=f"{duration_s:.2f}")
    first_s, last_s = _words_around(samples, rate=rate, at_s=at_s, tones=tones)
    begin = max(round((first_s - BREATH_S) * rate), 0)
    try:
        prompt = remember(samples, sr=rate, mark=round(at_s * rate), name=name, begin=begin)
    except ValueError:
        raise WrongInput("ear.mark_too_little", at=f"{at_s:.2f}", file=marked_in) from None
    after_s = at_s - first_s
    return Mark(
        name=name,
        what=what,
        site=site,
        marked_in=marked_in,
        at_s=round(at_s, 3),
        after_voice_s=round(after_s, 3),
        prompt=prompt,
        kind=kind or _USUAL_KIND.get(what, OTHER),
        lasts_s=round(last_s - at_s, 3),
    )


def save_mark(mark: Mark, agency_folder: Path, *, replace: bool = False) -> Path:
    """Keep a mark in the agency's folder; one of the same name is replaced only when asked."""
    if not agency_folder.is_dir():
        raise NotFound("ear.no_folder", folder=agency_folder)
    file = agency_folder / PROMPTS / f"{mark.name}.json"
    if file.exists() and not replace:
        raise WrongInput("ear.mark_is_there", file=file)
    file.parent.mkdir(exist_ok=True)
    whole = mark.to_dict() | {"prompt": json.loads(mark.prompt.to_json())}
    file.write_text(json.dumps(whole, ensure_ascii=False), encoding="utf-8")
    return file


def load_marks(agency_folder: Path, *, site: str | None = None) -> tuple[Mark, ...]:
    """Read an agency's marks by name; of one site those that are its own or anybody's."""
    found = [_read_mark(file) for file in sorted((agency_folder / PROMPTS).glob("*.json"))]
    return tuple(mark for mark in found if site is None or mark.site in ("", site))


def marks_for(unit: Unit | None, agency: Agency) -> tuple[Mark, ...]:
    """Give the marks to look for in a unit's calls: its site's and anybody's; of a unit that left, anybody's."""
    site = None if unit is None else agency.site(unit.site)
    return load_marks(agency.folder, site=site.id if site else "")


def _read_mark(file: Path) -> Mark:
    data = read_json(file)
    try:
        rest = {key: data[key] for key in ("name", "what", "site", "marked_in", "at_s", "after_voice_s")}
        # Marks made before there were kinds have none.
        kind = data.get("kind") or _USUAL_KIND.get(data["what"], OTHER)
        if kind not in KINDS:
            raise ValueError(f"kind {kind!r}: {', '.join(KINDS)}")
        return Mark(**rest, kind=kind, lasts_s=data.get("lasts_s"), prompt=Prompt.from_json(json.dumps(data["prompt"])))
    except (KeyError, TypeError, ValueError) as error:
        raise WrongInput("ear.bad_mark", file=file, reason=str(error)) from None


def _words_around(samples: NDArray[np.int16], *, rate: int, at_s: float, tones: TonePlan) -> tuple[float, float]:
    """When the voice began that speaks at the mark, the first word after whatever rang before it; and when it ends."""
    segments = listen(samples, sr=rate, plan=tones).segments
    before = [s for s in segments if s.start / rate <= at_s]
    rang = max((s.end for s in before if s.sound not in _VOICES), default=0)
    first = min((s.start / rate for s in before if s.sound == SPEECH and s.start >= rang), default=at_s)
    last = at_s
    for start, end in sorted((s.start / rate, s.end / rate) for s in segments if s.sound == SPEECH):
        if start <= last + PAUSE_S:
            last = max(last, end)
    return first, last
