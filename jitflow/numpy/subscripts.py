"""The subscripts of einsum: text or lists, and their faults.

Owns what a term is: a tuple of labels, one for each axis of an operand. Knows shapes, no ops.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

from jitflow.errors import ShapeError
from jitflow.ir.types import Dimension, Shape
from jitflow.numpy.basics import Array, fail

Label = str
"""A letter, or `...k` for the k-th last axis that an ellipsis stands for."""

Term = tuple[Label, ...]
_DOTS = "..."
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CURE = "write the subscripts as in 'ij,jk->ik', or '...ij,...jk' for leading axes"


def refuse(problem: str, shapes: Sequence[Shape] = (), cure: str = _CURE) -> NoReturn:
    fail(ShapeError, problem, op="einsum", shapes=shapes, cure=cure)


def separate(operands: Sequence[Any]) -> tuple[list[Term], Term | None, list[Any]]:
    """Terms, that of the result or None, and the arrays; from either form of einsum's arguments.

    An ellipsis is the label "..." here.
    """
    if isinstance(operands[0], str):
        text, *arrays = operands
        inputs, arrow, result = text.partition("->")
        terms = [_read(term) for term in inputs.split(",")]
        return terms, _read(result) if arrow else None, arrays
    pairs = len(operands) // 2
    if not pairs:
        refuse("the subscripts of an operand are missing")
    terms = [_listed(term) for term in operands[1 : 2 * pairs : 2]]
    result = _listed(operands[-1]) if len(operands) % 2 else None
    return terms, result, list(operands[0 : 2 * pairs : 2])


def _read(text: str) -> Term:
    """The labels of one term in text."""
    text = text.replace(" ", "")
    before, dots, after = text.partition(_DOTS)
    labels = (*before, *((dots,) if dots else ()), *after)
    for letter in before + after:
        if letter == ".":
            refuse(f"'{text}' has a '.' that is not part of an ellipsis ('...')")
        if letter not in _LETTERS:
            refuse(f"invalid subscript {letter!r}: subscripts are letters")
    return labels


def _listed(term: Any) -> Term:
    """The labels of one term that is a list of integers and Ellipsis."""
    if type(term) is Array or not isinstance(term, (list, tuple)):
        refuse("each operand is followed by the list of its subscripts", cure="or give a text")
    return tuple([_label(entry) for entry in term])


def _label(entry: Any) -> Label:
    if entry is Ellipsis:
        return _DOTS
    if not hasattr(entry, "__index__"):
        refuse("each subscript must be either an integer or an ellipsis")
    if not 0 <= entry.__index__() < len(_LETTERS):
        refuse(f"subscript {entry} is not within 0..{len(_LETTERS) - 1}")
    return _LETTERS[entry.__index__()]


def resolve(
    terms: Sequence[Term], result: Term | None, shapes: Sequence[Shape]
) -> tuple[list[Term], Term]:
    """Terms with a label for each axis; the result's, worked out where it is not given."""
    if len(terms) != len(shapes):
        refuse(f"{len(terms)} terms do not fit {len(shapes)} operands", shapes)
    full = [_expanded(term, shape) for term, shape in zip(terms, shapes, strict=True)]
    given = [label for term in full for label in term]
    longest = max([sum(label.startswith(_DOTS) for label in term) for term in full])
    dots = tuple(f"{_DOTS}{k}" for k in range(longest, 0, -1))
    if result is None:
        letters = sorted(set(given) - set(dots))
        return full, (*dots, *(c for c in letters if given.count(c) == 1))
    return full, _checked_result(result, dots, given)


def _expanded(term: Term, shape: Shape) -> Term:
    count = sum(label != _DOTS for label in term)
    hidden = len(shape) - count
    name = "".join(term)
    if term.count(_DOTS) > 1:
        refuse(f"'{name}' has more than one ellipsis")
    if hidden < 0:
        refuse(f"'{name}' names {count} axes", [shape])
    if _DOTS not in term:
        if hidden:
            refuse(f"'{name}' names {count} axes, and has no '...' for the others", [shape])
        return term
    place = term.index(_DOTS)
    dots = [f"{_DOTS}{k}" for k in range(hidden, 0, -1)]
    return (*term[:place], *dots, *term[place + 1 :])


def _checked_result(result: Term, dots: Term, given: Sequence[Label]) -> Term:
    for label in result:
        if result.count(label) > 1:
            refuse(f"the output has subscript '{label}' more than once")
        if label != _DOTS and label not in given:
            refuse(f"the output has subscript '{label}', which no operand has")
    if dots and _DOTS not in result:
        refuse("the output has no '...' for the axes that an ellipsis stands for")
    place = result.index(_DOTS) if _DOTS in result else len(result)
    return (*result[:place], *dots, *result[place + 1 :])


def extents(terms: Sequence[Term], shapes: Sequence[Shape]) -> dict[Label, Dimension]:
    """The size of each label; axes of size 1 spread to that of others."""
    sizes: dict[Label, Dimension] = {}
    for term, shape in zip(terms, shapes, strict=True):
        for label, size in zip(term, shape, strict=True):
            known = sizes.setdefault(label, size)
            if known == 1:
                sizes[label] = size
            elif size not in (1, known):
                refuse(f"subscript '{label}' has size {known} and size {size}", shapes, cure="")
    return sizes
