"""How far compiled sums and products of many numbers are from the true ones.

Errors of sums are in units in the last place of the sum of the moduli of the terms, those of
products of the result.
"""

import math

import mpmath
import numpy as np

from jitflow.ir.builder import Builder
from jitflow.ir.dtypes import as_dtype
from jitflow.ir.row import ROWS
from jitflow.ir.types import TensorType
from tests.support.native import HERE, call, dense

COUNTS = {
    "reduce_sum": (7, 300, 4_000, 200_000), "dot_general": (7, 300, 4_000, 20_000),
    "reduce_prod": (7, 300, 1_000),
}  # fmt: skip
"""How many terms or factors."""


def most(name, count, bits):
    """The error that is allowed: half a unit for each rounding on the way of a term."""
    if name == "reduce_prod":
        return count / 2 + 1
    if name == "dot_general":
        return (min(count, 512) + count / 512) / 2 + 2
    lanes = 1024 // bits
    levels = max(1, math.ceil(math.log(max(count / lanes, 2), 32)))
    return (32 * levels + math.log2(lanes)) / 2 + 2


def worst(name, dtype, count):
    """The greatest error among operands of one sign, of both, and of many sizes."""
    dtype = as_dtype(dtype)
    kind = dtype.numpy.type
    errors = []
    for operands in _samples(name, dtype, count):
        for found, terms in _results(name, dtype, operands):
            off, size = _distance(name, float(found), terms.astype(float))
            errors.append(off / float(np.spacing(kind(size))))
    return max(errors)


def _samples(name, dtype, count):
    rng = np.random.default_rng(count)
    if name == "reduce_prod":
        logs = rng.normal(size=(2, count)) * [[0.5], [1e-3]]
        return [(np.exp(row - row.mean()).astype(dtype.numpy),) for row in logs]
    shapes = [(count,)] if name == "reduce_sum" else [(count,), (2, count), (count, 3)]
    spreads = (
        lambda shape: rng.normal(size=shape), lambda shape: rng.uniform(1, 2, shape),
        lambda shape: rng.normal(size=shape) * 10.0 ** rng.integers(-9, 9, shape),
    )  # fmt: skip
    samples = [[dense(f(s).astype(dtype.numpy)) for s in shapes] for f in spreads]
    return samples if name == "reduce_sum" else [*(s[1:] for s in samples), samples[0][:1] * 2]


def _results(name, dtype, operands):
    """Each number that the row gives, and its terms, or its factors."""
    b = Builder(locations=HERE)
    params = [b.param(TensorType(dtype, x.shape)) for x in operands]
    contract = ((operands[0].ndim - 1,), (0,))
    attrs = {"contract": contract} if name == "dot_general" else {"axes": (0,)}
    (found,) = call(b.build(name, [b.emit(ROWS[name], params, attrs).result]), operands)
    if name != "dot_general":
        return [(found, operands[0])]
    rows, columns = np.atleast_2d(operands[0]), operands[1].reshape(operands[1].shape[0], -1)
    pairs = [(row, column) for row in rows for column in columns.T]
    return [(v, _products(*pair)) for v, pair in zip(np.ravel(found), pairs, strict=True)]


def _products(x, y):
    """x * y as rounded products and what rounding lost: T. Dekker, 1971."""
    x, y = x.astype(float), y.astype(float)
    high = x * y
    (a, b), (c, d) = (_halved(v) for v in (x, y))
    return np.stack([high, b * d - (((high - a * c) - b * c) - a * d)])


def _halved(x):
    scaled = x * 134217729.0
    high = scaled - (scaled - x)
    return high, x - high


def _distance(name, found, terms):
    """How far the result is off, and the number whose last place is the unit."""
    if name == "reduce_prod":
        with mpmath.workdps(60):
            true = mpmath.fprod(map(float, terms))
            return float(abs(true - found)), float(abs(true))
    return abs(math.fsum([-found, *terms.ravel()])), math.fsum(abs(terms.ravel()))
