"""Waiting for an attempt that is out: it is home, or certainly nobody dialled, or it is given up as unknown."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

from harness.cluster.carrying_out import NOT_DIALLED, RECORDED
from harness.cluster.flight import Flight
from harness.cluster.offers import Offers
from harness.cluster.rounds import Rounds
from harness.errors import AttemptUnknown
from harness.planned_call import TestCall

LOOK_S = 0.25


class Landing:
    """Goes by the offers, and by what tasks say as far as that can be gone by."""

    def __init__(self, offers: Offers, rounds: Rounds, withdraw: Callable[[str], bool]) -> None:
        self._offers, self._rounds, self._withdraw = offers, rounds, withdraw

    def landed(self, flight: Flight) -> TestCall | None:
        """The call, once it is home; None: nobody was dialled, for certain. Raises AttemptUnknown."""
        try:
            while not flight.over.wait(LOOK_S):
                self._hear_of(flight)
                taken = self._offers.taken(flight.offer.attempt)
                gone = flight.task is None or time.monotonic() >= flight.until_s or flight.not_dialled
                if taken is None and gone and self._withdraw(flight.offer.attempt):
                    return None
                if taken is not None and taken.run == flight.not_dialled_by:
                    return None
                if taken is not None and time.monotonic() >= flight.until_s:
                    raise AttemptUnknown("cluster.unknown", attempt=flight.offer.attempt, probe=taken.probe)
            return flight.home
        finally:
            if flight.task is not None:
                with suppress(Exception):  # of a scheduler that is gone
                    flight.task.cancel()

    def _hear_of(self, flight: Flight) -> None:
        """Go by what the task says, as far as it can be gone by: Dask may have begun it twice."""
        task, attempt = flight.task, flight.offer.attempt
        if task is None or not task.done():
            return
        flight.task = None
        if task.status != "finished":  # cancelled, lost, or killed with its worker: the offer tells what is certain
            return
        with suppress(Exception):
            said = task.result(timeout=10)
            taken = self._offers.taken(attempt)
            if said["came"] == RECORDED:
                self._rounds.look_at(said["address"])
            elif said["came"] == NOT_DIALLED and (taken is None or taken.run == said["run"]):
                flight.not_dialled, flight.not_dialled_by = f"{said['zh']}\n{said['en']}", str(said["run"])
            elif taken is not None and taken.run == said["run"]:  # it dialled, and has no record
                flight.until_s = time.monotonic()
