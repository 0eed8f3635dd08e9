"""The demonstration's agency folder, made anew each time."""

from __future__ import annotations

import shutil
from importlib.resources import files
from pathlib import Path

from harness.errors import WrongInput

MARK = ".thirdring-demo"
"""Only a folder that holds this file is ever removed."""
SCRIPT = Path(str(files("harness.switchboard") / "demo-agency.toml"))
ANSWERS = "answers-sample.json"
FOLDERS = ("forms", "recordings", "scenarios", "sheets", "sounds")


def clear_folder(folder: Path) -> None:
    """Remove the last demonstration; anything else that stands there is refused."""
    if folder.exists() and not (folder / MARK).exists():
        raise WrongInput("demo.not_ours", folder=folder)
    if folder.exists():
        shutil.rmtree(folder)
    for name in FOLDERS:
        (folder / name).mkdir(parents=True)
    (folder / MARK).touch()


def write_agency(folder: Path, addresses: dict[str, str]) -> None:
    """Write agency.toml with the addresses of the embedded agency's trunks, units.csv and the sample answers."""
    source = files("harness.demo") / "agency"
    settings = (source / "agency.toml").read_text(encoding="utf-8")
    for site, address in addresses.items():
        settings = settings.replace(f"@{site}@", address)
    (folder / "agency.toml").write_text(settings, encoding="utf-8")
    for name in ("units.csv", ANSWERS, "scenarios/menu-only.toml"):
        (folder / name).write_text((source / name).read_text(encoding="utf-8"), encoding="utf-8")
    sound = "sounds/put-through.flac"  # what the demonstration's caller asks an operator
    (folder / sound).write_bytes((source / sound).read_bytes())
