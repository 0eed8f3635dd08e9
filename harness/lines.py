"""The lines of agency.toml: where a call goes out, as whom, and where the line's secret is kept."""

from __future__ import annotations

import errno
import os
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from harness.errors import AgencyError, EnvironmentFailed
from harness.logs import hide
from harness.toml_file import Written

if TYPE_CHECKING:
    from harness.agency import Agency
    from harness.softphone.line import Line

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
Uri = Annotated[str, Field(pattern=r"^sips?:[^\s<>\"]+@[^\s<>\"]+$")]
MOST_AT_ONCE = 400
"""Calls at once that an agency or a line may set; a line has RTP ports for more. A thread is started for each when a
call needs one."""
OldOpenssl = Literal[
    "我知道這個 OpenSSL 已無人維護，仍然要用",
    "I know that nobody mends this OpenSSL and use it all the same",
]
Codec = Literal["PCMA/8000", "PCMU/8000", "G722/16000"]


class LineSettings(Written):
    """One line (a SIP account or a trunk) as agency.toml describes it. Never holds the secret itself."""

    id: Name = "main"
    """Name of the line; units.csv refers to it."""
    server: Annotated[str, Field(pattern=r"^[A-Za-z0-9.\-\[\]:]+$")] = "127.0.0.1:5060"
    """The SIP server or the PBX, `host:port`."""
    transport: Literal["udp", "tcp", "tls"] = "udp"
    """Transport of the signalling; TLS 1.2, and 1.3 where the telephone's library can."""
    tls_ca_file: str | None = None
    """Certificates that are trusted, PEM, relative to the agency folder; none: the system's."""
    tls_verify: bool = True
    """Whether the server's certificate is verified; without it anybody on the way can listen and call."""
    tls_server_name: Annotated[str, Field(pattern=r"^[A-Za-z0-9.\-]*$")] = ""
    """Name that the certificate carries, where `server` is an address; empty: the host of `server`."""
    accept_old_openssl: OldOpenssl | None = None
    """The sentence, in either language, by which TLS goes by an OpenSSL that nobody mends; else it is refused."""
    srtp: Literal["off", "optional", "mandatory"] = "off"
    """Encrypted sound (SRTP, keys by SDES): only over TLS are the keys themselves out of sight."""
    max_calls: Annotated[int, Field(ge=1, le=MOST_AT_ONCE)] | None = None
    """Calls at once that the line (the trunk, the account) carries; none: as many as the agency allows at once."""
    from_uri: Uri = "sip:thirdring@127.0.0.1"
    """Who the far end sees calling: a number that this line owns."""
    caller_ids: Annotated[tuple[Uri, ...], Field(strict=False, max_length=50)] = ()
    """Addresses of this line that calls show in turn, so that nobody knows the tester's; none: `from_uri`."""
    caller_id_seed: int | None = None
    """Draws each call's caller ID by lot instead, with this seed."""
    number_template: Annotated[str, Field(pattern=r"^sips?:\{number\}@[A-Za-z0-9.\-\[\]:;=]+$")] | None = None
    """SIP URI of a number; none: `sip:{number}@` and the server."""
    outside_prefix: Annotated[str, Field(pattern=r"^[0-9]{0,2}$")] = ""
    """What the PBX wants before a number outside; put before numbers that begin with 0."""
    register_: bool = Field(default=False, alias="register")
    """Whether to register with the server."""
    user: str = ""
    """User name of digest authentication; empty: the server asks for none."""
    secret_env: Annotated[str, Field(pattern=r"^[A-Z_][A-Z0-9_]*$")] | None = None
    """Environment variable that holds the password."""
    secret_file: str | None = None
    """File that holds the password, readable by its owner only (mode 0600); relative to the agency folder."""
    secret_keyring: Annotated[str, Field(min_length=1)] | None = None
    """Service under which the system's keyring holds the password of `user`; needs the extra `keyring`."""
    codecs: Annotated[tuple[Codec, ...], Field(strict=False, min_length=1, max_length=3)] = (
        "PCMA/8000",
        "PCMU/8000",
    )
    """Codecs offered, best first."""
    bind: str = ""
    """Local address; empty: the one that the route gives."""
    proxy: str = ""
    """Outbound proxy, a SIP URI."""
    signals_release: bool = False
    """Whether it is proved that this line tells who hung up: analogue trunks send BYE late or never."""

    @field_validator("outside_prefix")
    @classmethod
    def _no_dialling_code(cls, value: str) -> str:
        # 00x and 01x are international, 02 an area code: none of them is an outside line.
        if len(value) == 2 and value[0] == "0":
            raise PydanticCustomError("agency.outside_prefix", "prefix", {"prefix": value})
        return value

    @model_validator(mode="after")
    def _one_place_for_the_secret(self) -> Self:
        if sum(map(bool, (self.secret_env, self.secret_file, self.secret_keyring))) > 1:
            raise PydanticCustomError("agency.two_secrets", "two secrets", {"line": self.id})
        if self.register_ and not self.user:
            raise PydanticCustomError("agency.register_without_user", "no user", {"line": self.id})
        return self

    def address(self, number: str) -> str:
        """Give the SIP URI of a number (digits only); permits come from the number gate, not from here."""
        template = self.number_template or f"sip:{{number}}@{self.server}"
        uri = template.format(number=self.dialled(number))
        return uri if self.transport == "udp" or "transport=" in uri else f"{uri};transport={self.transport}"

    def dialled(self, number: str) -> str:
        """Give the digits as the server gets them: numbers outside with the prefix."""
        return self.outside_prefix + number if number.startswith("0") else number


