"""One reader under atheris, led by coverage: `python tests/fuzz.py form -max_total_time=120` (pip install atheris).

It goes on until something other than an error of ours comes out; what did it goes to `tests/fuzz_corpus/TARGET/`.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["harness", "rubric", "dsp", "tomllib", "csv", "json"]):
    from fuzz_targets import CORPUS, TARGETS, attempt


def main() -> None:
    """Fuzz the target of the first argument; the others are libFuzzer's."""
    name = sys.argv[1]
    target, kept = TARGETS[name], CORPUS / name
    kept.mkdir(parents=True, exist_ok=True)
    found = Path(tempfile.mkdtemp(prefix=f"fuzz-{name}-"))
    for n, seed in enumerate(target.seeds()):
        (found / f"seed{n:03d}").write_bytes(seed)

    def once(data: bytes) -> None:
        with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
            attempt(target, data, Path(folder))

    atheris.Setup([sys.argv[0], *sys.argv[2:], f"-artifact_prefix={kept}/", "-timeout=20", str(found), str(kept)], once)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
