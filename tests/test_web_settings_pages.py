"""The settings' pages: what is saved stands in the file and among the changes, what is wrong goes back to its field."""

import re
import tomllib
from datetime import date
from typing import get_args
from urllib.parse import quote, urlencode

import numpy as np
import pytest
import soundfile
from web_pages import Running, violations

from dsp.tone_plan import load_plan, plan_names
from harness.agency import Settings, load_agency
from harness.agency_writer import stamp_of
from harness.directory import COLUMNS
from harness.lines import LineSettings, OldOpenssl
from harness.papers.settings import PaperSettings, read_paper_settings
from harness.programme.settings import ProgrammeSettings, read_programme
from harness.store import open_store
from harness.web.fields import fields_of
from harness.web.pages.settings_entries import LINES, SITES, TELEPHONES, TESTERS
from harness.web.pages.settings_sections import HOURS, NOTIFY, PAPER_WORDS, RULES, THE_AGENCY
from harness.web.rights import Role
from harness.words import catalogue

pytest_plugins = ("web_fixtures",)
LINE = {"server": "127.0.0.1:5060", "transport": "udp", "from_uri": "sip:thirdring@127.0.0.1", "srtp": "off"}
LINE |= {"codecs": "PCMA/8000", "tls_verify": "1", "secret_where": "none"}


def of_page(client, path):
    """What a page's form would send if nobody touched it, by field."""
    return of_form(client.get(path).text)


def of_form(html):
    form = next(one for one in re.findall(r"<form class=\"card settings\".*?</form>", html, re.DOTALL))
    told = {}
    tags = r"<input[^>]*>|<textarea[^>]*>[^<]*</textarea>|<select[^>]*>.*?</select>"
    for tag in re.findall(tags, form, re.DOTALL):
        name = re.search(r' name="([^"]+)"', tag)
        if not name or name[1] == "csrf":
            continue
        if tag.startswith("<select"):
            chosen = re.search(r'value="([^"]*)" selected', tag)
            told[name[1]] = chosen[1] if chosen else ""
        elif tag.startswith("<textarea"):
            told[name[1]] = re.search(r">([^<]*)</textarea>", tag)[1]
        elif "checkbox" not in tag and "radio" not in tag:
            told[name[1]] = (re.search(r' value="([^"]*)"', tag) or ["", ""])[1]
        elif " checked" in tag:
            told[name[1]] = re.search(r' value="([^"]*)"', tag)[1]
    return told


def newest(agency, what="settings_changed"):
    with open_store(agency.database) as store:
        return store.log.named(what)[0]


def line_form(number, **changed):
    told = {f"lines[{number}].{k}" if not k.startswith("secret") else k: v for k, v in (LINE | changed).items()}
    return told | {"stamp": ""}


@pytest.mark.parametrize("places", [THE_AGENCY.places, HOURS.places], ids=["agency", "hours"])
def test_a_form_that_nobody_touched_changes_nothing(places, server: Running, agency):
    path = {THE_AGENCY.places: "/settings/agency", HOURS.places: "/settings/hours"}[places]
    client, before = server.client(Role.ADMINISTRATOR), (agency.folder / "agency.toml").read_bytes()
    told = of_page(client, path)
    if path == "/settings/hours":
        days = ["mon", "tue", "wed", "thu", "fri"]
        body = "&".join(f"hours.days={one}" for one in days)
        told.pop("hours.days")
        text = urlencode(told | {"csrf": client.csrf}) + "&" + body
        answer = client.send("POST", path, text, {"sec_fetch_site": "same-origin"})
    else:
        answer = client.post(path, told)
    assert answer.status == 303, answer.text
    assert "沒有不同" in client.get(answer.headers["location"]).text
    assert (agency.folder / "agency.toml").read_bytes() == before


