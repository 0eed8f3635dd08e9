"""`thirdring serve`: the pages, and the programme beside them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
from click.core import ParameterSource

from harness.cli.log import logging_as
from harness.cli.options import Asked, asked_for
from harness.cli.output import print_lines
from harness.errors import DONE, EnvironmentFailed, WrongInput
from harness.programme.systemd import unit_file

PORT = 8303
NOT_REPEATED = frozenset({"systemd", "agency"})
"""Options that a unit file does not hand on: the agency stands before the command already."""
SHORTEST_TOKEN = 16
"""Characters of the token for /metrics: nobody counts how often it was guessed."""


@click.command()
@click.option("--address", default="127.0.0.1", show_default=True, help="開在哪個位址。Where it listens.")
@click.option("--port", default=PORT, show_default=True, help="連接埠。Its port.")
@click.option("--tls-certificate", type=click.Path(path_type=Path), metavar="FILE", help="TLS 憑證。TLS certificate.")
@click.option("--tls-key", type=click.Path(path_type=Path), metavar="FILE", help="TLS 金鑰。Its key.")
@click.option(
    "--behind-proxy",
    default="",
    metavar="IP",
    help="反向代理的位址，只接受它。The reverse proxy, the only one answered.",
)
@click.option(
    "--name", "names", multiple=True, metavar="HOST", help="網址的主機名稱，可重複。Host name it is reached by."
)
@click.option("--no-run", is_flag=True, help="只開網頁，不自動測試。The pages only, not the programme.")
@click.option("--log", type=click.Choice(["text", "json"]), default="text", help="紀錄的格式。The log's format.")
@click.option(
    "--metrics-token-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="/metrics 的權杖，在第一行。The token for /metrics.",
)
@click.option("--systemd", is_flag=True, help="印出 systemd 服務檔，不執行。Print a systemd unit file; run nothing.")
@asked_for
def serve(
    asked: Asked,
    address: str,
    port: int,
    tls_certificate: Path | None,
    tls_key: Path | None,
    behind_proxy: str,
    names: tuple[str, ...],
    no_run: bool,
    log: str,
    metrics_token_file: Path | None,
    systemd: bool,
) -> int:
    """開啟網頁並自動測試，直到停止（Ctrl-C）。Serve the pages and run the programme until it is stopped."""
    try:
        from harness.web.serve import Reached, check_reached
        from harness.web.serve import serve as serve_pages
    except ModuleNotFoundError as error:
        raise EnvironmentFailed("serve.not_installed", name=error.name) from None
    reached = Reached(
        address=address, port=port, certificate=tls_certificate, key=tls_key, proxy=behind_proxy, names=names
    )
    if systemd:
        check_reached(reached)  # what would be refused is no service either
        print_lines([unit_file(asked.agency, ["serve", *_typed(click.get_current_context())], port=port)])
        return DONE
    token = _token(metrics_token_file) if metrics_token_file else ""
    line, logged = logging_as(log)
    serve_pages(asked.agency, reached, line=line, logged=logged, run=not no_run, metrics_token=token)
    return DONE


def _typed(context: click.Context) -> Iterator[str]:
    """The options of this command as they were typed, files by their whole path; --systemd itself left out."""
    for option in context.command.params:
        name, value = option.name or "", context.params.get(option.name or "")
        if name in NOT_REPEATED or context.get_parameter_source(name) is not ParameterSource.COMMANDLINE:
            continue
        if not isinstance(value, bool):
            values = value if isinstance(value, tuple) else (value,)
            for one in values:
                yield from (option.opts[-1], str(one.resolve() if isinstance(one, Path) else one))
        elif value:
            yield option.opts[-1]


def _token(file: Path) -> str:
    try:
        token = file.read_text(encoding="utf-8").split("\n")[0].strip()
    except (OSError, UnicodeDecodeError):
        token = ""
    if not token:
        raise WrongInput("serve.token_file", file=str(file))
    if len(token) < SHORTEST_TOKEN:
        raise WrongInput("serve.token_short", file=str(file), shortest=SHORTEST_TOKEN)
    return token
