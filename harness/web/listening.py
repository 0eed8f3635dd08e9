"""The log of who listened to what: one line a listening, by whichever way somebody gets at the sound."""

from __future__ import annotations

from datetime import timedelta

from harness.web.visit import Visit

ONE_LISTENING = timedelta(minutes=30)
"""A player asks for many pieces; what it asks for within so long is one listening."""


def log_listening(visit: Visit, call_id: str, what: str = "heard") -> None:
    """Log that this person `heard` a call, once in ONE_LISTENING, or `downloaded` it, each time."""
    since = visit.now - ONE_LISTENING
    if what == "downloaded" or not visit.store.log.lately(what, who=visit.person.name, call_id=call_id, since=since):
        visit.log(what, call_id=call_id, login=visit.person.login)
