"""What stages are made by: passes in their order, then the runtime.

Loaded when something is compiled, not by `import jitflow`: `road` asks for it.
"""

from __future__ import annotations

from typing import Any

from jitflow.api.order import host_loops, plain_loops
from jitflow.ir.core import Function
from jitflow.ir.nests import walk_all
from jitflow.passes.lowering import in_place
from jitflow.passes.manager import PASSES, run_pipeline
from jitflow.passes.pipeline import LOOPS, TENSOR
from jitflow.runtime.compile import assembly, compile_function, llvm_text
from jitflow.runtime.nests import nest_costs
from jitflow.runtime.target import Target

_LOWER = LOOPS.index("lower")
FROM_LOOPS = tuple(name for name in LOOPS[_LOWER + 1 :] if PASSES[name].required)
"""What code needs of loop IR, whatever passes it has behind it."""

__all__ = [
    "assembly", "compile_function", "finish_loops", "fused", "inlined", "llvm_text", "lowered",
    "may_overwrite", "nest_costs", "simplified", "stands_alone",
]  # fmt: skip


def inlined(graph: Function) -> Function:
    return run_pipeline(TENSOR[:1], graph)


def simplified(function: Function) -> Function:
    return run_pipeline(TENSOR[1:], function)


def may_overwrite(function: Function, output: int, source: int) -> bool:
    """Whether the loops give the same results if an output, by number, is an input's memory."""
    count: Any = function.attrs["outputs"]
    outputs = function.params[len(function.params) - count :]
    return in_place.may_overwrite(function, outputs[output], function.params[source])


def fused(function: Function) -> Function:
    return run_pipeline(host_loops()[:_LOWER], function)


def lowered(function: Function) -> Function:
    return run_pipeline(host_loops()[_LOWER:], function)


def stands_alone(function: Function, target: Target) -> Function:
    """Loop IR of a simplified function, for code that C programs link."""
    return run_pipeline(plain_loops(target), function)


def finish_loops(function: Function, **instrumentation: Any) -> Function:
    """Loop IR, from text or from any pass, ready for code; places in the arena are kept.

    `instrumentation` are the fields of PassManager.
    """
    offsets = [op.attrs["offset"] for op in walk_all(function) if op.row.name in ("alloc", "run")]
    is_placed = min(offsets, default=0) >= 0
    missing = [name for name in FROM_LOOPS if not (is_placed and name == "assign")]
    return run_pipeline(missing, function, **instrumentation)
