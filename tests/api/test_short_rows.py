"""Rows of a few elements, whose lanes are rows: the numbers of NumPy, whatever else differs."""

import numpy as np
import pytest

import jitflow as jf


def _written(x, w, b):
    y = x.copy()
    y[:, 0] = w
    y[:, -1] = y[:, 0] * b[0]
    return y


CASES = {
    "each_column": lambda x, w, b: x * b,
    "each_row": lambda x, w, b: (x + w[:, None]) * b,
    "less_the_greatest": lambda x, w, b: x - x.max(-1, keepdims=True),
    "of_the_sum": lambda x, w, b: (x * x) - x.sum(-1, keepdims=True),
    "columns": lambda x, w, b: np.stack([x[:, 0], w, x[:, -1] * w], -1),
    "backwards": lambda x, w, b: x[:, ::-1] + x,
    "differences": lambda x, w, b: np.diff(x, axis=-1),
    "more_columns": lambda x, w, b: np.concatenate([x, w[:, None], x * b], -1),
    "padded": lambda x, w, b: np.pad(x, ((0, 0), (1, 2))),
    "again": lambda x, w, b: np.tile(x, (1, 3)),
    "each_twice": lambda x, w, b: np.repeat(x, 2, axis=1),
    "rows_of_columns": lambda x, w, b: np.stack([x.T, x.T], 0),
    "every_second": lambda x, w, b: x[:, ::2] + x[:, :1],
    "flags": lambda x, w, b: (x == w[:, None]) | (x == b),
    "chosen": lambda x, w, b: np.where(x == b, w[:, None], x),
    "narrow": lambda x, w, b: (x == b).astype(np.uint8) * np.uint8(3),
    "products": lambda x, w, b: w[:, None] * b,
    "written": _written,
}


def _arrays(dtype, rows, columns):
    random = np.random.default_rng(rows + columns)
    made = [random.integers(0, 50, n) for n in ((rows, columns), rows, columns)]
    return [x.astype(dtype) for x in made]


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("dtype", ["float32", "uint8"])
def test_rows_of_any_length(name, dtype):
    function = jf.jit(CASES[name])
    for rows, columns in ((0, 3), (19, 3), (71, 2), (130, 5)):
        arrays = _arrays(dtype, rows, columns)
        expected = CASES[name](*arrays)
        found = function(*arrays)
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("columns", [3, 6, 7])
def test_arrays_that_lie_otherwise(columns):
    function = jf.jit(CASES["each_row"])
    x, w, b = _arrays("float64", 75, columns)
    expected = CASES["each_row"](x, w, b)
    wide = np.repeat(np.repeat(x, 2, 0), 2, 1)
    turned = np.ascontiguousarray(x[::-1, ::-1])[::-1, ::-1]
    for other in (wide[::2, ::2], turned, np.asfortranarray(x)):
        np.testing.assert_array_equal(function(other, w, b), expected)


def test_a_result_in_place_of_its_argument():
    x, w, b = _arrays("float32", 101, 3)
    expected = x[:, ::-1] * b
    function = jf.jit(lambda x, b: x[:, ::-1] * b, donate_argnums=(0,))
    given = x.copy()
    found = function(given, b)
    np.testing.assert_array_equal(found, expected)


def _layers(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    y = e / e.sum(-1, keepdims=True)
    z = (y - y.mean(-1, keepdims=True)) / np.sqrt((y * y).sum(-1, keepdims=True))
    return y, z


@pytest.mark.parametrize("columns", [2, 3, 5, 7])
def test_sums_of_rows_are_those_of_one_row(columns):
    """The order of additions does not show whether lanes are rows: of few rows they are not."""
    x = np.random.default_rng(columns).standard_normal((101, columns)).astype(np.float32)
    function = jf.jit(_layers)
    together = function(x)
    for number in (0, 7, 100):
        for whole, alone in zip(together, function(x[number : number + 1]), strict=True):
            np.testing.assert_array_equal(whole[number], alone[0])


def test_threads_do_not_show():
    x = np.random.default_rng(0).standard_normal((300_001, 3)).astype(np.float32)
    function, before = jf.jit(_layers), jf.get_num_threads()
    found = []
    try:
        for threads in (1, 2, 3):
            jf.set_num_threads(threads)
            found.append(function(x))
    finally:
        jf.set_num_threads(before)
    for other in found[1:]:
        for first, again in zip(found[0], other, strict=True):
            np.testing.assert_array_equal(first, again)
