"""What goes to a log: no secret ever; as JSON for a collector, telephone numbers but for their last three digits."""

from __future__ import annotations

import logging
import re
import sys
import threading
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from harness.plain_text import plain_json

SCHEMA = "thirdring.log/1"
KEPT_DIGITS = 3
_NUMBER = re.compile(r"(?<![\w.+-])(?!\d{4}-\d\d-\d\d)\+?\d(?:[ -]?\d){6,14}(?![\w-])")
_SECRETS = (
    (
        re.compile(r"(?i)\b(pass(?:word|wd)?|secret|token|api[_-]?key|response|cnonce)(\"?\s*[=:]\s*)\"?[^\s\",;]+\"?"),
        r"\1\2…",
    ),
    (re.compile(r"(?i)\b(authorization\s*:\s*)(?:Basic|Bearer|Digest)\b[^\r\n]*"), r"\1…"),
    (re.compile(r"(?i)\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}"), r"\1 …"),
    (re.compile(r"(?i)(\binline:)[^\s|;]+"), r"\1…"),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL), "…"),
    # A webhook's address is its password.
    (re.compile(r"(https?://)(?:[^\s/@]+@)?([^\s/?#\"'<>]+)[/?#][^\s\"'<>]+"), r"\1\2/…"),
)
_hidden: set[str] = set()
SHORTEST_HIDDEN = 4
"""Characters; a shorter secret would blank words, and is in nobody's log by its length."""


def hide(secret: str) -> str:
    """Remember a secret, so that no log line ever shows it; give it back."""
    if len(secret) >= SHORTEST_HIDDEN:
        _hidden.add(secret)
    return secret


def masked(text: str) -> str:
    """A text as a log that is collected may have it."""
    return _NUMBER.sub(_number, without_secrets(text))


def without_secrets(text: str) -> str:
    """A text as the operator's terminal may have it: who must ring a number again has to see it."""
    for secret in sorted(_hidden, key=len, reverse=True):
        text = text.replace(secret, "…")
    for pattern, kept in _SECRETS:
        text = pattern.sub(kept, text)
    return text


def masked_values(value: Any) -> Any:
    """The same of every text in a value of JSON."""
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, dict):
        return {name: masked_values(one) for name, one in value.items()}
    return [masked_values(one) for one in value] if isinstance(value, list | tuple) else value


def _number(found: re.Match[str]) -> str:
    digits = [at for at, sign in enumerate(found[0]) if sign.isdecimal()]
    hidden = set(digits[:-KEPT_DIGITS])
    return "".join("*" if at in hidden else sign for at, sign in enumerate(found[0]))


class JsonLines(logging.Formatter):
    """One line of JSON a record: schema, at (UTC), level, from, said, and what else it carries."""

    def format(self, record: logging.LogRecord) -> str:
        """Give the line."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        told: dict[str, Any] = {"schema": SCHEMA, "at": at, "level": record.levelname.lower(), "from": record.name}
        told["said"] = masked(record.getMessage())
        event = getattr(record, "event", None)
        if event is not None:
            told["event"] = masked_values(event)
        if record.exc_info:
            told["exception"] = masked("".join(traceback.format_exception(*record.exc_info)))
        return plain_json(told)


def begin() -> Callable[[str], None]:
    """Send every log of this process to standard error as lines of JSON; give what says a line of our own."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root, own = logging.getLogger(), logging.getLogger("thirdring")
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    own.setLevel(logging.INFO)
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread
    return lambda line: own.info("%s", line)


def tell_event(event: dict[str, Any], said: str, *, needs_person: bool) -> None:
    """Log something that happened, with what it is for machines."""
    level = logging.WARNING if needs_person else logging.INFO
    logging.getLogger("thirdring.programme").log(level, "%s", said, extra={"event": event})


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    logging.getLogger("thirdring").critical("%s", kind.__name__, exc_info=(kind, error, trace))


def _uncaught_in_thread(told: threading.ExceptHookArgs) -> None:
    if told.exc_value is not None and told.exc_type is not SystemExit:
        _uncaught(told.exc_type, told.exc_value, told.exc_traceback)
