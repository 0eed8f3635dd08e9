"""Recorded prompts remembered by their sound and found again, and the same sound heard twice."""
