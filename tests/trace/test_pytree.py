"""Pytrees: round trips, equal structures, paths, and clear errors for what cannot be a tree."""

from collections import OrderedDict, defaultdict, namedtuple
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jitflow.errors import TraceError
from jitflow.trace.pytree import flatten, map_tree, paths, register, register_leaf, unflatten

Point = namedtuple("Point", "x y")


@dataclass(frozen=True)
class Layer:
    w: object
    b: object = None
    name: object = field(default="dense", metadata={"static": True})
    calls: object = field(default=0, init=False)


class Box:
    def __init__(self, content, tag):
        self.content, self.tag = content, tag

    def __eq__(self, other):
        return (self.content, self.tag) == (other.content, other.tag)


register(Box, lambda box: ([box.content], box.tag), lambda tag, children: Box(children[0], tag))

KEYS = st.text("abc", max_size=2)
TREES = st.recursive(
    st.integers() | st.none(),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(KEYS, inner, max_size=3),
        st.dictionaries(KEYS, inner, max_size=3).map(OrderedDict),
        st.dictionaries(KEYS, inner, max_size=3).map(lambda d: defaultdict(list, d)),
        st.builds(Point, inner, inner),
        st.builds(Layer, inner, inner, KEYS),
        st.builds(Box, inner, KEYS),
    ),
    max_leaves=12,
)


@given(TREES)
def test_round_trip(tree):
    leaves, treedef = flatten(tree)
    rebuilt = unflatten(treedef, leaves)
    assert rebuilt == tree and type(rebuilt) is type(tree)
    assert all(type(leaf) is int for leaf in leaves)
    again = flatten(rebuilt)[1]
    assert again == treedef and hash(again) == hash(treedef)
    assert len(paths(treedef)) == len(leaves) == str(treedef).count("*")


@given(st.dictionaries(KEYS, st.integers(), min_size=2))
def test_dict_order_does_not_count_but_is_kept(tree):
    reversed_tree = dict(reversed(tree.items()))
    assert flatten(reversed_tree) == flatten(tree)
    assert flatten(reversed_tree)[1].exact != flatten(tree)[1].exact
    assert flatten(reversed_tree)[1].exact == flatten(dict(reversed_tree))[1].exact
    for order in (tree, reversed_tree):
        leaves, treedef = flatten(order)
        assert list(unflatten(treedef, leaves).items()) == list(order.items())
    assert flatten(OrderedDict(tree))[1] != flatten(OrderedDict(reversed_tree))[1]


@pytest.mark.parametrize(("one", "other"), [
    ({1: 0}, {True: 0}), ({0.0: 0}, {-0.0: 0}), ({(1, 2): 0}, {(1, 2.0): 0}),
    (Box(0, 1), Box(0, 1.0)), (Layer(0, name=(2,)), Layer(0, name=(2.0,))),
    (OrderedDict({1: 0}), OrderedDict({1.0: 0})),
])  # fmt: skip
def test_equal_structures_that_code_can_tell_apart(one, other):
    one, other = flatten([one])[1], flatten([other])[1]
    assert one == other and one.exact != other.exact


DIFFERENT = [
    (), [], {}, None, 1, (1,), [1], (1, 1), ((1,), 1), {"a": 1}, {"b": 1}, OrderedDict(a=1),
    defaultdict(list, a=1), defaultdict(int, a=1), Point(1, 1), Layer(1), Layer(1, name="conv"),
    Box(1, "a"), Box(1, "b"),
]  # fmt: skip


def test_structures_that_differ_are_not_equal():
    treedefs = [flatten(tree)[1] for tree in DIFFERENT]
    assert len(set(treedefs)) == len(DIFFERENT)


def test_text_and_paths():
    tree = {
        "layer1": Layer([1, 2], None),
        "p": Point((3,), Box(4, "t")),
        "d": defaultdict(int, a=5),
    }
    treedef = flatten(tree)[1]
    assert str(treedef) == (
        "{'d': defaultdict(int, {'a': *}), "
        "'layer1': Layer(w=[*, *], b=None, calls=*, name='dense'), 'p': Point(x=(*,), y=Box(*))}"
    )
    assert paths(treedef, "params") == [
        "params['d']['a']",
        "params['layer1'].w[0]",
        "params['layer1'].w[1]",
        "params['layer1'].calls",
        "params['p'].x[0]",
        "params['p'].y[<flat index 0>]",
    ]
    assert paths(flatten(7)[1], "x") == ["x"]


