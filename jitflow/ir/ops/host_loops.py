"""NumPy's own loops over matrices and lines, with LAPACK and pocketfft inside.

NumPy's functions come to them in the end. What is around them, as conversions and checks of what
type rules have checked, takes several times as long for a small matrix. A NumPy that has other
loops computes by its functions. Whoever calls them says which warnings of NumPy there are.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from typing import Any

import numpy as np

from jitflow.errors import LinalgError

Compute = Callable[..., Any]

_LAPACK = getattr(np.linalg, "_umath_linalg", None)


def over_matrices(loop: str, problem: str, otherwise: Compute) -> Compute:
    """What `otherwise` computes, by NumPy's loop of that name, with failures as jitflow's errors.

    On float64 or complex128, whatever is given, as NumPy does. problem: of matrices that LAPACK has
    no answer for; none where it always has one.
    """
    compute = getattr(_LAPACK, loop, None) if loop else None
    types = {types[0]: types for types in getattr(compute, "types", ())}
    if compute is None or not {"d", "D"} <= types.keys():
        return _checked(otherwise)
    signatures = {"f": types["d"], "c": types["D"]}

    def refuse(*flags: Any) -> None:
        raise LinalgError(problem)

    def call(*arrays: Any) -> Any:
        return compute(*arrays, signature=signatures[arrays[0].dtype.kind])

    def call_or_refuse(*arrays: Any) -> Any:
        with np.errstate(invalid="call", call=refuse):
            return call(*arrays)

    return call_or_refuse if problem else call


def _checked(function: Compute) -> Compute:
    @wraps(function)
    def call(*arrays: Any) -> Any:
        try:
            return function(*arrays)
        except np.linalg.LinAlgError as error:
            raise LinalgError(str(error)) from None

    return call


def over_lines(name: str) -> Compute:
    """A transform of complex numbers along the last axis; the inverse one gives means."""

    def call(x: Any) -> Any:
        compute = _line_loop(name)
        if compute is None:
            return getattr(np.fft, name)(x, axis=-1)
        factor = _share(x.shape[-1], x.dtype) if name == "ifft" else 1  # as NumPy has them
        return compute(x, factor, out=np.empty_like(x))

    return call


@cache
def _line_loop(name: str) -> Compute | None:
    """The loop, if there is one; NumPy loads `np.fft` when it is first asked for."""
    compute = getattr(getattr(np.fft, "_pocketfft_umath", None), name, None)
    return compute if {"Dd->D", "Ff->F"} <= set(getattr(compute, "types", ())) else None


@cache
def _share(count: int, dtype: np.dtype[Any]) -> Any:
    """1 / count in the dtype of a number's parts."""
    return np.reciprocal(count, dtype=np.empty(0, dtype).real.dtype)
