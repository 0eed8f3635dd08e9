"""Something to show on every page, beside what `web_pages.furnish` has: for walks over all routes."""

from __future__ import annotations

from datetime import UTC, date, datetime

from kept_calls import keep_call
from rubric_cases import best, call
from web_pages import EXAMPLES, make_sound

from harness.agency import Agency
from harness.programme.month import draw_and_seal
from harness.second_opinion import object_to
from harness.store import open_store

OVER = "2026-09"
"""A month that is over, with its plan."""
PROGRAMME = f'rounds_per_month = 1\nunits_per_round = 2\n\n[[testers]]\nname = "{EXAMPLES["tester"]}"\nunit = "u1"\n'


def furnish_more(agency: Agency) -> None:
    """Words of the papers, a building, a tester with a telephone, a sound, two months, an objection, an improvement."""
    folder = agency.folder
    (folder / "papers.toml").write_text("public = true\n", encoding="utf-8")
    with (folder / "agency.toml").open("a", encoding="utf-8") as file:
        file.write(
            f'\n[[sites]]\nid = "{EXAMPLES["site"]}"\nname = "本部"\nswitchboard = "0227000000"\nline = "main"\n'
        )
        file.write(f'\n[[telephones]]\ntester = "{EXAMPLES["telephone"]}"\nnumber = "299"\n')
    (folder / "programme.toml").write_text(PROGRAMME, encoding="utf-8")
    make_sound(folder / "sounds" / EXAMPLES["sound"], seconds=2.0)
    bad = best() | {"B2.3": {"option": "4"}, "B3.甲": {"option": "4"}, "accuracy": {"asked": 2, "correct": 0}}
    made_at = datetime(2026, 10, 2, 8, tzinfo=UTC)
    keep_call(agency, "c-bad", call(), bad, unit="u1", day=date(2026, 10, 2), made_at=made_at)
    with open_store(agency.database) as store:
        draw_and_seal(agency, OVER, store, seed="s", now=datetime(2026, 8, 25, 1, tzinfo=UTC))
        draw_and_seal(agency, EXAMPLES["month"], store, seed="s", now=datetime(2026, 10, 25, 1, tzinfo=UTC))
        store.refused_tries.note("unit", "GET /calls/c-other/recording", who="一課代表", status=404, now=made_at)
        object_to("c-done", who="一課", reason="當時在接另一通", agency=agency, store=store)
