"""A few calls at once against the embedded agency: the bench measures them right, and a soak sees its memory."""

from __future__ import annotations

import json

import pytest
from left_out import leave_out

from harness.bench.load.ring_buffer import packet_socket
from harness.bench.load.soak import soak, soak_line
from harness.cli.program import run

pytestmark = [pytest.mark.slow, pytest.mark.realtime]


def test_three_calls_at_once_hold_the_far_ends_truth(
    capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    try:
        packet_socket([(6, 0, 0, 0)]).close()
    except PermissionError:
        leave_out("CAP_NET_RAW", "sudo setcap cap_net_raw+ep python3", request.config)
    monkeypatch.setattr("harness.bench.load.sipp.shutil.which", lambda _: None)
    assert run(["bench", "calls", "--calls", "3", "--seconds", "3", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["schema"], told["calls"], told["wrong"]) == ("thirdring.bench/1", 3, 0)
    assert told["timing_error_ms"]["p50"] <= 20
    assert told["rss_mb"] > 30
    assert 0 < told["floor_cpu_percent_per_call"] < told["cpu_percent_per_call"]
    assert 0 <= told["late_frames"] <= 3 * 60 * 50


def test_a_soak_places_calls_one_after_another(monkeypatch: pytest.MonkeyPatch) -> None:
    found = soak(0.15, calls=2, sipp=[], least_s=1.0)
    assert found.placed >= 2
    assert found.wrong == 0
    assert found.rss_mb > 30
    assert "2" in soak_line(found)
