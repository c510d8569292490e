"""The array namespace: NumPy's names, for arrays and for traced values. Re-exports only.
Names that are not NumPy's own load when they are first asked for.

`jnp.sum` is `np.sum` itself: NumPy hands traced arguments over through its protocols. Functions
that create arrays are NumPy's own outside a trace, and make constants inside one.
"""

# fmt: off
# ruff: noqa: I001

from typing import TYPE_CHECKING

from numpy import (
    abs, absolute, acos, acosh, add, all, allclose, amax, amin, angle, any, append,
    apply_along_axis, apply_over_axes, arccos, arccosh, arcsin, arcsinh, arctan, arctan2,
    arctanh, argmax, argmin, argpartition, argsort, around, array_equal, array_equiv,
    array_split, asin, asinh, astype, atan, atan2, atanh, atleast_1d, atleast_2d, atleast_3d,
    average, bartlett, bitwise_and, bitwise_count, bitwise_invert, bitwise_left_shift,
    bitwise_not, bitwise_or, bitwise_right_shift, bitwise_xor, blackman, block,
    broadcast_arrays, broadcast_shapes, broadcast_to, cbrt, ceil, choose, clip, column_stack,
    compress, concat, concatenate, conj, conjugate, convolve, copy, copysign, copyto, corrcoef,
    correlate, cos, cosh, count_nonzero, cov, cross, cumprod, cumsum, cumulative_prod,
    cumulative_sum, deg2rad, degrees, delete, diag, diag_indices, diag_indices_from, diagflat,
    diagonal, diff, digitize, divide, divmod, dot, dsplit, dstack, ediff1d, einsum, empty_like,
    equal, exp, exp2, expand_dims, expm1, extract, fabs, fill_diagonal, fix, flip, fliplr,
    flipud, float_power, floor, floor_divide, fmax, fmin, fmod, frexp, full_like, gcd, gradient,
    greater, greater_equal, hamming, hanning, heaviside, histogram, histogram2d,
    histogram_bin_edges, histogramdd, hsplit, hstack, hypot, i0, imag, index_exp, inner, insert,
    interp, invert, isclose, iscomplex, iscomplexobj, isfinite, isin, isinf, isnan, isneginf,
    isposinf, isreal, isrealobj, isscalar, iterable, ix_, kaiser, kron, lcm, ldexp, left_shift,
    less, less_equal, lexsort, log, log10, log1p, log2, logaddexp, logaddexp2, logical_and,
    logical_not, logical_or, logical_xor, mask_indices, matmul, matrix_transpose, matvec, max,
    maximum, mean, median, meshgrid, mgrid, min, min_scalar_type, minimum, mod, modf, moveaxis,
    multiply, nan_to_num, nanargmax, nanargmin, nancumprod, nancumsum, nanmax, nanmean,
    nanmedian, nanmin, nanpercentile, nanprod, nanquantile, nanstd, nansum, nanvar, ndim,
    ndindex, negative, nextafter, not_equal, ogrid, ones_like, outer, packbits, pad, partition,
    percentile, permute_dims, piecewise, place, poly, polyadd, polyder, polydiv, polyfit,
    polyint, polymul, polysub, polyval, positive, pow, power, prod, ptp, put, put_along_axis,
    putmask, quantile, rad2deg, radians, ravel, ravel_multi_index, real, real_if_close,
    reciprocal, remainder, repeat, reshape, resize, right_shift, rint, roll, rollaxis, roots,
    rot90, round, s_, searchsorted, select, shape, sign, signbit, sin, sinc, sinh, size, sort,
    sort_complex, spacing, split, sqrt, square, squeeze, stack, std, subtract, sum, swapaxes,
    take, take_along_axis, tan, tanh, tensordot, tile, trace, transpose, trapezoid, tril,
    tril_indices, tril_indices_from, triu, triu_indices, triu_indices_from, true_divide, trunc,
    unpackbits, unravel_index, unstack, unwrap, vander, var, vdot, vecdot, vecmat, vsplit,
    vstack, where, zeros_like,
)
from numpy import (
    bool_, can_cast, complex128, complex64, complexfloating, dtype, e, euler_gamma, finfo,
    float16,
    float32, float64, floating, iinfo, inexact, inf, int16, int32, int64, int8, integer,
    isdtype, issubdtype, nan, ndarray, newaxis, number, pi, promote_types, result_type,
    signedinteger, uint16, uint32, uint64, uint8, unsignedinteger,
)

