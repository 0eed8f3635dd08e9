"""Every tester's browser telephone: one each, by login."""

from __future__ import annotations

import asyncio

from harness.assisted.browser.telephone import OVER, BrowserTelephone


class BrowserTelephones:
    """The telephones of a server."""

    def __init__(self) -> None:
        self._found: dict[str, BrowserTelephone] = {}
        self._opening: dict[str, asyncio.Lock] = {}
        self._kept: asyncio.Task[None] | None = None

    def of(self, login: str) -> BrowserTelephone | None:
        """Somebody's telephone, if it is there; from any thread."""
        found = self._found.get(login)
        return None if found is None or found.state == OVER or not found.address else found

    async def open(self, login: str) -> BrowserTelephone:
        """Somebody's telephone, made where there is none; raises EnvironmentFailed where it cannot be."""
        async with self._opening.setdefault(login, asyncio.Lock()):
            found = self.of(login)
            if found is None:
                found = BrowserTelephone()
                await found.start()
                self._found[login] = found
            self._kept = self._kept or asyncio.create_task(self._keep())
        return found

    async def _keep(self) -> None:
        """Wait for the loop's end, which cancels every task: no process outlives it."""
        try:
            await asyncio.Event().wait()
        finally:
            self.close()

    def close(self) -> None:
        """Put all of them away; on the pages' loop."""
        for one in self._found.values():
            one.close()
        self._found.clear()
