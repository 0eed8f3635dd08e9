"""Work of a page that takes longer than anybody waits for: in a thread of its own, one at a time, its result kept."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from harness.errors import ThirdringError

Result = TypeVar("Result")
_log = logging.getLogger(__name__)


@dataclass(eq=False)
class Job(Generic[Result]):
    """The work that is being done, or was done last."""

    name: str
    """What the log calls it."""
    result: Result | None = None
    """What the last one gave; None: there was none since the server began, or it failed."""
    at: datetime | None = None
    """When that one was begun, UTC."""
    error: ThirdringError | None = None
    """Why the last one could not be done; None: it could."""
    failed: bool = False
    """Whether the last one ended in a fault of ours."""
    running: bool = False
    """Whether one is being done now."""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _thread: threading.Thread | None = None

    def start(self, work: Callable[[], Result], *, now: datetime) -> bool:
        """Begin; False where one is being done already."""
        with self._lock:
            if self.running:
                return False
            self.running, self.result, self.error, self.failed, self.at = True, None, None, False, now
            self._thread = threading.Thread(target=self._run, args=(work,), name=self.name, daemon=True)
            self._thread.start()
        return True

    def wait(self, timeout_s: float) -> None:
        """Until it has ended, or so long."""
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _run(self, work: Callable[[], Result]) -> None:
        try:
            self.result = work()
        except ThirdringError as error:
            self.error = error
        except Exception:
            _log.exception("%s", self.name)
            self.failed = True
        finally:
            self.running = False
