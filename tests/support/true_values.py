"""True values of the approximate rows, where to sample them, and errors in units of the last place.

A row with a bound has its function in TRUE and its ranges in RANGES; SPECIALS has what is not a
number near others. Knows nothing of compiled code.
"""

import math

import mpmath
import numpy as np

from jitflow.ir.dtypes import as_dtype
from jitflow.ir.row import ROWS

INF, NAN, PI = math.inf, math.nan, math.pi
SAMPLES = 48
DIGITS = 400  # enough for the sine of the largest f64


def cube_root(x):
    return mpmath.sign(x) * mpmath.cbrt(abs(x))


def complement(x):
    return mpmath.erfc(x) if abs(x) < 1e3 else 1 - mpmath.sign(x)


def log_of_sum(x, y):
    return max(x, y) + mpmath.log1p(mpmath.exp(-abs(x - y)))


def log2_of_sum(x, y):
    return max(x, y) + mpmath.log1p(mpmath.mpf(2) ** -abs(x - y)) / mpmath.log(2)


def scaled_complement(x):
    """The asymptotic series where mpmath's functions overflow."""
    if abs(x) < 1e3:
        return mpmath.exp(x * x) * mpmath.erfc(x)
    if x < 0:
        return mpmath.inf
    w = 1 / (2 * x * x)
    return (1 - w * (1 - 3 * w * (1 - 5 * w))) / (x * mpmath.sqrt(mpmath.pi))


def inverse_complement(c):
    """Newton's steps on the logarithm of erfc."""
    if c > 0.5:
        return mpmath.erfinv(1 - c) if c < 1.5 else -inverse_complement(2 - c)
    y = mpmath.sqrt(-mpmath.log(c))
    for _ in range(9):
        ratio = mpmath.exp(y * y) * mpmath.erfc(y)
        y += mpmath.log(mpmath.erfc(y) / c) * ratio * mpmath.sqrt(mpmath.pi) / 2
    return y


def bessel(order, x):
    return mpmath.besseli(order, x) if abs(x) < 1e3 else mpmath.sign(x) ** order * mpmath.inf


TRUE = {
    "exp": mpmath.exp, "exp2": lambda x: mpmath.mpf(2) ** x, "expm1": mpmath.expm1,
    "log": mpmath.log, "log2": lambda x: mpmath.log(x, 2), "log10": mpmath.log10,
    "log1p": mpmath.log1p, "sin": mpmath.sin, "cos": mpmath.cos, "tan": mpmath.tan,
    "arcsin": mpmath.asin, "arccos": mpmath.acos, "arctan": mpmath.atan, "arctan2": mpmath.atan2,
    "sinh": mpmath.sinh, "cosh": mpmath.cosh, "tanh": mpmath.tanh, "arcsinh": mpmath.asinh,
    "arccosh": mpmath.acosh, "arctanh": mpmath.atanh, "erf": mpmath.erf, "erfc": complement,
    "erfcx": scaled_complement, "erfinv": mpmath.erfinv, "erfcinv": inverse_complement,
    "cbrt": cube_root,
    "hypot": mpmath.hypot, "pow": mpmath.power,
    "gammaln": lambda x: mpmath.re(mpmath.loggamma(x)), "digamma": mpmath.digamma,
    "i0": lambda x: bessel(0, x), "i1": lambda x: bessel(1, x),
    "logaddexp": log_of_sum, "logaddexp2": log2_of_sum,
}  # fmt: skip
NEAR_QUARTER_TURNS = {
    "f32": [16367173 * 2.0**72, 1.5707963705062866, 3.1415927410125732, 32767.99609375],
    "f64": [6381956970095103 * 2.0**797, math.pi / 2, math.pi, 1e22, math.nextafter(2.0**28, 0)],
}

