"""Ringing in, legs out: who picked up and when, as spans that surely hold it, and what a person has to say."""
