"""The second factor: set up by its owner, asked at the log-in, each code once; and first passwords that do not last."""

import html
import re
from datetime import timedelta

import pyotp
import pytest
from web_pages import NOW, PASSWORD, Running, add_person, login_of, token_in, violations

from harness.agency_writer import change_agency
from harness.errors import EnvironmentFailed, WrongInput
from harness.store import open_store
from harness.web.accounts import add_person as add_account
from harness.web.accounts import reset_second_factor, set_password
from harness.web.owed import Owed
from harness.web.recovery_codes import HOW_MANY, is_recovery_code, new_codes
from harness.web.rights import Role
from harness.web.second_factor import KEY_FILE, STEP_S, new_salt, secret_of, step_of
from harness.web.sessions import CODE_WITHIN, FIRST_PASSWORD_LASTS, MOST_CODES, WINDOW

pytest_plugins = ("web_fixtures",)
STEP = timedelta(seconds=STEP_S)


def newcomer(running, login, roles=(Role.TESTER,)):
    """An account of this test alone."""
    with open_store(running.site.folder / "thirdring.db") as store:
        add_person(store, login, name=f"測試 {login}", roles=list(roles))
    return login


def set_up(client, clock):
    """Set the second factor up as its owner would: the secret and the recovery codes that were shown."""
    shown = client.post("/me/second-factor/begin", {"own_password": PASSWORD} | now_of(client, clock))
    secret = re.search(r'<dd class="hash"><code>([A-Z2-7 ]+)</code>', shown.text)[1].replace(" ", "")
    done = client.post("/me/second-factor/confirm", {"code": pyotp.TOTP(secret).at(clock.now)})
    codes = re.findall(r"<li><code>([0-9A-Z-]+)</code>", done.text)
    assert len(codes) == HOW_MANY
    client.secret = secret
    return secret, codes


def now_of(client, clock):
    """The present code, where there is one already."""
    secret = getattr(client, "secret", "")
    return {"code": pyotp.TOTP(secret).at(clock.now)} if secret else {}


def half_way(running, login):
    """Who has given the password."""
    client = running.client()
    answer = client.post("/login", {"login": login, "password": PASSWORD, "next": "/calls"})
    assert (answer.status, answer.headers["location"]) == (303, "/login/code?next=%2Fcalls&lang=zh")
    return client


def log_in(running, login, code):
    """Log in by both; the client, or None."""
    client = half_way(running, login)
    answer = client.post("/login/code", {"code": code, "next": "/calls"})
    if answer.status != 303:
        assert "驗證碼不對" in answer.text
        return None
    client.csrf = token_in(client.get("/me").text)
    return client


@pytest.mark.parametrize(
    ("at", "code"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (20000000000, "353130")],
)
def test_codes_are_those_of_the_standard(at, code):
    # RFC 6238, Appendix B, whose codes have eight digits: the last six.
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    assert step_of(secret, code, NOW.fromtimestamp(at, NOW.tzinfo)) == at // STEP_S


def test_a_telephone_may_be_half_a_minute_off_and_no_more():
    secret = pyotp.random_base32()
    totp, begin = pyotp.TOTP(secret), NOW.replace(second=0)
    taken = [n for n in range(-4, 5) if step_of(secret, totp.at(begin + n * STEP), begin) is not None]
    assert taken == [-1, 0, 1]


def test_the_password_alone_opens_nothing_any_more(alone: Running, clock):
    login = newcomer(alone, "both")
    owner = alone.client()
    owner.log_in(login)
    secret, _ = set_up(owner, clock)
    clock.now += STEP
    client = half_way(alone, login)
    for path in ("/", "/calls", "/me", "/me/second-factor", "/calls/c-open/recording"):
        assert client.get(path).headers["location"].startswith("/login")
    assert client.get("/login/code").status == 200
    assert log_in(alone, login, "000000") is None
    assert log_in(alone, login, pyotp.TOTP(secret).at(clock.now)).get("/calls").status == 200
    assert "驗證碼不對" in alone.client(Role.ADMINISTRATOR).get("/settings/log").text


