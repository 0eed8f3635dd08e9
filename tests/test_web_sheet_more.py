"""What a sheet holds beside its items: questions and the bank, points above the total, an adjustment for a voice,
where something is heard, who answered against the machine, and what nobody could observe."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from rubric_cases import best
from sheet_calls import facts, keep_sheet_call
from web_pages import NAMES, NOW, Client, Running, serving, violations

from harness.agency import Agency, load_agency
from harness.assisted.remarks import keep_proposed
from harness.store import open_store
from harness.web.rights import Role
from harness.web.sheet_fields import answers_of, fields_from
from harness.web.site import Site
from rubric.answers import parse_answers
from rubric.facts import parse_facts
from rubric.form import load_form, read_form
from rubric.schema import Form
from rubric.score import score

pytestmark = pytest.mark.waits

pytest_plugins = ("web_fixtures",)
OWN = "our-own"
BONUS = {"points": 3, "reason": "主動告知補件方式", "second_person": "林召集"}
EVERYTHING: dict[str, Any] = best() | {
    "B2.3": {
        "option": "1",
        "points": 9,
        "at_s": 61.5,
        "adjusted": {"from": 7, "reason": "口吃，不影響服務"},
    },
    "A3.1": {"points": 1, "reason": "語氣略急", "at_s": 36},
    "questions": [
        {"text": "申請要帶什麼", "verdict": "correct", "precise": True, "complete": False},
        {"text": "幾點關門", "verdict": "partly"},
        {"text": "可否代辦", "verdict": "wrong"},
    ],
    "accuracy": {"asked": 3, "correct": 1},
    "observed": {"A": True, "A3.6": False, "B3": False},
    "heard": {"unit": {"value": "recording", "reason": "是語音信箱"}, "operator": "person"},
    "facts": {"transferred": {"value": True, "reason": "聽到轉接"}},
    "header": {"answerer_surname": "王"},
    "bonus": BONUS,
    "remarks": "現場施工",
}
QUESTIONS = """單位代號,題目,參考答案,出處,有效至
*,幾點關門,下午五點,公告,
u2,申請要帶什麼,身分證,須知,
u1,別課的題目,無,,
u2,舊法怎麼算,不再問,,2020-01-01
"""


def own_text() -> str:
    """The Keelung form with its bonus switched on, as an agency would adopt it."""
    text = (files("rubric.forms") / "keelung-102.toml").read_text(encoding="utf-8")
    text = text.replace('id = "keelung-102"', f'id = "{OWN}"', 1)
    text = re.sub(r"enabled = \{value = false, letter = false, why = [^}]*\}\ncriteria = \"\"", _on(), text)
    assert "某字第 3 號" in text
    return text


def _on() -> str:
    return 'enabled = {value = true, letter = false, approval = "某字第 3 號"}\ncriteria = "主動協助，經兩人同意"'


@pytest.fixture(scope="module")
def agency(furnished: Path, tmp_path_factory: pytest.TempPathFactory) -> Agency:
    folder = tmp_path_factory.mktemp("more") / "agency"
    shutil.copytree(furnished, folder)
    (folder / "forms").mkdir(exist_ok=True)
    (folder / "forms" / f"{OWN}.toml").write_text(own_text(), encoding="utf-8")
    (folder / "questions.csv").write_text(QUESTIONS, encoding="utf-8")
    settings = folder / "agency.toml"
    settings.write_text(settings.read_text("utf-8").replace('"keelung-102"', f'"{OWN}"'), encoding="utf-8")
    made = load_agency(folder)
    for call_id in ("c-more", "c-seen", "c-sign", "c-axe"):
        keep_sheet_call(made, call_id)
    return made


@pytest.fixture(scope="module")
def server(agency: Agency) -> Iterator[Running]:
    with serving(Site(folder=agency.folder, clock=lambda: NOW)) as running:
        yield running


def form() -> Form:
    return read_form(own_text(), file=f"{OWN}.toml")


def test_whatever_a_file_of_answers_can_say_the_page_can_say_too() -> None:
    again = answers_of(fields_from(EVERYTHING, form()), form())
    first, second = (parse_answers(one, form()) for one in (EVERYTHING, again))
    assert [name for name, seen in second.observed.items() if not seen] == ["B3", "A3.6"]
    for name in ("items", "accuracy", "header", "heard", "facts", "bonus", "remarks"):
        assert (name, getattr(second, name)) == (name, getattr(first, name))


def test_counts_alone_are_kept_where_nobody_wrote_the_questions_down() -> None:
    fields = fields_from({"accuracy": {"asked": 4, "correct": 3}}, load_form("keelung-102"))
    assert answers_of(fields, load_form("keelung-102")) == {"accuracy": {"asked": 4, "correct": 3}}


def draft(client: Client, what: str, **values: str) -> str:
    told = {"changed": what} | {name.replace("__", ":"): value for name, value in values.items()}
    return client.post("/calls/c-more/sheet/draft", told, hx_request="true").text


def refused(told: str, place: str) -> str:
    found = re.search(rf'id="said-{place}".*?(?:class="refused" role="alert">([^<]+)|</div>)', told, re.DOTALL)
    return (found[1] or "") if found else ""


@pytest.mark.parametrize(
    ("what", "values", "place", "sentence"),
    [
        ("bonus", {"bonus__points": "6", "bonus__reason": "好", "bonus__second_person": "林"}, "bonus", "0 至 5"),
        ("bonus", {"bonus__points": "3"}, "bonus", "second_person"),
        ("question", {"question__asked": "2", "question__correct": "3"}, "accuracy", "correct 不大於 asked"),
    ],
    ids=["too much", "half", "more right than asked"],
)
def test_what_cannot_be_is_refused_as_it_is_typed(
    what: str, values: dict[str, str], place: str, sentence: str, server: Running
) -> None:
    assert sentence in refused(draft(server.client(Role.TESTER), what, **values), place)


def test_an_adjustment_wants_its_points_before_and_its_reason(server: Running) -> None:
    client = server.client(Role.TESTER)
    item = next(n for n, one in enumerate(form().items, start=1) if one.id == "B2.3")
    half = {"B2.3:option": "1=9", "B2.3:adjusted:from": "7"}
    told = client.post("/calls/c-more/sheet/draft", {"changed": "B2.3"} | half, hx_request="true").text
    assert "調整" in refused(told, f"item-{item}")
    whole = half | {"B2.3:adjusted:reason": "口吃"}
    told = client.post("/calls/c-more/sheet/draft", {"changed": "B2.3"} | whole, hx_request="true").text
    assert not refused(told, f"item-{item}")
    assert "口吃" in told


def test_the_questions_lines_are_filled_in_as_on_the_paper(server: Running) -> None:
    values = {f"question__{n}__verdict": verdict for n, verdict in enumerate(("correct", "wrong", "correct"), 1)}
    told = draft(server.client(Role.TESTER), "question", **values)
    lines = re.search(r'id="rate-said"[^>]*>([^<]*)', told)
    assert lines is not None
    assert "測試題數 3 題" in lines[1]
    assert "回應正確題數 2 題" in lines[1]
    assert "66.7" in lines[1]


def test_the_bank_offers_the_units_questions_with_their_answers_to_who_scores(server: Running) -> None:
    told = server.client(Role.TESTER).get("/calls/c-seen/sheet").text
    assert "身分證" in told
    assert told.index("申請要帶什麼") < told.index("幾點關門")  # the unit's own first
    assert "別課的題目" not in told
    assert "舊法怎麼算" not in told
    assert "身分證" not in server.client(Role.AUDITOR).get("/calls/c-seen/sheet").text


def test_the_questions_that_the_tester_was_shown_stand_on_the_sheet_and_say_nothing_yet(server: Running) -> None:
    """They can be changed, and count only once somebody says how they were answered."""
    shown, path = ("幾點關門", "沒有在題庫裡的題目"), "/calls/c-asked/sheet"
    keep_sheet_call(load_agency(server.site.folder), "c-asked")
    with open_store(server.site.folder / "thirdring.db") as store:
        keep_proposed("c-asked", shown, who=NAMES[Role.TESTER], store=store)
    client = server.client(Role.TESTER)
    told = client.get(path).text
    for n, text in enumerate(shown, start=1):
        assert re.search(rf'name="question:{n}:text"[^>]*value="{text}"', told)
    assert 'name="question:3:text"' not in told or re.search(r'name="question:3:text"[^>]*value=""', told)
    bank = told[told.index('class="bank"') :]
    assert bank.index("幾點關門") < bank.index("申請要帶什麼")  # before the unit's other ones
    first = {"changed": "remarks", "remarks": "雜音"}
    assert client.post(f"{path}/draft", first, hx_request="true").status == 200
    with open_store(server.site.folder / "thirdring.db") as store:
        fields = store.drafts.of("c-asked", NAMES[Role.TESTER])["fields"]
    assert [fields[f"question:{n}:text"] for n in (1, 2)] == [[text] for text in shown]
    assert "questions" not in answers_of(fields, form())
    changed = {"changed": "question", "question:1:text": "改問別的", "question:1:verdict": "correct"}
    client.post(f"{path}/draft", changed, hx_request="true")
    with open_store(server.site.folder / "thirdring.db") as store:
        fields = store.drafts.of("c-asked", NAMES[Role.TESTER])["fields"]
    assert answers_of(fields, form())["questions"] == [{"text": "改問別的", "verdict": "correct"}]


def test_a_sheet_signed_with_everything_is_worth_what_its_answers_are(server: Running) -> None:
    said = {name: value for name, value in EVERYTHING.items() if name not in ("observed", "heard", "facts")}
    fields = {name: values[-1] for name, values in fields_from(said, form()).items()}
    fields |= {"heard:operator": "person", "heard:unit": "person"}
    client = server.client(Role.TESTER)
    assert client.post("/calls/c-sign/sheet/sign", fields).status == 303
    with open_store(server.site.folder / "thirdring.db") as store:
        kept = store.get_call("c-sign")["sheets"][-1]["sheet"]
    answers = parse_answers(said | {"heard": {"operator": "person", "unit": "person"}}, form())
    own = score(form(), parse_facts(facts()), answers)
    assert own.total is not None
    assert (kept["total"], kept["bonus"]) == (float(own.total), 3)
    shown = client.get("/calls/c-sign/sheet").text
    assert "口吃，不影響服務" in shown
    assert 'name="bonus:points"' in shown


def test_what_nobody_could_observe_counts_nowhere(server: Running) -> None:
    client = server.client(Role.TESTER)
    told = draft(client, "observed", observed__B="no")
    page = client.get("/calls/c-more/sheet").text
    assert re.search(r'name="observed:B" value="no"[^>]* checked', page)
    assert "還缺" in told
    assert draft(client, "observed").count('id="said-item-') > 0  # taken back, every item of it is other again


def ready(page: Any) -> Any:
    page.locator("#player[data-ready]").wait_for()
    return page


@pytest.mark.slow
@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)], ids=["wide", "telephone"])
def test_everything_unfolded_has_no_violation_and_fits(width: int, dark: bool, page_of: Callable[..., Any]) -> None:
    page = ready(page_of(Role.TESTER, "/calls/c-axe/sheet", width=width, dark=dark))
    page.evaluate("document.querySelectorAll('details.more').forEach(one => { one.open = true; })")
    if os.environ.get("SHOT"):
        for place in ("heard-by", "item-1", "item-20", "accuracy", "bonus", "facts"):
            page.locator(f"#{place}").screenshot(path=f"{os.environ['SHOT']}{place}-{width}.png")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_one_more_question_the_banks_wording_and_the_place_where_it_is_heard(
    page_of: Callable[..., Any], server: Running
) -> None:
    page = ready(page_of(Role.TESTER, "/calls/c-seen/sheet"))
    page.locator("#accuracy").get_by_text("題庫與參考答案").click()
    page.locator("#accuracy .take").first.click()
    assert page.input_value('input[name="question:1:text"]') == "申請要帶什麼"
    page.locator("#accuracy .another").click()
    page.keyboard.type("第三題")
    page.locator('input[name="question:3:verdict"][value="correct"]').check()
    item = page.locator('fieldset[data-item="A3.1"]')
    item.focus()
    item.locator("details.more summary").click()
    page.evaluate("document.getElementById('sound').currentTime = 0")
    item.locator(".here").click()
    page.locator("#rate-said").get_by_text("測試題數 1 題").wait_for()
    for _ in range(300):
        with open_store(server.site.folder / "thirdring.db") as store:
            kept = store.drafts.of("c-seen", "陳小華")
        if kept and "A3.1:at_s" in kept["fields"]:
            break
        page.wait_for_timeout(100)
    assert kept["fields"]["question:1:text"] == ["申請要帶什麼"]
    assert kept["fields"]["question:3:text"] == ["第三題"]
    assert kept["fields"]["A3.1:at_s"] == ["0.0"]
