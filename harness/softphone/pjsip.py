"""pjsua2, and nothing else of ours imports it: one endpoint a process, at most four legs.

What pjsua2 raises becomes a `SoftphoneError`; the messages it logs and the states it calls back become
`SipSignal`s. No Python runs in the audio path: recorders and players are pjmedia's own. Every object of pjsua2
is dropped only between two polls and before the next `makeCall`, because freeing a finished `Call` whose slot
was taken again hangs up the new call.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pjsua2 as pj

from harness.softphone.call_events import CallEvents, Notify, Trace, Traced
from harness.softphone.certificate import SYSTEM_CERTIFICATES, WRONG_CERTIFICATE, carries_name
from harness.softphone.errors import SoftphoneError, softphone_error
from harness.softphone.follow import Leads
from harness.softphone.leg import Leg
from harness.softphone.line import LEGS_PER_WORKER, RTP_PORTS, Line
from harness.softphone.message import Message, parse_message, readable
from harness.softphone.rtp_watch import Statistics
from harness.softphone.signals import (
    DIGIT,
    FAULT,
    MEDIA,
    REFUSED,
    REGISTRATION,
    TRANSFER_FAILED,
)
from harness.softphone.trace import parse_log

TICK_S = 0.020
"""The conference bridge moves audio in frames of 20 ms."""
STEADY_BUFFER_MS = 40
"""A jitter buffer that holds two frames from the start need not adapt on a quiet line: with pjmedia's default a
sound moved by up to 40 ms within a recording under load, with this by up to 10 (measured with two busy cores)."""
SESSION_S = 180
"""Session timer (RFC 4028): a far end that has heard nothing of us for so long lets go, though nobody could say BYE."""
TRANSPORTS = {
    ("udp", False): pj.PJSIP_TRANSPORT_UDP,
    ("tcp", False): pj.PJSIP_TRANSPORT_TCP,
    ("tls", False): pj.PJSIP_TRANSPORT_TLS,
    ("udp", True): pj.PJSIP_TRANSPORT_UDP6,
    ("tcp", True): pj.PJSIP_TRANSPORT_TCP6,
    ("tls", True): pj.PJSIP_TRANSPORT_TLS6,
}
SRTP = {
    "off": pj.PJMEDIA_SRTP_DISABLED,
    "optional": pj.PJMEDIA_SRTP_OPTIONAL,
    "mandatory": pj.PJMEDIA_SRTP_MANDATORY,
}
SRTP_SUITES = ("AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32")
"""What every PBX knows (RFC 4568 §6.2); over UDP the first alone, so that an INVITE with a digest is not too long."""
DIGIT_METHODS = {"rfc4733": pj.PJSUA_DTMF_METHOD_RFC2833, "info": pj.PJSUA_DTMF_METHOD_SIP_INFO}

SOUNDING = (pj.PJSUA_CALL_MEDIA_ACTIVE, pj.PJSUA_CALL_MEDIA_REMOTE_HOLD)
"""Who holds us may still send: music, or an announcement."""


@contextmanager
def mapped(what: str) -> Any:
    """Turn what pjsua2 raises into a `SoftphoneError` that says what was tried."""
    try:
        yield
    except pj.Error as error:
        raise softphone_error(what, error.status, error.reason) from None


class _Writer(pj.LogWriter):  # type: ignore[misc]
    """Takes pjsip's own log for its verbatim SIP messages only."""

    def __init__(self, endpoint: SipEndpoint) -> None:
        super().__init__()
        self._endpoint = endpoint

    def write(self, entry: Any) -> None:
        at_s = time.monotonic()
        self._endpoint.sent_by(at_s)
        logged = parse_log(entry.msg)
        if logged is not None:
            with self._endpoint.recorded(""):
                self._endpoint.message(logged, at_s)


