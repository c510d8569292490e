"""First values of variables: distributions, seeds, dtypes."""

import numpy as np
import pytest

import jitflow.graph as g
from jitflow.errors import DtypeError

SHAPE = (200, 300)
CASES = {
    "uniform": (g.random_uniform_initializer(-1.0, 3.0, seed=1), 1.0, (4 / 12**0.5), (-1, 3)),
    "normal": (g.random_normal_initializer(2.0, 0.5, seed=1), 2.0, 0.5, (-1, 5)),
    "truncated": (g.truncated_normal_initializer(0.0, 1.0, seed=1), 0.0, 0.87962566, (-2, 2)),
    "glorot uniform": (g.glorot_uniform_initializer(seed=1), 0, (2 / 500) ** 0.5,
                       (-((6 / 500) ** 0.5), (6 / 500) ** 0.5)),
    "glorot normal": (g.glorot_normal_initializer(seed=1), 0, (2 / 500) ** 0.5, (-1, 1)),
    "he uniform": (g.he_uniform_initializer(seed=1), 0, (2 / 200) ** 0.5,
                   (-((6 / 200) ** 0.5), (6 / 200) ** 0.5)),
    "he normal": (g.he_normal_initializer(seed=1), 0, (2 / 200) ** 0.5, (-1, 1)),
}  # fmt: skip


def drawn(initializer, dtype=np.float64, shape=SHAPE):
    with g.Graph().as_default(), g.Session() as sess:
        v = g.get_variable("v", shape, dtype, initializer)
        sess.run(v.initializer)
        return sess.run(v)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("case", CASES)
def test_statistics(case, dtype):
    initializer, mean, std, (low, high) = CASES[case]
    x = drawn(initializer, dtype)
    error = std / x.size**0.5
    assert x.dtype == dtype
    assert abs(x.mean() - mean) < 5 * error
    assert abs(x.std() - std) < 5 * error
    assert x.min() >= low
    assert x.max() <= high
    np.testing.assert_array_equal(drawn(initializer, dtype), x)


def test_constants():
    for initializer, value in (
        (g.zeros_initializer(), 0), (g.ones_initializer(), 1), (g.constant_initializer(2.5), 2.5),
        (g.constant_initializer([1.0, 2.0]), [1, 2]), (np.array([3.0, 4.0]), [3, 4]),
    ):  # fmt: skip
        shape = np.shape(value) or (3,)
        found = drawn(initializer, np.float32, shape)
        np.testing.assert_array_equal(found, np.broadcast_to(value, shape))


def test_seeds():
    def values(seed, graph_seed=None):
        graph = g.Graph()
        graph.seed = graph_seed
        with graph.as_default(), g.Session() as sess:
            return sess.run([g.random_normal([8], seed=seed), g.random_normal([8], seed=seed)])

    one, same = values(3)
    np.testing.assert_array_equal(one, same)
    assert (one != values(4)[0]).all()
    assert (values(None)[0] != values(None)[0]).all()
    first, second = values(None, 7)
    assert (first != second).all()
    np.testing.assert_array_equal(values(None, 7)[0], first)
    assert (values(None, 8)[0] != first).all()


def test_a_default_for_each_kind():
    assert np.abs(drawn(None, np.float32)).max() <= (6 / 500) ** 0.5
    assert not drawn(None, np.int32).any()
    with pytest.raises(DtypeError, match="gives floats"):
        g.get_variable("w", [2], np.int32, g.random_normal_initializer())
