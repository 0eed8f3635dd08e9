"""`thirdring scenario check` and `show`."""

from __future__ import annotations

import click

from harness.cli.options import Asked, asked_for
from harness.cli.output import print_json, print_lines
from harness.errors import DONE
from harness.words import chosen, say


@click.group()
@asked_for
def scenario(asked: Asked) -> None:
    """檢查或顯示情境。Check a scenario, or show one."""


@scenario.command()
@click.argument("name", metavar="NAME|FILE")
@asked_for
def check(asked: Asked, name: str) -> int:
    """檢查情境有沒有寫錯，不撥號。Check a scenario; nothing is dialled."""
    from harness.scenario import load_scenario

    found = load_scenario(name, agency_folder=asked.agency)
    if asked.as_json:
        print_json({"schema": "thirdring.scenario/1", **found.model_dump(mode="json")})
    else:
        legs = ", ".join(found.legs) or "—"
        print_lines([say("cli.fine", name=found.name, steps=len(found.steps), legs=legs)])
    return DONE


@scenario.command()
@click.argument("name", metavar="[NAME|FILE]", required=False)
@asked_for
def show(asked: Asked, name: str | None) -> int:
    """顯示一個情境的內容；不寫名稱就列出全部。Show a scenario; without a name list them all."""
    from harness.scenario import load_scenario, scenario_names

    if name is None:
        found = [load_scenario(one, agency_folder=asked.agency) for one in scenario_names(asked.agency)]
        if asked.as_json:
            print_json({"schema": "thirdring.scenarios/1", "scenarios": [one.model_dump(mode="json") for one in found]})
        else:
            print_lines(f"{one.name}  {chosen(one.title.zh, one.title.en, between=' ')}" for one in found)
        return DONE
    one = load_scenario(name, agency_folder=asked.agency)
    if asked.as_json:
        print_json({"schema": "thirdring.scenario/1", **one.model_dump(mode="json")})
    elif one.file is not None:
        print_lines([one.file.read_text(encoding="utf-8").rstrip()])
    return DONE