class _Account(pj.Account):  # type: ignore[misc]
    """An address of record; hands incoming INVITEs and registration results on."""

    def __init__(self, endpoint: SipEndpoint) -> None:
        super().__init__()
        self.endpoint = endpoint

    def onIncomingCall(self, prm: Any) -> None:
        with self.endpoint.recorded(""):
            self.endpoint.incoming(prm.callId, prm.rdata.wholeMsg)

    def onRegState(self, prm: Any) -> None:
        with self.endpoint.recorded(""):
            self.endpoint.emit("", REGISTRATION, "rx", status=prm.code, reason=readable(prm.reason))


class _Call(pj.Call):  # type: ignore[misc]
    """pjsua2's call; what happens on it goes to the endpoint under our own name of the leg."""

    def __init__(self, endpoint: SipEndpoint, leg_id: str, call_id: int = pj.PJSUA_INVALID_ID) -> None:
        super().__init__(endpoint.account, call_id)
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


class _Endpoint(pj.Endpoint):  # type: ignore[misc]
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


class SipEndpoint(CallEvents):
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
        super().__init__(notify, trace, traced)
        self.line, self._on_incoming, self._on_dropped = line, incoming, dropped
        self._legs: dict[str, Leg] = {}
        self._taking = False
        self._to_refuse: list[tuple[str, int]] = []
        self._incoming_count = 0
        with mapped("start the SIP stack"):
            self._start(silence_wav)

    # --- life ---------------------------------------------------------------------------------------

    def _start(self, silence_wav: Path) -> None:
        self._endpoint = _Endpoint(self.line)
        self._endpoint.libCreate()
        self._writer = _Writer(self)
        self._endpoint.libInit(_endpoint_config(self.line, self._writer))
        self._open_transport()
        if self.line.transport == "udp":
            self.stamp_by_kernel(self.port)
        self._endpoint.libStart()
        self._endpoint.audDevManager().setNullDev()
        self._choose_codecs()
        self._start_metronome(silence_wav)
        self.account = _Account(self)
        self.account.create(_account_config(self.line, takes_calls=self._on_incoming is not None))

    def _open_transport(self) -> None:
        config = pj.TransportConfig()
        config.port, config.boundAddress = self.line.port, self.line.bind
        if self.line.transport == "tls":
            _configure_tls(config.tlsConfig, self.line)
        self._transport = self._endpoint.transportCreate(TRANSPORTS[self.line.transport, self.line.ipv6], config)

    def _choose_codecs(self) -> None:
        wanted = {codec: 255 - rank for rank, codec in enumerate(self.line.codecs)}
        for known in self._endpoint.codecEnum2():
            self._endpoint.codecSetPriority(known.codecId, wanted.get(known.codecId.rsplit("/", 1)[0], 0))

    def _start_metronome(self, silence_wav: Path) -> None:
        """A silent player whose position shows when the bridge ticks; an idle tone that anchors recorders.

        A recorder without a source loses time, so each is fed by the idle tone generator from its start.
        """
        self._metronome = pj.AudioMediaPlayer()
        self._metronome.createPlayer(str(silence_wav))
        self._metronome.startTransmit(self._endpoint.audDevManager().getPlaybackDevMedia())
        self._anchor = pj.ToneGenerator()
        self._anchor.createToneGenerator(self.line.sample_rate_hz)

    @property
    def port(self) -> int:
        """The local port of signalling that was bound."""
        return int(self._endpoint.transportGetInfo(self._transport).localName.rsplit(":", 1)[-1])

    def poll(self, timeout_s: float) -> None:
        """Handle what has come; afterwards drop the calls that are over and go where they were led."""
        started = time.monotonic()
        with self.working():
            if self._endpoint.libHandleEvents(int(timeout_s * 1000)) <= 0:
                self.nothing_came(started)
            to_refuse, self._to_refuse = self._to_refuse, []
            for leg_id, status in to_refuse:
                self.answer(leg_id, status)
            self._drop_finished()
            self._go_on()

    def wait_for_tick(self, tick: Callable[[], None]) -> tuple[float, float]:
        """Earliest and latest instant of the bridge's next tick; `tick` is called while waiting."""
        before, position = time.monotonic(), self._metronome.getPos()
        while True:
            tick()
            now = time.monotonic()
            if self._metronome.getPos() != position:
                return before, time.monotonic()
            before = now

    # --- what happens -------------------------------------------------------------------------------

    def state(self, call: _Call, info: Any, event: Any) -> None:
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

    def transfer(self, call: _Call, request: Any) -> None:
        """The far end asks us to call somebody else (RFC 3515): the gate says whether."""
        leg = self._legs[call.leg_id]
        if not self.may_transfer(leg, request.dstUri, alone=call is leg.call and leg.coming is None):
            return
        leg.coming = _Call(self, leg.leg_id)
        self.dialogs.inviting(leg.leg_id)
        request.newCall, request.statusCode = leg.coming, pj.PJSIP_SC_ACCEPTED

    def _transfer_failed(self, leg: Leg, status: int) -> None:
        self.emit(leg.leg_id, TRANSFER_FAILED, "rx" if status else "own", method="INVITE", status=status)
        self.dialogs.go_back(leg.leg_id)
        leg.left.append(leg.coming)
        leg.coming = None
        if leg.audio is not None:
            self._connect(leg)

    def media(self, call: _Call, info: Any) -> None:
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
            self._connect(leg)
        codec = call.getStreamInfo(active[0]).codecName if active else ""
        self.emit(call.leg_id, MEDIA, "own", status=len(active), reason=codec)

    def _connect(self, leg: Leg) -> None:
        if leg.audio is None:
            return
        if leg.far is not None:
            leg.audio.startTransmit(leg.far)
        for player in leg.players[-1:]:
            player.startTransmit(leg.audio)
        if leg.bridged is not None and leg.bridged.audio is not None:
            leg.audio.startTransmit(leg.bridged.audio)
            leg.bridged.audio.startTransmit(leg.audio)

    def incoming(self, call_id: int, text: str) -> None:
        """An INVITE came: take it when somebody wants it, refuse it otherwise."""
        self._incoming_count += 1
        leg_id = f"in-{self._incoming_count}"
        self._drop_finished()
        leg = self._legs[leg_id] = Leg(leg_id)
        leg.call = _Call(self, leg_id, call_id)
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
                leg.left.clear()
                leg.players.clear()
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

    # --- what we do ---------------------------------------------------------------------------------

    def legs_up(self) -> tuple[str, ...]:
        """Names of the legs that still hold a slot."""
        return tuple(self._legs)

    def record(self, leg_id: str, *, far: Path, near: Path, tick: Callable[[], None]) -> tuple[float, float]:
        """Start both recordings of a new leg; returns earliest and latest instant of their sample 0."""
        leg = Leg(leg_id)
        with mapped("record"):
            leg.far, leg.near = self._recorder(far), self._recorder(near)
            earliest, latest = self.wait_for_tick(tick)
            self._anchor.startTransmit(leg.far)
            self._anchor.startTransmit(leg.near)
            self.wait_for_tick(tick)  # sample 0 is recorded: the INVITE comes after it
        self._legs[leg_id] = leg
        return earliest + TICK_S, latest + TICK_S

    def _recorder(self, path: Path) -> pj.AudioMediaRecorder:
        recorder = pj.AudioMediaRecorder()
        recorder.createRecorder(str(path))
        return recorder

    def dial(
        self, leg_id: str, uri: str, *, headers: dict[str, str], leads: Leads | None = None, caller_id: str = ""
    ) -> None:
        """Send the INVITE of a leg that is being recorded; `leads`: where it may be led, nowhere by default."""
        leg = self._legs[leg_id]
        leg.headers, leg.leads, leg.caller_id = headers, leads or Leads(), caller_id
        with self.working():
            self._drop_finished()
            self._invite(leg, uri)

    def _invite(self, leg: Leg, uri: str) -> None:
        params = pj.CallOpParam(True)
        params.opt.videoCount = params.opt.textCount = 0
        params.txOption.localUri = leg.caller_id
        for name, value in leg.headers.items():
            header = pj.SipHeader()
            header.hName, header.hValue = name, value
            params.txOption.headers.append(header)
        leg.call = _Call(self, leg.leg_id)
        self.dialogs.inviting(leg.leg_id)
        try:
            with mapped(f"dial {uri}"):
                leg.call.makeCall(uri, params)
        except SoftphoneError:
            leg.over = True
            raise
        finally:
            self.dialogs.inviting("")

    def ask(self, uri: str) -> None:
        """Send OPTIONS (RFC 3261 §11), which rings nobody; what comes back goes to the trace."""
        request = pj.SendRequestParam()
        request.method, request.txOption.targetUri = "OPTIONS", uri
        with mapped(f"ask {uri}"):
            self.account.sendRequest(request)

    def answer(self, leg_id: str, status: int) -> None:
        """Answer an incoming leg: 1xx rings, 2xx picks up, the rest refuses."""
        if self._taking and status >= 300:
            self._to_refuse.append((leg_id, status))  # refused inside its callback, pjsua aborts the process
            return
        params = pj.CallOpParam(True)
        params.statusCode = status
        with mapped(f"answer {status}"):
            self._call(leg_id).answer(params)

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

    def _hang_up_rest(self, leg: Leg) -> None:
        """Nothing of a leg that is over stays up: neither what a transfer left nor what it asked for."""
        for call in leg.calls:
            if call.getId() >= 0 and call.isActive() and not call.over:
                call.over = True
                call.hangup(pj.CallOpParam(True))

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
        leg = self._legs[leg_id]
        with mapped(f"play {wav.name}"):
            player = pj.AudioMediaPlayer()
            player.createPlayer(str(wav), 0 if loop else pj.PJMEDIA_FILE_NO_LOOP)
            for earlier in leg.players:
                if leg.audio is not None:
                    earlier.stopTransmit(leg.audio)
            earliest, latest = self.wait_for_tick(tick)
            leg.players.append(player)
            for port in (leg.audio, leg.near):
                if port is not None:
                    player.startTransmit(port)
        return earliest + TICK_S, latest + TICK_S

    def send_digits(self, leg_id: str, digits: str, *, method: str, duration_ms: int = 160) -> None:
        """Send digits as RFC 4733 events or SIP INFO."""
        params = pj.CallSendDtmfParam()
        params.digits, params.duration, params.method = digits, duration_ms, DIGIT_METHODS[method]
        with mapped(f"send digits by {method}"):
            self._call(leg_id).sendDtmf(params)

    def bridge(self, leg_id: str, other_id: str) -> None:
        """Let two legs of this process hear each other; their recordings stay apart."""
        leg, other = self._legs[leg_id], self._legs[other_id]
        leg.bridged, other.bridged = other, leg
        with mapped("bridge"):
            if leg.audio is not None and other.audio is not None:
                self._connect(leg)

    def statistics(self, leg_id: str) -> Statistics | None:
        """RTP counters of a leg; None while it has no stream."""
        call = self._sounding(self._legs.get(leg_id))
        if call is None:
            return None
        with mapped("read RTP statistics"):
            stat, info = call.getStreamStat(0), call.getMedTransportInfo(0)
        rx, tx = stat.rtcp.rxStat, stat.rtcp.txStat
        delay_ms = stat.jbuf.avgDelayMsec + 2 * stat.jbuf.devDelayMsec
        source = info.srcRtpName if rx.pkt else ""
        return Statistics(rx.pkt, rx.loss, rx.reorder, rx.dup, delay_ms, tx.pkt, tx.updateCount, tx.loss, source)

    def described(self, leg_id: str) -> str:
        """Where the far end's description says that it wants to hear us; empty without a stream."""
        call = self._sounding(self._legs.get(leg_id))
        return "" if call is None else str(call.getStreamInfo(0).remoteRtpAddress)

    def _sounding(self, leg: Leg | None) -> _Call | None:
        calls = [] if leg is None else [one for one in (leg.coming, leg.call) if one is not None]
        return next((one for one in calls if one.audio is not None), None)

    def _call(self, leg_id: str) -> _Call:
        leg = self._legs.get(leg_id)
        if leg is None or not isinstance(leg.call, _Call):
            raise SoftphoneError("softphone.no_such_leg", leg=leg_id)
        return leg.call


