"""einsum: products over named axes, two operands at a time from the left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from jitflow.errors import ShapeError
from jitflow.ir.dtypes import bool_
from jitflow.numpy.basics import Array, as_array, common_dtype, convert, emit, fail, operand
from jitflow.numpy.products import Axes, contract
from jitflow.numpy.registry import numpy_function
from jitflow.numpy.shaping import permuted


@numpy_function(np.einsum)
def einsum(*operands: Any) -> Array:
    """Subscripts as text, without "..." and repeated letters in one operand."""
    if not operands or not isinstance(operands[0], str):
        fail(ShapeError, "give the subscripts as text, as in 'ij,jk->ik'", op="einsum")
    text, *rest = operands
    terms, result = _einsum_terms(text.replace(" ", ""), len(rest))
    dtype = common_dtype([operand(x) for x in rest])
    parts = []
    for term, x in zip(terms, rest, strict=True):
        array = convert(as_array(x), dtype)
        if len(term) != array.type.rank:
            fail(
                ShapeError,
                f"'{term}' names {len(term)} axes",
                op="einsum",
                shapes=[array.type.shape],
            )
        parts.append((term, array))
    while len(parts) > 1:
        first, second = parts[0], parts[1]
        kept = set(result).union(*(term for term, _ in parts[2:]))
        parts[:2] = [_einsum_pair(first, second, kept)]
    return _einsum_result(*parts[0], result)


def _einsum_terms(text: str, count: int) -> tuple[list[str], str]:
    inputs, arrow, result = text.partition("->")
    terms = inputs.split(",")
    letters = inputs.replace(",", "")
    if not arrow:
        result = "".join(sorted(c for c in set(letters) if letters.count(c) == 1))
    simple = all(len(set(term)) == len(term) for term in (*terms, result))
    if not (letters + result).isalpha() and letters + result or not simple:
        fail(
            ShapeError,
            f"subscripts '{text}' are not supported yet",
            op="einsum",
            cure="letters only, each once in an operand",
        )
    if len(terms) != count or set(result) - set(letters):
        fail(ShapeError, f"subscripts '{text}' do not fit {count} operands", op="einsum")
    return terms, result


def _einsum_pair(
    first: tuple[str, Array], second: tuple[str, Array], kept: set[str]
) -> tuple[str, Array]:
    """Two operands contracted over the letters that nothing else needs."""
    (left, x), (right, y) = first, second
    left, x = _einsum_sum(left, x, kept | set(right))
    right, y = _einsum_sum(right, y, kept | set(left))
    shared = [c for c in left if c in right]
    summed = [c for c in shared if c not in kept]
    batch = [c for c in shared if c in kept]
    axes = _places(left, summed), _places(right, summed)
    product = contract("einsum", x, y, axes, (_places(left, batch), _places(right, batch)))
    rest = [c for c in left + right if c not in shared]
    return "".join(batch + rest), product


def _places(term: str, letters: Sequence[str]) -> Axes:
    return tuple([term.index(c) for c in letters])


def _einsum_sum(term: str, x: Array, kept: set[str]) -> tuple[str, Array]:
    gone = tuple([k for k, c in enumerate(term) if c not in kept])
    if not gone:
        return term, x
    if x.type.dtype is bool_:
        return "".join(c for c in term if c in kept), emit("reduce_any", x, axes=gone)
    return "".join(c for c in term if c in kept), emit("reduce_sum", x, axes=gone)


def _einsum_result(term: str, x: Array, result: str) -> Array:
    term, x = _einsum_sum(term, x, set(result))
    return permuted(x, _places(term, result))
