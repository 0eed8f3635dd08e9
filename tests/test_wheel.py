"""The wheel: everything that the program reads is in it, with the licences, and a page comes out of it alone."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

from hatch_build import ASSETS, FILES, STAMP

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parent.parent
PACKAGES = ("harness", "dsp", "rubric", "scenarios")
NEVER = (".pyc", ".before", ".db", ".wav~")
KINDS = {
    "rubric/forms/keelung-102.toml": "a form",
    "scenarios/extension-direct.toml": "a scenario",
    "harness/words/web.toml": "words",
    "harness/web/templates/base.html": "a template",
    "harness/web/static/site.css": "a style",
    "harness/web/common_passwords.bin": "the passwords that guessers try",
    "harness/documents/paper.typ": "how a PDF looks",
    "dsp/tone_plans/plans.toml": "tone plans",
}
"""One of each kind, by name: what would be missing silently."""
RUN = """
import http.client, pathlib, socket, sys, threading, time
import harness, uvicorn
from harness.web.app import make_app
from harness.web.serve import Reached, server_settings
from harness.web.site import Site
assert pathlib.Path(harness.__file__).is_relative_to(sys.argv[1]), harness.__file__
heard = socket.create_server(("127.0.0.1", 0))
site = Site(folder=pathlib.Path(sys.argv[2]))
server = uvicorn.Server(uvicorn.Config(make_app(site), **server_settings(Reached())))
thread = threading.Thread(target=server.run, kwargs={"sockets": [heard]})
thread.start()
for path in sys.argv[3:]:
    connection = http.client.HTTPConnection("127.0.0.1", heard.getsockname()[1], timeout=60)
    connection.request("GET", path)
    answer = connection.getresponse()
    print(answer.status, len(answer.read()), path)
    connection.close()
site.stopping.set()
server.should_exit = True
thread.join()
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, made as a release is, with what is installed here."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet", "--no-deps"]
    made = subprocess.run(
        [*pip, "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    (found,) = folder.glob("thirdring-*.whl")
    return found


@pytest.fixture(scope="module")
def names(wheel: Path) -> frozenset[str]:
    with zipfile.ZipFile(wheel) as file:
        return frozenset(file.namelist())


@pytest.fixture(scope="module")
def unpacked(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What pip would lay into site-packages."""
    folder = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as file:
        file.extractall(folder)
    return folder


def run(unpacked: Path, *words: str, cwd: Path) -> str:
    """Run Python where of this program there is the wheel alone."""
    environment = os.environ | {"PYTHONPATH": str(unpacked), "PYTHONSAFEPATH": "1"}
    done = subprocess.run(
        [sys.executable, *words], cwd=cwd, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_file_of_the_packages_is_in_it(names: frozenset[str]) -> None:
    files = (path for package in PACKAGES for path in (ROOT / package).rglob("*") if path.is_file())
    wanted = {path.relative_to(ROOT).as_posix() for path in files if not path.name.endswith(NEVER)}
    assert sorted(wanted - names) == []
    assert set(KINDS) <= names


def test_what_is_brought_from_npm_is_in_it_each_with_its_licence(wheel: Path, names: frozenset[str]) -> None:
    assert {(ASSETS / name).as_posix() for name in (*FILES, STAMP)} <= names
    with zipfile.ZipFile(wheel) as file:
        for name in FILES:
            content = file.read((ASSETS / name).as_posix())
            assert content == (ROOT / ASSETS / name).read_bytes()
            assert not name.startswith("licences/") or b"ermission" in content or b"BSD" in content


def test_its_own_licence_and_what_it_needs_are_said(wheel: Path, names: frozenset[str]) -> None:
    told = next(name for name in names if name.endswith(".dist-info/METADATA"))
    with zipfile.ZipFile(wheel) as file:
        metadata = Parser().parsestr(file.read(told).decode())
        entries = file.read(told.replace("METADATA", "entry_points.txt")).decode()
    assert metadata["License-Expression"] == "GPL-3.0-or-later"
    assert f"{told.removesuffix('METADATA')}licenses/LICENSE" in names
    assert {"all", "web", "pdf"} <= set(metadata.get_all("Provides-Extra"))
    assert "thirdring = harness.cli:main" in entries


def test_nothing_of_this_folder_is_in_it(names: frozenset[str]) -> None:
    heads = {name.partition("/")[0] for name in names}
    assert {one for one in heads if not one.endswith(".dist-info")} == set(PACKAGES)
    assert [name for name in names if name.endswith((".pyc", ".db", ".before")) or "node_modules" in name] == []


def test_a_page_and_a_command_come_out_of_it_alone(unpacked: Path, tmp_path: Path) -> None:
    folder = tmp_path / "agency"
    run(unpacked, "-m", "harness.cli", "init", str(folder), cwd=tmp_path)
    for words in (("form", "show", "keelung-102"), ("scenario", "list")):
        assert run(unpacked, "-m", "harness.cli", "--agency", str(folder), *words, cwd=tmp_path)
    paths = ["/login", *(f"/assets/{name}" for name in FILES if not name.startswith("licences/")), "/static/site.css"]
    told = run(unpacked, "-c", RUN, str(unpacked), str(folder), *paths, cwd=tmp_path).split("\n")
    assert [line.split()[0] for line in told if line] == ["200"] * len(paths)
