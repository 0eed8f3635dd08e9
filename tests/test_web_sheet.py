"""The score sheet's page without a browser: drafts, refusals, signatures, who may, and what the fields mean."""

import html
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rubric_cases import best, call
from sheet_calls import WHOLE, facts, keep_sheet_call
from web_pages import Running

from harness.answering import answer_call
from harness.corrections import correct_mark, marks_of
from harness.errors import Refused
from harness.kept_sheet import kept_sheet
from harness.store import open_store
from harness.web.rights import Role
from harness.web.sheet_clips import hold_clips, leg_clips
from harness.web.sheet_fields import answers_of, fields_from, fields_of, merged, number
from rubric.answers import read_answers
from rubric.facts import parse_facts
from rubric.form import load_form
from rubric.score import score

pytest_plugins = ("web_fixtures",)
FORM = load_form("keelung-102")


@pytest.fixture
def call_id(agency, request) -> str:
    made = re.sub(r"\W", "", request.node.name)[:40]
    keep_sheet_call(agency, made)
    return made


def post(client, call_id: str, what: str, values: dict[str, str], *, htmx: bool = False):
    return client.post(f"/calls/{call_id}/sheet/{what}", values, **({"hx_request": "true"} if htmx else {}))


def kept(server: Running, call_id: str):
    with open_store(server.site.folder / "thirdring.db") as store:
        return store.get_call(call_id)["sheets"], store.signatures.of(call_id), store.log.of(call_id)


def drafted(server: Running, call_id: str, who: str):
    with open_store(server.site.folder / "thirdring.db") as store:
        draft = store.drafts.of(call_id, who)
    return draft and draft["fields"]


def test_answers_become_fields_and_come_back_worth_the_same():
    answers = best() | {
        "questions": [{"text": "幾點", "verdict": "correct"}] * 2,
        "accuracy": {"asked": 2, "correct": 2},
    }
    again = answers_of(fields_from(answers, FORM), FORM)
    sheets = [score(FORM, parse_facts(call()), read_answers(one, FORM)[0]) for one in (answers, again)]
    assert sheets[0] == sheets[1]


NAMES = st.sampled_from([*WHOLE, "A3.1:observed", "B1.1:points", "B1.1:reason", "fact:transferred", "header:extension"])
TYPED = st.one_of(st.text(max_size=8), st.sampled_from(["yes", "no", "1", "1=9", "?", "person", "NaN", "1e999", "９"]))


@given(sent=st.dictionaries(NAMES, TYPED))
def test_whatever_is_typed_gives_a_sheet_and_sentences(sent):
    fields = fields_of(sent.items(), FORM)
    answers, wrong = read_answers(answers_of(fields, FORM), FORM)
    sheet = score(FORM, parse_facts(facts()), answers)
    assert sheet.total is None or 0 <= sheet.total <= 100
    assert all(one.say("zh") and one.say("en") for one in (*wrong, *sheet.problems))


@given(
    before=st.dictionaries(NAMES, TYPED), sent=st.dictionaries(NAMES, TYPED), changed=st.sampled_from(["A3.1", "B2.1"])
)
def test_one_windows_change_leaves_every_other_item_alone(before, sent, changed):
    first, second = (fields_of(one.items(), FORM) for one in (before, sent))
    both = merged(first, second, changed)
    own = {name for name in (*first, *second) if name.startswith(f"{changed}:")}
    assert {k: v for k, v in both.items() if k not in own} == {k: v for k, v in first.items() if k not in own}
    assert {k: v for k, v in both.items() if k in own} == {k: v for k, v in second.items() if k in own}


@pytest.mark.parametrize(("typed", "meant"), [("7", 7), ("7.5", 7.5), ("８", 8), ("七", "七"), ("inf", "inf")])
def test_a_number_is_read_as_it_was_typed(typed, meant):
    assert number(typed) == meant


