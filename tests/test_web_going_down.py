"""A server that is told to stop while somebody talks by the browser: the call goes on to its end, and nothing more is
dialled. A real process, a real call on loopback; the page is a client of its socket."""

from __future__ import annotations

import contextlib
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
from agency_folder import make_agency
from browser_sounds import FRAME, RATE, likeness, talk
from web_pages import NAMES, Client, add_person, login_of
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from harness.agency import Agency, Caps, load_agency
from harness.programme.systemd import STOP_S
from harness.softphone.growing_wav import write_wav
from harness.store import open_store
from harness.switchboard.script import load_script
from harness.switchboard.serve import EmbeddedAgency
from harness.web import last_calls
from harness.web.last_calls import KEEPING_S, let_calls_end
from harness.web.rights import Role

SCRIPT = Path(__file__).parent / "agency_scripts" / "assisted.toml"
ANSWERS = "0227000601"
WAIT_S = 120.0
SAID_S = 12.0


class Page:
    """Speaks a frame every 20 ms from its own thread, again and again, and notes how much it hears, and its close."""

    def __init__(self, socket: ClientConnection, said: np.ndarray) -> None:
        self._socket, self._said = socket, said
        self.heard, self.sent, self.closed = 0, 0, threading.Event()
        for work in (self._speak, self._hear):
            threading.Thread(target=work, daemon=True).start()

    def _speak(self) -> None:
        frames = [self._said[at : at + FRAME].tobytes() for at in range(0, len(self._said) - FRAME + 1, FRAME)]
        begun = time.monotonic()
        with contextlib.suppress(ConnectionClosed):
            while True:
                self._socket.send(frames[self.sent % len(frames)])
                self.sent += 1
                time.sleep(max(0.0, begun + 0.02 * self.sent - time.monotonic()))
        self.closed.set()

    def _hear(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            for message in self._socket:
                self.heard += isinstance(message, bytes)
        self.closed.set()


@contextmanager
def page_of(client: Client, said: np.ndarray) -> Iterator[Page]:
    """The page of somebody who is logged in, as far as its sound goes."""
    cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    told = {"origin": f"http://{client.host}", "additional_headers": {"Cookie": cookie}}
    with connect(f"ws://{client.host}/assist/sound", **told) as socket:
        yield Page(socket, said)


def until(ready: Callable[[], object], what: str) -> None:
    end = time.monotonic() + WAIT_S
    while not ready():
        assert time.monotonic() < end, what
        time.sleep(0.05)


@pytest.fixture
def agency(tmp_path: Path) -> Iterator[Agency]:
    (tmp_path / "truth.jsonl").touch()
    with EmbeddedAgency(SCRIPT, truth=tmp_path / "truth.jsonl") as embedded:
        addresses = {e.number: embedded.addresses[e.site] for e in load_script(SCRIPT).extension}
        folder = make_agency(tmp_path / "agency", addresses).folder
        text = (folder / "agency.toml").read_text(encoding="utf-8")
        text = text.replace("[hours]", 'call_back_number = "02-2700-0999"\n[hours]')
        (folder / "agency.toml").write_text(text, encoding="utf-8")
        (folder / "sounds").mkdir()
        write_wav(folder / "sounds" / "courtesy.wav", talk(1.0, 5), sample_rate_hz=RATE)
        with open_store(folder / "thirdring.db") as store:
            add_person(store, login_of(Role.TESTER), name=NAMES[Role.TESTER], roles=[Role.TESTER])
        yield load_agency(folder)


@contextmanager
def process_of(agency: Agency) -> Iterator[tuple[subprocess.Popen[str], Client]]:
    """`thirdring serve`, and a client of its tester."""
    command = [sys.executable, "-m", "harness.cli", "--agency", str(agency.folder), "serve", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            client = Client(re.search(r"http://(\S+)/", process.stderr.readline())[1])
            assert client.log_in(login_of(Role.TESTER)).status == 303
            yield process, client
        finally:
            process.kill()


@pytest.mark.slow
@pytest.mark.realtime
def test_a_tester_who_talks_by_the_browser_ends_the_call_after_the_server_was_told_to_stop(agency: Agency) -> None:
    said, asked = talk(SAID_S, 7), {"unit": f"u{ANSWERS}", "way": "browser"}
    with process_of(agency) as (process, client):
        begun = client.post("/assist", asked)
        assert begun.status == 303, begun.text
        path = begun.headers["location"]

        def shown(words: str) -> bool:
            return words in client.get(path).text

        with page_of(client, said) as page:
            until(lambda: shown('data-phase="talks" data-tester="here"'), "nobody talks")
            process.send_signal(signal.SIGTERM)
            until(lambda: "結束中" in process.stderr.readline(), "it was not told to stop")
            assert client.post(f"{path}/do", {"do": "mark", "what": "hold"}).status == 204
            until(lambda: "伺服器正要停" in client.post("/assist", asked).text, "it would dial on")
            heard, sent = page.heard, page.sent
            until(lambda: page.heard > heard + 150 and page.sent > sent + 150, "the page hears or says nothing")
            assert not page.closed.is_set()
            assert process.poll() is None
            assert shown('data-phase="talks" data-tester="here"')
            assert client.post(f"{path}/do", {"do": "mark", "what": "unit_speaks"}).status == 204
            assert client.post(f"{path}/do", {"do": "done"}).status == 204
            rest = process.stderr.read()
            assert process.wait(WAIT_S) == 0, rest
            assert page.closed.wait(WAIT_S)
        assert "Traceback" not in rest
    with open_store(agency.database) as store:
        call = store.get_call(store.list_calls()[0]["call_id"])
        assert [one["what"] for one in store.call_marks.of(call["call_id"])].count("unit_speaks") == 1
    assert call["outcome"] == "answered"
    (path,) = agency.recordings.rglob("*.flac")
    sound, rate = soundfile.read(path, dtype="int16")
    assert rate == RATE
    acts = call["record"]["acts"]
    assert [one["detail"] for one in acts if one["do"] == "tester"] == ["invited", "here", "done"]
    begun, done = (next(one["at_s"] for one in acts if one["detail"] == what) for what in ("hold", "done"))
    after = sound[round(begun * RATE) : round(done * RATE), 1].astype(float)
    pieces = [after[at : at + RATE // 10] for at in range(0, len(after) - RATE // 10, RATE // 10)]
    alike = [likeness(one, np.tile(said, 2).astype(float)) > 0.7 for one in pieces if one.any()]
    assert sum(alike) >= 5  # half a second of what was said behind the stop; a busy machine may tear the rest


class Hung:
    """A site one of whose calls never ends; the clock passes while somebody sleeps."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, ends_s: float) -> None:
        self.did, self.now_s, self._ends_s = list[str](), 0.0, ends_s
        self.assisted = SimpleNamespace(dial_no_more=lambda: self.did.append("assisted"), running=0)
        self.calls = SimpleNamespace(up=lambda: (object(),) if self.now_s < ends_s else ())
        self.agency = lambda: SimpleNamespace(settings=SimpleNamespace(caps=Caps(longest_call_s=300.0)))
        self.daemon = SimpleNamespace(dial_no_more=lambda: self.did.append("daemon"))
        monkeypatch.setattr(last_calls, "time", SimpleNamespace(monotonic=lambda: self.now_s, sleep=self._sleep))

    def _sleep(self, seconds: float) -> None:
        assert self.did == ["assisted", "daemon"]  # before anything is waited for
        self.now_s += seconds


@pytest.mark.parametrize(("ends_s", "waited_s"), [(0.0, 0.0), (42.0, 42.0), (1e9, 300.0 + KEEPING_S)])
def test_calls_are_waited_for_until_they_are_over_and_for_ever_for_none(ends_s, waited_s, monkeypatch) -> None:
    site = Hung(monkeypatch, ends_s=ends_s)
    let_calls_end(site, site.daemon)
    assert site.did == ["assisted", "daemon"]
    assert site.now_s == pytest.approx(waited_s, abs=2 * last_calls.LOOK_S)


def test_the_service_is_given_the_time_of_the_longest_call_that_an_agency_may_set() -> None:
    (longest_s,) = [one.le for one in Caps.model_fields["longest_call_s"].metadata if hasattr(one, "le")]
    assert longest_s + KEEPING_S < STOP_S
    assert longest_s == last_calls.LONGEST_CALL_S
