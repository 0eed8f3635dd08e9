"""The transports and addresses of record of one endpoint: its own line's, and others' that a leg is called on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pjsua2 as pj

from harness.softphone.errors import SoftphoneError
from harness.softphone.line import Line
from harness.softphone.pjsip.callbacks import Account, Endpoint
from harness.softphone.pjsip.configuration import TRANSPORTS, account_config, configure_tls

if TYPE_CHECKING:
    from harness.softphone.pjsip.legs import Legs

MOST_BESIDE = 6
"""pjsua has room for eight accounts, and a ninth aborts the process."""


class Accounts:
    """Opened when they are first called on, and kept."""

    def __init__(self, owner: Legs, endpoint: Endpoint, line: Line, *, takes_calls: bool) -> None:
        """Open the line's transport; its account is opened when the stack has started (`open`)."""
        self._owner, self._endpoint, self._line, self._takes_calls = owner, endpoint, line, takes_calls
        self._transport = self._open_transport(line)
        self._beside: dict[Line, Account] = {}

    def open(self) -> Account:
        """The account of the process's own line."""
        self._own = self._open_account(self._line, self._transport)
        return self._own

    def of(self, line: Line | None) -> Account:
        """The account of a line beside the process's own; of none, its own. SoftphoneError where there is no room."""
        if line is None or line == self._line:
            return self._own
        if line not in self._beside:
            if len(self._beside) >= MOST_BESIDE:
                raise SoftphoneError("softphone.line_full", what=line.id)
            self._beside[line] = self._open_account(line, self._open_transport(line))
        return self._beside[line]

    @property
    def port(self) -> int:
        """The local port of signalling that was bound."""
        return int(self._endpoint.transportGetInfo(self._transport).localName.rsplit(":", 1)[-1])

    def _open_transport(self, line: Line) -> int:
        config = pj.TransportConfig()
        config.port, config.boundAddress = line.port, line.bind
        if line.transport == "tls":
            configure_tls(config.tlsConfig, line)
        return int(self._endpoint.transportCreate(TRANSPORTS[line.transport, line.ipv6], config))

    def _open_account(self, line: Line, transport: int) -> Account:
        account = Account(self._owner)
        account.create(account_config(line, takes_calls=self._takes_calls, transport=transport))
        return account
