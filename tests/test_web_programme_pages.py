"""The programme's other pages: questions, office calendar, outside sheets, vacant numbers, what is
published, commendations, whose fault it was. Each does what its command does."""

from __future__ import annotations

import hashlib
import html
import io
import os
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from kept_calls import keep_call
from rubric_cases import best, call, leg
from test_harness_external import GOOD, filled
from test_harness_rules import final, refused
from test_harness_workdays import official_csv
from web_pages import NOW, Client, Running, violations

from harness.agency import Agency
from harness.cli.program import run
from harness.errors import DONE
from harness.figures import span_of
from harness.papers.gather import gather
from harness.papers.series_tables import series_tables
from harness.programme.month import draw_and_seal
from harness.questions import COLUMNS, questions_in
from harness.store import open_store
from harness.web.rights import Role

pytest_plugins = ("web_fixtures",)
QUESTIONS = """單位代號,題目,參考答案,出處,有效至
*,幾點關門,下午五點,公告,
u2,申請要帶什麼,身分證,須知,115/12/31
u2,舊法怎麼算,不再問,,2020-01-01
u1,規費多少,二百元,收費標準,
"""
DIFFERENT = frozenset({date(2026, 11, 24), date(2026, 11, 28)})
OVER = "2026-09"


@pytest.fixture(scope="module", autouse=True)
def _programme(agency: Agency) -> None:
    """A bank of questions, a month that is over with its plan and results, numbers that do not exist, a fault."""
    (agency.folder / "questions.csv").write_text(QUESTIONS, encoding="utf-8")
    (agency.folder / "programme.toml").write_text("rounds_per_month = 1\nunits_per_round = 2\n", encoding="utf-8")
    asked = best() | {"questions": [{"text": "幾點關門", "verdict": "correct"}, {"text": "其他", "verdict": "wrong"}]}
    asked |= {"accuracy": {"asked": 2, "correct": 1}}
    for day, unit in ((7, "u2"), (8, "u3")):
        made_at = datetime(2026, 9, day, 8, tzinfo=UTC)
        keep_call(agency, f"c-before-{unit}", call(), asked, unit=unit, day=date(2026, 9, day), made_at=made_at)
    refused(agency, "c-vacant", date(2026, 11, 3), final(404), unit="u3")
    theirs = call(legs={"unit": leg(outcome="fault_theirs", fault_confirmed=False)}, transferred=None)
    for name in ("c-fault", "c-void"):
        keep_call(agency, name, theirs, None, unit="u3", day=date(2026, 11, 16), columns={"outcome": "fault_theirs"})
    with open_store(agency.database) as store:
        draw_and_seal(agency, OVER, store, seed="s", now=datetime(2026, 8, 25, 1, tzinfo=UTC))
        draw_and_seal(agency, "2026-11", store, seed="s", now=datetime(2026, 10, 25, 1, tzinfo=UTC))


@pytest.fixture(scope="module")
def convener(server: Running) -> Client:
    return server.client(Role.CONVENER)


def logged(agency: Agency, what: str) -> list[str]:
    with open_store(agency.database) as store:
        return [row["who"] for row in store.log.newest(limit=1000) if row["what"] == what]


# --- questions


def test_what_a_unit_is_asked_next_stands_first_with_when_it_was_asked_last(server: Running) -> None:
    told = server.client(Role.CONVENER).get("/plan/questions?unit=u2").text
    rows = re.findall(r"<tr>(.*?)</tr>", told, re.DOTALL)
    text = [re.sub(r"<[^>]*>", " ", one) for one in rows]
    order = [
        next(n for n, one in enumerate(text) if what in one) for what in ("申請要帶什麼", "幾點關門", "舊法怎麼算")
    ]
    assert order == sorted(order)
    assert "下一通問" in text[order[0]]
    assert "還沒問過" in text[order[0]]
    assert "115/09/07" in text[order[1]]
    assert "已失效" in text[order[2]]
    assert "規費多少" not in told


def test_who_tests_is_not_shown_what_the_own_unit_is_asked(server: Running) -> None:
    seen = {role: server.client(role).get("/plan/questions").text for role in (Role.TESTER, Role.CONVENER)}
    assert ("規費多少" in seen[Role.TESTER], "規費多少" in seen[Role.CONVENER]) == (False, True)
    assert "申請要帶什麼" in seen[Role.TESTER]
    assert 'type="file"' not in seen[Role.TESTER]
    assert server.client(Role.TESTER).get("/plan/questions/export").status == 403


