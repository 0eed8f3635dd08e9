"""What came of the situations, as a table that a person can read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from situations_judge import Verdict

SIGNALLED_P99_S = 0.005
"""The target: a signalled instant is so near to the packet in 99 of 100."""


def signal_p99_s(verdicts: Sequence[Verdict]) -> float:
    """The 99th percentile of the distance from a signalled instant to its message; 0 where nothing was signalled."""
    errors = np.abs([error for verdict in verdicts for error in verdict.signal_errors_s])
    return float(np.percentile(errors, 99)) if len(errors) else 0.0


def heard_exactly(verdicts: Sequence[Verdict]) -> tuple[int, int]:
    """Of the calls whose rings were heard: how many have the one true number, how many there are."""
    heard = [v for v in verdicts if v.heard and v.rings is not None]
    return sum(v.rings == (v.situation.rings,) * 2 for v in heard), len(heard)


def table(verdicts: Sequence[Verdict]) -> str:
    """One line for each kind of situation, then what is wrong, then the figures."""
    kinds: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        kinds[verdict.situation.kind.name].append(verdict)
    lines = [f"{'situation':58} calls wrong  measured  widest  rings"]
    lines += [_line(name, of_kind) for name, of_kind in kinds.items()]
    lines += ["", *(f"WRONG {v.situation}: {'; '.join(v.wrong)}" for v in verdicts if v.wrong)]
    exact, heard = heard_exactly(verdicts)
    errors = sum(len(v.signal_errors_s) for v in verdicts)
    lines += [
        "",
        f"{len(verdicts)} situations, {sum(bool(v.wrong) for v in verdicts)} wrong",
        f"heard rings: one number and the right one in {exact} of {heard}",
        f"signalled instants: {1000 * signal_p99_s(verdicts):.2f} ms (p99 of {errors}) from the message",
    ]
    return "\n".join(lines)


def _line(name: str, verdicts: list[Verdict]) -> str:
    measured = [v.latency_s for v in verdicts if v.latency_s is not None]
    widest = f"{max(i.width for i in measured):.3f}" if measured else ""
    rings = [v.rings for v in verdicts if v.rings is not None]
    exact = f"{sum(low == high for low, high in rings)}/{len(rings)}" if rings else ""
    wrong = sum(bool(v.wrong) for v in verdicts)
    return f"{name:58} {len(verdicts):5} {wrong or '':5} {len(measured) or '':9} {widest:>7} {exact:>6}"
