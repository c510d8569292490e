"""The road from a graph to machine code: which passes, in which stage, then the runtime.

The only file that knows every level. A stage is computed when it is first asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

from jitflow.errors import ParseError
from jitflow.ir.core import Function, walk
from jitflow.ir.printer import format_function
from jitflow.passes.manager import PASSES, run_pipeline
from jitflow.passes.pipeline import LOOPS, TENSOR, loops_for
from jitflow.runtime import Executable, compile_function, host_target

LEVELS = ("graph", "ir", "opt", "kernels", "llvm", "asm")
"""The stages that `as_text` shows, in the order of the road."""

_LOWER = LOOPS.index("lower")
FROM_LOOPS = tuple(name for name in LOOPS[_LOWER + 1 :] if PASSES[name].required)
"""What code needs of loop IR, whatever passes it has behind it."""

Result = TypeVar("Result")


class _Stage(Generic[Result]):
    """A property that is computed once. Not `functools.cached_property`: that of Python 3.11 holds
    one lock for all functions, which a fork may find held by a thread that is not there.
    """

    def __init__(self, compute: Callable[[Any], Result]) -> None:
        self.compute = compute
        self.__doc__ = compute.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, road: None, owner: type) -> _Stage[Result]: ...
    @overload
    def __get__(self, road: Road, owner: type) -> Result: ...
    def __get__(self, road: Road | None, owner: type) -> Any:
        if road is None:
            return self
        result = road.__dict__[self.name] = self.compute(road)
        return result


class Road:
    """One graph-level function and what becomes of it."""

    def __init__(self, graph: Function) -> None:
        self.graph = graph

    @_Stage
    def ir(self) -> Function:
        """One flat function over whole arrays: calls are inlined."""
        return run_pipeline(TENSOR[:1], self.graph)

    @_Stage
    def opt(self) -> Function:
        """The tensor IR after its passes."""
        return run_pipeline(TENSOR[1:], self.ir)

    @_Stage
    def fused(self) -> Function:
        """The tensor IR with kernels: what each loop nest will compute."""
        return run_pipeline(_host_loops()[:_LOWER], self.opt)

    @_Stage
    def kernels(self) -> Function:
        """Loop IR, ready for code for this machine."""
        return run_pipeline(_host_loops()[_LOWER:], self.fused)

    @_Stage
    def executable(self) -> Executable:
        """Machine code, linked."""
        return compile_function(self.kernels)

    def adopt(self, executable: Executable) -> None:
        """Takes code that was made of an equal graph, in place of making its own."""
        self.__dict__["executable"] = executable

    def text(self, level: str, locations: bool = False) -> str:
        """The text of a stage; ParseError with the stages where there is no such one."""
        if level not in LEVELS:
            raise ParseError(f"unknown stage '{level}'; expected one of {', '.join(LEVELS)}")
        if level == "llvm":
            return self.executable.llvm_text
        if level == "asm":
            return self.executable.assembly
        return format_function(getattr(self, level), locations)


def _host_loops() -> tuple[str, ...]:
    target = host_target()
    return loops_for(target.vector_bytes, target.vector_registers, target.has_f16c)


def finish_loops(function: Function, **instrumentation: Any) -> Function:
    """Loop IR, from text or from any pass, ready for code; places in the arena are kept.

    `instrumentation` are the fields of PassManager.
    """
    offsets = [op.attrs["offset"] for op in walk(function.body) if op.row.name == "alloc"]
    is_placed = min(offsets, default=0) >= 0
    missing = [name for name in FROM_LOOPS if not (is_placed and name == "assign")]
    return run_pipeline(missing, function, **instrumentation)
