"""What calls say: the agency's recordings listed, brought, heard, and chosen; never a path that somebody types."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from web_pages import Running, login_of, violations

import harness.web
from dsp.bursts.dtmf import dtmf
from harness.agency import Agency, load_agency
from harness.said import COURTESY
from harness.store import open_store
from harness.web.pages.changes import KINDS
from harness.web.rights import Role

pytest_plugins = ("web_fixtures",)
PATH = "/settings/sounds"
WEB = Path(harness.web.__file__).parent
TEMPLATES, STATIC = WEB / "templates", WEB / "static"


def sound(seconds: float = 2.0, *, kind: str = "WAV", rate: int = 44100) -> bytes:
    file, t = io.BytesIO(), np.arange(int(seconds * rate)) / rate
    soundfile.write(file, 0.2 * np.sin(2 * np.pi * 300 * t)[:, None] * [1.0, 0.5], rate, format=kind)
    return file.getvalue()


def keys(pressed: str, *, rate: int = 44100) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, dtmf(pressed, sr=rate), rate, format="WAV")
    return file.getvalue()


def test_a_recording_is_brought_heard_chosen_and_replaced_only_when_asked(server: Running, agency: Agency) -> None:
    admin = server.client(Role.ADMINISTRATOR)
    told = {"name": COURTESY, "courtesy": "1"}
    assert admin.upload(PATH, "我錄的.wav", sound(), told).status == 303
    settings = load_agency(agency.folder).settings
    assert settings.courtesy == "sounds/courtesy.wav"
    info = soundfile.info(agency.folder / settings.courtesy)
    assert (info.samplerate, info.channels, round(info.duration, 1)) == (16000, 1, 2.0)
    assert admin.get(f"{PATH}/courtesy.wav").headers["content-type"] == "audio/wav"
    assert "打電話時說這一段" in admin.get(PATH).text
    assert '<option value="sounds/courtesy.wav" selected>' in admin.get("/settings/agency").text
    again = admin.upload(PATH, "two.flac", sound(3, kind="FLAC"), {"name": COURTESY})
    assert (again.status, "已經有 courtesy.wav" in again.text) == (422, True)
    assert admin.upload(PATH, "two.flac", sound(3, kind="FLAC"), {"name": COURTESY, "replace": "1"}).status == 303
    assert round(soundfile.info(agency.folder / settings.courtesy).duration) == 3
    assert len(list((agency.folder / "sounds" / ".before").glob("courtesy-*.wav"))) == 1
    with open_store(agency.database) as store:
        (row, *_) = [one for one in store.log.named(*KINDS) if one["what"] == "sound_brought"]
    assert (row["who"], row["detail"]["file"], len(row["detail"]["sha256"])) == ("系統管理者", settings.courtesy, 64)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("../up", sound(1)),
        ("", sound(1)),
        ("long", sound(61, rate=8000)),
        ("none", b""),
        ("text", b"RIFF0000WAVEnothing"),
        ("page", b"<html><script>alert(1)</script>"),
        ("keys", keys("9")),
    ],
    ids=["a path", "no name", "too long", "empty", "half a file", "no sound", "tones of keys"],
)
def test_what_is_no_recording_is_refused_and_nothing_kept(
    name: str, content: bytes, server: Running, agency: Agency
) -> None:
    admin, before = server.client(Role.ADMINISTRATOR), sorted((agency.folder / "sounds").glob("*"))
    assert admin.upload(PATH, "a.wav", content, {"name": name, "replace": "1"}).status == 422
    assert sorted((agency.folder / "sounds").glob("*")) == before


def test_a_file_elsewhere_is_neither_chosen_nor_heard(server: Running, agency: Agency) -> None:
    admin = server.client(Role.ADMINISTRATOR)
    held = load_agency(agency.folder).settings
    told = {"name": held.name, "years": "roc", "language": "zh-TW", "timezone": "Asia/Taipei"}
    answer = admin.post("/settings/agency", told | {"courtesy": "recordings/c-open.flac"})
    assert (answer.status, "recordings/c-open.flac" in answer.text) == (422, True)
    assert load_agency(agency.folder).settings.courtesy == held.courtesy
    for path in ("..%2Fagency.toml", "agency.toml", "%2e%2e%2frecordings%2fc-open.flac"):
        assert admin.get(f"{PATH}/{path}").status == 404


def test_who_may_only_see_the_settings_brings_nothing(server: Running) -> None:
    auditor = server.client(Role.AUDITOR)
    assert auditor.get(PATH).status == 200
    assert auditor.upload(PATH, "a.wav", sound(1), {"name": "x"}).status == 403
    # A convener brings what scenarios say; what calls say of themselves is a setting of the administrator's.
    convener = server.client(Role.CONVENER)
    assert convener.upload(PATH, "a.wav", sound(1), {"name": "x", "courtesy": "1"}).status == 403
    assert convener.upload(PATH, "a.wav", sound(1), {"name": "x"}).status == 303


def test_what_a_recording_says_stands_beside_it(server: Running, agency: Agency) -> None:
    admin, says = server.client(Role.ADMINISTRATOR), "您好，這裡是<基隆市>政府，請回撥 02-24201122。"
    text = agency.folder / "sounds" / "spoken.txt"
    shown = "「您好，這裡是&lt;基隆市&gt;政府，請回撥 02-24201122。」"
    assert admin.upload(PATH, "a.wav", sound(1), {"name": "spoken", "text": says}).status == 303
    assert (text.read_text("utf-8").strip(), shown in admin.get(PATH).text) == (says, True)
    # The text says nothing about the sound that takes the place of this one: it goes with the old one.
    assert admin.upload(PATH, "b.wav", sound(2), {"name": "spoken", "replace": "1"}).status == 303
    assert (text.exists(), shown in admin.get(PATH).text) == (False, False)
    assert "還沒有寫下它說什麼" in admin.get(PATH).text
    assert len(list((agency.folder / "sounds" / ".before").glob("spoken-*.txt"))) == 1
    assert admin.post(f"{PATH}/spoken.wav/text", {"text": says}).status == 303
    assert shown in server.client(Role.AUDITOR).get(PATH).text
    assert admin.post(f"{PATH}/spoken.wav/text", {"text": "長" * 1001}).status == 422
    assert admin.upload(PATH, "c.wav", sound(1), {"name": "other", "text": "長" * 1001}).status == 422
    assert not (agency.folder / "sounds" / "other.wav").exists()
    assert text.read_text("utf-8").strip() == says
    with open_store(agency.database) as store:
        (row,) = [one for one in store.log.named(*KINDS) if one["what"] == "sound_text"]
    assert row["detail"] == {"file": "sounds/spoken.wav", "before": "", "text": says}


def test_every_template_with_a_sound_has_the_text_beside_it() -> None:
    """Found by looking for players, not listed: whoever adds one is asked for its text."""
    beside = r'{%\s*(?:with [^%]*%}{% )?include "(?:heard_text|sound_text)\.html" %}'
    without, players = [], 0
    for path in sorted(TEMPLATES.glob("*.html")):
        html = path.read_text("utf-8")
        found = len(re.findall(r"<(?:audio|video)\b", html))
        players += found
        without += [path.name] if found > len(re.findall(beside, html)) else []
    scripts = [path.name for path in STATIC.glob("*.js") if "new Audio(" in path.read_text("utf-8")]
    assert (without, scripts, players > 0) == ([], [], True)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page_is_for_everybody(lang: str, page_of: Any, server: Running, agency: Agency) -> None:
    with open_store(agency.database) as store:
        store.people.change(login_of(Role.ADMINISTRATOR), preferences={"lang": lang})
    Path(agency.folder / "sounds").mkdir(exist_ok=True)
    (agency.folder / "sounds" / "broken.wav").write_bytes(b"no sound")
    page = page_of(Role.ADMINISTRATOR, PATH, width=390)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
