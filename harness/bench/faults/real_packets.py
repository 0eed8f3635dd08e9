"""What a network does to a call's sound, and a machine that others keep busy: real calls through our relay."""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from harness.bench.faults.agency import make_agency
from harness.bench.faults.real_calls import NUMBERS, look_at_real, pbx, placing, until_released
from harness.bench.faults.tally import Round
from harness.bench.relay import Fate
from harness.bench.relay_process import RelayProcess
from harness.telephones import Telephones

PACKET_S = 0.020
FIRST_S = 10.0
"""The far end's sound of a call is about so long."""
LIMIT_S = 180.0
BUSY_PROCESSES = 4
"""That do nothing but reckon, on however few cores there are."""


def stops(seed: int, n: int) -> Fate:
    """The sound stops for good at some packet."""
    last = random.Random(f"{seed} {n}").randrange(round(FIRST_S / PACKET_S))
    return lambda packet: (int(packet < last), 0.0)


def one_way(_: int, __: int) -> Fate:
    """No sound comes at all, though we are heard."""
    return lambda _: (0, 0.0)


def late(seed: int, n: int) -> Fate:
    """Every packet is late by up to 60 ms, one in a hundred by 300."""
    rng = random.Random(f"{seed} {n}")
    return lambda _: (1, 0.3 if rng.random() < 0.01 else rng.uniform(0, 0.06))


def doubled(seed: int, n: int) -> Fate:
    """Three packets in ten come twice."""
    rng = random.Random(f"{seed} {n}")
    return lambda _: (1 + (rng.random() < 0.3), 0.0)


def reordered(seed: int, n: int) -> Fate:
    """Three packets in ten come behind the two that follow them."""
    rng = random.Random(f"{seed} {n}")
    return lambda _: (1, 2.5 * PACKET_S if rng.random() < 0.3 else 0.0)


def lossy(seed: int, n: int) -> Fate:
    """One packet in five is lost."""
    rng = random.Random(f"{seed} {n}")
    return lambda _: (int(rng.random() >= 0.2), 0.0)


FATES = {one.__name__: one for one in (stops, one_way, late, doubled, reordered, lossy)}


def packets(name: str, seed: int) -> Round:
    """Four calls at once, whose far end's sound meets with one fate."""
    with tempfile.TemporaryDirectory() as at, ExitStack() as stack:
        folder = Path(at)
        far = stack.enter_context(pbx(folder))
        process = stack.enter_context(RelayProcess())
        opened = [process.open(far.addresses["main"], FATES[name], seed, n) for n in range(len(NUMBERS))]
        relays = [stack.enter_context(one) for one in opened]
        return _called(folder, dict(zip(NUMBERS, (one.address for one in relays), strict=True)))


def busy_machine(seed: int) -> Round:
    """Four calls at once while other programs ask for all the processors there are, and more."""
    with tempfile.TemporaryDirectory() as at, pbx(Path(at)) as far, _busy(seed):
        return _called(Path(at), dict.fromkeys(NUMBERS, far.addresses["main"]))


def _called(folder: Path, addresses: dict[str, str]) -> Round:
    agency = make_agency(folder / "agency", addresses, due=datetime.now(UTC) + timedelta(days=2))
    with Telephones(several=True) as telephones, ThreadPoolExecutor(len(NUMBERS)) as threads:
        for call in placing(agency, telephones, threads).values():
            call.result(LIMIT_S)
    until_released(folder)
    return look_at_real(agency, folder)


@contextmanager
def _busy(seed: int) -> Iterator[None]:
    """Other programs at work: each reckons, and rests now and then as the seed says."""
    command = [sys.executable, "-c", RECKON, str(seed)]
    others = [subprocess.Popen([*command, str(n)]) for n in range(BUSY_PROCESSES)]
    try:
        yield
    finally:
        for one in others:
            one.kill()
            one.wait()


RECKON = """
import random, sys, time
rng = random.Random(" ".join(sys.argv[1:]))
while True:
    end = time.monotonic() + rng.uniform(0.05, 2.0)
    while time.monotonic() < end:
        sum(range(10000))
    time.sleep(rng.uniform(0.0, 0.05))
"""
