"""`thirdring listen`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from harness.cli.options import Asked, asked_for
from harness.cli.output import between, print_json, print_lines, print_table
from harness.errors import BELOW_STANDARD, DONE
from harness.words import label, say


@click.command()
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
@click.option("--tone-plan", default="tw", show_default=True, metavar="PLAN", help="音頻方案。The tones to listen for.")
@asked_for
def listen(asked: Asked, file: Path, tone_plan: str) -> int:
    """聽一個錄音檔（WAV、FLAC）：鈴響、忙音、人聲、接起。Hear a recording: ringback, busy, voices, the pick-up."""
    from harness.hearing import below_standard, hear_file

    heard = hear_file(file, tone_plan=tone_plan)
    if asked.as_json:
        print_json(heard)
    else:
        _show(heard)
    return BELOW_STANDARD if below_standard(heard) else DONE


def _show(heard: dict[str, Any]) -> None:
    headings = [label(f"column.{one}") for one in ("sound", "start", "end")]
    print_table(headings, [_segment_row(one) for one in heard["segments"]])
    print_lines([""])
    if not heard["legs"]:
        print_lines([say("cli.nothing_heard")])
        return
    names = ("outcome", "rings", "answer_latency", "ring_onset", "pick_up", "voice_onset")
    print_table([label(f"column.{one}") for one in names], [_leg_row(leg) for leg in heard["legs"]])


def _segment_row(segment: dict[str, Any]) -> list[object]:
    what = f"{segment['sound']} {segment.get('digit', '')}".strip()
    return [what, f"{segment['start_s']:.2f}", f"{segment['end_s']:.2f}"]


def _leg_row(leg: dict[str, Any]) -> list[object]:
    latency, pick_up = (_between(leg[key]) for key in ("answer_latency_s", "pick_up_s"))
    outcome = label(f"outcome.{leg['outcome']}")
    return [outcome, leg["rings"], latency, leg["ring_onset_s"], pick_up, leg["voice_onset_s"]]


def _between(value: dict[str, float] | None) -> str | None:
    return None if value is None else between(value["earliest"], value["latest"])
