"""Dicts come into a trace, and out of a call, with their keys in the caller's order."""

import functools
from collections import defaultdict

import numpy as np

import jitflow as jf
from jitflow.api import function

X, Y = np.arange(3.0), np.ones(3)


def horner(terms):
    """A result that depends on the order of a dict's items, in it and by them."""
    total = 0.0
    for x in terms.values():
        total = total * 2 + x
    return {"total": total, "again": dict(terms.items()), "first": next(iter(terms.values()))}


def same(left, right):
    assert type(left) is type(right)
    if isinstance(left, dict):
        assert list(left) == list(right)
        for key in left:
            same(left[key], right[key])
    else:
        np.testing.assert_array_equal(left, right)


def test_each_order_is_a_specialisation_of_its_own():
    f = jf.jit(horner)
    for _ in range(3):
        for terms in ({"b": X, "a": Y}, {"a": Y, "b": X}, {"a": X, "b": Y}, {2: X, 1: Y}):
            same(f(terms), horner(terms))
    assert f.cache_info().size == 3  # the two that begin with "a" are one


def test_orders_of_dicts_in_dicts():
    def f(tree):
        return {k: horner(v) if isinstance(v, dict) else v + 1 for k, v in tree.items()}

    inner, turned = {"z": X, "a": Y}, {"a": Y, "z": X}
    trees = [{"d": first, "b": second, "c": X} for first in (inner, turned)
             for second in (inner, turned)]
    jitted = jf.jit(f)
    for _ in range(3):
        for tree in trees:
            same(jitted(tree), f(tree))
    assert jitted.cache_info().size == 4


def test_a_defaultdict_has_an_order_too():
    f = jf.jit(lambda d: dict(horner(d), own=d))
    for _ in range(3):
        for items in ([("b", X), ("a", Y)], [("a", Y), ("b", X)]):
            terms = defaultdict(list, items)
            same(f(terms), dict(horner(terms), own=terms))


def test_keywords_have_the_order_of_the_call_where_it_is_seen():
    def f(x, **terms):
        return horner(terms)

    jitted = jf.jit(f)
    for _ in range(3):
        same(jitted(X, b=X, a=Y), f(X, b=X, a=Y))
        same(jitted(X, a=Y, b=X), f(X, a=Y, b=X))
    wrapped = jf.jit(functools.wraps(lambda b, a: None)(lambda **terms: horner(terms)))
    for _ in range(3):
        same(wrapped(b=X, a=Y), horner({"b": X, "a": Y}))
        same(wrapped(a=Y, b=X), horner({"a": Y, "b": X}))
    named = jf.jit(lambda x, a, b: x + a - b)
    for _ in range(3):
        np.testing.assert_array_equal(named(X, b=X, a=Y), named(X, a=Y, b=X))
    assert (jitted.cache_info().size, named.cache_info().size) == (2, 1)


def test_a_method_sees_the_order_of_its_objects_dict():
    class Net:
        def __init__(self, layers):
            self.layers = layers

        @jf.jit
        def forward(self, x):
            for w in self.layers.values():
                x = x * 2 + w
            return x

    net = Net({"b": X, "a": Y})
    for layers in ({"b": X, "a": Y}, {"a": Y, "b": X}, {"b": X, "a": Y}):
        net.layers = layers
        first, second = layers.values()
        for _ in range(3):
            np.testing.assert_array_equal(net.forward(X), (X * 2 + first) * 2 + second)


def test_transforms_keep_the_order_and_pair_by_keys():
    params = {"w": X, "b": Y}
    gradient = jf.grad(lambda p: (p["w"] * p["b"]).sum())
    same(gradient(params), {"w": Y, "b": X})
    step = jf.jit(lambda p, g: jf.map_tree(lambda x, y: x - y, p, g))
    for _ in range(3):
        same(step(params, {"b": X, "w": Y}), {"w": X - Y, "b": Y - X})
    rows = jf.vmap(horner, in_axes=({"a": None, "b": 0},))({"b": np.stack([X, Y]), "a": Y})
    np.testing.assert_array_equal(rows["total"], np.stack([X * 2 + Y, Y * 2 + Y]))
    assert list(rows["again"]) == ["b", "a"]


def test_keys_that_are_equal_but_other_objects():
    f = jf.jit(horner)
    made = jf.jit(horner)
    for _ in range(5):
        terms = {"".join(["b", "b"]): X, "".join(["a", "a"]): Y}
        same(f(terms), horner(terms))
        same(made({np.str_("b"): X, "a": Y}), horner({np.str_("b"): X, "a": Y}))
        same(made({"b": X, "a": Y}), horner({"b": X, "a": Y}))
    assert f.cache_info().size == 1


def alike(left, right):
    """The same, by the types of keys too."""
    same(left, right)
    assert [*map(repr, left)] == [*map(repr, right)]
    assert [x.dtype for x in left.values()] == [x.dtype for x in right.values()]


def test_keys_that_are_equal_but_of_other_types():
    def f(terms):
        return {key: x * np.arctan2(0.0, key) if key == 0 else x * key for key, x in terms.items()}

    jitted = jf.jit(f)
    one = np.arange(3)
    for _ in range(3):
        for keys in ([2, 1], [2.0, 1], [2, True], [1, 2.0], [True], [1], [0.0], [-0.0], [0],
                     [np.float32(2)], [np.int64(2)]):
            terms = dict.fromkeys(keys, one)
            alike(jitted(terms), f(terms))
    named = jf.jit(lambda terms: {key: x * key[0] for key, x in terms.items()})
    for _ in range(3):
        for key in ((2, "w"), (2.0, "w"), (True, "w")):
            terms = {key: one, (3, "b"): one}
            alike(named(terms), {k: one * k[0] for k in terms})


def test_keys_of_calls_that_are_not_native(monkeypatch):
    monkeypatch.setattr(function, "native_row", lambda *_: None)
    f = jf.jit(lambda terms: {key: x * 2 for key, x in terms.items()})
    for terms in ({"a": X}, {np.str_("a"): X}, {2: X}, {2.0: X}, {"b": X, "a": Y}):
        for _ in range(3):
            alike(f(terms), {key: x * 2 for key, x in terms.items()})


class Key:
    """A key whose comparison empties a dict, where it has one."""

    def __init__(self, number, victim=None):
        self.number, self.victim = number, victim

    def __hash__(self):
        return self.number

    def __lt__(self, other):
        return self.number < other.number

    def __eq__(self, other):
        if self.victim is not None:
            self.victim.clear()
        return self.number == other.number


def test_a_comparison_may_empty_the_dict():
    f = jf.jit(lambda terms: sum(terms.values(), 0.0))
    for _ in range(3):
        np.testing.assert_array_equal(f({Key(2): X.copy(), Key(1): Y.copy()}), X + Y)
    for _ in range(3):
        terms = {}
        terms |= {Key(2, terms): X.copy(), Key(1): Y.copy()}
        assert f(terms) == 0.0
    np.testing.assert_array_equal(f({Key(2): X, Key(1): Y}), X + Y)
