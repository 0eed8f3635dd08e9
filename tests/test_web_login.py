"""Logging in: sessions that can be revoked, guessing that becomes slow, forms that only our own pages can send."""

import re
from datetime import timedelta

import pytest
from argon2 import extract_parameters
from web_pages import PASSWORD, REAL_HASHER, Running, login_of, serving, token_in

from harness.errors import WrongInput
from harness.store import open_store
from harness.web.common_passwords import FILE, HOW_MANY, WIDTH, make
from harness.web.pages.login import inside
from harness.web.passwords import fits, hashed
from harness.web.rights import Role
from harness.web.sessions import IDLE, LONGEST, MOST_OF_LOGIN, WINDOW
from harness.web.site import Site

pytest_plugins = ("web_fixtures",)


def test_who_is_not_logged_in_comes_back_to_the_page_asked_for(server: Running):
    nobody = server.client()
    asked = nobody.get("/calls?outcome=busy")
    assert (asked.status, asked.headers["location"]) == (303, "/login?next=/calls%3Foutcome%3Dbusy")
    sent = nobody.post("/login", {"login": "tester", "password": PASSWORD, "next": "/calls?outcome=busy"})
    assert (sent.status, sent.headers["location"]) == (303, "/calls?outcome=busy")


@pytest.mark.parametrize("path", ["//elsewhere", "/\\elsewhere", "https://elsewhere", "", "login", "/login", "/a\nb"])
def test_nobody_is_led_away_by_an_address(path):
    assert inside(path) == "/"


def test_the_cookie_is_of_no_use_to_scripts_or_to_other_sites(server: Running):
    answer = server.client().log_in("tester")
    said = answer.headers["set-cookie"].lower()
    assert all(word in said for word in ("httponly", "samesite=lax", "path=/"))


def test_a_wrong_password_and_no_account_look_alike(server: Running):
    wrong = server.client().log_in("tester", "not the password")
    nobody = server.client().log_in("nobody-of-that-name", "not the password")
    assert wrong.status == nobody.status == 401
    assert "帳號或密碼不對" in wrong.text
    assert "帳號或密碼不對" in nobody.text


def test_the_database_keeps_neither_passwords_nor_secrets(server: Running):
    client = server.client(Role.TESTER)
    (secret,) = client.cookies.values()
    kept = b"".join(path.read_bytes() for path in server.site.folder.glob("thirdring.db*"))
    assert secret.encode() not in kept
    assert PASSWORD.encode() not in kept
    assert b"$argon2id$" in kept


def test_logging_out_ends_the_session_for_every_copy_of_the_cookie(server: Running):
    client = server.client()
    client.log_in("tester")
    stolen = server.client()
    stolen.cookies = dict(client.cookies)
    assert stolen.get("/").status == 200
    assert client.post("/logout").status == 303
    assert stolen.get("/").status == 303


def test_other_sessions_can_be_revoked(server: Running):
    one, other = server.client(), server.client()
    one.log_in("reviewer")
    other.log_in("reviewer")
    (mark,) = re.findall(r'name="which" value="([^"]+)"', one.get("/me").text)
    for wrong in ({}, {"own_password": "x"}):
        assert one.post("/me/sessions/end", {"which": mark} | wrong).status == 422
        assert other.get("/").status == 200
    assert one.post("/me/sessions/end", {"which": mark, "own_password": PASSWORD}).status == 303
    assert (one.get("/").status, other.get("/").status) == (200, 303)


def test_nobody_ends_the_session_of_somebody_else(server: Running):
    one, other = server.client(Role.TESTER), server.client(Role.REVIEWER)
    assert server.client(Role.REVIEWER).get("/").status == 200
    (mark, *_) = re.findall(r'name="which" value="([^"]+)"', other.get("/me").text)
    assert one.post("/me/sessions/end", {"which": mark, "own_password": PASSWORD}).status == 303
    assert other.get("/").status == 200


