"""Calls by a cluster of real processes: whatever dies, nobody is dialled twice, nothing is lost, nothing is a zero."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cluster_rig import LIMIT_S, LONG, LONGEST_S, OTHER, SHORT, Rig, place, rig, until

from harness import clocks
from harness.cluster.head import Head
from harness.cluster.homecoming import BROUGHT_HOME
from harness.cluster.link import line_resource
from harness.errors import AttemptUnknown, EnvironmentFailed, Refused
from harness.evidence.verify import verify
from harness.ledger import UNKNOWN, claims
from harness.programme.month_plan import MonthPlan, PlannedTest
from harness.programme.seal import seal_of
from harness.recording import sha256
from harness.store import open_store
from harness.store.plans import DONE
from harness.test_call import plan_call

pytestmark = [pytest.mark.slow, pytest.mark.waits]
GIVEN_UP_S = 6.0
"""So long after its offer was taken a call counts as lost, where a test waits for that."""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with rig(tmp_path_factory.mktemp("cluster")) as found:
        found.probe("p1")
        found.probe("p2")
        found.joined("p1")
        found.joined("p2")
        yield found


def head_of(rig: Rig, *, given_up_s: float = 60.0) -> Head:
    return Head(rig.agency.folder, rig.cluster, margin_s=given_up_s - LONGEST_S)


def both_there(head: Head) -> None:
    until(lambda: len(head._link.probes(line_resource("l0"))) >= 2, "both probes are known")


def outcomes(rig: Rig) -> dict[str, str | None]:
    return {one.attempt_id: one.outcome for one in claims(rig.agency)}


def test_calls_at_once_on_two_machines_come_home_as_they_were_recorded(cluster: Rig) -> None:
    before = cluster.dialogs()
    with head_of(cluster) as head, ThreadPoolExecutor(3) as threads:
        both_there(head)
        going = [threads.submit(place, head, cluster, number, f"a{number}.1") for number in (SHORT, LONG, OTHER)]
        tests = [one.result(LIMIT_S) for one in going]
        until(lambda: not [*cluster.room.glob("p?/outbox/*.json")], "the probes let go of what is home")
    assert {test.measured.outcome for test in tests} == {"answered"}
    assert cluster.dialogs() - before == 3
    assert not [path for path in cluster.room.glob("p?/recordings/*/*")]  # no copy outlives the agency's rules
    with open_store(cluster.agency.database) as store:
        for test in tests:
            call = store.get_call(test.record.call_id)
            (said,) = (line["detail"] for line in store.log.of(test.record.call_id) if line["what"] == BROUGHT_HOME)
            assert call["recording_sha256"] == sha256(test.recording) == said["files"][test.recording.name]["sha256"]
            assert said["probe"] in ("p1", "p2")
        assert verify(cluster.agency.folder, store).findings == ()


def test_a_line_that_no_probe_has_is_not_dialled_and_not_claimed(cluster: Rig) -> None:
    (line,) = cluster.agency.settings.lines
    settings = cluster.agency.settings.model_copy(update={"lines": (line.model_copy(update={"id": "far"}),)})
    units = tuple(replace(unit, line="far") for unit in cluster.agency.units)
    elsewhere = replace(cluster.agency, settings=settings, units=units)
    with head_of(cluster) as head, pytest.raises(Refused, match="far"):
        head.place(plan_call(SHORT, elsewhere), elsewhere, call_id="b.1", test_id="b.1")
    assert "b.1-1" not in outcomes(cluster)


def test_a_probe_killed_in_its_call_leaves_it_unknown_and_dask_dials_nobody_again(cluster: Rig) -> None:
    before = cluster.dialogs()
    with head_of(cluster, given_up_s=GIVEN_UP_S) as head, ThreadPoolExecutor(1) as threads:
        both_there(head)
        going = threads.submit(place, head, cluster, LONG, "c.1")
        until(lambda: cluster.dialogs() == before + 1, "the call is up")
        taken = head._offers.taken("c.1-1")
        assert taken is not None
        other = {"p1": "p2", "p2": "p1"}[taken.probe]
        cluster.kill(taken.probe)
        # Dask begins the order again where there is another such line. That run must be told no.
        until((cluster.room / other / "ledger" / "c.1-1.outcome").exists, "Dask hands the order out again")
        with pytest.raises(AttemptUnknown):
            going.result(LIMIT_S)
    assert cluster.dialogs() == before + 1
    assert outcomes(cluster)["c.1-1"] == UNKNOWN
    second = json.loads((cluster.room / other / "ledger" / "c.1-1.outcome").read_text(encoding="utf-8"))
    assert second == {"outcome": "fault_ours"}
    cluster.probe(taken.probe)
    cluster.joined(taken.probe, 2)


def test_a_scheduler_killed_in_a_call_costs_nothing_and_its_recording_comes_home(cluster: Rig) -> None:
    before, joined = cluster.dialogs(), {name: cluster.said(name).count("has joined") for name in ("p1", "p2")}
    with head_of(cluster) as head, ThreadPoolExecutor(1) as threads:
        both_there(head)
        going = threads.submit(place, head, cluster, LONG, "d.1")
        until(lambda: cluster.dialogs() == before + 1, "the call is up")
        cluster.kill("scheduler")
        until(lambda: [*cluster.room.glob("p?/outbox/d.1-1.json")], "the call ends and waits at its probe")
        cluster.scheduler()
        for name, times in joined.items():
            cluster.joined(name, times + 1)
        assert going.result(LIMIT_S).measured.outcome == "answered"
    assert cluster.dialogs() == before + 1
    assert outcomes(cluster)["d.1-1"] == "answered"


def test_a_probe_whose_folder_says_otherwise_dials_nobody(cluster: Rig) -> None:
    before = cluster.dialogs()
    for name in ("p1", "p2"):
        units = cluster.room / name / "units.csv"
        units.write_text(units.read_text(encoding="utf-8").replace(SHORT, OTHER), encoding="utf-8")
    try:
        with head_of(cluster) as head:
            both_there(head)
            with pytest.raises(EnvironmentFailed) as why:
                place(head, cluster, SHORT, "e.1")
    finally:
        for name in ("p1", "p2"):
            (cluster.room / name / "units.csv").write_bytes((cluster.agency.folder / "units.csv").read_bytes())
    assert why.value.key == "cluster.not_dialled"
    assert cluster.dialogs() == before
    assert outcomes(cluster)["e.1-1"] == "fault_ours"


def test_the_programme_killed_in_a_call_learns_of_it_later_and_dials_it_no_more(cluster: Rig) -> None:
    before, now = cluster.dialogs(), clocks.now().astimezone(cluster.agency.zone)
    test = PlannedTest(at=now - timedelta(minutes=1), id=f"{now:%Y-%m}-1-u{LONG}", round=1, unit=f"u{LONG}")
    drawn = MonthPlan(month=f"{now:%Y-%m}", seed="x", drawn_at=now, inputs="", tests=(test,))
    with open_store(cluster.agency.database) as store:
        store.plans.add(drawn.month, seal=seal_of(drawn), plan=drawn.to_dict())
    first = run(cluster)
    until(lambda: cluster.dialogs() == before + 1, "the call is up")
    os.kill(first.pid, signal.SIGKILL)
    first.wait(LIMIT_S)
    second = run(cluster)
    try:
        until(lambda: state(cluster, test.id) == DONE, "the call is known")
    finally:
        second.send_signal(signal.SIGTERM)
        assert second.wait(LIMIT_S) == 0
    assert cluster.dialogs() == before + 1
    with open_store(cluster.agency.database) as store:
        assert store.plans.is_kept(f"{test.id}.1-1")


def test_an_archive_is_heard_by_the_probes_as_it_is_heard_here(cluster: Rig) -> None:
    with head_of(cluster) as head:
        both_there(head)
        place(head, cluster, SHORT, "g.1")
    cluster.probe("ear", "--ears", "1")
    cluster.joined("ear")
    at = ("--cluster", f"dask://127.0.0.1:{cluster.port}")
    there, here = (json.loads(command(cluster, "rehear", "--all", "--json", *more)) for more in (at, ()))
    assert there == here
    assert there["same"] >= 1


def command(cluster: Rig, *words: str) -> str:
    """`thirdring …` at the head; it must do what it was asked."""
    line = [sys.executable, "-m", "harness.cli", *words, "--agency", str(cluster.agency.folder)]
    return subprocess.run(line, check=True, capture_output=True, text=True).stdout


def run(cluster: Rig) -> subprocess.Popen[bytes]:
    """`thirdring run` at the head."""
    folder = str(cluster.agency.folder)
    at = ("--cluster", f"dask://127.0.0.1:{cluster.port}", "--agency", folder)
    with Path(folder, "run.log").open("ab") as log:
        return subprocess.Popen([sys.executable, "-m", "harness.cli", "run", *at], stdout=log, stderr=log)


def state(cluster: Rig, test_id: str) -> str | None:
    with open_store(cluster.agency.database) as store:
        return store.plans.state(test_id)
