"""The sound of a tester's browser."""

from __future__ import annotations

from harness.web.rights import Right
from harness.web.sockets import Wire, socket
from harness.web.sound_wire import carry


@socket("/assist/sound", right=Right.ASSIST)
async def sound(wire: Wire) -> None:
    """Be somebody's telephone: one each, so that the page that was opened last has it."""
    await carry(wire, await wire.site.telephones.open(wire.login))
