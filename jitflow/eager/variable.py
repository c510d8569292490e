"""Variables of the eager mode: tensors that are replaced by new ones."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from itertools import chain, repeat
from typing import Any

from jitflow.eager.tensor import STATE, Tensor, as_tensor, given, record
from jitflow.eager.value import Valued
from jitflow.errors import DtypeError, ShapeError, TraceError
from jitflow.recording import Operand, as_literal
from jitflow.trace.arrays import TracedArray
from jitflow.trace.context import STATE as TRACE
from jitflow.trace.source import fail


class Variable(Valued):
    """A value that can be assigned to. Tapes watch it where it is trainable.

    initial_value: an array, a number (int32 or float32), a tensor; it fixes dtype and shape.
    """

    def __init__(
        self, initial_value: Any, trainable: bool = True, name: str = "Variable", dtype: Any = None
    ) -> None:
        self.trainable = trainable
        self.name = name
        self.cell: list[Any] = [None]
        """What it has, where native calls find it."""
        value = Tensor(initial_value, dtype)._value
        if isinstance(value, TracedArray):
            cure = "make the variable outside, or of numbers"
            fail(TraceError, f"the initial value of {name} is traced", cure=cure)
        self._set(value)
        if STATE.frame is not None:
            STATE.frame.made.append(self)

    @property
    def tensor(self) -> Tensor:
        """The value as a tensor; within a `jf.function` what it has come to there."""
        if STATE.frame is not None:
            return STATE.frame.read(self, self.held)
        if TRACE.context is not None:
            cure = "decorate the function by jf.function, or pass the value as an argument"
            fail(TraceError, f"@jit would fix what {self.name} is now", cure=cure)
        return self.held

    @property
    def held(self) -> Tensor:
        """What it has outside of traces."""
        self._held = self.tensor_of(self.cell[0])
        return self._held

    def tensor_of(self, value: Any) -> Tensor:
        """The tensor that this value of the variable is, or was: one as long as it is the last."""
        held = self._held
        return held if held._value is value else self._tensor(value)

    def _tensor(self, value: Any) -> Tensor:
        made = given(value)
        made.variable = self
        return made

    def take(self, value: Any) -> None:
        """Sets a value of the right type that nobody else has, without a copy."""
        if STATE.frame is not None:
            STATE.frame.write(self, value, self.held)
        elif isinstance(value, TracedArray):
            cure = "decorate the function by jf.function, which assigns when it has ended"
            fail(TraceError, f"{self.name} is assigned a traced value", cure=cure)
        else:
            self._set(value)

    def _set(self, value: Any) -> None:
        self._held = self._tensor(value)
        self.cell[0] = self._held._value

    @property
    def _value(self) -> Any:
        return self.tensor._value

    def assign(self, value: Any) -> Variable:
        """Sets the value; ShapeError or DtypeError for one of another type."""
        if isinstance(value, Operand):
            new = as_tensor(value)._value
        else:
            new = as_literal(value, self.dtype)
        if new.shape != self.shape:
            shapes = [self.shape, new.shape]
            fail(ShapeError, f"a value of another shape assigned to {self.name}", shapes=shapes)
        if new.dtype != self.dtype:
            fail(DtypeError, f"{new.dtype} assigned to {self.name}, which is {self.dtype}",
                 cure=f"cast it: x.astype(np.{self.dtype})")
        self.take(new)
        return self

    def assign_add(self, value: Any) -> Variable:
        """Adds to the value."""
        return self.assign(self + value)

    def assign_sub(self, value: Any) -> Variable:
        """Subtracts from the value."""
        return self.assign(self - value)

    def checkpoint_state(self) -> Any:
        """The value, for a checkpoint."""
        return self.numpy()

    def restore_state(self, state: Any) -> None:
        """Takes a value from a checkpoint."""
        self.assign(state)

    def _record(self, name: str, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        return record(name, function, args, kwargs)

    def __reduce__(self) -> Any:
        return Variable, (self._value, self.trainable, self.name)

    def __repr__(self) -> str:
        value = self._value
        return f"<Variable {self.name!r} shape={self.shape} dtype={self.dtype} value={value}>"


def tensors_of(variables: Sequence[Variable]) -> list[Tensor]:
    """What they are at one moment; within a trace what they have come to there."""
    if STATE.frame is not None or TRACE.context is not None:
        return [variable.tensor for variable in variables]
    values = list(map(operator.getitem, [variable.cell for variable in variables], repeat(0)))
    return [x.tensor_of(value) for x, value in zip(variables, values, strict=True)]


def take_all(variables: Sequence[Variable], before: Sequence[Any], after: Sequence[Any]) -> bool:
    """Sets values, as `take` does, where all have what they had before; else none.

    It is one call of a function in C: no thread may come between the looks and the change.
    """
    if STATE.frame is not None or any([isinstance(value, TracedArray) for value in after]):
        for variable, value in zip(variables, after, strict=True):
            variable.take(value)
        return True
    cells = [variable.cell for variable in variables]
    same = map(operator.is_, map(operator.getitem, cells, repeat(0)), before)
    put = map(operator.not_, map(operator.setitem, cells, repeat(0), after))
    return all(chain(same, put))
