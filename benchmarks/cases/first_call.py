"""First calls of functions never seen before: trace, compile, run, with the result in hand."""

from types import SimpleNamespace

import forms
import numpy as np
from case import Bar, Case, Run, Setup
from programs import chain

SIZE = 1000


def inputs(seed: int) -> list[np.ndarray]:
    return list(np.random.default_rng(seed).random((2, SIZE), np.float32))


def with_numpy(ops: int, seed: int) -> Run:
    return forms.numpy(chain(np, ops, seed), inputs(seed))


def with_jitflow(ops: int, seed: int) -> Run:
    return forms.jitflow(chain(np, ops, seed), inputs(seed))


def with_jax(ops: int, seed: int) -> Run:
    import jax.numpy

    return forms.jax(chain(jax.numpy, ops, seed), inputs(seed))


def with_numba_njit(ops: int, seed: int) -> Run:
    return forms.numba_njit(chain(np, ops, seed, "np.float32({})"), inputs(seed))


def with_numba_vectorize(ops: int, seed: int) -> Run:
    return forms.numba_vectorize(chain(np, ops, seed, "np.float32({})"), inputs(seed))


def with_torch(ops: int, seed: int) -> Run:
    import torch

    names = SimpleNamespace(
        abs=torch.abs, sin=torch.sin, tanh=torch.tanh,
        maximum=lambda v, c: torch.clamp(v, min=c),
        minimum=lambda v, c: torch.clamp(v, max=c),
    )  # fmt: skip
    return forms.torch_compiled(chain(names, ops, seed), inputs(seed))


ROWS = {
    "jitflow": with_jitflow,
    "jax": with_jax,
    "numba njit": with_numba_njit,
    "numba vectorize": with_numba_vectorize,
    "torch compiled": with_torch,
}


def of_length(ops: int, row) -> Setup:
    return lambda seed: row(ops, seed)


def case(ops: int, **more) -> Case:
    """The first call of a chain of `ops` ops on two f32[SIZE]."""
    left_out = more.get("left_out", {})
    return Case(
        name=f"first_call_{ops}",
        title=f"first call of {ops} elementwise ops never seen before, on f32[{SIZE}]",
        reference=lambda seed: with_numpy(ops, seed)(),
        rows={name: of_length(ops, row) for name, row in ROWS.items() if name not in left_out},
        is_first_call=True,
        tolerance=1e-4,
        **more,
    )


CASES = (
    case(
        10,
        rounds=21,
        fewer_rounds={"torch compiled": 3, "numba njit": 5, "numba vectorize": 11},
        bars=(Bar("jax", 1 / 4),),
    ),
    case(
        1000,
        rounds=7,
        fewer_rounds={"numba vectorize": 3},
        left_out={
            "numba njit": "it does not end within five minutes",
            "torch compiled": "one call takes longer than all other rows together",
        },
        bars=(Bar("jax", 1 / 5),),
    ),
)
