"""The base of values that record what is done with them: NumPy's functions, operators, methods.

A subclass says in `_record` what becomes of an operation. Comparison by == is left to it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import partial
from math import prod
from typing import Any, NoReturn

import numpy as np

from jitflow.errors import TraceError, described
from jitflow.recording.queries import QUERIES
from jitflow.recording.writes import refuse_method, refuse_writes
from jitflow.trace.dispatch import CURES, MissingAttribute, of_attribute
from jitflow.trace.source import fail


class Operand:
    """An array whose operations are recorded. Has a `dtype`, and a `shape` or None."""

    __slots__ = ()

    dtype: np.dtype[Any]
    shape: tuple[int | None, ...] | None

    def _record(self, name: str, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """The result of a function of arrays on arguments, this one among them."""
        raise NotImplementedError

    @property
    def ndim(self) -> int | None:
        """The rank; None where it is not known."""
        return None if self.shape is None else len(self.shape)

    @property
    def size(self) -> int | None:
        """The number of elements; None where it is not known."""
        return None if self.shape is None or None in self.shape else prod(self.shape)  # type: ignore[arg-type]

    @property
    def itemsize(self) -> int:
        """Bytes of an element."""
        return self.dtype.itemsize

    @property
    def nbytes(self) -> int | None:
        """Bytes of all elements; None where it is not known how many there are."""
        return None if self.size is None else self.size * self.itemsize

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if function in QUERIES:
            return QUERIES[function](*args, **kwargs)
        refuse_writes(function, function.__name__, kwargs)
        return self._record(function.__name__, function, args, kwargs)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        name = ufunc.__name__
        if kwargs:
            refuse_writes(ufunc, name, kwargs)
        if method == "__call__":
            return self._record(name, ufunc, inputs, kwargs)
        if method == "at":
            self._refuse_write(f"np.{name}.at")
        return self._record(f"{name}_{method}", getattr(ufunc, method), inputs, kwargs)

    def __getitem__(self, key: Any) -> Any:
        return self._record("getitem", operator.getitem, (self, key), {})

    def __setitem__(self, key: Any, value: Any) -> NoReturn:
        self._refuse_write("x[i] = v")

    def _refuse_write(self, how: str) -> NoReturn:
        cure = "make a new one with np.where, or assign to a variable"
        fail(TraceError, f"{how} writes in place, and {described(self)} keeps its value",
             cure=cure)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")
        refuse_method(name, type(self).__name__)
        method, compute = of_attribute(name)
        if method is not None:
            return partial(self._call_method, name)
        if compute is not None:
            return self._record(name, Attribute(name), (self,), {})
        if hasattr(np.ndarray, name) or name in CURES:
            raise MissingAttribute(f"the array attribute .{name} is not recorded")
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def _call_method(self, name: str, *args: Any, **kwargs: Any) -> Any:
        return self._record(name, Method(name), (self, *args), kwargs)

    def __bool__(self) -> bool:
        self._refuse("use as a Python bool", "choose with np.where(condition, x, y)")

    def __len__(self) -> int:
        if self.shape is None or self.shape[:1] == (None,):
            self._refuse("a length that is not known", "give its placeholder a shape")
        if not self.shape:
            raise TypeError(f"len() of {self!r}, which has no axes")
        return int(self.shape[0])  # type: ignore[arg-type]

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self)))

    def __float__(self) -> float:
        self._refuse("float()", "use NumPy's functions")

    def __int__(self) -> int:
        self._refuse("int()", "use .astype(np.int64)")

    def __index__(self) -> int:
        self._refuse("use as a Python index or size", "take sizes from known shapes")

    def __array__(self, *args: Any, **kwargs: Any) -> NoReturn:
        cure = "use it as it is; np.stack joins several; Session.run gives numbers"
        self._refuse("conversion to a NumPy array", cure)

    def _refuse(self, use: str, cure: str) -> NoReturn:
        fail(TraceError, f"{use} needs numbers, and {self!r} has none yet", cure=cure)


class Attribute:
    """What arrays have by a name, as a function of the array."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, x: Any) -> Any:
        return getattr(x, self.name)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.name == other.name

    def __hash__(self) -> int:
        return hash((type(self), self.name))


class Method(Attribute):
    """A method of arrays as a function of the array and the method's arguments."""

    __slots__ = ()

    def __call__(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        return getattr(x, self.name)(*args, **kwargs)


def _binary(name: str, function: Any) -> tuple[Callable[..., Any], Callable[..., Any]]:
    def forward(self: Operand, other: Any) -> Any:
        return self._record(name, function, (self, other), {})

    def reflected(self: Operand, other: Any) -> Any:
        return self._record(name, function, (other, self), {})

    return forward, reflected


def _unary(name: str, function: Any) -> Callable[..., Any]:
    return lambda self: self._record(name, function, (self,), {})


BINARY = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "truediv": np.true_divide,
    "floordiv": np.floor_divide, "mod": np.remainder, "pow": np.power, "matmul": np.matmul,
    "and": np.bitwise_and, "or": np.bitwise_or, "xor": np.bitwise_xor, "lshift": np.left_shift,
    "rshift": np.right_shift, "divmod": np.divmod,
}  # fmt: skip
"""The functions behind Python's operators, by the names of these."""

COMPARISONS = {
    "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal,
}  # fmt: skip

for _name, _function in BINARY.items():
    _forward, _reflected = _binary(_name, _function)
    setattr(Operand, f"__{_name}__", _forward)
    setattr(Operand, f"__r{_name}__", _reflected)
for _name, _function in COMPARISONS.items():
    setattr(Operand, f"__{_name}__", _binary(_name, _function)[0])
for _name, _function in (
    ("neg", np.negative), ("pos", np.positive), ("abs", np.absolute), ("invert", np.invert),
):  # fmt: skip
    setattr(Operand, f"__{_name}__", _unary(_name, _function))