def softphone_line(settings: LineSettings, *, folder: Path) -> Line:
    """Give the line as the softphone wants it, its secret fetched from where it is kept.

    Raises EnvironmentFailed where there is no secret, and LineError where TLS would go by an OpenSSL that nobody mends.
    """
    from harness.softphone.line import Line

    _refuse_old_openssl(settings)
    return Line(
        id=settings.id,
        transport=settings.transport,
        bind=settings.bind,
        from_uri=settings.from_uri,
        registrar=_registrar(settings) if settings.register_ else "",
        user=settings.user,
        secret=secret_of(settings, folder=folder),
        codecs=tuple(settings.codecs),
        proxy=settings.proxy,
        server=settings.server,
        ipv6=settings.server.startswith("[") or ":" in settings.bind,
        tls_ca_file=_certificates(settings, folder),
        tls_verify=settings.tls_verify,
        tls_server_name=settings.tls_server_name,
        accept_old_openssl=settings.accept_old_openssl is not None,
        srtp=settings.srtp,
        caller_ids=tuple(settings.caller_ids),
        caller_id_seed=settings.caller_id_seed,
        max_calls=settings.max_calls,
    )


def secret_of(settings: LineSettings, *, folder: Path) -> str:
    """Fetch a line's secret from where it is kept. Raises EnvironmentFailed or AgencyError where it is not."""
    return hide(_secret(settings, folder))


def calls_before(agency: Agency, line_id: str) -> int:
    """Count the calls that the ledger has of a line: whose turn it is among its caller IDs."""
    from harness.ledger import claims

    return sum(claim.line == line_id for claim in claims(agency))


def line_warnings(settings: LineSettings) -> tuple[str, ...]:
    """Give the keys of the sentences that a person should read before this line is used."""
    shown = settings.caller_ids or (settings.from_uri,)
    found = {
        "line.inside_number": any(_is_inside(uri) for uri in shown),
        "line.one_caller": len(shown) == 1,
        "line.keys_in_sight": settings.srtp != "off" and settings.transport != "tls",
        "line.unverified": settings.transport == "tls" and not settings.tls_verify,
        "line.srtp_optional": settings.srtp == "optional",
    }
    return tuple(key for key, holds in found.items() if holds)


def _refuse_old_openssl(settings: LineSettings) -> None:
    if settings.transport != "tls" or settings.accept_old_openssl is not None:
        return
    from harness.softphone.errors import SoftphoneError
    from harness.softphone.library import library

    if library().old_openssl:
        raise SoftphoneError("softphone.old_openssl", line=settings.id, openssl=library().openssl_text)


def _is_inside(uri: str) -> bool:
    """Whether a caller ID is an extension: the telephone that rings shows an inside number, and who tests."""
    user = uri.partition(":")[2].partition("@")[0]
    return bool(re.fullmatch(r"[0-9]{2,6}", user))


def _registrar(settings: LineSettings) -> str:
    uri = f"sip:{settings.server}"
    return uri if settings.transport == "udp" else f"{uri};transport={settings.transport}"


def _certificates(settings: LineSettings, folder: Path) -> str:
    if settings.tls_ca_file is None:
        return ""
    path = folder / settings.tls_ca_file
    if not path.is_file():
        raise EnvironmentFailed("file.unreadable", file=path.name, reason=os.strerror(errno.ENOENT))
    return str(path.resolve())


def _secret(settings: LineSettings, folder: Path) -> str:
    if settings.secret_env:
        if settings.secret_env not in os.environ:
            raise EnvironmentFailed("agency.no_secret_env", line=settings.id, variable=settings.secret_env)
        return os.environ[settings.secret_env]
    if settings.secret_file:
        return _secret_from_file(folder / settings.secret_file, settings.id)
    if settings.secret_keyring:
        return _secret_from_keyring(settings.secret_keyring, settings)
    return ""


def _secret_from_keyring(service: str, settings: LineSettings) -> str:
    try:
        import keyring
    except ImportError:
        raise EnvironmentFailed("line.no_keyring", line=settings.id) from None
    try:
        secret = keyring.get_password(service, settings.user)
    except Exception as error:  # a locked keyring, no service on the bus: each backend raises its own
        reason = type(error).__name__
        raise EnvironmentFailed("line.keyring_silent", line=settings.id, service=service, reason=reason) from None
    if secret is None:
        raise EnvironmentFailed("line.not_in_keyring", line=settings.id, service=service, user=settings.user)
    return str(secret)


def _secret_from_file(path: Path, line: str) -> str:
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise AgencyError("agency.secret_file_open", line=line, file=path.name)
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise EnvironmentFailed("file.unreadable", file=path.name, reason=reason) from None
