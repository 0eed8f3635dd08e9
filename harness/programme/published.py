"""A month as anybody may verify it: a file whose SHA-256 is the hash that was published, and what it was drawn from.

`sha256sum` of the first file is enough to see that nobody changed the plan; drawing it again takes both. A third says
which tests were drawn anew or dropped, why, and when each was dialled. That one no published hash covers: it is the
agency's own word, whose days hang on the months beside it too, and which the agency's chain of evidence backs.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from harness.errors import Refused, WrongInput
from harness.programme.month import kept_plan, same_lots
from harness.programme.month_plan import MonthPlan, plan_from_dict
from harness.programme.seal import canonical
from harness.store import Store
from harness.store.connection import stamp
from harness.store.plans import CALLED_OFF, CLAIMED, REDRAWN
from harness.toml_file import read_text
from rubric.periods import days_of


@dataclass(frozen=True, kw_only=True)
class Published:
    """What a published file proves."""

    seal: str
    """Its SHA-256, to be compared with what was published when the month was drawn."""
    month: str
    """The month."""
    same_lots: bool | None
    """Whether its seed draws these tests; None: without the second file nobody can tell."""


def publish(month: str, folder: Path, store: Store, *, today: date) -> list[Path]:
    """Write a month's files: the plan, what it was drawn from, and what became of its times.

    Refused while the month is not over: its times are still secret.
    """
    plan, _ = kept_plan(month, store)
    last = days_of(month)[1]
    if today <= last:
        raise Refused("rules.still_sealed", month=month, last=last)
    folder.mkdir(parents=True, exist_ok=True)
    found = [folder / f"plan-{month}.json"]
    found[0].write_bytes(canonical(plan.to_dict()))
    inputs = store.plans.inputs(month)
    if inputs is not None:
        found.append(folder / f"plan-{month}-inputs.json")
        found[1].write_bytes(canonical(inputs))
    found.append(folder / f"plan-{month}-redrawn.json")
    found[-1].write_bytes(canonical(became(plan, store)))
    return found


def became(plan: MonthPlan, store: Store) -> dict[str, Any]:
    """What became of each test's time: the moments at which it was dialled, and every time that it was drawn anew.

    What somebody wrote as a reason is not in it: it may name a person.
    """
    tests: dict[str, dict[str, Any]] = {
        test.id: {"test": test.id, "at": stamp(test.at), "redrawn": [], "dialled": []} for test in plan.tests
    }
    for event in store.plans.events(plan.month):
        told = tests.get(event["test_id"])
        if told is not None and event["what"] == CLAIMED:
            told["dialled"].append(event["at"])
        elif told is not None and event["what"] in (REDRAWN, CALLED_OFF):
            new = {"noted": event["at"], "at": event["due_at"], "why": event["detail"].get("why")}
            told["redrawn"].append(new)
    return {"schema": "thirdring.month_redrawn/1", "month": plan.month, "tests": list(tests.values())}


def verify_file(file: Path) -> Published:
    """Verify a published month by its files alone. WrongInput where it is no such file."""
    text = read_text(file)
    data = _object(text, file)
    beside = file.with_name(f"{file.stem}-inputs.json")
    inputs = _object(read_text(beside), beside) if beside.is_file() else None
    try:
        plan = plan_from_dict(data)
        lots = None if inputs is None else same_lots(plan, inputs)
    except (KeyError, TypeError, ValueError):
        raise WrongInput("rules.no_plan_file", file=file.name) from None
    return Published(seal=hashlib.sha256(text.encode()).hexdigest(), month=plan.month, same_lots=lots)


def _object(text: str, file: Path) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        raise WrongInput("rules.no_plan_file", file=file.name)
    return data
