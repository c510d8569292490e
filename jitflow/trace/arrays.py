"""Traced arrays: handles on cells that hold the current SSA value.

A handle is a cell and a view path. A write replaces the cell's value; every handle on the cell
derives its own value anew when it is next read, as NumPy's views would show it. What an operator
or method computes is in the tables of `dispatch`; this file knows no implementation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from operator import index
from typing import Any, NoReturn

import numpy as np

from jitflow.errors import DtypeError, TraceError
from jitflow.ir.core import Value
from jitflow.ir.row import ROWS
from jitflow.trace.context import STATE, Context, current, strange_text, where_made
from jitflow.trace.demands import (
    Demand,
    array_demand,
    number_demand,
    size_demand,
    truth_demand,
)
from jitflow.trace.dispatch import (
    CURES,
    METHODS,
    OPERATORS,
    PROPERTIES,
    MissingAttribute,
    call_function,
    call_ufunc,
    missing,
    of_attribute,
)
from jitflow.trace.source import fail, here

Step = tuple[str, Mapping[str, Any], tuple[Value, ...]]
Path = tuple[Step, ...]
"""View rows from the cell's whole array to the handle's: attributes, and operands behind the array.

`dynamic_slice` stands among them: its starts are values of the cell's trace.
"""

MAY_BE_COPY = "NumPy's reshape may have made a copy or a view"


class Cell:
    """One array's memory: its current value, and how often it was written.

    `frozen` says why it cannot be written, or is empty. `twins` are this cell and those that NumPy
    gives the same memory, or not, by strides; once one is written, the others are `in_doubt`.
    `row_major` says that NumPy lays it out in C order, whatever the arguments' strides.
    """

    __slots__ = ("context", "frozen", "in_doubt", "row_major", "twins", "value", "version")

    def __init__(self, value: Value, context: Context, frozen: str = "") -> None:
        self.value = value
        self.context = context
        self.frozen = frozen
        self.version = 0
        self.twins: Sequence[Cell] = ()
        self.in_doubt = False
        self.row_major = False

    def write(self, value: Value) -> None:
        self.value = value
        self.version += 1
        for twin in self.twins:
            if twin is not self:
                twin.in_doubt = True
                twin.version += 1

    def twin(self, value: Value) -> Cell:
        """A new cell that holds `value` in what may be the same memory."""
        made = Cell(value, self.context, self.frozen)
        twins = self.twins if isinstance(self.twins, list) else [self]
        twins.append(made)
        self.twins = made.twins = twins
        return made


class TracedArray:
    """An array whose elements are not known yet: `type` is known, the rest is a graph.

    `weak` marks Python scalars and what was computed from nothing else: they take on the dtype
    of the arrays that they meet.
    """

    __slots__ = ("_value", "_version", "cell", "path", "type", "weak")

    def __init__(self, cell: Cell, weak: bool = False, path: Path = (), value: Any = None) -> None:
        self.cell = cell
        self.path = path
        self.weak = weak
        self._value = cell.value if value is None else value
        self._version = cell.version
        self.type: Any = self._value.type

    @property
    def value(self) -> Value:
        """The SSA value that this handle stands for now, in the trace in progress."""
        cell = self.cell
        if cell.context is STATE.context and self._version == cell.version:
            return self._value
        return self._derive()

    def _derive(self) -> Value:
        cell, context = self.cell, STATE.context
        if context is None:
            raise TraceError(strange_text(self._value, cell.context))
        if self._version != cell.version:
            if cell.in_doubt:
                fail(
                    TraceError,
                    f"the array, or a reshape of it, was written, and {MAY_BE_COPY}",
                    shapes=[self.type],
                    cure="use the one that was written, or reshape a .copy()",
                )
            value = cell.value
            builder = cell.context.builder
            for row, attrs, rest in self.path:
                value = builder.emit(ROWS[row], (value, *rest), attrs, (), here()).results[0]
            self._value, self._version = value, cell.version
        return context.own(self._value, cell.context)

    def require_trace(self) -> None:
        """TraceError where no trace is in progress: this array's one has ended."""
        if STATE.context is None:
            self._derive()

    # What is known of the array.

    @property
    def shape(self) -> tuple[Any, ...]:
        return self.type.shape

    @shape.setter
    def shape(self, new: Any) -> None:
        cure = "write x = x.reshape(shape)"
        fail(TraceError, "a traced array keeps its shape", shapes=[self.type], cure=cure)

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.type.dtype.numpy

    @property
    def ndim(self) -> int:
        return len(self.type.shape)

    @property
    def size(self) -> int:
        return self.type.size

    @property
    def itemsize(self) -> int:
        return self.type.dtype.itemsize

    @property
    def nbytes(self) -> int:
        return self.size * self.itemsize

    def __len__(self) -> int:
        if not self.type.shape:
            fail(TraceError, "len() of a rank-0 array")
        return self.type.shape[0]

    def __repr__(self) -> str:
        return f"TracedArray({self.type}{', weak' if self.weak else ''})"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"'TracedArray' object has no attribute '{name}'")
        method, compute = of_attribute(name)
        if method is not None:
            self.require_trace()
            return partial(method, self)
        if compute is not None:
            self.require_trace()
            return compute(self)
        if not (hasattr(np.ndarray, name) or name in CURES):
            raise AttributeError(f"'TracedArray' object has no attribute '{name}'")
        raise MissingAttribute(missing(f"the array attribute .{name}", CURES.get(name, "")))

    # Indexing and iteration.

    def __getitem__(self, key: Any) -> Any:
        self.require_trace()
        result = OPERATORS["getitem"](self, key)
        if type(result) is not TracedArray or result.type.shape or not result.path:
            return result
        if _has_ellipsis(key):
            return result
        return detach(result)  # a scalar, which has no memory

    def __setitem__(self, key: Any, new: Any) -> None:
        OPERATORS["setitem"](self, key, new)

    @property
    def real(self) -> Any:
        """The real part: of a complex array a view, to which one can write."""
        return self._part("real")

    @real.setter
    def real(self, new: Any) -> None:
        OPERATORS["setitem"](self._part("real"), ..., new)

    @property
    def imag(self) -> Any:
        """The imaginary part: of a complex array a view, to which one can write."""
        return self._part("imag")

    @imag.setter
    def imag(self, new: Any) -> None:
        if self.type.dtype.kind != "c":
            fail(
                DtypeError,
                "an array of real numbers has no imaginary part to set",
                shapes=[self.type],
                cure="make it complex first: x = x.astype(complex)",
            )
        OPERATORS["setitem"](self._part("imag"), ..., new)

    @property
    def flat(self) -> Any:
        """The elements in C order, to read and to write."""
        return self._part("flat")

    @flat.setter
    def flat(self, new: Any) -> None:
        self._part("flat")[:] = new

    def _part(self, name: str) -> Any:
        self.require_trace()
        return PROPERTIES[name](self)

    def __iter__(self) -> Iterator[Any]:
        if not self.type.shape:
            fail(TraceError, "iteration over a rank-0 array")
        return (self[i] for i in range(self.type.shape[0]))

    def __contains__(self, element: Any) -> NoReturn:
        self._refuse(TraceError, "`in`", "write (x == y).any() and use jnp.where on it")

    # NumPy's protocols.

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        self.require_trace()
        for x in inputs:
            if type(x) is not TracedArray and hasattr(type(x), "_record"):
                return NotImplemented  # a tensor's operation, which a tape may want to know of
        return call_ufunc(ufunc, method, inputs, kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        self.require_trace()
        if any(hasattr(kind, "_record") for kind in types):
            return NotImplemented
        return call_function(function, args, kwargs)

    def __array_namespace__(self, **options: Any) -> Any:
        self.require_trace()
        return METHODS["__array_namespace__"](self, **options)

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray[Any, Any]:
        return np.array(self._numbers(array_demand), dtype)

    # What needs a number.

    def __bool__(self) -> bool:
        return bool(self._numbers(
            truth_demand,
            "use as a Python bool (if, while, and, or, not, assert)",
            "choose with jnp.where(condition, x, y), or name the argument in static_argnames",
        ))  # fmt: skip

    def __int__(self) -> int:
        cure = "use .astype(int), or name the argument in static_argnames"
        return int(self._numbers(number_demand, "int()", cure))

    def __float__(self) -> float:
        return float(self._numbers(
            number_demand,
            "float() (and the math module)",
            "use .astype(float) and NumPy's functions, or name the argument in static_argnames",
        ))  # fmt: skip

    def __complex__(self) -> complex:
        cure = "use .astype(complex), or name the argument in static_argnames"
        return complex(self._numbers(number_demand, "complex()", cure))

    def __index__(self) -> int:
        return index(self._numbers(
            size_demand,
            "use as a Python index or size",
            "take sizes from x.shape, index jnp.array(list), or name it in static_argnames",
        ))  # fmt: skip

    def _numbers(self, demand: Callable[..., Demand], *words: str) -> Any:
        """The elements, where NumPy would have them: of constants, while `STATE.stands_in`."""
        found = OPERATORS["known"](self) if STATE.stands_in else None
        if found is None:
            self._refuse(*demand(*words))
        return found

    def _refuse(self, kind: type[TraceError], use: str, cure: str) -> NoReturn:
        made = where_made(self._value)
        problem = f"{use} needs a number, and a traced array has none yet\n  made at: {made}"
        fail(kind, problem, shapes=[self.type], cure=cure)

    def __format__(self, spec: str) -> str:
        if spec:
            cure = "format the result of the jitted function"
            self._refuse(TraceError, f"the format {spec!r}", cure)
        return repr(self)

    __hash__ = None  # type: ignore[assignment]

    def __copy__(self) -> TracedArray:
        return detach(self)

    def __deepcopy__(self, memo: Any) -> TracedArray:
        return detach(self)


def _has_ellipsis(key: Any) -> bool:
    """Whether NumPy gives a view even where one element is left."""
    return key is ... or (isinstance(key, tuple) and any(part is ... for part in key))


def _has_own_operators(other: Any) -> bool:
    """Of a class that says NumPy's operators are not for it, or that is no array yet."""
    return getattr(other, "__array_ufunc__", 0) is None or hasattr(other, "__jitflow_array__")


def _binary(name: str) -> tuple[Callable[..., Any], Callable[..., Any]]:
    def forward(self: TracedArray, other: Any) -> Any:
        kind = type(other)
        if kind is not TracedArray and kind is not float and _has_own_operators(other):
            return NotImplemented
        if STATE.context is None:
            self.require_trace()
        return OPERATORS[name](self, other)

    def reflected(self: TracedArray, other: Any) -> Any:
        self.require_trace()
        return OPERATORS[name](other, self)

    return forward, reflected


def _in_place(name: str) -> Callable[..., Any]:
    def update(self: TracedArray, other: Any) -> Any:
        self.require_trace()
        return OPERATORS[f"i{name}"](self, other)

    return update


def _unary(name: str) -> Callable[..., Any]:
    def compute(self: TracedArray, *options: Any) -> Any:
        self.require_trace()
        return OPERATORS[name](self, *options)

    return compute


for _name in (
    "add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "divmod",
    "and", "or", "xor", "lshift", "rshift",
):
    _forward, _reflected = _binary(_name)
    setattr(TracedArray, f"__{_name}__", _forward)
    setattr(TracedArray, f"__r{_name}__", _reflected)
    if _name != "divmod":
        setattr(TracedArray, f"__i{_name}__", _in_place(_name))
for _name in ("eq", "ne", "lt", "le", "gt", "ge"):
    setattr(TracedArray, f"__{_name}__", _binary(_name)[0])
for _name in ("neg", "pos", "abs", "invert", "round"):
    setattr(TracedArray, f"__{_name}__", _unary(_name))


def detach(array: TracedArray) -> TracedArray:
    """The array's value now as a new array: later writes to either do not show in the other."""
    return TracedArray(Cell(array.value, current()), array.weak)


def row_major(array: TracedArray) -> TracedArray:
    """The array, new memory that NumPy lays out in C order: its reshapes are views."""
    array.cell.row_major = True
    return array
