"""Calls with a known truth, made from a seed, and what the ear made of them."""
