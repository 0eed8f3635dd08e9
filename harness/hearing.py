"""The ear as the harness uses it: its errors become ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dsp.audio import AudioError, read
from dsp.listen import listen, to_dict
from dsp.tone_plan import TonePlan, TonePlanError, load_plan, plan_names
from harness.errors import NotFound, WrongInput

# The service standard: answered within three rings or ten seconds (行政執行署分署: 「十秒內或電話鈴響三聲」).
MOST_RINGS = 3
MOST_SECONDS = 10.0


def find_plan(name: str) -> TonePlan:
    """Give a tone plan by name, ISO code or path."""
    try:
        return load_plan(name)
    except TonePlanError:
        raise WrongInput("hearing.no_plan", name=name, known=", ".join(plan_names())) from None
    except OSError as error:
        raise NotFound("file.unreadable", file=name, reason=error.strerror or "") from None


def hear_file(path: Path, *, tone_plan: str) -> dict[str, Any]:
    """Hear a recording and give what was heard as `thirdring.listening/1`.

    Of two channels the first is heard: the far end.
    """
    plan = find_plan(tone_plan)
    try:
        audio = read(path)
        heard = listen(audio.mono, sr=audio.sr, plan=plan)
    except AudioError as error:
        raise _unheard(error) from None
    return to_dict(heard, file=str(path))


def below_standard(listening: dict[str, Any]) -> bool:
    """Whether some leg rang out, or was for certain answered within neither three rings nor ten seconds."""
    return any(_late(leg) for leg in listening["legs"])


def _late(leg: dict[str, Any]) -> bool:
    if leg["outcome"] == "no_answer":
        return True
    latency = leg["answer_latency_s"]
    if leg["outcome"] != "answered" or latency is None:
        return False
    return bool(latency["earliest"] > MOST_SECONDS and (leg["rings"] or 0) > MOST_RINGS)


def _unheard(error: AudioError) -> WrongInput:
    return WrongInput(f"hearing.{error.why_key}", file=error.file, detail=error.detail)
