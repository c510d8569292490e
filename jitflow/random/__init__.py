"""Random numbers as functions of keys, in and outside of `@jit`: same key, same numbers.

    key = random.key(0)
    first, second = random.split(key)
    x = random.normal(first, (1000,))
"""

from jitflow.random.choices import choice, permutation
from jitflow.random.distributions import (
    bernoulli,
    categorical,
    exponential,
    gumbel,
    normal,
    randint,
    truncated_normal,
    uniform,
)
from jitflow.random.keys import bits, fold_in, key, split

__all__ = [
    "bernoulli",
    "bits",
    "categorical",
    "choice",
    "exponential",
    "fold_in",
    "gumbel",
    "key",
    "normal",
    "permutation",
    "randint",
    "split",
    "truncated_normal",
    "uniform",
]
