"""An attempt that is out on a probe: what was offered, how long it is waited for, and what came of it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from distributed import Future

from harness.cluster.offers import Offer
from harness.planned_call import Plan, TestCall


@dataclass
class Flight:
    """An attempt that is out."""

    offer: Offer
    """What was offered."""
    plan: Plan
    """Its plan."""
    until_s: float
    """When it is given up, on the monotonic clock."""
    longest_s: float
    """How long its call may take."""
    task: Future[Any] | None = None
    """The task that carries the order; None: it could not be handed out."""
    not_dialled: str = ""
    """What kept a run from dialling, in both languages."""
    not_dialled_by: str = ""
    """The run that says so: it speaks for no other."""
    home: TestCall | None = None
    """The call, once it is kept."""
    over: threading.Event = field(default_factory=threading.Event)
    """Set when it is home."""
