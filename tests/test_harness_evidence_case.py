"""A case for a hearing: checked by its own shell script, without Thirdring; any change of it is found."""

import hashlib
import json
import os
import random
import shutil
import stat
import subprocess
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from evidence_agency import agency_with_evidence, behind_its_back
from kept_calls import agency_with_units, keep_call
from rubric_cases import best, call

from harness.cli.program import run
from harness.evidence.case import NO_SOUND, export_case
from harness.evidence.signature import KEY_FILE, signer
from harness.form_files import make_form
from harness.store import open_store

NOW = datetime(2026, 11, 5, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def agency(tmp_path_factory):
    found = agency_with_evidence(tmp_path_factory.mktemp("case") / "agency")
    keep_call(found, "after", call(), best())
    return found


@pytest.fixture(scope="module")
def case(agency, tmp_path_factory):
    """The case of the call with a recording, and other calls after it."""
    to = tmp_path_factory.mktemp("hearing")
    assert run(["export-case", "c9", "--to", str(to), "--who", "承辦", "--agency", str(agency.folder)]) == 0
    return to / "c9"


def checked(folder):
    return subprocess.run(["sh", folder / "verify.sh"], capture_output=True, text=True, timeout=120)


def test_the_case_is_checked_by_its_own_script(case):
    done = checked(case)
    assert (done.returncode, done.stderr) == (0, "")
    assert [line[:2] for line in done.stdout.splitlines()[:5]] == ["1.", "2.", "3.", "4.", "5."]


def test_it_reaches_the_head_that_the_agency_has(agency, case):
    with open_store(agency.database) as store:
        head = store.evidence.head()
    last = checked(case).stdout.splitlines()[-1]
    assert last == f"{head.n} {head.link}"
    assert f"{head.n}:{head.link}" in (case / "README.txt").read_text("utf-8")


def test_recording_messages_and_every_sheet_are_in_it_as_they_are(agency, tmp_path):
    assert run(["export-case", "c2", "--to", str(tmp_path), "--who", "承辦", "--agency", str(agency.folder)]) == 0
    with open_store(agency.database) as store:
        sheets = store.sheets("c2")
    found = [json.loads(path.read_bytes()) for path in sorted((tmp_path / "c2" / "files").glob("sheets-*-sheet.json"))]
    assert sorted(map(str, found)) == sorted(str(one["sheet"]) for one in sheets)
    assert "電話" in (tmp_path / "c2" / "sheet.html").read_text("utf-8")


def test_nothing_of_other_calls_is_in_it(case):
    text = "".join(path.read_text("utf-8", errors="replace") for path in case.rglob("*") if path.is_file())
    assert "after" not in text.replace("the one before", "")
    assert '"c2"' not in text
    assert "王" not in text


def test_the_sound_and_the_messages_are_the_agencys(agency, case):
    for name in ("c9.flac", "c9.sip"):
        kept = next(agency.recordings.glob(f"*/{name}"))
        assert (case / "files" / name).read_bytes() == kept.read_bytes()


@pytest.mark.parametrize("seed", range(8))
def test_any_byte_of_any_file_that_is_changed_fails_the_check(case, tmp_path, seed):
    rng = random.Random(seed)
    copy = tmp_path / "case"
    shutil.copytree(case, copy)
    names = sorted(
        path for path in copy.rglob("*") if path.is_file() and path.name != "verify.sh" and path.stat().st_size
    )
    file = rng.choice(names)
    data = bytearray(file.read_bytes())
    data[rng.randrange(len(data))] ^= 1
    file.write_bytes(bytes(data))
    assert checked(copy).returncode != 0, file


def resummed(folder):
    """What somebody does who has no key."""
    names = sorted(
        str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and "SUMS" not in path.name
    )
    told = subprocess.run(["sha256sum", *names], cwd=folder, capture_output=True, check=True).stdout
    (folder / "SHA256SUMS").write_bytes(told)


def without_openssl(folder):
    script = folder / "verify.sh"
    script.write_text(script.read_text("utf-8").replace("command -v openssl", "command -v no-such-program"), "utf-8")


@pytest.mark.parametrize("name", ["files/c9-other.flac", "files/two\nlines.flac", "notes.txt", "entries/x"])
def test_a_file_that_somebody_lays_beside_is_told(case, tmp_path, name):
    copy = tmp_path / "case"
    shutil.copytree(case, copy)
    (copy / name).write_bytes(b"forged")
    assert "1." in checked(copy).stdout
    assert "WRONG" in checked(copy).stdout
    (copy / name).unlink()
    (copy / "files" / "x").symlink_to("c9.flac")
    assert "WRONG" in checked(copy).stdout


@pytest.mark.parametrize("version", ["114/1", "../../../x", "1\n2", "一" * 90, "a b'$(id)`", "\\"])
def test_whatever_a_form_s_version_is_the_case_is_whole(version, tmp_path):
    found = agency_with_units(tmp_path / "agency")
    made = make_form("own", like="keelung-102", title=None, agency_folder=found.folder)
    text = made.file.read_text("utf-8").replace('version = "1"', f"version = {json.dumps(version)}")
    made.file.write_text(text, "utf-8")
    settings = found.settings.model_copy(update={"form": "own"})
    found = replace(found, settings=settings)
    keep_call(found, "c1", call(), best())
    with open_store(found.database) as store:
        told = {"who": "承辦", "agency": found, "store": store, "key": tmp_path / "key", "now": NOW}
        case = export_case("c1", tmp_path / "hearing", **told)
    forms = [path for path in (case.folder / "files").iterdir() if path.name.startswith("forms-own-")]
    assert [json.loads(path.read_bytes())["version"] for path in forms] == [version]
    done = checked(case.folder)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("lie", ["sound", "entry"])
def test_without_the_key_nobody_makes_a_case_of_his_own(case, tmp_path, lie):
    copy = tmp_path / "case"
    shutil.copytree(case, copy)
    file = copy / "files" / "c9.flac" if lie == "sound" else next((copy / "entries").iterdir())
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    resummed(copy)
    assert "2. SHA256SUMS.sig" in checked(copy).stdout
    without_openssl(copy)  # and without openssl the chain still tells
    resummed(copy)
    assert "WRONG" in checked(copy).stdout


def test_a_case_that_is_signed_by_another_key_is_told(case, tmp_path):
    """The page to be read is no entry of the chain: who may put another key beside it could write it anew."""
    copy = tmp_path / "case"
    shutil.copytree(case, copy)
    (copy / "sheet.html").write_text("<p>100</p>", "utf-8")
    other, _ = signer(tmp_path / "other.pem")
    (copy / "public-key.pem").write_bytes(other.public_pem)
    resummed(copy)
    (copy / "SHA256SUMS.sig").write_bytes(other.sign((copy / "SHA256SUMS").read_bytes()))
    done = checked(copy)
    assert (done.returncode, other.fingerprint in done.stdout) == (1, True)


@pytest.mark.parametrize("seed", range(12))
def test_every_figure_of_the_chain_hangs_on_the_others(case, tmp_path, seed):
    """Each column of each line, but for the third of the first line, which is none."""
    rng = random.Random(seed)
    copy = tmp_path / "case"
    shutil.copytree(case, copy)
    lines = [line.split() for line in (copy / "chain.txt").read_text("utf-8").splitlines()]
    assert lines[0][2] == "-"
    line, column = (0, seed % 2) if seed < 2 else (rng.randrange(1, len(lines)), seed % 3)
    digits = list(lines[line][column])
    at = rng.randrange(len(digits))
    digits[at] = str((int(digits[at], 16) + 1) % 10)
    lines[line][column] = "".join(digits)
    (copy / "chain.txt").write_text("".join(f"{' '.join(one)}\n" for one in lines), "utf-8")
    resummed(copy)
    assert "2. SHA256SUMS.sig" in checked(copy).stdout
    without_openssl(copy)
    resummed(copy)
    assert "WRONG" in checked(copy).stdout, (line, column, at)


def test_what_was_changed_before_is_told_in_the_case(tmp_path, capsys):
    agency = agency_with_evidence(tmp_path / "agency")
    with behind_its_back(agency.database) as opened:
        opened.execute("UPDATE sheets SET made_at = 'x' WHERE call_id = 'c1'")
    assert run(["export-case", "c1", "--to", str(tmp_path), "--who", "承辦", "--agency", str(agency.folder)]) == 0
    assert "verification.txt" in capsys.readouterr().out
    assert "made_at" in (tmp_path / "c1" / "verification.txt").read_text("utf-8")


def test_a_case_is_logged_and_never_overwritten(agency, case, capsys):
    place = ["--agency", str(agency.folder)]
    assert run(["export-case", "c9", "--to", str(case.parent), "--who", "承辦", *place]) == 4
    assert "不覆蓋" in capsys.readouterr().err
    assert run(["export-case", "nobody", "--to", str(case.parent), "--who", "承辦", *place]) == 2
    assert not (case.parent / "nobody").exists()
    with open_store(agency.database) as store:
        assert [one["who"] for one in store.log.of("c9") if one["what"] == "case_exported"] == ["承辦"]


def test_the_key_is_its_owners_alone_and_stands_in_the_chain(agency, case):
    key = agency.folder / "evidence-key.pem"
    assert stat.S_IMODE(os.stat(key).st_mode) == 0o600
    assert b"PRIVATE" not in b"".join(path.read_bytes() for path in case.rglob("*") if path.is_file())
    with open_store(agency.database) as store:
        made = [one for one in store.log.newest(limit=99) if one["what"] == "evidence_key_made"]
    assert made[0]["detail"]["sha256"] in (case / "README.txt").read_text("utf-8")


def test_what_is_no_key_is_said(agency, tmp_path, capsys):
    wrong = tmp_path / "key.pem"
    wrong.write_text("nonsense")
    place = ["--agency", str(agency.folder), "--key", str(wrong)]
    assert run(["export-case", "c9", "--to", str(tmp_path), "--who", "承辦", *place]) == 2
    assert "key.pem" in capsys.readouterr().err


def test_who_may_not_hear_it_gets_everything_but_the_sound_and_its_hash(agency, case, tmp_path):
    told = {"who": "稽核", "agency": agency, "key": agency.folder / KEY_FILE, "now": datetime.now(UTC), "sound": False}
    with open_store(agency.database) as store:
        silent = export_case("c9", tmp_path, store=store, **told).folder
    digest = hashlib.sha256((case / "files" / "c9.flac").read_bytes()).hexdigest()
    assert digest in (silent / NO_SOUND).read_text("utf-8")
    assert any(digest in path.read_text("utf-8") for path in (silent / "entries").iterdir())
    heard, left = ({path.name for path in (one / "files").iterdir()} for one in (case, silent))
    assert heard - left == {"c9.flac"}
    assert not any(path.read_bytes() == (case / "files" / "c9.flac").read_bytes() for path in silent.rglob("*.*"))
    assert not (case / NO_SOUND).exists()
    done = checked(silent)
    assert (done.returncode, done.stderr) == (0, "")
