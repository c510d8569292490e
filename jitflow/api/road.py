"""The road from a graph to machine code: which passes, in which stage, then the runtime.

Owns which stage is made of which; `machinery` knows how. Each is computed when it is first asked
for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial, wraps
from typing import TYPE_CHECKING, Any, TypeVar

from jitflow.api.order import host_passes
from jitflow.errors import ParseError
from jitflow.forks import computed
from jitflow.ir.core import Function
from jitflow.ir.printer import format_function
from jitflow.passes.timing import Timing, measure, recorded

if TYPE_CHECKING:
    from jitflow.runtime.executable import Body, Executable
    from jitflow.runtime.nests import NestCost

LEVELS = ("graph", "ir", "opt", "kernels", "llvm", "asm")
"""The stages that `as_text` shows, in the order of the road."""

Result = TypeVar("Result")


def _stage(compute: Callable[[Road], Result]) -> computed[Result]:
    """A property that is computed once, with what it took in the timings of the road."""

    @wraps(compute)
    def record(road: Road) -> Result:
        with recorded(road.timings):
            return compute(road)

    return computed(record)


class Road:
    """One graph-level function and what becomes of it; `timings` are the steps so far."""

    def __init__(self, graph: Function, timings: Sequence[Timing] = ()) -> None:
        self.graph = graph
        self.timings = list(timings)

    @_stage
    def ir(self) -> Function:
        """One flat function over whole arrays: calls are inlined."""
        return _machinery().inlined(self.graph)

    @_stage
    def opt(self) -> Function:
        """The tensor IR after its passes."""
        return _machinery().simplified(self.ir)

    @_stage
    def fused(self) -> Function:
        """The tensor IR with kernels: what each loop nest will compute."""
        return _machinery().fused(self.opt)

    @_stage
    def kernels(self) -> Function:
        """Loop IR, ready for code for this machine."""
        return _machinery().lowered(self.fused)

    @_stage
    def made(self) -> Executable:
        """Machine code, compiled here and linked: baseline code where that pays."""
        return _machinery().compile_function(self.kernels, in_hurry=True)

    @_stage
    def key(self) -> str:
        """What the code is known by on disk; "" where it must not come from there."""
        return str(_bodies().body_key(self.graph, host_passes()))

    @_stage
    def executable(self) -> Executable:
        """Machine code, linked: that of an earlier process, where it kept some for this graph."""
        found: Executable | None = _bodies().find_executable(self.key) if self.key else None
        if found is None:
            found = self.made
            _keep(self.key, self.graph, found.body)
        if found.patience is not None:
            found.refined = partial(_refined, self.key, self.graph, self.timings)
        return found

    def may_overwrite(self, pairs: Sequence[tuple[int, int]]) -> tuple[bool, ...]:
        """Of pairs of a result and an input, by number: whether the code may write the one over
        the other while it runs. Kept on disk like the code.
        """
        question = f"may overwrite {pairs}"
        found: tuple[bool, ...] | None = _bodies().find_answers(self.key, question)
        if found is None:
            made = [_machinery().may_overwrite(self.kernels, *pair) for pair in pairs]
            found = tuple(made)
            _bodies().keep_answers(self.key, question, self.graph, found)
        return found

    def nest_costs(self) -> tuple[NestCost, ...]:
        """What each loop nest costs; they are compiled once more for it."""
        costs: tuple[NestCost, ...] = _machinery().nest_costs(self.kernels)
        return costs

    def start_with_loops(self, finish: Callable[[Function], Function]) -> None:
        """For a graph that is loop IR already: `finish` makes it ready for code."""
        self.__dict__["kernels"] = finish(self.graph)

    def adopt(self, executable: Executable) -> None:
        """Takes code that was made of an equal graph, in place of making its own."""
        self.__dict__["executable"] = executable

    def text(self, level: str, locations: bool = False) -> str:
        """The text of a stage; ParseError with the stages where there is no such one."""
        if level not in LEVELS:
            raise ParseError(f"unknown stage '{level}'; expected one of {', '.join(LEVELS)}")
        if level == "llvm":
            return str(_machinery().llvm_text(self.kernels))
        if level == "asm":
            return str(_machinery().assembly(self.kernels))
        return format_function(getattr(self, level), locations)


def _keep(key: str, graph: Function, body: Body) -> None:
    if key:
        measure("keep on disk", _bodies().keep_body, key, graph, body)


def _refined(
    key: str, graph: Function, timings: list[Timing], body: Body, steps: list[Timing]
) -> None:
    """Full code was made of baseline code in these steps: for the disk, and the report."""
    with recorded(steps):
        _keep(key, graph, body)
    timings += steps


def _bodies() -> Any:
    """Calls of machine code, and what is kept of it on disk: loaded with the first function."""
    from jitflow.runtime import bodies  # noqa: PLC0415

    return bodies


@cache
def _machinery() -> Any:
    """Passes, code generation and runtime: loaded when something is compiled first.

    A thread that comes while another one loads them waits for all of them.
    """
    return measure("load the compiler", _load)


def _load() -> Any:
    from jitflow.api import machinery  # noqa: PLC0415

    return machinery
