"""How many requests were answered, and how fast: for /metrics."""

from __future__ import annotations

import threading
from collections import Counter

BOUNDS_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Upper bounds of the histogram of times to answer."""


class Counts:
    """Counters of one server; any thread may add."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._status: Counter[int] = Counter()
        self._within: Counter[float] = Counter()
        self._sum_s, self._n = 0.0, 0

    def add(self, status: int, seconds: float) -> None:
        """Count an answer."""
        with self._lock:
            self._status[status] += 1
            self._n, self._sum_s = self._n + 1, self._sum_s + seconds
            self._within.update(bound for bound in BOUNDS_S if seconds <= bound)

    def lines(self) -> list[str]:
        """As Prometheus reads them."""
        with self._lock:
            found = ["# TYPE thirdring_http_responses_total counter"]
            found += [
                f'thirdring_http_responses_total{{status="{status}"}} {n}' for status, n in sorted(self._status.items())
            ]
            found.append("# TYPE thirdring_http_response_seconds histogram")
            found += [
                f'thirdring_http_response_seconds_bucket{{le="{bound}"}} {self._within[bound]}' for bound in BOUNDS_S
            ]
            found.append(f'thirdring_http_response_seconds_bucket{{le="+Inf"}} {self._n}')
            found.append(f"thirdring_http_response_seconds_sum {self._sum_s:.6f}")
            found.append(f"thirdring_http_response_seconds_count {self._n}")
        return found
