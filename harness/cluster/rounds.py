"""The head's rounds: asks every probe what waits in its outbox, brings it home, and lets it go there."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from harness.agency import load_agency
from harness.cluster import tasks
from harness.cluster.flight import Flight
from harness.cluster.homecoming import bring_home, is_kept, keep_home, known_after_all
from harness.cluster.link import PROBE, Link
from harness.cluster.offers import Offer, Offers, Taken
from harness.cluster.outbox import Recorded, recorded_from_dict
from harness.errors import ThirdringError, WrongInput
from harness.words import say

ROUND_S = 5.0
MOST_TOLD = 200
"""Of what a probe says no more letters stand in a line, and no more attempts are told of: it may say anything."""


class Rounds:
    """Brings recordings home, in a thread of its own, one after the other."""

    def __init__(
        self, folder: Path, link: Link, offers: Offers, flights: Mapping[str, Flight], tell: Callable[[str], None]
    ) -> None:
        """`flights` are the attempts that somebody waits for; `tell` is told once what keeps one from coming home."""
        self._folder, self._link, self._offers, self._flights = folder, link, offers, flights
        self._one, self._wanted, self._stopped = threading.Lock(), threading.Event(), False
        self._thread = threading.Thread(target=self._serve, name="rounds", daemon=True)
        self._first: list[str] = []
        self._tell, self._told = tell, dict[str, str]()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, when what is being brought home is."""
        self._stopped = True
        self._wanted.set()
        self._thread.join(60)

    def look_at(self, address: str) -> None:
        """A call waits there."""
        self._first.append(address)
        self._wanted.set()

    def go(self) -> None:
        """Ask everybody once."""
        with self._one:
            first, self._first = self._first, []
            for address in dict.fromkeys([*first, *self._link.probes(PROBE)]):
                with suppress(ConnectionError):
                    waiting = self._link.run_there(address, tasks.waiting, wait_s=20)
                    for told in waiting if isinstance(waiting, list) else ():
                        self._try(address, told)

    def _serve(self) -> None:
        while not self._stopped:
            self._wanted.wait(ROUND_S)
            self._wanted.clear()
            self.go()

    def _try(self, address: str, told: Any) -> None:
        """Bring a call home; what goes wrong is tried again at the next round, and nothing is let go before."""
        try:
            recorded = recorded_from_dict(told)
            offer, taken = self._offers.of(recorded.attempt), self._offers.taken(recorded.attempt)
            if offer is None or taken is None or taken.run != recorded.run:
                return  # another agency's, or a call that nobody here gave leave for
            self._home(address, recorded, offer, taken)
        except Exception as error:  # one call that cannot be kept holds no other up
            why = str(error) if isinstance(error, ThirdringError) else f"{type(error).__name__}: {error}"[:MOST_TOLD]
            attempt = str(told.get("attempt") if isinstance(told, dict) else "?")[:MOST_TOLD]
            if self._told.get(attempt) != why and len(self._told) < MOST_TOLD:
                self._tell(say("cluster.not_home", attempt=attempt, why=why))
                self._told[attempt] = why

    def _home(self, address: str, recorded: Recorded, offer: Offer, taken: Taken) -> None:
        agency = load_agency(self._folder)
        flight = self._flights.get(offer.attempt)
        if not is_kept(offer.attempt, agency):

            def fetch(name: str, offset: int) -> bytes:
                piece = self._link.run_there(address, tasks.piece, recorded.attempt, name, offset)
                if not isinstance(piece, bytes):  # of a number Python would make as many bytes
                    raise WrongInput("cluster.changed", file=name)
                return piece

            record = bring_home(recorded, offer, agency, fetch, taken_at=datetime.fromisoformat(taken.at))
            test = keep_home(record, recorded, offer, agency, plan=flight.plan if flight else None)
            if flight is not None:
                flight.home = test
                flight.over.set()
        if flight is None and not known_after_all(offer, agency):
            return  # the programme is about to note that it is unknown
        self._link.run_there(address, tasks.forget, recorded.attempt)
