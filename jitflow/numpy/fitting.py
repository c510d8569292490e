"""polyfit: the polynomial nearest to points, by least squares on scaled powers."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitflow.errors import DtypeError, ShapeError
from jitflow.numpy.basics import Array, as_array, convert, fail
from jitflow.numpy.cross_products import outer
from jitflow.numpy.diagonals import vander
from jitflow.numpy.factorisations import inv
from jitflow.numpy.least_squares import lstsq
from jitflow.numpy.products import dot
from jitflow.numpy.reductions import sum
from jitflow.numpy.registry import numpy_function, strong
from jitflow.numpy.shaping import reshaped, transpose
from jitflow.numpy.ufuncs import CALLS


@numpy_function(np.polyfit)
def polyfit(
    x: Any,
    y: Any,
    deg: int,
    rcond: Any = None,
    full: bool = False,
    w: Any = None,
    cov: Any = False,
) -> Any:
    """Coefficients, the highest power first; with `full` what lstsq says, with `cov` how sure."""
    places, values = (CALLS[np.add](strong(as_array(v)), 0.0) for v in (x, y))
    _require_points(places, values, deg)
    count = places.type.shape[0]
    cutoff = count * np.finfo(places.dtype).eps if rcond is None else rcond
    powers = vander(places, int(deg) + 1)
    if w is not None:
        weights = _weights(w, count)
        column = reshaped(weights, (count, 1))
        powers = _scaled(powers, column)
        values = _scaled(values, weights if values.type.rank == 1 else column)
    scale = CALLS[np.sqrt](sum(CALLS[np.multiply](powers, powers), 0))
    powers = CALLS[np.true_divide](powers, scale)
    scaled, residuals, rank, singular = lstsq(powers, values, cutoff)
    result = transpose(CALLS[np.true_divide](transpose(scaled), scale))
    if full:
        return result, residuals, rank, singular, cutoff
    if not cov:
        return result
    spread = inv(dot(transpose(powers), powers))
    spread = CALLS[np.true_divide](spread, outer(scale, scale))
    if values.type.rank == 2:
        spread = reshaped(spread, (*spread.type.shape, 1))
    if cov == "unscaled":
        return result, spread
    if count <= deg + 1:
        problem = "the number of data points must exceed the order to scale the covariance"
        fail(ShapeError, problem, op="polyfit", shapes=[places.type.shape])
    left = CALLS[np.absolute](CALLS[np.subtract](dot(powers, scaled), values))
    factor = CALLS[np.true_divide](sum(CALLS[np.square](left), 0), count - deg - 1)
    return result, CALLS[np.multiply](spread, factor)


def _scaled(x: Array, weights: Array) -> Array:
    """In x's dtype, as NumPy does it in place."""
    return convert(CALLS[np.multiply](x, weights), x.type.dtype)


def _require_points(x: Array, y: Array, deg: Any) -> None:
    shapes = [x.type.shape, y.type.shape]
    if deg < 0:
        fail(ShapeError, "expected deg >= 0", op="polyfit")
    if x.type.rank != 1 or x.type.shape[0] == 0:
        fail(DtypeError, "expected a non-empty vector for x", op="polyfit", shapes=shapes)
    if y.type.rank not in (1, 2) or y.type.shape[0] != x.type.shape[0]:
        fail(DtypeError, "expected x and y to have same length", op="polyfit", shapes=shapes)


def _weights(w: Any, count: Any) -> Array:
    weights = CALLS[np.add](strong(as_array(w)), 0.0)
    if weights.type.shape != (count,):
        problem = "expected a vector of weights as long as x"
        fail(DtypeError, problem, op="polyfit", shapes=[weights.type.shape])
    return weights
