"""Is this installation fit to measure? A room a check, each saying what was measured and what to do about it."""