def test_every_field_has_its_words_and_every_kind_of_value_a_field():
    agency = Settings(name="x", lines=(LineSettings(),))
    found = [*fields_of(Settings, agency, [*THE_AGENCY.places, *HOURS.places])]
    found += fields_of(ProgrammeSettings, ProgrammeSettings(), [*RULES.places, *NOTIFY.places])
    found += fields_of(PaperSettings, PaperSettings(), PAPER_WORDS.places)
    for entries, model, holds in ((LINES, Settings, agency), (SITES, Settings, agency)):
        found += fields_of(
            model, holds, [(entries.name, 0, one) for one in (entries.key, *entries.names, *entries.more)]
        )
    found += fields_of(ProgrammeSettings, ProgrammeSettings(), [("testers", 0, one) for one in TESTERS.names])
    assert [one.name for one in found if f"fields.{one.word}" not in catalogue()] == []
    assert {one.kind for one in found} == {
        *("text", "whole", "number", "tick", "choice", "choices", "lines", "day", "days", "by-period")
    } - {"day"}
    found += fields_of(Settings, agency, [("telephones", 0, one) for one in (TELEPHONES.key, *TELEPHONES.names)])
    # What the pages leave out is named here: a new key of a line is to be shown too.
    shown = {LINES.key, *LINES.names, *LINES.more, "secret_env", "secret_file", "secret_keyring", "caller_id_seed"}
    assert {one.alias or name for name, one in LineSettings.model_fields.items()} == shown


def test_hours_are_saved_and_logged_from_and_to(server: Running, agency):
    client = server.client(Role.ADMINISTRATOR)
    told = {"stamp": stamp_of(agency.folder / "agency.toml"), "hours.default": "10:00-11:00", "hours.days": "mon"}
    caps = {"calls_at_once": "1", "calls_per_hour": "5", "calls_per_day": "9", "calls_per_number_per_day": "2"}
    told |= {f"caps.{name}": value for name, value in caps.items()} | {"caps.longest_call_s": "120"}
    assert client.post("/settings/hours", told).status == 303
    settings = load_agency(agency.folder).settings
    assert (settings.hours.default, settings.hours.days, settings.caps.calls_per_day) == ("10:00-11:00", ("mon",), 9)
    row = newest(agency)
    assert row["who"] == "系統管理者"
    assert {"place": "caps.calls_per_day", "from": 100, "to": 9} in row["detail"]["changes"]
    again = client.post("/settings/hours", told)  # the form of before: somebody else may have changed it
    assert (again.status, "被改過" in again.text) == (422, True)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("caps.calls_per_day", "0", "至少 1"),
        ("caps.calls_per_day", "many", "整數"),
        ("hours.default", "9-12", "09:00-11:30"),
        ("hours.days", "someday", "mon, tue"),
    ],
)
def test_what_is_wrong_is_said_by_the_fields_own_name_and_stays_as_typed(field, value, said, server: Running, agency):
    client, before = server.client(Role.ADMINISTRATOR), (agency.folder / "agency.toml").read_bytes()
    caps = {"calls_at_once": "1", "calls_per_hour": "5", "calls_per_day": "9", "calls_per_number_per_day": "2"}
    told = {f"caps.{name}": one for name, one in caps.items()} | {"caps.longest_call_s": "120"}
    told |= {"hours.default": "10:00-11:00", "hours.days": "mon", "stamp": ""}
    answer = client.post("/settings/hours", told | {field: value})
    label = catalogue()[f"fields.{field.split('.')[1]}"]["zh"]
    assert answer.status == 422
    assert re.search(f"<li>{label}：[^<]*{re.escape(said)}", answer.text), answer.text
    assert "aria-invalid=true" in answer.text
    assert value in answer.text or field == "hours.days"
    assert (agency.folder / "agency.toml").read_bytes() == before


