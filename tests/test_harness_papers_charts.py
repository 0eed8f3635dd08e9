"""Charts of the longer papers, papers in English, a year's papers at once, a sheet as a paper."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from kept_calls import agency_with_units, keep_call
from odfdo import Document
from rubric_cases import best, call, keelung, leg

from harness.agency import Agency
from harness.documents.paper import Paragraph, Picture, TableBlock, plain_text, read_paper
from harness.documents.paper_template import write_markdown
from harness.documents.sheet_paper import sheet_paper
from harness.figures import span_of
from harness.papers.charts import INK
from harness.papers.edition import edition_of
from harness.papers.gather import Gathered, gather
from harness.papers.series_tables import series_tables
from harness.papers.write import write_edition
from harness.papers.year_round import PARTS, jobs_of, make_all
from harness.plot.vega import draw_svg
from harness.store import open_store
from rubric.form import load_form
from rubric.periods import Period
from rubric.sheet import to_dict

BAD = call(has_ivr=False, legs={"operator": leg(9, 30), "unit": leg(12, 36)})
GOOD = call(has_ivr=False)
MADE = datetime(2027, 3, 1, 1, tzinfo=UTC)
SETTLED = datetime(2026, 11, 4, 1, tzinfo=UTC)


@pytest.fixture
def agency(tmp_path: Path) -> Agency:
    agency = agency_with_units(tmp_path / "agency")
    keep_call(agency, "c1", BAD, best(has_ivr=False), made_at=SETTLED)
    keep_call(agency, "c2", GOOD, best(has_ivr=False), unit="u2", day=date(2026, 10, 12), made_at=SETTLED)
    return agency


def known(agency: Agency, kind: Period = "quarter", period: str = "2026-Q4", lang: str = "zh") -> Gathered:
    with open_store(agency.database) as store:
        return gather(span_of(kind, period), agency=agency, store=store, today=date(2027, 3, 1), lang=lang)


def text_of(path: Path) -> str:
    return "\n".join(one.text_recursive for one in Document(path).body.get_elements("//text:p | //text:h"))


def test_every_mean_in_a_chart_has_its_n_and_none_tells_anything_by_colour(agency: Agency) -> None:
    series = series_tables(known(agency))[0]
    assert series.charts is not None
    months, units, items = (one.picture.svg for one in series.charts)
    assert len(re.findall(r">[^<]*\(n=1\)<", months)) == len(re.findall(r">[^<]*\(n=1\)<", units)) == 2
    assert "115.12" in months  # a month without a call has its place
    assert "三課" not in units  # a unit without a call has no dot: its table says so
    assert "(n=2)" in items
    lost = [one["item"] for one in known(agency).figures["forms"][0]["series"][0]["agency"]["lost"][:10]]
    assert [one for one in lost if not re.search(rf">{re.escape(one)} ", items)] == []  # the sheet's own numbers
    greys = {"#ddd", "#888", "#333333", "#999999", "#000", "black", "white", "none", "transparent"}
    for svg in (months, units, items):
        assert set(re.findall(r'(?:fill|stroke)="([^"]+)"', svg)) - greys <= {INK}
        assert not re.search(r'(href|src)="(?!#)', svg)


def test_a_chart_is_drawn_again_only_where_it_says_something_else(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = list[str]()
    monkeypatch.setattr("vl_convert.vegalite_to_svg", lambda spec: drawn.append(spec) or f"<svg>{len(drawn)}</svg>")
    first, again, other = (draw_svg({"title": title}) for title in ("這張", "這張", "那張"))
    assert (first, again, other) == ("<svg>1</svg>", "<svg>1</svg>", "<svg>2</svg>")


def test_a_chart_stands_in_both_kinds_of_paper_with_words_for_it_and_its_table_after_it(agency: Agency) -> None:
    told = known(agency)
    edition = edition_of(told)
    paper = next(one for one in edition.papers if one.template == "steering")
    pictures = {one.id: one.picture for part in paper.values["series"] for one in part.charts}
    blocks = read_paper(write_markdown("steering", paper.values), pictures)
    places = [at for at, one in enumerate(blocks) if isinstance(one, Picture)]
    assert len(places) == 3
    for at in places:
        before, picture = blocks[at - 1], blocks[at]
        assert isinstance(before, Paragraph)
        assert before.kind == "caption"
        assert isinstance(picture, Picture)
        assert plain_text(before.runs) in picture.alt
        assert picture.png().startswith(b"\x89PNG")
    assert any(isinstance(one, TableBlock) for one in blocks[places[-1] :])


def test_without_what_draws_one_line_says_so_and_the_tables_stand(
    agency: Agency, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.papers.gather.can_draw", lambda: False)
    told = known(agency)
    write_edition(edition_of(told), told, tmp_path, pdf=False, made_at=MADE)
    text = text_of(tmp_path / "115Q4-季報-提報推動小組.odt")
    assert text.count("未安裝圖表元件，圖略") == 1
    assert "各單位成績" in text


def test_a_picture_that_is_not_the_papers_own_is_text() -> None:
    blocks = read_paper("![x](https://example.org/x.png)\n\n![y](chart:nobody)")
    assert [type(one) for one in blocks] == [Paragraph, Paragraph]


@pytest.mark.parametrize(("kind", "period"), [("month", "2026-11"), ("quarter", "2026-Q4"), ("year", "2026")])
def test_english_papers_say_nothing_in_chinese_but_names_and_the_forms_own_wording(
    agency: Agency, tmp_path: Path, kind: Period, period: str
) -> None:
    units = "unit,name,number,extension\nu1,First,0227000001,201\nu2,Second,0227000002,202\n"
    (agency.folder / "units.csv").write_text(units, encoding="utf-8")
    told = known(replace(agency), kind, period, "en")
    own = {agency.settings.name, *(str(item) for block in told.figures["forms"] for item in block["items"].values())}
    own |= {block["title"] for block in told.figures["forms"]} | {"總機", "單位", "一課", "二課", "三課"}
    edition = edition_of(told)
    for paper in edition.papers:
        words = write_markdown(paper.template, paper.values, lang="en")
        text = "\n".join(_texts(words))
        for one in sorted(own, key=len, reverse=True):
            text = text.replace(" ".join(one.split()), "")
        assert set(re.findall(r"[\u4e00-\u9fff]{2,}[^\n]{0,20}", _without_reasons(text))) == set(), paper.template
    write_edition(edition, told, tmp_path, pdf=False, made_at=MADE)
    assert {path.name.split("-")[0] for path in tmp_path.glob("*.odt")} == {"2026"}


def _texts(markdown: str) -> list[str]:
    """Every paragraph, heading and cell."""
    found = []
    for block in read_paper(markdown):
        if isinstance(block, TableBlock):
            found += [plain_text(cell) for row in (block.head, *block.rows) for cell in row]
        elif not isinstance(block, Picture) and hasattr(block, "runs"):
            found.append(plain_text(block.runs))
    return found


def _without_reasons(text: str) -> str:
    """Without the clause of the form that a reason cites, and items named short."""
    kept = (line for line in text.splitlines() if "附表" not in line and not line.startswith(("1.", "2.", "3.", "4.")))
    return "\n".join(kept)


@pytest.mark.slow
def test_a_years_papers_are_those_of_its_parts_however_many_processes_make_them(
    agency: Agency, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.papers.gather.can_draw", lambda: False)
    common = {"agency": agency.folder, "pdf": False, "overwrite": False, "lang": "zh", "made_at": MADE}
    seen: list[str] = []
    jobs = jobs_of("2026", folder=tmp_path / "one", **common)
    made = make_all(jobs, processes=1, tick=lambda one: seen.append(one.period))
    assert len(made) == sum(map(len, PARTS.values())) == 19
    assert [one.period for one in made if one.calls] == ["2026", "2026-H2", "2026-Q4", "2026-10", "2026-11"]
    assert sorted(seen) == sorted(one.period for one in made)
    months = tuple(one for one in jobs_of("2026", folder=tmp_path / "two", **common) if one.kind == "month")
    make_all(months, processes=2, tick=lambda one: None)
    names = {path.name for path in (tmp_path / "two").rglob("115*")}
    assert names == {path.name for path in (tmp_path / "one").rglob("1151*")}
    again = make_all(jobs, processes=1, tick=lambda one: None)
    assert [one.there for one in again if one.calls] == [True] * 5


def test_a_sheet_as_a_paper_has_every_word_of_the_form_in_its_order() -> None:
    form = load_form("keelung-102")
    sheet = to_dict(keelung(call(), best()))
    table = next(one for one in sheet_paper(sheet, form, header={}, call={}) if isinstance(one, TableBlock))
    rows = [[plain_text(cell) for cell in row] for row in table.rows]
    texts = [row[1].strip("　↳ ") for row in rows]
    for item in form.items:
        for wording in (item.text, *(option.text for option in item.options)):
            assert not wording or " ".join(wording.split()) in " ".join(" ".join(texts).split())
    assert {row[0] for row in rows} <= {"", "■", "□"}
    assert [row[3] for row in rows if "總 得 分" in row[1]] == [f"{sheet['total']:g}"]
    lines = table.lines()
    assert all(one[1] == other[0] for one, other in pairwise(lines))
