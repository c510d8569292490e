"""How each library compiles and calls a plain function of arrays, in its best form.

A form takes the function and NumPy arrays, and gives a run. Arrays are moved to the library's own
kind beforehand, so that no call pays for that. A library is imported in its form only. A run is the
call itself, with no Python function around it where the library needs none.
"""

from functools import partial
from typing import Any

from case import Run
from peers import import_jax, import_numexpr, import_torch


def numpy(function, arrays) -> Run:
    return partial(function, *arrays)


def jitflow(function, arrays) -> Run:
    import jitflow as jf

    return partial(jf.jit(function), *arrays)


def jax(function, arrays) -> Run:
    jax = import_jax()
    jitted, arrays = jax.jit(function), jax.device_put(arrays)
    return lambda: jax.block_until_ready(jitted(*arrays))


def torch_eager(function, arrays) -> Run:
    torch = import_torch()
    return partial(function, *map(torch.from_numpy, arrays))


def torch_compiled(function, arrays) -> Run:
    return torch_eager(import_torch().compile(function), arrays)


def numba_njit(function, arrays) -> Run:
    import numba

    return numpy(numba.njit(function), arrays)


def numba_vectorize(function, arrays) -> Run:
    """A function of scalars as a ufunc, compiled for the dtypes of its first call."""
    import numba

    return numpy(numba.vectorize(function), arrays)


def numexpr(expression: str, arrays: dict[str, Any]) -> Run:
    """An expression over named arrays, parsed at the first call."""
    numexpr = import_numexpr()
    return lambda: numexpr.evaluate(expression, arrays)
