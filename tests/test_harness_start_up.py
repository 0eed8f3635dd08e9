"""Commands start soon: what only telephone, ear or pages need is not read for a command of the office."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.waits

HEAVY = ("scipy", "pjsua2", "onnxruntime", "soundfile", "webrtcvad", "starlette", "uvicorn", "altair", "odfdo")
"""Half a second to a second each, or the telephone itself."""
OFFICE = (
    ["--help"],
    ["plan", "draw", "--help"],
    ["init", "agency"],
    ["plan", "draw", "2026-12"],
    ["plan", "show", "2026-12"],
    ["plan", "rules"],
    ["units", "list"],
    ["scenario", "list"],
    ["form", "show", "keelung-102"],
    ["list"],
    ["figures", "month", "2026-11"],
    ["improve", "list"],
    ["retain"],
    ["questions"],
    ["external", "list"],
)
"""In this order, so that whatever reads too much is the first to be named."""
RUN = """
import json, sys
from harness.cli.program import run
heavy, commands = json.loads(sys.argv[1])
for one in commands:
    status = run([*one, *([] if one[0] in ("init", "--help") or "--help" in one else ["--agency", "agency"])])
    print(json.dumps([" ".join(one), status, sorted(set(heavy) & set(sys.modules))]), file=sys.stderr)
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, int, list[str]]]:
    """Each command with its exit status and the heavy modules that were read by then, in a process of their own."""
    asked = json.dumps([HEAVY, OFFICE])
    folder = tmp_path_factory.mktemp("office")
    path = {"PYTHONPATH": str(Path(__file__).parent.parent), "PATH": "/usr/bin:/bin"}
    done = subprocess.run([sys.executable, "-c", RUN, asked], cwd=folder, env=path, capture_output=True, text=True)
    return [tuple(json.loads(line)) for line in done.stderr.splitlines() if line.startswith("[")]


def test_a_command_of_the_office_reads_neither_telephone_nor_ear(told: list[tuple[str, int, list[str]]]) -> None:
    assert [name for name, _, _ in told] == [" ".join(one) for one in OFFICE]
    assert [(name, status) for name, status, _ in told if status != 0] == []
    assert [(name, read) for name, _, read in told if read] == []
