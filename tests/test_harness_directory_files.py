"""The directory in and out of spreadsheets: what is text stays text, and a mistake changes nothing."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from odfdo import Cell, Document, Row, Table
from office import convert, need_office

from harness.cli.program import run
from harness.directory import Unit, read_units
from harness.directory_files import as_csv, export_units, import_units
from harness.directory_sheet import read_directory
from harness.documents.csv_file import BEGINS_A_FORMULA
from harness.documents.xlsx import write_xlsx
from harness.errors import DONE, WRONG_USAGE, DirectoryError

ROWS = [["單位代號", "單位名稱", "電話", "分機", "線別"], ["desk", "服務台", "02-2700-0201", "0301", "一線"]]
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), max_size=12)


def ods(path: Path, rows: list[list[object]]) -> Path:
    document, table = Document("spreadsheet"), Table("x")
    document.body.clear()
    for values in rows:
        row = Row()
        for value in values:
            row.append_cell(Cell(value=value, text=str(value)))
        table.append_row(row)
    document.body.append(table)
    document.save(path)
    return path


@pytest.mark.parametrize("name", ["服務台", "會計室許功蓋", "desk"])
def test_a_directory_is_the_same_whichever_way_excel_encoded_it(tmp_path: Path, name: str) -> None:
    text = f"單位代號,單位名稱,電話,分機\ndesk,{name},02-2700-0201,301\n"
    read = []
    for encoding in ("utf-8", "utf-8-sig", "cp950"):
        (tmp_path / f"{encoding}.csv").write_bytes(text.encode(encoding))
        read.append(read_directory(tmp_path / f"{encoding}.csv").table)
    assert read[0] == read[1] == read[2]
    (tmp_path / "neither.csv").write_bytes(b"\xff\xfe\x80")
    with pytest.raises(DirectoryError, match=r"neither\.csv：不是 UTF-8，也不是 Big5"):
        read_directory(tmp_path / "neither.csv")


@pytest.mark.parametrize("kind", ["ods", "csv", "bom.csv"])
def test_a_directory_comes_in_with_its_chinese_headings(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"名冊.{kind}"
    if kind == "ods":
        ods(path, [list(row) for row in ROWS])
    else:
        path.write_text(as_csv(ROWS), encoding="utf-8-sig" if "bom" in kind else "utf-8")
    changes = import_units(path, tmp_path)
    (unit,) = read_units(tmp_path)
    assert changes.added == ("desk",)
    assert (unit.digits, unit.extension, unit.kind, unit.name) == ("0227000201", "0301", "first", "服務台")


@given(name=WORDS, person=WORDS, note=st.sampled_from(["", "=1+1", "@SUM(A1)", "+886", "-x", "'=1", "''", "＝1"]))
@settings(max_examples=25, deadline=None, derandomize=True)
@pytest.mark.parametrize("kind", ["ods", "xlsx", "csv"])
def test_what_goes_out_comes_in_again(tmp_path_factory: pytest.TempPathFactory, kind: str, **text: str) -> None:
    folder = tmp_path_factory.mktemp("x")
    units = (
        Unit(unit="desk", number="02-2700-0201", extension="0301", row=2, **text),
        Unit(unit="檔案室", extension="301", kind="second", hours="09:00-11:00", duties="借閱", row=3),
    )
    export_units(units, folder / f"out.{kind}")
    import_units(folder / f"out.{kind}", folder)
    assert read_units(folder) == units


@pytest.mark.parametrize("name", ["=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", "＝1+1", " =1", "\t=1", "'=1"])
def test_no_cell_that_goes_out_is_a_formula(name: str, tmp_path: Path) -> None:
    export_units([Unit(unit="desk", number="02-2700-0201", name=name, row=2)], tmp_path / "out.csv")
    rows = csv.reader((tmp_path / "out.csv").read_text("utf-8-sig").splitlines())
    cells = [cell for row in rows for cell in row]
    assert [cell for cell in cells if cell.lstrip(" ")[:1] in BEGINS_A_FORMULA and cell] == []
    assert any(cell.endswith(name) for cell in cells)


def test_a_number_that_the_spreadsheet_took_for_a_figure_is_refused_with_its_place(tmp_path: Path) -> None:
    path = ods(tmp_path / "x.ods", [["單位代號", "電話"], ["desk", 227000201]])
    with pytest.raises(DirectoryError) as raised:
        import_units(path, tmp_path)
    assert (raised.value.key, raised.value.values["row"]) == ("directory.figure", 2)
    assert read_units(tmp_path) == ()


def test_an_extension_may_be_a_figure(tmp_path: Path) -> None:
    path = ods(tmp_path / "x.ods", [["unit", "extension"], ["desk", 2101]])
    assert read_directory(path).table == [["unit", "extension"], ["desk", "2101"]]


@pytest.mark.parametrize(
    ("rows", "key"),
    [
        ([["單位代號", "電話"], ["desk", "119"]], "directory.forbidden"),
        ([["單位代號", "電話"], ["a", "0227000201"], ["b", "02-27000201"]], "directory.twice"),
        ([["單位代號", "手機號碼"], ["a", "1"]], "directory.unknown_column"),
        ([], "directory.empty"),
    ],
)
def test_a_wrong_directory_changes_nothing(tmp_path: Path, rows: list[list[str]], key: str) -> None:
    (tmp_path / "units.csv").write_text("unit,number\nold,0227000299\n", encoding="utf-8")
    path = tmp_path / "x.csv"
    path.write_text(as_csv(rows), encoding="utf-8")
    with pytest.raises(DirectoryError) as raised:
        import_units(path, tmp_path)
    assert raised.value.key.startswith(key)
    assert [unit.unit for unit in read_units(tmp_path)] == ["old"]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([["單位代號", "分機"], [], ["a", "1234567"]], "通訊錄.csv，第 3 行，欄「分機」："),
        (
            [["單位代號", "電話", "備註"], ["a", "0227000201", "一\n二"], ["b", "119"]],
            "通訊錄.csv，第 3 行，欄「電話」：",
        ),
        ([["單位代號", "分機"], ["a", ""]], "通訊錄.csv，第 2 行，欄「電話」："),
        ([["單位代號", "手機"], ["a", "1"]], "可用：單位代號、單位名稱、電話、分機"),
        ([["單位名稱", "電話"], ["a", "1"]], "通訊錄.csv，第 1 行：缺少欄「單位代號」"),
        (
            [["單位代號", "電話"], ["a", "0227000201"], [], ["a", "0227000202"]],
            "第 4 行，欄「單位代號」：「a」和第 2 行重複",
        ),
        (
            [["單位代號", "電話", "線別"], ["a", "0227000201", "三線"]],
            "不能是「三線」；可用：一線（first）、二線（second）",
        ),
        ([["unit", "extension"], ["a", "x"]], "通訊錄.csv，第 2 行，欄「extension」："),
    ],
)
def test_what_is_wrong_is_said_of_the_file_row_and_column_that_its_sender_has(
    tmp_path: Path, rows: list[list[str]], told: str
) -> None:
    path = tmp_path / "通訊錄.csv"
    path.write_text(as_csv(rows), encoding="utf-8")
    with pytest.raises(DirectoryError) as raised:
        import_units(path, tmp_path)
    assert told in raised.value.sentence("zh")
    assert "units.csv" not in raised.value.sentence("zh")


def test_what_is_no_spreadsheet_says_so(tmp_path: Path) -> None:
    path = tmp_path / "x.ods"
    path.write_bytes(b"not a zip")
    with pytest.raises(DirectoryError) as raised:
        import_units(path, tmp_path)
    assert raised.value.key == "directory.not_sheet"


def test_the_command_shows_what_would_change_and_keeps_the_one_before(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "units.csv").write_text("unit,number\ndesk,0227000201\nold,0227000299\n", encoding="utf-8")
    path = tmp_path / "x.csv"
    path.write_text("unit,number\ndesk,0227000205\nnew,0227000206\n", encoding="utf-8")
    asked = ["--agency", str(tmp_path), "--lang", "en", "units", "import", str(path)]
    assert run([*asked, "--dry-run"]) == DONE
    assert "add 1, remove 1, change 1" in capsys.readouterr().out
    assert [unit.unit for unit in read_units(tmp_path)] == ["desk", "old"]
    assert run(asked) == DONE
    assert [unit.unit for unit in read_units(tmp_path)] == ["desk", "new"]
    assert "old" in (tmp_path / "units.csv.before").read_text(encoding="utf-8")
    assert run(["--agency", str(tmp_path), "units", "import", str(tmp_path / "none.csv")]) == WRONG_USAGE
    out = tmp_path / "out.csv"
    assert run(["--agency", str(tmp_path), "--lang", "en", "units", "export", str(out)]) == DONE
    assert f"2 units written to {out}" in capsys.readouterr().out
    assert out.read_bytes().startswith(b"\xef\xbb\xbf")
    assert next(csv.reader([out.read_text(encoding="utf-8-sig").splitlines()[0]]))[0] == "單位代號"


def asked(folder: Path, *words: str) -> int:
    return run(["--agency", str(folder), "units", *words])


FULL = """unit,name,number,extension,kind,hours,group,person,deputy,duties,note
desk,服務台,02-2700-0201,0301,first,,甲組,王小明,李小華,總機,=1+1
檔案室,檔案室,,301,second,09:00-11:00,乙組,,,借閱,+886
"""


@pytest.mark.parametrize("kind", ["ods", "xlsx", "csv"])
def test_the_commands_bring_a_directory_out_and_in_again_whole(
    tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    first, other = tmp_path / "first", tmp_path / "other"
    for folder in (first, other):
        folder.mkdir()
    (first / "units.csv").write_text(FULL, encoding="utf-8")
    file = tmp_path / f"名冊.{kind}"
    capsys.readouterr()
    assert asked(first, "export", str(file), "--json") == DONE
    told = json.loads(capsys.readouterr().out)
    assert told == {"schema": "thirdring.units_export/1", "file": str(file), "units": len(read_units(first))}
    assert asked(other, "import", str(file), "--dry-run") == DONE
    assert not (other / "units.csv").exists()
    assert asked(other, "import", str(file)) == DONE
    assert read_units(other) == read_units(first)
    assert read_units(other)[0].extension == "0301"
    capsys.readouterr()
    assert asked(other, "import", str(file), "--json") == DONE
    assert json.loads(capsys.readouterr().out)["changed"] == []


@pytest.mark.parametrize("kind", ["ods", "xlsx"])
def test_a_spreadsheet_with_a_mistake_is_refused_by_the_command_with_row_and_column(
    tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "units.csv").write_text(FULL, encoding="utf-8")
    rows = [["單位代號", "電話"], ["desk", "02-2700-0201"], ["fire", "119"]]
    file = tmp_path / f"x.{kind}"
    write_xlsx(file, "名冊", rows) if kind == "xlsx" else ods(file, [list(row) for row in rows])
    capsys.readouterr()
    assert asked(tmp_path, "import", str(file), "--json") != DONE
    told = json.loads(capsys.readouterr().out)
    assert "3" in json.dumps(told)
    assert "119" in json.dumps(told)
    assert (tmp_path / "units.csv").read_text("utf-8") == FULL


def test_a_file_of_a_kind_that_nobody_asked_for_is_not_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "units.csv").write_text(FULL, encoding="utf-8")
    assert asked(tmp_path, "export", str(tmp_path / "x.xls"), "--json") == WRONG_USAGE
    assert json.loads(capsys.readouterr().out)["error"] == "directory.out_kind"
    assert not (tmp_path / "x.xls").exists()


@pytest.mark.slow
def test_what_libreoffice_saves_comes_in_and_what_goes_out_it_opens(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Out as ODS and XLSX, opened by LibreOffice, saved by it as the other, and in again by the command."""
    office = need_office(request)
    (tmp_path / "units.csv").write_text(FULL, encoding="utf-8")
    whole = read_units(tmp_path)
    for out, saved in (("ods", "xlsx"), ("xlsx", "ods")):
        assert asked(tmp_path, "export", str(tmp_path / f"{out}-名冊.{out}")) == DONE
        (made,) = convert(office, [tmp_path / f"{out}-名冊.{out}"], saved, tmp_path)
        other = tmp_path / saved
        other.mkdir()
        assert asked(other, "import", str(made)) == DONE
        assert read_units(other) == whole