def test_the_secret_of_the_session_is_new_after_the_code(alone: Running, clock):
    login = newcomer(alone, "renewed")
    owner = alone.client()
    owner.log_in(login)
    secret, _ = set_up(owner, clock)
    clock.now += STEP
    client = half_way(alone, login)
    before = dict(client.cookies)
    assert client.post("/login/code", {"code": pyotp.TOTP(secret).at(clock.now), "next": "/"}).status == 303
    stolen = alone.client()
    stolen.cookies = before
    assert client.get("/").status == 200
    assert stolen.get("/").status == 303
    assert stolen.get("/login/code").headers["location"] == "/login"


def test_a_code_is_good_once_and_the_one_before_it_no_more(alone: Running, clock):
    login = newcomer(alone, "once")
    owner = alone.client()
    owner.log_in(login)
    secret, _ = set_up(owner, clock)
    assert log_in(alone, login, pyotp.TOTP(secret).at(clock.now)) is None  # it confirmed the setting up
    before, now = pyotp.TOTP(secret).at(clock.now), pyotp.TOTP(secret).at(clock.now + STEP)
    assert log_in(alone, login, now) is not None
    assert log_in(alone, login, now) is None
    assert log_in(alone, login, before) is None


def test_a_recovery_code_is_good_once_however_it_is_typed(alone: Running, clock):
    login = newcomer(alone, "lost")
    owner = alone.client()
    owner.log_in(login)
    _, codes = set_up(owner, clock)
    typed = codes[0].lower().replace("-", " ").replace("0", "o").replace("1", "l")
    client = log_in(alone, login, typed)
    assert f"還有 {HOW_MANY - 1} 組備用碼" in client.get("/me").text
    assert log_in(alone, login, codes[0]) is None
    assert log_in(alone, login, codes[1]) is not None
    made = client.post("/me/second-factor/codes", {"own_password": PASSWORD, "code": codes[2]})
    assert f"{codes[3][:2]}-" not in made.text or codes[3] not in made.text
    assert log_in(alone, login, codes[3]) is None


def test_neither_secret_nor_codes_are_in_the_database_or_the_log(alone: Running, clock):
    login = newcomer(alone, "sealed")
    owner = alone.client()
    owner.log_in(login)
    secret, codes = set_up(owner, clock)
    kept = b"".join(path.read_bytes() for path in alone.site.folder.glob("thirdring.db*"))
    key = (alone.site.folder / KEY_FILE).read_text().strip()
    for hidden in (secret, key, *codes, *(code[3:].replace("-", "") for code in codes)):
        assert hidden.encode() not in kept
    assert (alone.site.folder / KEY_FILE).stat().st_mode & 0o077 == 0


def test_codes_that_are_guessed_run_out_though_the_password_is_right(alone: Running, clock):
    login = newcomer(alone, "guessed")
    owner = alone.client()
    owner.log_in(login)
    secret, codes = set_up(owner, clock)
    clock.now += STEP
    for _ in range(MOST_CODES):
        assert log_in(alone, login, "000000") is None  # each with the right password before it
    right = {"code": pyotp.TOTP(secret).at(clock.now), "next": "/"}
    assert half_way(alone, login).post("/login/code", right).status == 429
    assert half_way(alone, login).post("/login/code", {"code": codes[0]}).status == 429
    clock.now += WINDOW + STEP
    assert log_in(alone, login, pyotp.TOTP(secret).at(clock.now)) is not None


def test_who_waits_too_long_with_the_code_begins_anew(alone: Running, clock):
    login = newcomer(alone, "slow")
    owner = alone.client()
    owner.log_in(login)
    secret, _ = set_up(owner, clock)
    client = half_way(alone, login)
    clock.now += CODE_WITHIN + STEP
    answer = client.post("/login/code", {"code": pyotp.TOTP(secret).at(clock.now)})
    assert (answer.status, answer.headers["location"]) == (303, "/login")


def test_nothing_is_set_up_without_the_password_and_a_code_that_fits(alone: Running, clock):
    login = newcomer(alone, "careful")
    client = alone.client()
    client.log_in(login)
    assert client.post("/me/second-factor/begin", {"own_password": "not it"}).status == 422
    assert client.post("/me/second-factor/confirm", {"code": "000000"}).status == 409
    shown = client.post("/me/second-factor/begin", {"own_password": PASSWORD})
    assert client.post("/me/second-factor/confirm", {"code": "000000"}).status == 422
    secret = re.search(r'<dd class="hash"><code>([A-Z2-7 ]+)</code>', shown.text)[1].replace(" ", "")
    assert secret not in client.get("/me/second-factor").text.replace(" ", "")
    assert alone.client().log_in(login).headers["location"] == "/"
    assert client.post("/me/second-factor/confirm", {"code": pyotp.TOTP(secret).at(clock.now)}).status == 200


