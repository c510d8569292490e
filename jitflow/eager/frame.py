"""Variables while a function of tensors is traced: their traced values, and what is assigned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from jitflow.eager.tensor import STATE, Tensor, given


class Frame:
    """The variables of a trace: `known` ones have the traced `values`, others are `missing`."""

    def __init__(self, known: Sequence[Any], values: Sequence[Any]) -> None:
        self._known = known
        self._tensors = {x: _of(x, value) for x, value in zip(known, values, strict=True)}
        self._written: dict[Any, Tensor] = {}
        self.missing: list[Any] = []
        self.made: list[Any] = []
        """Variables that were made while the function was traced."""

    def read(self, variable: Any, held: Tensor) -> Tensor:
        """The variable's tensor; of one that is not known what it holds, for this trace."""
        if variable not in self._tensors:
            self.missing.append(variable)
            self._tensors[variable] = _of(variable, held._value)
        return self._tensors[variable]

    def write(self, variable: Any, value: Any, held: Tensor) -> None:
        """From here on the variable reads so; the caller assigns it when the call has ended."""
        self.read(variable, held)
        self._tensors[variable] = self._written[variable] = _of(variable, value)

    @property
    def changes(self) -> dict[str, Any]:
        """The values written, by the variable's place among those known."""
        places = {variable: str(i) for i, variable in enumerate(self._known)}
        return {places[variable]: tensor._value for variable, tensor in self._written.items()}

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Variables read here meanwhile, and no tape from around records."""
        before = STATE.frame, STATE.tapes
        STATE.frame, STATE.tapes = self, []
        try:
            yield
        finally:
            STATE.frame, STATE.tapes = before


def _of(variable: Any, value: Any) -> Tensor:
    tensor = given(value)
    tensor.variable = variable
    return tensor