# Where the samples lie, beside random bit patterns: (low, high) of each operand.
RANGES = {
    "exp": [(-1, 1), (-745, 709), (-104, 88)],
    "expm1": [(-1, 1), (0.3, 0.4), (-40, 88)],
    "log": [(0.6, 1.5), (0.99, 1.01), (0, 1e4)],
    "log1p": [(-1, 1), (0.4, 0.5), (-1e-3, 1e-3)],
    "tanh": [(-1, 1), (0.6, 0.7), (-22, 22)],
    "exp2": [(-1, 1), (-1080, 1030), (-150, 130)],
    "log2": [(0.6, 1.5), (0.99, 1.01), (0, 1e4)],
    "log10": [(0.6, 1.5), (0.99, 1.01), (0, 1e4)],
    "sin": [(-0.8, 0.8), (-10, 10), (1e3, 3e4), (1e8, 1e15)],
    "cos": [(-0.8, 0.8), (-10, 10), (1e3, 3e4), (1e8, 1e15)],
    "tan": [(-0.8, 0.8), (-10, 10), (1e3, 3e4), (1e8, 1e15)],
    "arcsin": [(-1, 1), (0.49, 0.52), (-1e-3, 1e-3)],
    "arccos": [(-1, 1), (0.49, 0.52), (0.99, 1)],
    "arctan": [(-1, 1), (0.4, 0.43), (2.3, 2.5), (-20, 20)],
    "arctan2": [((-1, 1), (-1, 1)), ((0.4, 0.43), (1, 1)), ((-1e30, 1e30), (-1, 1e30))],
    "sinh": [(-1, 1), (0.95, 1.1), (-20, 20), (-712, 712)],
    "cosh": [(-1, 1), (-20, 20), (-712, 712)],
    "arcsinh": [(-1, 1), (0.49, 0.6), (-20, 20), (1e8, 1e9)],
    "arccosh": [(1, 1.1), (1, 1.6), (1, 20), (1e8, 1e9)],
    "arctanh": [(-1, 1), (0.49, 0.6), (0.99, 1)],
    "cbrt": [(-1, 1), (1, 8), (-1e3, 1e3)],
    "hypot": [((-1, 1), (-1, 1)), ((-1e30, 1e30), (1, 1e30))],
    "erf": [(-1, 1), (0.9, 1.1), (-6, 6)],
    "erfc": [(-1, 1), (0.45, 0.6), (-6, 6), (5, 28)],
    "erfcx": [(-1, 1), (0.7, 3), (-26, 30), (30, 1e4)],
    "erfcinv": [(0, 2), (0.45, 0.55), (1e-30, 1e-12)],
    "erfinv": [(-1, 1), (0.45, 0.6), (0.999, 1)],
    "gammaln": [(0, 1), (1, 2.5), (2, 12), (1e5, 1e9)],
    "digamma": [(0, 1), (1, 2.5), (2, 12), (1e5, 1e9)],
    "logaddexp": [((-1, 1), (-1, 1)), ((-60, 60), (-60, 60)), ((-1.2, -0.5), (-0.8, -0.5))],
    "logaddexp2": [((-1, 1), (-1, 1)), ((-60, 60), (-60, 60)), ((-1.5, -0.7), (-1.2, -0.7))],
    "i0": [(-1, 1), (-20, 20), (13, 15), (80, 714)],
    "i1": [(-1, 1), (-20, 20), (13, 15), (80, 714)],
    "pow": [((0.5, 2), (-80, 80)), ((0.9, 1.1), (-700, 700)), ((1e-9, 1e9), (-4, 4))],
}

LEAST = {"gammaln": 0.1, "digamma": 0.1, "logaddexp": 0.5, "logaddexp2": 0.5}
"""Results below this are held to its unit: the function crosses zero away from 0."""

NEAR_ZEROS = ("sin", "cos", "tan")


def within_one(x):
    return np.where(np.abs(x) <= 1, x, 1 / np.where(x == 0, 1, x)).astype(x.dtype)


def beyond_one(x):
    return np.maximum(np.abs(x), 1)


def within_two(x):
    size = np.abs(x)
    return np.where(size <= 2, size, 1 / np.where(x == 0, 1, size)).astype(x.dtype)