def test_clips_lie_inside_the_recording_and_their_leg():
    clips = leg_clips(facts()["legs"], 90.0)
    assert set(clips) == {"ivr", "operator", "unit"}
    for kinds in clips.values():
        assert all(0 <= one.start_s < one.end_s <= 90 for one in kinds.values())
        assert kinds["start"].loop
    assert (clips["operator"]["start"].start_s, clips["operator"]["start"].end_s) == (33.5, 42.0)
    assert (clips["unit"]["end"].start_s, clips["unit"]["end"].end_s) == (82.0, 90.0)
    assert clips["operator"]["transfer"].end_s == 52.0
    assert hold_clips(["heard:music@12.300-20.100", "sip:bye@3"], clips)[0].start_s == pytest.approx(9.3)


def test_a_leg_that_was_not_picked_up_has_no_clip():
    assert leg_clips({"unit": {"outcome": "no_answer", "ring_onset_s": 3.0}}, 30.0) == {}


def test_each_change_is_kept_and_told_what_it_is_worth(server: Running, call_id):
    client = server.client(Role.TESTER)
    told = post(client, call_id, "draft", {"changed": "A3.1", "A3.1:met": "yes"}, htmx=True)
    assert "總 得 分" in told.text
    second = post(client, call_id, "draft", {"changed": "A3.2", "A3.2:met": "no", "serial": "1"}, htmx=True)
    assert second.text.count('id="said-item-') == 1  # only what became other
    assert drafted(server, call_id, "陳小華") == {"A3.1:met": ["yes"], "A3.2:met": ["no"]}
    page = client.get(f"/calls/{call_id}/sheet").text
    assert re.search(r'name="A3.1:met" value="yes"[^>]* checked', page)


def test_what_cannot_be_is_refused_at_its_item_in_words(server: Running, call_id):
    client = server.client(Role.TESTER)
    told = post(client, call_id, "draft", {"changed": "A1.1", "A1.1:option": "2"}, htmx=True).text
    place = told[told.index('id="said-item-1"') :]
    assert 'class="refused"' in place[: place.index("said-item-2") if "said-item-2" in place else None]
    assert "要填理由" in re.search(r'class="refused" role="alert">([^<]+)', place)[1]
    fact = post(client, call_id, "draft", {"changed": "fact", "fact:transferred": "no"}, htmx=True).text
    assert re.search(r'id="said-facts"[^>]*><p class="refused"', fact)


def test_nothing_is_signed_before_it_is_whole_and_everything_missing_has_a_link(server: Running, call_id):
    told = post(server.client(Role.TESTER), call_id, "sign", {"A3.1:met": "yes"})
    assert told.status == 422
    wanted = told.text[told.text.index('id="wanted"') :]
    links = re.findall(r'href="#([^"]+)"', wanted[: wanted.index("</ul>")])
    assert links
    assert all(f'id="{one}"' in told.text for one in links)
    assert kept(server, call_id)[1] is None
    assert drafted(server, call_id, "陳小華") == {"A3.1:met": ["yes"]}


def test_a_signed_sheet_is_what_the_command_line_would_have_made_and_stays(server: Running, call_id, agency):
    client = server.client(Role.TESTER)
    assert post(client, call_id, "sign", WHOLE).status == 303
    sheets, signed, log = kept(server, call_id)
    assert (sheets[-1]["sheet"]["total"], signed["who"], signed["version"]) == (100, "陳小華", 2)
    assert [one["what"] for one in log if one["what"] != "heard"] == ["answered", "signed"]
    assert drafted(server, call_id, "陳小華") is None
    with open_store(agency.database) as store, pytest.raises(Refused, match="signed"):
        answer_call(call_id, {"A3.1": False}, who="陳小華", agency=agency, store=store)
    late = post(client, call_id, "draft", {"changed": "A3.1", "A3.1:met": "no"}, htmx=True)
    assert (late.status, late.headers["hx-redirect"]) == (204, f"/calls/{call_id}/sheet")
    assert drafted(server, call_id, "陳小華") is None
    assert post(client, call_id, "sign", WHOLE | {"A3.1:met": "no"}).status == 303
    assert kept(server, call_id)[:2] == (sheets, signed)
    page = client.get(f"/calls/{call_id}/sheet").text
    assert "簽名定案，不能再改" in page
    assert '<fieldset class="whole" disabled>' in page