def test_a_field_outside_init_survives():
    layer = Layer(1, 2)
    object.__setattr__(layer, "calls", 9)
    assert map_tree(lambda leaf: leaf + 1, layer).calls == 10


def test_subclasses_of_containers_are_leaves():
    tree = type("Names", (list,), {})([1, 2])
    assert flatten(tree)[0] == [tree]


def test_a_namedtuple_can_be_made_a_leaf():
    pair = namedtuple("Pair", "a b")
    assert flatten([pair(1, 2)])[0] == [1, 2]
    register_leaf(pair)
    assert flatten([pair(1, 2)])[0] == [pair(1, 2)]


def test_map_tree():
    a, b = {"x": 1, "y": (2, None)}, {"y": (20, None), "x": 10}
    assert map_tree(lambda p, q: p + q, a, b) == {"x": 11, "y": (22, None)}


@pytest.mark.parametrize(
    ("a", "b", "problem"),
    [
        ({"w": (1, 2)}, {"w": [1, 2]}, r"tree\['w'\]: expected tuple of 2, got list of 2"),
        ({"w": [1, 2]}, {"w": [1]}, r"tree\['w'\]: expected list of 2, got list of 1"),
        ({"w": [1, 2]}, {"w": [1, [2]]}, r"tree\['w'\]\[1\]: expected a leaf, got list of 1"),
        ({"w": 1}, {"v": 1}, "at tree: expected dict with 'w', got dict with 'v'"),
        ({"w": 1}, {"w": 1, "v": 1}, "at tree: expected dict without 'v', got dict with 'v'$"),
        (OrderedDict(a=1, b=2), OrderedDict(b=2, a=1), "expected OrderedDict with 'a', 'b', got"),
        (Layer(1), Layer(1, 2), r"at tree.b: expected None, got a leaf"),
        (Layer(1), Layer(1, name="x"), "expected Layer with 'dense', got Layer with 'x'"),
    ],
)
def test_map_tree_says_where_structures_differ(a, b, problem):
    with pytest.raises(TraceError, match=f"tree 2 differs .*{problem}"):
        map_tree(lambda p, q: p, a, b)


def test_deep_trees():
    tree, expected = 0, []
    for i in range(20_000):
        tree, expected = [i, tree] if i % 2 else {"k": tree}, expected
    leaves, treedef = flatten(tree)
    assert len(leaves) == 10_001 and leaves[0] == 19_999
    assert flatten(unflatten(treedef, leaves)) == (leaves, treedef)
    assert str(treedef).count("*") == 10_001
    assert max(map(len, paths(treedef))) < 300


def test_a_list_that_contains_itself():
    loop = [1]
    loop.append({"a": (loop,)})
    with pytest.raises(TraceError, match="list contains itself"):
        flatten(loop)


def test_one_list_in_many_places_is_no_loop():
    shared = [1]
    assert flatten([shared] * 5000)[0] == [1] * 5000


def test_a_tree_without_end():
    tree = [1]
    for _ in range(64):
        tree = [tree, tree]
    with pytest.raises(TraceError, match="more than 1000000 containers"):
        flatten(tree)


def test_unsortable_keys():
    text = r"test_pytree\.py:\d+: .*\n.*sortable, got 1, 'a'\n  cure: use keys of one type"
    with pytest.raises(TraceError, match=text):
        flatten([{1: 0, "a": 0}])


def test_unhashable_static_data():
    text = r"test_pytree\.py:\d+: .*\nstatic data of Layer at tree\[1\].*\['n'\]"
    with pytest.raises(TraceError, match=text):
        hash(flatten((1, Layer(1, name=["n"])))[1])


def test_wrong_number_of_leaves():
    for tree in [(1, 2), {"a": 1, "b": [2]}]:
        with pytest.raises(TraceError, match="has 2 leaves, got 1"):
            unflatten(flatten(tree)[1], [1])


def test_register_refuses():
    with pytest.raises(TraceError, match="dict is a pytree container already"):
        register(dict, None, None)
    with pytest.raises(TraceError, match="Box is a pytree container already"):
        register(Box, None, None)
    with pytest.raises(TraceError, match="takes a class, not 'Box'"):
        register("Box", None, None)


def test_a_leaf_type_can_be_registered_later():
    late = type("Late", (), {})
    tree = (late(), 2)
    assert flatten(tree)[0] == list(tree)
    register(late, lambda x: [1, 2], lambda data, children: late())
    with pytest.raises(TraceError, match=r"flatten of Late must return \(children, data\)"):
        flatten(tree)
