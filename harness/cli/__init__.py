"""The command line: thin commands over the functions of the harness."""

from harness.cli.program import main

__all__ = ["main"]