def test_an_extension_that_was_dialled_directly_is_signed_without_the_switchboard_and_without_a_total(
    server: Running, agency, call_id
):
    direct = f"{call_id}-direct"
    unit = facts()["legs"]["unit"]
    told = {"answerer_role": "owner", "caller_hung_up_first": True, "waited_s": 6.0, "legs": {"unit": unit}}
    keep_sheet_call(agency, direct, told=told)
    with open_store(agency.database) as store:
        assert not {item for item in store.get_call(direct)["sheets"][-1]["sheet"]["open"] if item.startswith("A")}
    client = server.client(Role.TESTER)
    page = client.get(f"/calls/{direct}/sheet").text
    assert "不必填" in page
    assert 'name="observed:A"' not in page
    assert 'name="observed:B"' in page
    wanted = {name: value for name, value in WHOLE.items() if not name.startswith("A")}
    del wanted["heard:operator"]
    told_off = post(client, direct, "sign", wanted | {"observed:A": "no"})
    assert told_off.status == 422
    assert "不是未能觀察" in told_off.text
    with open_store(agency.database) as store:
        store.drafts.drop(direct, "陳小華")
    assert post(client, direct, "sign", wanted).status == 303
    sheet = kept(server, direct)[0][-1]["sheet"]
    assert (sheet["total"], sheet["open"], sheet["parts"][0]["points"]) == (None, [], None)
    assert sheet["parts"][1]["complete"]
    paper = client.get(f"/calls/{direct}/sheet").text
    assert "不計總分" in paper
    assert "＿＿＿" not in re.search(r"總分.{0,300}", paper, re.S)[0]


def test_two_people_at_once_lose_nothing(server: Running, call_id, agency):
    with open_store(agency.database) as store:
        from web_pages import add_person

        add_person(store, f"second{call_id}"[:30], name="第二位", roles=[Role.TESTER])
    first, second = server.client(Role.TESTER), server.client()
    second.log_in(f"second{call_id}"[:30])
    post(first, call_id, "draft", {"changed": "A3.1", "A3.1:met": "yes"}, htmx=True)
    assert "陳小華 也在評這一份" in second.get(f"/calls/{call_id}/sheet").text
    assert not re.search(r'name="A3.1:met" value="yes"[^>]* checked', second.get(f"/calls/{call_id}/sheet").text)
    mine = WHOLE | {"A3.1:met": "no"}
    post(second, call_id, "draft", {k: v for k, v in mine.items() if k != "A3.8:option"})
    assert post(first, call_id, "sign", WHOLE).status == 303
    late = post(second, call_id, "draft", {"changed": "A3.8", "A3.8:option": "1"}, htmx=True)
    assert "hx-redirect" in late.headers
    assert drafted(server, call_id, "第二位")["A3.8:option"] == ["1"]
    assert post(second, call_id, "sign", mine | {"version": "1"}).status == 303
    assert kept(server, call_id)[1]["who"] == "陳小華"
    assert "送出作為第二意見" in second.get(f"/calls/{call_id}/sheet").text
    assert post(second, call_id, "opinion", {}).status == 303
    with open_store(agency.database) as store:
        opinions = {one["what"]: one["who"] for one in store.reviews.of(call_id)}
    assert opinions == {"first": "陳小華", "second": "第二位"}


def test_two_windows_of_one_person_lose_nothing(server: Running, call_id):
    one, other = server.client(Role.TESTER), server.client(Role.TESTER)
    post(one, call_id, "draft", {"changed": "A3.1", "A3.1:met": "yes", "serial": "0"}, htmx=True)
    told = post(other, call_id, "draft", {"changed": "A3.2", "A3.2:met": "yes", "serial": "0"}, htmx=True)
    assert drafted(server, call_id, "陳小華") == {"A3.1:met": ["yes"], "A3.2:met": ["yes"]}
    assert told.text.count('id="said-item-') == len(FORM.items)  # the second window sees what the first one did


