"""What a call costs when there is next to nothing to compute: `x + 1` on four floats."""

import forms
import numpy as np
from case import Case, Setup


def add_one(x):
    return x + 1


def called(form) -> Setup:
    return lambda seed: form(add_one, [np.arange(4, dtype=np.float32)])


CASE = Case(
    name="small_call",
    title="x + 1 on f32[4]: the price of a call",
    reference=lambda seed: add_one(np.arange(4, dtype=np.float32)),
    rows={
        "jitflow": called(forms.jitflow),
        "numpy": called(forms.numpy),
        "jax": called(forms.jax),
        "numba njit": lambda seed: forms.numba_njit(
            lambda x: x + np.float32(1), [np.arange(4, dtype=np.float32)]
        ),
        "torch eager": called(forms.torch_eager),
        "torch compiled": called(forms.torch_compiled),
    },
)
