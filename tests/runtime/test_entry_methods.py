"""Native calls of methods, and jitted functions as objects."""

import copy
import functools
import pickle
import weakref

import numpy as np
import pytest

import jitflow as jf
from jitflow.runtime.entry import why_not_native
from tests.runtime.test_entry import calls, same

pytestmark = pytest.mark.skipif(bool(why_not_native()), reason="no native entry here")

X = np.arange(4, dtype=np.float32)


class Model:
    scale = 3

    def __init__(self, bias):
        self.bias = bias

    @jf.jit
    def method(self, x):
        return x + self.bias

    @classmethod
    @jf.jit
    def of_class(cls, x):
        return x * cls.scale

    @staticmethod
    @jf.jit
    def alone(x):
        return -x


def test_methods():
    one, two = Model(1), Model(2)
    before = calls(Model.method), Model.method.cache_info()
    for _ in range(3):
        same(one.method(X), X + 1)
        same(two.method(X), X + 2)
        same(Model.of_class(X), X * 3)
        same(one.alone(X), -X)
    assert "add" in one.method.lower(X).as_text()
    assert calls(Model.method) == before[0] + 4
    info = [y - x for x, y in zip(before[1], Model.method.cache_info(), strict=True)]
    assert info == [4, 2, 2]


def test_calls_of_methods_make_no_bound_method(monkeypatch):
    model = Model(3)
    model.method(X)

    def refuse(*args):
        raise AssertionError("a method was bound")

    monkeypatch.setattr(type(Model.method), "__get__", refuse)
    before = calls(vars(Model)["method"])
    same(model.method(X), X + 3)
    assert calls(vars(Model)["method"]) == before + 1


def test_methods_by_other_ways():
    model = Model(4)
    bound = model.method
    partial = functools.partial(bound)
    given = jf.jit(lambda self, x: x - self.bias)
    Model.late = given
    for _ in range(3):
        for call in (bound, partial, functools.partial(Model.method, model), given.__get__(model)):
            same(call(X), X - 4 if call is not bound and call.func is given else X + 4)
        same(model.late(X), X - 4)
    assert (bound.__name__, bound.__self__, bound.__func__) == ("method", model, Model.method)
    same(type("Other", (), {"of_model": bound})().of_model(X), X + 4)
    same(jf.jit(lambda x: model.method(x) + model.late(x))(X), 2 * X)
    with pytest.raises(TypeError, match="static_argnames='x'"):
        model.method(model)
    with pytest.raises(TypeError, match="static_argnames='self'"):
        given(object(), X)


@jf.jit
def module_level(x):
    """Its text."""
    return x + 1


def test_a_jitted_function_is_an_object_like_others():
    f = module_level
    assert isinstance(f, jf.api.JitFunction)
    assert (f.__name__, f.__doc__) == ("module_level", "Its text.")
    assert pickle.loads(pickle.dumps(f)) is f
    assert copy.deepcopy({"f": f})["f"] is f
    assert weakref.ref(f)() is f
    assert f == f and hash(f) == hash(f) and callable(f)
    assert "jit of module_level" in repr(f)
    f.note = 1
    assert f.note == 1
    assert f.__wrapped__(1) == 2
