"""Tensors: NumPy values that know how they were made, and tell the tapes that watch them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

import numpy as np

from jitflow.eager.value import Valued
from jitflow.errors import JitflowError
from jitflow.recording import Application, Type, apply, as_literal, dtype_of, result_types
from jitflow.trace.arrays import TracedArray
from jitflow.trace.lift import checked_dtype
from jitflow.trace.pytree import flatten, unflatten

MAX_STEPS, MAX_BYTES = 100, 1 << 24
"""How many operations a tensor remembers one behind the other, and how much they may hold."""


class Made:
    """One operation that was done: what it was and what it computed with.

    `count` is the number of its outputs; `steps` and `held` say how much it remembers.
    """

    __slots__ = ("application", "count", "held", "inputs", "name", "steps")

    steps: int
    held: int

    def __init__(
        self, name: str, application: Application, inputs: Sequence[Tensor], count: int
    ) -> None:
        self.name = name
        self.application = application
        self.count = count
        self.steps, self.held = 1, 0
        for x in inputs:
            if x.made is not None:
                self.steps = max(self.steps, 1 + x.made.steps)
                self.held += x._value.nbytes + x.made.held
        if self.steps > MAX_STEPS or self.held > MAX_BYTES:
            inputs = [x if x.made is None else given(x._value) for x in inputs]
            self.steps, self.held = 1, 0
        self.inputs = tuple(inputs)


GRADIENTS: list[Callable[[Made, int, Any], Any]] = []
"""What computes gradients of one operation; the tape's room fills it."""


class Tensor(Valued):
    """A NumPy value that nobody changes, and how it came about.

    A tensor remembers the operations behind it, up to MAX_STEPS one after the other and MAX_BYTES
    of their values, so that a long loop does not grow; tapes remember all that they record.
    """

    __slots__ = ("__weakref__", "_value", "index", "made", "variable")

    prefix = "jf.Tensor"
    """What stands first when a tensor is printed."""

    made: Made | None
    """The operation that gave it, None if it was given."""

    index: int
    """Which of the operation's outputs it is."""

    variable: Any
    """The variable whose value it is, or None."""

    def __init__(self, value: Any, dtype: Any = None) -> None:
        if type(value) is TracedArray:
            self._take(_literal(value, None if dtype is None else dtype_of(dtype), 0)._value)
            return
        array = as_literal(value, dtype=None if dtype is None else dtype_of(dtype))
        checked_dtype(array)
        self._take(array)

    def _take(self, value: Any) -> None:
        """Takes a NumPy value that nobody else writes."""
        if isinstance(value, np.ndarray):
            value.setflags(write=False)
            value = value if value.ndim else value[()]
        self._value = value
        self.made = self.variable = None
        self.index = 0

    @property
    def grad_fn(self) -> Callable[[Any], Any] | None:
        """Gives the gradients of `inputs` for that of this tensor; None where it was given."""
        made, index = self.made, self.index
        return None if made is None else lambda slope: GRADIENTS[0](made, index, slope)

    @property
    def op(self) -> str:
        """The name of the operation that made it, "" if it was given."""
        return self.made.name if self.made else ""

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """What it was computed from."""
        return self.made.inputs if self.made else ()

    def _record(self, name: str, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        return record(name, function, args, kwargs)

    def __eq__(self, other: object) -> Any:
        return record("equal", np.equal, (self, other), {})

    def __ne__(self, other: object) -> Any:
        return record("not_equal", np.not_equal, (self, other), {})

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> Any:
        return given, (self._value,)

    def __str__(self) -> str:
        return f"{self.prefix}({self._value}, shape={self.shape}, dtype={self.dtype})"

    __repr__ = __str__


class Done(NamedTuple):
    """An operation as a tape knows it: outputs that are no tensors are what they are."""

    application: Application
    inputs: Sequence[Tensor]
    outputs: Sequence[Any]


class Recorder(Protocol):
    """What wants to know of operations: a tape."""

    def record(self, done: Done) -> None: ...


class _State(threading.local):
    def __init__(self) -> None:
        self.tapes: list[Recorder] = []
        self.frame: Any = None


STATE = _State()
"""`tapes` are those of this thread that record now; `frame` has the variables of its trace."""


def constant(value: Any, dtype: Any = None) -> Tensor:
    """A tensor of this value: int32 or float32 for Python numbers; arrays keep their dtype."""
    return Tensor(value, dtype)


def enable_eager_execution() -> None:
    """For programs that ask for it: tensors are computed at once, here always."""


def as_tensor(x: Any) -> Tensor:
    """The tensor for a value: itself, that of a variable, or a new one."""
    if isinstance(x, Tensor):
        return x
    tensor = getattr(x, "tensor", None)
    return tensor if isinstance(tensor, Tensor) else Tensor(x)


def given(value: Any) -> Tensor:
    """A tensor of a NumPy value that nobody else has."""
    tensor = object.__new__(Tensor)
    tensor._take(value)
    return tensor


def application_of(name: str, function: Callable[..., Any], args: Any, kwargs: Any) -> Application:
    """The operation that `record` would do."""
    return apply(name, function, args, kwargs, _literal)[0]


def record(name: str, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """Does an operation at once, and tells the tapes. Results are tensors, in their structure.

    What is no array in the result (`np.array_equal` gives a bool) stays what it is.
    """
    application, operands = apply(name, function, args, kwargs, _literal)
    inputs = [as_tensor(x) for x in operands]
    try:
        result = application([x._value for x in inputs])
    except (ValueError, TypeError, IndexError) as error:
        _explain(error, application, inputs)
        raise
    if isinstance(result, ARRAYS):
        tensor = output(Made(name, application, inputs, 1), 0, result)
        _tell(application, inputs, [tensor])
        return tensor
    leaves, tree = flatten(result)
    made = Made(name, application, inputs, len(leaves))
    outputs = [output(made, i, x) if isinstance(x, ARRAYS) else x for i, x in enumerate(leaves)]
    _tell(application, inputs, outputs)
    return unflatten(tree, outputs)


def _tell(application: Application, inputs: Sequence[Tensor], outputs: Sequence[Any]) -> None:
    """Tells the tapes of this thread what was done."""
    if STATE.tapes:
        done = Done(application, inputs, outputs)
        for tape in tuple(STATE.tapes):
            tape.record(done)


ARRAYS = (np.ndarray, np.generic, TracedArray)
"""What values of tensors are; traced ones within a `jf.function`."""


def _explain(error: Exception, application: Application, inputs: Sequence[Tensor]) -> None:
    """Raises what a trace says of these shapes and dtypes, with the user's line, if it can."""
    if isinstance(error, JitflowError):
        return
    try:
        result_types(application, [Type(x.dtype, x.shape) for x in inputs])
    except JitflowError as better:
        raise better from None


def _literal(x: Any, beside: Any, place: int) -> Tensor:
    if type(x) in (int, float) and x:
        return given(_number(x, beside))
    if type(x) is not TracedArray:
        return given(as_literal(x, beside))
    wanted = as_literal(x.dtype.type(), beside).dtype if x.weak else x.dtype
    return given(x.astype(wanted) if x.weak or x.dtype != wanted else x)


@lru_cache(maxsize=1024, typed=True)
def _number(x: Any, beside: Any) -> Any:
    """A literal as a NumPy scalar. Zeros are none of these: -0.0 and 0.0 are equal."""
    return as_literal(x, beside)[()]


def output(made: Made, index: int, value: Any) -> Tensor:
    """The tensor for one output of an operation."""
    tensor = given(value)
    tensor.made, tensor.index = made, index
    return tensor