def test_who_may_not_score_sees_the_sheet_and_cannot_change_it(server: Running, call_id):
    for role in (Role.CONVENER, Role.AUDITOR, Role.REVIEWER):
        client = server.client(role)
        page = client.get(f"/calls/{call_id}/sheet").text
        assert '<fieldset class="whole" disabled>' in page
        assert 'id="sign"' not in page
        assert [post(client, call_id, what, WHOLE).status for what in ("draft", "sign", "opinion")] == [403] * 3
    assert "/sound/" not in server.client(Role.AUDITOR).get(f"/calls/{call_id}/sheet").text
    assert server.client(Role.AUDITOR).get(f"/calls/{call_id}/sound/peaks").status == 403


def test_looking_at_the_page_is_no_listening_and_its_outline_is_no_sound(server: Running, call_id):
    client = server.client(Role.TESTER)
    client.get(f"/calls/{call_id}/sheet")
    drawn = client.get(f"/calls/{call_id}/sound/peaks")
    client.get(f"/calls/{call_id}/sound/heard")
    assert len(drawn.body) < 60_000
    assert "heard" not in [one["what"] for one in kept(server, call_id)[2]]
    client.get(f"/calls/{call_id}/recording", range="bytes=0-99")
    assert "heard" in [one["what"] for one in kept(server, call_id)[2]]


def test_a_sheet_corrected_after_its_signature_says_so(server: Running, agency, call_id):
    client = server.client(Role.TESTER)
    assert post(client, call_id, "sign", WHOLE).status == 303
    assert 'id="since-signed"' not in client.get(f"/calls/{call_id}/sheet").text
    with open_store(agency.database) as store:
        legs = kept_sheet(call_id, agency=agency, store=store).facts["legs"]
        marks = replace(marks_of(legs["unit"]), rings=7)
        correct_mark(call_id, "unit", marks, who="黃複評", reason="響了七聲", agency=agency, store=store)
        signed, now = store.signatures.of(call_id)["version"], len(store.get_call(call_id)["sheets"])
    text = client.get(f"/calls/{call_id}/sheet").text
    assert f"簽名的是第 {signed} 版" in text
    assert f"現在計分的是第 {now} 版" in text
    assert "黃複評 更正了機器標記" in text
    assert "響了七聲" in text


def test_the_paper_is_the_agencys_own_with_the_draft_in_it(server: Running, call_id):
    client = server.client(Role.TESTER)
    post(client, call_id, "draft", {"changed": "A3.1", "A3.1:met": "yes"})
    told = client.get(f"/calls/{call_id}/sheet/paper")
    nonce = re.search(r"'nonce-([^']+)'", told.headers["content-security-policy"])[1]
    assert f'<style nonce="{nonce}">' in told.text
    assert FORM.title in told.text


def test_every_line_of_the_form_stands_on_the_page_word_for_word(server: Running, call_id):
    told = html.unescape(server.client(Role.TESTER).get(f"/calls/{call_id}/sheet").text)
    texts = [one.text for one in (*FORM.parts, *FORM.groups, *FORM.items, *FORM.notes)]
    texts += [one.text for item in FORM.items for one in (*item.options, *item.ticks)]
    assert [one for one in texts if one not in told] == []


@pytest.mark.parametrize("form", ["boft", "commerce", "enforcement", "taoyuan"])
def test_every_shipped_form_has_its_page(form, tmp_path):
    from kept_calls import agency_with_units, keep_call
    from web_pages import NOW, add_person, serving

    from harness.web.site import Site

    agency = agency_with_units(tmp_path / "agency", form=form)
    keep_call(agency, "c-1", facts(), None, unit="u2")
    with open_store(agency.database) as store:
        add_person(store, "tester", name="陳小華", roles=[Role.TESTER], unit="u1")
    with serving(Site(folder=agency.folder, clock=lambda: NOW)) as running:
        told = running.client(Role.TESTER).get("/calls/c-1/sheet")
    own = load_form(form)
    assert told.status == 200
    assert told.text.count('data-status="') == len(own.items)
