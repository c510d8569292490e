"""Square matrix products, which the others leave to a library of hand-written kernels."""

import forms
import numpy as np
from case import Case, Setup

SIZES = (64, 128, 256, 512)


def product(a, b):
    return a @ b


def inputs(seed: int, n: int) -> list[np.ndarray]:
    return list(np.random.default_rng(seed).standard_normal((2, n, n), np.float32))


def called(form, n: int) -> Setup:
    return lambda seed: form(product, inputs(seed, n))


def case(n: int) -> Case:
    return Case(
        name=f"matmul_{n}",
        title=f"product of two f32[{n}, {n}]",
        reference=lambda seed: product(*inputs(seed, n)),
        rows={
            "jitflow": called(forms.jitflow, n),
            "numpy": called(forms.numpy, n),
            "jax": called(forms.jax, n),
            "torch eager": called(forms.torch_eager, n),
        },
        left_out={
            "numba": "it calls the BLAS that SciPy brings",
            "torch compiled": "it calls the BLAS of torch eager",
        },
    )


CASES = tuple(map(case, SIZES))
