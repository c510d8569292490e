"""What a workload is: one function over a library's names, and what each library makes of it.

A workload is declared once, over `np`. NumPy, jitflow and JAX get that text; torch gets it over its
own names; numba gets the loops of `numba_loops.py`. `jax`, `torch` and `numexpr` are there for what
has a better form of its own.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from workloads import numba_loops

Input = Callable[[np.random.Generator], np.ndarray]
"""Makes one argument."""


@dataclass(frozen=True, kw_only=True)
class Workload:
    """A function of a library's names and of arrays."""

    title: str
    function: Callable[..., Any]
    inputs: tuple[Input, ...]
    jax: Callable[..., Any] | None = None
    """A function of arrays, where its loops are JAX's own."""

    torch: Callable[..., Any] | None = None
    numexpr: str | None = None
    """An expression over the function's parameters."""

    tolerance: float = 1e-5
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.function.__name__

    @property
    def numba(self) -> Callable[..., Any] | None:
        """The loops of the same name, where there are any."""
        return getattr(numba_loops, self.name, None)

    def arrays(self, seed: int) -> list[np.ndarray]:
        random = np.random.default_rng(seed)
        return [make(random) for make in self.inputs]


def workload(title: str, *inputs: Input, **forms: Any) -> Callable[[Callable[..., Any]], Workload]:
    """Declares the function under it, whose first parameter is the library's names."""
    return lambda function: Workload(title=title, function=function, inputs=inputs, **forms)


def declared(module: Any) -> Sequence[Workload]:
    """The workloads of a module, in the order of its text."""
    return [value for value in vars(module).values() if isinstance(value, Workload)]


def normal(*shape: int, dtype: Any = np.float32) -> Input:
    return lambda random: random.standard_normal(shape).astype(dtype)


def uniform(low: float, high: float, *shape: int, dtype: Any = np.float32) -> Input:
    return lambda random: random.uniform(low, high, shape).astype(dtype)


def integers(low: int, high: int, *shape: int, dtype: Any = np.int64) -> Input:
    return lambda random: random.integers(low, high, shape).astype(dtype)
