"""The chain of evidence: any single change of what was kept is found, and it is said what it was."""

import json
import random
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import soundfile
from conftest import CI
from evidence_agency import add_sound, agency_with_evidence, behind_its_back
from hypothesis import given, settings
from hypothesis import strategies as st
from kept_calls import agency_with_units, keep_call
from rubric_cases import best, call

from harness.cli.program import run
from harness.evidence.verify import verify
from harness.programme.retention import Expired, delete_sound
from harness.recording import sha256
from harness.store import open_store
from harness.store.chain import CHANGING, KEYS, LINK_LENGTH, link_after
from harness.store.heads import head_of, heads_file
from harness.switchboard.sound import prompt

NO_EVIDENCE = {
    "people",
    "sessions",
    "failed_logins",
    "refused_tries",
    "drafts",
    "allotments",
    "evidence",
    "revisions",
    "cell_marks",
    "recovery_codes",
}
"""Tables that no result stands on: accounts, what is not signed yet, who is to listen; and the chain itself."""

EXAMPLES = 30 if CI else 15
"""Each copies a database and spoils it: a third of a second."""


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    return agency_with_evidence(tmp_path_factory.mktemp("evidence") / "agency")


@pytest.fixture
def agency(kept, tmp_path_factory):
    return copied(kept, tmp_path_factory)


def copied(kept, tmp_path_factory):
    """A copy to be spoilt."""
    folder = tmp_path_factory.mktemp("copy") / "agency"
    shutil.copytree(kept.folder, folder)
    return replace(kept, folder=folder)


def found(agency, heads=()):
    with open_store(agency.database) as store:
        return verify(agency.folder, store, heads=heads).findings


def kinds(agency, heads=()):
    return {one.kind for one in found(agency, heads)}


def rows_of(agency, table):
    with closing(sqlite3.connect(agency.database)) as opened:
        return opened.execute(f"SELECT rowid, * FROM {table} ORDER BY rowid").fetchall()


def columns_of(agency, table):
    with closing(sqlite3.connect(agency.database)) as opened:
        return [(name, kind) for _, name, kind, *_ in opened.execute(f"PRAGMA table_info({table})")]


def test_what_nobody_touched_agrees(kept):
    with open_store(kept.database) as store:
        verdict = verify(kept.folder, store)
    assert (verdict.findings, verdict.calls, verdict.files) == ((), 4, 2)


def test_every_table_is_in_the_chain_or_no_evidence(kept):
    with closing(sqlite3.connect(kept.database)) as opened:
        names = opened.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '%sqlite%'")
        assert {name for (name,) in names} - NO_EVIDENCE == set(KEYS)


def test_each_link_is_the_hash_of_the_one_before_and_of_what_the_entry_says(kept):
    with open_store(kept.database) as store:
        before = "0" * LINK_LENGTH
        for n, entry in store.evidence.entries():
            link, content = entry[:LINK_LENGTH], entry[LINK_LENGTH + 1 :]
            assert (link, json.loads(content)["n"]) == (link_after(before, content), n)
            before = link


def other_than(value, kind, rng):
    if kind == "INTEGER":
        return (value or 0) + rng.choice([-1, 1, 1000])
    if kind == "REAL":
        return (value or 0.0) + rng.choice([-0.5, 1e-9, 3.0])
    text = value or ""
    at = rng.randrange(len(text) + 1)
    return text[:at] + rng.choice("x0,{") + text[at:]


@given(seed=st.integers(0, 2**32))
@settings(max_examples=EXAMPLES)
def test_any_value_of_any_row_that_is_changed_is_found_and_named(kept, tmp_path_factory, seed):
    rng = random.Random(seed)
    agency = copied(kept, tmp_path_factory)
    table = rng.choice([one for one in KEYS if rows_of(agency, one)])
    row = rng.choice(rows_of(agency, table))
    at, (column, kind) = rng.choice(list(enumerate(columns_of(agency, table))))
    with behind_its_back(agency.database) as opened:
        new = other_than(row[at + 1], kind, rng)
        opened.execute(f'UPDATE {table} SET "{column}" = ? WHERE rowid = ?', [new, row[0]])
    told = found(agency)
    assert told
    if column not in (*KEYS[table], *CHANGING.get(table, ())):
        assert any((one.kind, one.what, one.column) == ("changed", table, column) for one in told)


