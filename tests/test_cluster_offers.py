"""An offer is taken once or withdrawn once, whoever asks, however often, and from however many threads."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import clocks
from harness.cluster.address import Cluster, cluster_at
from harness.cluster.counter import CLOCK_S, Counter
from harness.cluster.link import Link
from harness.cluster.offers import Offer, Offers
from harness.errors import LedgerError, NotFound, Refused, WrongInput

AT = "2026-11-20T02:00:00+00:00"
OFFER = Offer(
    attempt="2026-12-1-a.1-1", call_id="c1", unit="a", number="0227000301", line="hq", scenario="extension-direct"
)


def take(offers: Offers, token: str, run: str) -> bool:
    return offers.take(OFFER.attempt, token, run=run, probe="p", at=AT)


def test_of_many_runs_at_once_one_may_dial(tmp_path: Path) -> None:
    offers = Offers(tmp_path)
    token = offers.make(OFFER)
    with ThreadPoolExecutor(8) as threads:
        said = list(threads.map(lambda n: take(offers, token, f"run{n}"), range(40)))
    assert sum(said) == 1
    taken = offers.taken(OFFER.attempt)
    assert taken is not None
    assert said[int(taken.run.removeprefix("run"))]


@given(st.lists(st.sampled_from(["take", "withdraw", "again", "stranger"]), min_size=1, max_size=8))
def test_who_comes_first_has_it_for_ever(asked: list[str]) -> None:
    with tempfile.TemporaryDirectory() as room:
        offers = Offers(Path(room))
        token, dialled, withdrawn = offers.make(OFFER), 0, False
        for n, one in enumerate(asked):
            if one == "withdraw":
                withdrawn = offers.withdraw(OFFER.attempt, at=AT) or withdrawn
            elif one == "again":
                with pytest.raises(LedgerError):
                    offers.make(OFFER)
            else:
                dialled += take(offers, token if one == "take" else "0" * 32, f"run{n}")
        assert dialled <= 1
        assert not (dialled and withdrawn)  # what was withdrawn was never dialled: that is certain
        assert offers.is_withdrawn(OFFER.attempt) is withdrawn
        first = next((one for one in asked if one in ("take", "withdraw")), None)
        assert (dialled, withdrawn) == (int(first == "take"), first == "withdraw")


def test_the_orders_of_an_earlier_head_can_not_be_taken(tmp_path: Path) -> None:
    token = Offers(tmp_path).make(OFFER)
    later = Offers(tmp_path)
    assert not take(later, token, "run")
    assert list(later.open()) == [OFFER.attempt]
    assert later.of(OFFER.attempt) == OFFER
    assert later.withdraw(OFFER.attempt, at=AT)
    assert list(later.open()) == []


def test_what_was_cut_off_inside_the_write_is_no_leave_and_not_withdrawn(tmp_path: Path) -> None:
    offers = Offers(tmp_path)
    token = offers.make(OFFER)
    (tmp_path / f"{OFFER.attempt}.taken").write_text("", encoding="utf-8")
    assert not take(offers, token, "run")
    assert not offers.withdraw(OFFER.attempt, at=AT)


def test_a_full_disk_is_no_leave(tmp_path: Path) -> None:
    offers = Offers(tmp_path / "ledger")
    (tmp_path / "ledger").mkdir()
    token = offers.make(OFFER)
    (tmp_path / "ledger" / f"{OFFER.attempt}.offer").unlink()
    (tmp_path / "ledger").rmdir()
    with pytest.raises(LedgerError):
        take(offers, token, "run")


def counter(offers: Offers, told: list[str]) -> Counter:
    return Counter(Link(Cluster(host="127.0.0.1", port=1)), offers, told.append)


def test_the_counter_says_yes_once_and_to_no_clock_that_is_off(tmp_path: Path) -> None:
    offers, told = Offers(tmp_path), list[str]()
    said: dict[str, Any] = {"attempt": OFFER.attempt, "token": offers.make(OFFER), "probe": "p"}
    at, asking = clocks.now(), counter(offers, told)
    late = (at - timedelta(seconds=CLOCK_S + 30)).isoformat()
    assert asking.answer(said | {"run": "r1", "at": late}) == "clock"
    assert asking.answer(said | {"run": "r1", "at": at.isoformat(), "token": "x"}) == "no"
    assert asking.answer(said | {"run": "r2", "at": at.isoformat()}) == "yes"
    assert asking.answer(said | {"run": "r2", "at": at.isoformat()}) == "no"
    assert told == [OFFER.attempt]


@given(
    st.dictionaries(st.sampled_from(["attempt", "token", "run", "probe", "at"]), st.none() | st.text() | st.integers())
)
def test_whatever_is_asked_of_the_counter_is_no_leave_without_the_token(said: dict[str, Any]) -> None:
    assert counter(Offers(Path("nowhere")), []).answer(said) != "yes"


def test_only_this_machine_is_spoken_to_without_tls(tmp_path: Path) -> None:
    assert cluster_at("dask://127.0.0.1:8786").address == "tcp://127.0.0.1:8786"
    assert cluster_at("dask://[::1]:8786").address == "tcp://[::1]:8786"
    for beyond in ("dask://10.0.0.5:8786", "dask://head:8786", "dask://[2001:db8::1]:8786", "dask://0.0.0.0:8786"):
        with pytest.raises(Refused, match="tls://"):
            cluster_at(beyond)
    with pytest.raises(Refused, match=r"tls://\[2001:db8::1\]:8786"):
        cluster_at("dask://[2001:db8::1]:8786")
    for wrong in (
        "10.0.0.5:8786",
        "tcp://127.0.0.1:1",
        "dask://127.0.0.1",
        "dask://:8786",
        "dask://h:x",
        "",
        "dask://a@b:1",
    ):
        with pytest.raises(WrongInput, match="dask://"):
            cluster_at(wrong)
    with pytest.raises(WrongInput, match=r"ca\.pem"):
        cluster_at("tls://10.0.0.5:8786")
    with pytest.raises(NotFound, match=r"ca\.pem"):
        cluster_at("tls://10.0.0.5:8786", tls=tmp_path)


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    for name in ("ca.pem", "cert.pem", "key.pem"):
        (tmp_path / name).write_text("x", encoding="utf-8")
    (tmp_path / "key.pem").chmod(0o640)
    with pytest.raises(WrongInput, match="640"):
        cluster_at("tls://10.0.0.5:8786", tls=tmp_path)
    (tmp_path / "key.pem").chmod(0o600)
    assert cluster_at("tls://10.0.0.5:8786", tls=tmp_path).address == "tls://10.0.0.5:8786"


def test_one_machine_alone_reads_no_dask() -> None:
    code = (
        "import sys, harness.cli.program, harness.programme.service, harness.rehearing, harness.telephones\n"
        "from pathlib import Path\n"
        "harness.programme.service._telephones(Path('.'), None, print)\n"
        "sys.exit(bool({'dask', 'distributed'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_an_offer_survives_its_file(tmp_path: Path) -> None:
    earlier = ({"ended_at": AT, "outcome": "busy", "leg": "unit"},)
    offers = Offers(tmp_path)
    offers.make(replace(OFFER, earlier=earlier))
    assert offers.of(OFFER.attempt) == replace(OFFER, earlier=earlier)
