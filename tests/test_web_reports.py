"""Reports: figures with their n, papers made in the background, and files only for whom they are."""

import re
import subprocess
import time
import zipfile
from datetime import UTC, date, datetime
from itertools import pairwise
from urllib.parse import quote

import pytest
from kept_calls import keep_call
from office import need_pdf, need_poppler
from rubric_cases import best, call
from web_pages import Running, violations

from harness.figures import span_of
from harness.papers.gather import gather
from harness.store import open_store
from harness.web.rights import Role

pytest_plugins = ("web_fixtures",)
PATIENCE = 240


@pytest.fixture(scope="module", autouse=True)
def _months(agency):
    for month in (8, 9, 10):
        for unit in ("u1", "u2"):
            told = {"unit": unit, "day": date(2026, month, 5), "made_at": datetime(2026, month, 6, tzinfo=UTC)}
            keep_call(agency, f"c-{month}-{unit}", call(), best(), **told)


def made(client):
    """Wait until the papers that are being made are made, and give what the page says then."""
    for _ in range(PATIENCE * 2):
        html = client.get("/reports/progress").text
        if "正在製作" not in html:
            return html
        time.sleep(0.5)
    raise AssertionError("the papers were not made")


def files_in(html):
    return [name for name in re.findall(r'href="/reports/2026-10/files/([^"]+)"', html)]


@pytest.fixture(scope="module")
def papers(server: Running):
    """The papers of October, made by the convener's button; their addresses."""
    client = server.client(Role.CONVENER)
    answer = client.post("/reports/2026-10/make")
    assert answer.status == 303, answer.text
    assert "製作完成" in made(client)
    return files_in(client.get("/reports?period=2026-10").text)


def test_every_mean_stands_with_its_n_and_reach(server: Running):
    html = server.client(Role.AUDITOR).get("/reports?period=2026-H2").text
    assert "逐月平均" in html
    months = re.findall(r"<td>115 年 (\d+) 月</td><td class=\"number\">(\d+)</td>", html)
    assert [(int(month), int(count)) for month, count in months][:3] == [(8, 2), (9, 2), (10, 2)]
    assert len(re.findall("n=", html)) >= 6


def test_a_change_is_the_difference_of_the_means_beside_it(server: Running):
    html = server.client(Role.AUDITOR).get("/reports?period=2026-11").text.partition("逐月平均")[2]
    heads = re.findall(r'<th scope="col"[^>]*>([^<]*)</th>', html.partition("</thead>")[0])
    assert heads[-2:] == ["評比成績平均", "評比成績增減"]
    rows = [re.findall(r"<td[^>]*>([^<]*)", row)[-2:] for row in re.findall(r"<tr><td>.*?</tr>", html)]
    moved = [(float(now[0]) - float(before[0]), now[1]) for before, now in pairwise(rows) if now[1] != "—"]
    assert moved
    assert all(float(change) == pytest.approx(by, abs=0.11) for by, change in moved)


@pytest.mark.parametrize("path", ["/reports?period=2026-11", "/reports/2026-11/charts", "/units?period=2026-11"])
def test_a_page_says_how_many_of_its_calls_the_papers_leave_out(path, server: Running, agency):
    with open_store(agency.database) as store:
        known = gather(span_of("month", "2026-11"), agency=agency, store=store, today=date(2026, 11, 23))
    html = server.client(Role.AUDITOR).get(path).text
    told = re.search(r"其中 (\d+) 通未確定：(.*?)；確定之前", html)
    assert told
    assert int(told[1]) == len(known.unsettled) > 0
    assert "尚未完成或簽認（異議期間尚未起算）" in told[2]
    if count := re.search(r"共 (\d+) 通", html):
        assert int(count[1]) == known.figures["calls"] + int(told[1])


def test_a_page_of_which_everything_is_final_says_nothing_of_it(server: Running):
    assert "未確定" not in server.client(Role.AUDITOR).get("/reports?period=2026-10").text


def test_a_unit_is_told_of_its_own_calls_and_not_of_a_sheet_that_nobody_signed(server: Running, agency):
    html = server.client(Role.UNIT).get("/units/u1?period=2026-11").text
    told = re.search(r"其中 (\d+) 通未確定：(.*?)；確定之前", html)
    assert told
    assert int(told[1]) == 1  # c-done; c-mine is not scored yet
    assert "簽認" not in told[2]


