"""The permit: leave to dial one number once, that nobody else can make, change, copy for a second call or keep."""

from __future__ import annotations

import hmac
import os
import secrets
import time
from dataclasses import InitVar, dataclass, field, fields
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Literal

from harness.errors import Refused
from harness.number_gate.called_number import To
from harness.number_gate.pressed_digits import NO_EXTENSION, Keys

if TYPE_CHECKING:
    from harness.directory import Unit

SEAL = object()  # only `decision` puts it on
_SECRET = secrets.token_bytes(32)  # of this process: a permit of another one, or of a file, proves nothing here
_REDEEMED: set[str] = set()
PERMIT_LASTS_S = 120.0
"""A permit that was not dialled for so long tells nothing any more of hours and caps; a telephone starts in 15 s."""


@dataclass(frozen=True, kw_only=True)
class Permit:
    """Leave to dial one number once. Made by `permit` and by nothing else."""

    unit: Unit
    """The unit that is called."""
    to: To | Literal["tester"]
    """Whose number it is: the unit's own, its site's switchboard, or a tester's own telephone (`permit_telephone`)."""
    number: str
    """The number, digits only, without an outside-line prefix; of a tester's SIP address its name."""
    uri: str
    """The SIP URI to invite."""
    line_id: str
    """The line to call on."""
    issued_at: datetime
    """When the gate said yes."""
    follows: tuple[str, ...] = ()
    """Numbers and extensions, digits only, to which a redirection or a transfer of this call may lead."""
    servers: tuple[str, ...] = ()
    """Hosts of the line's own server: elsewhere the same digits are another telephone."""
    outside_prefix: str = ""
    """What the line's PBX wants before a number outside."""
    template: str = ""
    """SIP URI on the line, `{number}` standing for what its server gets."""
    keys: Keys = NO_EXTENSION
    """What may be pressed inside the call."""
    longest_s: float = 300.0
    """The call is ended after so many seconds."""
    issued_s: float = 0.0
    """When the gate said yes, on the monotonic clock, which nobody sets back."""
    nonce: str = ""
    """Unlike every other permit's."""
    proof: str = field(default="", repr=False, compare=False)
    """What only the gate of this process can make of all the other fields."""
    seal: InitVar[object]
    """Shows that the gate makes it; not kept, so that a copy with another number is no permit."""

    def __post_init__(self, seal: object) -> None:
        if seal is not SEAL:
            raise TypeError("a Permit is made by harness.number_gate.permit only")
        object.__setattr__(self, "nonce", secrets.token_hex(16))
        object.__setattr__(self, "issued_s", time.monotonic())
        object.__setattr__(self, "proof", _proof(self))

    def __repr__(self) -> str:
        return f"Permit({self.unit.unit}, {self.number}, {self.uri})"


def redeem(leave: Permit) -> str:
    """Give the SIP URI of a permit, once; Refused for one that the gate did not make, or is used or old.

    Every telephone asks this before its INVITE: a copy, a changed or an unpickled permit dials nothing.
    """
    if type(leave) is not Permit or not hmac.compare_digest(leave.proof, _proof(leave)):
        raise Refused("refused.permit_forged")
    if leave.nonce in _REDEEMED:
        raise Refused("refused.permit_used", number=leave.number)
    if not 0 <= time.monotonic() - leave.issued_s <= PERMIT_LASTS_S:
        raise Refused("refused.permit_old", number=leave.number, seconds=f"{PERMIT_LASTS_S:g}")
    _REDEEMED.add(leave.nonce)
    return leave.uri


def _proof(leave: Permit) -> str:
    said = "\0".join(_said(getattr(leave, one.name)) for one in fields(Permit) if one.name != "proof")
    return hmac.new(_SECRET, said.encode(), sha256).hexdigest()


def _said(value: object) -> str:
    """One text for one value: a set tells its members in another order when it was copied."""
    if isinstance(value, Keys):
        return "\0".join(_said(getattr(value, one.name)) for one in fields(Keys))
    return repr(sorted(map(repr, value))) if isinstance(value, frozenset) else repr(value)


def _new_process() -> None:
    global _SECRET
    _SECRET = secrets.token_bytes(32)  # a permit that was redeemed there must not be redeemed here again


os.register_at_fork(after_in_child=_new_process)
