"""A new result of a kept call: answers, the sheet they made, its row for figures, its page and a line in the log."""

from __future__ import annotations

from typing import Any

from harness.agency import Agency
from harness.kept_call import write_page
from harness.kept_sheet import KeptSheet
from harness.scoring import frozen
from harness.store import Store


def add_result(
    kept: KeptSheet, said: dict[str, Any], sheet: dict[str, Any], *, who: str, agency: Agency, store: Store
) -> int:
    """Keep answers and the sheet they made, which counts from now on; give its number."""
    with store.writing():
        answers_id = store.add_answers(kept.call_id, said, who=who)
        version = store.add_sheet(
            kept.call_id,
            sheet,
            facts=kept.facts,
            answers_id=answers_id,
            form=frozen(kept.form),
            row=kept.row(sheet, agency),
        )
        store.log.write("answered", who=who, call_id=kept.call_id, detail={"sheet": version})
    write_page(kept.call, sheet, kept.form, agency)
    return version
