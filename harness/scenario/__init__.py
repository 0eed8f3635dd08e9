"""Who is called and what is done, as data: a scenario is a few steps that one can read aloud.

A scenario is a TOML file named by its situation. It is read, checked as a whole and refused before anything
is dialled when it asks for something impossible. All limits are data; each names the rule that it comes from.
"""

from harness.scenario.files import USUAL_SCENARIO, load_scenario, scenario_names, shipped_folder
from harness.scenario.graph import faults
from harness.scenario.model import Scenario, Title
from harness.scenario.steps import (
    EXTENSION,
    STEPS,
    Dial,
    FollowTransfer,
    HandOver,
    HangUp,
    HoldSilent,
    Listen,
    Press,
    Say,
    Step,
    WaitForAnswer,
)

__all__ = [
    "EXTENSION",
    "STEPS",
    "USUAL_SCENARIO",
    "Dial",
    "FollowTransfer",
    "HandOver",
    "HangUp",
    "HoldSilent",
    "Listen",
    "Press",
    "Say",
    "Scenario",
    "Step",
    "Title",
    "WaitForAnswer",
    "faults",
    "load_scenario",
    "scenario_names",
    "shipped_folder",
]