def test_a_line_is_added_changed_and_ended(server: Running, agency):
    client = server.client(Role.ADMINISTRATOR)
    assert client.post("/settings/line", line_form(2, server="192.0.2.7", id="second", max_calls="3")).status == 303
    line = load_agency(agency.folder).settings.lines[1]
    assert (line.id, line.server, line.max_calls) == ("second", "192.0.2.7", 3)
    written = tomllib.loads((agency.folder / "agency.toml").read_text("utf-8"))["lines"][1]
    assert set(written) == {"id", "server", "max_calls", "codecs"}  # no line of defaults that nobody chose
    assert client.post("/settings/line/second", line_form(2, server="192.0.2.8")).status == 303
    assert load_agency(agency.folder).settings.lines[1].server == "192.0.2.8"
    assert client.post("/settings/line", line_form(3, id="second")).status == 422
    assert client.post("/settings/line/second/end").status == 422
    assert client.post("/settings/line/second/end", {"sure": "1"}).status == 303
    assert client.post("/settings/line/main/end", {"sure": "1"}).status == 422  # the last one
    assert [one.id for one in load_agency(agency.folder).settings.lines] == ["main"]


@pytest.mark.parametrize("sentence", get_args(OldOpenssl))
def test_a_risk_that_a_line_takes_in_so_many_words_stays_when_its_page_is_saved(sentence, server: Running, agency):
    client, said = server.client(Role.ADMINISTRATOR), {"transport": "tls", "accept_old_openssl": sentence}
    assert client.post("/settings/line/main", line_form(1, **said)).status == 303
    sent = of_page(client, "/settings/line/main")
    assert sent["lines[1].accept_old_openssl"] == sentence
    assert client.post("/settings/line/main", sent | {"lines[1].server": "192.0.2.9"}).status == 303
    line = load_agency(agency.folder).settings.lines[0]
    assert (line.server, line.accept_old_openssl) == ("192.0.2.9", sentence)
    assert client.post("/settings/line/main", line_form(1, accept_old_openssl="yes")).status == 422


@pytest.mark.parametrize("where", ["env", "keyring", "file"])
def test_where_a_password_is_kept_must_be_said_whole(where, server: Running, agency):
    answer = server.client(Role.ADMINISTRATOR).post("/settings/line/main", line_form(1, secret_where=where))
    assert (answer.status, answer.text.count('role="alert"') > 1) == (422, True)


def test_an_address_with_a_password_in_it_is_refused_and_not_repeated_in_the_log(server: Running, agency):
    client = server.client(Role.ADMINISTRATOR)
    answer = client.post("/settings/line/main", line_form(1, proxy="sip:1001:hush@192.0.2.1"))
    assert answer.status == 422
    assert b"hush" not in (agency.folder / "agency.toml").read_bytes() + (agency.folder / "thirdring.db").read_bytes()


def test_a_building_and_a_tester_are_added(server: Running, agency):
    admin, convener = server.client(Role.ADMINISTRATOR), server.client(Role.CONVENER)
    site = {
        "sites[1].id": "hq",
        "sites[1].name": "本部",
        "sites[1].switchboard": "02-2700-0000",
        "sites[1].line": "main",
    }
    site |= {"sites[1].operator_key": "9", "stamp": ""}
    assert admin.post("/settings/site", site | {"sites[1].switchboard": "110"}).status == 422
    assert admin.post("/settings/site", site).status == 303
    assert load_agency(agency.folder).settings.sites[0].switchboard == "02-2700-0000"
    assert convener.post("/settings/site", site).status == 403
    tester = {
        "testers[1].name": "陳小華",
        "testers[1].unit": "u1",
        "testers[1].absent": "2026-12-24\n2026-12-25",
        "stamp": "-",
    }
    assert convener.post("/settings/tester", tester | {"testers[1].absent": "tomorrow"}).status == 422
    assert convener.post("/settings/tester", tester).status == 303
    assert read_programme(agency.folder).testers[0].absent == (date(2026, 12, 24), date(2026, 12, 25))
    assert convener.get(f"/settings/tester/{quote('陳小華')}").status == 200
    assert admin.post("/settings/tester", tester).status == 403