def test_a_changed_role_or_a_removed_account_ends_the_sessions(alone: Running):
    client = alone.client()
    client.log_in("auditor")
    with open_store(alone.site.folder / "thirdring.db") as store:
        store.people.change("auditor", roles=["auditor"])
    assert client.get("/").status == 303


@pytest.mark.parametrize(("after", "status"), [(IDLE - timedelta(minutes=2), 200), (IDLE + timedelta(minutes=1), 303)])
def test_a_session_that_nobody_uses_runs_out(after, status, alone: Running, clock):
    client = alone.client()
    client.log_in("tester")
    clock.now += after
    assert client.get("/").status == status


def test_a_session_in_use_lasts_a_working_day_and_no_longer(alone: Running, clock):
    client = alone.client()
    client.log_in("tester")
    begun = clock.now
    while clock.now - begun < LONGEST:
        assert client.get("/").status == 200
        clock.now += timedelta(minutes=50)
    assert client.get("/").status == 303


def test_guessing_becomes_slow_and_waiting_helps(alone: Running, clock):
    client = alone.client()
    answers = [client.log_in("unit", f"guess number {n}").status for n in range(MOST_OF_LOGIN + 2)]
    assert answers == [401] * MOST_OF_LOGIN + [429, 429]
    refused = client.log_in("unit")  # the right one now; not even that is looked at
    assert refused.status == 429
    assert "分鐘後再試" in refused.text
    assert client.log_in("auditor").status == 303  # nobody else is kept out
    clock.now += WINDOW + timedelta(seconds=1)
    assert client.log_in("unit").status == 303


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": "none"},
        {"origin": "https://elsewhere.example"},
        {"origin": "null"},
        {},
    ],
    ids=lambda told: " ".join(told.values()) or "nothing",
)
def test_a_form_of_another_site_does_nothing(headers, server: Running):
    client = server.client(Role.CONVENER)
    body = f"csrf={client.csrf}&lang=en&years=western&theme=dark"
    told = {"Content-Type": "application/x-www-form-urlencoded"} | headers
    assert client.send("POST", "/me/preferences", body, told).status == 403
    assert '<html lang="zh-Hant-TW"' in client.get("/").text


@pytest.mark.parametrize("token", ["", "wrong"])
def test_a_form_without_its_sessions_token_does_nothing(token, server: Running):
    client = server.client(Role.CONVENER)
    assert client.post("/me/preferences", {"csrf": token, "lang": "en"}).status == 403
    other = server.client(Role.REVIEWER)
    assert client.post("/me/preferences", {"csrf": other.csrf, "lang": "en"}).status == 403
    assert '<html lang="zh-Hant-TW"' in client.get("/").text


def test_a_name_that_is_not_the_servers_is_not_answered(server: Running):
    refused = server.client().get("/login", host="evil.example")
    assert refused.status == 421
    assert "--name" in refused.text
    assert server.client().get("/login", host="localhost:1").status == 200


