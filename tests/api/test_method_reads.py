"""@jit on methods of plain objects: whatever they read, what was set since is seen."""

import collections
import functools
import importlib
import threading
import types

import numpy as np
import pytest

import jitflow as jf
from jitflow.errors import TraceError
from jitflow.runtime.entry import why_not_native

X = np.ones(3)


class Leaf:
    gain = 1.0

    def __init__(self):
        self.scale = 2.0
        self.bias = 1.0

    def __matmul__(self, x):
        return x * self.scale


class Served(Leaf):
    """Attributes that only `__getattr__` knows."""

    def __init__(self):
        self.table = {"factor": 2.0}

    def __getattr__(self, name):
        if name == "table":
            raise AttributeError(name)
        return self.table[name]


class Keyed(dict):
    def __getattr__(self, name):
        return self[name]


class Described:
    def __get__(self, x, owner=None):
        return self if x is None else x.behind

    def __set__(self, x, value):
        x.behind = value


class Settings:
    rate = 1.0


class ReadsScale:
    def __init__(self, leaf):
        self.leaf = leaf

    def apply_scale(self, x):
        return x * self.leaf.scale


class ReadsBias:
    def __init__(self, leaf):
        self.leaf = leaf

    def apply_bias(self, x):
        return x * self.leaf.bias


class Child:
    def __init__(self, parent):
        self.parent = parent

    def from_parent(self, x):
        return x * self.parent.only_read_by_child


def outside(net, x):
    return x * net.only_read_outside


class Everything:
    described = Described()
    shown = 1.0

    def __init__(self):
        self.leaf, self.served, self.keyed = Leaf(), Served(), Keyed(factor=2.0)
        self.flags, self.odd, self.queue = {"a"}, {1: 1.0, "a": 2.0}, collections.deque([1.0])
        self.default = collections.defaultdict(float, a=1.0)
        self.scaling, self.adding = ReadsScale(self.leaf), ReadsBias(self.leaf)
        self.child, self.only_read_by_child, self.only_read_outside = Child(self), 1.0, 1.0
        self.bound, self.number = self.by_number, 1.0
        self.function = lambda x: x * self.read_by_lambda
        self.read_by_lambda = 1.0
        self.partial = functools.partial(ReadsBias.apply_bias, ReadsBias(Leaf()))
        self.many = [Leaf() for _ in range(100)]
        self.settings, self.space = type("Mine", (Settings,), {}), types.SimpleNamespace(k=1.0)
        self.part1 = self.part2 = 1.0
        self.weight, self.described, self.listed = 1.0, 1.0, 1.0

    def by_number(self, x):
        return x * self.number

    def update(self, weight):
        self.weight = weight

    def tries(self, x):
        try:
            return x * self.tried
        except AttributeError:
            return x