def test_the_mail_goes_when_its_server_goes(server: Running, agency):
    client = server.client(Role.ADMINISTRATOR)
    mail = {
        "server": "mail.example",
        "port": "587",
        "security": "starttls",
        "sender": "a@mail.example",
        "to": "b@mail.example",
    }
    told = {f"notify.mail.{name}": value for name, value in mail.items()} | {"stamp": "", "notify.webhook": ""}
    answer = client.post("/settings/notify", told | {"notify.mail.sender": "nobody"})
    assert (answer.status, "寄件人" in answer.text) == (422, True)
    for variable in ("HUSH_44", "PATH", "THIRDRING_SECRET", "THIRDRING_MAIL_NOT_SET"):
        answer = client.post("/settings/notify", told | {"notify.mail.secret_env": variable})
        assert (answer.status, "環境變數" in answer.text) == (422, True)
        assert ("沒有環境變數" in answer.text) is (variable == "THIRDRING_MAIL_NOT_SET")  # of others nothing is told
    for inside, status in (("", 422), ("1", 303)):
        clear = {"notify.webhook": "http://10.0.0.5/hush", "notify.webhook_in_the_clear": inside}
        answer = client.post("/settings/notify", told | clear)
        assert (answer.status, "Webhook" in answer.text) == (status, status == 422)
    assert client.post("/settings/notify", told | {"notify.webhook": "http://8.8.8.8/hush"}).status == 422
    assert client.post("/settings/notify", told).status == 303
    assert read_programme(agency.folder).notify.mail.to == ("b@mail.example",)
    assert client.post("/settings/notify", {"stamp": "", "notify.webhook": "https://hooks.example/hush"}).status == 303
    assert read_programme(agency.folder).notify.mail is None
    auditor = server.client(Role.AUDITOR)
    assert "hush" not in auditor.get("/settings/changes").text + auditor.get("/settings/notify").text
    assert "hooks.example" in auditor.get("/settings/notify").text


def test_a_unit_is_added_changed_and_ended_and_the_rest_stays(server: Running, agency):
    client, path = server.client(Role.CONVENER), agency.folder / "units.csv"
    before = path.read_text("utf-8")
    blank = dict.fromkeys(COLUMNS, "") | {"stamp": stamp_of(path)}
    told = blank | {"unit": "u9", "name": "九課", "number": "02-2700-0009", "kind": "first"}
    for wrong, said in (({"number": "110"}, "110"), ({"unit": "u1"}, "u1"), ({"line": "nowhere"}, "nowhere")):
        answer = client.post("/settings/unit", told | wrong)
        assert (answer.status, said in answer.text, path.read_text("utf-8")) == (422, True, before)
    assert client.post("/settings/unit", told).status == 303
    assert path.read_text("utf-8").startswith("unit,name,number,extension,group,kind\n")
    assert client.post("/settings/unit/u9", told | {"name": "第九課", "stamp": stamp_of(path)}).status == 303
    assert {"place": "name", "from": "九課", "to": "第九課"} in newest(agency, "unit_changed")["detail"]["changes"]
    assert client.post("/settings/unit/u9", told | {"stamp": "0" * 16}).status == 422
    assert client.post("/settings/unit/u9/end").status == 422
    assert client.post("/settings/unit/u9/end", {"sure": "1", "stamp": stamp_of(path)}).status == 303
    assert client.get("/settings/unit/u9").status == 404
    kept = [line.split(",")[:5] for line in path.read_text("utf-8").splitlines()]
    assert kept == [line.split(",") for line in before.splitlines()]
    assert newest(agency, "unit_ended")["who"] == "林召集"


def test_forms_are_shown_compared_copied_and_chosen(server: Running, agency):
    client = server.client(Role.CONVENER)
    assert "總分" in client.get("/settings/form/keelung-102").text
    copied = client.post("/settings/forms/copy", {"name": "our-way", "like": "keelung-102", "title": "本府量表"})
    assert copied.status == 303
    content = client.get("/settings/form/our-way/file").body
    html = client.get("/settings/forms/diff?before=keelung-102&after=our-way").text
    assert "本府量表" in html
    assert client.post("/settings/form/our-way/use").status == 303
    assert load_agency(agency.folder).settings.form == "our-way"
    assert client.post("/settings/form/keelung-102/use").status == 303
    checked = client.upload(
        "/settings/forms", "other.toml", content.replace(b'"our-way"', b'"other"'), {"what": "check"}
    )
    assert (checked.status, "還沒有匯入" in checked.text) == (200, True)
    assert not (agency.folder / "forms" / "other.toml").exists()
    for path in (
        "/settings/form/..%2Fagency",
        "/settings/form/nothing",
        "/settings/scenario/nothing",
        "/settings/tone/x",
    ):
        assert client.get(path).status == 404


