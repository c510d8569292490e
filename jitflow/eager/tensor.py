"""Tensors: NumPy values that know how they were made, and tell the tapes that watch them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, NoReturn, Protocol

import numpy as np

from jitflow.errors import TraceError
from jitflow.ir.dtypes import as_dtype
from jitflow.recording import Application, Operand, apply, as_literal
from jitflow.trace.pytree import flatten, unflatten
from jitflow.trace.source import fail


class Recorder(Protocol):
    """What wants to know of operations: a tape."""

    def record(self, made: Made) -> None: ...


class Made:
    """One operation that was done: what of, and what it gave."""

    __slots__ = ("application", "inputs", "name", "outputs")

    def __init__(
        self, name: str, application: Application, inputs: Sequence[Tensor],
        outputs: Sequence[Tensor],
    ) -> None:
        self.name = name
        self.application = application
        self.inputs = tuple(inputs)
        self.outputs = tuple(outputs)


GRADIENTS: list[Callable[[Made, Tensor, Any], Any]] = []
"""What computes gradients of one operation; the tape's room fills it."""


class _State(threading.local):
    def __init__(self) -> None:
        self.tapes: list[Recorder] = []


STATE = _State()
"""`STATE.tapes` are the tapes of this thread that record now."""


class Tensor(Operand):
    """A NumPy value; it cannot be written. `made` says how it came about, None if it was given."""

    __slots__ = ("__weakref__", "_value", "made", "variable")

    prefix = "jf.Tensor"
    """What stands first when a tensor is printed."""

    def __init__(self, value: Any, dtype: Any = None) -> None:
        array = as_literal(value, dtype=None if dtype is None else as_dtype(dtype).numpy)
        as_dtype(array.dtype)
        self._value = array if array.ndim else array[()]
        self.made: Made | None = None
        self.variable: Any = None

    @property
    def grad_fn(self) -> Callable[[Any], Any] | None:
        """Gives the gradients of `inputs` for that of this tensor; None where it was given."""
        made = self.made
        if made is None:
            return None
        return lambda slope: GRADIENTS[0](made, self, slope)

    @property
    def dtype(self) -> np.dtype[Any]:  # type: ignore[override]
        return self._value.dtype

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        return self._value.shape

    @property
    def op(self) -> str:
        """The name of the operation that made it, "" if it was given."""
        return self.made.name if self.made else ""

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """What it was computed from."""
        return self.made.inputs if self.made else ()

    def numpy(self) -> Any:
        """A copy of the value: an array, or a NumPy scalar."""
        return self._value.copy()

    def _record(self, name: str, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        return record(name, function, args, kwargs)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.array(self._value, dtype)

    def __float__(self) -> float:
        return float(self._value)

    def __int__(self) -> int:
        return int(self._value)

    def __index__(self) -> int:
        return self._value.__index__()

    def __bool__(self) -> bool:
        return bool(self._value)

    def __len__(self) -> int:
        return len(self._value)

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self._value)))

    def __eq__(self, other: object) -> Any:
        return record("equal", np.equal, (self, other), {})

    def __ne__(self, other: object) -> Any:
        return record("not_equal", np.not_equal, (self, other), {})

    __hash__ = None  # type: ignore[assignment]

    def __setitem__(self, key: Any, value: Any) -> NoReturn:
        fail(TraceError, "a tensor keeps its value", cure="use a jf.Variable, or np.where")

    def __format__(self, spec: str) -> str:
        return format(self._value.item(), spec) if spec and not self.shape else str(self)

    def __str__(self) -> str:
        return f"{self.prefix}({self._value}, shape={self.shape}, dtype={self.dtype})"

    __repr__ = __str__


def constant(value: Any, dtype: Any = None) -> Tensor:
    """A tensor of this value: int32 or float32 for Python numbers; arrays keep their dtype."""
    return Tensor(value, dtype)


def as_tensor(x: Any) -> Tensor:
    """The tensor for a value: itself, that of a variable, or a new one."""
    if isinstance(x, Tensor):
        return x
    tensor = getattr(x, "tensor", None)
    return tensor if isinstance(tensor, Tensor) else Tensor(x)


def record(name: str, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """Does an operation at once, and tells the tapes. Results are tensors, in their structure."""

    def literal(x: Any, beside: Any, place: int) -> Tensor:
        return _given(as_literal(x, beside))

    application, operands = apply(name, function, args, kwargs, literal)
    inputs = [as_tensor(x) for x in operands]
    result = application([x._value for x in inputs])
    leaves, tree = flatten(result)
    outputs = [_given(x) for x in leaves]
    made = Made(name, application, inputs, outputs)
    for output in outputs:
        output.made = made
    for tape in tuple(STATE.tapes):
        tape.record(made)
    return unflatten(tree, outputs)


def _given(value: Any) -> Tensor:
    """A tensor of a NumPy value that nobody else has."""
    tensor = object.__new__(Tensor)
    tensor._value = value if isinstance(value, np.generic) or value.ndim else value[()]
    tensor.made = tensor.variable = None
    return tensor
