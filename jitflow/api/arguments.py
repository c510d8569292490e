"""Leaves of arguments: what is accepted, what tells calls apart, how leaves become ready for code.

Owns the classes of values that have an array form and the errors of those that have none. Knows
no tracing and no cache.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeGuard

import numpy as np

from jitflow.errors import RangeError, TraceError, described
from jitflow.ir.types import TensorType
from jitflow.trace.arrays import TracedArray
from jitflow.trace.lift import WEAK, checked_dtype
from jitflow.trace.source import fail
from jitflow.trace.spec import Spec
from jitflow.trace.staging import Leaf

READY = 0x0001 | 0x0100
"""NumPy's flags C_CONTIGUOUS and ALIGNED."""


OWN_CODE_BYTES = 1 << 15
"""From here on an array that lies dense in another order is read as it lies, by code of its own."""


def key_and_inputs(
    leaves: Sequence[Any], keep_layout: bool = True
) -> tuple[list[Any], list[Any]]:
    """What tells calls apart, leaf by leaf, and the leaves as C-contiguous aligned ndarrays.

    The key is dtype and shape of an array, and the type of anything else. With `keep_layout`, an
    array that `memory_axes` has an order for is given with its axes in that order, which is part
    of the key.
    """
    key: list[Any] = []
    inputs: list[Any] = []
    for x in leaves:
        kind = type(x)
        if kind is np.ndarray or is_array(x):
            key.append(x.dtype)
            key.append(x.shape)
            if x.flags.num & READY == READY:
                inputs.append(x)
            elif keep_layout and (axes := memory_axes(x)) is not None:
                key.append(axes)
                inputs.append(x.transpose(axes))
            else:
                inputs.append(x.copy("C"))
        elif kind in WEAK:
            key.append(kind)
            inputs.append(_weak_array(x, kind))
        elif isinstance(x, (np.memmap, np.generic)):
            key.append(x.dtype)
            key.append(x.shape)
            inputs.append(np.array(x, order="C", copy=True, subok=False))
        else:
            key.append(x if isinstance(x, Spec) else kind)
            inputs.append(x)
    return key, inputs


def memory_axes(x: np.ndarray[Any, Any]) -> tuple[int, ...] | None:
    """The axes from the slowest to the fastest of a large array that lies dense in that order.

    None for C order, for arrays with gaps, and for those that are cheaper to copy.
    """
    if x.nbytes < OWN_CODE_BYTES or not x.flags.aligned or x.flags.c_contiguous:
        return None
    axes = tuple(sorted(range(x.ndim), key=x.strides.__getitem__, reverse=True))
    return axes if x.transpose(axes).flags.c_contiguous else None


def is_array(x: Any) -> TypeGuard[np.ndarray[Any, Any]]:
    """Whether x is an array and nothing more: of these classes, and none made of them."""
    return type(x) in (np.ndarray, np.memmap)


def is_copied(x: Any) -> bool:
    """Whether the leaf is an array that compiled code gets a copy of."""
    return is_array(x) and x.flags.num & READY != READY and memory_axes(x) is None


def _weak_array(x: Any, kind: type) -> Any:
    try:
        return np.array(x, WEAK[kind].numpy)
    except OverflowError:
        fail(
            RangeError,
            f"the Python integer {x} out of bounds for int64",
            cure="pass np.uint64(...), or name the argument in static_argnames",
        )


def refuse_specs(leaves: Sequence[Any]) -> None:
    """Raises TraceError where a leaf is a spec, which has no elements to compute with."""
    for x in leaves:
        if isinstance(x, Spec):
            fail(
                TraceError,
                f"{x!r} stands in for an array in trace and lower, not in a call",
                cure=f"pass an array of {x.dtype.numpy}",
            )


def leaf_of(
    x: Any, name: str, keep_layout: bool = False, takes_static: bool = True
) -> Leaf:
    """The type of one leaf; DtypeError or TraceError, with its name, where it has none.

    keep_layout: as `key_and_inputs` has it; takes_static: whether it could be static instead.
    """
    if isinstance(x, Spec):
        return Leaf(TensorType(x.dtype, x.shape), x.weak, name)
    if type(x) in WEAK:
        return Leaf(TensorType(WEAK[type(x)]), True, name)
    if type(x) is np.ndarray or isinstance(x, (np.memmap, np.generic, np.matrix)):
        axes = memory_axes(x) if keep_layout and is_array(x) else None
        return Leaf(TensorType(checked_dtype(x, name), x.shape), False, name, axes)
    if isinstance(x, np.ndarray):
        checked_dtype(x, name)
        fail(
            TraceError,
            f"{described(x)} is not a plain NumPy array",
            op=name,
            cure="pass np.asarray(x)",
        )
    if isinstance(x, TracedArray):
        x.require_trace()
    if isinstance(x, str) and "[" in x:
        cure = f"where types stand for arrays, write jf.spec({x[:40]!r})"
    elif hasattr(type(x), "_record"):
        cure = "decorate the function by jf.function, which takes tensors and nodes"
    elif hasattr(type(x), "__array__"):
        cure = "pass np.asarray(x)"
    elif type(x).__hash__ is None:  # no static argument either
        cure = "pass a dict, list or tuple of its arrays, or register its class (jf.register)"
    elif takes_static:
        cure = f"list it in static_argnames, as in @jit(static_argnames={_root(name)!r})"
    else:
        cure = "leave it to the function: pass lambda x: f(x, option) in place of f"
    fail(TraceError, f"expected an array or a number, got {_described(x)}", op=name, cure=cure)


def _described(x: Any) -> str:
    return f"the str {x[:20]!r}" if isinstance(x, str) else described(x)


def _root(name: str) -> str:
    """The parameter in `argument params['w']`."""
    word = name.removeprefix("argument ")
    for mark in "[.":
        word = word.split(mark, 1)[0]
    return word
