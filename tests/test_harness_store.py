"""The database: what goes in comes out; sheets stand side by side; a failure is one sentence of ours."""

import json
import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import ENVIRONMENT_FAILED, NotFound, StoreError, WrongInput
from harness.store import open_store
from harness.store.migrations import STEP_NAMES, steps
from harness.store.rows import COLUMNS
from rubric.heaps import gather, heaps_of
from rubric.rows import Row

RECORD = {"schema": "thirdring.call/1", "call_id": "c1", "signals": [{"status": 180}]}
SHEET = {
    "schema": "thirdring.sheet/1",
    "form": "keelung-102",
    "items": [
        {"id": "A2.1", "points": 2.5, "by": "machine"},
        {"id": "B1.1", "points": 7, "by": "machine"},
        {"id": "B2.1", "points": 3, "by": "tester"},
        {"id": "B2.2", "points": None, "by": None},
    ],
    "open": ["B2.2"],
}


def row(call_id="c1", **values):
    usual = {"unit": "desk", "number": "0227001234", "scenario": "extension-direct", "outcome": "answered"}
    return {"call_id": call_id, "started_at": "2026-03-04T04:00:00+00:00", **usual, **values}


@pytest.fixture
def store(tmp_path):
    with open_store(tmp_path / "thirdring.db") as opened:
        yield opened


def test_a_call_comes_out_as_it_went_in(store):
    sound = {"path": "recordings/c1.flac", "sha256": "ab", "duration_s": 23.5, "sample_rate_hz": 8000}
    store.add_call(
        row(rings=3, answer_latency_earliest_s=7.0, answer_latency_latest_s=7.64),
        record=RECORD,
        measured={"rings": 3},
        recordings=({**sound, "missing": [[1.0, 1.2]]},),
        attempts=({"attempt_id": "c1-1", "claimed_at": "2026-03-04T04:00:00+00:00", "outcome": "answered"},),
    )
    call = store.get_call("c1")
    assert (call["record"], call["measured"], call["rings"]) == (RECORD, {"rings": 3}, 3)
    assert call["recordings"][0]["missing"] == [[1.0, 1.2]]
    assert [one["attempt_id"] for one in call["attempts"]] == ["c1-1"]
    assert call["machine_points"] is None


@given(record=st.dictionaries(st.text(max_size=8), st.one_of(st.text(max_size=12), st.integers(), st.none())))
def test_any_record_comes_out_as_it_went_in(tmp_path_factory, record):
    path = tmp_path_factory.mktemp("store") / "thirdring.db"
    with open_store(path) as store:
        try:
            store.add_call(row(), record=record)
        except UnicodeEncodeError:  # half a surrogate pair is no text that a call can hold
            return
    with open_store(path) as store:
        assert store.get_call("c1")["record"] == record


def test_sheets_stand_side_by_side_and_the_list_shows_the_newest(store):
    store.add_call(row(), record=RECORD)
    assert store.add_sheet("c1", SHEET, facts={}) == 1
    said = store.add_answers("c1", {"B2.2": "1"}, who="tester")
    assert store.add_sheet("c1", {**SHEET, "open": []}, facts={}, answers_id=said) == 2
    first, second = store.sheets("c1")
    assert (first["sheet"]["open"], first["who"]) == (["B2.2"], None)
    assert (second["sheet"]["open"], second["who"], second["answers"]) == ([], "tester", {"B2.2": "1"})
    assert [(one["machine_points"], one["open_items"]) for one in store.list_calls()] == [("9.5", 0)]


@pytest.mark.parametrize("table", ["sheets", "answers"])
@pytest.mark.parametrize("sql", ["DELETE FROM {}", "UPDATE {} SET call_id = 'x'"])
def test_a_sheet_is_never_overwritten(tmp_path, table, sql):
    path = tmp_path / "thirdring.db"
    with open_store(path) as store:
        store.add_call(row(), record=RECORD)
        store.add_sheet("c1", SHEET, facts={}, answers_id=store.add_answers("c1", {}, who="tester"))
    connection = sqlite3.connect(path)
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute(sql.format(table))
    connection.close()


