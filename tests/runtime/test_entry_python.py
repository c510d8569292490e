"""The native entry where Python runs during a call: classes of containers, values, results."""

from collections import OrderedDict, defaultdict

import numpy as np
import pytest

import jitflow as jf
from jitflow.runtime.entry import TRACES, why_not_native
from tests.support.python_classes import (
    Box,
    Computed,
    Late,
    Layer,
    Pair,
    Renamed,
    Reversed,
    Scaled,
    calls,
    depth,
    same,
)

pytestmark = pytest.mark.skipif(bool(why_not_native()), reason="no native entry here")

X = np.arange(4, dtype=np.float32)
TREES = {
    "dataclass": (lambda: Layer(X, 2.5), lambda t: Layer(t.b * t.w, t.w)),
    "nested": (lambda: Layer({"p": Layer(X, 1)}, (X,)), lambda t: Layer(t.b, t.w["p"])),
    "slots and static": (lambda: Scaled(X, (2, "x")), lambda t: Scaled(t.w * t.by[0], t.by)),
    "field set later": (lambda: Late(w=X), lambda t: Late(w=t.w + t.later)),
    "computed field": (lambda: Computed(X), lambda t: (t.w, X)),
    "namedtuple": (lambda: Pair(X, X + 1), lambda t: Pair(t.b, t.a)),
    "namedtuple's class": (lambda: Renamed(X, X + 1), lambda t: Renamed(t.b, [t.a])),
    "iterated otherwise": (lambda: Reversed(X, X + 1), lambda t: (t.a, t.b)),
    "ordered": (lambda: OrderedDict(b=X, a=X + 1), lambda t: OrderedDict(c=t["a"], b=t["b"])),
    "default": (lambda: defaultdict(list, b=X), lambda t: defaultdict(int, b=t["b"] + 1)),
    "numbers as keys": (lambda: {2: X, 1: X + 1}, lambda t: {3: t[2], 1: t[1]}),
    "tuples as keys": (lambda: {(1, "a"): X}, lambda t: {(2, "b"): t[1, "a"]}),
    "registered": (lambda: Box([X, 1], "label"), lambda t: Box(t.content[0] + 1, t.label)),
    "registered, static tuple": (lambda: Box(X, (1, 2.5, None)), lambda t: Box(t.content, "n")),
    "registered in dataclass": (lambda: Layer(Box(X), None), lambda t: Box(Layer(t.w, t.b))),
}


@pytest.mark.parametrize("make, function", TREES.values(), ids=TREES)
def test_trees(make, function):
    f = jf.jit(function)
    first = f(make())
    for _ in range(3):
        same(f(make()), first)
    assert calls(f) == 3
    assert depth() == 0


@pytest.mark.parametrize("change", [
    lambda: Scaled(X, 4), lambda: Scaled(X, 3.0), lambda: Scaled(X, True), lambda: Layer(X, 3),
    lambda: Scaled(X[:2], 3), lambda: Scaled(X, Scaled(1)), lambda: Scaled(2.0, 3),
])  # fmt: skip
def test_other_trees_are_no_hits(change):
    f = jf.jit(lambda t: t.w * 2)
    f(Scaled(X, 3)), f(Scaled(X, 3))
    assert calls(f) == 1
    f(change())
    assert calls(f) == 1
    f(Scaled(X, 3))
    assert calls(f) == 2


def test_an_attribute_that_is_gone():
    f = jf.jit(lambda t: t.w)
    f(Layer(X, 1)), f(Layer(X, 1))
    broken = Layer(X, 1)
    del broken.b
    with pytest.raises(AttributeError, match="b"):
        f(broken)
    same(f(Layer(X, 1)), X)
    assert calls(f) == 2


STATIC = [
    (2.5, -2.5), (0.0, -0.0), (2j, complex(-0.0, 2)), ((1, (2.5, "a")), (1, (-2.5, "a"))),
    (np.float32(2), np.float32(-0.0), np.float64(2)), (Scaled(1, 2), Scaled(1, 3)),
    (frozenset([1]), frozenset([2])), (range(3), range(4)), (np.dtype("f4"), np.dtype("f8")),
    (np.add, np.subtract), (float, int), (b"a", "a"), (None, 0, False), (10**30, 10**31),
]  # fmt: skip


