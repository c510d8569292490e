"""What tensors and variables have in common: a NumPy value that Python may ask for."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitflow.errors import described
from jitflow.recording import Operand


class Valued(Operand):
    """An operand whose value is there: `_value`, which nobody writes."""

    __slots__ = ()

    _value: Any

    @property
    def dtype(self) -> np.dtype[Any]:  # type: ignore[override]
        return self._value.dtype

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        return self._value.shape

    def numpy(self) -> Any:
        """A copy of the value: an array, or a NumPy scalar."""
        return self._value.copy()

    def item(self) -> Any:
        """The only element as a Python number."""
        return self._value.item()

    def tolist(self) -> Any:
        """The elements as nested lists of Python numbers."""
        return self._value.tolist()

    def __jitflow_array__(self) -> Any:
        """The value where `@jit` traces a function that has a tensor from outside."""
        return self._value

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        if copy is False:
            raise ValueError(f"{described(self)} gives its value as a copy only")
        return np.array(self._value, dtype)

    def __float__(self) -> float:
        return float(self._value)

    def __int__(self) -> int:
        return int(self._value)

    def __complex__(self) -> complex:
        return complex(self._value)

    def __index__(self) -> int:
        return self._value.__index__()

    def __bool__(self) -> bool:
        return bool(self._value)

    def __format__(self, spec: str) -> str:
        return format(self._value, spec) if spec else str(self)
