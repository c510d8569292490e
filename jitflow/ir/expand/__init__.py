"""Expansions of the mathematical functions into level-3 ops, one function each.

An expansion takes the builder to write to and the operands, f32 or f64, scalars or vectors alike:
the same ops in both, so that they give equal bits. Knows nothing of rows, passes or LLVM.
"""

from jitflow.ir.expand.bessel import i0, i1
from jitflow.ir.expand.division import floor_divide, fmod, gcd, remainder
from jitflow.ir.expand.error_function import erf, erfc, erfcx
from jitflow.ir.expand.exponential import exp, exp2, expm1
from jitflow.ir.expand.gamma import digamma, gammaln
from jitflow.ir.expand.hyperbolic import cosh, sinh, tanh
from jitflow.ir.expand.inverse_error_function import erfcinv, erfinv
from jitflow.ir.expand.inverse_hyperbolic import arccosh, arcsinh, arctanh
from jitflow.ir.expand.inverse_trigonometric import arccos, arcsin, arctan, arctan2
from jitflow.ir.expand.log_of_sum import logaddexp, logaddexp2
from jitflow.ir.expand.logarithm import log, log1p, log2, log10
from jitflow.ir.expand.philox import philox, philox_reference
from jitflow.ir.expand.power import pow
from jitflow.ir.expand.roots import cbrt, hypot
from jitflow.ir.expand.scaling import ldexp
from jitflow.ir.expand.trigonometric import cos, sin, tan

__all__ = [
    "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "cbrt", "cos",
    "cosh", "digamma", "erf", "erfc", "erfcinv", "erfcx", "erfinv", "exp", "exp2", "expm1",
    "floor_divide", "fmod", "gammaln", "gcd", "hypot", "i0", "i1", "ldexp", "log", "log10",
    "log1p", "log2", "logaddexp", "logaddexp2", "philox", "philox_reference", "pow", "remainder",
    "sin", "sinh", "tan", "tanh",
]  # fmt: skip
