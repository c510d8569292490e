"""The road from a graph to machine code: which passes, in which stage, then the runtime.

The only file that knows every level. A stage is computed when it is first asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from jitflow.errors import ParseError
from jitflow.ir.core import Function
from jitflow.ir.interpreter import interpret
from jitflow.ir.printer import format_function
from jitflow.passes.manager import run_pipeline
from jitflow.passes.pipeline import TENSOR

LEVELS = ("graph", "ir", "opt", "kernels", "llvm", "asm")
"""The stages that `as_text` shows, in the order of the road."""


class Road:
    """One graph-level function and what becomes of it."""

    def __init__(self, graph: Function) -> None:
        self.graph = graph

    @cached_property
    def opt(self) -> Function:
        return run_pipeline(TENSOR, self.graph)

    @cached_property
    def executable(self) -> Callable[[Sequence[Any]], Sequence[Any]]:
        return _compile(self.opt)

    def text(self, level: str, locations: bool = False) -> str:
        """The text of a stage; ParseError with the stages where there is no such one."""
        if level not in LEVELS:
            raise ParseError(f"unknown stage '{level}'; expected one of {', '.join(LEVELS)}")
        return format_function(getattr(self, level), locations)


def _compile(function: Function) -> Callable[[Sequence[Any]], Sequence[Any]]:
    return lambda inputs: [x.copy() for x in interpret(function, inputs)]