@pytest.mark.parametrize("kind", ["ods", "csv"])
def test_the_bank_that_is_exported_can_be_brought_again(
    kind: str, convener: Client, agency: Agency, tmp_path: Path
) -> None:
    before = questions_in(agency.folder / "questions.csv", units=("u1", "u2", "u3"))
    path = tmp_path / f"bank.{kind}"
    path.write_bytes(convener.get(f"/plan/questions/export?kind={kind}").body)
    checked = convener.upload("/plan/questions", path.name, path.read_bytes(), {"what": "check"})
    assert "4 題可以匯入" in checked.text
    done = convener.upload("/plan/questions", path.name, path.read_bytes(), {"what": "import"})
    assert done.status == 303
    assert "已匯入 4 題" in convener.get(done.headers["location"]).text
    after = questions_in(agency.folder / "questions.csv", units=("u1", "u2", "u3"))
    assert [[getattr(one, name) for name in COLUMNS] for one in after] == [
        [getattr(one, name) for name in COLUMNS] for one in before
    ]
    assert "林召集" in logged(agency, "questions_imported")


def test_the_command_exports_the_same_bank(agency: Agency, convener: Client, tmp_path: Path) -> None:
    file = tmp_path / "out.csv"
    assert run(["--agency", str(agency.folder), "questions", "--export", str(file)]) == DONE
    assert file.read_bytes() == convener.get("/plan/questions/export?kind=csv").body
    assert run(["--agency", str(agency.folder), "questions", "--export", str(tmp_path / "out.txt")]) != DONE


@pytest.mark.parametrize(
    ("path", "name", "content", "sentence"),
    [
        ("/plan/questions", "x.csv", "單位代號,題目,參考答案\nu9,甲,乙\n".encode(), "名冊沒有單位「u9」"),
        ("/plan/questions", "x.exe", b"MZ", "可用的檔案是"),
        ("/plan/questions", "x.ods", b"no spreadsheet", "x.ods"),
        (
            "/plan/calendar",
            "115.csv",
            official_csv(2026).replace("20260301,日,2,例假日\r\n", "").encode(),
            "2026 年少了 1 天",
        ),
        ("/plan/calendar", "x.txt", b"", "可用的檔案是"),
        ("/plan/external", "../../x.ods", b"no spreadsheet", "x.ods"),
    ],
)
def test_a_wrong_file_changes_nothing_and_says_what_is_wrong(
    path: str, name: str, content: bytes, sentence: str, convener: Client, agency: Agency
) -> None:
    before = {one: one.read_bytes() for one in agency.folder.glob("*.csv")}
    for what in ("check", "import"):
        answer = convener.upload(path, name, content, {"what": what})
        assert answer.status == 422
        assert sentence in answer.text
        assert "沒有匯入任何東西" in answer.text
        assert "/tmp" not in answer.text
    assert {one: one.read_bytes() for one in agency.folder.glob("*.csv")} == before


def test_without_a_file_it_is_said(convener: Client) -> None:
    for path in ("/plan/questions", "/plan/calendar", "/plan/external"):
        answer = convener.post(path, {"what": "import"})
        assert (answer.status, "請選一個檔案" in answer.text) == (422, True)


# --- the office calendar


def test_a_years_table_is_compared_before_it_is_taken_and_its_differences_are_listed(
    convener: Client, agency: Agency
) -> None:
    content = official_csv(2026, changed=DIFFERENT).encode("big5")
    compared = convener.upload("/plan/calendar", "115.csv", content, {"what": "check"})
    assert "115/11/24" in compared.text
    assert not list(agency.folder.glob("calendar-*.csv"))
    done = convener.upload("/plan/calendar", "115.csv", content, {"what": "import"})
    assert "2 天不同" in convener.get(done.headers["location"]).text
    shown = re.sub(r"<[^>]*>", " ", convener.get("/plan/calendar").text)
    assert re.search(r"115/11/24\s+放假\s+上班", shown)
    assert re.search(r"115/11/28\s+上班\s+放假", shown)
    assert [one.name for one in agency.folder.glob("calendar-*.csv")] == ["calendar-2026.csv"]
    assert logged(agency, "calendar_imported") == ["林召集"]
    (agency.folder / "calendar-2026.csv").unlink()


# --- outside sheets


