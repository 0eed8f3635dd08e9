"""A wrong form names file, place, key and what is allowed: a folder of wrong files, one fault each."""

from pathlib import Path

import pytest

from rubric.errors import FormError
from rubric.form import load_form, read_form, shipped_ids

FOLDER = Path(__file__).parent / "bad_forms"
FILES = sorted(FOLDER.glob("*.toml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_one_fault_is_named_with_its_place(file: Path) -> None:
    place, key, allowed = file.read_text("utf-8").splitlines()[0].removeprefix("# expect: ").split(" | ")
    with pytest.raises(FormError) as caught:
        load_form(file)
    told = str(caught.value)
    assert len(caught.value.problems) == 1, told
    for part in (file.name, place, key, allowed):
        assert part in told
    assert file.name in caught.value.en
    assert caught.value.key.startswith("form.")


def test_every_fault_of_a_file_is_listed_at_once() -> None:
    text = (FOLDER / "unknown-key-in-item.toml").read_text("utf-8").replace('type = "single"', 'type = "x"')
    with pytest.raises(FormError) as caught:
        read_form(text, file="two.toml")
    assert {one.values["wrong"] for one in caught.value.problems} == {"unanswred", "type"}


def test_an_unknown_form_is_answered_with_the_nearest_one() -> None:
    with pytest.raises(FormError) as caught:
        load_form("keelung-103")
    assert "keelung-102" in str(caught.value)


@pytest.mark.parametrize("form_id", shipped_ids())
def test_every_shipped_form_loads(form_id: str) -> None:
    assert load_form(form_id).id == form_id
