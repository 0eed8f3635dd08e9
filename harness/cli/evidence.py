"""`thirdring verify` and `export-case`: whether what was kept is what was measured, and the proof for others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness import clocks
from harness.cli.options import Asked, asked_for
from harness.cli.output import print_json, print_lines
from harness.errors import BELOW_STANDARD, DONE
from harness.words import say

if TYPE_CHECKING:
    from harness.evidence.verify import Verdict


@click.command()
@click.option(
    "--head",
    "heads",
    multiple=True,
    metavar="N:HASH|FILE",
    help="別處留下的雜湊值，可重複。What a paper says, or a file kept elsewhere.",
)
@asked_for
def verify(asked: Asked, heads: tuple[str, ...]) -> int:
    """核對證據鏈：量表、錄音、標記、改判有無被動過。Look for any change of what was kept, and say which."""
    from harness.agency import load_agency
    from harness.evidence.verify import given_heads
    from harness.evidence.verify import verify as look_through
    from harness.store import open_store

    known = [head for one in heads for head in given_heads(one, Path(one))]
    agency = load_agency(asked.agency)
    with open_store(agency.database) as store:
        verdict = look_through(agency.folder, store, heads=known)
    if asked.as_json:
        print_json(verdict.to_dict())
    elif verdict.head is None and not verdict.findings:
        print_lines([say("evidence.nothing")])
    else:
        print_lines(lines_of(verdict))
        print_lines([] if verdict.findings else [say("evidence.whole", **verdict.counts)])
    return BELOW_STANDARD if verdict.findings else DONE


def lines_of(verdict: Verdict) -> Iterator[str]:
    """How far the chain goes, and everything that contradicts it."""
    if verdict.head:
        yield say("evidence.head", **verdict.head.to_dict())
    if verdict.findings:
        yield say("evidence.broken", count=len(verdict.findings))
    yield from (one.sentence() for one in verdict.findings)


@click.command("export-case")
@click.argument("call_id", metavar="CALL_ID")
@click.option("--to", type=click.Path(path_type=Path), required=True, metavar="DIR", help="放在哪裡。Where it goes.")
@click.option("--who", required=True, metavar="NAME", help="誰要的，記入紀錄。Who takes it; it is logged.")
@click.option(
    "--key",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="簽章私鑰；預設機關資料夾的 evidence-key.pem，沒有就做一把。The key; made in the folder where there is none.",
)
@asked_for
def export_case(asked: Asked, call_id: str, to: Path, who: str, key: Path | None) -> int:
    """匯出一通的案卷供聽證：錄音、訊息、量表、鏈與簽章。One call's case for a hearing, signed, with its proof.

    沒有 Thirdring 也能核對：README.txt、verify.sh。It is checked without Thirdring: README.txt, verify.sh.
    """
    from harness.agency import load_agency
    from harness.evidence.case import export_case as export
    from harness.evidence.signature import KEY_FILE
    from harness.store import open_store

    agency = load_agency(asked.agency)
    with open_store(agency.database) as store:
        case = export(
            call_id, to, who=who, agency=agency, store=store, key=key or agency.folder / KEY_FILE, now=clocks.now()
        )
    told = {"folder": str(case.folder), "entries": case.entries, "files": case.files, "fingerprint": case.fingerprint}
    if asked.as_json:
        print_json({"schema": "thirdring.case/1", "call_id": call_id, "head": case.head.to_dict(), **told})
    else:
        print_lines([say("evidence.case", call_id=call_id, **told)])
        print_lines([say("evidence.head", **case.head.to_dict())])
        print_lines([say("evidence.case_contradicted", count=case.contradictions)] if case.contradictions else [])
    return DONE