def test_a_scenario_is_read_aloud_and_checked_without_being_taken(server: Running, agency):
    client = server.client(Role.CONVENER)
    html = client.get("/settings/scenario/extension-direct").text
    assert "1. " in html
    content = client.get("/settings/scenario/extension-direct/file").body.replace(b'"extension-direct"', b'"ours"', 1)
    checked = client.upload("/settings/scenarios", "ours.toml", content, {"what": "check"})
    assert (checked.status, "還沒有匯入" in checked.text) == (200, True)
    assert not (agency.scenarios / "ours.toml").exists()


def rings(path, *, on=0.8, off=2.2, count=5, hz=(425.0,)):
    sr = 8000
    t = np.arange(int(sr * (on + off) * count)) / sr
    y = sum(0.2 * np.sin(2 * np.pi * f * t) for f in hz) * ((t % (on + off)) < on)
    soundfile.write(path, y, sr, subtype="PCM_16")
    return path.read_bytes()


def test_an_exchanges_ringback_is_learnt_from_a_recording_and_chosen(server: Running, agency, tmp_path):
    client = server.client(Role.ADMINISTRATOR)
    sound = rings(tmp_path / "a.wav")
    wrong = client.upload("/settings/tones/learn", "a.wav", sound, {"name": "Our PBX"})
    assert wrong.status == 422
    noise = client.upload("/settings/tones/learn", "b.wav", rings(tmp_path / "b.wav", count=1), {"name": "b"})
    assert (noise.status, "b.wav" in noise.text, "/tmp" in noise.text) == (422, True, False)
    learnt = client.upload("/settings/tones/learn", "a.wav", sound, {"name": "our-pbx"})
    assert learnt.status == 303
    assert "425" in client.get("/settings/tone/our-pbx").text
    assert client.post("/settings/tones", {"tone_plan": "our-pbx"}).status == 303
    assert load_agency(agency.folder).settings.tone_plan == "our-pbx"
    assert client.post("/settings/tones", {"tone_plan": "../agency"}).status == 404
    assert client.post("/settings/tones", {"tone_plan": "tw"}).status == 303
    assert "臺灣（tw）</h2>" in client.get("/settings/tones").text


PLAN = """[{name}]
title = "某某分局交換機"
source = "廠商手冊"
ringback = "{ringback}"
busy = "480+620/500,0/500"
"""


def plan_file(name="our-cisco", ringback="440+480/1000,0/2000"):
    return PLAN.format(name=name, ringback=ringback).encode()


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("our-cisco.toml", plan_file(ringback="440+480/1000,0/20"), "our-cisco"),
        ("our-cisco.toml", plan_file(ringback="loud"), "ringback"),
        ("our-cisco.toml", plan_file().replace(b"busy", b"bussy"), "bussy"),
        ("our-cisco.toml", plan_file(name="another"), "another"),
        ("our-cisco.toml", plan_file() + plan_file(name="b"), "our-cisco、b"),
        ("our-cisco.toml", b"\xff\xfe", "UTF-8"),
        ("our-cisco.toml", b"", "our-cisco.toml"),
        ("our-cisco.csv", plan_file(), "our-cisco.csv"),
        ("tw.toml", plan_file(name="tw"), "tw"),
        ("gb.toml", plan_file(name="gb"), "gb"),
    ],
)
def test_a_tone_plan_with_a_fault_is_refused_with_its_place_and_nothing_changes(
    file, content, said, server: Running, agency
):
    client = server.client(Role.ADMINISTRATOR)
    before = sorted((agency.folder / "tones").glob("*"))
    answer = client.upload("/settings/tones/bring", file, content, {"what": "import"})
    problems = re.search(r'<div class="problem".*?</div>', answer.text, re.S)[0]
    assert (answer.status, said in problems, "/tmp" in problems) == (422, True, False)
    assert sorted((agency.folder / "tones").glob("*")) == before


