"""The native entry where Python runs during a call: classes of containers, values, results."""

import dataclasses
import gc
import os
import random
import sys
import threading
from collections import OrderedDict, defaultdict, namedtuple

import numpy as np
import pytest

import jitflow as jf
from jitflow.errors import TraceError
from jitflow.runtime.entry import TRACES, why_not_native
from jitflow.runtime.entry.callable import _stub
from jitflow.runtime.entry.words import Process
from jitflow.trace.pytree import flatten, register

pytestmark = pytest.mark.skipif(bool(why_not_native()), reason="no native entry here")

X = np.arange(4, dtype=np.float32)
Pair = namedtuple("Pair", "a b")


class Renamed(Pair):
    """A namedtuple with a class of its own."""


class Reversed(Pair):
    def __iter__(self):
        return reversed((self.a, self.b))


@dataclasses.dataclass
class Layer:
    w: object
    b: object


@dataclasses.dataclass(frozen=True, slots=True)
class Scaled:
    w: object
    by: object = dataclasses.field(default=3, metadata={"static": True})


@dataclasses.dataclass(kw_only=True)
class Late:
    w: object
    later: object = dataclasses.field(init=False, default=0.0)


class Hidden:
    """A dataclass's field that Python computes."""

    def __get__(self, instance, owner=None):
        return 1.0 if instance is None else instance.__dict__["w"] + 1

    def __set__(self, instance, value):
        instance.__dict__["w"] = value


@dataclasses.dataclass
class Computed:
    w: object = Hidden()


class Box:
    """A registered class; `on_flatten` runs when it is taken apart, `on_build` when it is made."""

    on_flatten = on_build = staticmethod(lambda box: None)

    def __init__(self, content, label=None):
        self.content, self.label = content, label

    def parts(self):
        type(self).on_flatten(self)
        return (self.content,), self.label

    @classmethod
    def make(cls, label, children):
        box = cls(children[0], label)
        cls.on_build(box)
        return box


register(Box, Box.parts, Box.make)


@pytest.fixture
def hooks(monkeypatch):
    """Sets what happens when a Box is taken apart, or made."""

    def choose(**functions):
        for name, function in functions.items():
            monkeypatch.setattr(Box, name, staticmethod(function))

    return choose


def calls(function):
    """How many calls ran the stub."""
    return function._entry.calls


def same(left, right):
    """The same structure, types and bits."""
    leaves, tree = flatten(left)
    wanted, wanted_tree = flatten(right)
    assert tree == wanted_tree
    assert list(map(type, leaves)) == list(map(type, wanted))
    for x, y in zip(leaves, wanted, strict=True):
        np.testing.assert_array_equal(x, y, strict=True)


def depth():
    """Calls that run Python, as the stub counts them."""
    return _stub()[1].memory[Process.DEPTH]


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


@pytest.mark.parametrize("hook", ["on_flatten", "on_build"])
def test_rows_are_forgotten_while_python_runs(hooks, hook):
    f = jf.jit(lambda box, x: Box(box.content + x))
    others = [np.arange(n, dtype=np.float32) for n in range(3)]
    noise = []

    def forget(box):
        f.clear_cache()
        noise.append([bytes(100 * n) for n in range(100)])

    for x in others:
        f(Box(x), x)
    hooks(**{hook: forget})
    for x in others * 2:
        same(f(Box(x), x), Box(2 * x))
    assert depth() == 0


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, MemoryError])
def test_what_classes_raise(hooks, error):
    def fail(box):
        raise error("from the class")

    f = jf.jit(lambda box, x: Box([box.content, x + 1]))
    box = Box(X)
    f(box, X), f(box, X)
    watched = [box, X, X.dtype, f]
    gc.collect()  # what other tests left counts too
    before = list(map(sys.getrefcount, watched))
    for name in ("on_flatten", "on_build"):
        hooks(**{name: fail})
        for _ in range(20):
            with pytest.raises(error, match="from the class"):
                f(box, X)
        hooks(**{name: lambda box: None})
    assert list(map(sys.getrefcount, watched)) == before
    assert depth() == 0
    same(f(box, X), Box([X, X + 1]))


def test_arguments_change_while_they_are_taken_apart(hooks):
    f = jf.jit(lambda parts, table: [parts[1] + 1, table["b"] + 1])
    parts, table = [Box(X), X.copy(), X], {"a": Box(X), "b": X.copy()}
    f(parts, table), f(parts, table)

    def change(box):
        parts.clear()
        table.clear()
        gc.collect()

    hooks(on_flatten=change)
    for _ in range(10):
        parts[:], table["a"], table["b"] = [Box(X), X.copy(), X], Box(X), X.copy()
        with pytest.raises((KeyError, IndexError, TraceError)):
            f(parts, table)
    assert depth() == 0


