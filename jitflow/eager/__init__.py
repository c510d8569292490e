"""Values at once, remembered on a tape: tensors, variables, gradients. Re-exports only.

    c = jf.constant(2.0)
    with jf.GradientTape() as tape:
        tape.watch(c)
        f = 4 * c
    tape.gradient(f, c)
"""

from jitflow.eager.function import Function, function
from jitflow.eager.tape import GradientTape
from jitflow.eager.tensor import Tensor, constant, enable_eager_execution
from jitflow.eager.training import TapeTrainer
from jitflow.eager.variable import Variable

__all__ = [
    "Function", "GradientTape", "TapeTrainer", "Tensor", "Variable", "constant",
    "enable_eager_execution", "function",
]  # fmt: skip
