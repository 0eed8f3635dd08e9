"""`thirdring probe`, and the options of the commands that can go by a cluster."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.options import Asked, asked_for
from harness.cli.output import tell
from harness.errors import DONE, EnvironmentFailed
from harness.words import say

if TYPE_CHECKING:
    from harness.cluster.address import Cluster

_URL = click.option(
    "--cluster",
    metavar="dask://HOST:PORT",
    help="其他機器的 Dask 排程器；本機以外須用 tls://。Scheduler of other machines; tls:// beyond this one.",
)
_TLS = click.option(
    "--tls",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="憑證：ca.pem、cert.pem、key.pem。Certificates for tls://.",
)


def by_cluster(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `--cluster` and `--tls`."""
    return _URL(_TLS(command))


def cluster_of(url: str | None, tls: Path | None) -> Cluster | None:
    """The cluster that was asked for; EnvironmentFailed where its part is not installed."""
    if url is None:
        return None
    from harness.cluster.address import cluster_at

    found = cluster_at(url, tls=tls)
    try:
        import harness.cluster.link  # noqa: F401
    except ModuleNotFoundError as error:
        raise EnvironmentFailed("cluster.no_dask", missing=error.name or "") from None
    return found


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), metavar="AGENCY_FOLDER")
@by_cluster
@click.option("--name", default=socket.gethostname, metavar="NAME", help="這台的名稱。What this probe is called.")
@click.option("--line", "lines", multiple=True, metavar="ID", help="只用這些線路。Only these lines (default: all).")
@click.option(
    "--ears", type=click.IntRange(0, 256), default=1, show_default=True, help="重聽的行程數。Processes that rehear."
)
@asked_for
def probe(
    asked: Asked, folder: Path, cluster: str | None, tls: Path | None, name: str, lines: tuple[str, ...], ears: int
) -> int:
    """把這台機器的線路借給另一台的 `thirdring run --cluster`。Lend this machine's lines to a head, until stopped.

    AGENCY_FOLDER：總機端的名冊、情境，加上這台自己的線路與密碼。Head's directory, own lines and secrets."""
    if cluster is None:
        raise click.UsageError("--cluster")
    at = cluster_of(cluster, tls)
    assert at is not None
    from harness.agency import load_agency
    from harness.cluster.probe import lines_of, serve

    agency = load_agency(folder)
    serve(
        agency,
        at,
        name=name,
        lines=lines_of(agency, lines),
        ears=ears,
        say=lambda key, values: tell(say(f"cluster.{key}", **values)),
    )
    return DONE
