"""A Python function run on traced arrays: at the outermost level, or inside another trace.

Owns what becomes of results, and how a sub-function enters the trace around it: as a `call`, or
spliced in. Knows no argument checking and no compilation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from jitflow.errors import JitflowError, NumpyArrayError, TraceError, described, explain
from jitflow.ir.builder import Builder
from jitflow.ir.copying import copy_ops
from jitflow.ir.core import Function, Op, Region, Value, walk
from jitflow.ir.location import Location
from jitflow.ir.row import ROWS
from jitflow.ir.types import TensorType
from jitflow.trace.arrays import TracedArray
from jitflow.trace.context import STATE, Context, current, in_trace
from jitflow.trace.emit import wrap
from jitflow.trace.lift import WEAK, lift
from jitflow.trace.pytree import TreeDef, flatten, paths
from jitflow.trace.source import here, is_users
from jitflow.trace.stand_ins import standing_in


class Leaf(NamedTuple):
    """One array that a function takes: its type, whether it is weak, what errors call it.

    axes: from the slowest in memory to the fastest, where that is another order than C's.
    """

    type: TensorType
    weak: bool
    name: str
    axes: tuple[int, ...] | None = None


class Staged(NamedTuple):
    """A traced function: its parameters are the leaves, then the captured arrays."""

    function: Function
    tree: TreeDef
    """The structure of what the Python function returned."""

    captured: tuple[np.ndarray[Any, Any], ...]


class Source(NamedTuple):
    """What is traced: `call` takes the traced leaves; `name` and `at` are for people."""

    call: Callable[[list[TracedArray]], Any]
    name: str
    at: Location


def stage(source: Source, leaves: Sequence[Leaf]) -> Staged:
    """The graph of a function, traced on its own.

    Where its arrays of NumPy's own were to hold traced values, it is run once more, and makes
    traced arrays in their place.
    """

    def body(context: Context) -> Staged:
        results, tree = run(source, context, leaves)
        function = context.builder.build(source.name, [result.value for result in results])
        return Staged(function, tree, tuple(array for array, _ in context.captured))

    try:
        return in_trace(body)
    except NumpyArrayError:
        if STATE.stands_in:
            raise
    with standing_in():
        return in_trace(body)


def run(
    source: Source, context: Context, leaves: Sequence[Leaf]
) -> tuple[list[TracedArray], TreeDef]:
    """The function's results as traced arrays of `context`, which is the current trace."""
    arrays = [
        wrap(_param(context.builder, leaf, source.at), leaf.weak, f"it is {leaf.name}")
        for leaf in leaves
    ]
    try:
        result = source.call(arrays)
    except RecursionError:
        raise TraceError(explain(
            f"{source.name} calls itself too deep, or without end, while it is traced",
            at=source.at,
            cure="recurse on a static argument, as branches on traced values never end; or loop",
        )) from None
    except (TypeError, ValueError) as error:
        _reveal(error)
        raise
    parts, tree = flatten(result)
    return [_result(x, i, tree, source) for i, x in enumerate(parts)], tree


def _param(b: Builder, leaf: Leaf, at: Location) -> Value:
    """The leaf as a parameter, which has its axes in the order of memory, and a view of it."""
    axes = leaf.axes
    if axes is None:
        return b.param(leaf.type, hint(leaf.name))
    shape = tuple([leaf.type.shape[a] for a in axes])
    stored = b.param(leaf.type.with_shape(shape), hint(leaf.name))
    back = tuple(sorted(range(len(axes)), key=axes.__getitem__))
    return b.emit(ROWS["transpose"], (stored,), {"axes": back}, (), (at,)).result


_REFUSALS = (
    (f"expected number, got {TracedArray.__name__}",),
    ("Error setting single item of array.",),
)
"""What NumPy's arrays say instead of our errors."""
_NOT_IN_STRINGS = ("setting an array element with a sequence",)
_NOT_IN_NDITER = "Iterator operand is flagged as writeable, but is an object"
_SIZE = f"expected a sequence of integers or a single integer, got '{TracedArray.__name__}("
"""How NumPy refuses a traced size."""


