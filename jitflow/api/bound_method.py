"""A jitted method of one object, as `object.method` gives it."""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from jitflow.api.function import JitFunction
    from jitflow.api.stages import Lowered, Traced


class BoundMethod(functools.partial[Any]):
    """A jitted function with its instance: what `instance.method` gives."""

    def __get__(self, instance: Any, owner: Any = None) -> BoundMethod:
        """Bound already, wherever it is an attribute."""
        return self

    @property
    def __self__(self) -> Any:
        return self.args[0]

    @property
    def __func__(self) -> JitFunction:
        function: Any = self.func
        return cast("JitFunction", function)

    @property
    def __signature__(self) -> inspect.Signature:
        """That of the function without the instance."""
        whole = inspect.signature(self.__func__)
        first, *rest = whole.parameters.values()
        is_open = first.kind is inspect.Parameter.VAR_POSITIONAL
        return whole.replace(parameters=[first, *rest] if is_open else rest)

    @property
    def static(self) -> tuple[Any, Any]:
        """Positions and names of static arguments; the instance is not counted."""
        numbers, names = self.__func__.static
        listed = [numbers] if isinstance(numbers, int) else numbers or ()
        return [n - 1 if n > 0 else n for n in listed if n != 0], names

    def trace(self, *args: Any, **kwargs: Any) -> Traced:
        return self.__func__.trace(self.__self__, *args, **kwargs)

    def lower(self, *args: Any, **kwargs: Any) -> Lowered:
        return self.trace(*args, **kwargs).lower()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__func__, name)