def test_a_call_is_kept_whole_or_not_at_all(tmp_path):
    path = tmp_path / "thirdring.db"
    broken = {"path": "a.flac", "sha256": None, "duration_s": 1.0, "sample_rate_hz": 8000}
    with pytest.raises(StoreError) as caught, open_store(path) as store:
        store.add_call(row(), record=RECORD, recordings=(broken,))
    assert caught.value.exit_status == ENVIRONMENT_FAILED
    with open_store(path) as store:
        assert store.list_calls() == []


def test_a_sheet_of_no_call_is_not_found(store):
    with pytest.raises(NotFound):
        store.add_sheet("nobody", SHEET, facts={})
    with pytest.raises(NotFound):
        store.get_call("nobody")


def test_lists_are_newest_first_and_of_one_unit(store):
    for n, unit in enumerate(["a", "b", "a"]):
        store.add_call(row(f"c{n}", unit=unit, started_at=f"2026-03-0{n + 1}T04:00:00+00:00"), record=RECORD)
    assert [one["call_id"] for one in store.list_calls()] == ["c2", "c1", "c0"]
    assert [one["call_id"] for one in store.list_calls(unit="a")] == ["c2", "c0"]
    assert [one["call_id"] for one in store.list_calls(limit=1)] == ["c2"]


def test_every_step_is_known_by_name_and_the_log_is_ahead_of_the_file(tmp_path):
    path = tmp_path / "thirdring.db"
    with open_store(path):
        assert {one.name for one in steps._migrations} == STEP_NAMES
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def test_a_database_of_a_newer_version_is_left_alone(tmp_path):
    path = tmp_path / "thirdring.db"
    with open_store(path):
        pass
    connection = sqlite3.connect(path)
    connection.execute(
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('thirdring', 'm999', '')"
    )
    connection.commit()
    connection.close()
    with pytest.raises(StoreError) as caught, open_store(path):
        pass
    assert caught.value.key == "store.newer"


def test_a_file_that_is_no_database_is_a_sentence(tmp_path):
    path = tmp_path / "thirdring.db"
    path.write_text(json.dumps({"not": "a database"}) * 100)
    with pytest.raises(StoreError) as caught, open_store(path):
        pass
    assert caught.value.key == "store.cannot_open"


def test_what_another_ear_heard_stands_beside_what_was_kept(store):
    store.add_call(row(), record=RECORD, measured={"outcome": "busy"})
    assert store.get_call("c1")["hearings"] == []
    first = store.add_hearing("c1", ear="0.1+a", measured={"outcome": "answered"}, facts={"legs": {}}, sheet=SHEET)
    second = store.add_hearing("c1", ear="0.2+b", measured={"outcome": "none"}, facts={"legs": {}}, sheet=None)
    kept = store.get_call("c1")
    assert (first, second, kept["measured"]) == (1, 2, {"outcome": "busy"})
    assert [(one["ear"], one["measured"]["outcome"], one["sheet"]) for one in kept["hearings"]] == [
        ("0.1+a", "answered", SHEET),
        ("0.2+b", "none", None),
    ]
    for change in ("UPDATE hearings SET ear = 'x'", "DELETE FROM hearings"):
        with pytest.raises(sqlite3.IntegrityError, match="never changed"):
            store._db.execute(change)
    with pytest.raises(NotFound):
        store.add_hearing("c2", ear="x", measured={}, facts={}, sheet=None)


FORM = {"form": "keelung-102", "version": "1", "digest": "d1", "content": "{}"}
ROW = {
    "day": "2026-03-04", "series": "internal", "group": "", "unit": "desk", "extension": "", "person": None,
    "timing_only": False, "void": False, "total": "96", "parts": "A=43/45", "items": "A2.1=8/10", "asked": 2,
    "correct": 1, "below_standard": False,
}  # fmt: skip
VERSIONED = {**SHEET, "form_version": "1"}