def test_a_tone_plan_is_checked_taken_over_replaced_and_fetched_again(server: Running, agency):
    client, file = server.client(Role.ADMINISTRATOR), agency.folder / "tones" / "our-cisco.toml"
    checked = client.upload("/settings/tones/bring", file.name, plan_file(), {"what": "check"})
    assert (checked.status, "440 + 480" in checked.text, file.exists()) == (200, True, False)
    assert client.upload("/settings/tones/bring", file.name, plan_file(), {"what": "import"}).status == 303
    assert client.get("/settings/tone/our-cisco/file").body == file.read_bytes() == plan_file()
    other = plan_file(ringback="425/1000,0/4000")
    assert client.upload("/settings/tones/bring", file.name, other, {"what": "import"}).status == 303
    assert file.with_name(f"{file.name}.before").read_bytes() == plan_file()
    assert "425" in client.get("/settings/tone/our-cisco").text
    assert client.post("/settings/tones", {"tone_plan": "our-cisco"}).status == 303
    assert client.post("/settings/tones", {"tone_plan": "tw"}).status == 303
    convener = server.client(Role.CONVENER)
    assert convener.upload("/settings/tones/bring", file.name, other, {"what": "import"}).status == 403
    with open_store(agency.database) as store:
        assert [row["detail"]["file"] for row in store.log.named("tone_brought")] == [file.name] * 2


def test_every_shipped_tone_plan_comes_out_as_a_file_that_says_the_same(server: Running, tmp_path):
    client = server.client(Role.AUDITOR)
    for name in plan_names():
        (tmp_path / f"{name}.toml").write_bytes(client.get(f"/settings/tone/{name}/file").body)
        assert load_plan(str(tmp_path / f"{name}.toml")) == load_plan(name)


def test_what_would_be_dialled_is_listed_with_what_the_gate_says(server: Running):
    html = server.client(Role.ADMINISTRATOR).get("/settings/check").text
    assert "0227000001" in html
    assert "拒絕" in html  # nobody told the staff yet
    assert "0227000001" not in server.client(Role.ADMINISTRATOR).get("/settings/check?page=2").text
    request = server.client(Role.ADMINISTRATOR).get("/settings/check/request")
    assert (request.status, request.headers["content-disposition"][:10]) == (200, "attachment")


def test_recordings_only_lets_nothing_be_dialled_and_asks_no_line(server: Running, agency):
    client = server.client(Role.ADMINISTRATOR)
    assert client.post("/settings/lines", {"recordings_only": "1"}).status == 303
    assert load_agency(agency.folder).settings.recordings_only
    assert client.post("/settings/check").status == 303
    while server.site.examining.running:
        server.site.examining.wait(30)
    html = client.get("/settings/check").text
    assert "只用錄音" in html
    assert server.site.examining.result is not None
    assert {one.line for one in server.site.examining.result.findings} == {""}
    assert client.post("/settings/lines", {}).status == 303
    assert not load_agency(agency.folder).settings.recordings_only


def test_years_are_the_agencys_until_somebody_chooses(server: Running, agency):
    client = server.client(Role.ADMINISTRATOR)
    told = {"stamp": "", "name": "測試", "language": "zh-TW", "timezone": "Asia/Taipei", "call_back_number": ""}
    assert client.post("/settings/agency", told | {"years": "western"}).status == 303
    assert "2026-11-2" in client.get("/").text
    assert client.post("/settings/agency", told | {"years": "roc"}).status == 303
    assert "115/11/2" in client.get("/").text