CASES = {
    "__getattr__": (
        lambda net, x: x * net.served.factor,
        lambda net: net.served.table.update(factor=5.0),
    ),
    "a class of dicts": (
        lambda net, x: x * net.keyed.factor,
        lambda net: net.keyed.update(factor=5.0),
    ),
    "an operator": (
        lambda net, x: net.leaf @ x,
        lambda net: setattr(net.leaf, "scale", 5.0),
    ),
    "hasattr": (
        lambda net, x: x * net.late if hasattr(net, "late") else x,
        lambda net: setattr(net, "late", 5.0),
    ),
    "getattr": (
        lambda net, x: x * getattr(net, "later", 1.0),
        lambda net: setattr(net, "later", 5.0),
    ),
    "getattr by one of several names": (
        lambda net, x: x * sum([getattr(net, name) for name in ("described", "shown")]),
        lambda net: setattr(net, "shown", 5.0),
    ),
    "getattr by a number": (
        lambda net, x: x * sum([getattr(net, f"part{k}") for k in (1, 2)]),
        lambda net: setattr(net, "part2", 5.0),
    ),
    "AttributeError": (
        lambda net, x: net.tries(x),
        lambda net: setattr(net, "tried", 5.0),
    ),
    "a set": (
        lambda net, x: x * (2.0 if "b" in net.flags else 1.0),
        lambda net: net.flags.add("b"),
    ),
    "a dict with any keys": (
        lambda net, x: x * net.odd["a"],
        lambda net: net.odd.update(a=5.0),
    ),
    "a defaultdict": (
        lambda net, x: x * net.default["a"],
        lambda net: net.default.update(a=5.0),
    ),
    "a deque": (
        lambda net, x: x * net.queue[0],
        lambda net: net.queue.__setitem__(0, 5.0),
    ),
    "a shared object": (
        lambda net, x: net.adding.apply_bias(net.scaling.apply_scale(x)),
        lambda net: setattr(net.leaf, "scale", 5.0),
    ),
    "the same by the other way": (
        lambda net, x: net.adding.apply_bias(net.scaling.apply_scale(x)),
        lambda net: setattr(net.leaf, "bias", 5.0),
    ),
    "a parent": (
        lambda net, x: net.child.from_parent(x),
        lambda net: setattr(net, "only_read_by_child", 5.0),
    ),
    "a function outside": (
        lambda net, x: outside(net, x),
        lambda net: setattr(net, "only_read_outside", 5.0),
    ),
    "a bound method": (
        lambda net, x: net.bound(x),
        lambda net: setattr(net, "number", 5.0),
    ),
    "a lambda": (
        lambda net, x: net.function(x),
        lambda net: setattr(net, "read_by_lambda", 5.0),
    ),
    "a partial": (
        lambda net, x: net.partial(x),
        lambda net: setattr(net.partial.args[0].leaf, "bias", 5.0),
    ),
    "one of many objects": (
        lambda net, x: x * sum(leaf.scale for leaf in net.many),
        lambda net: setattr(net.many[90], "scale", 5.0),
    ),
    "a class": (
        lambda net, x: x * net.settings.rate,
        lambda net: setattr(net.settings, "rate", 5.0),
    ),
    "a namespace": (
        lambda net, x: x * net.space.k,
        lambda net: setattr(net.space, "k", 5.0),
    ),
    "a name like a dict's method": (
        lambda net, x: ({}.update(a=1), x * net.weight)[1],
        lambda net: net.update(5.0),
    ),
    "a descriptor": (
        lambda net, x: x * net.described,
        lambda net: setattr(net, "described", 5.0),
    ),
    "vars": (
        lambda net, x: x * vars(net)["listed"],
        lambda net: setattr(net, "listed", 5.0),
    ),
    "__dict__": (
        lambda net, x: x * net.__dict__["listed"],
        lambda net: setattr(net, "listed", 5.0),
    ),
}
"""By what is read: a method's code, and what changes its result."""


@pytest.mark.parametrize("case", CASES)
def test_what_a_method_reads_is_asked(case):
    (plain, change), traces = CASES[case], []

    class Net(Everything):
        @jf.jit
        def apply(self, x):
            traces.append(case)
            return plain(self, x)

    net = Net()
    before = plain(net, X)
    for _ in range(4):
        np.testing.assert_allclose(net.apply(X), before)
    assert len(traces) == 1
    change(net)
    after = plain(net, X)
    assert not np.array_equal(before, after)
    for _ in range(4):
        np.testing.assert_allclose(net.apply(X), after)
    assert len(traces) == 2
    assert Net.apply._entry.calls or why_not_native()


def test_what_a_method_makes_once_is_asked_from_then_on():
    class Lazy:
        traces = 0
        weights = None

        @jf.jit
        def apply(self, x):
            self.traces += 1
            if self.weights is None:
                self.weights = np.full(3, 2.0)
            return x * self.weights

    lazy = Lazy()
    for _ in range(4):
        np.testing.assert_array_equal(lazy.apply(X), X * 2)
    assert lazy.traces == 2
    lazy.weights = np.full(3, 3.0)
    for _ in range(3):
        np.testing.assert_array_equal(lazy.apply(X), X * 3)
    lazy.weights[:], lazy.weights = 7.0, None
    for _ in range(3):
        np.testing.assert_array_equal(lazy.apply(X), X * 2)


GATES = []


def pass_gates():
    while GATES:
        GATES.pop().wait(60)


def test_what_another_thread_sets_while_a_method_is_traced():
    class Net:
        training = True

        @jf.jit
        def apply(self, x):
            pass_gates()
            return x * 2 if self.training else x * 3

    def switch():
        barrier.wait(60)
        net.training = False
        barrier.wait(60)

    net, other, barrier = Net(), Net(), threading.Barrier(2)
    GATES.extend([barrier, barrier])
    thread = threading.Thread(target=switch)
    thread.start()
    net.apply(X)
    thread.join()
    for net.training in (False, True, False):
        for _ in range(3):
            np.testing.assert_array_equal(net.apply(X), X * (2 if net.training else 3))
            np.testing.assert_array_equal(other.apply(X), X * 2)