def test_a_form_is_frozen_at_its_first_use(store):
    store.add_call(row(), record=RECORD)
    store.add_sheet("c1", VERSIONED, facts={}, form=FORM)
    assert store.forms.used() == {("keelung-102", "1"): "d1"}
    assert store.forms.content("keelung-102", "1") == "{}"
    store.add_sheet("c1", VERSIONED, facts={}, form=FORM | {"version": "2", "digest": "d2"})
    with pytest.raises(WrongInput) as caught:
        store.add_sheet("c1", VERSIONED, facts={}, form=FORM | {"digest": "other"})
    assert caught.value.key == "store.form_changed"
    assert len(store.sheets("c1")) == 2
    with pytest.raises(NotFound):
        store.forms.content("keelung-102", "9")


def test_a_form_is_read_once_and_not_kept_of_a_transaction_that_was_taken_back(store):
    store.forms.freeze(FORM)
    assert store.forms.content("keelung-102", "1") is store.forms.content("keelung-102", "1")

    def take_back():
        with store.writing():
            store.forms.freeze(FORM | {"version": "2", "digest": "d2"})
            assert store.forms.content("keelung-102", "2") == "{}"
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        take_back()
    with pytest.raises(NotFound):
        store.forms.content("keelung-102", "2")


def test_a_row_stands_for_the_newest_sheet_of_its_call(store):
    for n in (1, 2):
        store.add_call(row(f"c{n}"), record=RECORD)
        store.add_sheet(f"c{n}", VERSIONED, facts={}, row=ROW | {"day": f"2026-03-0{n}"})
    store.add_sheet("c2", VERSIONED, facts={}, row=ROW | {"day": "2026-03-02", "total": "90"})
    asked = {"form": "keelung-102", "version": "1"}
    assert [one[8] for one in store.rows.between("2026-03-01", "2026-03-31", **asked)] == ["96", "90"]
    assert [one[0] for one in store.rows.between("2026-03-02", "2026-03-02", **asked)] == ["2026-03-02"]
    assert list(store.rows.between("2026-03-01", "2026-03-31", form="keelung-102", version="2")) == []
    assert store.rows.forms("2026-01-01", "2026-12-31") == [("keelung-102", "1", 2)]
    assert dict(zip(COLUMNS, next(store.rows.between("2026-03-01", "2026-03-01", **asked)), strict=True)) == {
        **ROW, "day": "2026-03-01",
    }  # fmt: skip


def test_calls_kept_before_there_were_rows_are_found(store):
    store.add_call(row(), record=RECORD)
    store.add_sheet("c1", VERSIONED, facts={})
    assert store.rows.without() == ["c1"]
    store.rows.put("c1", ROW, sheet=VERSIONED)
    assert store.rows.without() == []


def test_a_second_sheet_stands_beside_and_the_result_stays(store):
    store.add_call(row(), record=RECORD)
    store.add_sheet("c1", VERSIONED, facts={})
    beside = store.sheets("c1")[0]["id"]
    other = VERSIONED | {"form_version": "2"}
    store.rescored.add("c1", other, beside=beside, differences=[{"id": "B1.1", "before": 8, "after": 7}])
    call = store.get_call("c1")
    assert [one["sheet"]["form_version"] for one in call["rescored"]] == ["2"]
    assert call["rescored"][0]["differences"][0]["after"] == 7
    assert [one["version"] for one in call["sheets"]] == [1]
    assert store.rescored.has(beside, form="keelung-102", version="2")
    assert not store.rescored.has(beside, form="keelung-102", version="3")


