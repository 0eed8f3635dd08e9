"""The compiled loops touch no memory but their own, and do nothing that C leaves undefined."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hatch_build import COMPILE, ear_sources

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parent.parent
CHECKED = ("-O1", "-g", "-fno-omit-frame-pointer", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
RUN = """
import pathlib, sys
import numpy as np
import pytest
import dsp.compiled.kernel
dsp.compiled.kernel.LIBRARY = pathlib.Path(sys.argv[1])
assert dsp.compiled.kernel.kernel() is not None, "the checked library does not load"
from dsp.listen import listen
from dsp.tone_plan import load_plan
from dsp.truth.truth_set import make_calls
from harness.bench.voices import shipped_voices
for call in make_calls(5, 1, plan=load_plan("tw"), voices=shipped_voices()):
    listen(call.samples, sr=call.sr, plan=load_plan("tw"), missing=call.missing)
for n in (0, 1, 30, 255, 700, 2561):
    listen(np.full(n, 9000, np.int16), sr=8000, plan=load_plan("tw"))
sys.exit(pytest.main(["-q", "-x", "-p", "no:cacheprovider", "-k", "not numpy and not named", *sys.argv[2:]]))
"""


def _library_of(compiler: str, name: str) -> Path:
    """Where a compiler has one of the checkers' libraries."""
    told = subprocess.run([compiler, f"-print-file-name={name}"], capture_output=True, text=True, check=True)
    found = Path(told.stdout.strip())
    assert found.is_absolute(), f"{compiler} has no {name}: install the package of gcc's sanitizers (libasan)"
    return found.resolve()


def test_every_loop_keeps_to_its_own_memory(tmp_path: Path) -> None:
    compiler = shutil.which("gcc")
    assert compiler is not None, "gcc is needed: its checkers watch the compiled loops here"
    checkers = [_library_of(compiler, name) for name in ("libasan.so", "libubsan.so")]
    library, flags = tmp_path / "_ear.so", [flag for flag in COMPILE if flag != "-O3"]
    made = [compiler, *flags, *CHECKED, "-DWIDE=1", *ear_sources(ROOT), "-o", str(library), "-lm"]
    subprocess.run(made, check=True)
    environment = os.environ | {
        "LD_PRELOAD": " ".join(map(str, checkers)),
        "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=1",
        "PYTHONMALLOC": "malloc",
        "PYTHONPATH": str(ROOT),
    }
    run = subprocess.run(
        [sys.executable, "-c", RUN, str(library), str(ROOT / "tests" / "test_dsp_kernel.py")],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, f"{run.stdout}\n{run.stderr}"


def test_a_checker_that_watches_says_so(tmp_path: Path) -> None:
    """One that did not watch would find nothing in the loops either."""
    compiler = shutil.which("gcc")
    assert compiler is not None, "gcc is needed: its checkers watch the compiled loops here"
    source, library = tmp_path / "over.c", tmp_path / "over.so"
    source.write_text("float over(const float *x) { return x[4]; }\n")
    subprocess.run([compiler, "-fPIC", "-shared", *CHECKED, str(source), "-o", str(library)], check=True)
    over = "import ctypes, sys, numpy as np; x = np.zeros(4, np.float32)\n"
    over += "ctypes.PyDLL(sys.argv[1]).over(ctypes.c_void_p(x.ctypes.data))"
    environment = os.environ | {"LD_PRELOAD": str(_library_of(compiler, "libasan.so")), "PYTHONMALLOC": "malloc"}
    run = subprocess.run([sys.executable, "-c", over, str(library)], env=environment, capture_output=True, text=True)
    assert run.returncode != 0
    assert "heap-buffer-overflow" in run.stderr
