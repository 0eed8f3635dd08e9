"""The commands of the score: facts and answers as files, forms, kept calls, second opinions, figures."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest
from kept_calls import agency_with_units, keep_call
from rubric_cases import best, call, leg

from harness.cli.program import run
from harness.errors import WrongInput
from harness.second_opinion import add_opinion
from harness.store import open_store
from harness.words import BOTH, use_language
from rubric.form import form_text

FACTS = {
    "has_ivr": True,
    "transferred": True,
    "unit_busy": False,
    "answerer_role": "owner",
    "caller_hung_up_first": True,
    "waited_s": 6.0,
    "legs": {
        "ivr": {"outcome": "answered", "attempts": 1, "rings": 1, "answer_latency_s": {"earliest": 1.0, "latest": 1.2}},
        "operator": {
            "outcome": "answered",
            "attempts": 1,
            "rings": 3,
            "answer_latency_s": {"earliest": 7.0, "latest": 7.6},
            "forwarded": False,
        },
        "unit": {
            "outcome": "answered",
            "attempts": 1,
            "rings": {"earliest": 5, "latest": 5},
            "answer_latency_s": {"earliest": 12.4, "latest": 13.0},
            "forwarded": False,
        },
    },
}
"""FACTS.json as the design writes it: a transferred call behind a menu."""
ANSWERS = {
    "A1.2": "1",
    "A1.3": "1",
    "A1.4": "1",
    "A3.1": True,
    "A3.2": True,
    "A3.3": True,
    "A3.4": True,
    "A3.5": "1",
    "A3.6": True,
    "A3.8": "1",
    "B2.1": {"unit": True, "name": False, "greeting": True},
    "B2.2": {"courteous_ending": True},
    "B2.3": {"option": "2", "points": 6},
    "B3.甲": {"option": "1", "points": 15},
    "questions": [
        {"text": "可以郵寄嗎", "verdict": "correct", "precise": True, "complete": True},
        {"text": "期限幾天", "verdict": "partly", "precise": False, "complete": True},
    ],
    "header": {"answerer_surname": "林"},
}
"""ANSWERS.json as the design writes it: an option, checks, a range, ticks, the other half of a line, questions."""


@pytest.fixture(autouse=True)
def _both_languages():
    yield
    use_language(BOTH)


@pytest.fixture
def told(capsys):
    """Run a command and give (exit status, its JSON)."""

    def running(*arguments):
        capsys.readouterr()
        status = run([*map(str, arguments), "--json"])
        return status, json.loads(capsys.readouterr().out)

    return running


@pytest.fixture
def files(tmp_path):
    def writing(**named):
        for name, value in named.items():
            (tmp_path / f"{name}.json").write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
        return [tmp_path / f"{name}.json" for name in named]

    return writing


@pytest.fixture
def agency(tmp_path):
    return agency_with_units(tmp_path / "agency")


# ---- score


def test_the_two_files_of_the_design(told, files):
    facts, answers = files(facts=FACTS, answers=ANSWERS)
    status, sheet = told("score", "--form", "keelung-102", "--facts", facts, "--answers", answers)
    assert status == 1  # ring 5 is below the standard of four
    assert (sheet["schema"], sheet["form"]) == ("thirdring.sheet/1", "keelung-102")
    items = {item["id"]: item for item in sheet["items"]}
    assert {key: items[key]["points"] for key in ("A1.1", "A2.1", "B1.1", "B2.1", "B2.2", "B2.3", "B3.甲")} == {
        "A1.1": 5, "A2.1": 9, "B1.1": 7, "B2.1": 8, "B2.2": 5, "B2.3": 6, "B3.甲": 15,
    }  # fmt: skip
    assert [items[key]["by"] for key in ("A2.1", "A3.7", "B2.3")] == ["machine", "note", "tester"]
    assert all({"id", "points", "max", "by", "why"} <= set(item) for item in sheet["items"])
    assert (sheet["total"], [part["points"] for part in sheet["parts"]]) == (90, [44, 46])
    assert (sheet["bonus"], sheet["band"], sheet["open"], sheet["problems"]) == (None, None, [], [])
    assert sheet["accuracy"]["rate"] == 50
    assert sheet["groups"][1]["max"] == 10


def test_facts_alone_are_a_timing_record(told, files):
    (facts,) = files(facts=FACTS)
    status, sheet = told("score", "--facts", facts)
    assert (status, sheet["kind"], sheet["total"], sheet["band"]) == (1, "timing_record", None, None)
    assert "B2.1" in sheet["open"]


def test_explained_as_a_tree_and_as_text(told, files, capsys):
    facts, answers = files(facts=FACTS, answers=ANSWERS)
    asked = ["score", "--facts", facts, "--answers", answers, "--explain"]
    _, sheet = told(*asked)
    assert sheet["schema"] == "thirdring.sheet/1"
    tree = sheet["explanation"]
    assert (tree["id"], tree["points"], [child["id"] for child in tree["children"][:2]]) == ("total", 90, ["A", "B"])
    assert run([*map(str, asked)]) == 1
    text = capsys.readouterr().out
    assert "7 分：第 5 聲、12.4–13.0 秒接聽" in text
    assert run([*map(str, asked), "--lang", "en"]) == 1
    assert "7 points: answered during ring 5" in capsys.readouterr().out


IMPOSSIBLE = {
    "B2.3": {"option": "1", "points": 9.5},
    "A3.8": ["1", "2"],
    "B3.甲": {"option": "1", "points": 15},
    "B3.乙": {"option": "1", "points": 15},
    "B2.1": 2,
    "Z9": True,
    "A2.1": {"points": 3},
    "heard": {"moon": "person"},
}


def test_everything_wrong_is_told_at_once_by_item(told, files, capsys):
    facts, answers = files(facts=FACTS, answers=IMPOSSIBLE)
    status, error = told("score", "--facts", facts, "--answers", answers)
    assert (status, error["schema"]) == (2, "thirdring.error/1")
    for item in ("B2.3", "A3.8", "B3", "B2.1", "Z9", "A2.1", "heard moon"):
        assert any(one.startswith(item) for one in error["problems"]), item
    assert len(error["problems"]) == len(error["problems_en"]) >= 7
    assert run(["score", "--facts", str(facts), "--answers", str(answers), "--lang", "zh"]) == 2
    assert "B2.3：選項（1）不能給 9.5 分；可給 8-10 分（整數）" in capsys.readouterr().err


def test_wrong_facts_and_wrong_answers_are_told_together(told, files):
    facts, answers = files(facts={"legs": {"moon": {}}, "has_irv": True}, answers={"Z9": True})
    status, error = told("score", "--facts", facts, "--answers", answers)
    assert status == 2
    assert {word for word in ("moon", "has_irv", "Z9") for one in error["problems"] if word in one} == {
        "moon", "has_irv", "Z9",
    }  # fmt: skip


def test_an_override_without_its_reason_counts_nothing_and_is_told(told, files):
    facts, answers = files(facts=FACTS, answers={**ANSWERS, "B1.1": 10})
    status, sheet = told("score", "--facts", facts, "--answers", answers)
    assert (status, sheet["total"]) == (1, 90)
    assert sheet["problems"][0].startswith("B1.1")


def test_a_sheet_is_signed_only_when_nothing_is_missing(told, files, capsys):
    facts, answers = files(facts=FACTS, answers=ANSWERS)
    asked = ["score", "--facts", facts, "--answers", answers, "--sign"]
    assert told(*asked)[0] == 1
    few = {key: value for key, value in ANSWERS.items() if key not in ("A3.8", "B2.3", "questions")}
    facts, answers = files(facts=FACTS, answers=few)
    status, error = told(*asked)
    assert (status, [one.split("：")[0] for one in error["problems"]]) == (2, ["A3.8", "B2.3", "accuracy"])
    status, draft = told("score", "--form", "boft", "--facts", facts, "--sign")
    assert status == 2
    assert "草案" in draft["problems"][0]


# ---- forms


def test_a_form_is_checked(told, agency):
    status, fine = told("form", "check", "keelung-102")
    assert (status, fine["schema"], fine["form"], fine["used"]) == (0, "thirdring.form_check/1", "keelung-102", False)
    bad = agency.forms / "bad.toml"
    bad.write_text(
        form_text("keelung-102")
        .replace("threshold", "x")
        .replace("cap = 10, floor", "cpa = 10, floor")
        .replace("small_n = 5", "small_n = 0"),
        encoding="utf-8",
    )
    status, error = told("form", "check", "bad", "--agency", agency.folder)
    assert status == 2
    assert len(error["problems"]) >= 4  # two caps missing, two unknown keys, one number out of range
    assert all("bad.toml" in one for one in error["problems"])
    assert told("form", "check", "nothing")[0] == 2


def test_every_wrong_form_exits_2_and_names_the_file(capsys):
    for file in sorted((Path(__file__).parent / "bad_forms").glob("*.toml")):
        assert run(["form", "check", str(file)]) == 2
        assert file.name in capsys.readouterr().err


@pytest.mark.parametrize("lang", ["zh", "en", "both"])
def test_a_form_is_read_aloud(capsys, lang):
    assert run(["form", "show", "boft", "--lang", lang]) == 0
    text = capsys.readouterr().out
    assert "對於來電應儘速接聽,至遲應於鈴響三聲內應答" in text
    assert ("※本項配分為本系統所訂" in text) is (lang != "en")
    assert ("our reading" in text) is (lang == "en")


def test_what_is_read_aloud_has_every_item_rule_and_choice_of_ours(told):
    for name in ("keelung-102", "boft", "enforcement", "taoyuan", "commerce"):
        status, shown = told("form", "show", name)
        text = "\n".join(shown["aloud"]["zh"])
        assert (status, shown["schema"]) == (0, "thirdring.shown_form/1")
        for item in shown["form"]["items"]:
            assert item["text"] in text
            assert item["rule"] in text
            assert item["clause"] in text
            assert item["ours"] in text
            assert all(option["ours"] in text for option in item["options"])
        assert ("草案" in text) is shown["draft"]


def test_all_forms_are_listed_the_agencys_own_first(told, agency):
    status, made = told("form", "new", "own-115", "--from", "boft", "--title", "本局量表", "--agency", agency.folder)
    assert (status, made["schema"], made["title"]) == (0, "thirdring.form_new/1", "本局量表")
    assert Path(made["file"]).parent == agency.forms
    status, listed = told("form", "show", "--agency", agency.folder)
    assert listed["forms"][0]["form"] == "own-115"
    assert {one["form"] for one in listed["forms"]} > {"keelung-102", "boft", "enforcement", "taoyuan", "commerce"}
    assert told("form", "new", "own-115", "--agency", agency.folder)[0] == 2  # nothing is overwritten
    assert told("form", "new", "Own Form", "--agency", agency.folder)[0] == 2
    assert told("form", "new", "boft", "--agency", agency.folder)[0] == 2


def test_two_forms_are_compared(told, agency, capsys):
    told("form", "new", "own-115", "--agency", agency.folder)
    file = agency.forms / "own-115.toml"
    file.write_text(file.read_text("utf-8").replace("small_n = 5", "small_n = 9"), encoding="utf-8")
    status, diff = told("form", "diff", "keelung-102", "own-115", "--agency", agency.folder)
    assert (status, diff["schema"]) == (0, "thirdring.form_diff/1")
    assert {"place": "aggregation.small_n", "before": 5, "after": 9} in diff["changes"]
    assert run(["form", "diff", "keelung-102", str(file), "--agency", str(agency.folder)]) == 0
    assert "aggregation.small_n：5 → 9" in capsys.readouterr().out
    assert run(["form", "diff", "boft", "boft"]) == 0
    assert "兩份量表內容相同" in capsys.readouterr().out


def test_the_schema_is_exported(told):
    status, schema = told("form", "schema")
    assert (status, schema["$id"]) == (0, "thirdring.form/1")
    assert schema["$schema"].startswith("https://json-schema.org/")


# ---- kept calls: frozen forms, answers, scoring again

BY_HAND = best(**{"header": {"answerer_surname": "林"}})


def own_form(agency, *, version="1", **changes):
    text = form_text("keelung-102").replace('id = "keelung-102"', 'id = "own"', 1)
    text = text.replace('version = "1"', f'version = "{version}"', 1)
    for before, after in changes.values():
        assert before in text
        text = text.replace(before, after)
    (agency.forms / "own.toml").write_text(text, encoding="utf-8")


STRICT = {"basis": ('value = "either"', 'value = "strictest"\napproval = "某字第 1 號"')}
SLOW = call(legs={"ivr": leg(1, 1.0), "operator": leg(1, 1.0), "unit": leg(4, 11.0)})


@pytest.fixture
def own(tmp_path):
    agency = agency_with_units(tmp_path / "agency", form="own")
    own_form(agency)
    keep_call(agency, "c1", SLOW, BY_HAND)
    keep_call(agency, "c2", SLOW)
    return agency


def test_a_changed_form_under_the_same_version_is_refused_naming_the_file(told, own):
    own_form(own, **STRICT)
    for command in (("form", "check", "own"), ("rescore", "c1"), ("call", "u1", "--dry-run")):
        status, error = told(*command, "--agency", own.folder)
        assert status == 2
        assert "own.toml" in error["zh"]
        assert "第 1 版已用於評分" in error["zh"]
    own_form(own, version="2", **STRICT)
    assert told("form", "check", "own", "--agency", own.folder)[0] == 0


def test_scoring_again_by_a_newer_version_makes_a_second_sheet_beside_the_first(told, own):
    status, same = told("rescore", "c1", "--agency", own.folder)
    assert (status, same["calls"][0]["status"]) == (0, "same_form")
    own_form(own, version="2", **STRICT)
    status, again = told("rescore", "c1", "--who", "複核", "--agency", own.folder)
    (one,) = again["calls"]
    assert (status, again["schema"], one["status"]) == (0, "thirdring.rescore/1", "second_sheet")
    assert {d["id"]: (d["before"], d["after"]) for d in one["differences"]} == {
        "B1.1": (8, 7), "B": (53, 52), "total": (98, 97),
    }  # fmt: skip
    assert (one["before"]["version"], one["after"]["version"]) == ("1", "2")
    assert told("rescore", "c1", "--agency", own.folder)[1]["calls"][0]["status"] == "done_before"
    _, shown = told("show", "c1", "--agency", own.folder)
    assert [sheet["version"] for sheet in shown["sheets"]] == [1]
    assert [sheet["form_version"] for sheet in shown["rescored"]] == ["2"]
    assert ("複核", "rescored") in [(line["who"], line["what"]) for line in shown["log"]]


def test_every_call_is_scored_again_and_figures_can_be_asked_by_either(told, own, capsys):
    own_form(own, version="2", **STRICT)
    status, again = told("rescore", "--all", "--agency", own.folder)
    assert (status, [one["call_id"] for one in again["calls"]]) == (0, ["c1", "c2"])
    _, first = told("figures", "month", "2026-11", "--agency", own.folder)
    _, second = told("figures", "month", "2026-11", "--rescored", "own", "--agency", own.folder)
    totals = [one["forms"][0]["series"][0]["agency"]["total"]["mean"] for one in (first, second)]
    assert (totals, [one["forms"][0]["version"] for one in (first, second)]) == ([98, 97], ["1", "2"])
    assert run(["rescore", "--all", "--form", "boft", "--agency", str(own.folder)]) == 0
    assert "再評 2 通" in capsys.readouterr().out
    assert run(["rescore", "--agency", str(own.folder)]) == 2
    assert run(["rescore", "c1", "--all", "--agency", str(own.folder)]) == 2


def test_another_form_takes_what_answers_it_can_and_says_the_rest(told, own):
    status, again = told("rescore", "c1", "--form", "boft", "--agency", own.folder)
    (one,) = again["calls"]
    assert (status, one["after"]["form"]) == (0, "boft")
    (foreign,) = one["problems"]
    assert "A1.2" in foreign


def test_answers_make_a_new_sheet_by_the_form_of_the_first(told, own, files):
    (answers,) = files(answers=BY_HAND)
    own_form(own, version="2", **STRICT)
    status, done = told("answer", "c2", "--answers", answers, "--who", "李", "--agency", own.folder)
    assert (status, done["schema"], done["version"]) == (0, "thirdring.answered/1", 2)
    assert (done["sheet"]["total"], done["sheet"]["form_version"]) == (98, "1")
    assert (own.sheets / "c2.html").is_file()
    _, shown = told("show", "c2", "--agency", own.folder)
    assert [sheet["who"] for sheet in shown["sheets"]] == [None, "李"]
    (answers,) = files(answers={"Z9": True, "B2.3": 2})
    status, error = told("answer", "c2", "--answers", answers, "--who", "李", "--agency", own.folder)
    assert (status, len(error["problems"])) == (2, 2)


# ---- second opinions


@pytest.fixture
def opinions(told, agency, files):
    keep_call(agency, "c1", SLOW)

    def given(who, **changes):
        (answers,) = files(answers=best(**changes))
        return told("opinion", "add", "c1", "--answers", answers, "--who", who, "--agency", agency.folder)

    return given


def seen(told, agency):
    status, shown = told("show", "c1", "--agency", agency.folder)
    assert status == 0
    return json.dumps(shown, ensure_ascii=False)


def test_the_second_cannot_see_the_first_until_both_are_in(told, agency, opinions):
    status, first = opinions("陳", **{"B2.3": {"option": "2", "points": 7, "reason": "秘密一"}})
    assert (status, first["schema"], first["seat"], first["blind"]) == (0, "thirdring.opinion/1", "first", True)
    assert "秘密一" not in seen(told, agency)
    status, error = told("opinion", "compare", "c1", "--agency", agency.folder)
    assert (status, "陳" in error["zh"], "秘密一" in error["zh"]) == (4, True, False)
    assert "秘密一" not in json.dumps(told("opinion", "log", "c1", "--agency", agency.folder)[1], ensure_ascii=False)
    assert "秘密一" not in json.dumps(told("figures", "year", "2026", "--agency", agency.folder)[1], ensure_ascii=False)
    status, second = opinions("李", **{"A3.1": False})
    assert (status, second["seat"], "秘密一" in json.dumps(second, ensure_ascii=False)) == (0, "second", False)
    status, compared = told("opinion", "compare", "c1", "--agency", agency.folder)
    assert (status, compared["schema"], compared["blind"]) == (0, "thirdring.comparison/1", True)
    assert [one["item"] for one in compared["differences"]] == ["A3.1", "B2.3"]
    assert compared["to_settle"] == ["A3.1", "B2.3"]
    assert (compared["first"]["who"], compared["second"]["who"]) == ("陳", "李")
    assert "秘密一" in seen(told, agency)


def test_nobody_gives_two_opinions_and_there_is_no_third(told, opinions):
    assert opinions("陳")[0] == 0
    assert opinions("陳 ")[0] == 2
    assert opinions("李")[0] == 0
    assert opinions("王")[0] == 2


def test_a_reviewer_settles_every_difference_with_a_reason(told, agency, opinions, files):
    opinions("陳", **{"B2.3": {"option": "2", "points": 7}})
    opinions("李", **{"A3.1": False, "header": {"answerer_surname": "林"}})

    def settled(who, decisions):
        (file,) = files(decisions=decisions)
        return told("opinion", "settle", "c1", "--decisions", file, "--who", who, "--agency", agency.folder)

    status, error = settled("覆核", {"A3.1": {"take": "first", "reason": ""}, "A3.2": {"answer": True, "reason": "x"}})
    assert status == 2
    assert [one.split("：")[0] for one in error["problems"]] == ["A3.1", "B2.3", "header", "A3.2"]
    decisions = {
        "A3.1": {"take": "first", "reason": "錄音 14 秒可聞"},
        "B2.3": {"answer": {"option": "1", "points": 8}, "reason": "語調尚熱誠"},
        "header": {"take": "second", "reason": "姓氏清楚"},
    }
    assert settled("陳", decisions)[0] == 2  # nobody settles his own case
    status, done = settled("覆核", decisions)
    assert (status, done["schema"], done["sheet"]["total"], done["version"]) == (0, "thirdring.settled/1", 96, 2)
    assert done["sheet"]["header"] == {"answerer_surname": "林"}
    assert [(one["item"], one["by"]) for one in done["log"]] == [
        ("A3.1", "覆核"), ("B2.3", "覆核"), ("header", "覆核"),
    ]  # fmt: skip
    assert settled("覆核", decisions)[0] == 2
    _, log = told("opinion", "log", "c1", "--agency", agency.folder)
    assert [(line["who"], line["what"]) for line in log["log"]] == [
        ("陳", "opinion"), ("李", "opinion"), ("覆核", "answered"), ("覆核", "settled"),
    ]  # fmt: skip
    assert all(line["at"] for line in log["log"])
    _, figures = told("figures", "month", "2026-11", "--agency", agency.folder)
    assert figures["forms"][0]["series"][0]["agency"]["total"]["mean"] == 96


def test_agreement_is_of_blind_pairs_with_its_n(told, agency, files, capsys):
    for n in range(4):
        keep_call(agency, f"c{n}", SLOW)
        for who, warm in (("陳", n % 2 == 0), ("李", n < 2)):
            (answers,) = files(answers=best(**{"A3.1": warm}))
            assert (
                told("opinion", "add", f"c{n}", "--answers", answers, "--who", who, "--agency", agency.folder)[0] == 0
            )
    keep_call(agency, "seen", SLOW, best())
    (answers,) = files(answers=best())
    _, late = told("opinion", "add", "seen", "--answers", answers, "--who", "李", "--agency", agency.folder)
    assert (late["seat"], late["blind"]) == ("second", False)
    status, told_all = told("opinion", "compare", "--agency", agency.folder)
    assert (status, told_all["schema"]) == (0, "thirdring.agreement/1")
    assert (told_all["pairs"], told_all["not_blind"]) == (4, 1)
    items = {one["item"]: one for one in told_all["items"]}
    assert (items["A3.1"]["n"], items["A3.1"]["same"], items["A3.1"]["kappa"]) == (4, 2, 0.0)
    assert items["A3.1"]["few"] is True
    assert items["B1.1"]["n"] == 0  # the machine's
    assert run(["opinion", "compare", "--agency", str(agency.folder)]) == 0
    assert "盲評 4 對" in capsys.readouterr().out


def test_an_objection_is_heard_by_a_second_listener_and_settled(told, agency, files):
    keep_call(agency, "c1", SLOW, best(**{"B2.3": {"option": "3", "points": 3}}), who="陳")
    at = ("--agency", agency.folder)
    assert told("opinion", "object", "c1", "--who", "林", "--reason", " ", *at)[0] == 2
    assert told("opinion", "object", "c1", "--who", "林", "--reason", "不公", "--item", "Z9", *at)[0] == 2
    status, raised = told("opinion", "object", "c1", "--who", "林", "--reason", "並未不耐煩", "--item", "B2.3", *at)
    assert (status, raised["schema"], raised["items"]) == (0, "thirdring.objection/1", ["B2.3"])
    assert told("figures", "month", "115-11", *at)[1]["under_objection"] == 1
    (answers,) = files(answers=best(**{"B2.3": {"option": "2", "points": 6}}))
    assert told("answer", "c1", "--answers", answers, "--who", "張", *at)[0] == 2  # the objection comes first
    for who in ("林", "陳"):  # neither who objects nor who scored is the second listener
        assert told("opinion", "add", "c1", "--answers", answers, "--who", who, *at)[0] == 2
    assert told("opinion", "add", "c1", "--answers", answers, "--who", "王", *at)[0] == 0
    (decisions,) = files(decisions={"B2.3": {"take": "second", "reason": "複聽錄音"}})
    asked = ("opinion", "settle", "c1", "--decisions", decisions, "--who", "覆核", *at)
    assert told(*asked)[0] == 2  # the decision wants its own reason
    status, done = told(*asked, "--reason", "異議成立")
    assert (status, done["changed"], done["sheet"]["total"]) == (0, True, 94)
    assert told("figures", "month", "115-11", *at)[1]["under_objection"] == 0
    again = told("opinion", "object", "c1", "--who", "林", "--reason", "仍有意見", *at)
    assert (again[0], again[1]["round"]) == (0, 2)


def test_of_many_who_come_at_once_two_are_taken(agency):
    keep_call(agency, "c1", SLOW)

    def give(n):
        try:
            with open_store(agency.database) as store:
                return add_opinion("c1", best(), who=f"t{n}", agency=agency, store=store)["seat"]
        except WrongInput as error:
            return error.key

    with ThreadPoolExecutor(6) as pool:
        seats = sorted(pool.map(give, range(6)))
    assert seats == ["first", *["review.both_in"] * 4, "second"]


def test_a_call_that_is_not_there(told, agency, files):
    (answers,) = files(answers=best())
    commands = [
        ("opinion", "add", "x", "--answers", answers, "--who", "陳"),
        ("opinion", "log", "x"),
        ("opinion", "compare", "x"),
        ("opinion", "object", "x", "--who", "林", "--reason", "y"),
        ("rescore", "x"),
        ("answer", "x", "--answers", answers, "--who", "陳"),
    ]
    for command in commands:
        assert told(*command, "--agency", agency.folder)[0] == 2


# ---- figures


def test_figures_keep_parts_series_and_forms_apart(told, agency, capsys):
    keep_call(agency, "a1", SLOW, BY_HAND, day=date(2026, 10, 5))
    keep_call(agency, "a2", call(), BY_HAND, day=date(2026, 11, 5))
    keep_call(agency, "a3", call(), best(**{"A3.1": False}), unit="u2", day=date(2026, 11, 6))
    keep_call(
        agency, "a4", call(), best(**{"B2.3": {"option": "2", "points": 5}}), series="external", day=date(2026, 11, 7)
    )
    keep_call(agency, "a5", call(legs={"unit": leg(outcome="fault_ours")}), unit="u2", day=date(2026, 11, 8))
    keep_call(agency, "a6", call(), unit="u2", day=date(2026, 11, 8))
    keep_call(agency, "a7", call(), BY_HAND, day=date(2025, 12, 31))
    at = ("--agency", agency.folder)
    status, told_all = told("figures", "quarter", "115-Q4", *at)
    assert (status, told_all["schema"], told_all["period"]) == (0, "thirdring.figures/1", "2026-Q4")
    assert told_all["period_roc"] == "115 年第 4 季"
    (block,) = told_all["forms"]
    internal, external = block["series"]
    assert (internal["series"], external["series"]) == ("internal", "external")
    agency_figures = internal["agency"]
    assert (agency_figures["calls"], agency_figures["void"], agency_figures["timing_only"]) == (4, 1, 1)
    assert agency_figures["total"] == {"mean": 98.3, "n": 3, "lowest": 97, "highest": 100}  # 98, 100, 97
    assert agency_figures["parts"]["A"]["mean"] == 44.0
    assert agency_figures["parts"]["B"] == {"mean": 54.3, "n": 3, "lowest": 53, "highest": 55}
    assert external["agency"]["total"]["mean"] == 95
    assert agency_figures["accuracy"] == {"rate": 100, "asked": 6, "correct": 6}
    assert [one["item"] for one in agency_figures["lost"]][:2] == ["A3.1", "B1.1"]
    assert {unit["name"]: unit["calls"] for unit in internal["units"]} == {"u1": 2, "u2": 2}
    assert {group["name"]: group["total"]["n"] for group in internal["groups"]} == {"甲組": 2, "乙組": 1}
    assert [person["name"] for person in internal["persons"]] == ["u1 林"]
    assert internal["untested"] == ["u3"]
    assert [one["period"] for one in internal["trend"]] == ["2026-10", "2026-11"]
    assert internal["of_units"]["ranked"]["n"] == 2
    assert [one["title"] for one in internal["ranking"]] == ["二課", "一課"]
    assert [one["key"] for one in told_all["warnings"]] == ["figures.small", "figures.small"]
    assert told("figures", "year", "2026", *at)[1]["forms"][0]["series"][0]["before"]["period"] == "2025"
    assert run(["figures", "half", "2026-H2", *map(str, at)]) == 0
    text = capsys.readouterr().out
    assert "54.3/55 (n=3)" in text
    assert "失分最多：A3.1" in text


def test_forms_of_several_versions_are_never_averaged_together(told, own):
    own_form(own, version="2", **STRICT)
    keep_call(own, "c3", SLOW, BY_HAND)
    _, told_all = told("figures", "month", "2026-11", "--agency", own.folder)
    assert [(one["version"], one["series"][0]["agency"]["calls"]) for one in told_all["forms"]] == [("1", 2), ("2", 1)]
    assert told_all["warnings"][0]["key"] == "figures.several_forms"


@pytest.mark.parametrize(("kind", "period"), [("month", "2026-13"), ("quarter", "2026-11"), ("year", "soon")])
def test_a_period_that_is_none(told, agency, kind, period):
    status, error = told("figures", kind, period, "--agency", agency.folder)
    assert (status, error["error"]) == (2, "figures.period")


def test_no_call_at_all(told, agency, capsys):
    status, told_all = told("figures", "year", "2026", "--agency", agency.folder)
    assert (status, told_all["forms"], told_all["calls"]) == (0, [], 0)
    assert run(["figures", "year", "2026", "--agency", str(agency.folder)]) == 0
    assert "這段期間沒有通話" in capsys.readouterr().out


def test_calls_kept_before_there_were_rows_are_counted_all_the_same(told, agency):
    import sqlite3

    keep_call(agency, "c1", SLOW, BY_HAND)
    connection = sqlite3.connect(agency.database)
    connection.execute("DELETE FROM rows")
    connection.commit()
    connection.close()
    assert told("figures", "month", "2026-11", "--agency", agency.folder)[1]["calls"] == 1


def test_a_call_is_marked_as_external(told, agency):
    text = (
        (agency.folder / "agency.toml").read_text("utf-8").replace("# recording_notice_date", "recording_notice_date")
    )
    text = text.replace('"09:00-11:30 13:30-16:30" ', '"00:00-24:00" ').replace('"fri"]', '"fri", "sat", "sun"]')
    (agency.folder / "agency.toml").write_text(text, encoding="utf-8")
    asked = ("call", "u1", "--dry-run", "--series", "external", "--agency", agency.folder)
    assert told(*asked)[0] == 0


def test_the_bench_makes_a_year_and_measures_it(tmp_path):
    from harness.bench.year import make_year, measure

    made = make_year(tmp_path / "agency", calls=40, whole=True)
    found = measure(made.folder)
    assert found["calls"] == 40
    assert 0 < found["cpu_s"] < 20
