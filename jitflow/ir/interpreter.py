"""Runs IR at any level with NumPy: the meaning of every op, slow and plain.

Tensor ops are their rows' references. Buffers are arrays that loads and stores index, with bounds
checked. An `evaluate` hook can stand in for rows that are approximate, so that whole programs are
compared bit for bit with compiled ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from jitflow.errors import ShapeError, VerifyError
from jitflow.ir.core import Function, Op, Region, Value
from jitflow.ir.types import BufferType, TensorType, VectorType

Array = Any
Evaluate = Callable[[Op, Sequence[Array]], Any]
"""evaluate(op, arrays) gives the op's result, or None to use the reference."""


def interpret(
    function: Function, args: Sequence[Array], evaluate: Evaluate | None = None
) -> tuple[Array, ...]:
    """The results of `function` on NumPy arrays; buffer parameters are written in place.

    Raises ShapeError where an argument does not match its parameter, CheckError where a check
    fails, and VerifyError where an index leaves its buffer.
    """
    if len(args) != len(function.params):
        raise ShapeError(f"@{function.name} takes {len(function.params)} arrays, got {len(args)}")
    arrays = [
        _argument(a, p) for a, p in zip(args, function.params, strict=True)
    ]
    with np.errstate(all="ignore"):
        return _Interpreter(evaluate).region(function.body, arrays, {})


def _argument(array: Array, param: Value) -> Array:
    type = param.type
    if isinstance(type, BufferType):
        if array.dtype != type.dtype.numpy or array.shape != type.shape:
            raise ShapeError(f"parameter {param.name} is {type}, got {array.dtype}{array.shape}")
        return array
    if isinstance(type, TensorType):
        array = np.asarray(array)
        fits = len(array.shape) == type.rank and all(
            have == want for have, want in zip(array.shape, type.shape, strict=True)
            if isinstance(want, int)
        )
        if array.dtype != type.dtype.numpy or not fits:
            raise ShapeError(f"parameter {param.name} is {type}, got {array.dtype}{array.shape}")
    return array


class _Interpreter:
    def __init__(self, evaluate: Evaluate | None) -> None:
        self.evaluate = evaluate

    def region(
        self, region: Region, args: Sequence[Array], outer: dict[Value, Array]
    ) -> tuple[Array, ...]:
        values = dict(outer)
        values.update(zip(region.params, args, strict=True))
        for op in region.ops:
            results = self.op(op, [values[v] for v in op.operands], values)
            values.update(zip(op.results, results, strict=True))
        return tuple(values[v] for v in region.results)

    def op(self, op: Op, args: list[Array], values: dict[Value, Array]) -> Sequence[Array]:
        rule = _RULES.get(op.row.name)
        if rule is not None:
            return rule(self, op, args, values)
        if self.evaluate is not None and not op.row.exact:
            result = self.evaluate(op, args)
            if result is not None:
                return (result,)
        if op.row.reference is None:
            raise VerifyError(f"{op.row.name} has no reference")
        result = op.row.reference(*args, **op.attrs)
        if not op.results:
            return ()
        return (_typed(result, op.results[0].type),)


def _typed(result: Array, type: Any) -> Array:
    """The result as an array of the op's dtype (references may widen, as NumPy does)."""
    if not isinstance(type, (TensorType, VectorType)):
        return result
    return np.asarray(result).astype(type.dtype.numpy, copy=False)


def _cond(run: _Interpreter, op: Op, args: list[Array], values: Any) -> Sequence[Array]:
    return run.region(op.regions[0 if args[0] else 1], args[1:], {})


def _while(run: _Interpreter, op: Op, args: list[Array], values: Any) -> Sequence[Array]:
    condition, body = op.regions
    state: Sequence[Array] = args
    while run.region(condition, state, {})[0]:
        state = run.region(body, state, {})
    return state


def _scan(run: _Interpreter, op: Op, args: list[Array], values: Any) -> Sequence[Array]:
    carried, length = op.attrs["carried"], op.attrs["length"]
    carry: Sequence[Array] = args[:carried]
    stacked = [
        np.empty(v.type.shape, v.type.dtype.numpy) for v in op.results[carried:]
    ]
    steps = range(length)
    for step in reversed(steps) if op.attrs["reverse"] else steps:
        results = run.region(op.regions[0], [*carry, *(x[step] for x in args[carried:])], {})
        carry = results[:carried]
        for whole, row in zip(stacked, results[carried:], strict=True):
            whole[step] = row
    return [*carry, *stacked]


def _region(run: _Interpreter, op: Op, args: list[Array], values: Any) -> Sequence[Array]:
    return run.region(op.regions[0], args, {})


