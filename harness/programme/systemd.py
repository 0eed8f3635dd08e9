"""The unit file that runs the programme as a service of the machine, without a container."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

_UNIT = """[Unit]
Description=Thirdring, telephone tests of {name}
After=network-online.target time-sync.target
Wants=network-online.target

[Service]
ExecStart={program} --agency {folder} run
Restart=on-failure
RestartSec=30
KillSignal=SIGTERM
TimeoutStopSec=420
NoNewPrivileges=true
ProtectSystem=strict
ReadWritePaths={folder}
PrivateTmp=true
UMask=0077

[Install]
WantedBy=multi-user.target
"""


def unit_file(folder: Path) -> str:
    """The text of the unit file; a stop waits until the longest call is over."""
    program = shutil.which("thirdring") or f"{sys.executable} -m harness.cli"
    whole = folder.resolve()
    return _UNIT.format(name=whole.name, program=program, folder=_quoted(str(whole))).rstrip()


def _quoted(path: str) -> str:
    """A path as systemd reads it: percent signs doubled, in quotes where there is a blank."""
    escaped = path.replace("\\", "\\\\").replace("%", "%%")
    return f'"{escaped}"' if " " in escaped else escaped
