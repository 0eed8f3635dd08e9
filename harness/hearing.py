"""The ear as the harness uses it: an agency's own tone plans beside the shipped ones, and its errors become ours."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dsp.audio import Audio, AudioError, read
from dsp.learn import learn_plan, plan_toml
from dsp.listen import listen
from dsp.listening import Listening, to_dict
from dsp.tone_plan import ALIASES, TonePlan, TonePlanError, load_plan, plan_names
from harness.directory_files import replace_kept
from harness.errors import NotFound, WrongInput

# The service standard: answered within three rings or ten seconds (行政執行署分署: 「十秒內或電話鈴響三聲」).
MOST_RINGS = 3
MOST_SECONDS = 10.0

MET, NOT_MET, UNSURE = "met", "not_met", "unsure"

AUTO = "auto"
"""The plan is found from the sound."""
TONES = "tones"
"""Folder of an agency's own plans."""
_NAME = "abcdefghijklmnopqrstuvwxyz0123456789-"


@dataclass(frozen=True)
class Heard:
    """A recording and what was heard in it."""

    file: str
    """Its path as given."""
    audio: Audio
    """Its sound."""
    listening: Listening
    """Segments and legs."""

    def to_dict(self) -> dict[str, Any]:
        """JSON form: `thirdring.listening/1`."""
        return to_dict(self.listening, file=self.file)


def find_plan(name: str, *, agency_folder: Path | None = None) -> TonePlan:
    """Give a tone plan by path, by the name of one the agency learnt, or by a shipped one's name or ISO code."""
    own = None if agency_folder is None else own_plan_file(name, agency_folder)
    try:
        return load_plan(str(own) if own and own.is_file() else name)
    except OSError as error:
        raise NotFound("file.unreadable", file=name, reason=error.strerror or "") from None
    except (ValueError, TypeError, AttributeError, StopIteration) as error:
        if name.endswith(".toml") or (own and own.is_file()):
            raise WrongInput("ear.bad_plan", file=name, reason=str(error) or type(error).__name__) from None
        raise WrongInput(
            "hearing.no_plan", name=name, known=", ".join((*_own_names(agency_folder), *plan_names()))
        ) from None


def hear(path: Path, *, tone_plan: str, agency_folder: Path | None = None) -> Heard:
    """Hear a recording; of two channels the first, the far end. `auto` finds the tones from the sound."""
    plan = None if tone_plan == AUTO else find_plan(tone_plan, agency_folder=agency_folder)
    audio = read_audio(path)
    return Heard(str(path), audio, listen(audio.mono, sr=audio.sr, plan=plan))


def read_audio(path: Path) -> Audio:
    """Read a recording; WrongInput says what is wrong with it."""
    try:
        return read(path)
    except AudioError as error:
        raise WrongInput(f"hearing.{error.why_key}", file=error.file, detail=error.detail) from None


def learn_tone(path: Path, *, name: str, agency_folder: Path, replace: bool = False) -> tuple[TonePlan, Path]:
    """Learn an exchange's own ringback from a recording and keep it in the agency's folder; give plan and file."""
    file = own_plan_file(name, agency_folder)
    if file is None or name in (AUTO, *plan_names(), *ALIASES):
        raise WrongInput("ear.plan_name", name=name)
    if file.exists() and not replace:
        raise WrongInput("ear.plan_is_there", file=file)
    if not agency_folder.is_dir():
        raise NotFound("ear.no_folder", folder=agency_folder)
    audio = read_audio(path)
    try:
        plan = learn_plan(audio.mono, sr=audio.sr, name=name)
    except TonePlanError:
        raise WrongInput("ear.nothing_to_learn", file=path) from None
    file.parent.mkdir(exist_ok=True)
    replace_kept(file, plan_toml(plan))
    return plan, file


def own_plan_file(name: str, agency_folder: Path) -> Path | None:
    """Where a plan of that name would lie in the agency's folder; None: no such name can be."""
    good = name and set(name) <= set(_NAME) and name[0] != "-"
    return agency_folder / TONES / f"{name}.toml" if good else None


def _own_names(agency_folder: Path | None) -> list[str]:
    return [] if agency_folder is None else sorted(one.stem for one in (agency_folder / TONES).glob("*.toml"))


def below_standard(listening: dict[str, Any]) -> bool:
    """Whether some leg rang out, or was for certain answered within neither three rings nor ten seconds."""
    return any(verdict(leg) == NOT_MET for leg in listening["legs"])


def verdict(leg: dict[str, Any]) -> str | None:
    """Whether a leg was answered within three rings or ten seconds: met, not_met, unsure; None: nothing rang.

    A busy line is no late answer: it has no verdict either.
    """
    if leg["outcome"] == "no_answer":
        return NOT_MET
    latency = leg["answer_latency_s"]
    if leg["outcome"] != "answered" or latency is None:
        return None
    fewest = leg.get("rings_at_least", leg["rings"]) or 0
    most = leg.get("rings_at_most", leg["rings"])
    if latency["latest"] <= MOST_SECONDS or (most is not None and most <= MOST_RINGS):
        return MET
    return NOT_MET if latency["earliest"] > MOST_SECONDS and fewest > MOST_RINGS else UNSURE
