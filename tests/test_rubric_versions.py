"""Forms over time: in force, frozen once used, scored again beside the first; tools for who writes one."""

from datetime import date
from typing import Any

import pytest
from rubric_cases import best, call, filled, keelung, leg

from rubric.errors import FormError
from rubric.form import form_text, load_form, read_form, shipped_ids
from rubric.formtools import advice, form_changes, form_schema, new_form
from rubric.schema import Form
from rubric.sheet import to_dict
from rubric.versions import check_frozen, differences, in_force, is_in_force

FORM = load_form("keelung-102")


def strict_form() -> Any:
    text = form_text("keelung-102").replace('version = "1"', 'version = "2"', 1)
    text = text.replace('value = "either"', 'value = "strictest"\napproval = "某字第 1 號"', 1)
    return read_form(text, file="keelung-102.toml")


def test_a_form_is_in_force_between_its_days() -> None:
    boft = load_form("boft")
    assert is_in_force(boft, date(2015, 1, 27))
    assert not is_in_force(boft, date(2015, 1, 28))
    assert not is_in_force(FORM, date(2013, 2, 5))
    forms = [load_form(one) for one in shipped_ids()]
    assert in_force(forms, date(2013, 2, 6))[0].id == "keelung-102"


RELEASED = {
    ("boft", "1"): "0170432b76be5e79",
    ("commerce", "1"): "076bd39985dda451",
    ("enforcement", "1"): "dbae37cb8b507d0e",
    ("keelung-102", "1"): "462e33dddedfdd74",
    ("taoyuan", "1"): "ee3cbafc043d7ba0",
}
"""A shipped form that says something else needs a new version: agencies have scored with this one."""


@pytest.mark.parametrize("form_id", shipped_ids())
def test_a_shipped_form_never_changes_under_its_version(form_id: str) -> None:
    form = load_form(form_id)
    assert form.digest.startswith(RELEASED[form.id, form.version])


def test_a_used_version_is_frozen() -> None:
    used = {("keelung-102", "1"): FORM.digest}
    check_frozen(FORM, used)
    check_frozen(strict_form(), used)
    changed = read_form(form_text("keelung-102").replace("base = 8", "base = 9"), file="x.toml")
    with pytest.raises(FormError) as caught:
        check_frozen(changed, used, file="forms/keelung-102.toml")
    assert "version" in str(caught.value)
    assert "forms/keelung-102.toml" in str(caught.value)


def test_the_digest_is_of_what_a_form_says_not_of_how_or_by_which_program() -> None:
    text = form_text("keelung-102")
    same = [
        text.replace("total = 100\n", "total = 100.0\n", 1),
        text.replace('points_source = "form"', 'points_source = "form"\nna_policy = "exclude"\nstatus = ""', 1),
        text.replace("# 附表3", "# 另一句註解", 1),
        text.replace("valid_from = 2013-02-06", "valid_from = 2013-02-06\nvalid_to = 2030-12-31", 1),
    ]
    assert {read_form(one, file="x.toml").digest for one in same} == {FORM.digest}
    other = text.replace("small_n = 5", "small_n = 6")
    assert read_form(other, file="x.toml").digest != FORM.digest


def test_a_form_is_read_again_from_what_was_kept_of_it() -> None:
    for form in (FORM, strict_form(), load_form("taoyuan")):
        again = Form.model_validate_json(form.model_dump_json(by_alias=True))
        assert (again, again.digest) == (form, form.digest)


def test_scored_again_by_a_newer_form_both_sheets_stay_and_the_difference_shows() -> None:
    facts = call(legs={"ivr": leg(1, 1.0), "operator": leg(1, 1.0), "unit": leg(4, 11.0)})
    before, after = to_dict(filled(FORM, facts, best())), to_dict(filled(strict_form(), facts, best()))
    told = {one.id: (one.before, one.after) for one in differences(before, after)}
    assert told == {"B1.1": (8, 7), "B": (53, 52), "total": (98, 97)}
    assert (before["form_version"], after["form_version"]) == ("1", "2")
    assert differences(before, before) == ()


def test_two_forms_are_compared_by_id() -> None:
    changes = {one.place: (one.before, one.after) for one in form_changes(FORM, strict_form())}
    assert changes["settings.latency_basis.value"] == ("either", "strictest")
    assert set(changes) == {"version", "settings.latency_basis.value", "settings.latency_basis.approval"}
    moved = read_form(form_text("keelung-102").replace("points = 1}, cap", "points = 2}, cap", 1), file="x.toml")
    assert [one.place for one in form_changes(FORM, moved)] == ["items.A2.1.options.1.latency.step.points"]


def test_a_new_form_is_a_copy_that_loads() -> None:
    text = new_form("own-114", title='本局 "電話" 量表\\', agency="本局")
    form = read_form(text, file="own-114.toml")
    assert (form.id, form.version, form.title) == ("own-114", "1", '本局 "電話" 量表\\')
    assert form.items == FORM.items
    assert "# 附表3" in text
    with pytest.raises(FormError):
        new_form("Own Form", title="x", agency="y")


def test_the_schema_knows_every_key_the_shipped_forms_use() -> None:
    schema = form_schema()
    assert schema["properties"]["schema"]["const"] == "thirdring.form/1"
    assert schema["required"] == ["schema", "id", "version", "title", "agency"]
    for name in ("Item", "Option", "Group", "Part", "Latency"):
        assert schema["$defs"][name]["additionalProperties"] is False
    assert "is worth" in schema["$defs"]["Item"]["properties"]["unanswered"]["description"]


def test_an_unknown_base_is_named() -> None:
    with pytest.raises(FormError) as caught:
        read_form('schema = "thirdring.form/1"\nextends = "bof"', file="x.toml")
    assert "boft" in str(caught.value)


def test_sheets_carry_the_version_they_were_scored_with() -> None:
    told = to_dict(keelung(call(), best()))
    assert (told["form_version"], told["form_digest"]) == ("1", FORM.digest)


def test_advice_is_given_without_refusing() -> None:
    assert advice(FORM) == ()
    copied = form_text("keelung-102").replace('letter = "either"', 'letter = "strictest"', 1)
    copied = copied.replace('value = "either"', 'value = "strictest"', 1)
    keys = [one.key for one in advice(read_form(copied, file="x.toml"))]
    assert keys == ["advice.same_version", "advice.letter"]
    assert [one.key for one in advice(load_form("enforcement"))] == ["advice.draft", "advice.no_dates"]
