"""What a page may answer instead of itself."""

from __future__ import annotations


class NotSignedIn(Exception):
    """Somebody must log in first."""


class NotYet(Exception):
    """Somebody who is logged in has to do something else first."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path
        """The page where that is done."""


class Forbidden(Exception):
    """Somebody who is known may not do this."""


class Hidden(Exception):
    """There is no such thing, or not for this person: both look the same, so that nothing can be found by asking."""


class Stale(Exception):
    """A form without its token, or with that of another session: it is not done."""


class Foreign(Exception):
    """A request that a page of another site made, or for a name that this server does not have."""


class TooOften(Exception):
    """Too many log-ins failed."""

    def __init__(self, minutes: int) -> None:
        super().__init__(minutes)
        self.minutes = minutes
