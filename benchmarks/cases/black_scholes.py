"""Prices of European calls (Black and Scholes 1973) with the error function, a million at once."""

import math

import forms
import numpy as np
from case import Case, Run, Setup

SIZE = 1_000_000
RATE, VOLATILITY = 0.02, 0.3
HALF_SQUARE = 0.5 * VOLATILITY * VOLATILITY
ROOT_HALF = math.sqrt(0.5)


def inputs(seed: int) -> list[np.ndarray]:
    """Price of the share, strike, years to maturity."""
    random = np.random.default_rng(seed)
    ranges = (10, 50), (10, 50), (0.2, 2)
    return [random.uniform(low, high, SIZE).astype(np.float32) for low, high in ranges]


def prices(np, erf):
    """The formula over a library's names."""

    def call_price(price, strike, years):
        spread = VOLATILITY * np.sqrt(years)
        d1 = (np.log(price / strike) + (RATE + HALF_SQUARE) * years) / spread
        d2 = d1 - spread
        share = 0.5 + 0.5 * erf(d1 * ROOT_HALF)
        bond = 0.5 + 0.5 * erf(d2 * ROOT_HALF)
        return price * share - strike * np.exp(-RATE * years) * bond

    return call_price


def with_numpy(seed: int) -> Run:
    from scipy.special import erf

    return forms.numpy(prices(np, erf), inputs(seed))


def with_jitflow(seed: int) -> Run:
    from jitflow.numpy.special import erf

    return forms.jitflow(prices(np, erf), inputs(seed))


def with_jax(seed: int) -> Run:
    import jax.numpy
    from jax.scipy.special import erf

    return forms.jax(prices(jax.numpy, erf), inputs(seed))


def with_torch(form) -> Setup:
    def setup(seed: int) -> Run:
        import torch

        return form(prices(torch, torch.erf), inputs(seed))

    return setup


def with_numba(seed: int) -> Run:
    """A ufunc of scalars, with every constant a float32 as the arrays are."""
    rate, volatility, half, one_half, root_half = map(
        np.float32, (RATE, VOLATILITY, HALF_SQUARE, 0.5, ROOT_HALF)
    )

    def call_price(price, strike, years):
        spread = volatility * math.sqrt(years)
        d1 = (math.log(price / strike) + (rate + half) * years) / spread
        d2 = d1 - spread
        share = one_half + one_half * math.erf(d1 * root_half)
        bond = one_half + one_half * math.erf(d2 * root_half)
        return price * share - strike * math.exp(-rate * years) * bond

    return forms.numba_vectorize(call_price, inputs(seed))


CASE = Case(
    name="black_scholes",
    title=f"prices of {SIZE:,} European calls, f32",
    reference=lambda seed: with_numpy(seed)(),
    rows={
        "jitflow": with_jitflow,
        "numpy with scipy": with_numpy,
        "jax": with_jax,
        "numba vectorize": with_numba,
        "torch eager": with_torch(forms.torch_eager),
        "torch compiled": with_torch(forms.torch_compiled),
    },
    tolerance=1e-5,
    left_out={"numexpr": "it has no erf"},
)
