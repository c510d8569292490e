"""einsum: products over named axes, two operands at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from jitflow.errors import DtypeError
from jitflow.ir.dtypes import DType, bool_
from jitflow.numpy.basics import Array, as_array, common_dtype, convert, emit, fail
from jitflow.numpy.diagonals import diagonal
from jitflow.numpy.products import Axes, contract
from jitflow.numpy.promotion import requested_dtype
from jitflow.numpy.registry import numpy_function, strong
from jitflow.numpy.shaping import permuted, reshaped
from jitflow.numpy.subscripts import Label, Term, extents, refuse, resolve, separate

Part = tuple[Term, Array]


@numpy_function(np.einsum)
def einsum(
    *operands: Any, optimize: Any = False, dtype: Any = None, casting: Any = "safe"
) -> Array:
    """From the left, or in the order that np.einsum_path finds where `optimize` asks for one.

    Integers wrap in their own dtype; bool is "and" and "or".
    """
    given, wanted, raw = separate(operands)
    arrays = [strong(as_array(x)) for x in raw]
    shapes = [x.type.shape for x in arrays]
    terms, result = resolve(given, wanted, shapes)
    sizes = extents(terms, shapes)
    common = _dtype(arrays, dtype, casting)
    parts = []
    for k, (term, x) in enumerate(zip(terms, arrays, strict=True)):
        part = _without_repeats(k, term, convert(x, common))
        parts.append(_without_spread_axes(part, sizes) if len(arrays) > 1 else part)
    for places in _order(terms, result, shapes, optimize):
        _contract_some(parts, places, result)
    return _arranged(parts[0], result)


def _dtype(operands: Sequence[Any], dtype: Any, casting: Any) -> DType:
    common = common_dtype(operands)
    if dtype is None:
        return common
    wanted = requested_dtype(dtype)
    if not np.can_cast(common.numpy, wanted.numpy, casting):
        problem = f"operands cannot be cast to {wanted.numpy} according to the rule {casting!r}"
        fail(DtypeError, problem, op="einsum", dtypes=[common.numpy], cure="use casting='unsafe'")
    return wanted


def _without_repeats(place: int, term: Term, x: Array) -> Part:
    """The diagonal over axes of one label, which moves to the end."""
    for label in term:
        while term.count(label) > 1:
            first = term.index(label)
            second = term.index(label, first + 1)
            shape = x.type.shape
            if shape[first] != shape[second]:
                problem = f"operand {place} has subscript '{label}' on axes of different sizes"
                refuse(problem, [shape], cure="")
            x = diagonal(x, 0, first, second)
            term = (*(c for k, c in enumerate(term) if k not in (first, second)), label)
    return term, x


def _without_spread_axes(part: Part, sizes: dict[Label, Any]) -> Part:
    """Without axes of size 1 whose label is longer elsewhere: the product spreads them."""
    term, x = part
    kept = [k for k, c in enumerate(term) if x.type.shape[k] == sizes[c]]
    shape = tuple([x.type.shape[k] for k in kept])
    return tuple([term[k] for k in kept]), reshaped(x, shape)


def _order(
    terms: Sequence[Term], result: Term, shapes: Sequence[Any], optimize: Any
) -> list[tuple[int, ...]]:
    """Which parts are contracted, step by step; their product goes last."""
    if optimize is False or len(terms) < 3:
        return [tuple(range(len(terms)))]
    names: dict[Label, int] = {}
    operands: list[Any] = []
    for term, shape in zip(terms, shapes, strict=True):
        operands.append(np.broadcast_to(np.float64(0), shape))
        operands.append([names.setdefault(label, len(names)) for label in term])
    path = np.einsum_path(*operands, [names[label] for label in result], optimize=optimize)[0]
    return [tuple(step) for step in path[1:]]


def _contract_some(parts: list[Part], places: Sequence[int], result: Term) -> None:
    """Replaces parts by their product, contracted over the labels that nothing else needs."""
    chosen = [parts[k] for k in places]
    others = [part for k, part in enumerate(parts) if k not in places]
    product = chosen[0]
    for k in range(1, len(chosen)):
        rest = (*others, *chosen[k + 1 :])
        kept = set(result).union(*(term for term, _ in rest))
        product = _pair(product, chosen[k], kept)
    parts[:] = [*others, product]


def _pair(first: Part, second: Part, kept: set[Label]) -> Part:
    left, x = _summed(first, kept | set(second[0]))
    right, y = _summed(second, kept | set(left))
    shared = [c for c in left if c in right]
    summed = [c for c in shared if c not in kept]
    batch = [c for c in shared if c in kept]
    if _is_weighted_sum(left, right, summed, x.type.dtype):
        product = emit("mul", x, permuted(y, _places(right, left)))
        return tuple(batch), emit("reduce_sum", product, axes=_places(left, summed))
    axes = _places(left, summed), _places(right, summed)
    product = contract("einsum", x, y, axes, (_places(left, batch), _places(right, batch)))
    rest = [c for c in left + right if c not in shared]
    return (*batch, *rest), product


def _is_weighted_sum(left: Term, right: Term, summed: Sequence[Label], dtype: DType) -> bool:
    """Whether no element is used twice, and sums go along other axes than the last ones.

    Then there is nothing for a matrix product to share, and whole rows are added.
    """
    if dtype.bits < 32 or set(left) != set(right) or not 0 < len(summed) < len(left):
        return False
    return left[-1] not in summed or right[-1] not in summed


def _places(term: Term, labels: Sequence[Label]) -> Axes:
    return tuple([term.index(c) for c in labels])


def _summed(part: Part, kept: set[Label]) -> Part:
    """Without the labels that nothing else needs."""
    term, x = part
    gone = tuple([k for k, c in enumerate(term) if c not in kept])
    if not gone:
        return part
    row = "reduce_any" if x.type.dtype is bool_ else "reduce_sum"
    return tuple([c for c in term if c in kept]), emit(row, x, axes=gone)


def _arranged(part: Part, result: Term) -> Array:
    term, x = _summed(part, set(result))
    return permuted(x, _places(term, result))
