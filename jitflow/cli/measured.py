"""The greatest errors found of rows with a bound, in ULP, of f32 and of f64.

Written by scripts/measure_accuracy.py.
"""

MEASURED = {
    "arccos": (1.02, 1.00),
    "arccosh": (0.50, 0.81),
    "arcsin": (1.03, 1.04),
    "arcsinh": (0.50, 0.77),
    "arctan": (0.72, 0.79),
    "arctan2": (0.72, 0.75),
    "arctanh": (0.50, 0.65),
    "cbrt": (0.50, 0.50),
    "cos": (0.89, 0.99),
    "cosh": (0.88, 0.90),
    "digamma": (0.50, 1.45),
    "erf": (1.13, 1.19),
    "erfc": (0.66, 1.37),
    "erfinv": (0.50, 1.23),
    "exp": (0.88, 0.92),
    "exp2": (0.89, 0.99),
    "expm1": (0.88, 1.45),
    "gammaln": (0.50, 0.72),
    "hypot": (0.50, 0.89),
    "i0": (0.50, 0.97),
    "i1": (0.50, 1.54),
    "log": (0.73, 0.70),
    "log10": (0.50, 0.56),
    "log1p": (0.82, 0.86),
    "log2": (0.50, 0.59),
    "logaddexp": (1.36, 1.01),
    "logaddexp2": (1.63, 1.59),
    "pow": (0.50, 0.97),
    "sin": (1.04, 0.92),
    "sinh": (0.97, 0.99),
    "tan": (0.84, 1.13),
    "tanh": (1.26, 1.25),
}