def _reveal(error: ValueError | TypeError) -> None:
    """Raises our error where another stands in front of it: a number written into NumPy's array.

    An array of bfloat16 takes no number that it does not know, and asks it nothing; `x.flat`
    forgets what was in its way. What takes no traced array says so without the user's line.
    """
    if isinstance(error.__cause__, TraceError):
        raise error.__cause__ from None
    if error.args in _REFUSALS:
        problem = "a NumPy array takes no number of a traced array"
        cure = "make the array in the function by np.zeros or jnp.zeros"
        raise NumpyArrayError(explain(problem, at=_innermost(error), cure=cure)) from None
    if str(error).startswith(_SIZE):
        problem = "a size cannot be a traced value"
        cure = "take sizes from x.shape, or name the argument in static_argnames"
    elif error.args == _NOT_IN_STRINGS:
        problem = "an array of strings takes no traced array, and no sequence"
        cure = "format the result of the jitted function"
    elif str(error).startswith(_NOT_IN_NDITER):
        problem = "np.nditer takes no traced array"
        cure = "loop over x.flat, or over np.ndindex(x.shape), and read x[index]"
    elif TracedArray.__name__ in str(error) and not isinstance(error, JitflowError):
        problem = str(error)
        cure = "call it outside @jit, or write it in NumPy's functions of arrays"
    else:
        return
    raise TraceError(explain(problem, at=_innermost(error), cure=cure)) from None


def _innermost(error: Exception) -> Location:
    """The user's line that raised the error."""
    from traceback import walk_tb  # noqa: PLC0415

    frames = walk_tb(error.__traceback__)
    users = [x for x in frames if is_users(x[0].f_code.co_filename)]
    if not users:  # what is traced is no Python code itself
        return here()[0]
    frame, line = users[-1]
    return Location(frame.f_code.co_filename, line, frame.f_code.co_name)


def _result(x: Any, index: int, tree: TreeDef, source: Source) -> TracedArray:
    if type(x) is TracedArray:
        return x
    where = paths(tree, "result")[index]
    if isinstance(x, (np.ndarray, np.generic, *WEAK)) or hasattr(x, "__jitflow_array__"):
        return lift(x, where)
    raise TraceError(explain(
        f"{where} is {described(x)}, not an array", op=source.name, at=source.at,
        cure="return arrays, numbers, None, or tuples, lists and dicts of them",
    ))


def hint(name: str) -> str:
    """A path such as `params['w'][0]` as a word that IR text can name a value with."""
    words = "".join(c if c.isalnum() else " " for c in name.replace("argument ", "")).split()
    word = "_".join(words)
    return word if word.isascii() and not word[:1].isdigit() else ""


def call(source: Source, operands: Sequence[TracedArray], names: Sequence[str]) -> Any:
    """Traces a function inside the current trace and emits a `call` of it.

    Gives its results as new arrays of the current trace, and their structure.
    """
    outer = current()
    leaves = leaves_of(operands, names)

    def body(inner: Context) -> tuple[Region, list[bool], TreeDef, list[Value]]:
        results, tree = run(source, inner, leaves)
        region = inner.builder.region([result.value for result in results])
        return region, [result.weak for result in results], tree, inner.captures()

    region, weak, tree, captures = in_trace(body, nested=True)
    values = (*(x.value for x in operands), *captures)
    op = outer.builder.emit(ROWS["call"], values, {"name": source.name}, (region,), here())
    return [wrap(v, w) for v, w in zip(op.results, weak, strict=True)], tree


def leaves_of(operands: Sequence[TracedArray], names: Sequence[str]) -> list[Leaf]:
    return [Leaf(x.type, x.weak, name) for x, name in zip(operands, names, strict=True)]


def splice(function: Function, operands: Sequence[Value]) -> tuple[Value, ...]:
    """Puts copies of a function's ops into the current trace: its results on these operands."""
    ops, results = copy_ops(function.body, operands)
    current().builder.ops += ops
    return results


def adopt(function: Function, operands: Sequence[Value]) -> tuple[Value, ...]:
    """Like `splice`, for a function of another trace: its checks get numbers of this one."""
    root = current().root
    before = root.checks
    numbers = [op.attrs["id"] for op in walk(function.body) if op.row.name == "check"]
    root.checks += max(numbers, default=0)

    def attrs_of(op: Op) -> Mapping[str, Any]:
        return {**op.attrs, "id": before + op.attrs["id"]} if op.row.name == "check" else op.attrs

    ops, results = copy_ops(function.body, operands, attrs_of)
    current().builder.ops += ops
    return results