def _loop(run: _Interpreter, op: Op, args: list[Array], values: Any) -> Sequence[Array]:
    carried: Sequence[Array] = args[2:]
    for index in range(int(args[0]), int(args[1]), op.attrs["step"]):
        carried = run.region(op.regions[0], [np.int64(index), *carried], values)
    return carried


def _branch(run: _Interpreter, op: Op, args: list[Array], values: Any) -> Sequence[Array]:
    return run.region(op.regions[0 if args[0] else 1], [], values)


def _alloc(run: _Interpreter, op: Op, args: list[Array], values: Any) -> Sequence[Array]:
    type = op.attrs["type"]
    size = 1 + sum((n - 1) * s for n, s in zip(type.shape, type.strides, strict=True))
    return [_strided(np.empty(max(size, 1), type.dtype.numpy), type, 0)]


def _global(run: _Interpreter, op: Op, args: list[Array], values: Any) -> Sequence[Array]:
    return [op.attrs["value"].array]


def _view(run: _Interpreter, op: Op, args: list[Array], values: Any) -> Sequence[Array]:
    """A view by memory, not by index: strides may be anything that the verifier lets through."""
    flat = np.lib.stride_tricks.as_strided(args[0], (1,) * args[0].ndim, args[0].strides)
    start = flat.reshape(()) if flat.ndim else flat
    return [_strided(start, op.attrs["type"], op.attrs["offset"])]


def _strided(base: Array, type: BufferType, offset: int) -> Array:
    """An array over `base`'s memory from element `offset` on."""
    address = base.__array_interface__["data"][0] + offset * type.dtype.itemsize
    holder = _Memory(address, type, base)
    return np.asarray(holder).view(type.dtype.numpy)


class _Memory:
    """Gives NumPy an address with shape and strides, and keeps the owner alive."""

    def __init__(self, address: int, type: BufferType, owner: Array) -> None:
        self.owner = owner
        size = type.dtype.itemsize
        self.__array_interface__ = {
            "version": 3,
            "data": (address, False),
            "shape": type.shape,
            "strides": tuple(s * size for s in type.strides),
            "typestr": f"|V{size}" if type.dtype.name == "bf16" else type.dtype.numpy.str,
        }


def _window(op: Op, buffer: Array, indices: Sequence[Array], lanes: int) -> tuple[Any, ...]:
    """The NumPy index of an element or of lanes; VerifyError outside the buffer."""
    where = [int(i) for i in indices]
    for axis, (index, extent) in enumerate(zip(where, buffer.shape, strict=True)):
        reach = index + (lanes - 1 if axis == buffer.ndim - 1 else 0)
        if index < 0 or reach >= extent:
            raise VerifyError(f"{op.row.name} at {where} leaves a buffer of {buffer.shape}")
    if lanes > 1 or isinstance(_memory_type(op), VectorType):
        return (*where[:-1], slice(where[-1], where[-1] + lanes))
    return tuple(where)


def _memory_type(op: Op) -> Any:
    return op.attrs["type"] if op.row.name == "load" else op.operands[0].type


def _lanes(op: Op) -> int:
    """How many elements a load or store touches."""
    type = _memory_type(op)
    return op.attrs["valid"] or (type.lanes if isinstance(type, VectorType) else 1)


def _load(run: _Interpreter, op: Op, args: list[Array], values: Any) -> Sequence[Array]:
    found = np.array(args[0][_window(op, args[0], args[1:], _lanes(op))])
    if not op.attrs["valid"]:
        return [found]
    whole = np.zeros(op.attrs["type"].lanes, found.dtype)
    whole[: len(found)] = found
    return [whole]


def _store(run: _Interpreter, op: Op, args: list[Array], values: Any) -> Sequence[Array]:
    lanes = _lanes(op)
    value = args[0][:lanes] if op.attrs["valid"] else args[0]
    args[1][_window(op, args[1], args[2:], lanes)] = value
    return []


def _host_call(run: _Interpreter, op: Op, args: list[Array], values: Any) -> Sequence[Array]:
    callee = HOST_FUNCTIONS.get(op.attrs["callee"])
    if callee is None:
        raise VerifyError(f"no host function '{op.attrs['callee']}'")
    callee(*args[1:])
    return [None]


HOST_FUNCTIONS: dict[str, Callable[..., None]] = {}
"""What `host_call` may call, by name."""

_RULES: dict[str, Callable[..., Sequence[Array]]] = {
    "cond": _cond, "while": _while, "scan": _scan, "call": _region, "kernel": _region,
    "loop": _loop, "branch": _branch, "alloc": _alloc, "global": _global, "view": _view,
    "load": _load, "store": _store, "host_call": _host_call,
}
