"""What pjsua2 calls back. Each callback hands on to the endpoint at once; what it raises is kept on its leg."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import pjsua2 as pj

from harness.softphone.certificate import WRONG_CERTIFICATE, carries_name
from harness.softphone.line import Line
from harness.softphone.message import readable
from harness.softphone.signals import DIGIT, REFUSED, REGISTRATION
from harness.softphone.trace import parse_log

if TYPE_CHECKING:
    from harness.softphone.pjsip.legs import Legs

DIGIT_METHODS = {"rfc4733": pj.PJSUA_DTMF_METHOD_RFC2833, "info": pj.PJSUA_DTMF_METHOD_SIP_INFO}


class Writer(pj.LogWriter):  # type: ignore[misc]
    """Takes pjsip's own log for its verbatim SIP messages only."""

    def __init__(self, endpoint: Legs) -> None:
        super().__init__()
        self._endpoint = endpoint

    def write(self, entry: Any) -> None:
        at_s = time.monotonic()
        self._endpoint.sent_by(at_s)
        logged = parse_log(entry.msg)
        if logged is not None:
            with self._endpoint.recorded(""):
                self._endpoint.message(logged, at_s)


class Account(pj.Account):  # type: ignore[misc]
    """An address of record; hands incoming INVITEs and registration results on."""

    def __init__(self, endpoint: Legs) -> None:
        super().__init__()
        self.endpoint = endpoint

    def onIncomingCall(self, prm: Any) -> None:
        with self.endpoint.recorded(""):
            self.endpoint.incoming(prm.callId, prm.rdata.wholeMsg)

    def onRegState(self, prm: Any) -> None:
        with self.endpoint.recorded(""):
            self.endpoint.emit("", REGISTRATION, "rx", status=prm.code, reason=readable(prm.reason))


class Call(pj.Call):  # type: ignore[misc]
    """pjsua2's call; what happens on it goes to the endpoint under our own name of the leg."""

    def __init__(
        self,
        endpoint: Legs,
        leg_id: str,
        call_id: int = pj.PJSUA_INVALID_ID,
        account: Account | None = None,
    ) -> None:
        super().__init__(account or endpoint.account, call_id)
        self.endpoint, self.leg_id = endpoint, leg_id
        self.audio: Any = None
        self.over = False

    def onCallState(self, prm: Any) -> None:
        with self.endpoint.recorded(self.leg_id):
            self.endpoint.state(self, self.getInfo(), prm.e)

    def onCallMediaState(self, prm: Any) -> None:
        with self.endpoint.recorded(self.leg_id):
            self.endpoint.media(self, self.getInfo())

    def onCallRedirected(self, prm: Any) -> int:
        # The gate decides in `state`, and a call that it allows is a new one to a URI of our own.
        return int(pj.PJSIP_REDIRECT_STOP)

    def onCallTransferRequest(self, prm: Any) -> None:
        prm.statusCode = pj.PJSIP_SC_DECLINE  # left alone it would be 202, and pjsua would dial
        with self.endpoint.recorded(self.leg_id):
            self.endpoint.transfer(self, prm)

    def onCallReplaceRequest(self, prm: Any) -> None:
        prm.statusCode = pj.PJSIP_SC_DECLINE
        with self.endpoint.recorded(self.leg_id):
            why = (("why", "refused.incoming"),)
            self.endpoint.emit(self.leg_id, REFUSED, "rx", method="INVITE", status=603, headers=why)

    def onDtmfDigit(self, prm: Any) -> None:
        with self.endpoint.recorded(self.leg_id):
            method = "info" if prm.method == DIGIT_METHODS["info"] else "rfc4733"
            self.endpoint.emit(self.leg_id, DIGIT, "rx", method=method, reason=prm.digit)


class Endpoint(pj.Endpoint):  # type: ignore[misc]
    """pjsua2's endpoint, which looks at a server's certificate before anything is said to it."""

    def __init__(self, line: Line) -> None:
        super().__init__()
        self._line = line

    def onTransportState(self, prm: Any) -> None:
        if prm.state != pj.PJSIP_TP_STATE_CONNECTED or not self._line.tls_server_name or not self._line.tls_verify:
            return
        try:
            names = [entry.name for entry in prm.tlsInfo.remoteCertInfo.subjectAltName]
            faults = prm.tlsInfo.verifyStatus & ~pj.PJ_SSL_CERT_EIDENTITY_NOT_MATCH
            trusted = not faults and carries_name(names, self._line.tls_server_name)
        except Exception:  # whatever it was, the certificate has not been seen to be right
            trusted = False
        if not trusted:
            os._exit(WRONG_CERTIFICATE)  # what waits to be sent, an INVITE or a digest, never leaves