def _message_of(event: Any) -> str:
    """The received message that moved a call; empty where none did."""
    if event.type == pj.PJSIP_EVENT_TSX_STATE and event.body.tsxState.type == pj.PJSIP_EVENT_RX_MSG:
        return str(event.body.tsxState.src.rdata.wholeMsg)
    return ""


def _configure_tls(config: Any, line: Line) -> None:
    config.method, config.proto = pj.PJSIP_TLSV1_2_METHOD, pj.PJ_SSL_SOCK_PROTO_TLS1_2
    config.CaListFile = line.tls_ca_file or SYSTEM_CERTIFICATES
    # pjsip compares with the host it dials; another name is looked at in `onTransportState`.
    config.verifyServer = line.tls_verify and not line.tls_server_name


def _endpoint_config(line: Line, writer: _Writer) -> pj.EpConfig:
    config = pj.EpConfig()
    config.uaConfig.threadCnt = 0
    config.uaConfig.mainThreadOnly = True
    config.uaConfig.maxCalls = LEGS_PER_WORKER
    config.uaConfig.userAgent = "thirdring"
    config.logConfig.level = config.logConfig.consoleLevel = 4
    config.logConfig.msgLogging = 1
    config.logConfig.writer = writer
    config.medConfig.clockRate = config.medConfig.sndClockRate = line.sample_rate_hz
    config.medConfig.noVad = True
    config.medConfig.ecTailLen = 0
    config.medConfig.maxMediaPorts = 64
    config.medConfig.jbInit = config.medConfig.jbMinPre = STEADY_BUFFER_MS
    config.medConfig.jbMaxPre = 5 * STEADY_BUFFER_MS
    if line.proxy:
        config.uaConfig.outboundProxies.append(line.proxy)
    return config


