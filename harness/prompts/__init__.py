"""Recorded prompts that a tester marked once, and where they are in every later call."""
