"""Writing agency.toml and programme.toml: only what was wanted changes, what is wrong changes nothing."""

import stat
import threading
import tomllib
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kept_calls import agency_with_units

from harness.agency import load_agency, read_settings
from harness.agency_writer import change_agency, change_programme, stamp_of
from harness.directory_files import replace_kept
from harness.errors import AgencyError, DirectoryError, EnvironmentFailed, WrongInput
from harness.new_agency import TEMPLATE
from harness.programme.settings import ProgrammeSettings, read_programme
from harness.store import open_store
from harness.toml_edit import edited

TEXT = (TEMPLATE / "agency.toml").read_text(encoding="utf-8")
PLACES = {
    ("name",): st.text("機關 A\"\\'\n", min_size=1, max_size=8),
    ("recording_notice_date",): st.dates(),
    ("recordings_only",): st.booleans(),
    ("hours", "default"): st.sampled_from(["09:00-12:00", "08:30-11:30 13:00-17:00"]),
    ("hours", "days"): st.lists(st.sampled_from(["mon", "tue", "sat"]), min_size=1, unique=True),
    ("caps", "calls_per_day"): st.integers(1, 5000),
    ("caps", "longest_call_s"): st.floats(1, 1800),
    ("lines", 0, "server"): st.sampled_from(["10.0.0.1:5060", "pbx.example"]),
    ("lines", 0, "caller_ids"): st.lists(st.just("sip:02@pbx.example"), max_size=2),
    ("lines", 0, "user"): st.sampled_from(["1001", None]),
    ("lines", 1): st.just({"id": "second", "server": "10.0.0.2"}),
    ("sites", 0): st.just({"id": "hq", "name": "本部"}),
}


def comments(text):
    return [line.split("#", 1)[1] for line in text.splitlines() if "#" in line.split('"')[-1] or line.startswith("#")]


@given(st.fixed_dictionaries({}, optional=PLACES))
def test_the_text_says_what_was_wanted_and_keeps_every_comment_and_the_order(wanted):
    made, edits = edited(TEXT, wanted)
    before, after = tomllib.loads(TEXT), tomllib.loads(made)
    for place, value in wanted.items():
        found = after
        for step in place:
            found = found.get(step) if isinstance(found, dict) else found[step]
        assert found == value
    touched = {edit.place[0] for edit in edits}
    assert {key: value for key, value in before.items() if key not in touched} == {
        key: value for key, value in after.items() if key not in touched
    }
    assert comments(made)[: len(comments(TEXT))] == comments(TEXT)
    assert [key for key in after if key in before] == list(before)
    assert edited(made, wanted) == (made, ())


def test_a_comment_stays_in_its_column():
    made, _ = edited(TEXT, {("name",): "某某市政府", ("hours", "default"): "09:00-11:30"})
    columns = [
        [line.index("# 可測"), len(line)] for text in (TEXT, made) for line in text.splitlines() if "# 可測" in line
    ]
    assert columns[0] == columns[1]


def test_entries_are_added_and_taken_away_from_the_end():
    three, _ = edited(TEXT, {("lines", 1): {"id": "b"}, ("lines", 2): {"id": "c"}})
    assert [one["id"] for one in tomllib.loads(three)["lines"]] == ["main", "b", "c"]
    left, edits = edited(three, {("lines", 0): None, ("lines", 1): None})
    assert [one["id"] for one in tomllib.loads(left)["lines"]] == ["c"]
    assert {edit.after for edit in edits} == {None}


@pytest.fixture
def agency(tmp_path):
    return agency_with_units(tmp_path / "agency")


@pytest.fixture
def store(agency):
    with open_store(agency.database) as opened:
        yield opened


def log_of(store):
    return [row for row in store.log.newest(limit=9) if row["what"] == "settings_changed"]


