"""What goes to a log: no secret, numbers but for their last three digits, one line of JSON a record."""

import json
import logging
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import logs
from harness.logs import JsonLines, hide, masked, masked_values, without_secrets

ROOT = Path(__file__).parent.parent


@given(st.from_regex(r"\A(?:0[2-9]|09|\+886)[0-9]{7,9}\Z"), st.text(" 撥號到,：()@;sip:", max_size=6))
def test_of_a_number_three_digits_stay(number, around):
    told = masked(f"{around.rstrip('+')} {number} {around}")
    assert number not in told
    assert number[-3:] in told
    assert sum(sign.isdigit() for sign in told) == 3


@pytest.mark.parametrize(
    "number", ["02-2700-0001", "0912 345 678", "+886 2 2700 0001", "sip:0227000001@pbx.example", "(0227000001)"]
)
def test_numbers_as_people_write_them_are_masked(number):
    assert len(re.findall(r"\d", masked(f"撥到 {number}。"))) == 3


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22T10:58:45.123+08:00",
        "2026-11-22 10:58",
        "20261122T105845Z-ab12cd",
        "192.0.2.1:5060",
        "分機 201",
        "115-12",
        "cad42bb67eefec7932049584326a33f283c38d92cb3512c1d16abd6660c26fec",
        "answered after 7.0–7.6 s",
    ],
)
def test_times_names_and_hashes_stay(text):
    assert masked(text) == text


SECRET = "Sup3rS3cret-of-ours"


@pytest.mark.parametrize(
    "text",
    [
        f"password={SECRET}",
        f'"password": "{SECRET}"',
        f"passwd: {SECRET}",
        f"Authorization: Bearer {SECRET}",
        f'Authorization: Digest username="u", response="{SECRET}"',
        f"token={SECRET}&x=1",
        f"https://hooks.example/services/{SECRET}",
        f"https://user:{SECRET}@hooks.example/x",
        f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{SECRET}",
        f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----",
    ],
)
def test_secrets_are_in_no_log(text):
    assert SECRET not in without_secrets(f"before {text} after")


def test_the_address_of_the_pages_stays():
    assert masked("http://127.0.0.1:8303/") == "http://127.0.0.1:8303/"


def test_a_secret_that_was_fetched_is_hidden_wherever_it_turns_up(monkeypatch):
    monkeypatch.setattr(logs, "_hidden", set())
    assert hide("correct horse") == "correct horse"
    assert masked_values({"a": ["so correct horse it is"], "n": 3}) == {"a": ["so … it is"], "n": 3}


def test_a_record_is_one_line_of_json_with_its_exception():
    try:
        raise ValueError(f"password={SECRET} of 0227000001\n第二行")
    except ValueError:
        told = sys.exc_info()
    record = logging.LogRecord("thirdring.web", logging.ERROR, __file__, 1, "撥 %s\n失敗", ("0227000001",), told)
    line = JsonLines().format(record)
    said = json.loads(line)
    assert "\n" not in line
    assert (said["schema"], said["level"], said["from"]) == ("thirdring.log/1", "error", "thirdring.web")
    assert "ValueError" in said["exception"]
    assert SECRET not in line
    assert "0227000001" not in line


PROGRAM = """
import logging, threading
from harness.cli.log import logging_as
from harness.programme.events import Event
from datetime import datetime, UTC
line, logged = logging_as("json")
line("開在 0227000001")
logged(Event(at=datetime.now(UTC), what="our_fault", test="t", unit="u", detail={"zh": "撥 0227000001"}), "壞了")
logging.getLogger("uvicorn.error").warning("token=abcdefgh12345678")
one = threading.Thread(target=lambda: 1 / 0)
one.start()
one.join()
raise RuntimeError("password=hunter2hunter2")
"""


def test_everything_a_process_says_is_lines_of_json():
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, timeout=120)
    said = [json.loads(line) for line in done.stderr.splitlines()]
    assert [one["level"] for one in said] == ["info", "warning", "warning", "critical", "critical"]
    assert said[1]["event"]["needs_person"]
    assert "ZeroDivisionError" in said[3]["exception"]
    assert not re.search(r"0227000001|abcdefgh|hunter2", done.stderr)


def test_a_bug_tells_where_it_is_and_no_secret(monkeypatch, capsys):
    from harness.cli import program

    def broken(*_, **__):
        raise RuntimeError(f"password={SECRET} for 0227000001")

    monkeypatch.setattr(program.thirdring, "main", broken)
    assert program.run(["list"]) == 3
    told = capsys.readouterr().err
    assert "RuntimeError" in told
    assert SECRET not in told
    assert "0227000001" not in told
