"""First calls of functions never seen before: trace, compile, run, with the result in hand."""

from types import SimpleNamespace

import numpy as np
from case import Bar, Case, Run, Setup
from programs import chain

SIZE = 1000


def inputs(seed: int) -> list[np.ndarray]:
    return list(np.random.default_rng(seed).random((2, SIZE), np.float32))


def with_jitflow(ops: int, seed: int) -> Run:
    import jitflow as jf

    function, arrays = jf.jit(chain(np, ops, seed)), inputs(seed)
    return lambda: function(*arrays)


def with_jax(ops: int, seed: int) -> Run:
    import jax

    function, arrays = jax.jit(chain(jax.numpy, ops, seed)), inputs(seed)
    return lambda: function(*arrays).block_until_ready()


def with_numba_njit(ops: int, seed: int) -> Run:
    import numba

    function, arrays = numba.njit(chain(np, ops, seed, "np.float32({})")), inputs(seed)
    return lambda: function(*arrays)


def with_numba_vectorize(ops: int, seed: int) -> Run:
    import numba

    function, arrays = numba.vectorize(chain(np, ops, seed, "np.float32({})")), inputs(seed)
    return lambda: function(*arrays)


def with_torch(ops: int, seed: int) -> Run:
    import torch

    torch.set_num_threads(1)
    names = SimpleNamespace(
        abs=torch.abs, sin=torch.sin, tanh=torch.tanh,
        maximum=lambda v, c: torch.clamp(v, min=c),
        minimum=lambda v, c: torch.clamp(v, max=c),
    )  # fmt: skip
    function = torch.compile(chain(names, ops, seed))
    arrays = list(map(torch.from_numpy, inputs(seed)))
    return lambda: function(*arrays)


def bound(form, ops: int) -> Setup:
    return lambda seed: form(ops, seed)


ROWS = {
    "jitflow": with_jitflow,
    "jax": with_jax,
    "numba njit": with_numba_njit,
    "numba vectorize": with_numba_vectorize,
    "torch compiled": with_torch,
}


def case(ops: int, **more) -> Case:
    """The first call of a chain of `ops` ops on f32[SIZE]."""
    left_out = more.get("left_out", {})
    return Case(
        name=f"first_call_{ops}",
        title=f"first call of {ops} elementwise ops never seen before, on f32[{SIZE}]",
        reference=lambda seed: chain(np, ops, seed)(*inputs(seed)),
        rows={name: bound(form, ops) for name, form in ROWS.items() if name not in left_out},
        is_first_call=True,
        tolerance=1e-4,
        **more,
    )


CASES = (
    case(
        10, rounds=21, fewer_rounds={"torch compiled": 3, "numba njit": 5, "numba vectorize": 11},
        bars=(Bar("jax", 1 / 4),),
    ),
    case(
        1000, rounds=7, fewer_rounds={"numba vectorize": 3},
        left_out={
            "numba njit": "it does not end within five minutes",
            "torch compiled": "one call takes longer than all others together",
        },
        bars=(Bar("jax", 1 / 5),),
    ),
)  # fmt: skip
