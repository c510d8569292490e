"""The road from a graph to machine code: which passes, in which stage, then the runtime.

The only file that knows every level. A stage is computed when it is first asked for.
"""

from __future__ import annotations

from functools import cached_property

from jitflow.errors import ParseError
from jitflow.ir.core import Function
from jitflow.ir.printer import format_function
from jitflow.passes.manager import run_pipeline
from jitflow.passes.pipeline import TENSOR, loops_for
from jitflow.runtime import Executable, compile_function, host_target

LEVELS = ("graph", "ir", "opt", "kernels", "llvm", "asm")
"""The stages that `as_text` shows, in the order of the road."""


class Road:
    """One graph-level function and what becomes of it."""

    def __init__(self, graph: Function) -> None:
        self.graph = graph

    @cached_property
    def ir(self) -> Function:
        """One flat function over whole arrays: calls are inlined."""
        return run_pipeline(TENSOR[:1], self.graph)

    @cached_property
    def opt(self) -> Function:
        """The tensor IR after its passes."""
        return run_pipeline(TENSOR[1:], self.ir)

    @cached_property
    def kernels(self) -> Function:
        """Loop IR, ready for code for this machine."""
        target = host_target()
        return run_pipeline(loops_for(target.vector_bytes, target.vector_registers), self.opt)

    @cached_property
    def executable(self) -> Executable:
        """Machine code, linked."""
        return compile_function(self.kernels)

    def text(self, level: str, locations: bool = False) -> str:
        """The text of a stage; ParseError with the stages where there is no such one."""
        if level not in LEVELS:
            raise ParseError(f"unknown stage '{level}'; expected one of {', '.join(LEVELS)}")
        if level == "llvm":
            return self.executable.llvm_text
        if level == "asm":
            return self.executable.assembly
        return format_function(getattr(self, level), locations)
