"""The agency of the pictures: invented units and people, five months of invented results, one call with real sound.

The call is `recordings/examples/ivr-operator-extension.flac`; its rings and pick-ups are those of its truth file.
"""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import soundfile

from harness.agency import Agency, load_agency
from harness.kept_sheet import figures_row
from harness.new_agency import make_agency
from harness.programme.month import draw_and_seal
from harness.record import CallRecord
from harness.recording import sha256
from harness.scoring import find_form, frozen, score_said
from harness.store import Store, open_store
from harness.web.passwords import hashed
from harness.web.rights import Role
from rubric.schema import Form
from rubric.sheet import to_dict

NOW = datetime(2026, 12, 7, 1, 30, tzinfo=UTC)
"""The pages' clock: a Monday morning in December."""
CALL = "20261204T023000Z-3f9c1"
EXAMPLE = Path(__file__).parents[2] / "recordings" / "examples" / "ivr-operator-extension"
PASSWORD = "a sentence for the pictures 42"
PEOPLE = {Role.TESTER: "陳怡君", Role.CONVENER: "林淑芬", Role.REVIEWER: "黃志明"}
UNITS = ("秘書室", "人事室", "主計室", "政風室", "資訊科", "報驗發證科", "檢驗科", "度量衡科", "法制科", "服務中心")
MONTHS = (7, 8, 9, 10, 11)
CALLS_A_UNIT = 3
BY_EAR = {
    "A1.2:option": "1",
    "A1.3:option": "1",
    "A1.4:option": "1",
    "A3.1:met": "yes",
    "A3.2:met": "yes",
    "A3.3:met": "yes",
    "A3.4:met": "yes",
    "heard:operator": "person",
    "heard:unit": "person",
}
"""What the tester of the picture has filled in so far."""


def show_agency(folder: Path, *, seed: int = 1) -> Agency:
    """Make it."""
    make_agency(folder)
    rows = "".join(f"u{n},{name},022700{200 + n:04d},{200 + n}\n" for n, name in enumerate(UNITS))
    (folder / "units.csv").write_text(f"unit,name,number,extension\n{rows}", encoding="utf-8")
    settings = folder / "agency.toml"
    settings.write_text(settings.read_text("utf-8").replace("範例機關", "某某分局", 1), encoding="utf-8")
    agency, form = load_agency(folder), find_form("keelung-102")
    with open_store(agency.database) as store, store.writing():
        store.forms.freeze(frozen(form))
        for moment, unit in _moments(random.Random(seed)):
            draw = random.Random(f"{seed} {moment} {unit}")
            _keep(f"c{moment:%Y%m%d%H%M}{unit}", unit, moment, _facts(draw), _answers(draw), form, agency, store)
        _keep_heard(form, agency, store)
        for role, name in PEOPLE.items():
            store.people.add(role.value, name=name, unit="", roles=[role.value], password=hashed(PASSWORD, login="x"))
        store.drafts.change(CALL, PEOPLE[Role.TESTER], lambda _: {key: [one] for key, one in BY_EAR.items()}, now=NOW)
    with open_store(agency.database) as store:
        draw_and_seal(agency, f"{NOW:%Y-%m}", store, seed="pictures", now=NOW - timedelta(days=10))
    return agency


def _moments(draw: random.Random) -> Iterator[tuple[datetime, str]]:
    """When each unit was called."""
    for month in MONTHS:
        for n in range(len(UNITS)):
            for _ in range(CALLS_A_UNIT):
                day = date(2026, month, draw.randint(1, 28))
                hour, minute = draw.randint(1, 8), draw.randrange(60)
                yield datetime.combine(day, time(hour, minute), tzinfo=UTC), f"u{n}"


def _keep(
    name: str,
    unit: str,
    moment: datetime,
    facts: dict[str, Any],
    answers: dict[str, Any] | None,
    form: Form,
    agency: Agency,
    store: Store,
    **columns: Any,
) -> None:
    row = {"call_id": name, "unit": unit, "number": "0227000200", "scenario": "ivr-operator-extension"}
    row |= {"started_at": moment.isoformat(), "outcome": "answered", "series": "internal", **columns}
    sheet = to_dict(score_said(form, facts, answers, on=moment.date()))
    store.add_call(row, record=_record(row) if columns else {})
    said = None if answers is None else store.add_answers(name, answers, who=PEOPLE[Role.TESTER], now=moment)
    small = figures_row(sheet, row, agency)
    store.add_sheet(name, sheet, facts=facts, answers_id=said, form=frozen(form), row=small, now=moment)