def test_blank_sheets_come_back_filled_and_are_kept_once(convener: Client, agency: Agency, tmp_path: Path) -> None:
    blank = convener.post("/plan/external/blank", {"form": "keelung-102", "pages": "2"})
    assert (blank.status, blank.body[:2]) == (200, b"PK")
    (tmp_path / "blank.ods").write_bytes(blank.body)
    content = filled(tmp_path / "blank.ods", GOOD).read_bytes()
    checked = convener.upload("/plan/external", "填好.ods", content, {"what": "check"})
    assert "1 通可以匯入" in checked.text
    assert "新竹分局 林" in checked.text
    assert "沒有外部測試" in checked.text
    done = convener.upload("/plan/external", "填好.ods", content, {"what": "import"})
    shown = convener.get(done.headers["location"]).text
    assert "匯入 1 通外部測試" in shown
    assert re.search(r'href="/calls/[^"]+/sheet"', shown)
    again = convener.upload("/plan/external", "填好.ods", content, {"what": "import"})
    assert (again.status, "已經有了" in again.text) == (422, True)
    wrong = filled(tmp_path / "blank.ods", GOOD | {"time": "25:99", "unit": "九課"}, to="錯.ods").read_bytes()
    told = convener.upload("/plan/external", "錯.ods", wrong, {"what": "import"}).text
    assert told.count("錯.ods 工作表") == 2


@pytest.mark.parametrize("values", [{"pages": "0"}, {"pages": "x"}, {"pages": "101"}, {"form": "../x"}])
def test_blank_sheets_of_nonsense_are_refused(values: dict[str, str], convener: Client) -> None:
    answer = convener.post("/plan/external/blank", {"form": "keelung-102", "pages": "2"} | values)
    assert answer.status == 422


def test_a_unit_that_is_ticked_has_its_page(convener: Client, tmp_path: Path) -> None:
    from harness.external.cells import read_pages

    path = tmp_path / "blank.ods"
    path.write_bytes(convener.post("/plan/external/blank", {"form": "keelung-102", "units": "u2"}).body)
    assert [page.name for page in read_pages(path)] == ["二課"]


# --- vacant numbers


def test_numbers_that_do_not_exist_are_listed_with_what_told_so(server: Running, convener: Client) -> None:
    told = convener.get("/plan/vacant?month=2026-11").text
    assert "SIP 404" in told
    assert "待更正" in told
    assert "沒有空號" in convener.get("/plan/vacant?month=115-10").text
    assert convener.get("/plan/vacant?month=2026-11&round=9").status == 404
    assert convener.get("/plan/vacant?month=x").status == 422
    assert server.client(Role.REVIEWER).get("/plan/vacant").status == 403


# --- what goes out


def test_a_month_that_is_over_is_published_under_its_own_hash(server: Running, agency: Agency, tmp_path: Path) -> None:
    client = server.client(Role.TESTER)
    page = client.get(f"/plan/{OVER}").text
    file = client.get(f"/plan/{OVER}/published")
    assert hashlib.sha256(file.body).hexdigest() in page
    (tmp_path / f"plan-{OVER}.json").write_bytes(file.body)
    (tmp_path / f"plan-{OVER}-inputs.json").write_bytes(client.get(f"/plan/{OVER}/published-inputs").body)
    assert run(["plan", "verify", str(tmp_path / f"plan-{OVER}.json")]) == DONE
    for part in ("published", "published-inputs"):
        secret = client.get(f"/plan/2026-11/{part}")
        assert (secret.status, b"unit" in secret.body) == (409, False)
    assert f"/plan/{OVER}/published" in page
    assert "/published" not in client.get("/plan/2026-11").text


# --- commendations


def test_a_list_of_commendations_waits_for_every_objection_and_an_approval(
    server: Running, convener: Client, agency: Agency
) -> None:
    early = convener.get("/reports/2026-11/reward").text
    assert 'name="approved_by"' not in early
    assert convener.post("/reports/2026-11/reward", {"approved_by": "局長", "sure": "1"}).status == 409
    shown = convener.get(f"/reports/{OVER}/reward").text
    assert 'name="approved_by"' in shown
    assert convener.post(f"/reports/{OVER}/reward", {"approved_by": " ", "sure": "1"}).status == 422
    assert convener.post(f"/reports/{OVER}/reward", {"approved_by": "局長 王"}).status == 422
    assert server.client(Role.AUDITOR).post(f"/reports/{OVER}/reward", {"approved_by": "我", "sure": "1"}).status == 403
    assert not logged(agency, "reward_list_made")


