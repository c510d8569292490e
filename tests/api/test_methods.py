"""@jit on methods: of plain objects, of pytrees, of classes."""

import dataclasses
import functools
import gc
import weakref

import numpy as np
import pytest

import jitflow as jf
import jitflow.numpy as jnp
from jitflow.runtime.entry import why_not_native

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


def test_properties_are_methods():
    class Disc:
        def __init__(self, radius):
            self.radius = radius

        @property
        @jf.jit
        def area(self):
            return self.radius**2

        @functools.cached_property  # noqa: TID251  (as users have it)
        @jf.jit
        def width(self):
            return self.radius * 2

    disc = Disc(3.0)
    assert (disc.area, disc.area, disc.width) == (9.0, 9.0, 6.0)
    disc.radius = 4.0
    assert (disc.area, disc.area, disc.width) == (16.0, 16.0, 6.0)


def test_a_class_in_front_is_static():
    scaled = jf.jit(lambda cls, x: x * cls.factor)
    two, three = type("Two", (), {"factor": 2}), type("Three", (), {"factor": 3})
    for kind in (two, three, two):
        np.testing.assert_array_equal(scaled(kind, X), X * kind.factor)
    assert "mul" in scaled.lower(two, X).as_text("opt")


class Net:
    rate = 1.0

    def __init__(self):
        self.factor = 2.0
        self.weights = np.ones(3, np.float32)
        self.parts = {"bias": np.zeros(3, np.float32), "powers": [1.0, 2.0]}
        self.act = np.tanh
        self.traces = 0

    def scaled(self, x):
        return x * self.factor * self.rate

    def plain(self, x):
        total = self.act(self.scaled(x)) @ self.weights + self.parts["bias"].sum()
        return total * self.parts["powers"][-1]

    @jf.jit
    def apply(self, x):
        return self.plain(x)

    @jf.jit
    def counted(self, x):
        self.traces += 1
        return x + self.factor


CHANGES = {
    "a number": lambda net: setattr(net, "factor", 3.0),
    "a number of another type": lambda net: setattr(net, "factor", np.float32(2)),
    "an array": lambda net: setattr(net, "weights", np.full(3, 5, np.float32)),
    "an array of another dtype": lambda net: setattr(net, "weights", np.full(3, 5.0)),
    "an array in place": lambda net: net.weights.__setitem__(0, 7),
    "a part of a dict": lambda net: net.parts.__setitem__("bias", np.ones(3, np.float32)),
    "the dict": lambda net: setattr(net, "parts", {"bias": net.weights, "powers": [3.0]}),
    "a longer list": lambda net: net.parts["powers"].append(4.0),
    "the sign of zero": lambda net: net.parts["powers"].__setitem__(-1, -0.0),
    "a function": lambda net: setattr(net, "act", np.sin),
    "an attribute in front of the class's": lambda net: setattr(net, "rate", 0.5),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_method_sees_what_was_set_since(change):
    net = Net()
    for _ in range(3):
        np.testing.assert_allclose(net.apply(X), net.plain(X), 1e-6)
    CHANGES[change](net)
    for _ in range(3):
        np.testing.assert_allclose(net.apply(X), net.plain(X), 1e-6)


def test_values_that_come_again_need_no_new_code():
    net = Net()
    for factor in (2.0, 3.0, 2.0, 3.0):
        net.factor = factor
        np.testing.assert_array_equal(net.counted(X), X + factor)
    assert net.traces == Net.counted.cache_info().misses == 2


def test_what_a_method_sets_itself_is_not_asked():
    net = Net()
    for _ in range(3):
        net.counted(X)
    assert net.traces == 1


def test_containers_that_a_trace_changes_are_not_asked():
    class Noting:
        def __init__(self):
            self.factor, self.seen, self.counts = 2.0, [], {"traces": 0}

        @jf.jit
        def apply(self, x):
            self.seen.append(x.shape)
            self.counts["traces"] += 1
            return x * self.factor

    one, other = Noting(), Noting()
    for factor in (2.0, 2.0, 3.0, 3.0, 2.0):
        one.factor = factor
        np.testing.assert_array_equal(one.apply(X), X * factor)
        np.testing.assert_array_equal(other.apply(X), X * 2)
    assert (len(one.seen), one.counts, len(other.seen)) == (2, {"traces": 2}, 1)


def test_arrays_that_were_replaced_are_let_go():
    net = Net()
    gone = []
    for k in range(4):
        net.weights = np.full(3, k, np.float32)
        gone.append(weakref.ref(net.weights))
        np.testing.assert_allclose(net.apply(X), net.plain(X), 1e-6)
    gc.collect()
    assert [x() is None for x in gone] == [True, True, True, False]


def test_attributes_in_slots_and_of_classes():
    class Slots:
        __slots__ = ("factor", "unset")

        @jf.jit
        def apply(self, x):
            return x * self.factor if hasattr(self, "factor") else x * self.unset

    class Holder:
        factor = 3

        @classmethod
        @jf.jit
        def scaled(cls, x):
            return x * cls.factor

    one = Slots()
    for factor in (2, 5.0):
        one.factor = Holder.factor = factor
        for _ in range(2):
            np.testing.assert_array_equal(one.apply(X), X * factor)
            np.testing.assert_array_equal(Holder.scaled(X), X * factor)


def test_a_container_that_could_be_no_argument_is_one_value():
    class Odd:
        def __init__(self):
            self.table = {1: 1.0, "a": 2.0}

        @jf.jit
        def apply(self, x):
            return x * self.table["a"]

    odd = Odd()
    for factor in (2.0, 2.0, 3.0, 3.0):
        if factor != odd.table["a"]:
            odd.table = {1: 1.0, "a": factor}
        np.testing.assert_array_equal(odd.apply(X), X * factor)
    assert Odd.apply.cache_info().misses == 2


class Layer:
    gain = 1.0

    def __init__(self, size):
        self.weights = np.full((3, size), 0.5)
        self.calls = []

    def scaled(self):
        return self.weights * self.gain

    def __call__(self, x):
        self.calls.append(1)
        return np.tanh(x @ self.scaled())


class Stack:
    def __init__(self):
        self.layers = [Layer(3), Layer(3)]
        self.head = Layer(2)
        self.head.parent = self

    def plain(self, x):
        for layer in self.layers:
            x = layer(x)
        return self.head(x) * self.head.parent.head.gain

    @jf.jit
    def apply(self, x):
        return self.plain(x)


INNER_CHANGES = {
    "an array": lambda net: setattr(net.layers[1], "weights", np.full((3, 3), 2.0)),
    "a number": lambda net: setattr(net.head, "gain", 3.0),
    "an object": lambda net: net.layers.__setitem__(0, net.layers[1]),
    "one more": lambda net: net.layers.append(net.layers[0]),
    "its own": lambda net: setattr(net.layers[0], "gain", -0.0),
}


@pytest.mark.parametrize("change", INNER_CHANGES)
def test_a_method_sees_what_was_set_in_objects_of_its_object(change):
    net = Stack()
    traces = len(net.layers[1].calls)
    for _ in range(3):
        np.testing.assert_allclose(net.apply(X), Stack().plain(X), 1e-6)
    assert len(net.layers[1].calls) == traces + 1
    INNER_CHANGES[change](net)
    for _ in range(3):
        got = net.apply(X)
        np.testing.assert_allclose(got, net.plain(X), 1e-6)
    assert Stack.apply._entry.calls or why_not_native()
