"""Axes, sizes, joining, indexing, and created arrays against NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from ml_dtypes import bfloat16

import jitflow.numpy as jnp
from jitflow.errors import ArgumentError, ShapeError, TraceError

X = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
V = np.arange(5)

SHAPING = {
    "reshape": lambda x, v: (
        x.reshape(6, 4),
        x.reshape((-1, 2)),
        np.reshape(x, -1),
        v.reshape(5, 1),
    ),
    "by_columns": lambda x, v: (
        x.reshape(4, -1, order="F"),
        v[:4].reshape((2, 2), order="F"),
        np.reshape(x[0], (2, 3, 2), order="F"),
        x.T.ravel("F"),
        x.flatten("F"),
        v.ravel("K"),
        jnp.zeros((2, 3)).ravel("A") + v[0],
    ),
    "reshape_empty": lambda x, v: x[:0].reshape(0, 7),
    "ravel": lambda x, v: (x.ravel(), np.ravel(v), x.flatten()),
    "transpose": lambda x, v: (x.T, v.T, x.transpose(1, 2, 0), np.transpose(x, (0, -1, 1)), x.mT),
    "swap": lambda x, v: (x.swapaxes(0, -1), np.moveaxis(x, 0, -1), np.moveaxis(x, (0, 1), (2, 0))),
    "expand": lambda x, v: (np.expand_dims(x, 1), np.expand_dims(v, (0, -1))),
    "squeeze": lambda x, v: (x[:1].squeeze(), np.squeeze(x[:, :1], 1), x.squeeze()),
    "broadcast_to": lambda x, v: (np.broadcast_to(v, (2, 5)), np.broadcast_to(v[:, None], (5, 3))),
    "broadcast_arrays": lambda x, v: np.broadcast_arrays(v, v[:, None]),
    "flip": lambda x, v: (
        np.flip(x),
        np.flip(x, 1),
        np.flip(x, (0, 2)),
        np.fliplr(x),
        np.flipud(v),
    ),
    "at_least": lambda x, v: (
        np.atleast_1d(v, 1),
        np.atleast_2d(v),
        np.atleast_3d(v),
        np.atleast_3d(x[0]),
    ),
    "concatenate": lambda x, v: (
        np.concatenate([x, x * 2], -1),
        np.concatenate((v, v + 0.5, [1, 2])),
        np.concatenate([x, v], None),
        np.concatenate([v, v], dtype=np.float32),
        np.concatenate(x),
    ),
    "stack": lambda x, v: (
        np.stack([v, v]),
        np.stack([v, v * 1.5], 1),
        np.stack([x, x], -2),
        np.stack(x),
    ),
    "hvd": lambda x, v: (
        np.vstack([v, v]),
        np.hstack([v, v]),
        np.hstack([x, x]),
        np.dstack([v, v]),
    ),
    "columns": lambda x, v: (
        np.column_stack([v, v, np.stack([v, v], 1)]),
        np.append(v, 3),
        np.append(x, 3),
        np.append(x, x, 0),
    ),
    "split": lambda x, v: (
        np.split(x, 3, 1),
        np.split(v, [1, 3]),
        np.array_split(v, 3),
        np.array_split(v, [4, 2, 9]),
    ),
    "hvsplit": lambda x, v: (np.hsplit(x, 3), np.vsplit(x, 2), np.hsplit(v, [2])),
    "pad": lambda x, v: (
        np.pad(v, 2),
        np.pad(v, (1, 2), constant_values=7),
        np.pad(x, ((0, 1), (2, 0), (0, 0))),
        np.pad(x, 1),
        np.pad(x, (1,), "constant"),
        np.pad(x[0], {-1: (1, 2)}),
    ),
    "repeat": lambda x, v: (
        np.repeat(v, 3),
        x.repeat(2, axis=1),
        np.repeat(x, 2, -1),
        np.repeat(v, 0),
    ),
    "tile": lambda x, v: (
        np.tile(v, 2),
        np.tile(v, (2, 3)),
        np.tile(x, 2),
        np.tile(x, (2, 1, 1, 3)),
    ),
    "roll": lambda x, v: (
        np.roll(v, 2),
        np.roll(x, -1, 1),
        np.roll(x, 5),
        np.roll(x, (1, 2), (0, 2)),
        np.roll(v, 0),
    ),
    "diff": lambda x, v: (np.diff(v), np.diff(x, 2, axis=1), np.diff(v > 2), np.diff(v[:1])),
    "meshgrid": lambda x, v: (
        np.meshgrid(v, v[:3]),
        np.meshgrid(v, v[:2], indexing="ij", sparse=True),
    ),
    "triangles": lambda x, v: (
        np.tril(x),
        np.triu(x, 1),
        np.tril(x, -1),
        np.triu(v),
        np.tril(x[0].T),
    ),
    "copy": lambda x, v: (
        np.copy(x),
        v.copy(),
        x.astype(np.int8),
        v.astype(float),
        x.astype(bool),
        x.astype("f2"),
    ),
    "like": lambda x, v: (
        np.zeros_like(x),
        np.ones_like(v),
        np.full_like(v, 3.7),
        np.full_like(x, v[0]),
        np.zeros_like(np.empty_like(x)),
        np.ones_like(x, dtype=int, shape=(2, 2)),
    ),
    "where": lambda x, v: (
        np.where(v > 2, v, 0),
        np.where(v > 2, 1.5, v),
        np.where(v, 1, 2),
        np.where(v > 2, np.float32(1), 2.0),
        np.where(True, v, 0),
        np.where(x > 3, x, v[:4]),
    ),
    "select": lambda x, v: (np.select([v < 1, v < 3], [v, v * 2.5], 7), np.select([x > 3], [x])),
    "clip": lambda x, v: (
        np.clip(v, 1, 3),
        x.clip(2.5),
        x.clip(max=3),
        np.clip(x, v[:4], 9),
        np.clip(v, 1.5, 3),
        np.clip(v, -(10**30), 3),
        np.clip(v, min=2),
        v.astype(np.int8).clip(-1000, 2),
        np.clip(x, None, 3),
        np.clip(x.astype(bfloat16), -1, 2.5),
    ),
    "round": lambda x, v: (
        np.round(x / 7),
        np.round(x / 7, 2),
        np.around(x * 77, -2),
        v.round(),
        (x / 7).round(1),
        round(x / 7) if not isinstance(x, np.ndarray) else np.round(x / 7),
    ),
    "nan_to_num": lambda x, v: (
        np.nan_to_num(x / 0 * x),
        np.nan_to_num(v),
        np.nan_to_num(x / 0, posinf=5),
    ),
    "isclose": lambda x, v: (
        np.isclose(x, x + 1e-7),
        np.isclose(x / 0, x / 0),
        np.isclose(x * np.nan, x, equal_nan=True),
    ),
    "close": lambda x, v: (
        jnp.allclose(x, x + 1e-9),
        jnp.array_equal(v, v + 1),
        jnp.array_equal(x, v),
    ),
    "diagonals": lambda x, v: (
        np.diagonal(x),
        np.diagonal(x, 1, 1, 2),
        x.diagonal(-1, 2, 0),
        np.trace(x[0]),
        x.trace(0, 1, 2),
        np.diag(v),
        np.diag(v, 2),
        np.diag(v, -1),
        np.diag(x[0], 3),
        np.diag(x[1], -2),
        np.diag(x[0], 9),
    ),
    "outer": lambda x, v: (np.add.outer(v, v), np.less.outer(x, v), np.multiply.outer(v, 2)),
    "sizes": lambda x, v: (
        np.zeros(np.shape(x)),
        np.full(3, np.ndim(x)),
        np.size(v) * v,
        np.size(x, 1) * v,
        len(x) * v,
    ),
    "iteration": lambda x, v: [row * 2 for row in x] + list(v),
}


@pytest.mark.parametrize("name", SHAPING)
def test_shaping(name, check):
    check(SHAPING[name], X, V)


def test_copies_show_no_writes(check):
    def fill(x, v):
        y = v * 2
        copies = [
            np.sum(y, axis=()),
            np.concatenate([y]),
            np.roll(y, 0),
            +y,
            y**1,
            y.clip(),
            y.copy(),
        ]
        copies += [y.astype(y.dtype), np.round(y), np.positive(y)]
        y[:] = 7
        return copies

    check(fill, X, V)


CREATION = {
    "zeros": lambda: (
        jnp.zeros(3),
        jnp.zeros((2, 0), int),
        jnp.zeros_like(jnp.empty((2,))),
        jnp.ones((2, 3), "f4"),
    ),
    "full": lambda: (
        jnp.full(2, 1.5),
        jnp.full((2, 2), 3),
        jnp.full(2, 3, np.float32),
        jnp.full((), True),
    ),
    "arange": lambda: (
        jnp.arange(5),
        jnp.arange(2, 9, 3),
        jnp.arange(9, 2, -2),
        jnp.arange(0),
        jnp.arange(1),
        jnp.arange(3, dtype="f4"),
        jnp.arange(0, 1, 0.1),
        jnp.arange(0.3, 2.9, 0.7, dtype=np.float32),
        jnp.arange(1.5),
        jnp.arange(5, dtype=np.uint8),
    ),
    "eye": lambda: (
        jnp.eye(3),
        jnp.eye(2, 4, 1, int),
        jnp.eye(3, k=-1),
        jnp.identity(2),
        jnp.tri(3),
        jnp.tri(2, 4, 1),
    ),
    "linspace": lambda: (
        jnp.linspace(0, 1, 7),
        jnp.linspace(0.1, 3.3),
        jnp.linspace(0, 1, 5, False),
    ),
    "array": lambda: (
        jnp.array(1.5),
        jnp.array([1, 2]),
        jnp.array([[1, 2.5]]),
        jnp.asarray([True]),
        jnp.array(3, np.float32),
        jnp.array([1, 2], ndmin=3),
        jnp.asarray(np.arange(3)),
    ),
}


@pytest.mark.parametrize("name", CREATION)
def test_creation(name, check):
    """In a trace and outside: `check` runs both."""
    check(CREATION[name])


def test_arrays_of_traced_values(check, evaluate):
    check(lambda x, v: (x + [1, 2, 3, 4]) * 2, X, V)
    got = evaluate(
        lambda v: (jnp.array([[v[0], 2], [v[1], v[2] * 1.5]]), jnp.asarray(v), jnp.full(2, v[1])), V
    )
    np.testing.assert_array_equal(got[0], [[0, 2], [1, 3]])
    np.testing.assert_array_equal(got[1], V)
    np.testing.assert_array_equal(got[2], [1, 1])


def test_creation_is_lean(rows):
    assert rows(lambda: jnp.zeros((1000, 1000))) == ["constant"]
    assert rows(lambda: jnp.arange(10)) == ["iota"]
    assert rows(lambda x: x[:], X) == []
    assert rows(lambda x: x[0], X) == ["slice", "reshape"]
    assert rows(lambda x: x[:, None], X) == ["reshape"]
    assert rows(lambda x: x.reshape(2, -1).T, X) == ["reshape", "transpose"]


@pytest.mark.parametrize(
    ("function", "kind", "text"),
    [
        (lambda x, v: x.reshape(5, 5), ShapeError, "24 elements into"),
        (lambda x, v: x.reshape(-1, -1), ValueError, "reshape an array"),
        (lambda x, v: x.reshape(4, -1, order="A"), TraceError, "order='A' depends on strides"),
        (lambda x, v: x.T.ravel("K"), TraceError, "order='K' depends on strides"),
        (lambda x, v: x.flatten("B"), ArgumentError, "order is 'C', 'F', 'A' or 'K', not 'B'"),
        (lambda x, v: x.reshape(v[0]), TraceError, "a size cannot be a traced value"),
        (lambda x, v: np.transpose(x, (0, 0, 1)), ValueError, "each axis once"),
        (lambda x, v: np.squeeze(x, 1), ValueError, "size is not 1"),
        (lambda x, v: np.broadcast_to(x, (3, 4)), ValueError, "does not broadcast"),
        (lambda x, v: np.concatenate([x, v]), ValueError, "agree in every axis but 0"),
        (lambda x, v: np.concatenate([v[0], v[1]]), ValueError, "zero-dimensional"),
        (lambda x, v: np.concatenate([v, v], axis=1), IndexError, "axis 1 is out of bounds"),
        (lambda x, v: np.stack([x, v]), ValueError, "one shape"),
        (lambda x, v: np.split(v, 2), ValueError, "equal parts"),
        (lambda x, v: np.pad(v, 1, mode="corner"), ValueError, "mode 'corner' is not supported"),
        (lambda x, v: np.pad(v, 1, "edge", constant_values=3), ValueError, "for mode 'edge'"),
        (lambda x, v: np.pad(v[:0], 1, "wrap"), ValueError, "can't extend empty axis 0"),
        (lambda x, v: np.pad(v, 1.5), TypeError, "widths are integers"),
        (lambda x, v: np.pad(v, -1), ValueError, "0 or more"),
        (lambda x, v: np.repeat(v, [1, 2]), ValueError, "2 counts do not fit axis 0"),
        (lambda x, v: np.repeat(v, -1), ValueError, "may not be negative"),
        (lambda x, v: np.repeat(v, v), TraceError, "they decide the shape"),
        (lambda x, v: np.tile(v, (2, -1)), ValueError, "may not be negative"),
        (lambda x, v: np.resize(v, -1), ValueError, "may not be negative"),
        (lambda x, v: np.roll(v, v[0]), TraceError, "a shift cannot be a traced value"),
        (lambda x, v: np.rot90(x, 1, (1, 1)), ValueError, "axes must be different"),
        (lambda x, v: np.delete(v, 7), IndexError, "index 7 is out of bounds for size 5"),
        (lambda x, v: np.delete(v, 1.0), IndexError, "a list of integers"),
        (lambda x, v: np.delete(v, [True]), ValueError, "the axis' length 5"),
        (lambda x, v: np.delete(v, v[0]), TraceError, "indices cannot be traced"),
        (lambda x, v: np.insert(v, 6, 0), IndexError, "index 6 is out of bounds"),
        (lambda x, v: np.insert(x, 0, v, axis=0), ValueError, "do not broadcast"),
        (lambda x, v: np.trim_zeros(v), TypeError, "shape depends on the elements"),
        (lambda x, v: np.block([x, [v]]), ValueError, "differ in depth"),
        (lambda x, v: np.block([[x], []]), ValueError, "is empty"),
        (lambda x, v: np.dsplit(x[0], 2), ValueError, "3 dimensions or more"),
        (lambda x, v: np.diff(v, -1), ValueError, "must be non-negative"),
        (lambda x, v: np.gradient(v[:1]), ValueError, "too small to calculate"),
        (lambda x, v: np.gradient(x, 1.0, 2.0), TypeError, "2 spacings for 3 axes"),
        (lambda x, v: np.diag(x), ValueError, "a vector or a matrix"),
        (lambda x, v: np.tile(v, 2**60), ValueError, r"array is too big: i64\[\d+, 5\]"),
        (lambda x, v: np.broadcast_to(v, (2**40, 2**40, 5)), ValueError, "array is too big"),
        (lambda x, v: v[:0].reshape(2**40, 0, 2**40), ValueError, "array is too big"),
        (lambda x, v: np.round(v, 1.5), TypeError, "decimals= is an integer"),
        (lambda x, v: np.linspace(0, v[0], -1), ValueError, "must be non-negative"),
        (lambda x, v: np.meshgrid(v, indexing="ji"), ValueError, "'xy' or 'ij'"),
        (lambda x, v: np.where(v > 1), TraceError, "not known yet"),
        (lambda x, v: np.unique_all(v), TraceError, "np.unique_all is not supported"),
        (lambda x, v: v.byteswap(), TraceError, "byteswap is not supported"),
        (lambda x, v: v.no_such_name, AttributeError, "no_such_name"),
        (lambda x, v: v.astype("U3"), TypeError, "not supported"),
        (lambda x, v: np.full_like(x.astype("i1"), 300), OverflowError, "out of bounds for int8"),
        (lambda x, v: jnp.arange(v[0]), TraceError, "bounds cannot be traced"),
    ],
)
def test_faults(function, kind, text, evaluate):
    with pytest.raises(kind, match=text):
        evaluate(function, X, V)


def test_outside_a_trace_names_are_numpy_s_own():
    import jitflow.numpy as namespace

    assert namespace.sum is np.sum and namespace.add is np.add and namespace.where is np.where
    assert isinstance(namespace.zeros(3), np.ndarray)
    missing = [name for name in namespace.__all__ if not hasattr(namespace, name)]
    assert not missing
