"""Functions of tensors whose calls run next to no Python: they mean what they mean in Python."""

import gc
import sys
import threading
import weakref
from collections import namedtuple

import numpy as np
import pytest

import jitflow as jf
from jitflow import eager
from jitflow.errors import CheckError
from jitflow.runtime.entry import why_not_native

pytestmark = pytest.mark.skipif(bool(why_not_native()), reason="no native entry here")

function_module = sys.modules[eager.Function.__module__]
X = np.arange(4, dtype=np.float32)
Pair = namedtuple("Pair", "first second")


def calls(function):
    """How many calls ran as rows."""
    return function._entry.calls


def kept(function, *args, **kwargs):
    """Three calls of which the last ones are rows': all give the same types."""
    first = function(*args, **kwargs)
    before = calls(function)
    others = [function(*args, **kwargs) for _ in range(2)]
    assert calls(function) == before + 2
    for other in others:
        assert type(other) is type(first)
    return [first, *others]


def test_arrays_alone_stay_arrays():
    function = jf.function(lambda a, k=2: (a + k, {"s": a.sum()}))
    for first, found in zip(*kept(function, X)[::2], strict=True):
        np.testing.assert_equal(found, first)
    kept(function, X, k=3.5)


class Settings:
    """A static argument with attributes of arrays' names, which are not theirs."""

    shape, dtype = [3, 4], {}


def test_static_objects_are_asked_for_nothing():
    function = jf.function(lambda a, s: a * len(s.shape), static_argnums=1)
    for settings in (Settings(), Settings()):
        for found in kept(function, X, settings):
            np.testing.assert_array_equal(found, X * 2)


def test_structures_of_the_same_leaves_are_kept_each():
    function = jf.function(lambda tree: {key: x * 2 for key, x in tree.items()})
    a, b = eager.constant(X), eager.constant(X + 1)
    for tree in ({"a": a, "b": b}, {"b": b, "a": a}, {"c": a, "d": b}):
        for found in kept(function, tree):
            assert list(found) == list(tree)
            for key, x in tree.items():
                np.testing.assert_array_equal(found[key].numpy(), x.numpy() * 2)


def test_tensors_know_how_they_were_made():
    function = jf.function(lambda a, b, scale=1.0: a * b * scale)
    a, b = eager.constant(X), X + 1
    for found in kept(function, a, b, scale=2.0):
        np.testing.assert_array_equal(found.numpy(), X * b * 2, strict=True)
        assert found.op == "lambda"
        assert found.inputs == (a,) or found.inputs[0] is a
        (slope,) = found.grad_fn(eager.constant(np.ones(4, np.float32)))
        np.testing.assert_array_equal(slope.numpy(), b * 2)
        with pytest.raises(ValueError, match="read-only"):
            found._value[0] = 1
    again = function(a, X, scale=3.0)
    np.testing.assert_array_equal(again.numpy(), X * X * 3)
    (slope,) = again.grad_fn(eager.constant(np.ones(4, np.float32)))
    np.testing.assert_array_equal(slope.numpy(), X * 3)


