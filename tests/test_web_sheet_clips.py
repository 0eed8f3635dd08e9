"""What the sheet of every shipped form offers to hear: a clip for each item, and the leg that it is of, by name."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sheet_calls import SECONDS, TRACED, facts, keep_sheet_call
from web_pages import NOW, serving

from harness.agency import load_agency
from harness.web.rights import Role
from harness.web.sheet_clips import RECORDING, Clip, clip_of, hold_clips, is_of_holds, leg_clips
from harness.web.site import Site
from harness.words import say
from rubric.form import load_form, shipped_ids
from rubric.schema import Form

pytest_plugins = ("web_fixtures",)
FORMS = [load_form(one) for one in shipped_ids()]
ITEMS = [pytest.param(form, item, id=f"{form.id} {item.id}") for form in FORMS for item in form.items]
LEGS = facts()["legs"]
CLIPS = leg_clips(LEGS, SECONDS)
CALLS = [("unit",), ("operator", "unit"), ("ivr", "operator", "unit"), ("ivr", "operator"), ("ivr",), ()]


@pytest.fixture(scope="module", params=FORMS, ids=lambda form: form.id)
def page(request, furnished: Path, tmp_path_factory) -> Iterator[tuple[Form, str]]:
    """A form with the page of its sheet, of a call of all three legs."""
    folder = tmp_path_factory.mktemp("clips") / "agency"
    shutil.copytree(furnished, folder)
    settings = folder / "agency.toml"
    settings.write_text(settings.read_text("utf-8").replace('"keelung-102"', f'"{request.param.id}"'), encoding="utf-8")
    keep_sheet_call(load_agency(folder), "c-page", told=facts(**TRACED))
    with serving(Site(folder=folder, clock=lambda: NOW)) as running:
        yield request.param, running.client(Role.TESTER).get("/calls/c-page/sheet").text


def buttons(html: str) -> list[str]:
    """What every button to hear a clip says."""
    return re.findall(r'class="hear[^>]*>(?:▶ )?([^<]+)<', html)


def form_of(form_id: str) -> Form:
    return next(one for one in FORMS if one.id == form_id)


def heard(form_id: str, item: str, *legs: str) -> Clip | None:
    """The clip of an item in a call of these legs; of all three where none is named."""
    form = form_of(form_id)
    clips = leg_clips({name: LEGS[name] for name in legs}, SECONDS) if legs else CLIPS
    return clip_of(form.item(item), form, clips, SECONDS)


@pytest.mark.parametrize(("form", "item"), ITEMS)
def test_every_item_of_every_form_offers_a_clip_of_its_leg(form, item):
    leg = form.group(item.group).leg
    for names in CALLS:
        clips = leg_clips({name: LEGS[name] for name in names}, SECONDS)
        clip = clip_of(item, form, clips, SECONDS)
        if leg is not None and leg not in names:
            assert clip is None
            continue
        assert clip is not None
        assert 0 <= clip.start_s < clip.end_s <= SECONDS
        assert clip.leg == leg or leg is None


@pytest.mark.parametrize(
    ("form", "item"),
    [("boft", f"X{n}") for n in (1, 2, 3, 4)]
    + [(form, f"X{n}") for form in ("enforcement", "taoyuan") for n in (1, 2)],
)
def test_a_transfer_of_no_leg_is_heard_where_it_was_made_and_else_in_the_talk(form, item):
    assert heard(form, item) == CLIPS["operator"]["transfer"]
    talk = heard(form, item, "unit")
    assert talk is not None
    assert (talk.kind, talk.leg) == ("whole", "unit")
    assert heard(form, item, "ivr") == Clip(kind="whole", leg=RECORDING, start_s=0.0, end_s=SECONDS)
    no_sound = form_of(form)
    assert clip_of(no_sound.item(item), no_sound, {}) is None


AT_THE_START = {
    "boft": {"P1", "P2"},
    "commerce": set(),
    "enforcement": {"G1", "G2", "G3"},
    "keelung-102": {"A3.1", "A3.2", "B2.1"},
    "taoyuan": {"G1", "G2", "G3"},
}
"""Items about unit, name and greeting; the caller's name, and courtesy throughout, are none of them."""


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.id)
def test_unit_name_and_greeting_are_heard_on_a_loop_after_the_pick_up(form):
    clips = {item.id: clip_of(item, form, CLIPS, SECONDS) for item in form.items}
    assert {name for name, clip in clips.items() if clip and clip.kind == "start"} == AT_THE_START[form.id]
    assert {name for name, clip in clips.items() if clip and clip.loop} == AT_THE_START[form.id]


def test_another_persons_name_and_courtesy_are_heard_in_the_whole_talk():
    for form, item in (("enforcement", "N1"), ("taoyuan", "N1"), ("boft", "P3")):
        assert heard(form, item) == CLIPS["unit"]["whole"]


def test_every_leg_is_called_by_a_name_on_every_page(page):
    form, html = page
    said = buttons(html)
    for name in LEGS:
        leg = form.legs.get(name)
        assert any(one.startswith(leg.text if leg else say(f"leg.{name}", "zh")) for one in said)
    seen = re.sub(r"<(script|style).*?</\1>|<[^>]*>", " ", html, flags=re.DOTALL)
    assert re.findall(r"\b(?:ivr|operator|unit)\b", seen) == []


ABOUT_HOLDS = {form.id: {"H1", "H2"} if form.id in ("enforcement", "taoyuan") else set() for form in FORMS}


@pytest.mark.parametrize(("at_s", "leg"), [(5.0, RECORDING), (12.0, "ivr"), (40.0, "operator"), (64.0, "unit")])
def test_a_hold_is_of_the_leg_in_which_it_lies(at_s, leg):
    traces = [f"heard:music@{at_s:.3f}-{at_s + 4:.3f}"]
    assert hold_clips(traces, CLIPS) == [Clip(kind="hold", leg=leg, start_s=at_s - 3, end_s=at_s + 7)]


def test_an_item_about_holding_has_the_hold_beside_its_talk_on_every_page(page):
    form, html = page
    assert {item.id for item in form.items if is_of_holds(item)} == ABOUT_HOLDS[form.id]
    parts = re.findall(r'<fieldset class="item"[^>]* data-item="([^"]+)"(.*?)</fieldset>', html, re.DOTALL)
    said = {name: buttons(part) for name, part in parts}
    held = "業務單位：保留"
    assert {name for name, own in said.items() if held in own} == ABOUT_HOLDS[form.id]
    assert all(said[name] == ["業務單位：整段", held] for name in ABOUT_HOLDS[form.id])


def test_every_item_on_every_page_has_its_clip(page):
    form, html = page
    parts = re.findall(r'<fieldset class="item"[^>]* data-item="([^"]+)"(.*?)</fieldset>', html, re.DOTALL)
    assert {item.id for item in form.items} <= {name for name, _ in parts}
    assert [name for name, part in parts if not buttons(part)] == []
