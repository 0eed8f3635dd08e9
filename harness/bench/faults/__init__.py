"""Faults, round by round: each breaks something at a place that its seed chooses, lets the programme go on, and looks
at what was lost. The tests run a few rounds of each, `python -m harness.bench.reliability` many.
"""
