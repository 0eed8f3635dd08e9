"""The lines of agency.toml: where a call goes out, as whom, and where the line's secret is kept."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from harness.errors import AgencyError, EnvironmentFailed
from harness.toml_file import Written

if TYPE_CHECKING:
    from harness.softphone.line import Line

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
Codec = Literal["PCMA/8000", "PCMU/8000", "G722/16000"]


class LineSettings(Written):
    """One line (a SIP account or a trunk) as agency.toml describes it. Never holds the secret itself."""

    id: Name = "main"
    """Name of the line; units.csv refers to it."""
    server: Annotated[str, Field(pattern=r"^[A-Za-z0-9.\-\[\]:]+$")] = "127.0.0.1:5060"
    """The SIP server or the PBX, `host:port`."""
    transport: Literal["udp", "tcp"] = "udp"
    """Transport of the signalling."""
    from_uri: Annotated[str, Field(pattern=r"^sips?:[^\s<>\"]+@[^\s<>\"]+$")] = "sip:thirdring@127.0.0.1"
    """Who the far end sees calling: a number that this line owns."""
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
        if self.secret_env and self.secret_file:
            raise PydanticCustomError("agency.two_secrets", "two secrets", {"line": self.id})
        if self.register_ and not self.user:
            raise PydanticCustomError("agency.register_without_user", "no user", {"line": self.id})
        return self

    def address(self, number: str) -> str:
        """Give the SIP URI of a number (digits only); permits come from the number gate, not from here."""
        template = self.number_template or f"sip:{{number}}@{self.server}"
        uri = template.format(number=self.dialled(number))
        return f"{uri};transport=tcp" if self.transport == "tcp" and "transport=" not in uri else uri

    def dialled(self, number: str) -> str:
        """Give the digits as the server gets them: numbers outside with the prefix."""
        return self.outside_prefix + number if number.startswith("0") else number


def softphone_line(settings: LineSettings, *, folder: Path) -> Line:
    """Give the line as the softphone wants it, its secret fetched from where it is kept."""
    from harness.softphone.line import Line

    return Line(
        id=settings.id,
        transport=settings.transport,
        bind=settings.bind,
        from_uri=settings.from_uri,
        registrar=f"sip:{settings.server}" if settings.register_ else "",
        user=settings.user,
        secret=_secret(settings, folder),
        codecs=tuple(settings.codecs),
        proxy=settings.proxy,
    )


def _secret(settings: LineSettings, folder: Path) -> str:
    if settings.secret_env:
        if settings.secret_env not in os.environ:
            raise EnvironmentFailed("agency.no_secret_env", line=settings.id, variable=settings.secret_env)
        return os.environ[settings.secret_env]
    if settings.secret_file:
        return _secret_from_file(folder / settings.secret_file, settings.id)
    return ""


def _secret_from_file(path: Path, line: str) -> str:
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise AgencyError("agency.secret_file_open", line=line, file=path.name)
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise EnvironmentFailed("file.unreadable", file=path.name, reason=reason) from None
