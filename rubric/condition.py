"""Conditions of a form, such as `not transferred` or `answerer_role in ['owner']`, in three-valued logic.

What is not known is `None`, and a condition that hangs on it is `None` too (Kleene): missing is never false.
"""

import ast
from collections.abc import Callable, Mapping
from functools import cache

from rubric.words import Phrase, phrase

Known = bool | str | None


class ConditionError(ValueError):
    """A condition that cannot be read; the message is the part that is not allowed."""


@cache
def names_of(text: str) -> frozenset[str]:
    """The names a condition hangs on. Raises `ConditionError` when it is not a condition."""
    tree = _parse(text)
    return frozenset(node.id for node in ast.walk(tree) if isinstance(node, ast.Name))


def holds(text: str, known: Mapping[str, Known]) -> bool | None:
    """Whether a condition holds with what is `known`; `None` when that is not enough to tell."""
    value = _value(_parse(text), known)
    return None if value is None else bool(value)


def spoken(text: str, name_of: Callable[[str], Phrase | str]) -> Phrase | str:
    """A condition as people say it; `name_of` gives the words of a name, or of one of a name's values."""
    return _spoken(_parse(text), name_of)


def _bracketed(node: ast.expr, name_of: Callable[[str], Phrase | str]) -> Phrase | str:
    told = _spoken(node, name_of)
    return phrase("cond.group", what=told) if isinstance(node, ast.BoolOp) else told


def _spoken(node: ast.expr, name_of: Callable[[str], Phrase | str]) -> Phrase | str:
    match node:
        case ast.Name(id=name) | ast.Constant(value=str() as name):
            return name_of(name)
        case ast.UnaryOp(operand=operand):
            return phrase("cond.not", what=_spoken(operand, name_of))
        case ast.BoolOp(op=op, values=parts):
            told = [_bracketed(part, name_of) for part in parts]
            key = "cond.or" if isinstance(op, ast.Or) else "cond.and"
            first, *rest = told
            for one in rest:
                first = phrase(key, first=first, second=one)
            return first
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            others = right.elts if isinstance(right, ast.List | ast.Tuple) else [right]
            values = tuple(_spoken(one, name_of) for one in others)
            key = "cond.is_not" if isinstance(op, ast.NotEq) else "cond.is"
            return phrase(key, name=_spoken(left, name_of), values=values)
    raise ConditionError(ast.unparse(node))


@cache
def _parse(text: str) -> ast.expr:
    try:
        tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError) as error:
        raise ConditionError(text) from error
    _check(tree)
    return tree


def _check(node: ast.expr) -> None:
    match node:
        case ast.Name() | ast.Constant(value=str()):
            return
        case ast.BoolOp(values=parts) | ast.List(elts=parts) | ast.Tuple(elts=parts):
            pass
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            parts = [operand]
        case ast.Compare(left=left, ops=[ast.Eq() | ast.NotEq() | ast.In()], comparators=[right]):
            parts = [left, right]
        case _:
            raise ConditionError(ast.unparse(node))
    for part in parts:
        _check(part)


def _value(node: ast.expr, known: Mapping[str, Known]) -> Known:
    match node:
        case ast.Name(id=name):
            return known.get(name)
        case ast.Constant(value=str() as text):
            return text
        case ast.UnaryOp(operand=operand):
            value = _value(operand, known)
            return None if value is None else not value
        case ast.BoolOp(op=op, values=parts):
            return _joined([_value(part, known) for part in parts], decided_by=isinstance(op, ast.Or))
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return _compared(_value(left, known), op, right, known)
    raise ConditionError(ast.unparse(node))


def _joined(values: list[Known], *, decided_by: bool) -> bool | None:
    """`or` is decided by a true part, `and` by a false one; else by nothing unknown."""
    if any(value is not None and bool(value) is decided_by for value in values):
        return decided_by
    return None if None in values else not decided_by


def _compared(left: Known, op: ast.cmpop, right: ast.expr, known: Mapping[str, Known]) -> bool | None:
    if isinstance(right, ast.List | ast.Tuple):
        others = [_value(part, known) for part in right.elts]
    else:
        others = [_value(right, known)]
    if left is None or None in others:
        return None
    return (left in others) is not isinstance(op, ast.NotEq)
