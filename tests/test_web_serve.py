"""`thirdring serve` and `thirdring user`: what is refused, what TLS and a proxy change, and an orderly end."""

import contextlib
import io
import json
import re
import shlex
import signal
import socket
import ssl
import subprocess
import sys
import threading
from datetime import date
from pathlib import Path

import pytest
from kept_calls import agency_with_units
from programme_month import make_folder
from web_pages import PASSWORD, Client, serving

from harness import clocks
from harness.cli.program import run
from harness.programme.service import runs
from harness.programme.systemd import unit_file
from harness.store import open_store
from harness.web.daemon import RUNNING, STOPPED, UNREADY, Daemon, state_of
from harness.web.passwords import fits
from harness.web.serve import agency_option
from harness.web.site import Site
from harness.words import BOTH, use_language

pytestmark = pytest.mark.waits

pytest_plugins = ("web_fixtures",)
READMES = (("README.md", "The pages"), ("README.zh-TW.md", "網頁"))
FIRST = ("thirdring init my-agency", "cd my-agency", "thirdring user add")
CERTIFICATES = Path(__file__).parent / "certificates"
NOTHING_DRAWN = f'rounds_every = "year"\nround_month = {(date.today().month + 5) % 12 + 1}\n'
"""Half a year from now: neither this month nor the next has a test."""


@pytest.fixture(autouse=True)
def _both_languages():
    yield
    use_language(BOTH)


@pytest.fixture
def folder(tmp_path):
    return agency_with_units(tmp_path / "agency").folder


def after(text: str, heading: str) -> list[list[str]]:
    """The commands of the first block of a document's section, as a shell would split them."""
    block = text.partition(f"\n## {heading}\n")[2].partition("```sh\n")[2].partition("```")[0]
    return [shlex.split(line, comments=True) for line in block.splitlines()]


def test_whoever_follows_a_readme_after_the_demo_can_log_in(tmp_path, monkeypatch, capsys):
    demo = agency_with_units(tmp_path / "demo").folder
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("getpass.getpass", lambda *_: "")
    root = Path(__file__).parent.parent
    read = [after((root / name).read_text("utf-8"), heading) for name, heading in READMES]
    assert read[0] == read[1]
    activate, account, pages = read[0]
    assert activate == [".", ".venv/bin/activate"]
    assert pages == ["thirdring", "serve", "--agency", "demo"]
    assert run(account[1:]) == 0
    drawn = re.search(r"First password \(shown this once\): (\S+)", capsys.readouterr().out)
    assert drawn
    with serving(Site(folder=demo)) as running:
        answer = running.client().log_in(account[3], drawn[1])
        assert (answer.status, answer.headers["location"]) == (303, "/")


def test_what_is_said_without_accounts_names_the_agency_unless_one_stands_in_it(tmp_path, monkeypatch):
    folder = agency_with_units(tmp_path / "my agency").folder
    monkeypatch.chdir(tmp_path)
    assert shlex.split(agency_option(Path("my agency"))) == ["--agency", "my agency"]
    monkeypatch.chdir(folder)
    assert agency_option(Path()) == agency_option(folder) == ""


def test_the_reference_makes_the_first_account_inside_the_agency():
    for name in ("commands.md", "commands.zh-TW.md"):
        lines = (Path(__file__).parent.parent / "docs" / name).read_text("utf-8").splitlines()
        begins = [next(n for n, one in enumerate(lines) if one.startswith(begin)) for begin in FIRST]
        assert begins == sorted(begins), name


@pytest.mark.parametrize("address", ["0.0.0.0", "192.0.2.7", "::"])
def test_beyond_this_machine_passwords_do_not_travel_in_the_clear(address, folder, capsys):
    assert run(["--agency", str(folder), "serve", "--address", address]) == 4
    assert "--tls-certificate" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "status", "said"),
    [
        (["--tls-certificate", "a.pem"], 2, "--tls-key"),
        (["--behind-proxy", "127.0.0.1"], 2, "--name"),
        (["--metrics-token-file", "nowhere"], 2, "nowhere"),
    ],
)
def test_half_an_option_is_refused(options, status, said, folder, capsys):
    assert run(["--agency", str(folder), "serve", *options]) == status
    assert said in capsys.readouterr().err


def test_the_unit_file_serves_with_the_options_that_were_given(folder, capsys, tmp_path):
    proxy = ["--behind-proxy", "127.0.0.1", "--name", "tests.example", "--name", "100%.example", "--port", "443"]
    token = tmp_path / "my token"
    assert run(["--agency", str(folder), "serve", *proxy, "--metrics-token-file", str(token), "--systemd"]) == 0
    text = capsys.readouterr().out
    (command,) = re.findall(r"^ExecStart=.* (--agency .*)$", text, flags=re.MULTILINE)
    wanted = {f"--agency {folder} serve", "behind-proxy 127.0.0.1", "name tests.example", "name 100%%.example"}
    assert set(command.split(" --")) == wanted | {"port 443", f'metrics-token-file "{token}"'}
    assert "AmbientCapabilities=CAP_NET_BIND_SERVICE\n" in text
    assert "Ambient" not in unit_file(folder)


