"""The one endpoint of a process: its dialogs, and the door to pjsua2 for everything else."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pjsua2 as pj

from harness.softphone.call_events import Notify, Trace, Traced
from harness.softphone.errors import DigitsNotSent, SoftphoneError
from harness.softphone.follow import Leads
from harness.softphone.leg import Leg
from harness.softphone.line import Line
from harness.softphone.message import Message
from harness.softphone.pjsip.accounts import Accounts
from harness.softphone.pjsip.bridge import ConferenceBridge, connect, disconnect
from harness.softphone.pjsip.callbacks import DIGIT_METHODS, Endpoint, Writer
from harness.softphone.pjsip.configuration import (
    choose_codecs,
    endpoint_config,
)
from harness.softphone.pjsip.counters import described_of, statistics_of
from harness.softphone.pjsip.legs import Legs
from harness.softphone.pjsip.mapped import mapped
from harness.softphone.rtp_watch import Statistics


class SipEndpoint(Legs):
    """The one pjsua2 endpoint of this process, polled from its main thread."""

    def __init__(
        self,
        line: Line,
        *,
        silence_wav: Path,
        notify: Notify,
        trace: Trace = lambda *_: None,
        traced: Traced = lambda *_: None,
        incoming: Callable[[str, Message], None] | None = None,
        dropped: Callable[[str], None] = lambda _: None,
    ) -> None:
        super().__init__(notify, trace, traced, incoming, dropped)
        self.line = line
        with mapped("start the SIP stack"):
            self._start(silence_wav)

    # --- life ---------------------------------------------------------------------------------------

    def _start(self, silence_wav: Path) -> None:
        self._endpoint = Endpoint(self.line)
        self._endpoint.libCreate()
        self._writer = Writer(self)
        self._endpoint.libInit(endpoint_config(self.line, self._writer))
        takes_calls = self._on_incoming is not None
        self._accounts = Accounts(self, self._endpoint, self.line, takes_calls=takes_calls)
        if self.line.transport == "udp":
            self.stamp_by_kernel(self.port)
        self._endpoint.libStart()
        self._endpoint.audDevManager().setNullDev()
        choose_codecs(self._endpoint, self.line)
        self._bridge = ConferenceBridge(self._endpoint, silence_wav, sample_rate_hz=self.line.sample_rate_hz)
        self.account = self._accounts.open()

    @property
    def port(self) -> int:
        """The local port of signalling that was bound."""
        return self._accounts.port

    def poll(self, timeout_s: float) -> None:
        """Handle what has come; afterwards drop the calls that are over and go where they were led."""
        started = time.monotonic()
        with self.working():
            if self._endpoint.libHandleEvents(int(timeout_s * 1000)) <= 0:
                self.nothing_came(started)
            self._refuse_waiting()
            self._drop_finished()
            self._bridge.free()
            self._go_on()

    # --- what we do ---------------------------------------------------------------------------------

    def legs_up(self) -> tuple[str, ...]:
        """Names of the legs that still hold a slot."""
        return tuple(self._legs)

    def record(self, leg_id: str, *, far: Path, near: Path, tick: Callable[[], None]) -> tuple[float, float]:
        """Start both recordings of a new leg; returns earliest and latest instant of their sample 0."""
        leg = Leg(leg_id)
        with mapped("record"):
            started = self._bridge.record(leg, far=far, near=near, tick=tick)
        self._legs[leg_id] = leg
        return started

    def dial(
        self,
        leg_id: str,
        uri: str,
        *,
        headers: dict[str, str],
        leads: Leads | None = None,
        caller_id: str = "",
        line: Line | None = None,
    ) -> None:
        """Send the INVITE of a leg that is being recorded; `leads`: where it may be led, nowhere by default.

        `line` is another than the process's own; it is called on without being registered.
        """
        leg = self._legs[leg_id]
        leg.headers, leg.leads, leg.caller_id = headers, leads or Leads(), caller_id
        with mapped(f"open line {line.id if line else ''}"):
            leg.account, leg.line = self._accounts.of(line), line
        with self.working():
            self._drop_finished()
            self._invite(leg, uri)

    def ask(self, uri: str) -> None:
        """Send OPTIONS (RFC 3261 §11), which rings nobody; what comes back goes to the trace."""
        request = pj.SendRequestParam()
        request.method, request.txOption.targetUri = "OPTIONS", uri
        with mapped(f"ask {uri}"):
            self.account.sendRequest(request)

    def ask_leg(self, leg_id: str) -> None:
        """Send OPTIONS in a leg's dialog (RFC 3261 §11.2): whatever is answered, somebody is there."""
        params = pj.CallSendRequestParam()
        params.method = "OPTIONS"
        with self.working(), mapped("ask"):
            self._call(leg_id).sendRequest(params)

    def hang_up(self, leg_id: str, status: int = 0) -> None:
        """Release the leg with CANCEL, BYE or a final response, as its state asks."""
        params = pj.CallOpParam(True)
        params.statusCode = status
        call = self._call(leg_id)
        with self.working(), mapped("hang up"):
            call.hangup(params)

    def hold(self, leg_id: str) -> None:
        """Put the far end on hold."""
        with self.working(), mapped("hold"):
            self._call(leg_id).setHold(pj.CallOpParam(True))

    def resume(self, leg_id: str) -> None:
        """Take the far end back from hold."""
        params = pj.CallOpParam(True)
        params.opt.flag = pj.PJSUA_CALL_UNHOLD
        params.opt.videoCount = params.opt.textCount = 0
        with self.working(), mapped("resume"):
            self._call(leg_id).reinvite(params)

    def unsettled(self) -> int:
        """How many released calls have a far end that has not yet said that it knows."""
        return self.dialogs.unsettled(self._legs)

    def unregister(self) -> None:
        """Take the registration back: nobody is to be led to a process that has ended."""
        if self.line.registrar:
            with mapped("unregister"):
                self.account.setRegistration(False)

    def play(self, leg_id: str, wav: Path, *, tick: Callable[[], None], loop: bool = False) -> tuple[float, float]:
        """Play a WAV file to the far end; returns earliest and latest instant of its sample 0."""
        with mapped(f"play {wav.name}"):
            return self._bridge.play(self._legs[leg_id], wav, tick=tick, loop=loop)

    def send_digits(self, leg_id: str, digits: str, *, method: str, duration_ms: int = 160) -> None:
        """Send digits as RFC 4733 events or SIP INFO."""
        params = pj.CallSendDtmfParam()
        params.digits, params.duration, params.method = digits, duration_ms, DIGIT_METHODS[method]
        try:
            with mapped(f"send digits by {method}"):
                self._call(leg_id).sendDtmf(params)
        except SoftphoneError as error:
            why = error.values.get("reason", "—")
            raise DigitsNotSent("softphone.digits_not_sent", digits=digits, reason=why) from None

    def bridge(self, leg_id: str, other_id: str, *, talk: bool = True) -> None:
        """Let another leg of this process hear a leg, and with `talk` be heard; their recordings stay apart."""
        leg, other = self._leg(leg_id), self._leg(other_id)
        other.hear(leg)
        with mapped("bridge"):
            if talk:
                leg.hear(other)
            elif other in leg.hears:
                leg.hear_no_more(other)
                disconnect(leg, other)
            if leg.audio is not None and other.audio is not None:
                connect(leg)

    def statistics(self, leg_id: str, *, ours: bool = False) -> Statistics | None:
        """RTP counters of a leg, with those of what it sent if `ours`; None while it has no stream."""
        return statistics_of(self._legs.get(leg_id), ours=ours)

    def described(self, leg_id: str) -> str:
        """Where the far end's description says that it wants to hear us; empty without a stream."""
        return described_of(self._legs.get(leg_id))