def test_what_each_trace_leaves_behind_is_not_asked():
    class Noting:
        def __init__(self):
            self.traces, self.notes, self.kept = 0, {}, set()

        @jf.jit
        def apply(self, x):
            self.traces += 1
            self.hidden = self.notes["last"] = x * 2
            self.kept.add(self.traces)
            for name in ("counted", "noted"):
                setattr(self, name, getattr(self, name, 0) + 1)
            return self.hidden + 1

    noting = Noting()
    for _ in range(6):
        np.testing.assert_array_equal(noting.apply(X), X * 3)
    assert noting.traces <= 2


def test_values_that_are_not_equal_to_themselves_need_no_new_code():
    class Net:
        traces = 0

        @jf.jit
        def apply(self, x):
            self.traces += 1
            return x * self.a * self.b

    net = Net()
    for _ in range(4):
        net.a, net.b = float("nan"), np.float32("nan")
        assert np.isnan(net.apply(X)).all()
    assert net.traces == 1


def test_objects_whose_comparison_fails():
    class Odd(Leaf):
        def __eq__(self, other):
            raise ValueError("no comparison")

        __hash__ = object.__hash__

    class Net(Odd):
        def __init__(self):
            super().__init__()
            self.inner = Odd()

        @jf.jit
        def apply(self, x):
            return x * self.inner.scale + self.bias

    net, other = Net(), Net()
    for scale in (2.0, 2.0, 3.0, 3.0):
        net.inner.scale = scale
        np.testing.assert_array_equal(net.apply(X), X * scale + 1)
        np.testing.assert_array_equal(other.apply(X), X * 2 + 1)


def test_too_many_objects_are_an_error():
    class Net:
        def __init__(self):
            self.many = [Leaf() for _ in range(11_000)]

        @jf.jit
        def apply(self, x):
            return x * self.many[0].scale

    with pytest.raises(TraceError, match="pass what the method reads as arguments"):
        Net().apply(X)


def test_threads_that_meet_other_classes_at_once():
    class Net:
        @jf.jit
        def apply(self, x):
            return self.leaf @ x

    def work(number):
        for k in range(5):
            net = Net()
            net.leaf = type("Leaf", (Leaf,), {f"read{number}_{k}": lambda self: None})()
            net.leaf.scale = number
            if not np.array_equal(net.apply(X), X * number):
                wrong.append(number)

    wrong = []
    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


class Linear:
    def __init__(self):
        self.leaf, self.weights, self.traces = Leaf(), np.ones(3), 0

    def forward(self, x):
        self.traces += 1
        return self.leaf @ x * self.weights

    def __call__(self, x):
        return self.forward(x)


    def __eq__(self, other):
        raise ValueError("no comparison, and no hash")


@pytest.mark.parametrize("made", [lambda net: jf.jit(net.forward), jf.jit])
def test_functions_that_are_bound_already(made):
    net = Linear()
    jitted = made(net)
    for scale, weight in ((2.0, 1.0), (3.0, 1.0), (3.0, 4.0)):
        net.leaf.scale = scale
        if weight != net.weights[0]:
            net.weights = np.full(3, weight)
        for _ in range(3):
            np.testing.assert_array_equal(jitted(X), X * scale * weight)
    assert net.traces == 3
    assert jitted.cache_info() == (6, 3, 2)
    assert jitted._entry.calls or why_not_native()


def test_equal_objects_share_code_where_what_is_read_is_the_same():
    class Equal:
        def __init__(self, leaf):
            self.leaf = leaf

        def __eq__(self, other):
            return True

        def __hash__(self):
            return 1

        @jf.jit
        def apply(self, x):
            return x * self.leaf.scale

    leaf = Leaf()
    for _ in range(2):
        for net in (Equal(leaf), Equal(leaf)):
            np.testing.assert_array_equal(net.apply(X), X * 2)
    assert Equal.apply.cache_info().misses == 1
    net.leaf = Leaf()
    net.leaf.scale = 5.0
    np.testing.assert_array_equal(net.apply(X), X * 5)
    np.testing.assert_array_equal(Equal(leaf).apply(X), X * 2)


def test_helpers_in_an_installed_package(tmp_path, monkeypatch):
    package = tmp_path / "site-packages" / "installed_net"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "helpers.py").write_text("def helper(net, x):\n    return x * net.k\n")
    (package / "net.py").write_text(
        "import jitflow as jf\nfrom installed_net import helpers\nclass Net:\n    k = 1.0\n"
        "    @jf.jit\n    def apply(self, x):\n        return helpers.helper(self, x)\n"
    )
    monkeypatch.syspath_prepend(package.parent)
    net = importlib.import_module("installed_net.net").Net()
    for net.k in (1.0, 1.0, 5.0, 5.0):
        np.testing.assert_array_equal(net.apply(X), X * net.k)