def _account_config(line: Line, *, takes_calls: bool) -> pj.AccountConfig:
    config = pj.AccountConfig()
    config.idUri = line.from_uri
    if not takes_calls:  # pjsip sends a reliable response with its next poll: an agency's log would be early
        config.callConfig.prackUse = pj.PJSUA_100REL_OPTIONAL
    config.callConfig.timerUse = pj.PJSUA_SIP_TIMER_OPTIONAL
    config.callConfig.timerSessExpiresSec = SESSION_S
    config.mediaConfig.transportConfig.boundAddress = line.bind
    config.mediaConfig.transportConfig.port = RTP_PORTS[0]
    config.mediaConfig.transportConfig.portRange = RTP_PORTS[1] - RTP_PORTS[0]
    config.mediaConfig.srtpUse, config.mediaConfig.srtpSecureSignaling = SRTP[line.srtp], 0
    if line.srtp != "off":
        config.mediaConfig.srtpOpt.keyings.append(pj.PJMEDIA_SRTP_KEYING_SDES)
        for suite in SRTP_SUITES[: 1 if line.transport == "udp" else None]:
            crypto = pj.SrtpCrypto()
            crypto.name, crypto.flags = suite, 0
            config.mediaConfig.srtpOpt.cryptos.append(crypto)
    config.regConfig.registrarUri = line.registrar
    config.regConfig.retryIntervalSec = 30
    if line.user:
        config.sipConfig.authCreds.append(pj.AuthCredInfo("digest", "*", line.user, 0, line.secret))
    return config
