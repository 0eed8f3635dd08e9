"""Who calls back the test number hears a courtesy sentence and is logged; every other incoming call is refused."""

CALLBACKS = "callbacks.jsonl"
"""One line a call, in the agency's folder."""
