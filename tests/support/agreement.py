"""A function under `jit` beside itself as NumPy runs it."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

import jitflow as jf
from jitflow.trace.pytree import flatten


def agree(
    f: Callable[..., Any], *args: Any, near: float | Mapping[str, float] = 0, scaled: bool = False
) -> None:
    """Equal structure, dtypes, shapes and values: to the last bit of numbers where `near` is 0.

    `near` is relative and absolute, one for all or by the name of a dtype, where those that it
    does not have are exact; `scaled` takes the absolute one times the largest value.
    """
    got = jf.jit(f)(*args)
    with np.errstate(all="ignore"):
        want = f(*args)
    (got, form), (want, wanted_form) = flatten(got), flatten(want)
    assert form == wanted_form
    for a, b in zip(got, map(np.asarray, want), strict=True):
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        rtol = near.get(a.dtype.name, 0) if isinstance(near, Mapping) else near
        if rtol:
            largest = np.max(abs(b), initial=1) if scaled else 1
            np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol * largest)
        else:
            _equal(a, b)


def _equal(a: Any, b: Any) -> None:
    np.testing.assert_array_equal(a, b)
    if a.dtype.kind == "f":
        numbers = ~np.isnan(a)
        np.testing.assert_array_equal(np.signbit(a[numbers]), np.signbit(b[numbers]))
