"""Expansions of the mathematical functions into level-3 ops, one function each.

An expansion takes the builder to write to and the operands, f32 or f64, scalars or vectors alike:
the same ops in both, so that they give equal bits. Knows nothing of rows, passes or LLVM.
"""

from jitflow.ir.expand.division import floor_divide, fmod, gcd, remainder
from jitflow.ir.expand.error_function import erf
from jitflow.ir.expand.exponential import exp, expm1
from jitflow.ir.expand.hyperbolic import tanh
from jitflow.ir.expand.logarithm import log, log1p
from jitflow.ir.expand.power import pow
from jitflow.ir.expand.scaling import ldexp
from jitflow.ir.expand.trigonometric import cos, sin

__all__ = [
    "cos", "erf", "exp", "expm1", "floor_divide", "fmod", "gcd", "ldexp", "log", "log1p", "pow",
    "remainder", "sin", "tanh",
]  # fmt: skip
