"""The head of a cluster: gate, claim and offer here, the call on a probe, and the recording brought home.

An attempt is over in one of three ways. Its recording is home and verified; or it is certain that nobody dialled it,
because its offer was withdrawn, or because the very run that took it says so: that is a fault of our side; or the
probe that took it is not heard of until its call must be over, and then it is `unknown` and a person decides.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from harness import clocks
from harness.agency import Agency, load_agency
from harness.cluster import tasks
from harness.cluster.address import Cluster
from harness.cluster.counter import Counter
from harness.cluster.flight import Flight
from harness.cluster.homecoming import plain
from harness.cluster.landing import Landing
from harness.cluster.link import Link, line_resource
from harness.cluster.offers import Offer, Offers
from harness.cluster.order import Order, fingerprint
from harness.cluster.rounds import Rounds
from harness.errors import AttemptUnknown, EnvironmentFailed, LedgerError, Refused, ThirdringError
from harness.ledger import UNKNOWN, claim, one_at_a_time, settle
from harness.number_gate import Permit
from harness.planned_call import Plan, TestCall
from harness.redial import Attempt
from harness.test_call import VOID, dial_permit

OFFERED_S = 90.0
"""An offer that nobody took for so long is withdrawn; to open a line takes 15 s."""
MARGIN_S = 60.0
"""So much longer than the longest call its recording is waited for."""


class Head:
    """Places an agency's planned calls on the probes of a cluster, as `Telephones` does on this machine's lines."""

    def __init__(
        self,
        folder: Path,
        cluster: Cluster,
        *,
        offered_s: float = OFFERED_S,
        margin_s: float = MARGIN_S,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`tell` is told what keeps a recording from coming home."""
        self._agency = load_agency(folder)
        self._offered_s, self._margin_s = offered_s, margin_s
        self._offers, self._link = Offers(self._agency.ledger), Link(cluster)
        self._flights: dict[str, Flight] = {}
        self._counter = Counter(self._link, self._offers, self._taken)
        self._rounds = Rounds(self._agency.folder, self._link, self._offers, self._flights, tell)
        self._landing = Landing(self._offers, self._rounds, self._withdraw)

    def __enter__(self) -> Self:
        """Connect, and learn first what an earlier head did not: what was never dialled, and what probes still have."""
        self._link.__enter__()
        self._withdraw_open()
        self._rounds.go()
        self._counter.start()
        self._rounds.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._counter.stop()
        self._rounds.stop()
        self._link.__exit__(kind, error, trace)

    def place(
        self, plan: Plan, agency: Agency, *, call_id: str, test_id: str | None = None, earlier: tuple[Attempt, ...] = ()
    ) -> TestCall:
        """Have a planned call placed by a probe that has its line.

        Raises:
            Refused: the number gate says no, or no probe has the line now; nothing was claimed.
            AttemptUnknown: it was, or may have been, dialled, and its probe is not heard of.
            EnvironmentFailed: it is certain that nobody was dialled.
        """
        line = dial_permit(plan, agency, now=clocks.now()).line_id
        if not self._link.probes(line_resource(line)):
            raise Refused("cluster.no_probe", line=line)
        attempt = f"{test_id or call_id}-{len(earlier) + 1}"
        with one_at_a_time(agency):
            leave = dial_permit(plan, agency, now=clocks.now())
            claim(agency, attempt, permit=leave, call_id=call_id, series=plan.series)
        came = VOID
        try:
            flight, order = self._offered(plan, agency, leave, attempt, call_id, earlier)
            came = UNKNOWN
            test = self._handed_out(flight, order)
            came = test.measured.outcome if test else VOID
            return test or self._say_why(flight)
        finally:
            self._flights.pop(attempt, None)
            with suppress(LedgerError):  # who kept it has settled it
                settle(agency, attempt, came)

    # --- handing out --------------------------------------------------------------------------------

    def _offered(
        self, plan: Plan, agency: Agency, leave: Permit, attempt: str, call_id: str, earlier: tuple[Attempt, ...]
    ) -> tuple[Flight, Order]:
        offer = Offer(
            attempt=attempt,
            call_id=call_id,
            unit=plan.unit.unit,
            number=leave.number,
            line=leave.line_id,
            scenario=plan.scenario.name,
            series=plan.series,
            earlier=plain(earlier),
        )
        token, longest_s = self._offers.make(offer), agency.settings.caps.longest_call_s
        same = {name: value for name, value in vars(offer).items() if name != "earlier"}
        order = Order(
            token=token, ask=self._counter.queue, to=plan.to, plan=fingerprint(plan), longest_s=longest_s, **same
        )
        until_s = time.monotonic() + self._offered_s
        self._flights[attempt] = Flight(offer=offer, plan=plan, until_s=until_s, longest_s=longest_s)
        return self._flights[attempt], order

    def _handed_out(self, flight: Flight, order: Order) -> TestCall | None:
        """Hand an order out and wait for its call; whatever breaks here, what may have been dialled is unknown."""
        try:
            with suppress(OSError, ThirdringError):  # then nobody takes it
                flight.task = self._link.client().submit(
                    tasks.place,
                    order.to_dict(),
                    key=f"call-{order.attempt}-{order.token[:8]}",
                    resources={line_resource(order.line): 1},
                    retries=0,
                    pure=False,
                )
            return self._landing.landed(flight)
        except AttemptUnknown:
            raise
        except Exception as error:
            if self._withdraw(order.attempt):
                flight.not_dialled = f"{error}\n{error}"
                return None
            raise AttemptUnknown("cluster.unknown", attempt=order.attempt, probe="?") from error

    def _taken(self, attempt: str) -> None:
        """A probe dials: from now on until its call must be over it is waited for."""
        flight = self._flights.get(attempt)
        if flight is not None:
            flight.until_s = time.monotonic() + flight.longest_s + self._margin_s

    def _say_why(self, flight: Flight) -> TestCall:
        zh, _, en = flight.not_dialled.partition("\n")
        if zh:
            raise EnvironmentFailed("cluster.not_dialled", attempt=flight.offer.attempt, why={"zh": zh, "en": en})
        raise EnvironmentFailed("cluster.nobody_took", attempt=flight.offer.attempt, line=flight.offer.line)

    # --- offers -------------------------------------------------------------------------------------

    def _withdraw(self, attempt: str) -> bool:
        return self._offers.withdraw(attempt, at=clocks.now().isoformat())

    def _withdraw_open(self) -> None:
        """What an earlier head offered and nobody took was never dialled: void, and dialled later by the rules."""
        for attempt in list(self._offers.open()):
            if self._withdraw(attempt):
                with suppress(LedgerError):
                    settle(self._agency, attempt, VOID)
