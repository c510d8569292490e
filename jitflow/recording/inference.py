"""The types of an application's results, found by tracing it; sizes may be unknown.

An unknown size is tried as several numbers: a size of the result that stays the same is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from jitflow.errors import JitflowError
from jitflow.ir.dtypes import as_dtype
from jitflow.ir.location import Location
from jitflow.ir.types import TensorType
from jitflow.recording.application import Application
from jitflow.trace.staging import Leaf, Source, stage

_SAMPLES = 7, 11, 1
"""What an unknown size is tried as: two sizes that differ, then one that broadcasts."""

_RANKS = ((), (7,), (7, 7), (7, 7, 7), (7, 7, 7, 7))
"""What an unknown rank is tried as."""

MAX_KNOWN = 10_000
"""Results that are remembered."""

_KNOWN: dict[Any, list[Type]] = {}


class Type(NamedTuple):
    """What is known of an array before it is there: shape None for an unknown rank."""

    dtype: np.dtype[Any]
    shape: tuple[int | None, ...] | None

    @property
    def is_known(self) -> bool:
        return self.shape is not None and None not in self.shape


def result_types(application: Application, types: Sequence[Type]) -> list[Type]:
    """The types of the results for operands of these types, in order.

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


def _found(application: Application, types: Sequence[Type]) -> list[Type]:
    if all(type.is_known for type in types):
        return _traced(application, types)
    tried: list[list[Type]] = []
    failure: JitflowError | None = None
    has_rank = all(type.shape is not None for type in types)
    for sample in _samples(types, has_rank):
        try:
            tried.append(_traced(application, sample))
        except JitflowError as error:
            failure = failure or error
        if len(tried) == 2 or (tried and not has_rank):
            break
    if not tried:
        if has_rank:
            assert failure is not None
            raise failure
        return [Type(np.result_type(*(type.dtype for type in types)), None)]
    if not has_rank:
        return [Type(type.dtype, None) for type in tried[0]]
    return [_common([types[i] for types in tried]) for i in range(len(tried[0]))]


def _samples(types: Sequence[Type], has_rank: bool) -> Iterator[list[Type]]:
    sizes = [(n, ()) for n in _SAMPLES] if has_rank else [(7, shape) for shape in _RANKS]
    for size, unknown in sizes:
        yield [
            Type(type.dtype, tuple(size if n is None else n for n in type.shape))
            if type.shape is not None else Type(type.dtype, unknown)
            for type in types
        ]


def _common(found: list[Type]) -> Type:
    """What two samples agree on; of one alone only the rank is sure."""
    first = found[0].shape or ()
    if len(found) == 1:
        return Type(found[0].dtype, (None,) * len(first))
    second = found[1].shape or ()
    if len(first) != len(second):
        return Type(found[0].dtype, None)
    sizes = zip(first, second, strict=True)
    return Type(found[0].dtype, tuple(a if a == b else None for a, b in sizes))


def _known(type: Type) -> tuple[int, ...]:
    return tuple(n for n in type.shape or () if n is not None)


def _traced(application: Application, types: Sequence[Type]) -> list[Type]:
    leaves = [
        Leaf(TensorType(as_dtype(type.dtype), _known(type)), False, f"operand {i}")
        for i, type in enumerate(types)
    ]
    source = Source(application, "operation", Location("<unknown>", 0))
    results = stage(source, leaves).function.results
    return [Type(value.type.dtype.numpy, value.type.shape) for value in results]
