"""The seal of a drawn month: a hash published when it is drawn, so that afterwards anybody can see it was kept to.

The hash covers the whole plan with its seed, which nobody can guess: whoever sees the hash learns nothing of the
times. When the month is over the plan is shown, its hash is taken again, and the lots can be drawn again.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from typing import Any

from harness.programme.month_plan import MonthPlan


def new_seed() -> str:
    """A seed of 128 bits that nobody can guess."""
    return secrets.token_hex(16)


def canonical(data: dict[str, Any]) -> bytes:
    """One spelling of a JSON object, whoever writes it: keys sorted, no spaces, UTF-8."""
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def digest(data: dict[str, Any]) -> str:
    """SHA-256 of the canonical spelling, hexadecimal."""
    return hashlib.sha256(canonical(data)).hexdigest()


def seal_of(plan: MonthPlan) -> str:
    """The hash that is published when a plan is drawn."""
    return digest(plan.to_dict())