# What brings samples to where the function is defined.
DOMAINS = {
    "log": np.abs, "log2": np.abs, "log10": np.abs, "pow": np.abs,
    "log1p": lambda x: np.where(x > -1, x, -x),
    "arcsin": within_one, "arccos": within_one, "arctanh": within_one, "arccosh": beyond_one,
    "erfinv": within_one, "erfcinv": within_two, "gammaln": np.abs, "digamma": np.abs,
}  # fmt: skip


def errors(name, dtype, results, operands):
    """The errors of the row's results, in units of the last place."""
    return [
        ulps(value, true_value(name, point), dtype, LEAST.get(name, 0.0))
        for value, *point in zip(results, *operands, strict=True)
    ]


def true_value(name, operands):
    """The function of exactly these floats; infinite where mpmath's range is of no use."""
    with mpmath.workdps(DIGITS if name in NEAR_ZEROS else 60):
        return TRUE[name](*(mpmath.mpf(float(x)) for x in operands))


def ulps(value, true, dtype, least=0.0):
    """The error of `value` in units in the last place of `true`; inf counts as 2^(emax + 1).

    The unit is not below that of `least`.
    """
    info = np.finfo(as_dtype(dtype).numpy)
    limit = mpmath.mpf(2) ** info.maxexp
    true = max(-limit, min(limit, true))
    value = math.copysign(1, value) * limit if np.isinf(value) else mpmath.mpf(float(value))
    size = max(abs(true), least)
    exponent = mpmath.frexp(size)[1] if size else info.minexp
    unit = min(max(exponent, info.minexp + 1), info.maxexp) - info.nmant - 1
    return float(abs(value - true) / mpmath.mpf(2) ** unit)


def random_bits(rng, dtype, count):
    width = as_dtype(dtype).itemsize
    values = np.frombuffer(rng.bytes(width * count), as_dtype(dtype).numpy)
    return values[np.isfinite(values)]


def samples(name, dtype, count=SAMPLES):
    """Operands, sampled over the ranges of the table and over bit patterns, of one length."""
    rng = np.random.default_rng(20)
    arity = ROWS[name].arity
    numpy_type = as_dtype(dtype).numpy
    boxes = [r if arity == 2 else (r,) for r in RANGES[name]]
    parts = [[rng.uniform(*side, count).astype(numpy_type) for side in box] for box in boxes]
    bits = [random_bits(rng, dtype, 2 * count) for _ in range(arity)]
    shortest = min(map(len, bits))
    parts.append([b[:shortest] for b in bits])
    if name in NEAR_ZEROS:
        parts.append([np.array(NEAR_QUARTER_TURNS[dtype], numpy_type)])
    operands = [np.concatenate(column) for column in zip(*parts, strict=True)]
    if name in DOMAINS:
        operands[0] = DOMAINS[name](operands[0])
    return operands


