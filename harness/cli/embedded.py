"""`thirdring switchboard` and `demo`."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import click

from harness.cli.options import Asked, asked_for
from harness.cli.output import print_json, print_lines, tell
from harness.errors import DONE
from harness.words import say


@click.command()
@click.argument("script", type=click.Path(path_type=Path), metavar="SCRIPT.toml")
@click.option(
    "--truth",
    type=click.Path(path_type=Path),
    default=Path("truth.jsonl"),
    show_default=True,
    metavar="FILE",
    help="真實時間寫到這裡。Where the truth is logged.",
)
@asked_for
def switchboard(asked: Asked, script: Path, truth: Path) -> int:
    """啟動模擬機關（本機 SIP）。Run the embedded agency: a real SIP endpoint on loopback."""
    from harness.switchboard.serve import serve

    def ready(addresses: dict[str, str]) -> None:
        if asked.as_json:
            print_json({"schema": "thirdring.switchboard/1", "addresses": addresses})
        else:
            print_lines(say("switchboard.ready", site=one, address=at, truth=truth) for one, at in addresses.items())
        tell(say("cli.switchboard_up"))

    with suppress(KeyboardInterrupt):
        serve(script, truth=truth, ready=ready)
    return DONE


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=Path("demo"), metavar="[DIR]")
@click.option(
    "--picture", type=click.Path(path_type=Path), metavar="FILE.svg", help="另存成圖。Draw the table into a file too."
)
@asked_for
def demo(asked: Asked, folder: Path, picture: Path | None) -> int:
    """對模擬機關撥測試電話，和真實時間比對。Call the embedded agency and compare with its truth."""
    from harness import demo as demonstration

    return demonstration.run(folder, as_json=asked.as_json, picture=picture)
