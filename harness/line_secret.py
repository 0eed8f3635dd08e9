"""Keeps a line's password in a file that only its owner reads; agency.toml names the file and no more."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

from harness.directory_files import settle
from harness.errors import EnvironmentFailed, WrongInput

LONGEST = 200


def secret_file_of(line: str) -> str:
    """Name of the file of a line's password, in the agency's folder."""
    return f"{line}.secret"


def keep_secret(folder: Path, line: str, secret: str) -> None:
    """Write it, mode 0600 from its first byte on. WrongInput where it cannot be a password; it is in no message."""
    if not secret.strip() or len(secret) > LONGEST or not secret.isprintable():
        raise WrongInput("writer.no_secret", line=line, most=LONGEST)
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", line):
        raise WrongInput("writer.no_line", line=line)
    path = folder / secret_file_of(line)
    try:
        handle, new = tempfile.mkstemp(dir=folder, prefix=f".{path.name}.")  # 0600 by itself
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(secret.strip() + "\n")
                file.flush()
                os.fsync(file.fileno())
            Path(new).replace(path)
        except BaseException:
            Path(new).unlink(missing_ok=True)
            raise
        settle(folder)
    except OSError as error:
        raise EnvironmentFailed("file.unwritable", file=path.name, reason=error.strerror or "?") from None