def test_calls_that_were_interrupted_are_looked_at_again(monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    function, v = jf.function(lambda a: v * a), eager.Variable(X)
    with monkeypatch.context() as patch:
        patch.setattr(function_module, "row_of_tensors", interrupt)
        with pytest.raises(KeyboardInterrupt):
            function(X)
    for found in kept(function, X):
        np.testing.assert_array_equal(found.numpy(), X * X)


def test_rows_are_for_the_variables_that_are_known(monkeypatch):
    """Another thread meets a variable while a row is made, which was for none."""
    v = eager.Variable(X)
    function = jf.function(lambda a: v * a if a.ndim == 2 else a + 1)
    make, others = function_module.row_of_arrays, [X[None]]

    def slow(*args):
        for a in others:
            thread = threading.Thread(target=function, args=(a,))
            thread.start()
            thread.join()
        others.clear()
        return make(*args)

    monkeypatch.setattr(function_module, "row_of_arrays", slow)
    function(X)
    assert isinstance(function(X), eager.Tensor)
    assert all(isinstance(found, eager.Tensor) for found in kept(function, X))


def test_variables_are_read_and_set():
    v, n = eager.Variable(X), eager.Variable(0)

    @jf.function
    def step(a):
        v.assign_sub(0.5 * a)
        n.assign_add(1)
        return {"sum": np.sum(v), "pair": Pair(v * 2, a)}

    wanted = X.copy()
    before = calls(step)
    for k in range(6):
        old = v.tensor
        found = step(X)
        wanted = wanted - np.float32(0.5) * X
        np.testing.assert_array_equal(v.numpy(), wanted, strict=True)
        np.testing.assert_array_equal(found["pair"].first.numpy(), wanted * 2, strict=True)
        assert type(found["pair"]) is Pair
        assert n.numpy() == k + 1
        assert any(x is old for x in found["sum"].inputs)
        if k == 3:
            wanted = wanted + 1
            v.assign(v + 1)
    assert calls(step) == before + 5
    assert v.tensor is v.tensor
    v.assign(np.zeros(4, np.float32))
    np.testing.assert_array_equal(step(X)["pair"].first.numpy(), -X)


def test_no_update_is_lost_where_threads_call():
    v, seen = eager.Variable(0), set()
    begin = threading.Barrier(3)

    @jf.function
    def step(a):
        v.assign_add(1)
        return v * a

    def run():
        begin.wait()
        for k in range(1, 40):  # some of another shape, which is compiled meanwhile
            found = step(np.ones(k % 8 + 1, np.int32)).numpy()
            seen.add(int(found[0]))

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert v.numpy() == 3 * 39
    assert seen == set(range(1, 3 * 39 + 1))


def test_a_variable_as_result_is_what_it_has_come_to():
    v = eager.Variable(X)

    @jf.function
    def step(a):
        v.assign_add(a)
        return v, [v]

    for k in range(3):
        one, (other,) = step(X)
        assert isinstance(one, eager.Tensor)
        np.testing.assert_array_equal(one.numpy(), X * (k + 2), strict=True)
        np.testing.assert_array_equal(other.numpy(), X * (k + 2), strict=True)


def test_tapes_see_calls_and_gradients_of_variables():
    v = eager.Variable(X)
    function = jf.function(lambda a: v * a)
    kept(function, X)
    before = calls(function)
    with jf.GradientTape() as tape:
        result = np.sum(function(X) * 3)
    assert calls(function) == before
    np.testing.assert_array_equal(tape.gradient(result, v).numpy(), X * 3)
    kept(function, X)


def test_calls_within_other_functions_are_part_of_them():
    v = eager.Variable(1.0)

    @jf.function
    def inner(a):
        v.assign_add(1.0)
        return a * v

    kept(inner, 1.0)
    at = v.numpy()
    outer = jf.function(lambda a: inner(a) + inner(a))
    assert outer(1.0).numpy() == (at + 1) + (at + 2)
    assert outer(1.0).numpy() == (at + 3) + (at + 4)


def test_new_variables_end_what_was_learnt():
    held = []

    @jf.function
    def function(a, uses):
        if uses.shape == (2,):
            held.append(held.pop() if held else eager.Variable(5.0))
            return a + held[0]
        return a * 2

    other = eager.Variable(7.0)
    late = jf.function(lambda a, flag: a + other if flag.shape == (2,) else a * 2)
    assert isinstance(kept(late, X, np.ones(3))[0], np.ndarray)
    np.testing.assert_array_equal(late(X, np.ones(2)).numpy(), X + 7)
    assert isinstance(late(X, np.ones(3)), eager.Tensor)
    kept(late, X, np.ones(2))


def test_a_call_that_fails_changes_nothing():
    v = eager.Variable(X)

    @jf.function
    def pick(i):
        v.assign_add(X)
        return v[i]

    for i in (0, 1, 2):
        pick(np.int64(i))
    before = v.numpy()
    for _ in range(2):
        with pytest.raises((CheckError, IndexError)):
            pick(np.int64(9))
    np.testing.assert_array_equal(v.numpy(), before)
    assert pick(np.int64(1)).numpy() == before[1] + 1


def test_methods_have_rows_of_their_objects():
    class Model:
        def __init__(self, start):
            self.w = eager.Variable(start)

        @jf.function
        def step(self, a):
            self.w.assign_add(a)
            return self.w * 1

    one, two = Model(X), Model(X * 10)
    for _ in range(4):
        one.step(X)
        two.step(X)
    np.testing.assert_array_equal(one.w.numpy(), X * 5)
    np.testing.assert_array_equal(two.w.numpy(), X * 14)
    assert calls(one.step) == 2 or calls(one.step) == 3


def test_static_arguments():
    function = jf.function(lambda a, how: a * 2 if how == "two" else a * 3, static_argnames="how")
    t = eager.constant(X)
    for how, factor in ("two", 2), ("three", 3), ("two", 2):
        for found in kept(function, t, how=how):
            np.testing.assert_array_equal(found.numpy(), X * factor)


def test_no_update_of_several_threads_is_lost_by_rows():
    n = eager.Variable(0)

    @jf.function
    def count():
        n.assign_add(1)
        return n * 1

    count()
    count()
    before, start = calls(count), int(n.numpy())
    threads = [threading.Thread(target=lambda: [count() for _ in range(500)]) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert calls(count) == before + 1500
    assert n.numpy() == start + 1500


def test_nothing_is_kept_of_a_call():
    v = eager.Variable(X)
    function = jf.function(lambda a: v * a)
    x = np.ones(4, np.float32)
    found = kept(function, x)
    gone = weakref.ref(x)
    del x, found
    gc.collect()
    assert gone() is None


def test_gradients_tell_the_places_of_operands_apart():
    v = eager.Variable(X + 1)
    found = []
    for function in (lambda x: x**2.0, lambda x: 2.0**x, lambda x: x**2.0):
        with jf.GradientTape() as tape:
            result = function(v)
        found.append(tape.gradient(result, v).numpy())
    np.testing.assert_allclose(found[0], 2 * (X + 1), 1e-6)
    np.testing.assert_allclose(found[1], 2 ** (X + 1) * np.log(np.float32(2)), 1e-6)
    np.testing.assert_array_equal(found[2], found[0])
