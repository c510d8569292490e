"""Walkers do what flatten and unflatten do, for one structure."""

from collections import OrderedDict

import numpy as np
import pytest

from jitflow.trace.pytree import flatten, unflatten
from jitflow.trace.walkers import MAX_DEPTH, builder, reader

TREES = [
    (), (1,), (1, 2), [1], [], {}, {"a": 1}, {"b": 1, "a": 2}, None, (None, None), ({}, [()]),
    ({"w": 1, "b": [2, (3, None)]}, 4, [5, {"x": {"y": 6}}]),
]  # fmt: skip


@pytest.mark.parametrize("tree", TREES, ids=repr)
def test_walkers_are_flatten_and_unflatten(tree):
    leaves, treedef = flatten(tree)
    assert reader(treedef)(tree) == leaves
    assert builder(treedef)(leaves) == unflatten(treedef, leaves) == tree
    assert repr(builder(treedef)(leaves)) == repr(tree)


@pytest.mark.parametrize(("tree", "other"), [
    ((1, 2), (1,)), ((1, 2), [1, 2]), ({"a": 1}, {"b": 1}), ({"a": 1}, {"a": 1, "b": 2}),
    ((1, None), (1, 2)), (({"a": 1}, 2), ({"b": 1}, 2)), (([1], 2), ((1,), 2)), ([1], 3),
    ({"a": 1, "b": 2}, {"a": 1, "c": 2}), ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    ({"a": 1}, {np.str_("a"): 1}),
])  # fmt: skip
def test_another_structure_is_seen(tree, other):
    assert reader(flatten(tree)[1])(other) is None


def test_keys_that_are_no_strings_have_no_reader():
    assert reader(flatten({1: 2})[1]) is None


def test_a_leaf_may_be_a_container():
    assert reader(flatten((1, 2))[1])(([1], 2)) == [[1], 2]


def test_structures_without_walkers():
    deep = 1
    for _ in range(MAX_DEPTH + 1):
        deep = [deep]
    for tree in (1, OrderedDict(a=1), (OrderedDict(a=1),), deep, list(range(2000))):
        assert reader(flatten(tree)[1]) is None and builder(flatten(tree)[1]) is None
