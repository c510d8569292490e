"""Softmax over the rows of a matrix: two reductions and an exponential."""

import math

import forms
import numpy as np
from case import Case, Run, Setup

SHAPE = (1000, 1000)


def inputs(seed: int) -> list[np.ndarray]:
    return [np.random.default_rng(seed).standard_normal(SHAPE, np.float32)]


def softmax(x):
    powers = np.exp(x - np.max(x, axis=1, keepdims=True))
    return powers / np.sum(powers, axis=1, keepdims=True)


def called(form) -> Setup:
    return lambda seed: form(softmax, inputs(seed))


def with_jax(seed: int) -> Run:
    import jax

    return forms.jax(jax.nn.softmax, inputs(seed))


def with_torch(form) -> Setup:
    def setup(seed: int) -> Run:
        import torch

        return form(lambda x: torch.softmax(x, 1), inputs(seed))

    return setup


def with_numba(seed: int) -> Run:
    """Loops, row by row, as one writes for numba."""

    def softmax_by_row(x):
        result = np.empty_like(x)
        for row in range(x.shape[0]):
            greatest = np.max(x[row])
            total = np.float32(0)
            for column in range(x.shape[1]):
                power = math.exp(x[row, column] - greatest)
                result[row, column] = power
                total += power
            result[row] /= total
        return result

    return forms.numba_njit(softmax_by_row, inputs(seed))


CASE = Case(
    name="softmax",
    title=f"softmax over the last axis of f32{list(SHAPE)}",
    reference=lambda seed: softmax(*inputs(seed)),
    rows={
        "jitflow": called(forms.jitflow),
        "numpy": called(forms.numpy),
        "jax": with_jax,
        "numba njit": with_numba,
        "torch eager": with_torch(forms.torch_eager),
        "torch compiled": with_torch(forms.torch_compiled),
    },
    left_out={"numexpr": "its reductions cannot stand inside an expression"},
)