def test_what_would_not_be_served_is_no_unit_either(folder, capsys):
    assert run(["--agency", str(folder), "serve", "--address", "0.0.0.0", "--systemd"]) == 4
    assert "[Service]" not in capsys.readouterr().out


def test_a_port_in_use_is_told(folder, capsys):
    with socket.create_server(("127.0.0.1", 0)) as other:
        assert run(["--agency", str(folder), "serve", "--port", str(other.getsockname()[1])]) == 3
    assert "--port" in capsys.readouterr().err


def test_without_an_agency_nothing_is_served(tmp_path):
    assert run(["--agency", str(tmp_path), "serve", "--port", "0"]) == 2


def test_behind_its_proxy_only_the_proxy_is_answered(agency):
    names = frozenset({"test.example"})
    with serving(Site(folder=agency.folder, names=names, secure=True, proxy="127.0.0.1")) as running:
        client = running.client()
        told = {"host": "test.example", "x_forwarded_for": "203.0.113.9, 198.51.100.4"}
        answer = client.post("/login", {"login": "tester", "password": PASSWORD}, **told)
        assert answer.status == 303
        assert answer.headers["set-cookie"].startswith("__Host-thirdring=")
        assert "secure" in answer.headers["set-cookie"].lower()
        assert answer.headers["strict-transport-security"]
    with open_store(agency.database) as store:
        line = next(row for row in store.log.newest(limit=9) if row["what"] == "logged_in")
    assert line["detail"]["address"] == "198.51.100.4"  # what the proxy itself heard, not what anybody wrote before it
    with serving(Site(folder=agency.folder, names=names, secure=True, proxy="192.0.2.1")) as running:
        assert running.client().get("/login", host="test.example").status == 421


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    made = tmp_path_factory.mktemp("tls")
    asked = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    asked += ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(made / "key"), "-out", str(made / "cert")]
    subprocess.run(asked, check=True, capture_output=True)
    return made / "cert", made / "key"