def _keep_heard(form: Form, agency: Agency, store: Store) -> None:
    """The call with its sound, of last Friday; nobody has signed its sheet yet."""
    path = agency.recordings / f"{CALL}.flac"
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(EXAMPLE.with_suffix(".flac"), path)
    columns = {"recording_path": f"recordings/{path.name}", "recording_sha256": sha256(path), "rings": 2}
    moment = datetime(2026, 12, 4, 2, 30, tzinfo=UTC)
    _keep(CALL, "u8", moment, _true_facts(), None, form, agency, store, **columns)


def _record(row: dict[str, Any]) -> dict[str, Any]:
    """A record without signalling: what is heard is the sound's alone."""
    told = {key: row[key] for key in ("call_id", "unit", "number", "scenario", "started_at")}
    clock: dict[str, Any] = {"zero_s": 0.0, "zero_error_s": 0.0, "sample_rate_hz": 8000, "wall_s": None}
    seconds = float(soundfile.info(EXAMPLE.with_suffix(".flac")).duration)
    files = {"recording": row["recording_path"]}
    return CallRecord(
        **told, **clock, duration_s=seconds, signals=(), acts=(), legs=("ivr", "operator", "unit"), files=files
    ).to_dict()


def _true_facts() -> dict[str, Any]:
    """FACTS of the call, from what the far end really did."""
    told = json.loads(EXAMPLE.with_suffix(".truth.json").read_text("utf-8"))["happened"]
    legs: dict[str, Any] = {}
    for name in ("ivr", "operator", "unit"):
        at = {one["what"]: one["at_s"] for one in told if one["leg"] == name}
        onset, picked = at.get("ring_onset", at.get("alerting")), at["pick_up"]
        seconds = picked - onset
        legs[name] = {"outcome": "answered", "attempts": 1, "forwarded": False, "rings": int(seconds // 3) + 1}
        legs[name] |= {"ring_onset_s": onset, "pick_up_s": {"earliest": picked - 0.1, "latest": picked + 0.1}}
        legs[name] |= {"answer_latency_s": {"earliest": seconds - 0.1, "latest": seconds + 0.1}}
        legs[name] |= {} if name == "ivr" else {"provisional": True}
    known = {"has_ivr": True, "transferred": True, "unit_busy": False, "caller_hung_up_first": True, "waited_s": 6.0}
    return {**known, "answerer_role": None, "legs": legs}


def _facts(draw: random.Random) -> dict[str, Any]:
    def leg() -> dict[str, Any]:
        rings = min(draw.choice((1, 2, 2, 3, 3, 4, 6, 8)), 9)
        return {"outcome": "answered", "rings": rings, "answer_latency_s": 3.0 * rings - 1}

    known = {"has_ivr": True, "transferred": True, "answerer_role": "owner", "caller_hung_up_first": True}
    return {**known, "waited_s": 6.0, "legs": {name: leg() for name in ("ivr", "operator", "unit")}}


def _answers(draw: random.Random) -> dict[str, Any]:
    checks = {f"A3.{n}": draw.random() < 0.95 for n in (1, 2, 3, 4, 6)}
    options = {key: str(draw.choice((1, 1, 1, 2))) for key in ("A1.2", "A1.3", "A1.4", "A3.5", "A3.8")}
    ticks = {name: draw.random() < 0.9 for name in ("unit", "name", "greeting")}
    return {
        **checks,
        **options,
        "B2.1": ticks,
        "B2.2": {"courteous_ending": draw.random() < 0.9},
        "B2.3": {"option": "1", "points": draw.randint(8, 10)},
        "B3.甲": {"option": "1", "points": draw.randint(12, 15)},
        "accuracy": {"asked": 2, "correct": draw.choice((1, 2, 2, 2))},
        "header": {"answerer_surname": draw.choice("陳林黃張李王吳劉蔡楊")},
    }
