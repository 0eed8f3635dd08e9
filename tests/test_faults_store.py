"""A disk that is full when the database commits: what was not kept has no head that contradicts the chain."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from harness.errors import StoreError
from harness.store import heads, open_store
from harness.store.heads import heads_file, read_head

NOTHING = sqlite3.SQLITE_DENY


def test_what_the_commit_did_not_keep_has_no_head(tmp_path: Path) -> None:
    path = tmp_path / "thirdring.db"
    with open_store(path) as store:
        store.log.write("began", who="test")
    before = heads_file(path).read_text(encoding="utf-8")

    def not_now(action: int, what: str | None, *_: object) -> int:
        return NOTHING if (action, what) == (sqlite3.SQLITE_TRANSACTION, "COMMIT") else sqlite3.SQLITE_OK

    def write() -> None:
        with open_store(path) as store:
            store._db.conn.set_authorizer(not_now)
            store.log.write("lost", who="test")

    with pytest.raises(StoreError):
        write()
    assert heads_file(path).read_text(encoding="utf-8") == before
    with open_store(path) as store:
        assert [line["what"] for line in store.log.newest(limit=9)] == ["began"]


def test_a_disk_that_takes_half_a_line_of_the_heads_leaves_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "thirdring.db"
    with open_store(path) as store:
        store.log.write("began", who="test")
    write = heads.os.write
    with open_store(path) as store:
        with monkeypatch.context() as full:
            full.setattr(heads.os, "write", lambda handle, data: write(handle, data[: len(data) // 2]))
            store.log.write("at a full disk", who="test")
        store.log.write("behind it", who="test")
    lines = heads_file(path).read_text(encoding="utf-8").splitlines()
    assert all(read_head(line) for line in lines)
    assert [int(line.split()[0]) for line in lines] == [1, 3]
