"""Attributes of traced arrays that no function stands for: flat, view, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

import jitflow as jf
import jitflow.numpy as jnp
from jitflow.errors import DtypeError, TraceError

X = np.arange(6, dtype=np.float32).reshape(2, 3)


def test_flat_writes_the_array(check):
    def fill(x):
        a = (x * 2).T
        a.flat[1] = 9
        a.flat[2:6:2] += 1
        part = a.flat[:2]
        a.flat[0] = 5
        return a, part, sum(a.flat), np.full(2, len(a.flat)), a.flat.copy()

    check(fill, X)


@pytest.mark.parametrize("new", [7, [1, 2], np.arange(6.0).reshape(3, 2), np.arange(8)])
def test_flat_is_set_to_values_again_and_again(check, new):
    def fill(x):
        a, b = (x * 2).T, x * 3
        a.flat = new
        b.flat[1:] = new
        return a, b

    check(fill, X)


def test_a_shape_that_is_set_is_refused():
    def turn(x):
        y = x * 2
        y.shape = (3, 2)
        return y

    with pytest.raises(TraceError, match="(?s)y.shape = .*x = x.reshape"):
        jf.jit(turn)(X)


def test_view(check):
    check(lambda x: (x.view(np.int32) + 1, x.view("u4") >> 3, x.view().view(np.float32)), X)
    with pytest.raises(DtypeError, match="of the same width"):
        jf.jit(lambda x: x.view(np.int8))(X)


def test_complex_numbers_as_their_parts_and_back(check):
    z = (np.arange(12) - 4j).reshape(3, 4)
    check(lambda z: (z.view(float), z.astype("F").T.copy().view("f4")), z)
    check(lambda z: (z.real.copy().view(complex), z.imag[0].copy().view("D")), z)
    with pytest.raises(DtypeError, match="of the same width"):
        jf.jit(lambda z: z[:, :3].real.copy().view(complex))(z)


def test_a_view_without_a_dtype_is_the_array():
    @jf.jit
    def fill(n):
        a = jnp.zeros(3)
        a.view()[1] = n
        return a

    np.testing.assert_array_equal(fill(2.0), [0, 2, 0])


def test_writes_beside_a_view_of_the_bits_are_refused():
    def fill(x):
        a = x * 2
        bits = a.view(np.int32)
        a[0] = 1
        return bits

    with pytest.raises(TraceError, match="was written"):
        jf.jit(fill)(X)


def test_devices_and_namespaces(check):
    check(lambda x: x.to_device(x.device) + 1, X)
    assert jf.jit(lambda x: x.__array_namespace__().sin(x))(X).dtype == np.float32
    with pytest.raises(TraceError, match="there is no device 'gpu'"):
        jf.jit(lambda x: x.to_device("gpu"))(X)


def test_conjugates_of_bool_are_bool(check):
    check(lambda x: (x > 2).conj(), X)


@pytest.mark.parametrize("name", ["strides", "flags", "base", "tolist", "item", "tobytes"])
def test_refused(name, evaluate):
    with pytest.raises(AttributeError, match=rf"test_methods.py:\d+(.|\n)*\.{name} (.|\n)*cure: "):
        evaluate(lambda x: getattr(x, name), X)
    evaluate(lambda x: x if not hasattr(x, name) else None, X)
