"""What rows are on complex numbers, written on their parts; see jitflow/ir/parts.py."""

from jitflow.ir.split.arithmetic import abs, div, dot, mul, sqrt

__all__ = ["abs", "div", "dot", "mul", "sqrt"]
