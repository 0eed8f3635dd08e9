"""The testers' own telephones: rung first in an assisted call, each only because the agency configured it."""

from __future__ import annotations

from ipaddress import AddressValueError, IPv4Address
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from harness.errors import WrongInput
from harness.number_text import PLAIN_ADDRESS, digits_of, target_of
from harness.toml_file import Written

if TYPE_CHECKING:
    from harness.agency import Agency


class DeskTelephone(Written):
    """`[[telephones]]` of agency.toml: one tester's own telephone."""

    tester: Annotated[str, Field(min_length=1)]
    """Whose it is; the name that the tester has everywhere."""
    number: str = ""
    """Its number or extension, on a line of ours."""
    line: str = ""
    """The line of agency.toml that it is rung on; empty: that of the call."""
    address: str = ""
    """Or its SIP address, `sip:name@192.0.2.7:5060`, which is invited directly. No host name: whoever looks one up may
    wait for seconds while a call is up."""
    muted: bool = True
    """Whether the tester hears only, until the agency has picked up."""

    @model_validator(mode="after")
    def _one_way_to_reach_it(self) -> DeskTelephone:
        if bool(self.number) == bool(self.address) or (self.line and self.address):
            raise PydanticCustomError("telephone.one_way", "one way", {"tester": self.tester})
        if self.number and not digits_of(self.number):
            raise PydanticCustomError("telephone.number", "number", {"tester": self.tester, "number": self.number})
        if self.address and (not _is_plain(self.address) or target_of(self.address) is None):
            raise PydanticCustomError("telephone.address", "address", {"tester": self.tester, "address": self.address})
        return self

    @property
    def digits(self) -> str:
        """The number that it amounts to, digits only; empty where its address is no number."""
        target = target_of(self.address) if self.address else None
        return digits_of(self.number) if target is None else target.digits

    @property
    def on_loopback(self) -> bool:
        """Whether it is a process of this machine: on loopback, and its name is no number."""
        found = PLAIN_ADDRESS.fullmatch(self.address)
        return bool(found and found["host"] == "127.0.0.1" and not self.digits)


def _is_plain(address: str) -> bool:
    """Whether an address has nothing encoded, and its host is an IPv4 address."""
    found = PLAIN_ADDRESS.fullmatch(address)
    try:
        return found is not None and bool(IPv4Address(found["host"]))
    except AddressValueError:
        return False


def loopback_telephone(tester: str, address: str, *, muted: bool = True) -> DeskTelephone:
    """Give the telephone that a process of this machine is; WrongInput for any other address."""
    telephone = DeskTelephone.model_construct(tester=tester, address=address, muted=muted)
    if not telephone.on_loopback:
        raise WrongInput("telephone.not_loopback", address=address)
    return telephone


def telephone_of(tester: str, agency: Agency) -> DeskTelephone:
    """Give a tester's telephone; WrongInput names those that have one."""
    found = [one for one in agency.settings.telephones if one.tester == tester]
    if not found:
        known = "、".join(one.tester for one in agency.settings.telephones) or "—"
        raise WrongInput("telephone.none", tester=tester, known=known)
    return found[0]