def test_papers_are_made_once_and_not_replaced_unasked(papers, server: Running, agency):
    kinds = {name.rpartition(".")[2] for name in papers}
    assert {"odt", "ods", "csv"} <= kinds
    client = server.client(Role.CONVENER)
    before = {path: path.stat().st_mtime_ns for path in (agency.folder / "papers").rglob("*.odt")}
    refused = client.post("/reports/2026-10/make")
    assert (refused.status, "沒有更動" in refused.text) == (409, True)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert client.post("/reports/2026-10/make", {"anew": "1"}).status == 303
    assert "製作完成" in made(client)


def test_a_period_without_results_says_so(server: Running, agency):
    client = server.client(Role.CONVENER)
    assert client.post("/reports/2026-02/make").status == 303
    assert "沒有成績" in made(client)
    assert not (agency.folder / "papers" / "2026-02").exists()


def test_files_are_downloaded_by_whom_they_are_for_and_logged(papers, server: Running, agency):
    name = next(one for one in papers if one.endswith(".odt"))
    answer = server.client(Role.AUDITOR).get(f"/reports/2026-10/files/{name}")
    assert (answer.status, answer.body[:2]) == (200, b"PK")
    assert "attachment" in answer.headers["content-disposition"]
    with open_store(agency.database) as store:
        assert "paper_downloaded" in [row["what"] for row in store.log.newest(limit=5)]
    for role in (Role.UNIT, Role.TESTER, Role.REVIEWER, Role.ADMINISTRATOR, Role.OUTSIDE_TESTER):
        assert server.client(role).get(f"/reports/2026-10/files/{name}").status == 403


def heading_of(odt):
    """The title that stands over a paper."""
    with zipfile.ZipFile(odt) as file:
        found = re.search(r'<text:h[^>]*outline-level="1"[^>]*>(.*?)</text:h>', file.read("content.xml").decode(), re.S)
    return re.sub(r"<[^>]+>|\s", "", found[1])


@pytest.mark.slow
def test_a_pdf_that_is_downloaded_is_the_paper_that_was_chosen(server: Running, agency, page_of, request, tmp_path):
    """In a browser, from the tick to the file, each with the heading of its own ODT."""
    need_pdf(request)
    need_poppler(request)
    page, folder = page_of(Role.CONVENER, "/reports?period=2026-Q3"), agency.folder / "papers" / "2026-Q3"
    page.check("[name=pdf]")
    page.locator("form[action='/reports/2026-Q3/make'] button").click()
    assert "製作完成" in made(server.client(Role.CONVENER))
    page.goto(f"{server.url}/reports?period=2026-Q3")
    links, headings = page.locator("a[href$='.pdf']"), []
    for n in range(links.count()):
        with page.expect_download() as begun:
            links.nth(n).click()
        kept, file = folder / begun.value.suggested_filename, tmp_path / f"{n}.pdf"
        begun.value.save_as(file)
        assert file.read_bytes() == kept.read_bytes()
        text = subprocess.run(["pdftotext", str(file), "-"], capture_output=True, check=True).stdout.decode()
        headings.append(heading_of(kept.with_suffix(".odt")))
        assert headings[-1] in re.sub(r"\s", "", text)
    assert len(headings) == len(set(headings)) == len(list(folder.glob("*.odt"))) > 1


@pytest.mark.parametrize(
    "name",
    [
        "../../agency.toml",
        "%2e%2e/%2e%2e/thirdring.db",
        "..%2F..%2Funits.csv",
        "/etc/passwd",
        "none.odt",
        "%00",
        "a%00.odt",
        "",
        ".",
    ],
)
def test_nothing_but_a_paper_is_a_file(name, papers, server: Running):
    assert server.client(Role.CONVENER).get(f"/reports/2026-10/files/{name}").status == 404


@pytest.mark.parametrize("period", ["..", "2026-13", "x", quote("115-10"), "2026-10%2F.."])
def test_a_folder_that_is_no_period_is_not_there(period, server: Running):
    assert server.client(Role.CONVENER).get(f"/reports/{period}/files/x.odt").status == 404


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.TESTER, Role.UNIT])
def test_only_the_convener_has_papers_made(role, server: Running, agency):
    assert server.client(role).post("/reports/2026-09/make").status == 403
    assert not (agency.folder / "papers" / "2026-09").exists()


@pytest.mark.parametrize("width", [1280, 320])
@pytest.mark.parametrize("path", ["/reports?period=2026-10", "/reports?period=2026-H2", "/reports/2026-H2/charts"])
def test_the_pages_have_no_violation_of_wcag_and_fit(path, width, papers, page_of):
    page = page_of(Role.CONVENER, path, width=width, dark=width == 320)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