@given(seed=st.integers(0, 2**32))
@settings(max_examples=EXAMPLES)
def test_any_row_that_is_removed_or_put_there_is_found(kept, tmp_path_factory, seed):
    rng = random.Random(seed)
    agency = copied(kept, tmp_path_factory)
    table = rng.choice([one for one in KEYS if rows_of(agency, one)])
    rowid = rng.choice(rows_of(agency, table))[0]
    with behind_its_back(agency.database) as opened:
        if rng.random() < 0.5:
            opened.execute(f"DELETE FROM {table} WHERE rowid = ?", [rowid])
            wanted = {"removed", "figures_gone"}
        else:
            names = [name for name, _ in columns_of(agency, table)]
            key = KEYS[table][0]
            value = "max(id) + 7" if key == "id" else f"min({key}) || '~'"
            chosen = ", ".join(value if name == key else f'"{name}"' for name in names)
            unique = opened.execute(f"SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = '{table}'")
            for (name,) in [one for one in unique.fetchall() if "autoindex" not in one[0]]:
                opened.execute(f'DROP INDEX "{name}"')
            opened.execute(f"INSERT INTO {table} SELECT {chosen} FROM {table} WHERE rowid = {rowid}")
            wanted = {"inserted"}
    assert wanted & kinds(agency)


@given(seed=st.integers(0, 2**32))
def test_any_entry_that_is_changed_removed_swapped_or_put_there_is_found(kept, tmp_path_factory, seed):
    rng = random.Random(seed)
    agency = copied(kept, tmp_path_factory)
    entries = rows_of(agency, "evidence")
    n = rng.randrange(1, len(entries))
    with behind_its_back(agency.database) as opened:
        how = rng.choice(["changed", "removed", "swapped", "put"])
        if how == "changed":
            text = entries[n - 1][2]
            at = rng.randrange(len(text))
            text = text[:at] + ("a" if text[at] != "a" else "b") + text[at + 1 :]
            opened.execute("UPDATE evidence SET entry = ? WHERE n = ?", [text, n])
        elif how == "removed":
            opened.execute("DELETE FROM evidence WHERE n = ?", [n])
        elif how == "swapped":
            for one, other in ((n, n + 1), (n + 1, n)):
                opened.execute("UPDATE evidence SET entry = ? WHERE n = ?", [entries[other - 1][2], one])
        else:
            opened.execute("INSERT INTO evidence VALUES (?, ?)", [len(entries) + 1, entries[n - 1][2]])
    assert {"entry_changed", "missing_entries"} & kinds(agency)


@given(at=st.integers(0, 10**6), name=st.sampled_from(["c9.flac", "c9.sip"]))
def test_any_byte_of_any_file_that_is_changed_is_found_and_named(kept, tmp_path_factory, at, name):
    agency = copied(kept, tmp_path_factory)
    file = next(agency.recordings.glob(f"*/{name}"))
    data = bytearray(file.read_bytes())
    data[at % len(data)] ^= 1
    file.write_bytes(bytes(data))
    (only,) = found(agency)
    assert (only.kind, only.call_id, only.column.rpartition("/")[2]) == ("file_changed", "c9", name)
    assert "c9" in only.sentence("zh")
    assert only.before != only.now


