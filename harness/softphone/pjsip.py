"""pjsua2, and nothing else of ours imports it: one endpoint a process, at most four legs.

What pjsua2 raises becomes a `SoftphoneError`; what it calls back becomes a `SipSignal`. No Python runs in
the audio path: recorders and players are pjmedia's own. Every object of pjsua2 is dropped only between
two polls and before the next `makeCall`, because freeing a finished `Call` whose slot was taken again
hangs up the new call.
"""

from __future__ import annotations

import re
import time
import traceback
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pjsua2 as pj

from harness.softphone.errors import SoftphoneError, softphone_error
from harness.softphone.line import LEGS_PER_WORKER, RTP_PORTS, Line
from harness.softphone.message import Message, parse_message, readable
from harness.softphone.signals import DIGIT, FAULT, MEDIA, REGISTRATION, RELEASED, REQUEST, RESPONSE, SipSignal

TICK_S = 0.020
"""The conference bridge moves audio in frames of 20 ms."""
STEADY_BUFFER_MS = 40
"""A jitter buffer that holds two frames from the start need not adapt on a quiet line: with pjmedia's default a
sound moved by up to 40 ms within a recording under load, with this by up to 10 (measured with two busy cores)."""
DIGIT_METHODS = {"rfc4733": pj.PJSUA_DTMF_METHOD_RFC2833, "info": pj.PJSUA_DTMF_METHOD_SIP_INFO}

Notify = Callable[[str, SipSignal], None]
Trace = Callable[[str, str, str, float], None]
_TRACE = re.compile(r"\.*(RX|TX) \d+ bytes .*? (?:to|from) (\S+ \S+?):?\r?\n(.*?)(?:\n?--end msg--)", re.DOTALL)


@dataclass(frozen=True)
class Statistics:
    """RTP counters of a leg since its stream began (RFC 3550 §6.4)."""

    packets: int
    """Packets received."""
    lost: int
    """Packets that never came, by sequence number."""
    reordered: int
    """Packets that came out of order."""
    duplicated: int
    """Packets that came twice."""
    jitter_buffer_ms: int
    """Delay in the jitter buffer, ms: its mean so far and two deviations."""
    sent: int
    """Packets sent."""
    reports: int
    """RTCP reports of the far end about what we sent."""
    sent_lost: int
    """Packets of ours that, by its last report, it never got."""


@contextmanager
def mapped(what: str) -> Any:
    """Turn what pjsua2 raises into a `SoftphoneError` that says what was tried."""
    try:
        yield
    except pj.Error as error:
        raise softphone_error(what, error.status, error.reason) from None


class _Writer(pj.LogWriter):  # type: ignore[misc]
    """Takes pjsip's own log for its verbatim SIP messages only."""

    def __init__(self, trace: Trace) -> None:
        super().__init__()
        self._trace = trace

    def write(self, entry: Any) -> None:
        found = _TRACE.search(entry.msg)
        if found:
            direction, peer, text = found.groups()
            self._trace(direction, peer, text, time.monotonic())


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

    def onCallTsxState(self, prm: Any) -> None:
        with self.endpoint.recorded(self.leg_id):
            self.endpoint.transaction(self.leg_id, prm.e)

    def onCallState(self, prm: Any) -> None:
        with self.endpoint.recorded(self.leg_id):
            self.endpoint.state(self.leg_id, self.getInfo(), prm.e)

    def onCallMediaState(self, prm: Any) -> None:
        with self.endpoint.recorded(self.leg_id):
            self.endpoint.media(self.leg_id, self.getInfo())

    def onDtmfDigit(self, prm: Any) -> None:
        with self.endpoint.recorded(self.leg_id):
            method = "info" if prm.method == DIGIT_METHODS["info"] else "rfc4733"
            self.endpoint.emit(self.leg_id, DIGIT, "rx", method=method, reason=prm.digit)


class _Leg:
    """Our own side of a call: its ports, and the pjsua2 object while that lives."""

    def __init__(self, leg_id: str) -> None:
        self.leg_id = leg_id
        self.call: _Call | None = None
        self.far: pj.AudioMediaRecorder | None = None
        self.near: pj.AudioMediaRecorder | None = None
        self.audio: Any = None
        self.players: list[pj.AudioMediaPlayer] = []
        self.bridged: _Leg | None = None
        self.answered = self.over = False
        self.hung_up_s: float | None = None


