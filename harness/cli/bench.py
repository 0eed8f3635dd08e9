"""`thirdring bench ear`, and the group that `bench calls` is in too."""

from __future__ import annotations

from typing import Any

import click

from harness.cli.bench_calls import calls
from harness.cli.options import Asked, asked_for
from harness.cli.output import print_json, print_lines, print_table, tell
from harness.errors import DONE, EnvironmentFailed
from harness.words import label, say

SCHEMA = "thirdring.bench_ear/1"


@click.group()
@asked_for
def bench(asked: Asked) -> None:
    """量量看耳朵準不準、同時能撥幾通。Measure the ear against known truth, and how many calls at once are in time."""


bench.add_command(calls)


@bench.command()
@click.option("--calls", type=click.IntRange(1, 100000), default=200, show_default=True, help="幾通。How many.")
@click.option(
    "--seed", type=click.IntRange(0, 2**32), default=1, show_default=True, help="種子。Same seed, same calls."
)
@click.option(
    "--voices",
    type=click.Choice(["shipped", "installed", "all"]),
    default="all",
    show_default=True,
    help="語音：內建的、另裝的（Debian 的 asterisk-core-sounds-en-wav）。Whose voices: shipped, or Debian's package.",
)
@click.option("--plain", is_flag=True, help="線路只有雜訊與單包遺失。Noise and single lost packets only.")
@click.option("--buffered", is_flag=True, help="經過話機的抖動緩衝。Through a telephone's jitter buffer.")
@click.option("--markdown", is_flag=True, help="印成 Markdown 表格，放進說明檔。As a Markdown table, for a document.")
@asked_for
def ear(asked: Asked, calls: int, seed: int, voices: str, plain: bool, buffered: bool, markdown: bool) -> int:
    """製造已知真實時間的電話，給耳朵聽，印出誤差表。Make calls with known truth, hear them, print the errors."""
    from harness.bench.ear import bench_ear, figures
    from harness.bench.voices import installed_voices, shipped_voices

    shipped = [] if voices == "installed" else shipped_voices()
    installed = [] if voices == "shipped" else installed_voices()
    if not shipped and not installed:
        raise EnvironmentFailed("ear.bench_no_voices")

    def progress(index: int) -> None:
        if (index + 1) % 100 == 0:
            tell(f"{index + 1} / {calls}")

    every = [*shipped, *installed]
    judged = bench_ear(calls, seed=seed, voices=every, plain=plain, buffered=buffered, progress=progress)
    found = figures(judged)
    wrong = [{"index": one.index, "plan": one.plan, "wrong": one.faults} for one in judged if one.faults]
    if asked.as_json:
        said = {"shipped": len(shipped), "installed": len(installed)}
        print_json({"schema": SCHEMA, "seed": seed, "voices": said, "figures": found, "wrong": wrong})
        return DONE
    rows = [_row(*one) for one in found.items()]
    if markdown:
        print_lines(["| | |", "|---|---|", *(f"| {what} | {value} |" for what, value in rows)])
    else:
        print_table([label("column.what"), label("column.value")], rows)
    print_lines([say("ear.bench_voices", shipped=len(shipped), installed=len(installed), seed=seed)])
    print_lines(f"#{one.index} {one.plan}: {', '.join(one.faults)}" for one in judged if one.faults)
    return DONE


def _row(name: str, value: Any) -> list[object]:
    spread = " / ".join(f"{one:g}" for one in value.values()) if isinstance(value, dict) else value
    return [label(f"ear.bench_{name}"), spread]