def test_a_file_that_is_gone_is_found_unless_its_deletion_by_rule_is_logged(agency):
    file = next(agency.recordings.glob("*/c9.flac"))
    sound = file.read_bytes()
    file.unlink()
    assert kinds(agency) == {"file_gone"}
    file.write_bytes(sound)
    day = datetime(2026, 11, 3, tzinfo=UTC)
    due = Expired(call_id="c9", day=day.date(), due=day.date(), files=(file,))
    with open_store(agency.database) as store:
        delete_sound(due, store, who="承辦", now=day)
        verdict = verify(agency.folder, store)
    assert (verdict.findings, verdict.deleted) == ((), 1)


def test_a_chain_with_its_end_cut_off_contradicts_its_heads(agency):
    with open_store(agency.database) as store:
        before = store.evidence.head()
    keep_call(agency, "c4", call(), best())
    with open_store(agency.database) as store:
        after = store.evidence.head()
    with behind_its_back(agency.database) as opened:
        opened.execute("DELETE FROM evidence WHERE n > ?", [before.n])
        for table in ("rows", "sheets", "answers", "attempts", "recordings", "calls"):
            opened.execute(f"DELETE FROM {table} WHERE call_id = 'c4'")
    assert "cut_off" in kinds(agency)
    lines = heads_file(agency.database).read_text().splitlines(keepends=True)
    kept_lines = [line for line in lines if int(line.split()[0]) <= before.n]
    heads_file(agency.database).write_text("".join(kept_lines))
    assert kinds(agency) == set()  # nobody who has only this folder can tell
    assert kinds(agency, heads=[after]) == {"cut_off"}  # but a paper can


def test_a_chain_that_is_written_anew_contradicts_the_heads_that_papers_have(agency):
    with open_store(agency.database) as store:
        head = store.evidence.head()
    with behind_its_back(agency.database) as opened:
        opened.execute("UPDATE calls SET outcome = 'busy' WHERE call_id = 'c1'")
        before = "0" * LINK_LENGTH
        for n, entry in opened.execute("SELECT n, entry FROM evidence ORDER BY n").fetchall():
            said = json.loads(entry[LINK_LENGTH:])
            if said["what"] == "calls" and said["row"]["call_id"] == "c1":
                said["row"]["outcome"] = "busy"
            content = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
            before = link_after(before, content)
            opened.execute("UPDATE evidence SET entry = ? WHERE n = ?", [f"{before} {content}", n])
            last = f"{before} {content}"
    assert kinds(agency) == {"rewritten"}
    heads_file(agency.database).write_text(f"{head_of(last)}\n")
    assert kinds(agency) == set()
    assert kinds(agency, heads=[head]) == {"rewritten"}


def test_heads_that_are_gone_or_spoilt_are_told_of(agency):
    file = heads_file(agency.database)
    text = file.read_text()
    file.write_text(text.replace(" ", "_", 1))
    assert kinds(agency) == {"head_line"}
    file.unlink()
    assert kinds(agency) == {"heads_gone"}


DEEP = "[" * 100_000
"""More than any reader of JSON goes down."""


@pytest.mark.parametrize(
    "sql",
    [
        f"UPDATE sheets SET sheet = '{DEEP}' WHERE id = 1",
        """UPDATE sheets SET sheet = '{"form": "x", "items": ["a"]}' WHERE id = 1""",
        f"UPDATE log SET what = 'sound_deleted', detail = '{DEEP}'",
        "UPDATE log SET what = 'sound_deleted', detail = '[]'",
        """UPDATE log SET what = 'sound_deleted', detail = '{"files": 3}'""",
        """UPDATE log SET what = 'sound_deleted', detail = '{"files": [[]]}'""",
        f"UPDATE evidence SET entry = substr(entry, 1, {LINK_LENGTH + 1}) || '{DEEP}' WHERE n = 2",
        """UPDATE evidence SET entry = substr(entry, 1, 65) || '{"row": {"call_id": "c9"}}' WHERE n = 2""",
        "UPDATE evidence SET entry = replace(entry, 'path', 'way') WHERE entry LIKE '%\"what\":\"recordings\"%'",
    ],
)
def test_whatever_was_put_there_is_told_of_and_breaks_neither_the_look_nor_a_case(agency, tmp_path, sql):
    with behind_its_back(agency.database) as opened:
        assert opened.execute(sql).rowcount
    assert kinds(agency) & {"changed", "entry_changed"}
    assert run(["export-case", "c9", "--to", str(tmp_path), "--who", "承辦", "--agency", str(agency.folder)]) == 0


