"""What runs the `; run:` lines of a case: the interpreter, and compiled code.

An evaluator makes a function callable on arrays. Buffers among the arguments are written in place;
what the function returns is returned.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from jitflow.api.machinery import finish_loops
from jitflow.errors import NoCodeError
from jitflow.ir.core import Function
from jitflow.ir.interpreter import interpret
from jitflow.ir.types import BufferType
from jitflow.passes.manager import run_pipeline
from jitflow.passes.pipeline import LOOPS
from jitflow.runtime import compile_function

Call = Callable[[Sequence[Any]], Sequence[Any]]
Evaluator = Callable[[Function], Call | None]
"""The function as a call, None where this evaluator has no way to run it."""

TO_CODE = ("inline", "split_complex", *LOOPS)
"""What code needs of tensor IR: nothing is simplified on the way, so that all of it is run."""


def interpreted(function: Function) -> Call:
    return partial(interpret, function)


def compiled(function: Function) -> Call | None:
    """Machine code; None where an op, a dtype or a size has none yet, which NoCodeError says.

    Any other error while compiling is a fault of the function or of jitflow, and is not caught.
    """
    try:
        return compile_function(_loops(function))
    except NoCodeError:
        return None


def _loops(function: Function) -> Function:
    """The function at level 3, ready for code.

    Outputs of a function that was at level 3 before are taken for inputs. To code they are the
    same, and the caller sees what is written to them, and what is not.
    """
    if not any(isinstance(param.type, BufferType) for param in function.params):
        return run_pipeline(TO_CODE, function, verify_each=True)
    lowered = finish_loops(function, verify_each=True)
    return Function(lowered.name, lowered.body, {**lowered.attrs, "outputs": 0})


EVALUATORS: Mapping[str, Evaluator] = {"interpreter": interpreted, "compiled code": compiled}
"""By name; the interpreter comes first, since it finds accesses outside of a buffer."""
