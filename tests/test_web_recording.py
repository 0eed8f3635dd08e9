"""Recordings on the pages: heard piece by piece, by those who may, each listening in the log."""

import soundfile
from web_pages import Running, later, login_of

from harness.store import open_store
from harness.web import shown_sound
from harness.web.rights import Role

pytest_plugins = ("web_fixtures",)
PATH = "/calls/c-open/recording"


def listened(server: Running, call_id: str) -> list[tuple[str, str]]:
    with open_store(server.site.folder / "thirdring.db") as store:
        return [(row["what"], row["who"]) for row in store.log.of(call_id)]


def test_any_range_is_that_part_of_the_file(server: Running):
    client = server.client(Role.TESTER)
    whole = client.get(PATH)
    assert (whole.status, whole.headers["content-type"], whole.headers["accept-ranges"]) == (200, "audio/flac", "bytes")
    assert whole.headers["content-disposition"].startswith("inline")
    size = len(whole.body)
    for asked, first, last in (("0-99", 0, 99), ("100-", 100, size - 1), ("-50", size - 50, size - 1)):
        part = client.get(PATH, range=f"bytes={asked}")
        assert part.status == 206
        assert part.headers["content-range"] == f"bytes {first}-{last}/{size}"
        assert part.body == whole.body[first : last + 1]
    assert client.get(PATH, range=f"bytes={size}-").status == 416


def test_what_is_sent_is_the_recording(server: Running, tmp_path):
    copy = tmp_path / "copy.flac"
    copy.write_bytes(server.client(Role.TESTER).get(PATH).body)
    assert soundfile.info(copy).frames == soundfile.info(server.site.folder / "recordings" / "c-open.flac").frames


def test_a_listening_is_logged_once_however_many_pieces_are_asked_for(server: Running):
    client = server.client(Role.CONVENER)
    before = listened(server, "c-open").count(("heard", "林召集"))
    for n in range(5):
        client.get(PATH, range=f"bytes={n * 10 + 1}-")
    assert listened(server, "c-open").count(("heard", "林召集")) == before + 1


def test_a_listening_is_logged_again_after_half_an_hour(alone: Running, clock):
    client = alone.client(Role.CONVENER)
    clock.now = later(600)
    client.log_in(login_of(Role.CONVENER))
    before = listened(alone, "c-open").count(("heard", "林召集"))
    logged = []
    for minutes in (0, 10, 29.9, 30.1, 45, 60.3):  # half an hour after the listening that was logged last
        clock.now = later(600 + minutes)
        client.get(PATH, range="bytes=0-99")
        logged.append(listened(alone, "c-open").count(("heard", "林召集")) - before)
    assert logged == [1, 1, 1, 2, 2, 3]


def test_a_spectrogram_is_a_listening_too_and_worked_out_once(server: Running, monkeypatch):
    read, times = shown_sound._read, []
    monkeypatch.setattr(shown_sound, "_read", lambda path: times.append(path) or read(path))
    client, path = server.client(Role.REVIEWER), "/calls/c-done/sound/spectrogram"
    first = client.get(path)
    assert (first.status, client.get(path).body) == (200, first.body)
    client.get("/calls/c-done/recording")
    assert listened(server, "c-done").count(("heard", "黃複評")) == 1
    assert len(times) == 1


def test_what_the_ear_hears_is_heard_once_and_is_no_listening(server: Running, monkeypatch):
    read, times = shown_sound._read, []
    monkeypatch.setattr(shown_sound, "_read", lambda path: times.append(path) or read(path))
    client, before = server.client(Role.CONVENER), listened(server, "c-done")
    told = [client.get("/calls/c-done/sound/heard") for _ in range(2)]
    assert [one.status for one in told] == [200, 200]
    assert told[0].body == told[1].body
    assert (len(times), listened(server, "c-done")) == (1, before)


def test_every_download_is_logged(server: Running):
    client = server.client(Role.CONVENER)
    told = client.get(f"{PATH}?download=1")
    assert told.headers["content-disposition"] == 'attachment; filename="c-open.flac"'
    client.get(f"{PATH}?download=1")
    assert listened(server, "c-open").count(("downloaded", "林召集")) == 2


def test_who_may_not_hear_it_is_not_logged_as_hearing_it(server: Running):
    for role, status in ((Role.AUDITOR, 403), (Role.ADMINISTRATOR, 403), (Role.UNIT, 404), (Role.OUTSIDE_TESTER, 404)):
        client = server.client(role)
        assert (client.get(PATH).status, client.get("/calls/c-open/sound/spectrogram").status) == (status, status)
    assert {who for _, who in listened(server, "c-open")} <= {"陳小華", "林召集"}


def test_sound_that_was_deleted_is_said_and_not_offered(server: Running):
    client = server.client(Role.CONVENER)
    assert client.get("/calls/c-other/recording").status == 404
    html = client.get("/calls/c-other").text
    assert "錄音已依保存期限刪除" in html
    assert "<audio" not in html


def test_a_path_that_leads_out_of_the_folder_is_no_recording(server: Running):
    outside = server.site.folder.parent / "outside.flac"
    outside.write_bytes((server.site.folder / "recordings" / "c-open.flac").read_bytes())
    row = {"call_id": "c-out", "unit": "u2", "number": "1", "scenario": "s", "started_at": "2026-11-16T10:00:00+08:00"}
    row |= {"outcome": "answered", "recording_path": "../outside.flac"}
    with open_store(server.site.folder / "thirdring.db") as store:
        store.add_call(row, record={})
    assert server.client(Role.CONVENER).get("/calls/c-out/recording").status == 404
