"""Runs IR at any level with NumPy: the meaning of every op, slow and plain.

Tensor ops are their rows' references; buffers are in interpreter_memory. An `evaluate` hook can
stand in for rows that are approximate, so that whole programs are compared bit for bit with
compiled ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from jitflow.errors import CheckError, ShapeError, VerifyError, explain
from jitflow.ir.core import Function, Op, Region, Value
from jitflow.ir.dims import Dim, evaluate, symbols
from jitflow.ir.host import host_function
from jitflow.ir.interpreter_memory import MEMORY_RULES, Array, require_room
from jitflow.ir.types import BufferType, TensorType, VectorType

Evaluate = Callable[[Op, Sequence[Array]], Any]
"""evaluate(op, arrays) gives the op's result, or None to use the reference."""

Values = dict[Value, Array]


def interpret(
    function: Function, args: Sequence[Array], evaluate: Evaluate | None = None
) -> tuple[Array, ...]:
    """The results of `function` on NumPy arrays; buffer parameters are written in place.

    Raises ShapeError where an argument does not match its parameter or an array would be too
    large, CheckError where a check fails, and VerifyError where an index leaves its buffer.
    """
    if len(args) != len(function.params):
        raise ShapeError(f"@{function.name} takes {len(function.params)} arrays, got {len(args)}")
    arrays = [_argument(a, p) for a, p in zip(args, function.params, strict=True)]
    sizes = _sizes(function.params, arrays)
    with np.errstate(all="ignore"):
        return _Interpreter(evaluate, sizes).region(function.body, arrays, {})


def _argument(array: Array, param: Value) -> Array:
    """The argument as an array of the parameter's dtype and rank, its sizes yet unknown."""
    type = param.type
    if not isinstance(type, (BufferType, TensorType)):
        return array
    found = array if isinstance(type, BufferType) else np.asarray(array)
    if found.dtype != type.dtype.numpy or found.ndim != type.rank:
        raise ShapeError(f"parameter {param.name} is {type}, got {found.dtype}{found.shape}")
    return found


def _sizes(params: Sequence[Value], arrays: Sequence[Array]) -> dict[str, int]:
    """The size of each symbol; ShapeError where two arguments contradict each other."""
    shaped = [(p, a) for p, a in zip(params, arrays, strict=True) if hasattr(p.type, "shape")]
    sizes: dict[str, int] = {}
    for param, array in shaped:
        for dim, extent in zip(param.type.shape, array.shape, strict=True):
            if isinstance(dim, Dim) and symbols(dim) == {str(dim)}:
                sizes.setdefault(str(dim), extent)
    for param, array in shaped:
        if tuple([evaluate(dim, sizes) for dim in param.type.shape]) != array.shape:
            raise ShapeError(f"parameter {param.name} is {param.type}, got {array.shape}")
    return sizes


class _Interpreter:
    def __init__(self, evaluate: Evaluate | None, sizes: dict[str, int]) -> None:
        self.evaluate = evaluate
        self.sizes = sizes

    def region(self, region: Region, args: Sequence[Array], values: Values) -> tuple[Array, ...]:
        """The results of a region that sees `values`, and adds its own to them."""
        values.update(zip(region.params, args, strict=True))
        for op in region.ops:
            results = self.op(op, [values[v] for v in op.operands], values)
            values.update(zip(op.results, results, strict=True))
        return tuple([values[v] for v in region.results])

    def op(self, op: Op, args: list[Array], values: Values) -> Sequence[Array]:
        name = op.row.name
        if name in _RULES:
            return _RULES[name](self, op, args, values)
        attrs = self.known(op.attrs) if self.sizes else op.attrs
        if name in MEMORY_RULES:
            return MEMORY_RULES[name](op, attrs, args)
        self.require_room(op)
        if self.evaluate is not None and not op.row.is_exact_on(v.type.dtype for v in op.operands):
            result = self.evaluate(op, args)
            if result is not None:
                return (result,)
        if op.row.reference is None:
            raise VerifyError(f"{name} has no reference")
        result = op.row.reference(*args, **attrs)
        results = result if len(op.results) > 1 else (result,)
        return [_typed(x, v.type) for x, v in zip(results, op.results, strict=False)]

    def require_room(self, op: Op) -> None:
        for value in op.results:
            if isinstance(value.type, TensorType):
                size = prod(self.known(value.type.shape))
                require_room(op, size, value.type.dtype.itemsize)

    def known(self, value: Any) -> Any:
        """An attribute, or all of them, with sizes in place of symbols."""
        match value:
            case Dim():
                return evaluate(value, self.sizes)
            case tuple():
                return tuple([self.known(item) for item in value])
            case Mapping():
                return {name: self.known(item) for name, item in value.items()}
            case TensorType():
                return value.with_shape(self.known(value.shape))
            case BufferType(dtype=dtype, shape=shape, strides=strides, space=space):
                return BufferType(dtype, self.known(shape), self.known(strides), space)
            case _:
                return value


