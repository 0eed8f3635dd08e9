"""A file that a form brought, where the functions of the commands can read it; gone afterwards."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.errors import WrongInput
from harness.web.between import listed_text
from harness.web.sent_file import sent_file
from harness.web.visit import Visit

_ODD = re.compile(r"[^\w.\-\uff08\uff09() ]")


@contextmanager
def brought(visit: Visit, kinds: tuple[str, ...]) -> Iterator[Path]:
    """The form's one file under its own name without what is odd in it. WrongInput: none, or of another kind."""
    sent, content = sent_file(visit)
    name = _ODD.sub("_", sent)[-80:].lstrip(".") or "file"
    if Path(name).suffix.lower() not in kinds:
        raise WrongInput("programme_pages.kind", file=name, kinds=listed_text(kinds))
    with tempfile.TemporaryDirectory(prefix="thirdring-") as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        yield path
