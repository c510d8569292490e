"""A chain of math functions over a million elements: bound by arithmetic, one pass over memory."""

import forms
import numpy as np
from case import Case, Run, Setup

SIZE = 1_000_000
EXPRESSION = "tanh(x * y + 1) * exp(-x * x) + sin(y)"


def inputs(seed: int) -> list[np.ndarray]:
    return list(np.random.default_rng(seed).standard_normal((2, SIZE), np.float32))


def chain(np):
    """EXPRESSION over a library's names."""
    return lambda x, y: np.tanh(x * y + 1) * np.exp(-x * x) + np.sin(y)


def called(form) -> Setup:
    return lambda seed: form(chain(np), inputs(seed))


def with_jax(seed: int) -> Run:
    import jax.numpy

    return forms.jax(chain(jax.numpy), inputs(seed))


def with_numexpr(seed: int) -> Run:
    x, y = inputs(seed)
    return forms.numexpr(EXPRESSION, {"x": x, "y": y})


def with_torch(form) -> Setup:
    def setup(seed: int) -> Run:
        import torch

        return form(chain(torch), inputs(seed))

    return setup


def with_numba(form) -> Setup:
    def chain(x, y):
        return np.tanh(x * y + np.float32(1)) * np.exp(-x * x) + np.sin(y)

    return lambda seed: form(chain, inputs(seed))


CASE = Case(
    name="elementwise",
    title=f"{EXPRESSION} on f32[{SIZE:,}]",
    reference=lambda seed: chain(np)(*inputs(seed)),
    rows={
        "jitflow": called(forms.jitflow),
        "numpy": called(forms.numpy),
        "jax": with_jax,
        "numexpr": with_numexpr,
        "numba njit": with_numba(forms.numba_njit),
        "numba vectorize": with_numba(forms.numba_vectorize),
        "torch eager": with_torch(forms.torch_eager),
        "torch compiled": with_torch(forms.torch_compiled),
    },
    tolerance=1e-5,
)
