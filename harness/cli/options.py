"""The options that every command takes, before or after its name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from pathlib import Path
from typing import Any

import click

from harness.words import BOTH, LANGUAGES, use_language


@dataclass(frozen=True)
class Asked:
    """What the common options said."""

    agency: Path = Path(".")
    """The agency folder."""
    lang: str = BOTH
    """Language of what is printed."""
    as_json: bool = False
    """Whether the result is printed as JSON."""


def asked_for(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the common options; what stands after its name beats what stands before it."""

    @click.option(
        "--agency",
        type=click.Path(path_type=Path),
        envvar="THIRDRING_AGENCY",
        metavar="DIR",
        help="機關資料夾（預設：目前資料夾）。The agency folder (default: where you stand).",
    )
    @click.option(
        "--lang",
        type=click.Choice([*LANGUAGES, BOTH]),
        envvar="THIRDRING_LANG",
        help="語言：zh、en、both（預設）。Language of what is printed.",
    )
    @click.option("--json", "as_json", is_flag=True, default=None, help="以 JSON 輸出。Print JSON.")
    @wraps(command)
    def asking(agency: Path | None, lang: str | None, as_json: bool | None, **values: Any) -> Any:
        context = click.get_current_context()
        said = {"agency": agency, "lang": lang, "as_json": as_json}
        asked = replace(context.obj or Asked(), **{k: v for k, v in said.items() if v is not None})
        context.obj = asked
        use_language(asked.lang)
        return command(asked, **values)

    return asking