def test_it_is_moved_and_given_up_by_who_has_a_code_only(alone: Running, clock):
    login = newcomer(alone, "moving")
    client = alone.client()
    client.log_in(login)
    first, _ = set_up(client, clock)
    for path in ("begin", "codes", "remove"):
        told = {"own_password": PASSWORD, "code": "000000"}
        assert client.post(f"/me/second-factor/{path}", told).status == 422
    clock.now += STEP
    second, codes = set_up(client, clock)
    assert second != first
    clock.now += STEP
    assert log_in(alone, login, pyotp.TOTP(first).at(clock.now)) is None
    assert client.post("/me/second-factor/remove", {"own_password": PASSWORD, "code": codes[0]}).status == 303
    assert alone.client().log_in(login).headers["location"] == "/"


def test_an_administrator_takes_a_lost_one_away_but_not_the_own_one(alone: Running, clock):
    login = newcomer(alone, "forgetful")
    owner = alone.client()
    owner.log_in(login)
    set_up(owner, clock)
    admin = alone.client(Role.ADMINISTRATOR)
    path = f"/settings/people/{login}/second-factor"
    assert admin.post(path, {"own_password": "x"}).status == 422
    assert admin.post(path, {"own_password": PASSWORD}).status == 303
    assert owner.get("/").status == 303
    assert alone.client().log_in(login).headers["location"] == "/"
    own = f"/settings/people/{login_of(Role.ADMINISTRATOR)}/second-factor"
    assert admin.post(own, {"own_password": PASSWORD}).status == 422
    with open_store(alone.site.folder / "thirdring.db") as store:
        (row, *_) = store.log.named("second_factor_reset")
        assert (row["who"], row["detail"]["login"]) == ("系統管理者", login)
        with pytest.raises(WrongInput):
            reset_second_factor(store, login, who="x")


def test_a_lost_key_is_said_and_not_made_anew_under_those_who_hang_on_it(alone: Running, clock, tmp_path):
    login = newcomer(alone, "keyless")
    owner = alone.client()
    owner.log_in(login)
    secret, codes = set_up(owner, clock)
    key = alone.site.folder / KEY_FILE
    kept = key.read_text()
    key.unlink()
    clock.now += STEP
    try:
        answer = half_way(alone, login).post("/login/code", {"code": pyotp.TOTP(secret).at(clock.now)})
        assert (answer.status, KEY_FILE in answer.text) == (503, True)
        with open_store(alone.site.folder / "thirdring.db") as store, pytest.raises(EnvironmentFailed):
            secret_of(alone.site.folder, login, new_salt(), store)
        assert log_in(alone, login, codes[0]) is not None
    finally:
        key.write_text(kept)
    clock.now += STEP
    assert log_in(alone, login, pyotp.TOTP(secret).at(clock.now)) is not None


@pytest.mark.parametrize(
    ("setting", "secure", "asked"),
    [(None, False, False), (None, True, True), ("offered", True, False), ("required", False, True)],
)
def test_the_agency_wants_one_of_who_may_hear(setting, secure, asked, alone: Running, clock):
    alone.site.secure = secure
    with open_store(alone.site.folder / "thirdring.db") as store:
        change_agency(alone.site.folder, {("second_factor",): setting}, store=store, who="x", now=NOW)
    login = newcomer(alone, f"asked-{setting}-{secure}".lower())
    client = alone.client()
    assert client.post("/login", {"login": login, "password": PASSWORD, "next": "/"}).status == 303
    try:
        for path in ("/", "/calls", "/calls/c-open", "/calls/c-open/recording"):
            answer = client.get(path)
            assert (answer.headers.get("location") == Owed.SECOND_FACTOR) is asked
        if asked:
            client.csrf = token_in(client.get("/me/second-factor").text)
            _, codes = set_up(client, clock)
            assert client.get("/calls").status == 200
            answer = client.post("/me/second-factor/remove", {"own_password": PASSWORD, "code": codes[0]})
            assert answer.status == 409
    finally:
        alone.site.secure = False
        with open_store(alone.site.folder / "thirdring.db") as store:
            change_agency(alone.site.folder, {("second_factor",): None}, store=store, who="x", now=NOW)


