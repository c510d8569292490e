"""Random numbers: functions of their keys, of the right distribution, in and outside of jit."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import jitflow as jf
from jitflow import random
from jitflow.errors import ArgumentError, AxisError, DtypeError, ShapeError, ValueCheckError

KEY = random.key(7)
MANY = (20_000,)
FLOATS = ["float16", "float32", "float64"]


def test_keys():
    np.testing.assert_array_equal(random.key(2**32 + 5), np.array([1, 5], np.uint32))
    np.testing.assert_array_equal(random.key(-1), np.array([2**32 - 1] * 2, np.uint32))
    keys = random.split(KEY, 100)
    assert keys.shape == (100, 2) and keys.dtype == np.uint32
    assert len({tuple(key) for key in keys}) == 100
    np.testing.assert_array_equal(keys[:2], random.split(KEY))
    folded = {tuple(random.fold_in(KEY, n)) for n in (0, 1, -1, 2**40)}
    assert len(folded | {tuple(KEY)} | {tuple(key) for key in keys}) == 105


def test_one_key_gives_the_same_numbers_everywhere():
    expected = random.normal(KEY, (3, 5))
    np.testing.assert_array_equal(random.normal(KEY, (3, 5)), expected)
    np.testing.assert_array_equal(jf.jit(lambda k: random.normal(k, (3, 5)) + 0)(KEY), expected)
    keys = random.split(KEY, 4)
    each = np.stack([random.normal(key, (3, 5)) for key in keys])
    np.testing.assert_array_equal(jf.vmap(lambda k: random.normal(k, (3, 5)))(keys), each)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint32", "uint64"])
def test_bits(dtype):
    bits = random.bits(KEY, MANY, dtype)
    assert bits.dtype == dtype
    ones = np.unpackbits(bits.view(np.uint8)).mean()
    assert abs(ones - 0.5) < 0.005
    assert random.bits(KEY).shape == ()


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(
    ("draw", "cdf"),
    [
        (random.uniform, stats.uniform.cdf),
        (random.normal, stats.norm.cdf),
        (random.exponential, stats.expon.cdf),
        (random.gumbel, stats.gumbel_r.cdf),
    ],
)
def test_distributions(draw, cdf, dtype):
    x = draw(KEY, MANY, dtype)
    assert x.dtype == dtype and np.isfinite(x).all()
    grain = 2e-3 if dtype == "float16" else 0
    assert stats.kstest(x.astype(np.float64), cdf).statistic < 0.012 + grain
    assert abs(np.corrcoef(x[:-1].astype(np.float64), x[1:])[0, 1]) < 0.02


@pytest.mark.parametrize("shape", [(), (1,), (0,), (3,), (2, 3, 5), 4])
@pytest.mark.parametrize("dtype", FLOATS)
def test_shapes(shape, dtype):
    for draw in (random.uniform, random.normal, random.exponential, random.gumbel):
        assert np.shape(draw(KEY, shape, dtype)) == np.zeros(shape).shape


@pytest.mark.parametrize("dtype", FLOATS)
def test_uniform_stays_within_its_limits(dtype):
    x = random.uniform(KEY, (100_000,), dtype, 1.0, 1.01)
    one = np.dtype(dtype).type(1)
    assert x.min() >= one and x.max() < np.dtype(dtype).type(1.01)
    assert random.uniform(KEY, (2, 3), dtype, np.zeros(3), np.arange(1, 4)).shape == (2, 3)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "int64", "uint64"])
def test_randint(dtype):
    x = random.randint(KEY, MANY, 3, 10, dtype)
    assert x.dtype == dtype
    counts = np.bincount(x, minlength=11)
    assert counts[3:10].sum() == MANY[0] and stats.chisquare(counts[3:10]).pvalue > 1e-4
    low = random.randint(KEY, MANY, -128, 128, np.int8)
    assert low.min() == -128 and low.max() == 127


def test_choices():
    order = random.permutation(KEY, 1000)
    np.testing.assert_array_equal(np.sort(order), np.arange(1000))
    assert (order != np.arange(1000)).mean() > 0.9
    x = np.arange(12.0).reshape(3, 4)
    columns = random.permutation(KEY, x, axis=1)
    np.testing.assert_array_equal(np.sort(columns, axis=1), x)
    np.testing.assert_array_equal(columns - columns[0], (x - x[0]))
    some = random.choice(KEY, 10, (10,), replace=False)
    np.testing.assert_array_equal(np.sort(some), np.arange(10))
    chances = np.array([0.0, 0.5, 0.2, 0.3])
    counts = np.bincount(random.choice(KEY, 4, MANY, p=chances), minlength=4) / MANY[0]
    np.testing.assert_allclose(counts, chances, atol=0.012)
    assert random.choice(KEY, x, (2, 5), axis=1).shape == (3, 2, 5)
    picked = random.choice(KEY, 4, (2,), replace=False, p=np.array([0, 1, 1, 0]))
    assert sorted(picked) == [1, 2]


def test_bernoulli_and_categorical():
    assert abs(random.bernoulli(KEY, 0.3, MANY).mean() - 0.3) < 0.012
    assert random.bernoulli(KEY, np.full((2, 3), 0.5)).shape == (2, 3)
    chances = np.array([[0.1, 0.9], [0.6, 0.4]])
    drawn = random.categorical(KEY, np.log(chances), shape=(*MANY, 2))
    np.testing.assert_allclose(drawn.mean(axis=0), chances[:, 1], atol=0.012)
    assert random.categorical(KEY, np.zeros((3, 4)), axis=0).shape == (4,)


def test_gradient_by_parameters():
    noise = random.normal(KEY, (100,))
    slope = jf.grad(lambda s: (random.normal(KEY, (100,)) * s).sum())(2.0)
    np.testing.assert_allclose(slope, noise.sum())


def test_faults():
    with pytest.raises(DtypeError, match=r"a key is uint32\[2\]"):
        random.normal(np.zeros(2), (3,))
    with pytest.raises(DtypeError, match="gives floats"):
        random.normal(KEY, (3,), np.int32)
    with pytest.raises(DtypeError, match="unsigned"):
        random.bits(KEY, (3,), np.int32)
    with pytest.raises(ArgumentError, match="a shape is a tuple"):
        random.uniform(KEY, (-1,))
    with pytest.raises(ArgumentError, match="a shape is a tuple"):
        random.uniform(KEY, 2.5)
    with pytest.raises(ArgumentError, match="num is a whole number"):
        random.split(KEY, -1)
    with pytest.raises(ValueCheckError, match="minval must be below maxval"):
        random.randint(KEY, (3,), 4, 4)
    with pytest.raises(ArgumentError, match="cannot take 5 of 4"):
        random.choice(KEY, 4, (5,), replace=False)
    with pytest.raises(ShapeError, match="p must hold 4"):
        random.choice(KEY, 4, (5,), p=np.ones(3))
    with pytest.raises(ArgumentError, match="must end in"):
        random.categorical(KEY, np.zeros((2, 3)), shape=(5,))
    with pytest.raises(ArgumentError, match="seed is a whole number, not 1.5"):
        random.key(1.5)
    with pytest.raises(AxisError, match="choice: axis 5 is out of bounds"):
        random.choice(KEY, np.ones(3), (2,), axis=5)


@pytest.mark.parametrize("draw", [random.choice, random.permutation])
def test_what_to_choose_from_is_an_array_or_a_known_number(draw):
    with pytest.raises(ArgumentError, match="takes an array, or a whole number"):
        draw(KEY, 2.5)
    with pytest.raises(ArgumentError, match="there are no -2 numbers"):
        draw(KEY, -2)
    with pytest.raises(ArgumentError, match="(.|\n)*cure: name a number in static_argnames"):
        jf.jit(draw)(KEY, 5)
    np.testing.assert_array_equal(draw(KEY, np.int64(5)), draw(KEY, 5))
    np.testing.assert_array_equal(draw(KEY, [3, 1, 2]), draw(KEY, np.array([3, 1, 2])))