def test_every_answer_says_what_a_browser_may_do(server: Running):
    client = server.client(Role.TESTER)
    nonces = set()
    for path in ("/", "/calls", "/nothing", "/static/site.css"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        nonces.add(re.findall(r"'nonce-([^']+)'", policy)[0])
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert "no-store" in headers["cache-control"] or path.startswith("/static")
        assert "server" not in headers
    assert len(nonces) == 4


def test_no_page_has_a_script_or_a_style_inside_it(server: Running):
    client = server.client(Role.CONVENER)
    for path in ("/", "/calls", "/calls/c-open", "/me"):
        html = client.get(path).text
        assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=|javascript:", html) == []


def test_a_password_is_changed_by_who_knows_it_and_everybody_logs_in_anew(alone: Running):
    client = alone.client()
    client.log_in("outsidetester")
    new = "另一句沒有人知道的話 77"
    assert client.post("/me/password", {"now": "wrong", "new": new}).status == 422
    assert client.post("/me/password", {"now": PASSWORD, "new": "short"}).status == 422
    assert client.get("/me").status == 200
    assert client.post("/me/password", {"now": PASSWORD, "new": new}).status == 303
    assert client.get("/me").status == 303
    assert alone.client().log_in("outsidetester").status == 401
    assert alone.client().log_in("outsidetester", new).status == 303


@pytest.mark.parametrize(
    "password", ["", "short", "a" * 12, "x" * 129, "1234567890123", "qwertyuiopasdf", "wang-wang-wang", "password12345"]
)
def test_a_password_that_can_be_guessed_is_not_taken(password):
    with pytest.raises(WrongInput):
        hashed(password, login="wang", name="王小明")


@pytest.mark.parametrize(
    "password", ["1qaz2wsx3edc4rfv", "leavemealone", "LeaveMeAlone", "finalfantasy", "unbelievable"]
)
def test_a_password_that_guessers_try_first_is_not_taken(password):
    with pytest.raises(WrongInput) as refused:
        hashed(password, login="wang", name="王小明")
    assert refused.value.key == "people.password_common"


def test_the_list_of_common_passwords_holds_those_that_the_rules_would_let_pass_in_their_order():
    content = make(["short", "a" * 20, "unbelievable", "UNBELIEVABLE", *(f"number-{n:05d}-x" for n in range(HOW_MANY))])
    marks = [content[at : at + WIDTH] for at in range(0, len(content), WIDTH)]
    assert len(marks) == len(set(marks)) == HOW_MANY == FILE.stat().st_size // WIDTH >= 3000
    assert marks == sorted(marks)
    assert make(["unbelievable"]) in marks
    assert make([f"number-{HOW_MANY - 1:05d}-x"]) not in marks  # one too many


@pytest.mark.parametrize("password", ["一句只有我知道的話語真的", "correct horse battery staple", "Tr0ub4dor&3-x"])
def test_a_sentence_is_a_password(password):
    kept = hashed(password, login="wang", name="王小明")
    assert kept.startswith("$argon2id$")
    assert fits(kept, password)
    assert not fits(kept, password + " ")
    assert not fits(None, password)


def test_a_guess_costs_what_is_recommended():
    kept = REAL_HASHER.hash(PASSWORD)
    told = extract_parameters(kept)
    assert kept.startswith("$argon2id$")
    assert (told.memory_cost, told.time_cost) >= (64 * 1024, 3)  # RFC 9106 §4, the second recommended option


def test_language_years_and_light_are_kept(server: Running):
    client = server.client()
    client.log_in("administrator")
    assert client.post("/me/preferences", {"lang": "en", "years": "western", "theme": "dark"}).status == 303
    html = client.get("/").text
    assert '<html lang="en" data-theme="dark">' in html
    assert "2026-11-23" in html
    assert client.post("/me/preferences", {"lang": "zh", "years": "roc", "theme": "auto"}).status == 303
    html = client.get("/").text
    assert "115/11/23" in html
    assert "data-theme" not in html


def test_what_somebody_did_stands_in_the_log(server: Running):
    client = server.client()
    client.log_in("reviewer")
    client.log_in("reviewer", "wrong for the log")
    client.log_in("my own password, typed into the wrong field", "reviewer")
    with open_store(server.site.folder / "thirdring.db") as store:
        lines = [(row["what"], row["who"]) for row in store.log.newest(limit=5)]
    assert ("logged_in", "黃複評") in lines
    assert ("login_failed", "黃複評") in lines
    assert ("login_failed", "—") in lines
    kept = b"".join(path.read_bytes() for path in server.site.folder.glob("thirdring.db*"))
    assert b"typed into the wrong field" not in kept


def test_an_agency_without_accounts_says_how_to_make_one(tmp_path):
    from kept_calls import agency_with_units

    agency = agency_with_units(tmp_path / "new")
    with serving(Site(folder=agency.folder)) as running:
        assert "thirdring user add" in running.client().get("/login").text


def test_the_token_of_one_login_is_not_that_of_the_next(server: Running):
    tokens = set()
    for _ in range(3):
        client = server.client()
        client.log_in(login_of(Role.TESTER))
        tokens.add(token_in(client.get("/me").text))
    assert len(tokens) == 3