def test_a_head_with_a_number_that_no_entry_has_is_a_line_that_is_wrong(agency):
    heads_file(agency.database).write_text("9" * 5000 + " " + "0" * LINK_LENGTH)
    assert kinds(agency) == {"head_line"}


@pytest.mark.parametrize("name", ["sheets_chained_INSERT", "evidence_UPDATE", "rows_INSERT_marked"])
@pytest.mark.parametrize("hollow", [False, True])
def test_a_guard_that_was_lifted_or_made_hollow_is_told_of(agency, name, hollow):
    with closing(sqlite3.connect(agency.database)) as opened, opened:
        opened.execute(f"DROP TRIGGER {name}")
        if hollow:
            opened.execute(f"CREATE TRIGGER {name} BEFORE DELETE ON {name.split('_')[0]} BEGIN SELECT 1; END")
    assert [(one.kind, one.values["name"]) for one in found(agency)] == [("guard_gone", name)]


def test_a_trigger_that_swallows_what_is_to_be_kept_is_told_of(agency, capsys):
    with closing(sqlite3.connect(agency.database)) as opened, opened:
        opened.execute("CREATE TRIGGER quiet BEFORE INSERT ON call_marks BEGIN SELECT RAISE(IGNORE); END")
    assert [(one.kind, one.values["name"]) for one in found(agency)] == [("guard_strange", "quiet")]
    assert run(["verify", "--agency", str(agency.folder), "--lang", "en"]) == 1
    assert "quiet" in capsys.readouterr().out


def test_an_empty_database_beside_recordings_is_told_of(agency, capsys):
    agency.database.unlink()
    assert "cut_off" in kinds(agency)
    heads_file(agency.database).unlink()
    assert kinds(agency) == {"database_gone"}
    assert run(["verify", "--agency", str(agency.folder)]) == 1
    shutil.rmtree(agency.recordings)
    assert kinds(agency) == set()
    assert run(["verify", "--agency", str(agency.folder)]) == 0


def test_another_program_cannot_add_a_row(agency):
    with closing(sqlite3.connect(agency.database)) as opened, pytest.raises(sqlite3.OperationalError):
        opened.execute("INSERT INTO log (at, who, what, detail) VALUES ('', '', '', '{}')")


@pytest.mark.parametrize("sql", ["UPDATE calls SET outcome = 'busy'", "DELETE FROM calls", "DELETE FROM recordings"])
def test_the_database_itself_refuses_to_change_what_was_measured(agency, sql):
    with closing(sqlite3.connect(agency.database)) as opened, pytest.raises(sqlite3.IntegrityError):
        opened.execute(sql)


def test_what_was_rolled_back_is_in_no_chain(agency):
    def interrupted():
        with open_store(agency.database) as store, store.writing():
            store.log.write("x", who="陳")
            raise RuntimeError

    before = heads_file(agency.database).read_text()
    with pytest.raises(RuntimeError):
        interrupted()
    assert (found(agency), heads_file(agency.database).read_text()) == ((), before)


def test_a_database_of_before_is_found_as_it_is_and_kept_from_then_on(agency):
    with closing(sqlite3.connect(agency.database)) as opened:
        of_before = "type = 'trigger' AND sql NOT LIKE '%evidence%' AND name NOT LIKE '%!_kept!_%' ESCAPE '!'"
        triggers = opened.execute(f"SELECT sql FROM sqlite_master WHERE {of_before}").fetchall()
    with behind_its_back(agency.database, back=False) as opened:
        opened.execute("DELETE FROM _sqlite_migrations WHERE name = 'm018_evidence'")
        opened.execute("DROP TABLE call_files")
        opened.execute("DROP TABLE evidence")
        for (sql,) in triggers:
            opened.execute(sql)
    heads_file(agency.database).unlink()
    assert found(agency) == ()
    with open_store(agency.database) as store:
        done = {json.loads(entry[LINK_LENGTH:])["did"] for _, entry in store.evidence.entries()}
    assert done == {"found"}
    add_sound(agency, "c10")
    assert found(agency) == ()