def test_a_round_has_one_first_and_one_second(store):
    store.add_call(row(), record=RECORD)
    store.reviews.add("c1", round_no=1, what="first", who="陳", detail={"answers": {"A3.1": True}})
    with pytest.raises(WrongInput) as caught:
        store.reviews.add("c1", round_no=1, what="first", who="李", detail={})
    assert caught.value.key == "review.twice"
    assert list(store.reviews.pairs()) == []
    store.reviews.add("c1", round_no=1, what="second", who="李", detail={"answers": {}})
    assert list(store.reviews.pairs()) == [({"answers": {"A3.1": True}}, {"answers": {}})]
    assert [(one["what"], one["who"]) for one in store.reviews.of("c1")] == [("first", "陳"), ("second", "李")]


def test_the_log_says_who_what_when(store):
    store.add_call(row(), record=RECORD)
    store.log.write("answers", who="陳", call_id="c1", detail={"sheet": 1})
    (line,) = store.log.of("c1")
    assert (line["who"], line["what"], line["detail"]) == ("陳", "answers", {"sheet": 1})
    assert line["at"].endswith("+00:00")


@pytest.mark.parametrize("table", ["forms", "rescored", "reviews", "log"])
@pytest.mark.parametrize("sql", ["DELETE FROM {}", "UPDATE {} SET form = 'x'", "UPDATE {} SET who = 'x'"])
def test_what_must_stay_stays(tmp_path, table, sql):
    path = tmp_path / "thirdring.db"
    with open_store(path) as store:
        store.add_call(row(), record=RECORD)
        store.add_sheet("c1", VERSIONED, facts={}, form=FORM)
        store.rescored.add("c1", VERSIONED, beside=1, differences=[])
        store.reviews.add("c1", round_no=1, what="first", who="陳", detail={})
        store.log.write("x", who="陳")
    connection = sqlite3.connect(path)
    with pytest.raises((sqlite3.IntegrityError, sqlite3.OperationalError)):
        connection.execute(sql.format(table))
    connection.close()


def test_several_things_are_kept_together_or_not_at_all(tmp_path):
    path = tmp_path / "thirdring.db"
    with open_store(path) as store:
        store.add_call(row(), record=RECORD)

    def interrupted():
        with open_store(path) as store, store.writing():
            store.add_answers("c1", {}, who="陳")
            store.add_sheet("c1", VERSIONED, facts={}, row=ROW)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    with open_store(path) as store:
        assert (store.sheets("c1"), store.rows.without()) == ([], [])


SOME = st.fixed_dictionaries(
    {
        "day": st.sampled_from(["2026-03-01", "2026-03-31", "2026-04-01"]),
        "series": st.sampled_from(["internal", "external"]),
        "group": st.sampled_from(["", "甲組"]),
        "unit": st.sampled_from(["a", "b"]),
        "extension": st.just("201"),
        "person": st.sampled_from([None, "a 林", "b 王"]),
        "timing_only": st.booleans(),
        "void": st.booleans(),
        "total": st.sampled_from([None, "96", "92.5"]),
        "parts": st.sampled_from(["", "A=43/45", "A=43/45|B=50/55"]),
        "items": st.sampled_from(["", "A2.1=8/10", "A2.1=8/10|B1.1=7/10"]),
        "asked": st.integers(0, 3),
        "correct": st.integers(0, 3),
        "below_standard": st.booleans(),
    }
)


@given(st.lists(SOME, max_size=12))
def test_the_database_gathers_as_the_rubric_does(tmp_path_factory, drawn):
    path = tmp_path_factory.mktemp("rows") / "thirdring.db"
    with open_store(path) as store:
        for n, one in enumerate(drawn):
            store.add_call(row(f"c{n}"), record=RECORD)
            store.rows.put(f"c{n}", one, sheet=VERSIONED)
        found = heaps_of(store.rows.gathered("2026-03-01", "2026-04-30", form="keelung-102", version="1"))
        read = [Row._make(v) for v in store.rows.between("2026-03-01", "2026-04-30", form="keelung-102", version="1")]
    assert found == gather(read) == gather(Row(**one) for one in drawn)
