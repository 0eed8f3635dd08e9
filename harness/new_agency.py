"""A new agency folder: every file that is needed, each saying in comments what it is for."""

from __future__ import annotations

from pathlib import Path

from harness.agency import AGENCY_FILE
from harness.errors import EnvironmentFailed, WrongInput

TEMPLATE = Path(__file__).parent / "agency_template"
EMPTY_FOLDERS = ("forms", "recordings", "sheets", "sounds")


def make_agency(folder: Path) -> tuple[Path, ...]:
    """Write the files of a new agency and give their paths; nothing that is there is ever overwritten."""
    sources = [path for path in sorted(TEMPLATE.rglob("*")) if path.is_file() and "__pycache__" not in path.parts]
    targets = {folder / path.relative_to(TEMPLATE): path for path in sources}
    there = next((path for path in targets if path.exists()), None)
    if there is not None:
        raise WrongInput("agency.exists", folder=folder, file=there.relative_to(folder))
    try:
        for target, source in targets.items():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
        for name in EMPTY_FOLDERS:
            (folder / name).mkdir(exist_ok=True)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise EnvironmentFailed("agency.not_made", folder=folder, reason=reason) from None
    return (folder / AGENCY_FILE, *sorted(set(targets) - {folder / AGENCY_FILE}))
