"""An op and a pass of one's own: code, derivative and command line take both as if built in.

Run `python examples/own_op.py`; the commands that it prints load this file with `--load`.
"""

import os
import shlex
import sys

import numpy as np

import jitflow as jf
from jitflow.ir.builder import install
from jitflow.ir.core import Function, Op
from jitflow.ir.derivative import jvp_by_operand
from jitflow.ir.ops.rules import elementwise
from jitflow.ir.row import Family, OpRow, register
from jitflow.passes.registry import enter
from jitflow.passes.rewrite import Sweep
from jitflow.trace import TracedArray, emit

GAUSSIAN = register(OpRow(
    name="gaussian", family=Family.ELEMENTWISE, arity=1,
    doc="e**(-x*x).",
    infer=elementwise("f", "f32 or f64"), reference=lambda x: np.exp(-x * x),
    exact=False, ulp=200.0, cost=20,
    jvp=jvp_by_operand(lambda b, t, out, x: b.mul(t, b.mul(b.mul(b.full_like(x, -2), x), out))),
    expand=lambda b, x: b.exp(b.neg(b.mul(x, x))),
))
install(GAUSSIAN)


def gaussian(x):
    """The op on traced arrays, its reference on others."""
    return emit("gaussian", x) if isinstance(x, TracedArray) else GAUSSIAN.reference(x)


@enter
def find_gaussians(function: Function) -> Function:
    """Replaces exp(-(x * x)) by the op that is meant.

        %0: f32[2] = mul %x, %x
        %1: f32[2] = neg %0          ->      %0: f32[2] = gaussian %x
        %2: f32[2] = exp %1                  return %0
        return %2

    What only they needed is left to dce.
    """
    return _Find().function(function)


class _Find(Sweep):
    def visit(self, op):
        x = _exponent_root(op)
        if x is None:
            return super().visit(op)
        x = self.values.get(x, x)
        self.out.append(Op(GAUSSIAN, (x,), {}, [op.result.type], (), op.locations))
        self.replace(op, self.out[-1].results)


def _exponent_root(op):
    """x where the op is exp(-(x * x)), else None."""
    for name in ("exp", "neg"):
        if op is None or op.name != name:
            return None
        op = op.operands[0].op
    is_square = op is not None and op.name == "mul" and op.operands[0] is op.operands[1]
    return op.operands[0] if is_square else None


def bump(x):
    """What a user writes who does not know of the op: f32[n] -> f32[n]."""
    return 3 * np.exp(-(x * x)) + 1


def main():
    x = np.linspace(-2, 2, 5)
    print("gaussian   ", jf.jit(gaussian)(x))
    print("derivative ", jf.elementwise_grad(gaussian)(x))

    python, file = (shlex.quote(os.path.relpath(path)) for path in (sys.executable, __file__))
    jitflow = python + " -m jitflow.cli"
    print(f"""
The op and the pass on the command line:
  {jitflow} ops gaussian --load {file}
  {jitflow} dump {file}:bump --args "f64[5]" | \\
    {jitflow} opt - --load {file} -p "find_gaussians,dce" | \\
    {jitflow} run - --load {file}""")


if __name__ == "__main__":
    main()