def test_the_places_on_the_page_are_those_of_the_paper(convener: Client, agency: Agency) -> None:
    """Neither counts a call that somebody may still object to."""
    span = span_of("half_year", "2026-H2")
    with open_store(agency.database) as store:
        known = gather(span, agency=agency, store=store, today=NOW.date())
    assert known.held
    (paper,) = series_tables(known, charts=False)
    shown = re.findall(
        r"<tr><td>(\d+)</td><td>([^<]+)</td><td>([^<]+)</td>", convener.get("/reports/2026-H2/reward").text
    )
    assert shown == [(str(place), unit, mean.told("zh")) for place, unit, mean, *_ in paper.ranking.rows]
    assert {unit for _, unit, _ in shown} == {"二課", "三課"}


@pytest.mark.slow
def test_an_approved_list_is_among_the_papers_with_who_approved_it(convener: Client, agency: Agency) -> None:
    import time
    import zipfile

    assert convener.post(f"/reports/{OVER}/reward", {"approved_by": "局長 王大明", "sure": "1"}).status == 303
    for _ in range(480):
        if "正在製作" not in convener.get("/reports/progress").text:
            break
        time.sleep(0.5)
    names = re.findall(rf'href="(/reports/{OVER}/files/[^"]+)"', convener.get(f"/reports?period={OVER}").text)
    papers = [convener.get(name).body for name in names if name.endswith(".odt")]
    texts = [zipfile.ZipFile(io.BytesIO(one)).read("content.xml").decode() for one in papers]
    assert any("局長 王大明" in text for text in texts)
    assert logged(agency, "reward_list_made") == ["林召集"]


# --- whose fault


def test_a_person_says_whose_fault_it_was_and_only_then_it_counts(server: Running, agency: Agency) -> None:
    client = server.client(Role.REVIEWER)
    assert "待確認" in client.get("/calls/c-fault/review").text
    assert client.post("/calls/c-fault/confirm", {"whose": "x"}).status == 422
    done = client.post("/calls/c-fault/confirm", {"whose": "theirs", "reason": "打去問過"})
    assert (done.status, done.headers["location"]) == (303, "/calls/c-fault/review#fault")
    assert client.post("/calls/c-void/confirm", {"whose": "ours"}).status == 303
    assert client.post("/calls/c-fault/confirm", {"whose": "ours"}).status == 422
    assert "已由人確認：對方的故障，計分" in client.get("/calls/c-fault/review").text
    with open_store(agency.database) as store:
        legs = {name: store.get_call(name)["sheets"][-1]["facts"]["legs"]["unit"] for name in ("c-fault", "c-void")}
        (line,) = [one for one in store.log.of("c-fault") if one["what"] == "fault_confirmed"]
    assert legs["c-fault"]["fault_confirmed"] is True
    assert legs["c-void"]["outcome"] == "fault_ours"
    assert (line["who"], line["detail"]["reason"]) == ("黃複評", "打去問過")
    for role in (Role.TESTER, Role.UNIT, Role.CONVENER, Role.AUDITOR):
        assert server.client(role).post("/calls/c-void/confirm", {"whose": "theirs"}).status == 403


def test_complaints_show_who_typed_them_in_and_how_often_they_were_corrected(convener: Client) -> None:
    told = {"unit": "u2", "month": "2026-11", "source": "1999"}
    for count, note in (("3", ""), ("2", "重複登記")):
        assert convener.post("/complaints", told | {"count": count, "note": note}).status == 303
    shown = html.unescape(re.sub(r"<[^>]*>", " ", convener.get("/improvements").text))
    assert re.search(r"1999\s+2\s+115/11/23\s+林召集\s+重複登記\s+更正過 1 次", shown)


PAGES = (
    "/plan/questions",
    "/plan/questions?unit=u2",
    "/plan/calendar",
    "/plan/external",
    "/plan/vacant?month=2026-11",
    f"/plan/{OVER}",
    f"/reports/{OVER}/reward",
    "/improvements",
)


@pytest.mark.slow
@pytest.mark.parametrize("width", [1280, 390])
def test_the_pages_have_no_violation_of_wcag_and_fit(
    width: int, page_of: Callable[..., Any], agency: Agency, server: Running
) -> None:
    (agency.folder / "calendar-2027.csv").write_text(
        official_csv(2027, changed=frozenset({date(2027, 10, 11)})), encoding="utf-8", newline=""
    )
    page = page_of(Role.CONVENER, "/plan", width=width, dark=width < 500)
    for n, path in enumerate(PAGES):
        page.goto(server.url + path)
        if os.environ.get("SHOT"):
            page.screenshot(path=f"{os.environ['SHOT']}p{n}-{width}.png", full_page=True)
        if width > 500 or n < 2:
            assert (path, violations(page)) == (path, [])
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