SPECIALS = {
    "exp": [(INF, INF), (-INF, 0.0), (NAN, NAN), (0.0, 1.0), (-0.0, 1.0), (1e4, INF), (-1e4, 0.0)],
    "expm1": [(INF, INF), (-INF, -1.0), (NAN, NAN), (0.0, 0.0), (-0.0, -0.0), (1e4, INF),
              (-1e4, -1.0)],
    "log": [(INF, INF), (-INF, NAN), (NAN, NAN), (0.0, -INF), (-0.0, -INF), (-1.0, NAN),
            (1.0, 0.0)],
    "log1p": [(INF, INF), (-INF, NAN), (NAN, NAN), (0.0, 0.0), (-0.0, -0.0), (-1.0, -INF),
              (-2.0, NAN)],
    "tanh": [(INF, 1.0), (-INF, -1.0), (NAN, NAN), (0.0, 0.0), (-0.0, -0.0), (50.0, 1.0)],
    "sin": [(INF, NAN), (-INF, NAN), (NAN, NAN), (0.0, 0.0), (-0.0, -0.0)],
    "cos": [(INF, NAN), (-INF, NAN), (NAN, NAN), (0.0, 1.0), (-0.0, 1.0)],
    "erf": [(INF, 1.0), (-INF, -1.0), (NAN, NAN), (0.0, 0.0), (-0.0, -0.0), (50.0, 1.0)],
    "erfc": [(INF, 0.0), (-INF, 2.0), (NAN, NAN), (0.0, 1.0), (-0.0, 1.0), (50.0, 0.0)],
    "erfcx": [(INF, 0.0), (-INF, INF), (NAN, NAN), (0.0, 1.0), (-0.0, 1.0), (-30.0, INF)],
    "erfcinv": [(0.0, INF), (-0.0, INF), (2.0, -INF), (NAN, NAN), (1.0, 0.0), (2.5, NAN),
                (-1.0, NAN), (INF, NAN)],
    "erfinv": [(1.0, INF), (-1.0, -INF), (NAN, NAN), (0.0, 0.0), (-0.0, -0.0), (1.5, NAN),
               (-INF, NAN)],
    "gammaln": [(INF, INF), (-INF, INF), (NAN, NAN), (0.0, INF), (-0.0, INF), (1.0, 0.0),
                (2.0, 0.0), (-3.0, INF)],
    "digamma": [(INF, INF), (-INF, NAN), (NAN, NAN), (0.0, -INF), (-0.0, INF), (-3.0, NAN)],
    "i0": [(INF, INF), (-INF, INF), (NAN, NAN), (0.0, 1.0), (-0.0, 1.0), (1e3, INF)],
    "i1": [(INF, INF), (-INF, -INF), (NAN, NAN), (0.0, 0.0), (-0.0, -0.0), (-1e3, -INF)],
    "exp2": [(INF, INF), (-INF, 0.0), (NAN, NAN), (0.0, 1.0), (-0.0, 1.0), (1e4, INF), (-1e4, 0.0),
             (10.0, 1024.0), (-3.0, 0.125)],
    "log2": [(INF, INF), (-INF, NAN), (NAN, NAN), (0.0, -INF), (-0.0, -INF), (-1.0, NAN),
             (1.0, 0.0), (2.0**-30, -30.0), (2.0**100, 100.0)],
    "log10": [(INF, INF), (-INF, NAN), (NAN, NAN), (0.0, -INF), (-0.0, -INF), (-1.0, NAN),
              (1.0, 0.0), (1e3, 3.0), (1e10, 10.0)],
    "tan": [(INF, NAN), (-INF, NAN), (NAN, NAN), (0.0, 0.0), (-0.0, -0.0)],
    "arcsin": [(INF, NAN), (-INF, NAN), (NAN, NAN), (0.0, 0.0), (-0.0, -0.0), (1.5, NAN),
               (1.0, PI / 2), (-1.0, -PI / 2)],
    "arccos": [(INF, NAN), (-INF, NAN), (NAN, NAN), (1.0, 0.0), (-1.5, NAN), (-1.0, PI),
               (0.0, PI / 2), (-0.0, PI / 2)],
    "arctan": [(INF, PI / 2), (-INF, -PI / 2), (NAN, NAN), (0.0, 0.0), (-0.0, -0.0), (1.0, PI / 4)],
    "sinh": [(INF, INF), (-INF, -INF), (NAN, NAN), (0.0, 0.0), (-0.0, -0.0), (1e3, INF)],
    "cosh": [(INF, INF), (-INF, INF), (NAN, NAN), (0.0, 1.0), (-0.0, 1.0), (-1e3, INF)],
    "arcsinh": [(INF, INF), (-INF, -INF), (NAN, NAN), (0.0, 0.0), (-0.0, -0.0)],
    "arccosh": [(INF, INF), (-INF, NAN), (NAN, NAN), (1.0, 0.0), (0.99, NAN), (-1.0, NAN),
                (-1e30, NAN)],
    "arctanh": [(INF, NAN), (-INF, NAN), (NAN, NAN), (0.0, 0.0), (-0.0, -0.0), (1.0, INF),
                (-1.0, -INF), (1.5, NAN)],
    "cbrt": [(INF, INF), (-INF, -INF), (NAN, NAN), (0.0, 0.0), (-0.0, -0.0), (27.0, 3.0),
             (-1e-3, -0.1)],
}  # fmt: skip
