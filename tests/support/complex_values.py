"""True values of rows on complex numbers, by mpmath, and where to sample the rows.

Errors are normwise: |found - true| in units in the last place of |true|.
"""

import math

import mpmath
import numpy as np

from jitflow.ir.dtypes import as_dtype, part_of
from jitflow.ir.row import ROWS

INF = math.inf
DTYPES = ("c64", "c128")
DIGITS = 700  # 1 and the square of the least f64 side by side

TRUE = {
    "mul": lambda x, y: x * y, "div": lambda x, y: x / y, "abs": abs, "sqrt": mpmath.sqrt,
    "exp": mpmath.exp, "exp2": lambda x: mpmath.power(2, x), "expm1": mpmath.expm1,
    "log": mpmath.log, "log2": lambda x: mpmath.log(x) / mpmath.log(2),
    "log10": lambda x: mpmath.log(x) / mpmath.log(10), "log1p": lambda x: mpmath.log(1 + x),
    "sin": mpmath.sin, "cos": mpmath.cos, "tan": mpmath.tan, "sinh": mpmath.sinh,
    "cosh": mpmath.cosh, "tanh": mpmath.tanh, "arcsin": mpmath.asin, "arccos": mpmath.acos,
    "arctan": mpmath.atan, "arcsinh": mpmath.asinh, "arccosh": mpmath.acosh,
    "arctanh": mpmath.atanh, "pow": mpmath.power,
}  # fmt: skip
SIZES = {
    "exp": 90, "exp2": 130, "expm1": 90, "sin": 90, "cos": 90, "sinh": 90, "cosh": 90, "pow": 3,
}  # fmt: skip
"""The greatest modulus to sample; of the others all that there is."""


def angles(rng, count):
    """Angles of all directions, those of the axes and of their neighbours among them."""
    near = rng.integers(0, 8, count) * math.pi / 4 + rng.normal(size=count) * 1e-4
    return np.where(rng.random(count) < 0.5, near, rng.uniform(-math.pi, math.pi, count))


def samples(name, dtype, count):
    """Operands of moduli near 1, very near, up to 100, and of any size, `count` of each."""
    return [_samples(name, dtype, count, seed) for seed in range(ROWS[name].arity)]


def _samples(name, dtype, count, seed):
    rng = np.random.default_rng(seed)
    part = np.finfo(part_of(as_dtype(dtype)).numpy)
    low, high = (math.log2(x) for x in (part.smallest_normal, part.max))
    top = min(high - 1, math.log2(SIZES.get(name, INF)))
    powers = [rng.uniform(-1, 1, count), rng.uniform(low, top, count)]
    powers.append(rng.uniform(1, 6.6, count))
    powers.append(np.minimum(rng.normal(size=count) * 1e-3, top))
    moduli = 2.0 ** np.clip(np.concatenate(powers), low, top)
    return (moduli * np.exp(1j * angles(rng, len(moduli)))).astype(as_dtype(dtype).numpy)


def errors(name, dtype, found, operands):
    """The error of each result, in units in the last place of the true modulus."""
    part = np.finfo(part_of(as_dtype(dtype)).numpy)
    with mpmath.workdps(DIGITS):
        return [
            _error(value, TRUE[name](*(mpmath.mpmathify(complex(x)) for x in point)), part)
            for value, *point in zip(found, *operands, strict=True)
        ]


def _error(found, true, part):
    """0 where the result overflows, as it should."""
    size = abs(true)
    if size > float(part.max) or not np.isfinite(found):
        return 0.0 if size > float(part.max) * (1 - 1e-3) else INF
    exponent = mpmath.frexp(size)[1] if size else part.minexp
    unit = mpmath.mpf(2) ** (max(exponent - 1, part.minexp) - part.nmant)
    return float(abs(mpmath.mpmathify(complex(found)) - true) / unit)
