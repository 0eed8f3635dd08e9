"""What the suite asks of itself."""

from __future__ import annotations

import ast
from pathlib import Path

TRUTHS = {"packets", "pbx", "situations_run", "steadiness", "assisted_load"}
"""Where a module has the truth from that holds numbers of real calls against it: the wire, or a far end's own log."""


def test_what_measures_calls_against_the_clock_has_the_machine_for_itself() -> None:
    modules = {
        path.name: ast.parse(path.read_text(encoding="utf-8")) for path in Path(__file__).parent.glob("test_*.py")
    }
    real = {name for name, module in modules.items() if TRUTHS & _imported(module)}
    marked = {name for name, module in modules.items() if "realtime" in _marks(module)}
    assert len(real) >= 5
    assert real - marked == set()


def _imported(module: ast.Module) -> set[str]:
    return {str(node.module) for node in ast.walk(module) if isinstance(node, ast.ImportFrom)}


def _marks(module: ast.Module) -> set[str]:
    """Marks of the whole module."""
    assigned = [n for n in module.body if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == "pytestmark"]
    return {node.attr for one in assigned for node in ast.walk(one.value) if isinstance(node, ast.Attribute)}