class SipEndpoint:
    """The one pjsua2 endpoint of this process, polled from its main thread."""

    def __init__(
        self,
        line: Line,
        *,
        silence_wav: Path,
        notify: Notify,
        trace: Trace = lambda *_: None,
        incoming: Callable[[str, Message], None] | None = None,
        dropped: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.line, self.notify, self._trace = line, notify, trace
        self._on_incoming, self._on_dropped = incoming, dropped
        self._legs: dict[str, _Leg] = {}
        self._known_empty = time.monotonic()
        self._incoming_count = 0
        with mapped("start the SIP stack"):
            self._start(silence_wav)

    # --- life ---------------------------------------------------------------------------------------

    def _start(self, silence_wav: Path) -> None:
        self._endpoint = pj.Endpoint()
        self._endpoint.libCreate()
        self._writer = _Writer(self._trace)
        self._endpoint.libInit(_endpoint_config(self.line, self._writer))
        self._open_transport()
        self._endpoint.libStart()
        self._endpoint.audDevManager().setNullDev()
        self._choose_codecs()
        self._start_metronome(silence_wav)
        self.account = _Account(self)
        self.account.create(_account_config(self.line))

    def _open_transport(self) -> None:
        config = pj.TransportConfig()
        config.port, config.boundAddress = self.line.port, self.line.bind
        kind = {"udp": pj.PJSIP_TRANSPORT_UDP, "tcp": pj.PJSIP_TRANSPORT_TCP}[self.line.transport]
        self._transport = self._endpoint.transportCreate(kind, config)

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
        """Handle what has come; afterwards drop the calls that are over."""
        started = time.monotonic()
        if self._endpoint.libHandleEvents(int(timeout_s * 1000)) <= 0:
            self._known_empty = max(started, self._known_empty)
        self._drop_finished()

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

    @contextmanager
    def recorded(self, leg_id: str) -> Any:
        """pjsua2 prints and forgets what a callback raises: record it on the leg instead."""
        try:
            yield
        except Exception:
            self.emit(leg_id, FAULT, "own", reason=traceback.format_exc(limit=4))

    def emit(self, leg_id: str, kind: str, direction: str, *, before: float | None = None, **values: Any) -> None:
        """Stamp a signal and hand it on."""
        earliest = self._known_empty if before is None else before
        signal = SipSignal(earliest_s=earliest, latest_s=time.monotonic(), kind=kind, direction=direction, **values)
        self.notify(leg_id, signal)

    def message(self, leg_id: str, direction: str, text: str) -> None:
        """Emit one SIP message as a signal."""
        said = parse_message(text)
        self.emit(
            leg_id,
            RESPONSE if said.status else REQUEST,
            direction,
            method=said.method,
            status=said.status,
            reason=said.reason,
            to_tag=said.to_tag,
            has_sdp=said.has_sdp,
            headers=said.headers,
        )

    def transaction(self, leg_id: str, event: Any) -> None:
        """A transaction moved: emit the message that moved it."""
        body = event.body.tsxState
        if body.type == pj.PJSIP_EVENT_RX_MSG:
            self.message(leg_id, "rx", body.src.rdata.wholeMsg)
            if body.tsx.method == "INVITE" and 200 <= body.tsx.statusCode < 300:
                self._legs[leg_id].answered = True
        elif body.type == pj.PJSIP_EVENT_TX_MSG:
            self.message(leg_id, "tx", body.src.tdata.wholeMsg)

    def state(self, leg_id: str, info: Any, event: Any) -> None:
        """The dialog moved. Final failures come only here, their message in the event."""
        if info.state != pj.PJSIP_INV_STATE_DISCONNECTED:
            return
        by = "own"
        if event.type == pj.PJSIP_EVENT_TSX_STATE and event.body.tsxState.type == pj.PJSIP_EVENT_RX_MSG:
            by = "rx"
            text = event.body.tsxState.src.rdata.wholeMsg
            if parse_message(text).status >= 300:
                self.message(leg_id, "rx", text)
        elif event.type == pj.PJSIP_EVENT_USER:
            by = "tx"
            self._emit_release(leg_id)
        self.emit(leg_id, RELEASED, by, status=info.lastStatusCode, reason=readable(info.lastReason))
        self._legs[leg_id].over = True

    def _emit_release(self, leg_id: str) -> None:
        """Our CANCEL or BYE: pjsua2 calls the call over before it reports the message."""
        leg = self._legs[leg_id]
        if leg.hung_up_s is not None and leg.far is not None:
            method = "BYE" if leg.answered else "CANCEL"
            self.emit(leg_id, REQUEST, "tx", before=leg.hung_up_s, method=method)

    def media(self, leg_id: str, info: Any) -> None:
        """A stream was (re)built and lost its listeners: connect the recorders again."""
        leg = self._legs[leg_id]
        leg.audio = None
        active = [
            m.index for m in info.media if m.type == pj.PJMEDIA_TYPE_AUDIO and m.status == pj.PJSUA_CALL_MEDIA_ACTIVE
        ]
        if active and leg.call is not None:
            leg.audio = leg.call.getAudioMedia(active[0])
            self._connect(leg)
        codec = leg.call.getStreamInfo(active[0]).codecName if active and leg.call else ""
        self.emit(leg_id, MEDIA, "own", status=len(active), reason=codec)

    def _connect(self, leg: _Leg) -> None:
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
        leg = self._legs[leg_id] = _Leg(leg_id)
        leg.call = _Call(self, leg_id, call_id)
        if self._on_incoming is None:
            self.hang_up(leg_id, 403)
        else:
            self._on_incoming(leg_id, parse_message(text))

    def _drop_finished(self) -> None:
        for leg in [leg for leg in self._legs.values() if leg.over]:
            del self._legs[leg.leg_id]
            leg.audio = leg.call = leg.far = leg.near = None
            leg.players.clear()
            self._on_dropped(leg.leg_id)

    # --- what we do ---------------------------------------------------------------------------------

    def legs_up(self) -> tuple[str, ...]:
        """Names of the legs that still hold a slot."""
        return tuple(self._legs)

    def record(self, leg_id: str, *, far: Path, near: Path, tick: Callable[[], None]) -> tuple[float, float]:
        """Start both recordings of a new leg; returns earliest and latest instant of their sample 0."""
        leg = _Leg(leg_id)
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

    def dial(self, leg_id: str, uri: str, *, headers: dict[str, str]) -> None:
        """Send the INVITE of a leg that is being recorded."""
        leg = self._legs[leg_id]
        self._drop_finished()
        params = pj.CallOpParam(True)
        params.opt.videoCount = params.opt.textCount = 0
        for name, value in headers.items():
            header = pj.SipHeader()
            header.hName, header.hValue = name, value
            params.txOption.headers.append(header)
        leg.call = _Call(self, leg_id)
        try:
            with mapped(f"dial {uri}"):
                leg.call.makeCall(uri, params)
        except SoftphoneError:
            leg.over = True
            raise

    def ask(self, uri: str) -> None:
        """Send OPTIONS (RFC 3261 §11), which rings nobody; what comes back goes to the trace."""
        request = pj.SendRequestParam()
        request.method, request.txOption.targetUri = "OPTIONS", uri
        with mapped(f"ask {uri}"):
            self.account.sendRequest(request)

    def answer(self, leg_id: str, status: int) -> None:
        """Answer an incoming leg: 1xx rings, 2xx picks up, the rest refuses."""
        params = pj.CallOpParam(True)
        params.statusCode = status
        with mapped(f"answer {status}"):
            self._call(leg_id).answer(params)

    def hang_up(self, leg_id: str, status: int = 0) -> None:
        """Release the leg with CANCEL, BYE or a final response, as its state asks."""
        params = pj.CallOpParam(True)
        params.statusCode = status
        call = self._call(leg_id)
        self._legs[leg_id].hung_up_s = time.monotonic()
        with mapped("hang up"):
            call.hangup(params)

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
        leg = self._legs.get(leg_id)
        if leg is None or leg.audio is None or leg.call is None or leg.over:
            return None
        with mapped("read RTP statistics"):
            stat = leg.call.getStreamStat(0)
        rx, tx = stat.rtcp.rxStat, stat.rtcp.txStat
        delay_ms = stat.jbuf.avgDelayMsec + 2 * stat.jbuf.devDelayMsec
        return Statistics(rx.pkt, rx.loss, rx.reorder, rx.dup, delay_ms, tx.pkt, tx.updateCount, tx.loss)

    def _call(self, leg_id: str) -> _Call:
        leg = self._legs.get(leg_id)
        if leg is None or leg.call is None:
            raise SoftphoneError("softphone.no_such_leg", leg=leg_id)
        return leg.call


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


def _account_config(line: Line) -> pj.AccountConfig:
    config = pj.AccountConfig()
    config.idUri = line.from_uri
    config.mediaConfig.transportConfig.boundAddress = line.bind
    config.mediaConfig.transportConfig.port = RTP_PORTS[0]
    config.mediaConfig.transportConfig.portRange = RTP_PORTS[1] - RTP_PORTS[0]
    config.regConfig.registrarUri = line.registrar
    config.regConfig.retryIntervalSec = 30
    if line.user:
        config.sipConfig.authCreds.append(pj.AuthCredInfo("digest", "*", line.user, 0, line.secret))
    return config