def test_a_process_serves_runs_and_ends_in_order(agency):
    with open_store(agency.database) as store:
        store.log.write("begun", who="test")
    command = [sys.executable, "-m", "harness.cli", "--agency", str(agency.folder), "serve", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        said = process.stderr.readline()
        url = re.search(r"http://(\S+)/", said)[1]
        client = Client(url)
        assert client.log_in("convener").status == 303
        assert client.get("/").status == 200
        process.send_signal(signal.SIGTERM)
        rest = process.stderr.read()
        assert process.wait(240) == 0
    assert "結束中" in rest
    assert "Traceback" not in rest


def test_with_a_certificate_the_pages_are_https(agency, certificate):
    command = [sys.executable, "-m", "harness.cli", "--agency", str(agency.folder), "serve", "--port", "0", "--no-run"]
    command += ["--name", "localhost", "--tls-certificate", str(certificate[0]), "--tls-key", str(certificate[1])]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        port = int(re.search(r"https://127.0.0.1:(\d+)/", process.stderr.readline())[1])
        trusted = ssl.create_default_context(cafile=certificate[0])
        with (
            socket.create_connection(("127.0.0.1", port)) as plain,
            trusted.wrap_socket(plain, server_hostname="localhost") as tls,
        ):
            tls.sendall(b"GET /login HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            answer = b"".join(iter(lambda: tls.recv(65536), b"")).decode()
        process.send_signal(signal.SIGTERM)
        process.stderr.read()
        assert process.wait(240) == 0
    assert answer.startswith("HTTP/1.1 200")
    assert "strict-transport-security" in answer


def test_nothing_is_drawn_or_dialled_before_the_agency_is_set_up(folder):
    assert state_of(folder) == UNREADY
    settings = folder / "agency.toml"
    settings.write_text("recording_notice_date = 2026-01-02\n" + settings.read_text("utf-8"), encoding="utf-8")
    assert state_of(folder) == UNREADY
    (folder / "programme.toml").write_text(NOTHING_DRAWN, encoding="utf-8")
    assert state_of(folder) == STOPPED
    (folder / "units.csv").write_text("unit,name,number\n", encoding="utf-8")
    assert state_of(folder) == UNREADY


def test_the_programme_runs_beside_the_pages_until_it_is_stopped(tmp_path):
    agency = make_folder(tmp_path / "agency")
    (agency.folder / "programme.toml").write_text(NOTHING_DRAWN, encoding="utf-8")
    told, begun = [], threading.Event()

    def line(text):
        told.append(text)
        begun.set()

    daemon = Daemon(agency.folder, line)
    daemon.start()
    assert begun.wait(240)
    assert (runs(agency.folder), state_of(agency.folder)) == (True, RUNNING)
    daemon.stop()
    assert not runs(agency.folder)


def answers(folder, *arguments, stdin=""):
    return run(["--agency", str(folder), "--lang", "en", "user", *arguments])


@pytest.fixture
def typed(monkeypatch):
    def type_in(text):
        monkeypatch.setattr(sys, "stdin", io.StringIO(text + "\n"))

    return type_in


def test_accounts_are_made_changed_and_removed(folder, typed, capsys):
    typed(PASSWORD)
    made = ["add", "wang", "--name", "王小明", "--role", "tester", "--unit", "u1", "--password-stdin"]
    assert answers(folder, *made) == 0
    assert answers(folder, "role", "wang", "convener", "reviewer") == 0
    capsys.readouterr()
    assert answers(folder, "list", "--json") == 0
    (person,) = json.loads(capsys.readouterr().out)["people"]
    assert (person["login"], person["roles"], person["unit"]) == ("wang", ["convener", "reviewer"], "u1")
    assert "password" not in person
    typed("另一句沒有人知道的話 77")
    assert answers(folder, "password", "wang", "--password-stdin") == 0
    assert answers(folder, "remove", "wang") == 0
    assert answers(folder, "list") == 0
    with open_store(folder / "thirdring.db") as store:
        done = [row["what"] for row in store.log.newest(limit=9)]
    assert done == ["person_removed", "person_password", "person_roles", "person_added"]


def test_a_password_that_nobody_types_is_drawn_shown_once_and_has_to_be_changed(folder, typed, capsys, monkeypatch):
    monkeypatch.setattr("click.termui.hidden_prompt_func", lambda prompt: "")
    assert answers(folder, "add", "wang", "--name", "王小明", "--role", "tester") == 0
    drawn = re.search(r"[2-9a-z]{5}(-[2-9a-z]{5}){2}", capsys.readouterr().out)[0]
    with open_store(folder / "thirdring.db") as store:
        row = store.people.of("wang")
    assert fits(row["password"], drawn)
    assert row["first_password_at"] is not None


def test_passwords_that_differ_are_asked_for_again(folder, monkeypatch):
    told = iter(["一句沒有人知道的話 77", "打錯了一個字的那一句", "一句沒有人知道的話 77"])
    monkeypatch.setattr("click.termui.hidden_prompt_func", lambda prompt: next(told))
    assert answers(folder, "add", "wang", "--name", "王小明", "--role", "tester") == 0
    with open_store(folder / "thirdring.db") as store:
        assert fits(store.people.of("wang")["password"], "一句沒有人知道的話 77")


def test_a_lost_second_factor_is_taken_away_at_the_terminal(folder, typed):
    typed(PASSWORD)
    assert answers(folder, "add", "wang", "--name", "王小明", "--role", "tester", "--password-stdin") == 0
    assert answers(folder, "reset-second-factor", "wang") == 2
    with open_store(folder / "thirdring.db") as store:
        store.second_factors.offer("wang", "00", clocks.now())
        store.second_factors.confirm("wang", "00", step=1, codes={"AB": "x"})
    assert answers(folder, "reset-second-factor", "wang") == 0
    with open_store(folder / "thirdring.db") as store:
        assert (store.people.of("wang")["factor_salt"], store.second_factors.codes_left("wang")) == (None, 0)
        assert store.log.newest(limit=1)[0]["what"] == "second_factor_reset"


@pytest.mark.parametrize(
    "arguments",
    [
        ["wang", "--name", "W", "--role", "tester", "--unit", "u9"],
        ["wang", "--name", "W", "--role", "unit"],
        ["w/ang", "--name", "W", "--role", "tester"],
        ["wang", "--name", "W"],
        ["wang", "--name", "W", "--role", "boss"],
    ],
    ids=["no such unit", "a unit without one", "a login that cannot be", "no role", "no such role"],
)
def test_an_account_that_cannot_be_is_not_made(arguments, folder, typed):
    typed(PASSWORD)
    assert answers(folder, "add", *arguments, "--password-stdin") == 2
    with open_store(folder / "thirdring.db") as store:
        assert store.people.all() == []


def test_an_account_is_made_once(folder, typed):
    for status in (0, 2):
        typed(PASSWORD)
        assert answers(folder, "add", "wang", "--name", "W", "--role", "tester", "--password-stdin") == status


def test_nobody_is_there_by_default(folder):
    with open_store(folder / "thirdring.db") as store:
        assert store.people.all() == []


def test_serve_reckons_ahead_by_itself_and_stops_that_at_its_end(folder, monkeypatch):
    from harness.web import serve as served

    said, ended = list[str](), threading.Event()

    class Bell:
        stopped = False

        def wait(self, seconds, *, due, calls):
            said.extend(one.name for one in threading.enumerate())
            self.stopped = ended.is_set()
            ended.set()

        def stop(self):
            self.stopped = True

    monkeypatch.setattr(served, "alarm", lambda: contextlib.nullcontext(Bell()))
    served.serve(folder, served.Reached(port=0), line=lambda text: None, run=False)
    assert "ahead" in said
    assert "ahead" not in [one.name for one in threading.enumerate()]