from jitflow.first_use import loader
from jitflow.numpy.missing import refuse

if TYPE_CHECKING:
    from jitflow.numpy import fft, linalg, special
    from jitflow.numpy.bfloat import bfloat16
    from jitflow.numpy.creation import (
        array, asanyarray, asarray, asarray_chkfinite, ascontiguousarray, asfortranarray, empty,
        full, ones, zeros,
    )
    from jitflow.numpy.grids import fromfunction, indices
    from jitflow.numpy.rows_and_columns import c_, r_
    from jitflow.numpy.ranges import arange, geomspace, linspace, logspace
    from jitflow.numpy.diagonals import eye, identity, tri
    from jitflow.numpy.mapping import vectorize
    from jitflow.numpy.places import argwhere, flatnonzero, nonzero
    from jitflow.numpy.counting import bincount
    from jitflow.numpy.sets import (
        intersect1d, setdiff1d, setxor1d, union1d, unique_all, unique_counts, unique_inverse,
        unique_values,
    )
    from jitflow.numpy.uniques import unique

__all__ = [
    "abs", "absolute", "acos", "acosh", "add", "all", "allclose", "amax", "amin", "angle",
    "any", "append", "apply_along_axis", "apply_over_axes", "arange", "arccos", "arccosh",
    "arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "argmax", "argmin", "argpartition",
    "argsort", "argwhere", "around", "array", "array_equal", "array_equiv", "array_split",
    "asanyarray", "asarray", "asarray_chkfinite", "ascontiguousarray", "asfortranarray", "asin",
    "asinh", "astype", "atan", "atan2", "atanh", "atleast_1d", "atleast_2d", "atleast_3d",
    "average", "bartlett", "bfloat16", "bincount", "bitwise_and", "bitwise_count",
    "bitwise_invert", "bitwise_left_shift", "bitwise_not", "bitwise_or", "bitwise_right_shift",
    "bitwise_xor", "blackman", "block", "bool_", "broadcast_arrays", "broadcast_shapes",
    "broadcast_to", "c_", "can_cast", "cbrt", "ceil", "choose", "clip", "column_stack",
    "complex128", "complex64", "complexfloating", "compress", "concat", "concatenate", "conj",
    "conjugate", "convolve", "copy", "copysign", "copyto", "corrcoef", "correlate", "cos",
    "cosh", "count_nonzero", "cov", "cross", "cumprod", "cumsum", "cumulative_prod",
    "cumulative_sum", "deg2rad", "degrees", "delete", "diag", "diag_indices",
    "diag_indices_from", "diagflat", "diagonal", "diff", "digitize", "divide", "divmod", "dot",
    "dsplit", "dstack", "dtype", "e", "ediff1d", "einsum", "empty", "empty_like", "equal",
    "euler_gamma", "exp", "exp2", "expand_dims", "expm1", "extract", "eye", "fabs", "fft",
    "fill_diagonal", "finfo", "fix", "flatnonzero", "flip", "fliplr", "flipud", "float16",
    "float32", "float64", "float_power", "floating", "floor", "floor_divide", "fmax", "fmin",
    "fmod", "frexp", "fromfunction", "full", "full_like", "gcd", "geomspace", "gradient",
    "greater", "greater_equal", "hamming", "hanning", "heaviside", "histogram", "histogram2d",
    "histogram_bin_edges", "histogramdd", "hsplit", "hstack", "hypot", "i0", "identity",
    "iinfo", "imag", "index_exp", "indices", "inexact", "inf", "inner", "insert", "int16",
    "int32", "int64", "int8", "integer", "interp", "intersect1d", "invert", "isclose",
    "iscomplex", "iscomplexobj", "isdtype", "isfinite", "isin", "isinf", "isnan", "isneginf",
    "isposinf", "isreal", "isrealobj", "isscalar", "issubdtype", "iterable", "ix_", "kaiser",
    "kron", "lcm", "ldexp", "left_shift", "less", "less_equal", "lexsort", "linalg", "linspace",
    "log", "log10", "log1p", "log2", "logaddexp", "logaddexp2", "logical_and", "logical_not",
    "logical_or", "logical_xor", "logspace", "mask_indices", "matmul", "matrix_transpose",
    "matvec", "max", "maximum", "mean", "median", "meshgrid", "mgrid", "min", "min_scalar_type",
    "minimum", "mod", "modf", "moveaxis", "multiply", "nan", "nan_to_num", "nanargmax",
    "nanargmin", "nancumprod", "nancumsum", "nanmax", "nanmean", "nanmedian", "nanmin",
    "nanpercentile", "nanprod", "nanquantile", "nanstd", "nansum", "nanvar", "ndarray", "ndim",
    "ndindex", "negative", "newaxis", "nextafter", "nonzero", "not_equal", "number", "ogrid",
    "ones", "ones_like", "outer", "packbits", "pad", "partition", "percentile", "permute_dims",
    "pi", "piecewise", "place", "poly", "polyadd", "polyder", "polydiv", "polyfit", "polyint",
    "polymul", "polysub", "polyval", "positive", "pow", "power", "prod", "promote_types", "ptp",
    "put", "put_along_axis", "putmask", "quantile", "r_", "rad2deg", "radians", "ravel",
    "ravel_multi_index", "real", "real_if_close", "reciprocal", "remainder", "repeat",
    "reshape", "resize", "result_type", "right_shift", "rint", "roll", "rollaxis", "roots",
    "rot90", "round", "s_", "searchsorted", "select", "setdiff1d", "setxor1d", "shape", "sign",
    "signbit", "signedinteger", "sin", "sinc", "sinh", "size", "sort", "sort_complex",
    "spacing", "special", "split", "sqrt", "square", "squeeze", "stack", "std", "subtract",
    "sum", "swapaxes", "take", "take_along_axis", "tan", "tanh", "tensordot", "tile", "trace",
    "transpose", "trapezoid", "tri", "tril", "tril_indices", "tril_indices_from", "triu",
    "triu_indices", "triu_indices_from", "true_divide", "trunc", "uint16", "uint32", "uint64",
    "uint8", "union1d", "unique", "unique_all", "unique_counts", "unique_inverse",
    "unique_values", "unpackbits", "unravel_index", "unsignedinteger", "unstack", "unwrap",
    "vander", "var", "vdot", "vecdot", "vecmat", "vectorize", "vsplit", "vstack", "where",
    "zeros", "zeros_like",
]

__getattr__ = loader(__name__, {
    "bfloat": ("bfloat16",),
    "counting": ("bincount",),
    "creation": (
        "array", "asanyarray", "asarray", "asarray_chkfinite", "ascontiguousarray",
        "asfortranarray", "empty", "full", "ones", "zeros",
    ),
    "diagonals": ("eye", "identity", "tri",),
    "fft": ("fft",),
    "grids": ("fromfunction", "indices",),
    "linalg": ("linalg",),
    "mapping": ("vectorize",),
    "places": ("argwhere", "flatnonzero", "nonzero",),
    "ranges": ("arange", "geomspace", "linspace", "logspace",),
    "rows_and_columns": ("c_", "r_",),
    "sets": (
        "intersect1d", "setdiff1d", "setxor1d", "union1d", "unique_all", "unique_counts",
        "unique_inverse", "unique_values",
    ),
    "special": ("special",),
    "uniques": ("unique",),
}, refuse)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