def _typed(result: Array, type: Any) -> Array:
    """The result as an array of the op's dtype (references may widen, as NumPy does)."""
    if not isinstance(type, (TensorType, VectorType)):
        return result
    return np.asarray(result).astype(type.dtype.numpy, copy=False)


def _cond(run: _Interpreter, op: Op, args: list[Array], values: Values) -> Sequence[Array]:
    return run.region(op.regions[0 if args[0] else 1], args[1:], {})


def _while(run: _Interpreter, op: Op, args: list[Array], values: Values) -> Sequence[Array]:
    condition, body = op.regions
    state: Sequence[Array] = args
    while run.region(condition, state, {})[0]:
        state = run.region(body, state, {})
    return state


def _scan(run: _Interpreter, op: Op, args: list[Array], values: Values) -> Sequence[Array]:
    carried, length = op.attrs["carried"], op.attrs["length"]
    carry: Sequence[Array] = args[:carried]
    run.require_room(op)
    stacked = [np.empty(run.known(v.type.shape), v.type.dtype.numpy) for v in op.results[carried:]]
    steps = range(length)
    for step in reversed(steps) if op.attrs["reverse"] else steps:
        results = run.region(op.regions[0], [*carry, *(x[step] for x in args[carried:])], {})
        carry = results[:carried]
        for whole, row in zip(stacked, results[carried:], strict=True):
            whole[step] = row
    return [*carry, *stacked]


def _region(run: _Interpreter, op: Op, args: list[Array], values: Values) -> Sequence[Array]:
    return run.region(op.regions[0], args, {})


def _loop(run: _Interpreter, op: Op, args: list[Array], values: Values) -> Sequence[Array]:
    carried: Sequence[Array] = args[2:]
    for index in range(int(args[0]), int(args[1]), op.attrs["step"]):
        carried = run.region(op.regions[0], [np.int64(index), *carried], values)
    return carried


def _run(run: _Interpreter, op: Op, args: list[Array], values: Values) -> Sequence[Array]:
    return run.region(op.attrs["nest"].body, args, {})


def _branch(run: _Interpreter, op: Op, args: list[Array], values: Values) -> Sequence[Array]:
    return run.region(op.regions[0 if args[0] else 1], [], values)


def _check(run: _Interpreter, op: Op, args: list[Array], values: Values) -> Sequence[Array]:
    if not args[0]:
        at = op.locations[0] if op.locations else None
        raise CheckError(explain(op.attrs["message"], at=at))
    return ()


def _host_call(run: _Interpreter, op: Op, args: list[Array], values: Values) -> Sequence[Array]:
    host_function(op.attrs["callee"])(*args[1:])
    return [None]


_RULES: Mapping[str, Callable[[_Interpreter, Op, list[Array], Values], Sequence[Array]]] = {
    "cond": _cond,
    "while": _while,
    "scan": _scan,
    "call": _region,
    "custom_jvp": _region,
    "custom_vjp": _region,
    "kernel": _region,
    "loop": _loop,
    "run": _run,
    "branch": _branch,
    "check": _check,
    "host_call": _host_call,
}
"""The rules of ops with regions, of checks, and of what reaches outside."""
