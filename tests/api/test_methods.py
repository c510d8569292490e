"""@jit on methods: of plain objects, of pytrees, of classes."""

import dataclasses
import functools

import numpy as np

import jitflow as jf
import jitflow.numpy as jnp

X = np.arange(6, dtype=np.float32).reshape(2, 3)


class Scaled:
    def __init__(self, factor):
        self.factor = factor
        self.weights = np.ones(3, np.float32)

    @jf.jit
    def apply(self, x):
        return x * self.factor + self.weights

    @functools.partial(jf.jit, static_argnames="n")
    def repeat(self, x, n):
        return jnp.stack([x * self.factor] * n)


def test_methods():
    two, three = Scaled(2), Scaled(3)
    np.testing.assert_array_equal(two.apply(X), X * 2 + 1)
    np.testing.assert_array_equal(three.apply(X), X * 3 + 1)
    assert three.repeat(X, n=4).shape == three.repeat(X, 4).shape == (4, 2, 3)
    assert "mul" in two.apply.trace(X).as_text()
    two.weights[:] = 10
    np.testing.assert_array_equal(two.apply(X), X * 2 + 10)


@dataclasses.dataclass
class Model:
    weight: object
    name: str = dataclasses.field(default="m", metadata={"static": True})

    @jf.jit
    def apply(self, x):
        return x @ self.weight


def test_a_method_of_a_pytree_takes_its_arrays_as_arguments():
    model = Model(np.ones((3, 2), np.float32))
    np.testing.assert_array_equal(model.apply(X), X @ model.weight)
    model.weight = model.weight * 2
    np.testing.assert_array_equal(model.apply(X), X @ model.weight)
    assert Model.apply.cache_info() == (1, 1, 1)


def test_static_and_class_methods():
    class Holder:
        factor = 3

        @staticmethod
        @jf.jit
        def plain(x):
            return x * 2

        @classmethod
        @jf.jit
        def scaled(cls, x):
            return x * cls.factor

    np.testing.assert_array_equal(Holder.plain(X), X * 2)
    np.testing.assert_array_equal(Holder().plain(X), X * 2)
    np.testing.assert_array_equal(Holder.scaled(X), X * 3)
    np.testing.assert_array_equal(jf.jit(lambda x: Holder.scaled(x))(X), X * 3)


def test_a_class_in_front_is_static():
    scaled = jf.jit(lambda cls, x: x * cls.factor)
    two, three = type("Two", (), {"factor": 2}), type("Three", (), {"factor": 3})
    for kind in (two, three, two):
        np.testing.assert_array_equal(scaled(kind, X), X * kind.factor)
    assert "mul" in scaled.lower(two, X).as_text("opt")