def test_verify_says_in_chinese_which_call_which_thing_and_what_it_was(agency, capsys):
    with behind_its_back(agency.database) as opened:
        opened.execute("UPDATE rows SET total = '12' WHERE call_id = 'c2'")
    assert run(["verify", "--agency", str(agency.folder), "--lang", "zh"]) == 1
    told = capsys.readouterr().out
    (line,) = [line for line in told.splitlines() if "被改過" in line]
    assert "通話 c2 統計用的成績" in line
    assert "total" in line
    assert "現為 12" in line
    assert run(["verify", "--agency", str(agency.folder), "--json"]) == 1
    (one,) = json.loads(capsys.readouterr().out)["findings"]
    assert (one["kind"], one["call_id"], one["now"]) == ("changed", "c2", "12")


def test_a_head_from_a_paper_is_taken_as_it_is_printed(agency, capsys, tmp_path):
    with open_store(agency.database) as store:
        head = store.evidence.head()
    place = ["--agency", str(agency.folder)]
    assert run(["verify", *place, "--head", f"{head.n}:{head.link}"]) == 0
    assert run(["verify", *place, "--head", f"{head.n}:{'0' * 64}"]) == 1
    assert run(["verify", *place, "--head", str(heads_file(agency.database))]) == 0
    assert run(["verify", *place, "--head", "nonsense"]) == 2
    assert "nonsense" in capsys.readouterr().err


def marked(agency, name, text, *, hashed=True):
    """Write a prompt mark's file, and what the log says of it."""
    file = agency.folder / "prompts" / f"{name}.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")
    detail = {"name": name, "at_s": 2.0} | ({"sha256": sha256(file)} if hashed else {})
    with open_store(agency.database) as store:
        store.log.write("prompt_marked", who="林", detail=detail)
    return file


def test_a_prompt_mark_that_was_changed_or_is_gone_since_it_was_made_is_named(agency):
    marked(agency, "key-9", "{}")
    changed, gone = marked(agency, "key-9", '{"at_s": 2.0}'), marked(agency, "bye", "{}")
    marked(agency, "of-old", "{}", hashed=False).unlink()
    marked(agency, "../units", "{}")
    assert found(agency) == ()
    was = sha256(changed)
    changed.write_text('{"at_s": 2.5}', encoding="utf-8")
    gone.unlink()
    told = {one.kind: one for one in found(agency)}
    assert set(told) == {"mark_changed", "mark_gone"}
    assert (told["mark_changed"].values["name"], told["mark_changed"].before) == ("key-9", was)
    assert "prompts/bye.json" in told["mark_gone"].sentence("en")
    changed.unlink()
    changed.mkdir()
    assert kinds(agency) == {"mark_gone"}


def test_a_prompt_that_is_marked_and_marked_anew_agrees(tmp_path):
    folder, menu = agency_with_units(tmp_path / "agency").folder, tmp_path / "menu.wav"
    soundfile.write(menu, prompt("ivr-menu", 8000), 8000)
    mark = ["prompt", "mark", str(menu), "--at", "2", "--name", "key-9", "--agency", str(folder)]
    assert run(mark) == 0
    assert run([*mark, "--kind", "closed_hours", "--replace"]) == 0
    with open_store(folder / "thirdring.db") as store:
        assert verify(folder, store).findings == ()
        (folder / "prompts" / "key-9.json").write_text("{}", encoding="utf-8")
        assert [one.kind for one in verify(folder, store).findings] == ["mark_changed"]
