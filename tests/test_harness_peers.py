"""A peer that cannot be had: its tests are left out by name, and with CI=true that is a failure."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from types import SimpleNamespace

import left_out
import peers
import pytest
from peers import FETCH, NAMES, need


@pytest.fixture
def unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "fetch", lambda peer: "apt 取不到\napt could not get it")


class Config:
    """As much of pytest's configuration as `need` wants: of one process, or of one among several that test."""

    def __init__(self, *, several: bool) -> None:
        self.stash = pytest.Stash()
        if several:
            self.workeroutput: dict[str, object] = {}


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("peer", NAMES)
def test_it_is_named_with_the_reason_and_the_way_to_get_it(
    unreachable: None, monkeypatch: pytest.MonkeyPatch, peer: str, several: bool
) -> None:
    monkeypatch.delenv("CI", raising=False)
    here, printing = Config(several=several), Config(several=False)
    for _ in range(2):
        with pytest.raises(pytest.skip.Exception):
            need(peer, SimpleNamespace(config=here))
    if several:
        left_out.take_over(printing, here.workeroutput)
    lines = list[str]()
    left_out.write(printing if several else here, SimpleNamespace(write_line=lines.append))
    text = "\n".join(lines)
    assert all(part in text for part in (NAMES[peer], "apt could not get it", f"bash tests/peers/fetch.sh {peer}"))
    assert text.count("Not tested") == 1


def test_in_continuous_integration_it_is_a_failure(unreachable: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no SIPp"):
        need("sipp", SimpleNamespace(config=Config(several=False)))


def test_without_apt_the_script_says_what_it_needs(tmp_path: Path) -> None:
    """A machine of another kind: only the tools that any has."""
    for tool in ("bash", "dirname", "realpath", "mkdir"):
        (tmp_path / tool).symlink_to(next(p for d in os.get_exec_path() if (p := Path(d) / tool).exists()))
    done = subprocess.run(
        [tmp_path / "bash", FETCH, "sipp", tmp_path / "sipp"],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3
    assert "apt-get" in done.stderr
    assert "Debian" in done.stderr
