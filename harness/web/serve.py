"""`thirdring serve`: the pages and the programme, one process, until it is told to stop."""

from __future__ import annotations

import ipaddress
import os
import shlex
import socket
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn

from harness.agency import load_agency
from harness.assisted.own_folder import sweep
from harness.errors import EnvironmentFailed, Refused, WrongInput
from harness.imported.staging import take_away_left
from harness.programme.alarm import Alarm, alarm
from harness.programme.notify import Line
from harness.store import open_store
from harness.web.ahead import Ahead
from harness.web.app import make_app
from harness.web.daemon import Daemon, Logged
from harness.web.last_calls import let_calls_end
from harness.web.patience import Impatient
from harness.web.site import LOOPBACK_NAMES, Site
from harness.words import say

PORT = 8303
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""For TLS 1.2; those of 1.3 are fixed, and Python offers nothing older."""
MOST_CONNECTIONS = 400
"""Beyond it 503: the calls of this process need files and memory too. An office's browsers keep two or three each."""
GRACE_S = 5
"""So long may answers take that were begun before a stop."""


@dataclass(frozen=True, kw_only=True)
class Reached:
    """How browsers reach the server."""

    address: str = "127.0.0.1"
    """Where it listens."""
    port: int = PORT
    """Its port; 0: any that is free."""
    certificate: Path | None = None
    """TLS: the certificate's file."""
    key: Path | None = None
    """TLS: its key's file."""
    proxy: str = ""
    """Address of the reverse proxy that keeps TLS; nobody else is answered then."""
    names: tuple[str, ...] = ()
    """Host names by which it is reached, beside those of the machine itself."""


def serve(
    folder: Path,
    reached: Reached,
    *,
    line: Line,
    logged: Logged | None = None,
    run: bool = True,
    metrics_token: str = "",
) -> None:
    """Serve an agency's pages, and run its programme, until SIGTERM or SIGINT.

    `logged` is told of what the programme does; none: `line` is.
    Raises Refused where the pages would be reached from other machines without TLS.
    """
    site = Site(folder=folder, metrics_token=metrics_token, runs=run, **check_reached(reached))
    with open_store(folder / "thirdring.db") as store:
        take_away_left(load_agency(folder).recordings, store)
        if not store.people.all():
            line(say("serve.nobody", agency=agency_option(folder)))
    heard = _listening(reached)
    os.umask(os.umask(0o077) | 0o007)  # recordings and papers are no other account's of this machine
    pages = _Pages(uvicorn.Config(make_app(site), **server_settings(reached)), heard)
    sweep()
    daemon = Daemon(folder, line, logged) if run else None
    ahead = Ahead(site)
    with alarm() as bell:
        pages.start(bell)
        ahead.start()
        if daemon:
            daemon.start()
        line(say("serve.open", url=_url(reached, heard)))
        while not bell.stopped:
            bell.wait(3600.0, due=None, calls=0)
        line(say("serve.ending"))
        let_calls_end(site, daemon)
        site.stopping.set()
        pages.stop()
        ahead.stop(GRACE_S)
        site.assisted.stop()
        if daemon:
            daemon.stop()


class _Pages:
    """The web server's thread; in the main one uvicorn would take the signals, and end the process before the calls."""

    def __init__(self, config: uvicorn.Config, heard: socket.socket) -> None:
        self._server, self._heard = uvicorn.Server(config), heard
        self._thread: threading.Thread | None = None

    def start(self, bell: Alarm) -> None:
        def run() -> None:
            try:
                self._server.run(sockets=[self._heard])
            finally:
                bell.stop()

        self._thread = threading.Thread(target=run, name="pages", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.should_exit = True
        if self._thread:
            self._thread.join(GRACE_S + 5)
        self._heard.close()


def check_reached(reached: Reached) -> dict[str, Any]:
    """What the site needs to know of it; refuses what would send passwords in the clear."""
    if (reached.certificate is None) is not (reached.key is None):
        raise WrongInput("serve.half_tls")
    secure = reached.certificate is not None or bool(reached.proxy)
    if not _loopback(reached.address) and not secure:
        raise Refused("serve.needs_tls", address=reached.address)
    if secure and not reached.names:
        raise WrongInput("serve.needs_name")
    names = LOOPBACK_NAMES | {name.lower() for name in reached.names}
    return {"names": frozenset(names), "secure": secure, "proxy": reached.proxy}


def _loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"


def agency_option(folder: Path) -> str:
    """What a command needs to find the agency from where this one was started; nothing where it stands in it."""
    return "" if folder.resolve() == Path.cwd() else f" --agency {shlex.quote(str(folder))}"


def _listening(reached: Reached) -> socket.socket:
    family = socket.AF_INET6 if ":" in reached.address else socket.AF_INET
    try:
        return socket.create_server((reached.address, reached.port), family=family)
    except OSError as error:
        reason = error.strerror or str(error)
        raise EnvironmentFailed("serve.port", address=reached.address, port=reached.port, reason=reason) from None


def server_settings(reached: Reached) -> dict[str, Any]:
    """What uvicorn is told."""
    tls: dict[str, Any] = {}
    if reached.certificate is not None:
        tls = {"ssl_certfile": reached.certificate, "ssl_keyfile": reached.key, "ssl_ciphers": CIPHERS}
    quiet: dict[str, Any] = {"log_level": "warning", "access_log": False, "server_header": False}
    # Whom a proxy forwards for is read in harness.web.headers, from the one proxy that was named.
    quiet |= {"http": Impatient, "limit_concurrency": MOST_CONNECTIONS}
    # A frame of sound is 640 bytes at most; two pings without an answer, and the browser is lost.
    quiet |= {"ws": "websockets-sansio", "ws_max_size": 4096, "ws_per_message_deflate": False}
    quiet |= {"ws_ping_interval": 2.0, "ws_ping_timeout": 4.0}
    return quiet | {"lifespan": "off", "proxy_headers": False, "timeout_graceful_shutdown": GRACE_S} | tls


def _url(reached: Reached, heard: socket.socket) -> str:
    kind = "https" if reached.certificate else "http"
    host = f"[{reached.address}]" if ":" in reached.address else reached.address
    return f"{kind}://{host}:{heard.getsockname()[1]}/"
