"""Every reader of files and messages from elsewhere, as fuzzers see it: bytes in, nothing out but an error of ours.

`tests/test_fuzz_readers.py` tries each with its corpus and with mutations by lot; `tests/fuzz.py` runs one under
atheris, led by coverage, for as long as one likes. What once failed is kept in `tests/fuzz_corpus/TARGET/`.
"""

from __future__ import annotations

import io
import json
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import numpy as np
import soundfile
from agency_folder import make_agency
from outside_calls import write
from programme_month import PROGRAMME
from rubric_cases import best, call
from sip_torture import MESSAGES, addressed

from harness.agency import load_agency
from harness.backup import restore
from harness.directory import read_units
from harness.directory_files import import_units
from harness.directory_sheet import read_directory
from harness.documents.blank_sheet import write_blank
from harness.documents.spreadsheet import write_ods
from harness.documents.xlsx import write_xlsx
from harness.errors import ThirdringError
from harness.external.cells import read_pages
from harness.hearing import find_plan, read_audio
from harness.imported.sound import read_sound
from harness.ladder.messages import _branch, _note, _start
from harness.number_text import digits_of, target_of
from harness.papers.settings import read_paper_settings
from harness.programme.calendar_import import import_calendar
from harness.programme.month_plan import MonthPlan, PlannedTest
from harness.programme.published import verify_file
from harness.programme.settings import read_programme
from harness.prompts.marks import PROMPTS, load_marks, make_mark, save_mark
from harness.q850 import reasons_of
from harness.questions import questions_in
from harness.scenario import load_scenario
from harness.scoring import find_form, score_said
from harness.sip_trace import read_trace
from harness.softphone.growing_wav import GrowingWav, repair_header
from harness.softphone.message import parse_message
from harness.softphone.trace import parse_log, without_secrets
from harness.store.heads import read_head
from harness.switchboard.sound import prompt, to_pcm
from harness.toml_file import read_json

ROOT = Path(__file__).parent.parent
CORPUS = Path(__file__).parent / "fuzz_corpus"


@dataclass(frozen=True)
class Target:
    """One reader."""

    seeds: Callable[[], list[bytes]]
    """What it reads on good days."""
    read: Callable[[Path, bytes], object]
    """Reads bytes, in a folder of its own; raises nothing but ThirdringError."""
    slow: int = 1
    """So many times fewer files are tried: it starts a process for each."""


def attempt(target: Target, data: bytes, folder: Path) -> None:
    """Let a target read; an error of ours says itself, in both languages, in a moment."""
    try:
        target.read(folder, data)
    except ThirdringError as error:
        told = (error.sentence("zh"), error.sentence("en"), json.dumps(error.to_dict()))
    else:
        return
    assert all(told)


def _file(name: str, read: Callable[[Path], object]) -> Callable[[Path, bytes], object]:
    def written(folder: Path, data: bytes) -> object:
        path = folder / name
        path.write_bytes(data)
        return read(path)

    return written


def _sound(kind: str, channels: int = 1) -> bytes:
    made = io.BytesIO()
    samples = (np.sin(np.arange(4000 * channels).reshape(-1, channels)) * 9000).astype(np.int16)
    soundfile.write(made, samples, 8000, format=kind, subtype="PCM_16")
    return made.getvalue()


def _growing(path: Path) -> None:
    GrowingWav(path).more()
    repair_header(path)
    GrowingWav(path).more()


def _agency(folder: Path, name: str, data: bytes) -> Path:
    kept = _good_agency()
    for other in ("agency.toml", "units.csv"):
        shutil.copy(kept / other, folder / other)
    (folder / name).write_bytes(data)
    return folder


@cache
def _good_agency() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="fuzz-agency-"))
    make_agency(folder, {"0227000001": "127.0.0.1:5060"})
    return folder


def _texts(*patterns: str) -> Callable[[], list[bytes]]:
    return lambda: [path.read_bytes() for pattern in patterns for path in sorted(ROOT.glob(pattern))]


def _torture() -> list[bytes]:
    return [addressed(one, to="127.0.0.1:5060", me="127.0.0.1:5070") for one in MESSAGES.values()]


def _trace() -> list[bytes]:
    return [
        b"--- 12.5 RX UDP 192.0.2.1:5060\n" + one + b"\n\n--- 12.6 TX UDP 192.0.2.1:5060\n" + one for one in _torture()
    ]


def _read_trace(path: Path) -> None:
    for one in read_trace(path):
        assert one.message is not None
        for name in ("via", "to", "from", "call-id", "reason", "contact"):
            one.values(name)
        _ = one.body, one.transaction, _branch(one), _start(one), _note(one)


