"""Forms, scenarios and tone plans brought as files: checked whole before anything takes their place, which is kept."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from dsp.tone_plan import ALIASES, TonePlan, TonePlanError, plan_names, read_plans
from harness.directory_files import replace_kept
from harness.errors import WrongInput
from harness.form_files import Found, one_form
from harness.hearing import AUTO, TONES
from harness.scenario import load_scenario
from harness.scenario.model import Scenario
from harness.scoring import used_before
from harness.toml_file import read_text

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
LONGEST = 1 << 20
"""Bytes of a file that somebody wrote."""


def take_form(name: str, content: bytes, folder: Path, *, dry_run: bool = False) -> Found:
    """Check a form and put it into the agency's forms, or check it only.

    Raises FormError with every fault, and where the agency has scored with that version and it would now say
    something else. Then nothing was changed.
    """
    with tempfile.TemporaryDirectory(dir=folder) as made:
        path = _written(name, content, Path(made))
        found = one_form(str(path), folder)
        if found.form.id != path.stem:
            raise WrongInput("settings.other_name", file=path.name, id=found.form.id)
        used_before(found.form, name=str(path), agency_folder=folder)
        if not dry_run:
            _take(path, folder / "forms")
    return Found(form=found.form, file=folder / "forms" / path.name)


def take_scenario(name: str, content: bytes, folder: Path, *, dry_run: bool = False) -> Scenario:
    """The same of a scenario, which goes into the agency's scenarios. Raises ScenarioError with every fault."""
    with tempfile.TemporaryDirectory(dir=folder) as made:
        path = _written(name, content, Path(made))
        found = load_scenario(path, agency_folder=folder)
        if found.name != path.stem:
            raise WrongInput("settings.other_name", file=path.name, id=found.name)
        if not dry_run:
            _take(path, folder / "scenarios")
    return found


def take_tone_plan(name: str, content: bytes, folder: Path, *, dry_run: bool = False) -> TonePlan:
    """The same of a tone plan, which goes among those that were learnt; a shipped one's name stays its own.

    Raises WrongInput with the key that is wrong; one plan a file, named like it.
    """
    with tempfile.TemporaryDirectory(dir=folder) as made:
        path = _written(name, content, Path(made))
        if path.stem in (AUTO, *plan_names(), *ALIASES):
            raise WrongInput("ear.plan_name", name=path.stem)
        try:
            found = read_plans(path)
        except TonePlanError as error:  # it names the file itself
            raise WrongInput("settings.tones_wrong", reason=error) from None
        if list(found) != [path.stem]:
            raise WrongInput("settings.tones_one", file=path.name, name=path.stem, found="、".join(found)[:200])
        if not dry_run:
            _take(path, folder / TONES)
    return found[path.stem]


def _written(name: str, content: bytes, folder: Path) -> Path:
    stem, dot, kind = name.rpartition(".")
    if not dot or kind.lower() != "toml" or not _NAME.fullmatch(stem):
        raise WrongInput("settings.file_name", file=name[:80])
    if len(content) > LONGEST:
        raise WrongInput("settings.too_long", file=name)
    path = folder / f"{stem}.toml"
    path.write_bytes(content)
    return path


def _take(path: Path, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    replace_kept(folder / path.name, read_text(path))
