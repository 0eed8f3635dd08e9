"""`thirdring scenario list`, `check` and `show`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from harness.cli.options import Asked, asked_for
from harness.cli.output import print_json, print_lines, tell
from harness.errors import DONE, WRONG_USAGE, WrongInput
from harness.words import chosen, say

if TYPE_CHECKING:
    from harness.said import Sounds
    from harness.scenario import Scenario

SCHEMA = "thirdring.scenario/1"


@click.group()
@asked_for
def scenario(asked: Asked) -> None:
    """列出、檢查或朗讀情境。List scenarios, check one, read one aloud."""


@scenario.command("list")
@asked_for
def list_scenarios(asked: Asked) -> int:
    """列出全部情境，機關自己的優先。List all; the agency's own come first.

    有誤的檔案另外指出，其他的照列。Files that are wrong are named besides; the others are listed all the same.
    """
    return _list(asked)


@scenario.command()
@click.argument("name", metavar="NAME|FILE")
@asked_for
def check(asked: Asked, name: str) -> int:
    """檢查情境做不做得到，不撥號。Check whether a scenario can be done; nothing is dialled.

    在機關資料夾裡，也檢查標記、錄音、量表與撥號閘門。In an agency's folder its marks, recordings, form and the number
    gate are looked at too.
    """
    from harness.scenario import load_scenario

    found = load_scenario(name, agency_folder=asked.agency)
    sounds = _possible(asked, found)
    notes = [say("said.robot", number=number, name=one.name) for number, one in sounds.items() if one.by_robot]
    if asked.as_json:
        print_json({"schema": SCHEMA, **found.model_dump(mode="json"), "notes": notes})
    else:
        legs = ", ".join(found.legs) or "—"
        print_lines([say("cli.fine", name=found.name, steps=len(found.steps), legs=legs), *notes])
    return DONE


@scenario.command()
@click.argument("name", metavar="[NAME|FILE]", required=False)
@asked_for
def show(asked: Asked, name: str | None) -> int:
    """逐句朗讀一個情境，每個界限說出處；不寫名稱就列出全部。Read a scenario aloud; without a name list them all."""
    from harness.scenario import load_scenario
    from harness.scenario.aloud import read_aloud

    if name is None:
        return _list(asked)
    one = load_scenario(name, agency_folder=asked.agency)
    sentences = read_aloud(one, period_s=_period_s(asked))
    if asked.as_json:
        print_json({"schema": SCHEMA, **one.model_dump(mode="json"), "aloud": [vars(line) for line in sentences]})
        return DONE
    print_lines([f"{one.name}  {chosen(one.title.zh, one.title.en, between=' ')}", ""])
    for line in sentences:
        begins = "    " if line.more else f"{line.number:2d}. "
        print_lines(begins + text if not n else "    " + text for n, text in enumerate(_languages(line.zh, line.en)))
    return DONE


def _languages(zh: str, en: str) -> list[str]:
    return chosen(zh, en).splitlines()


def _list(asked: Asked) -> int:
    found, wrong = _readable(asked)
    if asked.as_json:
        told = {"scenarios": [one.model_dump(mode="json") for one in found], "wrong": [one.to_dict() for one in wrong]}
        print_json({"schema": "thirdring.scenarios/1", **told})
    else:
        print_lines(f"{one.name}  {chosen(one.title.zh, one.title.en, between=' ')}" for one in found)
    for error in wrong:
        tell(error.sentence())
    return WRONG_USAGE if wrong else DONE


def _readable(asked: Asked) -> tuple[list[Scenario], list[WrongInput]]:
    """The scenarios that can be read, and what is wrong with the others: one bad file hides no good one."""
    from harness.scenario import load_scenario, scenario_names

    found, wrong = [], []
    for name in scenario_names(asked.agency):
        try:
            found.append(load_scenario(name, agency_folder=asked.agency))
        except WrongInput as error:
            wrong.append(error)
    return found, wrong


def _possible(asked: Asked, found: Scenario) -> Sounds:
    """Look at the agency too, where there is one here; a unit of its directory stands for all."""
    from harness.agency import AGENCY_FILE, load_agency
    from harness.scenario_here import possible_here

    if not (asked.agency / AGENCY_FILE).is_file():
        return {}
    return possible_here(found, load_agency(asked.agency))


def _period_s(asked: Asked) -> float:
    """From ring to ring where the agency is; in Taiwan without one."""
    from harness.agency import AGENCY_FILE, load_agency
    from harness.hearing import find_plan

    if not (asked.agency / AGENCY_FILE).is_file():
        return find_plan("tw").period_s
    agency = load_agency(asked.agency)
    return find_plan(agency.settings.tone_plan, agency_folder=agency.folder).period_s
