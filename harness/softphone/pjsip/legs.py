"""What becomes of an endpoint's legs: answered, led elsewhere, released; and the INVITEs that they are dialled with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pjsua2 as pj

from harness.softphone.call_events import CallEvents, Notify, Trace, Traced
from harness.softphone.errors import PORTS_TAKEN, SoftphoneError
from harness.softphone.leg import Leg
from harness.softphone.line import RTP_PORTS, Line
from harness.softphone.message import Message, parse_message, readable
from harness.softphone.pjsip.bridge import ConferenceBridge, connect
from harness.softphone.pjsip.callbacks import Account, Call, Endpoint
from harness.softphone.pjsip.configuration import choose_codecs
from harness.softphone.pjsip.mapped import mapped
from harness.softphone.signals import FAULT, MEDIA, NO_EVENTS, TRANSFER_FAILED

SOUNDING = (pj.PJSUA_CALL_MEDIA_ACTIVE, pj.PJSUA_CALL_MEDIA_REMOTE_HOLD)
"""Who holds us may still send: music, or an announcement."""
PORTS_OF_A_LOOK = 200
"""pjsua gives up behind a hundred pairs that are taken; asked again it goes on where it left off."""
Incoming = Callable[[str, Message], None]


class Legs(CallEvents):
    """The legs of one endpoint, by name; pjsua2's callbacks come here."""

    line: Line
    account: Account
    _endpoint: Endpoint
    _bridge: ConferenceBridge

    def __init__(
        self, notify: Notify, trace: Trace, traced: Traced, incoming: Incoming | None, dropped: Callable[[str], None]
    ) -> None:
        super().__init__(notify, trace, traced)
        self._on_incoming, self._on_dropped = incoming, dropped
        self._legs: dict[str, Leg] = {}
        self._taking = False
        self._to_refuse: list[tuple[str, int]] = []
        self._incoming_count = 0

    # --- what happens -------------------------------------------------------------------------------

    def state(self, call: Call, info: Any, event: Any) -> None:
        """A dialog moved: a transfer's call is answered, or a call is over."""
        leg = self._legs[call.leg_id]
        if info.state in (pj.PJSIP_INV_STATE_CONNECTING, pj.PJSIP_INV_STATE_CONFIRMED) and call is leg.coming:
            leg.take_over()
        if info.state != pj.PJSIP_INV_STATE_DISCONNECTED:
            return
        call.over, call.audio = True, None
        if call is leg.coming:
            self._transfer_failed(leg, info.lastStatusCode)
        elif call is leg.call and leg.coming is not None and event.type != pj.PJSIP_EVENT_USER:
            leg.take_over()
        elif call is leg.call and not self.redirect(leg, _message_of(event)):
            self._released(leg, info, event)

    def _released(self, leg: Leg, info: Any, event: Any) -> None:
        said = parse_message(_message_of(event))
        by = "tx" if event.type == pj.PJSIP_EVENT_USER else "rx" if said.method else "own"
        # To a 3xx that is not followed pjsip gives a status of its own.
        status, reason = (said.status, said.reason) if said.status else (info.lastStatusCode, info.lastReason)
        self.release(leg, by, status=status, reason=readable(reason))
        self._hang_up_rest(leg)

    def transfer(self, call: Call, request: Any) -> None:
        """The far end asks us to call somebody else (RFC 3515): the gate says whether."""
        leg = self._legs[call.leg_id]
        if not self.may_transfer(leg, request.dstUri, alone=call is leg.call and leg.coming is None):
            return
        leg.coming = Call(self, leg.leg_id)
        self.dialogs.inviting(leg.leg_id)
        request.newCall, request.statusCode = leg.coming, pj.PJSIP_SC_ACCEPTED

    def _transfer_failed(self, leg: Leg, status: int) -> None:
        self.emit(leg.leg_id, TRANSFER_FAILED, "rx" if status else "own", method="INVITE", status=status)
        self.dialogs.go_back(leg.leg_id)
        leg.left.append(leg.coming)
        leg.coming = None
        if leg.audio is not None:
            connect(leg)

    def media(self, call: Call, info: Any) -> None:
        """A stream was (re)built and lost its listeners: connect the recorders again."""
        leg = self._legs[call.leg_id]
        call.audio = None
        active = [
            m.index
            for m in info.media
            if m.type == pj.PJMEDIA_TYPE_AUDIO and m.status in SOUNDING and m.dir != pj.PJMEDIA_DIR_NONE
        ]
        if active:
            before = leg.audio
            call.audio = call.getAudioMedia(active[0])
            if before is not None and leg.audio is not before and leg.far is not None:
                before.stopTransmit(leg.far)
            connect(leg)
        stream = call.getStreamInfo(active[0]) if active else None
        # What the far end's description does not offer is not sent to it (RFC 4733 §2.5.1.1).
        without = (NO_EVENTS,) if stream is not None and stream.audTxEventPt < 0 else ()
        codec = stream.codecName if stream is not None else ""
        self.emit(call.leg_id, MEDIA, "own", status=len(active), reason=codec, headers=without)

    def incoming(self, call_id: int, text: str) -> None:
        """An INVITE came: take it when somebody wants it, refuse it otherwise."""
        self._incoming_count += 1
        leg_id = f"in-{self._incoming_count}"
        self._drop_finished()
        leg = self._legs[leg_id] = Leg(leg_id)
        leg.call = Call(self, leg_id, call_id)
        self._taking = True
        try:
            if self._on_incoming is None:
                self.answer(leg_id, 403)
            else:
                self._on_incoming(leg_id, parse_message(text))
        finally:
            self._taking = False

    def _drop_finished(self) -> None:
        for leg in list(self._legs.values()):
            leg.forget_finished()
            if leg.over:
                del self._legs[leg.leg_id]
                leg.call = leg.coming = leg.far = leg.near = None
                leg.part()
                leg.left.clear()
                self._bridge.let_go(leg)
                self.forget(leg.leg_id)
                self._on_dropped(leg.leg_id)

    def _go_on(self) -> None:
        """Invite where redirected calls lead, now that they are out of the way; notice transfers that never began."""
        for leg in list(self._legs.values()):
            if leg.coming is not None and leg.coming.getId() < 0:
                self._transfer_failed(leg, 0)
            if leg.next_uri:
                uri, leg.next_uri = leg.next_uri, ""
                try:
                    self._invite(leg, uri)
                except SoftphoneError as error:
                    self.emit(leg.leg_id, FAULT, "own", reason=str(error))
                    self.release(leg, "own")

    def _refuse_waiting(self) -> None:
        """Refuse the INVITEs that were taken in this look, now that their callbacks have returned."""
        to_refuse, self._to_refuse = self._to_refuse, []
        for leg_id, status in to_refuse:
            self.answer(leg_id, status)

    # --- what we do ---------------------------------------------------------------------------------

    def answer(self, leg_id: str, status: int) -> None:
        """Answer an incoming leg: 1xx rings, 2xx picks up, the rest refuses."""
        if self._taking and status >= 300:
            self._to_refuse.append((leg_id, status))  # refused inside its callback, pjsua aborts the process
            return
        params = pj.CallOpParam(True)
        params.statusCode = status
        with mapped(f"answer {status}"):
            self._call(leg_id).answer(params)

    def _invite(self, leg: Leg, uri: str) -> None:
        params = pj.CallOpParam(True)
        params.opt.videoCount = params.opt.textCount = 0
        params.txOption.localUri = leg.caller_id
        for name, value in leg.headers.items():
            header = pj.SipHeader()
            header.hName, header.hValue = name, value
            params.txOption.headers.append(header)
        leg.call = Call(self, leg.leg_id, account=leg.account)
        self.dialogs.inviting(leg.leg_id)
        try:
            with mapped(f"dial {uri}"), self._coded_as(leg.line):
                _make_call(leg.call, uri, params)
        except SoftphoneError:
            leg.over = True
            raise
        finally:
            self.dialogs.inviting("")

    @contextmanager
    def _coded_as(self, line: Line | None) -> Iterator[None]:
        """Offer another line's codecs in the block: pjsua knows but one list for all its accounts."""
        if line is None or line.codecs == self.line.codecs:
            yield
            return
        choose_codecs(self._endpoint, line)
        try:
            yield
        finally:
            choose_codecs(self._endpoint, self.line)

    def _hang_up_rest(self, leg: Leg) -> None:
        """Nothing of a leg that is over stays up: neither what a transfer left nor what it asked for."""
        for call in leg.calls:
            if call.getId() >= 0 and call.isActive() and not call.over:
                call.over = True
                call.hangup(pj.CallOpParam(True))

    def _leg(self, leg_id: str) -> Leg:
        leg = self._legs.get(leg_id)
        if leg is None:
            raise SoftphoneError("softphone.no_such_leg", leg=leg_id)
        return leg

    def _call(self, leg_id: str) -> Call:
        leg = self._leg(leg_id)
        if not isinstance(leg.call, Call):
            raise SoftphoneError("softphone.no_such_leg", leg=leg_id)
        return leg.call


def _message_of(event: Any) -> str:
    """The received message that moved a call; empty where none did."""
    if event.type == pj.PJSIP_EVENT_TSX_STATE and event.body.tsxState.type == pj.PJSIP_EVENT_RX_MSG:
        return str(event.body.tsxState.src.rdata.wholeMsg)
    return ""


def _make_call(call: Call, uri: str, params: Any) -> None:
    """Send the INVITE from a free pair of ports, wherever in the range there is one; without one nothing is sent."""
    for more_looks in reversed(range(-(-(RTP_PORTS[1] - RTP_PORTS[0]) // PORTS_OF_A_LOOK) + 1)):
        try:
            call.makeCall(uri, params)
            return
        except pj.Error as error:
            if error.status != PORTS_TAKEN or not more_looks:
                raise
