"""Tone plans: which one counts, what it says, and an exchange's own one learnt from a recording."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from starlette.responses import Response

from dsp.learn import plan_toml
from dsp.tone_plan import Tone, TonePlan, plan_names
from harness.agency_files import take_tone_plan
from harness.errors import ThirdringError, WrongInput
from harness.hearing import TONES, find_plan, learn_tone
from harness.web.between import bracketed_text
from harness.web.changing import AGENCY
from harness.web.declared import page
from harness.web.done import done, said
from harness.web.problems import Hidden
from harness.web.rights import Right
from harness.web.sent_file import sent_file
from harness.web.setting_up import demand, may_change
from harness.web.visit import Visit
from harness.web.years import sentence_of
from harness.words import catalogue, label

MOST_BYTES = 32 << 20
"""A quarter of an hour of stereo at 8 kHz: three rings are enough."""
SUFFIXES = (".wav", ".flac")
SIGNALS = ("ringback", "busy", "congestion", "dial", "sit")
Row = dict[str, Any]


def own_names(visit: Visit) -> list[str]:
    """Plans that the agency learnt."""
    return sorted(one.stem for one in (visit.agency.folder / TONES).glob("*.toml"))


def plan_of(visit: Visit, plan: str) -> TonePlan:
    """The plan that a path names; never a file elsewhere."""
    if plan not in (*own_names(visit), *plan_names()):
        raise Hidden
    return find_plan(plan, agency_folder=visit.agency.folder)


@page("/settings/tones", right=Right.SEE_SETTINGS)
def tones(visit: Visit) -> Response:
    """The plan that counts, the agency's own ones, and the form to learn another."""
    return _tones(visit)


@page("/settings/tones", right=Right.SET_UP, method="POST")
def choose(visit: Visit) -> Response:
    """Have another plan count."""
    demand(visit, Right.CHANGE_SETTINGS)
    name = visit.text("tone_plan", most=60)
    plan_of(visit, name)
    edits = AGENCY.write(visit, {("tone_plan",): name})
    return done(visit, "/settings/tones", "settings.saved" if edits else "settings.nothing_changed", count=len(edits))


@page("/settings/tones/learn", right=Right.SET_UP, method="POST", most_bytes=MOST_BYTES)
def learn(visit: Visit) -> Response:
    """Learn an exchange's own ringback from a recording of three rings or more."""
    demand(visit, Right.CHANGE_SETTINGS)
    file, content = sent_file(visit)
    name = visit.text("name", most=60)
    suffix = Path(file).suffix.lower()
    if suffix not in SUFFIXES:
        raise WrongInput("settings.sound_kind", file=file)
    with tempfile.TemporaryDirectory(prefix="thirdring-") as folder:
        path = Path(folder) / f"recording{suffix}"
        path.write_bytes(content)
        try:
            plan, _ = learn_tone(
                path, name=name, agency_folder=visit.agency.folder, replace=bool(visit.text("replace"))
            )
        except WrongInput as error:
            sentence = sentence_of(error).replace(str(path), file)
            return _tones(visit, problems=sentence.splitlines())
    visit.log("tone_learnt", plan=plan.name, file=file)
    return done(visit, f"/settings/tone/{plan.name}", "settings.learnt", name=plan.name)


@page("/settings/tones/bring", right=Right.SET_UP, method="POST")
def bring(visit: Visit) -> Response:
    """Check a plan's file, and take it over."""
    demand(visit, Right.CHANGE_SETTINGS)
    name, content = sent_file(visit)
    check = visit.text("what") == "check"
    try:
        plan = take_tone_plan(name, content, visit.agency.folder, dry_run=check)
    except WrongInput as error:
        return _tones(visit, problems=sentence_of(error).splitlines())
    if check:
        return _tones(visit, checked=_signals(plan), name_brought=name)
    visit.log("tone_brought", plan=plan.name, file=name)
    return done(visit, f"/settings/tone/{plan.name}", "settings.brought", file=name)


@page("/settings/tone/{plan}/file", right=Right.SEE_SETTINGS, of=plan_of)
def plan_as_file(visit: Visit, plan: TonePlan) -> Response:
    """A plan's file, to begin another from."""
    own = visit.agency.folder / TONES / f"{plan.name}.toml"
    content = own.read_bytes() if plan.name in own_names(visit) else plan_toml(plan).encode()
    headers = {"content-disposition": f"attachment; filename={plan.name}.toml"}
    return Response(content, media_type="application/toml", headers=headers)


@page("/settings/tone/{plan}", right=Right.SEE_SETTINGS, of=plan_of)
def one(visit: Visit, plan: TonePlan) -> Response:
    """One plan: its signals, tone by tone."""
    in_use = plan.name == visit.agency.settings.tone_plan
    told: Row = {"plan": plan, "signals": _signals(plan), "in_use": in_use, "own": plan.name in own_names(visit)}
    told["title"] = _titled(visit, plan)
    return visit.page("settings_tone.html", **told, may_edit=may_change(visit, Right.CHANGE_SETTINGS), note=said(visit))


def _tones(visit: Visit, problems: list[str] | None = None, **more: Any) -> Response:
    used = visit.agency.settings.tone_plan
    own = [{"name": name, "wrong": _wrong(visit, name)} for name in own_names(visit)]
    plan = find_plan(used, agency_folder=visit.agency.folder)
    told: Row = {
        "used": used,
        "plan": plan,
        "signals": _signals(plan),
        "own": own,
        "shipped": {one: title_of_plan(one) for one in plan_names()},
    }
    told["title"] = _titled(visit, plan)
    told |= {"may_edit": may_change(visit, Right.CHANGE_SETTINGS), "problems": problems or [], "note": said(visit)}
    told |= {"name": visit.text("name", most=60), "checked": None} | more
    return visit.page("settings_tones.html", status=422 if problems else 200, **told)


def title_of_plan(name: str, title: str = "") -> str:
    """What a plan is called: a shipped one in the catalogue's words, a learnt one as it calls itself."""
    key = f"tone_plan.{name.replace('-', '_')}"
    return label(key) if name in plan_names() and key in catalogue() else title or name


def _wrong(visit: Visit, name: str) -> str:
    try:
        find_plan(name, agency_folder=visit.agency.folder)
    except ThirdringError as error:
        return sentence_of(error)
    return ""


def _titled(visit: Visit, plan: TonePlan) -> str:
    """An agency's own plan may be called like a shipped one: then its own title stands."""
    own = plan.name in own_names(visit)
    return bracketed_text(plan.title if own else title_of_plan(plan.name, plan.title), plan.name)


def _signals(plan: TonePlan) -> list[Row]:
    return [{"name": name, "steps": _steps(tone)} for name in SIGNALS if (tone := getattr(plan, name)) is not None]


def _steps(tone: Tone) -> list[Row]:
    return [
        {
            "hz": " + ".join(f"{one:g}" for one in step.frequencies_hz),
            "for_s": step.duration_s,
            "swing": step.modulation_hz,
        }
        for step in tone.steps
    ]
