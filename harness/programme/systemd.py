"""The unit file that runs the programme, with its pages or without, as a service of the machine; no container."""

from __future__ import annotations

import pwd
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

FIRST_FREE_PORT = 1024
STOP_S = 1800 + 120
"""The longest call that an agency may set, then what it takes to keep it and to end: the file is printed once, and the
setting may be changed afterwards. A stop takes no longer than the calls that are up."""
_UNIT = """[Unit]
Description=Thirdring, telephone tests of {name}
After=network-online.target time-sync.target
Wants=network-online.target

[Service]
User={user}
ExecStart={program} --agency {folder} {command}
Restart=on-failure
RestartSec=30
KillMode=mixed
KillSignal=SIGTERM
TimeoutStopSec={stop_s:.0f}
NoNewPrivileges=true
{low_port}ProtectSystem=strict
ReadWritePaths={folder}
PrivateTmp=true
UMask=0077

[Install]
WantedBy=multi-user.target
"""


def unit_file(folder: Path, command: Sequence[str] = ("run",), *, port: int = 0) -> str:
    """The text of the unit file. It runs as whoever owns the folder.

    `port`: where pages listen; only root may below 1024, unless the service is given that right alone.

    A stop is told to the programme alone (`mixed`), or the calls that are up would be cut off, and waits until the
    longest of them is over.
    """
    found = shutil.which("thirdring")
    program = _quoted(found) if found else f"{_quoted(sys.executable)} -m harness.cli"
    whole = folder.resolve()
    name, owner = whole.name.replace("%", "%%"), whole.stat().st_uid
    told: dict[str, str | int] = {"stop_s": STOP_S}
    told |= {"name": name, "user": _user(owner), "program": program, "folder": _quoted(str(whole))}
    told["low_port"] = "AmbientCapabilities=CAP_NET_BIND_SERVICE\n" if 0 < port < FIRST_FREE_PORT else ""
    return _UNIT.format(**told, command=" ".join(map(_argument, command))).rstrip()


def _user(owner: int) -> str:
    try:
        return pwd.getpwuid(owner).pw_name
    except KeyError:  # of another machine: systemd takes the number too
        return str(owner)


def _argument(text: str) -> str:
    """A word of a command line as systemd reads it, which puts variables in."""
    return _quoted(text).replace("$", "$$")


def _quoted(path: str) -> str:
    """A path as systemd reads it: percent signs doubled, in quotes where there is a blank."""
    escaped = path.replace("\\", "\\\\").replace("%", "%%")
    return f'"{escaped}"' if " " in escaped else escaped
