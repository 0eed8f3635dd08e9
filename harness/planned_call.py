"""A test call before it is placed, and after it was measured and scored."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dsp.tone_plan import TonePlan
from harness.directory import Unit
from harness.ending import Ending, ending_of
from harness.measure import Measured
from harness.number_gate.called_number import To
from harness.prompts.known import KnownPrompts
from harness.prompts.marks import Mark
from harness.record import CallRecord
from harness.said import Sounds
from harness.scenario import Scenario
from harness.timeline import Timeline
from rubric.answers import Answers
from rubric.schema import Form
from rubric.sheet import Sheet
from rubric.sheet import to_dict as sheet_to_dict

SCHEMA = "thirdring.test_call/1"
INTERNAL, EXTERNAL = "internal", "external"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A test call that could be placed: everything that it needs was read and found good."""

    unit: Unit
    """Who is called."""
    scenario: Scenario
    """What is done, the unit's extension in its place."""
    form: Form
    """The score sheet."""
    tones: TonePlan
    """The tones to listen for."""
    answers: Answers | None
    """What a tester answered beforehand; None: nothing yet."""
    said: dict[str, Any] | None
    """The same as it was handed in."""
    sounds: Sounds = field(default_factory=dict)
    """What is said in it."""
    marks: tuple[Mark, ...] = ()
    """The agency's marked prompts to listen for."""
    series: str = INTERNAL
    """Who tests: the agency itself (internal) or another one (external). The two are never averaged together."""

    @property
    def to(self) -> To:
        """Whose number is dialled."""
        return "switchboard" if self.scenario.dials == "switchboard" else "unit"


@dataclass(frozen=True, kw_only=True)
class TestCall:
    """A test call that was placed, measured and scored."""

    __test__ = False  # pytest: not a test class

    record: CallRecord
    """What happened."""
    timeline: Timeline
    """Signalled and heard, in order."""
    measured: Measured
    """Seconds and counts."""
    prompts: KnownPrompts
    """What the agency's marked prompts tell of it."""
    facts: dict[str, Any]
    """What the rubric was told."""
    sheet: Sheet
    """The score sheet."""
    recording: Path
    """The sound."""
    page: Path | None
    """The printable score sheet; None where none could be made."""

    @property
    def ending(self) -> Ending:
        """How it ended, and what that was drawn from."""
        return self.prompts.ended(ending_of(self.timeline, self.measured))

    @property
    def measurement(self) -> dict[str, Any]:
        """The measurement's JSON form, marks, ending and all."""
        return self.prompts.measurement(self.measured) | {"ending": self.ending.to_dict()}

    def to_dict(self) -> dict[str, Any]:
        """JSON form, with its schema."""
        return {
            "schema": SCHEMA,
            "call_id": self.record.call_id,
            "record": self.record.to_dict(),
            "timeline": [event.to_dict() for event in self.timeline.events],
            "measured": self.measurement,
            "facts": self.facts,
            "sheet": sheet_to_dict(self.sheet),
            "recording": str(self.recording),
            "page": None if self.page is None else str(self.page),
        }