@pytest.mark.parametrize("values", STATIC, ids=str)
def test_static_values(values):
    f = jf.jit(lambda x, value: (x, str(value) == "", len(repr(value))), static_argnums=1)
    wanted = [f(X, value) for value in values]
    for _ in range(2):
        for value, right in zip(values, wanted, strict=True):
            same(f(X, value), right)
    assert calls(f) == 2 * len(values)
    assert f.cache_info().size == len(values)


def test_deep_static_tuples():
    deep = 1
    for _ in range(200):
        deep = (deep,)
    f = jf.jit(lambda x, value: x, static_argnums=1)
    for _ in range(3):
        same(f(X, deep), X)


class Key:
    """Keys whose == does what the test wants."""

    do = staticmethod(lambda: None)

    def __init__(self, name):
        self.name = name

    def __hash__(self):
        return hash(self.name)

    def __eq__(self, other):
        Key.do()
        return self is other or self.name == getattr(other, "name", other)

    def __lt__(self, other):
        return self.name < other.name


def test_keys_that_run_python(monkeypatch):
    f = jf.jit(lambda t: sum(t.values()))
    table = {Key("a"): X, Key("b"): X}
    same(f(table), X * 2)
    same(f({Key("a"): X, Key("b"): X}), X * 2)
    monkeypatch.setattr(Key, "do", staticmethod(lambda: f.clear_cache()))
    for _ in range(5):
        same(f({Key("a"): X, Key("b"): X}), X * 2)
    monkeypatch.setattr(Key, "do", staticmethod(lambda: 1 // 0))
    f(table)
    with pytest.raises(ZeroDivisionError):
        f({Key("a"): X, Key("b"): X})
    assert depth() == 0


@pytest.mark.parametrize("make", [
    lambda x: x[::2], lambda x: x[::-1], lambda x: x[:, ::3], lambda x: x.T, lambda x: x[5:, 5:],
    lambda x: np.broadcast_to(x[:1], x.shape), lambda x: np.broadcast_to(x[:1, :1], x.shape),
    lambda x: np.frombuffer(b"0" + x.tobytes(), np.uint8)[1:].view(x.dtype).reshape(x.shape),
], ids="rows reversed gaps transposed part broadcast one misaligned".split())  # fmt: skip
@pytest.mark.parametrize("shape", [(0, 7), (6, 9), (100, 300)])
@pytest.mark.parametrize("dtype", "HF")
def test_layouts(make, shape, dtype):
    x = make(np.arange(np.prod(shape)).reshape(shape).astype(dtype))
    captured = np.broadcast_to(np.arange(3.0)[::-1], (2, 3))
    f = jf.jit(lambda x, tree: (x[::-1], tree["x"], captured))
    wanted = x[::-1].copy(), x.copy(), captured.copy()
    for _ in range(4):
        same(f(x, {"x": x}), wanted)
    assert calls(f) == 3
    dense = np.array(x, order="C")
    for _ in range(2):
        same(f(dense, {"x": dense}), wanted)
    assert calls(f) >= 4


def test_memory_of_others(tmp_path):
    mapped = np.memmap(tmp_path / "x", np.float32, "w+", shape=(100, 100))
    mapped[:] = np.arange(10000.0).reshape(100, 100)
    read_only = np.memmap(tmp_path / "x", np.float32, "r", shape=(100, 100))
    shared = np.from_dlpack(np.arange(10000, dtype=np.float32).reshape(100, 100))
    f = jf.jit(lambda x: x + 1)
    for x in (mapped, read_only, shared, mapped[::2], mapped.T, mapped[0], mapped[0, ::3]):
        for _ in range(2):
            same(f(x), np.array(x) + 1)
        before = calls(f)
        same(f(x), np.array(x) + 1)
        assert calls(f) == before + 1


class Labelled(np.ndarray):
    pass


def test_classes_of_arrays_are_refused():
    f = jf.jit(lambda x: x + 1)
    f(X), f(X)
    for x in (X.view(Labelled), np.ma.masked_array(X), np.recarray((3,), [("a", "f4")])):
        with pytest.raises(TypeError, match="argument x"):
            f(x)
    assert calls(f) == 1


def test_no_row_is_made_twice():
    f = jf.jit(lambda t, box, x, n: t.w + box.content + x, static_argnames="n")
    for k in range(20):
        TRACES.value += k % 2
        try:
            f(Layer(X, None), Box(X, (10**20 + 0, "a" * 3)), X[::-1], n=("b" * 3, 2.0**70))
        finally:
            TRACES.value -= k % 2
    assert len(f._entry.rows) == 1
