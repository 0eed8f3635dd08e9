"""`thirdring listen` and `learn-tone`."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.noted import note_change
from harness.cli.options import Asked, asked_for
from harness.cli.output import between, print_json, print_lines, print_table
from harness.errors import BELOW_STANDARD, DONE, EnvironmentFailed, WrongInput
from harness.words import label, say

if TYPE_CHECKING:
    from harness.hearing import Heard

COLUMNS = 110  # where there is no terminal to fit into


@click.command()
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
@click.option(
    "--tone-plan",
    default="tw",
    show_default=True,
    metavar="auto|PLAN|FILE",
    help="音頻方案：國碼、學來的名稱、檔案；auto 由聲音判斷。The tones; auto finds them from the sound.",
)
@click.option(
    "--plot",
    type=click.Path(path_type=Path),
    metavar="CALL.svg",
    help="另存成圖：波形、頻譜、鈴響、接起、時限。Draw it: waveform, spectrum, rings, pick-up, limits.",
)
@asked_for
def listen(asked: Asked, file: Path, tone_plan: str, plot: Path | None) -> int:
    """聽一個錄音檔（WAV、FLAC）：鈴響、忙音、人聲、接起。Hear a recording: ringback, busy, voices, the pick-up."""
    from harness.hearing import below_standard, hear

    if plot is not None and plot.suffix.lower() != ".svg":
        raise WrongInput("ear.plot_name", file=plot)
    heard = hear(file, tone_plan=tone_plan, agency_folder=asked.agency)
    found = heard.to_dict()
    if plot is not None:
        _draw(heard, plot)
    if asked.as_json:
        print_json(found)
    else:
        _show(heard, found)
        print_lines([] if plot is None else ["", say("ear.drawn", file=plot)])
    return BELOW_STANDARD if below_standard(found) else DONE


@click.command("learn-tone")
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
@click.option("--name", required=True, metavar="NAME", help="給這套音取名，例如 our-pbx。What to call it.")
@click.option("--replace", is_flag=True, help="換掉同名的。Replace the one of that name.")
@asked_for
def learn_tone(asked: Asked, file: Path, name: str, replace: bool) -> int:
    """由錄音學交換機自己的回鈴音。Learn an exchange's own ringback from a recording of three rings or more."""
    from dsp.learn import notation
    from harness.hearing import learn_tone as learn

    plan, written = learn(file, name=name, agency_folder=asked.agency, replace=replace)
    note_change(asked.agency, "tone_learnt", command="learn-tone", plan=plan.name, file=file.name)
    ringback = notation(plan.ringback)
    if asked.as_json:
        tones = {"ringback": plan.ringback, "busy": plan.busy, "congestion": plan.congestion}
        told = {key: None if tone is None else notation(tone) for key, tone in tones.items()}
        print_json({"schema": "thirdring.tone_plan/1", "name": name, "file": str(written), **told})
    else:
        print_lines([say("ear.learnt", file=written, ringback=ringback, name=name)])
    return DONE


def _draw(heard: Heard, file: Path) -> None:
    try:
        from harness.plot.call_chart import draw_call
    except ModuleNotFoundError as error:
        raise EnvironmentFailed("ear.no_plot", missing=error.name or "") from None
    draw_call(heard, file)


def _show(heard: Heard, found: dict[str, Any]) -> None:
    from harness.hearing import verdict
    from harness.plot.bar import bar_lines

    plan, seconds = found["tone_plan"], f"{found['duration_s']:.2f}"
    print_lines([say("ear.head", file=heard.file, seconds=seconds, plan=plan), ""])
    columns = shutil.get_terminal_size((COLUMNS, 24)).columns
    print_lines([*bar_lines(heard.listening, columns=min(columns, 2 * COLUMNS)), ""])
    if not found["legs"]:
        print_lines([say("cli.nothing_heard")])
        return
    names = ("outcome", "rings", "answer_latency", "ring_onset", "pick_up", "voice_onset")
    headings = [label(f"column.{one}") for one in names]
    print_table([label("column.what"), *headings], [leg_row(*one) for one in enumerate(found["legs"], start=1)])
    verdicts = [(number, verdict(leg)) for number, leg in enumerate(found["legs"], start=1)]
    print_lines(["", *(say(f"ear.verdict_{one}", number=number) for number, one in verdicts if one)])


def leg_row(number: int, leg: dict[str, Any]) -> list[object]:
    """A leg as `listen` shows it: an open count of rings with both its ends."""
    latency, pick_up = (_between(leg[key]) for key in ("answer_latency_s", "pick_up_s"))
    times = (leg["ring_onset_s"], leg["voice_onset_s"])
    onset, voice = (None if one is None else f"{one:.2f}" for one in times)
    name, outcome = label("ear.plot_leg", number=number), label(f"outcome.{leg['outcome']}")
    fewest, most = leg.get("rings_at_least"), leg.get("rings_at_most")
    rings = leg["rings"] if leg["rings"] is not None or fewest is None else f"{fewest}–{most}"
    return [name, outcome, rings, latency, onset, pick_up, voice]


def _between(value: dict[str, float] | None) -> str | None:
    return None if value is None else between(value["earliest"], value["latest"])
