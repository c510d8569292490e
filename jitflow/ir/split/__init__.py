"""What rows are on complex numbers, written on their parts; see jitflow/ir/parts.py."""

from jitflow.ir.split.arithmetic import abs, div, dot, mul, sqrt
from jitflow.ir.split.exponential import exp, exp2, expm1, log, log1p, log2, log10, pow
from jitflow.ir.split.inverse import arccos, arccosh, arcsin, arcsinh, arctan, arctanh
from jitflow.ir.split.ordering import compare, extreme, sorts_before
from jitflow.ir.split.trigonometric import cos, cosh, sin, sinh, tan, tanh

__all__ = [
    "abs", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctanh", "compare", "cos",
    "cosh", "div", "dot", "exp", "exp2", "expm1", "extreme", "log", "log10", "log1p", "log2", "mul",
    "pow", "sin", "sinh", "sorts_before", "sqrt", "tan", "tanh",
]