def test_an_array_is_read_after_python_ran(hooks):
    """Where an array lies is asked last."""
    f = jf.jit(lambda x, box: x + box.content)
    x = np.ones(5000)
    f(x, Box(1.0)), f(x, Box(1.0))

    def move(box):
        x.resize(500_000, refcheck=False)
        x.resize(5000, refcheck=False)

    hooks(on_flatten=move)
    for _ in range(5):
        same(f(x, Box(1.0)), x + 1)
    assert calls(f) == 6


def test_calls_in_calls_without_end(hooks):
    f = jf.jit(lambda box: box.content + 1)
    f(Box(X)), f(Box(X))
    hooks(on_flatten=lambda box: f(box))
    with pytest.raises(RecursionError):
        f(Box(X))
    assert depth() == 0
    hooks(on_flatten=lambda box: None)
    same(f(Box(X)), X + 1)


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


def test_references_are_kept_in_balance():
    made = Layer(X, X)
    f = jf.jit(lambda t, box, s: {"a": Pair(t.w, 1), "b": Scaled(t.b, "s"), "c": Box(s.sum())})
    x = np.arange(8.0)[::2]
    box = Box([X, X], ("label",))
    f(made, box, x), f(made, box, x)
    watched = [made, box, box.content, box.label, X, X.dtype, x, Layer, Pair, Scaled, f, None, True]
    gc.collect()  # what other tests left counts too
    before = list(map(sys.getrefcount, watched))
    for _ in range(500):
        f(made, box, x)
        with pytest.raises(Exception, match="."):
            f(made, Box([X, Layer], 1), x)
    changed = [sys.getrefcount(y) - n for y, n in zip(watched, before, strict=True)]
    assert max(map(abs, changed)) < 10
    assert calls(f) == 501


def test_threads_run_python_in_calls(hooks):
    """Rows come and go, arguments change, and every answer is right or an error of Python."""
    f = jf.jit(lambda t, parts: Box(t.w.content + parts[0] + parts[1]["x"]))
    shared = [X, {"x": X}]
    faults = []
    stop = threading.Event()

    def switch(box):
        for _ in range(random.randrange(20)):
            pass

    hooks(on_flatten=switch, on_build=switch)

    def work():
        n = random.randrange(1, 9)
        x = np.ones(n)
        for _ in range(150):
            if not np.array_equal(f(Layer(Box(x), n), [x, {"x": x}]).content, 3 * x):
                faults.append(n)
            try:
                f(Layer(Box(X), 1), shared)
            except (IndexError, KeyError, TraceError):
                continue

    def disturb():
        while not stop.is_set():
            shared[:] = []
            f.clear_cache()
            shared[:] = [X + 1, {"x": X * 2}]
            shared[1].pop("x")

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=work) for _ in range(4)]
        disturber = threading.Thread(target=disturb)
        for thread in [*threads, disturber]:
            thread.start()
        for thread in threads:
            thread.join()
        stop.set()
        disturber.join()
    finally:
        sys.setswitchinterval(interval)
    assert not faults
    assert depth() == 0


def test_arguments_change_while_code_runs_without_the_lock():
    """Any values, and any container, may change at any time: an answer or an error, no crash."""
    count = 500_000
    take = jf.jit(lambda table, i: table[i].sum())
    add = jf.jit(lambda tree: np.tanh(tree["a"]).sum() + tree["b"][0].sum())
    table, indices = np.arange(1000.0), np.zeros(count, np.int64)
    tree = {"a": np.ones(count), "b": [np.ones(count)]}
    take(table, indices), add(tree)
    stop = threading.Event()
    faults = []

    def work():
        for _ in range(12):
            try:
                take(table, indices)
                add(tree)
            except IndexError:
                continue
            except Exception as error:  # noqa: BLE001 (in a thread)
                faults.append(error)

    def disturb():
        chosen = np.random.default_rng(0)
        while not stop.is_set():
            indices[:1000] = chosen.integers(-(2**62), 2**62, 1000)
            tree["a"], before = np.ones(count), tree["b"]
            tree["b"] = [np.ones(count)]
            before.clear()
            indices[:] = 0
            add.clear_cache()

    threads = [threading.Thread(target=work) for _ in range(3)]
    disturber = threading.Thread(target=disturb)
    for thread in [*threads, disturber]:
        thread.start()
    for thread in threads:
        thread.join()
    stop.set()
    disturber.join()
    assert not faults
    assert depth() == 0


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="Linux says what it has")
def test_a_million_calls_do_not_grow_the_process():
    def resident():
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    f = jf.jit(lambda x, box: Box(x + box.content))
    plain, strided = jf.jit(lambda x: x + 1), X[::-1]
    f(X, Box(X)), plain(X), plain(strided)
    gc.collect()
    objects, before = len(gc.get_objects()), resident()
    for _ in range(20_000):
        f(X, Box(X)), plain(strided)
    for _ in range(1_000_000):
        plain(X)
    gc.collect()
    assert abs(len(gc.get_objects()) - objects) < 100
    assert resident() - before < 8 << 20