# One page of each kind for everybody; all of them with CI=true in test_web_every_page.py.
FEW = {
    Role.ADMINISTRATOR: ["/settings/hours", "/settings/line/main", "/settings/tones", "/settings/changes"],
    Role.CONVENER: ["/settings/unit/u1", "/settings/form/keelung-102"],
}


def accessible(page, server, paths):
    for path in paths:
        page.goto(server.url + path)
        assert (path, violations(page)) == (path, [])
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, path


@pytest.mark.parametrize("role", FEW)
def test_a_page_of_each_kind_has_no_violation_of_wcag_and_fits_a_telephone(role, page_of, server: Running):
    accessible(page_of(role, "/me", width=320), server, FEW[role])


def test_every_key_of_the_files_has_its_page():
    """A key that is new is to be put on a page, or named here with the page that it has of its own."""
    elsewhere = {"form", "tone_plan", "recordings_only", "recording_notice_date", "max_calls_at_once"}
    elsewhere.add("complaints")  # typed in on the page of improvements
    lists = {one.name for one in (LINES, SITES, TELEPHONES, TESTERS)}
    files = ((Settings, (THE_AGENCY, HOURS)), (ProgrammeSettings, (RULES, NOTIFY)), (PaperSettings, (PAPER_WORDS,)))
    for model, sections in files:
        said = {place[:2] for one in sections for place in one.places}
        for name, field in model.model_fields.items():
            inside = getattr(field.annotation, "model_fields", None)
            if inside and name not in lists:
                assert [one for one in inside if (name, one) not in said] == []
            else:
                assert (name,) in said or name in elsewhere | lists


def test_the_words_of_the_papers_are_saved_logged_and_left_as_they_are(server: Running, agency):
    client, path = server.client(Role.CONVENER), agency.folder / "papers.toml"
    path.write_text(
        '[complaints]\n"2026-11" = 4\n\n[handling]\n"2026-Q3" = "已函知。\\n並複查"\n2025 = "舊"\n', "utf-8"
    )
    told = of_page(client, "/settings/papers")
    assert "2026-Q3 = 已函知。\n並複查" in told["handling"]
    assert told["office"] == "承辦單位"
    before = path.read_bytes()
    assert client.post("/settings/papers", told).status == 303
    assert path.read_bytes() == before
    told |= {"office": "秘書室", "public": "1", "handling": "2026-Q3 = 已函知。\r\n並複查\r\n2026-11：改善中"}
    assert client.post("/settings/papers", told).status == 303
    found = read_paper_settings(agency.folder)
    assert (found.office, found.public, found.complaints) == ("秘書室", True, {"2026-11": 4})
    assert found.handling == {"2026-Q3": "已函知。\n並複查", "2026-11": "改善中"}
    row = newest(agency)
    places = {one["place"]: (one["from"], one["to"]) for one in row["detail"]["changes"]}
    assert (row["who"], row["detail"]["file"]) == ("林召集", "papers.toml")
    assert places["office"] == (None, "秘書室")
    assert places["handling.2025"] == ("舊", None)
    assert "考核結果處理情形（2025）" in server.client(Role.AUDITOR).get("/settings/changes").text
    assert "文書用語" in server.client(Role.AUDITOR).get("/settings/papers").text
    told = of_page(client, "/settings/papers") | {"office": ""}
    assert client.post("/settings/papers", told).status == 303
    assert "office" not in read_paper_settings(agency.folder).model_fields_set
    path.unlink()


@pytest.mark.parametrize("handling", ["2026-13 = x", "沒有期間", "2026-Q5：x"])
def test_a_period_that_is_none_goes_back_to_its_field(handling, server: Running, agency):
    client = server.client(Role.CONVENER)
    answer = client.post("/settings/papers", of_page(client, "/settings/papers") | {"handling": handling})
    assert answer.status == 422
    assert 'id="handling-wrong"' in answer.text
    assert "不是期間" in answer.text
    assert re.split("[：=]", handling)[0].strip() in of_form(answer.text)["handling"]
    assert not (agency.folder / "papers.toml").exists()
