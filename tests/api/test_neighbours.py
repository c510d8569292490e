"""What is computed beside a value changes no bit of it: not by fusion, layout or lanes."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import jitflow as jf

ELEMENTWISE = (np.tanh, np.exp, np.abs, lambda x: x * 0.5 + 1)
REDUCTIONS = (np.sum, np.prod, np.mean, np.max)
LIMIT = 40_000


def product(x, y):
    """Whichever product of two matrices there is; x where there is none."""
    for left, right in ((x, y), (x, y.T), (x.T, y)):
        if left.shape[1] == right.shape[0]:
            return left @ right
    return x


def steps():
    """Functions of the values so far (matrices, the last one first) that give one more."""
    axis, index = st.integers(0, 1), st.integers(0, 3)
    one = [
        st.sampled_from(ELEMENTWISE),
        st.builds(
            lambda f, a: lambda x: f(x, axis=a, keepdims=True), st.sampled_from(REDUCTIONS), axis
        ),
        st.builds(lambda a: lambda x: x - np.sum(x, axis=a, keepdims=True), axis),
        st.just(np.transpose),
        st.just(lambda x: x[:, ::2]),
        st.just(lambda x: x.astype(np.float64)),
    ]
    unary = st.builds(lambda f, i: lambda values: f(values[i % len(values)]), st.one_of(one), index)
    two = st.builds(
        lambda i, j: lambda values: product(values[i % len(values)], values[j % len(values)]),
        index, index,
    )  # fmt: skip
    return st.lists(st.one_of(unary, unary, two), min_size=3, max_size=8)


@settings(max_examples=25)
@given(steps=steps(), rows=st.sampled_from([2, 3, 9]), columns=st.sampled_from([33, 130]))
def test_values_alone_and_together_have_equal_bits(steps, rows, columns):
    def run(x, y):
        values = [x, y]
        for step in steps:
            made = step(values)
            if made.size <= LIMIT:
                values.insert(0, made)
        return values[:-2]

    random = np.random.default_rng(0)
    x, y = (random.standard_normal((rows, columns)).astype(np.float32) for _ in range(2))
    together = jf.jit(run)(x, y)
    for index, expected in enumerate(together):
        alone = jf.jit(lambda x, y, index=index: run(x, y)[index], static_argnames="index")(x, y)
        np.testing.assert_array_equal(alone, expected, strict=True)


def test_sums_over_long_rows_do_not_see_their_neighbours():
    """An outer product of long rows is summed row by row, and so is every array of its shape."""
    x = np.random.default_rng(5).normal(size=(37, 1100)).astype(np.float32)
    alone = jf.jit(lambda x: x.sum())(x)
    beside = jf.jit(lambda x: (x.sum(), x.max(), np.exp(x).sum(0), (x * 2).sum(1)))(x)[0]
    computed = jf.jit(lambda x, zero: (x + zero[:, None]).sum())(x, np.zeros(37, np.float32))
    assert alone == beside == computed
