"""Calls of each function of NumPy that jitflow.numpy has, as text: tests of agreement, tables.

`xp` is NumPy or jitflow.numpy. Operands: `x` and `y` of shape (2, 3), vectors `v` and `w` of 5,
matrices `m` and `n` of 3 by 3, `b` of (2, 3, 4); `y`, `w` and `n` have the second dtype. `f` is a
mask for `x`, `i` are indices below 3. A call is the arguments of the name that it stands for, or a
whole expression behind `=`. One that begins with a dot is a method or attribute of `x`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

SAMPLES = {
    # Reductions.
    "sum": "x | x, axis=1 | b, axis=(0, 2), keepdims=True | x, dtype='f4' | x, initial=2"
           " | x, axis=0, where=f | x[:0], axis=0",
    "prod": "x | x, axis=1 | b, axis=(0, 2), keepdims=True | x, dtype='f8' | x, initial=2"
            " | x, where=f",
    "max": "x | x, axis=1 | b, axis=(0, 2), keepdims=True | x, initial=2 | x, initial=0, where=f",
    "min": "x | x, axis=1 | b, axis=(0, 2), keepdims=True | x, initial=2 | x, initial=0, where=f",
    "amax": "x, axis=-1",
    "amin": "x, axis=-1",
    "any": "x | x, axis=1 | b, axis=(0, 2), keepdims=True | x, where=f",
    "all": "x | x, axis=1 | b, axis=(0, 2), keepdims=True | x, where=f",
    "count_nonzero": "x | x, axis=1 | x, axis=0, keepdims=True",
    "ptp": "x | x, axis=1 | x, axis=0, keepdims=True",
    "argmax": "x | x, axis=1 | x, axis=0, keepdims=True",
    "argmin": "x | x, axis=1 | x, axis=0, keepdims=True",
    "mean": "x | x, axis=1 | b, axis=(0, 2), keepdims=True | x, dtype='f4' | x, where=f",
    "var": "x | x, axis=1 | b, axis=(0, 2), keepdims=True | x, ddof=1 | x, correction=1"
           " | x, where=f | x, mean=xp.mean(x) | x, 0, 'f8'",
    "std": "x | x, axis=1 | b, axis=(0, 2), keepdims=True | x, ddof=1 | x, where=f",
    "average": "x, weights=y*y+1 | x | x, axis=1, weights=[1, 2, 3] | x, axis=0, returned=True"
               " | b, axis=(2, 0), weights=np.arange(8).reshape(4, 2), keepdims=True",
    "cov": "x, y | x | x, rowvar=False, bias=True | v | v, w, ddof=0 | x, fweights=[3, 1, 2]"
           " | x, aweights=[.5, 1, 2] | x, fweights=[3, 1, 2], aweights=[.5, 1, 2]",
    "corrcoef": "x, y | x | v, w",
    # Products.
    "dot": "m, n | v, w | m, 2 | b, m[0].repeat(4).reshape(3, 4).T[:, :2][:1].repeat(4, 0)",
    "vdot": "m, n | v, w",
    "inner": "x, y | v, w | x, 2",
    "outer": "v, w | x, y | 2, v",
    "tensordot": "x, y, axes=0 | m, n, 1 | x, y, ([0, 1], [0, 1]) | b, x, ((0, 1), (0, 1))",
    "kron": "x, n | v, x | b, x | x, 2 | 3, v",
    "trace": "m | b, 1, 0, 2 | m, dtype='f8'",
    "cross": "x, y | x.T, y, axisa=0 | m, n, axisc=0 | m, n, axis=0 | x, y[0]",
    "einsum": "'ij,kj->ik', x, y | 'ii->i', m | 'ii', m | '...j,jk', x, n | m, [0, 0]"
              " | 'i,j', v, w | 'ij,jk,kl->il', x, m, n",
    "linalg.norm": "x | x, axis=1 | x, 'fro' | x, 1 | x, -1 | x, np.inf | x, -np.inf | v, 0"
                   " | v, 3 | v, -np.inf | x, 1, 0, True | b, None, (0, 2), True | x, np.inf, 1",
    "linalg.vector_norm": "x | b, axis=(0, 2), keepdims=True | x, axis=1, ord=1",
    "linalg.matrix_norm": "x | b, ord=1, keepdims=True",
    "linalg.matrix_power": "m, 0 | m, 1 | m, 3 | m, 6",
    "linalg.multi_dot": "[m, n] | [v[:3], m, n, x.T] | [x, m, n, m]",
    "linalg.solve": "m + 9 * xp.eye(3), n + xp.eye(3) | m + 9 * xp.eye(3), 1.5 * xp.eye(3)[0]",
    "linalg.inv": "m + 9 * xp.eye(3)",
    "linalg.det": "m + 9 * xp.eye(3)",
    "linalg.slogdet": "m + 9 * xp.eye(3)",
    "linalg.cholesky": "m @ m.conj().T + 9 * xp.eye(3)",
    "linalg.qr": "m + 9 * xp.eye(3) | b, 'r'",
    "linalg.svdvals": "m",
    "linalg.eigvalsh": "m + m.conj().T",
    "linalg.eigh": "m + m.conj().T + xp.diag(np.arange(3.))",
    "linalg.svd": "m + xp.diag(np.arange(3.)) | x * np.arange(2., 5), full_matrices=False",
    "linalg.pinv": "m + 9 * xp.eye(3)",
    "linalg.cond": "m + 9 * xp.eye(3)",
    "linalg.matrix_rank": "x",
    "fft.fft": "x | x, 4, 0, 'ortho'",
    "fft.ifft": "x | x, 2",
    "fft.rfft": "x",
    "fft.irfft": "x | x, 5",
    "fft.hfft": "x",
    "fft.ihfft": "x",
    "fft.fft2": "b",
    "fft.ifft2": "b",
    "fft.fftn": "b",
    "fft.ifftn": "b",
    "fft.rfft2": "b",
    "fft.rfftn": "b",
    "fft.irfft2": "b",
    "fft.irfftn": "b",
    "fft.fftshift": "x",
    "fft.ifftshift": "x, 1",
    "linalg.lstsq": "m + 9 * xp.eye(3), n + xp.eye(3)",
    "linalg.tensorsolve": "m + 9 * xp.eye(3), n[0] + xp.eye(3)[0]",
    "linalg.tensorinv": "m + 9 * xp.eye(3), 1",
    "linalg.trace": "b | m, offset=1",
    "linalg.diagonal": "b | m, offset=1",
    "linalg.outer": "v, w",
    "linalg.matmul": "m, n",
    "linalg.tensordot": "m, n, axes=1",
    "linalg.vecdot": "x, y",
    "linalg.matrix_transpose": "b",
    "linalg.cross": "x, y",
    "convolve": "v, w | x[0], v, 'same' | v, x[0], 'valid' | 2, v"
                " | np.arange(40) * v[0], np.arange(20)",
    "correlate": "v, w | x[0], v, 'same' | v, x[0], 'full' | x[0], v, 'full'",
    # Shapes.
    "shape": "x",
    "ndim": "x",
    "size": "x | x, 1",
    "reshape": "x, (3, 2) | x, -1",
    "ravel": "x",
    "transpose": "b | b, (1, 0, 2)",
    "permute_dims": "b, (1, 0, 2)",
    "matrix_transpose": "b",
    "swapaxes": "b, 0, 2",
    "moveaxis": "b, 0, -1 | b, (0, 1), (2, 0)",
    "rollaxis": "b, 2 | b, 0, 3 | b, 1, 1",
    "expand_dims": "x, 1 | x, (0, -1)",
    "squeeze": "x[:1] | x[:1], 0",
    "broadcast_to": "x, (4, 2, 3)",
    "broadcast_arrays": "x, y[0]",
    "atleast_1d": "x | v[0] | v[0], x",
    "atleast_2d": "x | v",
    "atleast_3d": "x | v",
    "copy": "x",
    "astype": "x, np.float64 | x, np.complex64 | x, bool",
    "flip": "x | x, 0 | b, (0, 2)",
    "fliplr": "x",
    "flipud": "x",
    "rot90": "x | x, 2 | x, 3 | b, 1, (0, 2) | x, 4",
    "roll": "x, 2 | x, (1, 2), (0, 1) | x, (1, 2) | x, (1, 1), axis=0 | x, 1.5",
    # Joining, splitting, repeating.
    "concatenate": "(x, y) | (x, y), 1 | (x, v), None | (x, y), dtype='c16' | x",
    "concat": "(x, y)",
    "stack": "(x, y) | (x, y), -1",
    "vstack": "(x, y) | (v, w)",
    "hstack": "(x, y) | (v, w)",
    "dstack": "(x, y) | (v, w)",
    "column_stack": "(x, y) | (v, w)",
    "block": "[[x, y], [y, x]] | [v, 2] | [[x], [y[:1]]] | x",
    "append": "x, y | x, y, axis=0 | v, 3",
    "split": "v, [1, 3] | x, 3, axis=1",
    "array_split": "v, 3",
    "hsplit": "x, 3 | v, [2]",
    "vsplit": "x, 2",
    "dsplit": "b, 2",
    "unstack": "x | x, axis=1",
    "tile": "x, 2 | x, (2, 1, 2) | x, ()",
    "repeat": "x, 2 | x, 3, 1 | x, [1, 2], 0 | v, [1, 0, 2, 3, 1] | v, range(5)",
    "resize": "x, (5, 2) | x, (2, 2) | x, 0",
    "insert": "x, 1, 1 | x, [1, 2], 1, axis=1 | x, [2, 1, 1], [1, 2, 3], axis=1"
              " | x, 1, y[:, 0], axis=1 | x, slice(1, 3), 1, axis=1 | v, [], 1"
              " | v, np.array([True] + [False] * 4), 1",
    "delete": "x, 1 | x, [0, -1], 1 | x, slice(0, 3, 2), 1 | v, np.array([True] + [False] * 4)"
              " | x, [], 0",
    "pad": "x, 1 | x, ((1, 2), (0, 3)), constant_values=((1, 0), (1, 1)) | x, 1, 'edge'"
           " | x, ((2, 3), (4, 0)), 'reflect' | v, (7, 9), 'symmetric' | x, 3, 'wrap'"
           " | x, (2, 1), 'maximum' | x, (2, 1), 'minimum', stat_length=1 | v, 2, 'mean'"
           " | v, (2, 1), 'mean', stat_length=((2, 3),) | v, (2, 3), 'linear_ramp'"
           " | x, 2, 'linear_ramp', end_values=(1, 0) | v, (6, 9), 'reflect', reflect_type='odd'"
           " | v, (6, 9), 'symmetric', reflect_type='odd'"
           " | x, 1, lambda row, width, axis, options: row.__setitem__(slice(0, width[0]), 1)",
    # Creation.
    "zeros": "(2, 3) | 3, x.dtype",
    "ones": "(2, 3) | 3, x.dtype",
    "empty": "(0, 3), x.dtype",
    "full": "(2, 3), 1.5 | 3, v[0]",
    "zeros_like": "x | x, dtype=float, shape=(2,)",
    "ones_like": "x | x, dtype=float, shape=(2,)",
    "empty_like": "x[:0]",
    "full_like": "x, 1 | x, v[0], dtype=complex",
    "array": "x | [v[0], v[1]] | x, ndmin=3 | x, dtype=complex",
    "asarray": "x | [[1, 2.5]] | x, dtype=complex",
    "arange": "5 | 2, 9, 3 | 0, 1, .1 | 5, dtype=x.dtype if x.dtype != bool else int",
    "linspace": "v, 5, 4 | v[0], w[0], 5 | 0, 1, 7 | v, w, 3, axis=1"
                " | v[0], 5, 4, endpoint=False | v[0], 5, 4, retstep=True"
                " | v[0], 5, 4, dtype=int | v[0], 5, 1 | v[0], v[0], 3",
    "logspace": "0, 2, 4 | v[0], 2, 4 | v[0], 2, 4, base=2. | v, 2, 3, base=abs(v) + 2., axis=1",
    "geomspace": "1, 100, 4 | abs(v[0]) + 1, 9, 4 | -2., -abs(v) - 1, 4, endpoint=False, axis=1",
    "eye": "3 | 2, 4, 1, x.dtype",
    "identity": "3 | 3, x.dtype",
    "tri": "3 | 2, 4, 1, x.dtype",
    "tril": "m | x, 1 | v",
    "triu": "m | x, 1 | v",
    "diag": "v | m | v, 1 | m, -1",
    "diagflat": "v | x, 1 | 2 * v[0] + v[0], -1",
    "diagonal": "m | b, 1, 0, 2",
    "vander": "v | v, 3 | v, 3, True | v, 0",
    "meshgrid": "v, w | v, w[:2], indexing='ij', sparse=True | v",
    "indices": "(2, 3) | (2, 3), sparse=True | (3,), x.dtype",
    "fromfunction": "lambda i, j: 2 * i + j, (2, 3) | lambda i: i + v[:3], (3,), dtype=int",
    # Elementwise by composition.
    "where": "f, x, y | x, 1, y | f, 2.5, x",
    "select": "[f, ~f], [x, y] | [f], [x], 1 | [f, f], [x, 2.5], 7",
    "clip": "x, 0, 2 | x, None, 2 | x, y[0], None | x, 1, y | x, min=1 | x",
    "round": "x | x, 1 | x, 2",
    "around": "x",
    "nan_to_num": "x | x / 0 | x / 0, nan=1, posinf=2, neginf=3",
    "isclose": "x, y | x, x + 1 | x / 0, x / 0, equal_nan=True | x, 1 | x, y, .5, .5",
    "allclose": "x, y | x, x",
    "array_equal": "x, y | x, x | x, v | x / 0, x / 0, equal_nan=True",
    "array_equiv": "x, y | x, x[:1] | x, v",
    "diff": "x | x, 2 | x, axis=0 | x, prepend=0 | x, append=x[:, :1], axis=1 | x, 0 | x, 5",
    "ediff1d": "x | x, to_end=v, to_begin=v[0]",
    "gradient": "v | x | x, axis=1 | v, 2. | x, 2., [1., 2, 4] | v, [0., 1, 3, 4, 8]"
                " | v, edge_order=2 | v, [0., 1, 3, 4, 8], edge_order=2 | b, axis=(0, 2)",
    "trapezoid": "x, y | v | x, axis=0 | x, dx=.5 | x, [1, 2, 4]",
    "fix": "x",
    "i0": "x",
    "sinc": "x",
    "isneginf": "x | x / 0",
    "isposinf": "x | x / 0",
    "polyval": "v, w | [1, 2, 3], x | [1., 2], 3 * v",
    "polyfit": "np.arange(5.), 1.5 * v, 2 | np.arange(5.), 1.5 * v, 2, w=[1, 2, 1, 2, 1.]"
               " | np.arange(5.), 1.5 * v, 1, cov=True | np.arange(5.), 1.5 * v, 1, full=True"
               " | np.arange(3.), 1.5 * m, 1, cov='unscaled' | np.arange(5.) + v, np.arange(5), 1",
    "polyadd": "v, x[0] | v, w | x[0], v",
    "polysub": "v, x[0] | v, w | x[0], v",
    "polymul": "abs(v) + 1, abs(w) + 1 | [1, 2], abs(v) + 1",
    "polydiv": "abs(v) + 1, xp.append(1, abs(w[:2]) + 2) | v[:2], abs(w) + 1",
    "roots": "=xp.sort(abs(xp.roots(abs(v) + 1)))",
    "polyder": "v | v, 2 | v, 0 | v, 7",
    "polyint": "v | v, 2 | v, 2, [1, 2] | v, 2, k=3",
    "poly": "v",
    "unwrap": "v | 3 * x, axis=0 | v, period=4",
    "apply_along_axis": "lambda r: r[::-1] + r[0], 1, b | lambda r: r.max(), 0, x"
                        " | lambda r: r[:2] * 2, 0, x | lambda r: xp.outer(r, r), 1, b",
    "apply_over_axes": "np.sum, b, (0, 2) | np.max, x, 0",
    "asanyarray": "x | [[1, 2.5]], int",
    "ascontiguousarray": "x | v[0]",
    "asfortranarray": "x | v[0]",
    "asarray_chkfinite": "x",
    "packbits": "f, axis=1 | f | v | np.arange(20) % 3, bitorder='little' | b > 1, 0",
    "unpackbits": "np.arange(5, dtype='u1') | x | x, axis=0, count=11"
                  " | x, axis=1, count=-3, bitorder='little'",
    "isin": "x, v | x, y | x, [1, 2.25], invert=True | x, []",
    # By index.
    "take": "x, i | x, i, axis=1 | v, [[0, -1], [2, 1]] | x, 1, 1 | x, [9, -9], mode='clip'"
            " | x, [9, -9], mode='wrap'",
    "take_along_axis": "x, i[None, :3], 1 | x, i[:4], None",
    "choose": "i, [v, w, 2 * v] | i, [v, w, v], mode='clip'",
    "compress": "[True, False, True], x, axis=1 | [False, True], x",
    "extract": "[[True, False, True], [False, True, True]], x",
    "diag_indices_from": "m",
    "tril_indices_from": "m | x, 1",
    "triu_indices_from": "m | x, 1",
    "unravel_index": "i, (2, 3) | i + 3, (2, 3)",
    "ravel_multi_index": "(i % 2, i), (2, 3) | (i, i), (3, 3), order='F'",
    "histogram": "x, 4, (-3, 5) | x, [-3, 0, 1, 5] | x, 3, (0, 4), density=True"
                 " | x, 3, (0, 4), weights=y",
    "histogram_bin_edges": "x, 4, (0, 1)",
    "histogram2d": "v, w, 3, [[-3, 5], [-3, 5]]",
    "piecewise": "x, [f, ~f], [1, 2] | x, [f], [lambda a: 2 * a, 1]",
    # Written in place: the array afterwards.
    "copyto": "=written(lambda a: xp.copyto(a, y, where=f), x + 0)"
              " | =written(lambda a: xp.copyto(a, 1), x + 0)",
    "fill_diagonal": "=written(lambda a: xp.fill_diagonal(a, 1), m + 0)"
                     " | =written(lambda a: xp.fill_diagonal(a, v[:3]), m + 0)",
    "place": "=written(lambda a: xp.place(a, f, [1, 2, 3, 4]), x + 0)",
    "put": "=written(lambda a: xp.put(a, i, v), x + 0)",
    "put_along_axis": "=written(lambda a: xp.put_along_axis(a, i[None, :3], abs(y), 1), x + 0)"
                      " | =written(lambda a: xp.put_along_axis(a, i[None, :3], 1, 1), x + 0)",
    "putmask": "=written(lambda a: xp.putmask(a, f, 1), x + 0)",
    # Complex numbers.
    "real": "x",
    "imag": "x | 2j * x + y",
    "angle": "x | x, deg=True | 2j * x + y",
    "iscomplex": "x",
    "isreal": "x",
    "iscomplexobj": "x",
    "isrealobj": "x",
    "real_if_close": "v.real",
    "sort_complex": "v",
    # Cumulative, sorted, by rank.
    "cumsum": "x | x, 1 | x, 0, 'f8'",
    "cumprod": "x | x, 1 | x, 0, 'f8'",
    "nancumsum": "x | x / 0, 1",
    "nancumprod": "x | x / 0, 1",
    "cumulative_sum": "v | x, axis=1, include_initial=True",
    "cumulative_prod": "v | x, axis=1, include_initial=True",
    "sort": "x | x, None | x, 0 | v, kind='stable'",
    "argsort": "x, kind='stable' | x, None, 'stable' | x, 0, 'stable'",
    "partition": "v[:1], 0",
    "argpartition": "v[:1], 0",
    "lexsort": "(v, w) | x",
    "searchsorted": "xp.sort(v), w | xp.sort(v), w, 'right' | [0, 1, 2], x",
    "digitize": "v, [0, 1, 2] | x, [2, 1, 0], right=True",
    "median": "x | x, 1 | b, (0, 2), keepdims=True",
    "nanmedian": "x | x / x, 1",
    "percentile": "x, 30 | x, [10, 50.], axis=1 | v, 40, method='lower'"
                  " | x, 10, 0, keepdims=True",
    "quantile": "x, .3 | x, [.1, .5], axis=1 | v, .4, method='nearest'",
    "nanpercentile": "x, 30 | x / x, 30, axis=1",
    "nanquantile": "x, .3 | x / x, .3, axis=1",
    "interp": "v, [0, 1, 2], [1., 5, 2] | x, [0, 1, 2], [1., 5, 2], left=-1, period=None",
    **dict.fromkeys(("nansum", "nanprod", "nanmean", "nanvar", "nanstd"),
                    "x | x / x, axis=1 | x / x, axis=0, keepdims=True"),
    **dict.fromkeys(("nanmax", "nanmin", "nanargmax", "nanargmin"),
                    "x | x, axis=1 | x + 0.5, axis=0"),
}
"""Arguments by name; several calls are separated by bars."""

METHODS = dict([
    (".T", ""), (".mT", ""), (".shape", ""), (".ndim", ""), (".size", ""), (".itemsize", ""),
    (".nbytes", ""), (".real", ""), (".imag", ""), (".flat", "[2] | [::-1] | [1:4]"),
    (".all", "() | (1)"), (".any", "() | (0, keepdims=True)"), (".argmax", "() | (1)"),
    (".argmin", "() | (1)"), (".astype", "('f8') | (complex, copy=False)"),
    (".clip", "(0, 2) | (max=1)"), (".conj", "()"), (".conjugate", "()"), (".copy", "()"),
    (".diagonal", "() | (1)"), (".dot", "(n)"), (".flatten", "()"),
    (".max", "() | (1) | (axis=0, keepdims=True)"), (".mean", "() | (1) | (0, 'f8')"),
    (".min", "() | (1)"), (".prod", "() | (1)"), (".ravel", "()"),
    (".repeat", "(2) | (2, axis=1)"), (".reshape", "(3, 2) | ((-1,)) | (1, -1)"),
    (".round", "() | (1)"), (".squeeze", "()"), (".std", "() | (1) | (ddof=1)"),
    (".sum", "() | (1) | (axis=0, keepdims=True) | (where=f)"), (".swapaxes", "(0, 1)"),
    (".trace", "() | (1)"), (".transpose", "() | (1, 0) | ((0, 1))"),
    (".cumsum", "() | (1)"), (".cumprod", "() | (1)"), (".argsort", "(kind='stable')"),
    (".take", "(i) | (i, axis=1)"), (".compress", "([True, False, True], axis=1)"),
    (".fill", "=written(lambda a: a.fill(1), x + 0)"),
    (".sort", "=written(lambda a: a.sort(), x + 0) | =written(lambda a: a.sort(axis=0), x + 0)"),
    (".partition", "=written(lambda a: a.partition(0), x[:, :1] + 0)"),
    (".put", "=written(lambda a: a.put(i, v), x + 0)"),
    (".var", "() | (1) | (ddof=1)"), (".view", "()"), (".to_device", "('cpu')"),
])  # fmt: skip
"""What follows the array; several forms are separated by bars."""

ALL = {**SAMPLES, **METHODS}


def _expression(name: str, form: str) -> str:
    if form.startswith("="):
        return form[1:]
    return f"x{name}{form}" if name.startswith(".") else f"xp.{name}({form})"


def calls(name: str) -> list[str]:
    """Expressions over the operands."""
    if name in ALL:
        return [_expression(name, form) for form in ALL[name].split(" | ")]
    ufunc = getattr(np, name)
    if name == "reciprocal":
        return ["xp.reciprocal(abs(x) + 1)"]
    if ufunc.signature is not None:
        return [f"xp.{name}({'m, n' if ufunc.signature.count('),(') else 'm'})"]
    return [f"xp.{name}({', '.join('xy'[: ufunc.nin])})"]


def is_binary(call: str) -> bool:
    """Whether an operand of the second dtype takes part."""
    return not set("ywn").isdisjoint(re.findall(r"\b[a-z]\b", call))


NAMES = "xvmbywnfi"


@cache
def function(call: str, xp: Any) -> Callable[..., Any]:
    """The call as a function of all operands."""
    names = {"np": np, "xp": xp, "written": _written}
    return eval(f"lambda {', '.join(NAMES)}: {call}", names)


def _written(write: Callable[..., None], array: Any) -> Any:
    write(array)
    return array


SHAPES = {"x": (2, 3), "v": (5,), "m": (3, 3), "b": (2, 3, 4), "y": (2, 3), "w": (5,), "n": (3, 3)}


@cache
def operands(first: np.dtype[Any], second: np.dtype[Any]) -> dict[str, np.ndarray[Any, Any]]:
    """Small numbers, exact in every dtype: quarters in floats, negative ones but for unsigned."""
    seed = np.random.default_rng(7)
    arrays = {
        name: _numbers(seed, shape, second if name in "ywn" else first)
        for name, shape in SHAPES.items()
    }
    return {**arrays, **_others()}


def smooth_operands(seed: int) -> dict[str, np.ndarray[Any, Any]]:
    """Float64 numbers within 0.2..0.8, no two of them alike."""
    random = np.random.default_rng(seed)
    arrays = {name: random.uniform(0.2, 0.8, shape) for name, shape in SHAPES.items()}
    return {**arrays, **_others()}


def _others() -> dict[str, np.ndarray[Any, Any]]:
    mask = np.array([[True, False, True], [False, True, True]])
    return {"f": mask, "i": np.array([0, 2, 1, 1, 0])}


def _numbers(seed: Any, shape: Any, dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    if dtype.kind == "b":
        return seed.integers(0, 2, shape).astype(bool)
    low = 0 if dtype.kind == "u" else -3
    numbers = seed.integers(low, 5, shape).astype(dtype)
    if dtype.kind == "c":
        numbers = numbers + dtype.type(1j) * seed.integers(-3, 5, shape).astype(dtype)
    if dtype.kind in "fc":
        numbers = numbers + dtype.type(0.25)
    return numbers.astype(dtype)
