"""Variables of the eager mode: tensors that are replaced by new ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from jitflow.eager.tensor import Tensor, as_tensor, record
from jitflow.errors import DtypeError, ShapeError
from jitflow.recording import Operand, as_literal
from jitflow.trace.source import fail


class Variable(Operand):
    """A value that can be assigned to. Tapes watch it where it is trainable.

    initial_value: an array, a number (int32 or float32), a tensor; it fixes dtype and shape.
    """

    def __init__(
        self, initial_value: Any, trainable: bool = True, name: str = "Variable", dtype: Any = None
    ) -> None:
        self.trainable = trainable
        self.name = name
        is_made = isinstance(initial_value, Operand)
        self._set(Tensor(as_tensor(initial_value).numpy() if is_made else initial_value, dtype))

    def _set(self, tensor: Tensor) -> None:
        self.tensor = Tensor(tensor.numpy())
        self.tensor.variable = self

    @property
    def dtype(self) -> np.dtype[Any]:  # type: ignore[override]
        return self.tensor.dtype

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        return self.tensor.shape

    def numpy(self) -> Any:
        """A copy of the value now."""
        return self.tensor.numpy()

    def assign(self, value: Any) -> Variable:
        """Sets the value; ShapeError or DtypeError for one of another type."""
        new = value if isinstance(value, Operand) else Tensor(as_literal(value, self.dtype))
        tensor = as_tensor(new)
        if tensor.shape != self.shape:
            shapes = [self.shape, tensor.shape]
            fail(ShapeError, f"a value of another shape assigned to {self.name}", shapes=shapes)
        if tensor.dtype != self.dtype:
            fail(DtypeError, f"{tensor.dtype} assigned to {self.name}, which is {self.dtype}")
        self._set(tensor)
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

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.array(self.tensor, dtype)

    def __float__(self) -> float:
        return float(self.tensor)

    def __int__(self) -> int:
        return int(self.tensor)

    def __bool__(self) -> bool:
        return bool(self.tensor)

    def __repr__(self) -> str:
        value = np.asarray(self.tensor)
        return f"<Variable {self.name!r} shape={self.shape} dtype={self.dtype} value={value}>"
