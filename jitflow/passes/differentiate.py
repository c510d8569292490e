"""What `grad` means on IR: a composition of linearize and transpose. Not a pass itself."""

from __future__ import annotations

from jitflow.errors import DerivativeError
from jitflow.ir.core import Function, Region
from jitflow.passes.dce import dce
from jitflow.passes.linearize import linearize
from jitflow.passes.timing import run_pass
from jitflow.passes.transpose import transpose


def gradient(
    function: Function, *, wrt: tuple[int, ...] = (0,), output: int = 0, values: bool = True
) -> Function:
    """The gradient of scalar result `output` by parameters `wrt`, in reverse mode.

    Parameters: those of `function`. Results: those of `function` (only where `values` is set),
    then one gradient for each of `wrt`, of that parameter's type, zeros where it has no influence.
    By a complex parameter x + iy it is df/dx - i df/dy.
    The text form is `dce,linearize{wrt=[...], of=[output]},transpose{ones=true},dce`: what nobody
    uses is not differentiated, and what the gradient does not need is not there.

    Raises DerivativeError where the output is no real scalar, a parameter of `wrt` is an integer,
    or an op has no derivative. Calls must be inlined before.
    """
    result = run_pass(linearize, run_pass(dce, function), wrt=wrt, of=(output,))
    scalar = function.results[output].type
    if scalar.rank:
        raise DerivativeError(f"result {output} is {scalar}; a gradient is of a scalar")
    if scalar.dtype.kind == "c":
        raise DerivativeError(f"result {output} is {scalar}; a gradient is of a real number")
    result = run_pass(transpose, result, ones=True)
    if not values:
        kept = result.results[len(function.results) :]
        result = Function(result.name, Region(result.params, result.ops, kept), result.attrs)
    return run_pass(dce, result)
