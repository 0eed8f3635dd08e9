"""The database of one agency: calls, their recordings, score sheets side by side, and who answered what."""

from harness.store.store import Store, open_store

__all__ = ["Store", "open_store"]
