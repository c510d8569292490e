"""The types of an application's results, found by tracing it; sizes may be unknown.

An unknown size is tried as several numbers: a size of the result that stays the same is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

from jitflow.errors import JitflowError, ShapeError
from jitflow.ir.dtypes import as_dtype
from jitflow.ir.types import TensorType
from jitflow.recording.application import Application
from jitflow.trace.pytree import TreeDef
from jitflow.trace.source import fail, here
from jitflow.trace.staging import Leaf, Source, stage

_SIZES = 7, 11, 1, 0
"""What an unknown size is tried as: two sizes that differ, then what broadcasts, and nothing."""

_RANKS = (), (7,), (7, 7), (7, 7, 7), (7, 7, 7, 7)
"""What an unknown rank is tried as."""

_MISFITS = JitflowError, ArithmeticError, LookupError, ValueError, TypeError
"""What a trace raises where operands do not fit."""

MAX_KNOWN = 10_000
"""Results that are remembered."""

_KNOWN: dict[Any, Results] = {}


class Type(NamedTuple):
    """What is known of an array before it is there: shape None for an unknown rank."""

    dtype: np.dtype[Any]
    shape: tuple[int | None, ...] | None

    @property
    def is_known(self) -> bool:
        return self.shape is not None and None not in self.shape


class Results(NamedTuple):
    """The types of results, and the structure that they are given in."""

    types: list[Type]
    tree: TreeDef


def result_types(application: Application, types: Sequence[Type]) -> Results:
    """The results for operands of these types.

    Raises what tracing raises where the operands do not fit, whatever their unknown sizes.
    """
    key = application.key
    if key is not None:
        key = (key, tuple(types))
        if key in _KNOWN:
            return _KNOWN[key]
    found = _found(application, types)
    if key is not None and len(_KNOWN) < MAX_KNOWN:
        _KNOWN[key] = found
    return found


def _found(application: Application, types: Sequence[Type]) -> Results:
    if all(type.is_known for type in types):
        return _traced(application, types)
    tried: list[Results] = []
    failure: Exception | None = None
    for sample in _samples(types):
        try:
            tried.append(_traced(application, sample))
        except _MISFITS as error:
            failure = failure or error
    is_free = failure is None
    if len(tried) < 2:
        tried += _fitting(application, types)
    if not tried:
        assert failure is not None
        raise _with_unknown_sizes(failure, types)
    first = tried[0]
    if any(other.tree != first.tree for other in tried):
        fail(ShapeError, "how many results there are depends on a size that is not known",
             shapes=[_text(type) for type in types], cure="give the placeholder that size")
    has_rank = is_free or all(type.shape is not None for type in types)
    columns = zip(*(results.types for results in tried), strict=True)
    return Results([_common(column, has_rank) for column in columns], first.tree)


def _samples(types: Sequence[Type]) -> Iterator[list[Type]]:
    if all(type.shape is not None for type in types):
        return (_sized(types, n, ()) for n in _SIZES)
    return (_sized(types, 7, shape) for shape in _RANKS)


def _fitting(application: Application, types: Sequence[Type]) -> Iterator[Results]:
    """Results for sizes that follow from those that are known, where hardly any other fitted."""
    numbers = {n for type in types for n in _known(type)} | application.numbers
    numbers |= {prod(application.numbers), *(prod(_known(type)) for type in types)}
    sizes = numbers | {n // m for n in numbers for m in numbers if m}
    for n in sorted(n for n in sizes if 1 < n <= _MAX_SIZE)[:_MOST]:
        try:
            yield _traced(application, _sized(types, n, (n,)))
        except _MISFITS:
            continue


_MAX_SIZE, _MOST = 1 << 20, 32


def _sized(types: Sequence[Type], size: int, unknown: tuple[int, ...]) -> list[Type]:
    """These types, an unknown size as `size`, the shape of unknown rank as `unknown`."""
    return [
        Type(type.dtype, tuple(size if n is None else n for n in type.shape))
        if type.shape is not None else Type(type.dtype, unknown)
        for type in types
    ]


def _common(found: Sequence[Type], has_rank: bool) -> Type:
    """What samples agree on; of one alone only the rank is sure."""
    dtype = found[0].dtype
    shapes = [type.shape or () for type in found]
    if not has_rank or len({len(shape) for shape in shapes}) > 1:
        return Type(dtype, None)
    if len(found) == 1:
        return Type(dtype, (None,) * len(shapes[0]))
    columns = zip(*shapes, strict=True)
    return Type(dtype, tuple(sizes[0] if len(set(sizes)) == 1 else None for sizes in columns))


def _with_unknown_sizes(failure: Exception, types: Sequence[Type]) -> Exception:
    """The error, with the shapes that the user knows in place of those that were tried."""
    if not isinstance(failure, JitflowError):
        return failure
    shapes = ", ".join(map(_text, types))
    lines = [
        f"  shapes: {shapes}; what is not known was tried as several numbers"
        if line.startswith("  shapes:") else line
        for line in str(failure).splitlines()
    ]
    return type(failure)("\n".join(lines))


def _text(type: Type) -> str:
    if type.shape is None:
        return "<unknown>"
    return f"({', '.join('?' if n is None else str(n) for n in type.shape)})"


def _known(type: Type) -> tuple[int, ...]:
    return tuple(n for n in type.shape or () if n is not None)


def _traced(application: Application, types: Sequence[Type]) -> Results:
    leaves = [
        Leaf(TensorType(as_dtype(type.dtype), _known(type)), False, f"operand {i}")
        for i, type in enumerate(types)
    ]
    staged = stage(Source(application, application.name, here()[0]), leaves)
    results = staged.function.results
    return Results([Type(x.type.dtype.numpy, x.type.shape) for x in results], staged.tree)