def test_a_first_password_opens_nothing_until_it_is_changed(alone: Running, agency, clock):
    own, first = "一句自己才知道的話 77", "管理者替人設的第一句話 9"
    with open_store(agency.database) as store:
        told = {"name": "新來的", "unit": "", "who": "x", "now": NOW}
        add_account(store, agency, "new", roles=[Role.TESTER], password=first, **told)
    client = alone.client()
    assert client.post("/login", {"login": "new", "password": first, "next": "/calls"}).status == 303
    for path in ("/", "/calls", "/me", "/me/second-factor", "/calls/c-open/recording"):
        assert client.get(path).headers["location"] == Owed.PASSWORD
    page = client.get("/me/first-password")
    client.csrf = token_in(page.text)
    assert client.post("/me/language", {"lang": "en"}).status == 303
    assert "A password of your own" in client.get("/me/first-password").text
    assert client.post("/me/password", {"now": first, "new": first}).status == 422
    assert client.post("/me/password", {"now": first, "new": own}).headers["location"] == "/login"
    assert client.log_in("new", own).headers["location"] == "/"
    assert client.get("/calls").status == 200
    assert client.get("/me/first-password").headers["location"] == "/me"


def test_a_first_password_runs_out(alone: Running, agency, clock):
    first = "管理者替人設的第一句話 9"
    with open_store(agency.database) as store:
        told = {"name": "很久沒來", "unit": "", "who": "x", "now": NOW}
        add_account(store, agency, "never", roles=[Role.TESTER], password=first, **told)
    clock.now += FIRST_PASSWORD_LASTS + timedelta(minutes=1)
    answer = alone.client().log_in("never", first)
    assert (answer.status, "兩週以前" in answer.text) == (401, True)
    with open_store(agency.database) as store:
        set_password(store, "never", password=first, who="x", now=clock.now)
    assert alone.client().log_in("never", first).status == 303


def test_recovery_codes_are_no_codes_of_an_authenticator_and_the_other_way_round():
    codes, kept = new_codes()
    assert len({code[:2] for code in codes}) == len(kept) == HOW_MANY
    assert all(is_recovery_code(code) for code in codes)
    assert not any(is_recovery_code(code) for code in ("123456", "123 456", "", "x" * 40))


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_page_of_it_is_for_everybody(page_of, server: Running, lang):
    login = newcomer(server, f"seen-{lang}")
    with open_store(server.site.folder / "thirdring.db") as store:
        store.people.change(login, preferences={"lang": lang})
    page = page_of(None, f"/login?lang={lang}")
    page.wait_for_selector("input:focus")  # what is typed before it is nobody's
    page.keyboard.type(login)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(server.url + "/")
    page.goto(server.url + "/me/second-factor")
    assert violations(page) == []
    page.locator('[name="own_password"]').focus()
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector(".qr svg")
    assert violations(page) == []
    secret = page.locator("dd.hash code").inner_text().replace(" ", "")
    told = page.locator("section.card a").get_attribute("href")  # whoever is on the telephone cannot scan its screen
    assert (told.partition("?")[0].startswith("otpauth://totp/"), f"secret={secret}" in told) == (True, True)
    box = page.locator(".qr svg").bounding_box()
    assert box["width"] > 150
    assert html.escape("TOTP") in page.content()
    page.locator('[name="code"]').focus()
    page.keyboard.type(pyotp.TOTP(secret).at(NOW))
    page.keyboard.press("Enter")
    page.wait_for_selector("ul.codes")
    assert violations(page) == []
    code = page.locator("ul.codes code").first.inner_text()
    page.goto(server.url + "/me/second-factor")
    assert violations(page) == []
    page.context.clear_cookies()
    page.goto(server.url + f"/login?lang={lang}")
    page.wait_for_selector("input:focus")
    page.keyboard.type(login)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/login/code*")
    assert violations(page) == []
    page.wait_for_selector("input:focus")
    page.keyboard.type(code)
    page.keyboard.press("Enter")
    page.wait_for_url(server.url + "/")
