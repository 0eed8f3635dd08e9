"""`thirdring scenario list`, `check` and `show`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from harness.cli.options import Asked, asked_for
from harness.cli.output import print_json, print_lines
from harness.errors import DONE
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
    """列出全部情境，機關自己的優先。List all; the agency's own come first."""
    _list(asked)
    return DONE


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
        _list(asked)
        return DONE
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


def _list(asked: Asked) -> None:
    from harness.scenario import load_scenario, scenario_names

    found = [load_scenario(one, agency_folder=asked.agency) for one in scenario_names(asked.agency)]
    if asked.as_json:
        print_json({"schema": "thirdring.scenarios/1", "scenarios": [one.model_dump(mode="json") for one in found]})
    else:
        print_lines(f"{one.name}  {chosen(one.title.zh, one.title.en, between=' ')}" for one in found)


def _possible(asked: Asked, found: Scenario) -> Sounds:
    """Look at the agency too, where there is one here; a unit of its directory stands for all."""
    from harness.agency import AGENCY_FILE, load_agency
    from harness.hearing import find_plan
    from harness.prompts.marks import marks_for
    from harness.scenario.possible import possible
    from harness.scoring import usable_form

    if not (asked.agency / AGENCY_FILE).is_file():
        return {}
    agency = load_agency(asked.agency)
    unit = next((one for one in agency.units if one.scenario == found.name), next(iter(agency.units), None))
    site = agency.site(unit.site if unit else "")
    steps = found.with_operator(site.operator_key) if site is not None else found.with_operator()
    steps = steps.with_extension(unit.extension) if unit is not None and unit.extension else steps
    return possible(
        steps,
        agency=agency,
        unit=unit,
        form=usable_form(agency.settings.form, agency.folder),
        tones=find_plan(agency.settings.tone_plan, agency_folder=agency.folder),
        marks=marks_for(unit, agency),
    )


def _period_s(asked: Asked) -> float:
    """From ring to ring where the agency is; in Taiwan without one."""
    from harness.agency import AGENCY_FILE, load_agency
    from harness.hearing import find_plan

    if not (asked.agency / AGENCY_FILE).is_file():
        return find_plan("tw").period_s
    agency = load_agency(asked.agency)
    return find_plan(agency.settings.tone_plan, agency_folder=agency.folder).period_s
