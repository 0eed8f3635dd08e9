"""Two assisted and four automated calls at once: no frame of ours comes later than a telephone waits for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from assisted_load import LATE_S, measure_load
from left_out import leave_out, told
from packets import Capture

pytestmark = [pytest.mark.slow, pytest.mark.realtime]
QUIET_S = 0.010
"""On a machine with a processor to spare a process that only sleeps wakes up no later than this."""


def test_six_calls_at_once_send_their_frames_in_time(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if not Capture.allowed():
        leave_out("CAP_NET_RAW", "sudo setcap cap_net_raw+ep python3", request.config)
    found = measure_load(8.0, tmp_path)
    assert found.outcomes == ("answered",) * 6
    assert found.streams == 8  # six agencies' and two testers' telephones
    assert found.frames > 0.9 * 8 * 8.0 / 0.020
    # Late or not, every one was sent; a machine that stood still may have captured not quite all.
    assert found.lost <= (found.frames // 100 if found.machine_worst_s > QUIET_S else 0), found
    # What leaves a sleeping process waiting leaves a telephone waiting too: so much is the machine's.
    assert found.p99_s <= LATE_S + found.machine_worst_s, found
    if found.machine_worst_s > QUIET_S:
        told(request.config)["frames"] = [
            f"機器太忙，六通同時的語音準時與否只看 99 %：晚到 {found.late}／{found.frames}。"
            f"A busy machine (a sleeper woke {found.machine_worst_s * 1000:.0f} ms late): {found.late} late frames "
            f"of {found.frames} with six calls at once were counted, p99 {found.p99_s * 1000:.1f} ms."
        ]
    else:
        assert found.late == 0, found