def test_a_change_is_checked_logged_and_the_version_before_is_kept(agency, store):
    path = agency.folder / "agency.toml"
    before, mode = path.read_bytes(), stat.S_IMODE(path.stat().st_mode)
    edits = change_agency(agency.folder, {("hours", "default"): "10:00-12:00"}, store=store, who="林")
    assert [(one.before, one.after) for one in edits] == [("09:00-11:30 13:30-16:30", "10:00-12:00")]
    assert read_settings(agency.folder).hours.default == "10:00-12:00"
    assert (path.with_name("agency.toml.before").read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (before, mode)
    row = log_of(store)[0]
    assert row["who"] == "林"
    told = {"place": "hours.default", "from": "09:00-11:30 13:30-16:30", "to": "10:00-12:00"}
    assert (row["detail"]["changes"], row["detail"]["digest"]) == ([told], stamp_of(path))


def test_what_holds_already_is_neither_written_nor_logged(agency, store):
    before = (agency.folder / "agency.toml").read_bytes()
    same = {("years",): "roc", ("lines", 0, "codecs"): ("PCMA/8000", "PCMU/8000"), ("caps", "longest_call_s"): 300}
    assert change_agency(agency.folder, same, store=store, who="林") == ()
    assert ((agency.folder / "agency.toml").read_bytes(), log_of(store)) == (before, [])


@pytest.mark.parametrize(
    ("wanted", "fault", "said"),
    [
        ({("hours", "default"): "9-12"}, AgencyError, "9-12"),
        ({("caps", "calls_per_day"): 0}, AgencyError, "calls_per_day"),
        ({("caps", "calls_per_day"): "many"}, AgencyError, "整數"),
        ({("lines", 0, "transport"): "smoke"}, AgencyError, "udp, tcp, tls"),
        ({("lines", 0, "password"): "hush"}, AgencyError, "password"),
        ({("lines", 0, "proxy"): "sip:1001:hush@pbx.example"}, WrongInput, "lines[1].proxy"),
        ({("form",): "none-such"}, WrongInput, "none-such"),
        ({("tone_plan",): "atlantis"}, WrongInput, "atlantis"),
        ({("lines", 0, "id"): "other"}, DirectoryError, "main"),
    ],
    ids=lambda one: next(iter(one))[-1] if isinstance(one, dict) else "",
)
def test_what_would_be_wrong_changes_nothing(wanted, fault, said, agency, store):
    (agency.folder / "units.csv").write_text("unit,number,line\nu1,0227000001,main\n", encoding="utf-8")
    before = (agency.folder / "agency.toml").read_bytes()
    with pytest.raises(fault) as caught:
        change_agency(agency.folder, wanted, store=store, who="林")
    assert said in caught.value.sentence("zh")
    assert "hush" not in caught.value.sentence("zh")
    assert ((agency.folder / "agency.toml").read_bytes(), log_of(store)) == (before, [])


def test_who_saves_what_somebody_else_has_changed_meanwhile_is_told(agency, store):
    stamp = stamp_of(agency.folder / "agency.toml")
    change_agency(agency.folder, {("name",): "甲"}, store=store, who="林", stamp=stamp)
    with pytest.raises(WrongInput, match=r"agency\.toml"):
        change_agency(agency.folder, {("name",): "乙"}, store=store, who="陳", stamp=stamp)
    assert read_settings(agency.folder).name == "甲"


def test_two_who_save_at_once_lose_nothing(agency):
    keys = [("caps", name) for name in ("calls_per_hour", "calls_per_day", "calls_at_once", "calls_per_number_per_day")]

    def set_key(key):
        with open_store(agency.database) as store:
            change_agency(agency.folder, {key: 7}, store=store, who=key[1])

    threads = [threading.Thread(target=set_key, args=(key,)) for key in keys]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    caps = read_settings(agency.folder).caps
    assert [getattr(caps, name) for _, name in keys] == [7] * 4
    with open_store(agency.database) as store:
        assert {row["who"] for row in log_of(store)} == {name for _, name in keys}


def test_a_disk_that_is_full_leaves_file_and_log_as_they_were(agency, store, monkeypatch):
    def full(*_):
        raise EnvironmentFailed("file.unwritable", file="agency.toml", reason="full")

    monkeypatch.setattr("harness.agency_writer.replace_kept", full)
    with pytest.raises(EnvironmentFailed):
        change_agency(agency.folder, {("name",): "甲"}, store=store, who="林")
    assert log_of(store) == []


def test_a_file_that_cannot_be_written_leaves_no_rest(tmp_path):
    path = tmp_path / "a.toml"
    path.mkdir()
    with pytest.raises((EnvironmentFailed, OSError)):
        replace_kept(path, "x = 1\n")
    assert [one.name for one in tmp_path.iterdir()] == ["a.toml"]


def test_a_first_programme_says_what_held_without_it(agency, store):
    assert change_programme(agency.folder, {}, store=store, who="林") == ()
    assert read_programme(agency.folder) == ProgrammeSettings()
    assert log_of(store)[0]["detail"]["file"] == "programme.toml"
    testers = {("testers", 0): {"name": "陳小華", "unit": "u1", "absent": [date(2026, 12, 24)]}}
    change_programme(agency.folder, testers, store=store, who="林")
    assert read_programme(agency.folder).testers[0].name == "陳小華"


def test_a_webhook_is_logged_by_its_host_only(agency, store):
    change_programme(agency.folder, {("notify", "webhook"): "https://hooks.example/T0/hush"}, store=store, who="林")
    assert "hush" not in str(log_of(store))
    assert "hooks.example" in str(log_of(store))
    assert load_agency(agency.folder).units
