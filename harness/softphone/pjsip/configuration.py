"""A line's settings as pjsip takes them."""

from __future__ import annotations

from typing import Any

import pjsua2 as pj

from harness.softphone.certificate import SYSTEM_CERTIFICATES
from harness.softphone.errors import SoftphoneError
from harness.softphone.line import RTP_PORTS, Line
from harness.softphone.pjsip.library import loaded

STEADY_BUFFER_MS = 40
"""A jitter buffer that holds two frames from the start need not adapt on a quiet line: with pjmedia's default a
sound moved by up to 40 ms within a recording under load, with this by up to 10 (measured with two busy cores)."""
SESSION_S = 180
"""Session timer (RFC 4028): a far end that has heard nothing of us for so long lets go, though nobody could say BYE."""
PORTS_PER_CALL = 16
"""Of the conference bridge: the stream, two recorders, and a player for each sound until it is freed."""
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


def configure_tls(config: Any, line: Line) -> None:
    """TLS 1.2 or 1.3, and whose certificate will do. Raises SoftphoneError for an OpenSSL too old to be trusted."""
    library = loaded()
    if library.old_openssl and not line.accept_old_openssl:
        raise SoftphoneError("softphone.old_openssl", line=line.id, openssl=library.openssl_text)
    config.method = pj.PJSIP_TLSV1_2_METHOD if library.old_openssl else pj.PJSIP_TLSV1_3_METHOD
    config.proto = pj.PJ_SSL_SOCK_PROTO_TLS1_2 | (0 if library.old_openssl else pj.PJ_SSL_SOCK_PROTO_TLS1_3)
    config.CaListFile = line.tls_ca_file or SYSTEM_CERTIFICATES
    # pjsip compares with the host it dials; another name is looked at in `onTransportState`.
    config.verifyServer = line.tls_verify and not line.tls_server_name


def endpoint_config(line: Line, writer: pj.LogWriter) -> pj.EpConfig:
    """The endpoint: everything on the main thread, SIP messages in the log, a steady jitter buffer."""
    config = pj.EpConfig()
    config.uaConfig.threadCnt = 0
    config.uaConfig.mainThreadOnly = True
    config.uaConfig.maxCalls = most = loaded().most_calls
    config.uaConfig.userAgent = "thirdring"
    config.logConfig.level = config.logConfig.consoleLevel = 4
    config.logConfig.msgLogging = 1
    config.logConfig.writer = writer
    config.medConfig.clockRate = config.medConfig.sndClockRate = line.sample_rate_hz
    config.medConfig.noVad = True
    config.medConfig.ecTailLen = 0
    config.medConfig.maxMediaPorts = PORTS_PER_CALL * most
    config.medConfig.jbInit = config.medConfig.jbMinPre = STEADY_BUFFER_MS
    config.medConfig.jbMaxPre = 5 * STEADY_BUFFER_MS
    return config


def account_config(line: Line, *, takes_calls: bool, transport: int) -> pj.AccountConfig:
    """The address of record: whose it is, its ports, its encryption, its credentials."""
    config = pj.AccountConfig()
    if line.transport == "udp":  # with two sockets pjsip would take either
        config.sipConfig.transportId = transport
    config.idUri = line.from_uri
    if not takes_calls:  # pjsip sends a reliable response with its next poll: an agency's log would be early
        config.callConfig.prackUse = pj.PJSUA_100REL_OPTIONAL
    config.callConfig.timerUse = pj.PJSUA_SIP_TIMER_OPTIONAL
    config.callConfig.timerSessExpiresSec = SESSION_S
    config.mediaConfig.transportConfig.boundAddress = line.bind
    config.mediaConfig.transportConfig.port = RTP_PORTS[0]
    config.mediaConfig.transportConfig.portRange = RTP_PORTS[1] - RTP_PORTS[0]
    # pjsua tries a hundred pairs from the first on: with all processes beginning at the same one, a hundred calls of a
    # machine were its last.
    config.mediaConfig.transportConfig.randomizePort = True
    # The wheel has no IPv6 media; a build that has it would answer the relay's descriptions otherwise.
    config.mediaConfig.ipv6Use = pj.PJSUA_IPV6_DISABLED
    config.mediaConfig.srtpUse, config.mediaConfig.srtpSecureSignaling = SRTP[line.srtp], 0
    if line.srtp != "off":
        config.mediaConfig.srtpOpt.keyings.append(pj.PJMEDIA_SRTP_KEYING_SDES)
        for suite in SRTP_SUITES[: 1 if line.transport == "udp" else None]:
            crypto = pj.SrtpCrypto()
            crypto.name, crypto.flags = suite, 0
            config.mediaConfig.srtpOpt.cryptos.append(crypto)
    if line.proxy:
        config.sipConfig.proxies.append(line.proxy)
    config.regConfig.registrarUri = line.registrar
    config.regConfig.retryIntervalSec = 30
    if line.user:
        config.sipConfig.authCreds.append(pj.AuthCredInfo("digest", "*", line.user, 0, line.secret))
    return config


def choose_codecs(endpoint: pj.Endpoint, line: Line) -> None:
    """Offer the line's codecs in its own order, and no other."""
    wanted = {codec: 255 - rank for rank, codec in enumerate(line.codecs)}
    for known in endpoint.codecEnum2():
        endpoint.codecSetPriority(known.codecId, wanted.get(known.codecId.rsplit("/", 1)[0], 0))