def _message(_: Path, data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    message = parse_message(text)
    reasons_of([*message.headers, ("reason", text)])
    without_secrets(text)
    parse_log(
        f"10:00:00.000 pjsua_core.c .RX {len(data)} bytes Request msg from UDP 192.0.2.1:5060:\n{text}\n--end msg--"
    )


def _number(_: Path, data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    digits_of(text)
    target_of(text)
    read_head(text)


def _answers(folder: Path, data: bytes) -> None:
    path = folder / "answers.json"
    path.write_bytes(data)
    said = read_json(path)
    form = find_form("keelung-102")
    score_said(form, call(), said)
    score_said(form, said, best())


def _spreadsheets() -> list[bytes]:
    rows = [["unit", "name", "number", "extension"], ["u1", "一課", "0227000001", "201"], ["u2", "=1+1", "x", ""]]
    ods, form = io.BytesIO(), find_form("keelung-102")
    write_ods(ods, {"units": rows, "two": [["a", 1.5, None]]})
    with tempfile.TemporaryDirectory() as folder:
        xlsx, blank = Path(folder) / "a.xlsx", Path(folder) / "b.ods"
        write_xlsx(xlsx, "units", rows)
        write_blank(blank, form, load_agency(_good_agency()).units, ["one"])
        return [ods.getvalue(), xlsx.read_bytes(), blank.read_bytes()]


def _spreadsheet(folder: Path, data: bytes) -> None:
    path = folder / ("a.xlsx" if b"xl/" in data else "a.ods")
    path.write_bytes(data)
    for read in (read_directory, read_pages, lambda one: questions_in(one, units=("u1",))):
        with suppress(ThirdringError):
            read(path)


def _sent(kind: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return write(Path(folder) / f"a.{kind}", np.sin(np.arange(8000)) * 0.3).read_bytes()


def _mark() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        menu = to_pcm(prompt("ivr-menu", 8000))
        told = {"rate": 8000, "at_s": 2.0, "name": "a", "what": "end", "site": "", "marked_in": "c1"}
        mark = make_mark(menu, tones=find_plan("tw"), **told)  # type: ignore[arg-type]
        return save_mark(mark, Path(folder)).read_bytes()


def _marks(folder: Path, data: bytes) -> None:
    (folder / PROMPTS).mkdir()
    (folder / PROMPTS / "a.json").write_bytes(data)
    for mark in load_marks(folder):
        json.dumps(mark.to_dict())


def _tones(folder: Path, data: bytes) -> None:
    (folder / "tones").mkdir()
    (folder / "tones" / "own.toml").write_bytes(data)
    find_plan("own", agency_folder=folder)


def _month() -> bytes:
    at = datetime(2026, 12, 2, 2, tzinfo=UTC)
    tests = (PlannedTest(at=at, id="2026-12-1-u1", round=1, unit="u1"),)
    return json.dumps(MonthPlan(month="2026-12", seed="s", drawn_at=at, inputs="", tests=tests).to_dict()).encode()


def _papers(folder: Path, data: bytes) -> None:
    (folder / "papers.toml").write_bytes(data)
    read_paper_settings(folder)


def _manifest(folder: Path, data: bytes) -> None:
    (folder / "backup.json").write_bytes(data)
    restore(folder, folder / "back", now=datetime(2026, 12, 2, 2, tzinfo=UTC))


TARGETS: dict[str, Target] = {
    "wav-growing": Target(lambda: [_sound("WAV")], _file("a.wav", _growing)),
    "wav": Target(lambda: [_sound("WAV"), _sound("WAV", 2)], _file("a.wav", lambda path: read_sound(path, far=""))),
    "flac": Target(
        lambda: [_sound("FLAC"), _sound("FLAC", 2)], _file("a.flac", lambda path: read_sound(path, far="left"))
    ),
    "listen": Target(lambda: [_sound("WAV"), _sound("FLAC")], _file("a.bin", read_audio)),
    "mp3": Target(lambda: [_sent("mp3")], _file("a.mp3", lambda path: read_sound(path, far=""))),
    "m4a": Target(lambda: [_sent("m4a")], _file("a.m4a", lambda path: read_sound(path, far=""))),
    "spreadsheet": Target(_spreadsheets, _spreadsheet, slow=5),
    "prompt-mark": Target(lambda: [_mark()], _marks),
    "tones": Target(_texts("dsp/tone_plans/*.toml"), _tones),
    "papers": Target(_texts("harness/papers/papers_template.toml"), _papers),
    "published": Target(lambda: [_month()], _file("plan-2026-12.json", verify_file)),
    "form": Target(
        _texts("rubric/forms/*.toml", "tests/bad_forms/*.toml"), _file("f.toml", lambda path: find_form(str(path)))
    ),
    "scenario": Target(_texts("scenarios/*.toml", "tests/bad_scenarios/*.toml"), _file("s.toml", load_scenario)),
    "agency": Target(
        lambda: [(_good_agency() / "agency.toml").read_bytes(), *_texts("harness/agency_template/agency.toml")()],
        lambda folder, data: load_agency(_agency(folder, "agency.toml", data)),
    ),
    "units": Target(
        lambda: [(_good_agency() / "units.csv").read_bytes(), *_texts("harness/agency_template/units.csv")()],
        lambda folder, data: read_units(_agency(folder, "units.csv", data)),
    ),
    "units-import": Target(
        lambda: [(_good_agency() / "units.csv").read_bytes()],
        lambda folder, data: _file("new.csv", lambda path: import_units(path, _agency(folder, "x", b""), dry_run=True))(
            folder, data
        ),
    ),
    "programme": Target(
        lambda: [
            PROGRAMME.encode(),
            b"draw_day = 20\n[retention]\naudio_days = 90\n[notify]\nwebhook = 'https://x.example/y'\n",
        ],
        lambda folder, data: _file("programme.toml", lambda path: read_programme(path.parent))(folder, data),
    ),
    "calendar": Target(
        lambda: ["\ufeff西元日期,星期,是否放假,備註\n20260101,四,2,開國紀念日\n20260102,五,0,\n".encode()],
        lambda folder, data: _file("116.csv", lambda path: import_calendar(path, folder, dry_run=True))(folder, data),
    ),
    "questions": Target(
        lambda: [
            "unit,question,answer,source,valid_to\nservice-desk,何時上班？,八點半,網站,2027-12-31\n*,電話？,1999,,\n".encode()
        ],
        _file("q.csv", lambda path: questions_in(path, units=("service-desk",))),
    ),
    "trace": Target(_trace, _file("c.sip", _read_trace)),
    "message": Target(_torture, _message),
    "number": Target(
        lambda: [b"sip:0227000001@pbx.example;user=phone", "+886 (2) 2700-0001 分機 201".encode()], _number
    ),
    "answers": Target(lambda: [json.dumps(best()).encode(), json.dumps(call()).encode()], _answers),
    "backup": Target(
        lambda: [json.dumps({"schema": "thirdring.backup/1", "files": {"a": {"sha256": "x", "bytes": 1}}}).encode()],
        _manifest,
    ),
}
"""Name → reader."""
PIECES = [
    b"[" * 3000,
    b"{" * 3000,
    b'{"a":' * 3000,
    b"9" * 5000,
    b"\x00",
    b"\xff\xfe",
    b"\r\n",
    b'"',
    b"'''",
    b"= ",
    b"\xef\xbb\xbf",
]
PIECES += [
    b"-1",
    b"1e999",
    b"nan",
    b"9999-99-99",
    b"1979-05-27T07:32:00Z",
    b"\xed\xa0\x80",
    "\u202e".encode(),
    b"../../x",
    b"%00",
    b"{0}",
]
PIECES += [
    b"\x7f\xff\xff\xff",
    b"\xff" * 8,
    b"a" * 20000,
    b",,,,",
    b";" * 50,
    b"=cmd|' /C calc'!A0",
    "１２３".encode(),
    "²".encode(),
    b"true",
]


def mutated(data: bytes, rng: random.Random, other: bytes) -> bytes:
    """Bytes changed in a few places: flipped, cut, repeated, spliced with another's, or with what often goes wrong."""
    made = bytearray(data)
    for _ in range(rng.randrange(1, 6)):
        at, end = sorted(rng.randrange(len(made) + 1) for _ in range(2))
        end = min(end, at + rng.choice([1, 4, 30, 400]))
        how = rng.randrange(6)
        if how == 0 and made:
            made[at % len(made)] ^= 1 << rng.randrange(8)
        elif how == 1:
            del made[at:end]
        elif how == 2:
            made[at:at] = made[at:end] * rng.randrange(1, 5)
        elif how == 3:
            made[at:end] = rng.choice(PIECES)
        elif how == 4:
            start = rng.randrange(len(other) + 1)
            made[at:end] = other[start : start + rng.choice([1, 8, 60])]
        else:
            made[at:end] = rng.randbytes(end - at)
    return bytes(made[: 1 << 18])


def corpus(name: str) -> Iterator[bytes]:
    """What once failed."""
    yield from (path.read_bytes() for path in sorted((CORPUS / name).glob("*")))
