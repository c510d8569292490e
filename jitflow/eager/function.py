"""`jf.function`: `jit` for code that works on tensors. A call is one operation on a tape."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from jitflow import api
from jitflow.eager.tensor import record
from jitflow.recording import Operand
from jitflow.trace.pytree import flatten


class Function:
    """A jitted function that takes tensors and variables too, and then gives tensors."""

    def __init__(self, call: Callable[..., Any], **options: Any) -> None:
        functools.update_wrapper(self, call)
        self.jitted = api.jit(call, **options)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if any(isinstance(x, Operand) for x in flatten((args, kwargs))[0]):
            return record(self.__name__, self.jitted, args, kwargs)  # type: ignore[attr-defined]
        return self.jitted(*args, **kwargs)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else functools.partial(self, instance)


def function(call: Callable[..., Any] | None = None, **options: Any) -> Any:
    """`jit` under another name, for functions of tensors; options as there.

    The function is traced: Python runs once for each signature. Variables that it reads are read
    while it is traced: pass what changes as an argument.
    """
    return functools.partial(function, **options) if call is None else Function(call, **options)
