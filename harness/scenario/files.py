"""Scenarios as files: found by name or path, read, and every fault told with its file, line and step."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import Any

from harness.errors import NotFound, ScenarioError, ThirdringError
from harness.model_fault import Loc, Words
from harness.scenario.model import Scenario
from harness.toml_file import build, read_text, read_toml

USUAL_SCENARIO = "extension-direct"
"""What is done where neither the command nor the unit names another."""
_HEADER = re.compile(r"^[ \t]*\[\[\s*steps\s*\]\]", re.MULTILINE)


def load_scenario(name_or_path: str | Path, *, agency_folder: Path | None = None) -> Scenario:
    """Read a scenario by path, or by name: the agency's own first, then the shipped ones.

    Raises NotFound when there is none, ScenarioError when it is wrong; both before anything is dialled.
    """
    path = _find(str(name_or_path), agency_folder)
    data = read_toml(path, fault=ScenarioError)
    text = read_text(path, fault=ScenarioError)
    lines = step_lines(text)
    place = partial(_place, text=text, lines=lines)
    try:
        scenario = build(Scenario, data, file=path.name, fault=ScenarioError, place=place)
    except ScenarioError as error:
        raise _with_lines(error, path.name, lines) from None
    scenario._file, scenario._lines = path, lines
    return scenario


def scenario_names(agency_folder: Path | None = None) -> tuple[str, ...]:
    """Give the names that `load_scenario` knows."""
    folders = [shipped_folder(), *([agency_folder / "scenarios"] if agency_folder else [])]
    return tuple(sorted({f.stem for folder in folders for f in folder.glob("*.toml")}))


def shipped_folder() -> Path:
    """Give the folder of the scenarios that come with Thirdring."""
    return Path(__file__).parent.parent.parent / "scenarios"


def step_lines(text: str) -> tuple[int, ...]:
    """The line of each `[[steps]]`, from 1; empty where the steps are written as one list."""
    return tuple(text.count("\n", 0, found.start()) + 1 for found in _HEADER.finditer(text))


def _find(name: str, agency_folder: Path | None) -> Path:
    if name.endswith(".toml") or "/" in name:
        candidates = [Path(name)]
    else:
        own = [agency_folder / "scenarios" / f"{name}.toml"] if agency_folder else []
        candidates = [*own, shipped_folder() / f"{name}.toml"]
    for path in candidates:
        if path.is_file():
            return path
    raise NotFound("scenario.not_found", name=name, known=", ".join(scenario_names(agency_folder)))


def _place(loc: Loc, data: dict[str, Any], *, text: str, lines: tuple[int, ...]) -> tuple[Words, str]:
    """Name a place in a scenario: the line, `step 3 (press)`, and the key in it."""
    if len(loc) < 2 or loc[0] != "steps" or not isinstance(loc[1], int):
        return {}, ".".join(str(part) for part in loc)
    step = data["steps"][loc[1]]
    kind = step.get("do", "?") if isinstance(step, dict) else "?"
    rest = [str(part) for part in loc[2:] if part != kind]
    where = {"zh": f"第 {loc[1] + 1} 步（{kind}）", "en": f"step {loc[1] + 1} ({kind})"}
    if loc[1] < len(lines):
        line = _key_line(text, lines, loc[1], rest[0] if rest else "do")
        where = {"zh": f"第 {line} 行，{where['zh']}", "en": f"line {line}, {where['en']}"}
    return where, ".".join(rest) or "do"


def _key_line(text: str, lines: tuple[int, ...], index: int, key: str) -> int:
    """The line of a key of a step; the step's own where it is not written."""
    every = text.splitlines()
    end = lines[index + 1] - 1 if index + 1 < len(lines) else len(every)
    written = re.compile(rf"\s*{re.escape(key)}\s*[=.]")
    return next((n + 1 for n in range(lines[index], end) if written.match(every[n])), lines[index])


def _with_lines(error: ScenarioError, file: str, lines: tuple[int, ...]) -> ScenarioError:
    """Name the line of a step that cannot be done, as that of a key that is wrong was named already."""
    problems = tuple(_with_line(one, file, lines) for one in error.problems)
    return ScenarioError(error.key, problems=problems, **error.values)


def _with_line(problem: ThirdringError, file: str, lines: tuple[int, ...]) -> ThirdringError:
    number = problem.values.get("number")
    if isinstance(number, int) and number <= len(lines):
        line = lines[number - 1]
        problem.values["where"] = {"zh": f"{file}，第 {line} 行", "en": f"{file}, line {line}"}
    return problem
