"""The native entry: calls that run no Python give what Python gives, and lose nothing."""

import copy
import ctypes
import gc
import os
import pickle
import subprocess
import sys
import threading
import weakref
from collections import namedtuple

import numpy as np
import pytest

import jitflow as jf
from jitflow.errors import CheckError, DtypeError
from jitflow.runtime.entry import TRACES, layout, native_callable, why_not_native
from jitflow.runtime.entry import callable as entry_callable
from jitflow.runtime.entry.words import OBJECTS
from tests.support.quiet import quiet

pytestmark = pytest.mark.skipif(bool(why_not_native()), reason="no native entry here")

X = np.arange(4, dtype=np.float32)
Pair = namedtuple("Pair", "a b")


def calls(function):
    """How many calls ran no Python."""
    return function._entry.calls


def same(left, right):
    """The same structure, types and bits."""
    assert type(left) is type(right)
    if isinstance(left, (tuple, list)):
        assert len(left) == len(right)
        for x, y in zip(left, right, strict=True):
            same(x, y)
    elif isinstance(left, dict):
        assert left.keys() == right.keys()
        for key in left:
            same(left[key], right[key])
    else:
        np.testing.assert_array_equal(left, right, strict=True)


TREE = {"one": {"w": X, "b": X + 1}, "two": ([X, None], Pair(X, 2.0), ()), "three": 5}

ARGUMENTS = {
    "array": (lambda x: x + 1, (X,)),
    "no arguments": (lambda: np.float32(3) + jf.numpy.ones(2), ()),
    "rank 0": (lambda x: x + 1, (np.array(2.5),)),
    "empty": (lambda x: x + 1, (np.zeros((0, 3)),)),
    "many": (lambda *a: sum(a), (X,) * 20),
    "float": (lambda x, n: x * n, (X, 2.5)),
    "int": (lambda x, n: x * n, (X, -3)),
    "bool": (lambda x, n: x * n, (X, True)),
    "complex": (lambda x, n: x * n, (X, 2 - 1j)),
    **{
        np.dtype(t).name: (lambda x, n: (x * n, n), (X, np.dtype(t).type(1)))
        for t in "?bhilBHILefdFD"
    },
    "tree": (lambda t: t["one"]["w"] + t["two"][1].a * t["two"][1].b + t["three"], (TREE,)),
    "transposed": (lambda x: x.sum(1), (np.arange(3e4, dtype=np.float32).reshape(100, 300).T,)),
    "sorted in an arena": (lambda x: np.cumsum(np.sort(np.tile(x + 1, 99))[::-1]), (X,)),
    "matrices": (lambda x, y: x @ y, (np.ones((20, 30)), np.ones((30, 40)))),
}


@pytest.mark.parametrize("function, arguments", ARGUMENTS.values(), ids=ARGUMENTS)
def test_arguments(function, arguments):
    compiled = jf.jit(function)
    first = compiled(*arguments)
    assert calls(compiled) == 0
    for _ in range(3):
        same(compiled(*arguments), first)
    assert calls(compiled) == 3
    assert compiled.cache_info() == (3, 1, 1)


RESULTS = {
    "array": lambda x: x + 1,
    "scalar": lambda x: x.sum(),
    "scalars": lambda x: (x.sum(), x.argmax(), x.any(), (x * 1j).sum(), x.astype("f2").max()),
    "none": lambda x: None,
    "nothing": lambda x: (),
    "list": lambda x: [x, (x, x + 1)],
    "dict": lambda x: {"a": x, "b": {"c": [x.sum(), None], "d": ()}},
    "argument": lambda x: (x, x),
    "wide": lambda x: [x * i for i in range(100)],
}


@pytest.mark.parametrize("function", RESULTS.values(), ids=RESULTS)
def test_results(function):
    compiled = jf.jit(function)
    first = compiled(X)
    second = compiled(X)
    same(second, first)
    assert calls(compiled) == 1


@pytest.mark.parametrize("count", [500, *range(OBJECTS - 1, OBJECTS + 2), 6000])
def test_large_trees_fit_or_are_pythons(count):
    """What the stub keeps on its stack has room for so many objects, captured ones too."""
    results = jf.jit(lambda x: [None] * count)
    captured = [np.full(1, i) for i in range(20)]
    arguments = jf.jit(lambda tree: sum(captured, start=tree[0]))
    for _ in range(3):
        same(results(X), [None] * count)
        same(arguments([np.ones(1, int)] + [None] * (count - 1)), np.array([191]))
    assert calls(results) == (2 if count < OBJECTS else 0)
    assert calls(arguments) == (0 if count + 1 + 20 > OBJECTS else 2)


def test_what_has_no_row_is_remembered():
    f = jf.jit(lambda tree: tree[0] * 2)
    for _ in range(3):
        same(f([X] + [None] * OBJECTS), X * 2)
    assert calls(f) == 0
    assert f._recent[2] is not None


def test_values_do_not_compile_again():
    f = jf.jit(lambda x, n, k: x[k] * n)
    for n, k in ((1.5, 0), (-0.0, 3), (np.inf, -1), (2.0, 2)):
        assert f(X, n, k) == X[k] * n or np.isnan(X[k] * n)
    assert f.cache_info().misses == 1
    assert calls(f) == 3


def test_large_integers_are_pythons():
    f = jf.jit(lambda n: n + 1)
    assert f(1) == 2
    assert f(2**62) == 2**62 + 1
    with pytest.raises(OverflowError):
        f(2**63)
    assert calls(f) == 1


def test_signatures_have_rows_of_their_own():
    f = jf.jit(lambda x: x + 1)
    arrays = [np.arange(n, dtype=t) for n in range(1, 6) for t in ("f4", "i8", "u1")]
    for _ in range(3):
        for x in arrays:
            same(f(x), x + np.asarray(1, x.dtype))
    assert calls(f) == 2 * len(arrays)
    f.clear_cache()
    assert calls(f) == 0
    same(f(X), X + 1)


@pytest.mark.parametrize("kind", ["f4", "f8", "i1", "u2", "?", "D"])
def test_dtypes_that_several_objects_stand_for(kind):
    f = jf.jit(lambda x: x * 2)
    x = np.ones(3, kind)
    want = f(x)
    for _ in range(4):
        copied = pickle.loads(pickle.dumps(x))
        assert copied.dtype is not x.dtype
        same(f(copied), want)
        same(f(x.astype(np.dtype(kind, metadata={"unit": "m"}))), want)
    assert calls(f) == 8
    assert len(f._entry.rows) == 1


def test_a_swapped_dtype_is_not_like_its_own():
    f = jf.jit(lambda x: x * 2)
    f(np.ones(3))
    with pytest.raises(DtypeError, match="byte-swapped"):
        f(np.ones(3, ">f8"))


def test_more_signatures_than_rows(monkeypatch):
    monkeypatch.setattr(entry_callable, "MAX_ROWS", 3)
    f = jf.jit(lambda x: x + 1)
    for _ in range(2):
        for n in range(6):
            same(f(np.zeros(n)), np.ones(n))
    assert calls(f) == 3


def test_keywords_in_any_order():
    f = jf.jit(lambda a, b=1.0, *, c=2.0: a + 10 * b + 100 * c)
    for _ in range(2):
        same(f(X), f(X, 1.0, c=2.0))
        same(f(X, b=3.0, c=X), X + 30 + 100 * X)
        same(f(X, c=X, b=3.0), X + 30 + 100 * X)
        same(f(c=X, a=X, b=3.0), X + 30 + 100 * X)
        same(f(*[X], **{"c": 1.0}), X + 110)
    assert calls(f) == 6
    with pytest.raises(TypeError, match="unexpected keyword"):
        f(X, d=1)


def test_static_arguments_by_value():
    f = jf.jit(lambda x, power, *, name: x**power + len(name), static_argnames=("power", "name"))
    for _ in range(3):
        same(f(X, 2, name="abc"), X**2 + 3)
        same(f(X, 3, name="a"), X**3 + 1)
        same(f(X, power=3, name="a"), X**3 + 1)
    assert calls(f) == 6
    same(f(X, int("2"), name="".join("abc")), X**2 + 3)
    assert calls(f) == 7
    assert f.cache_info().size == 3


class Named:
    """Equal by name, which may change."""

    def __init__(self, name):
        self.name = name

    def __eq__(self, other):
        return self.name == other.name

    def __hash__(self):
        return hash(self.name)

    __repr__ = __str__ = lambda self: self.name


@pytest.mark.parametrize("values", [
    (0.0, -0.0, 0.0), ((1, 2), (1, 3), (1, 2)), (True, 1, True), ((0.0,), (-0.0,), (0,)),
    (np.float32(0), np.float32(-0.0), np.float64(0)), (Named("a"), Named("abc"), Named("a")),
    (1j, -1j, complex(-0.0, 1)), (float("nan"), np.float32("nan")),
])  # fmt: skip
def test_static_arguments_that_are_nearly_equal(values):
    f = jf.jit(lambda x, value: x + len(repr(value)), static_argnums=1)
    for value in values * 2:
        same(f(X, copy.deepcopy(value)), X + len(repr(value)))
    assert f.cache_info().size == len(set(map(repr, values)))


def test_captured_arrays_are_read_at_each_call():
    weights = np.ones(4, np.float32)
    f = jf.jit(lambda x: x + weights)
    same(f(X), X + 1)
    weights[:] = 5
    same(f(X), X + 5)
    assert calls(f) == 1
    weights.resize((2, 2), refcheck=False)
    with pytest.raises(TypeError, match="a captured array is now"):
        f(X)


@pytest.mark.parametrize("layout", [
    lambda x: np.asfortranarray(x), lambda x: np.repeat(x, 2, 0)[::2], lambda x: x[::-1, ::-1],
], ids=["another order", "gaps", "reversed"])  # fmt: skip
def test_captured_arrays_of_any_layout(layout):
    captured = layout(np.arange(200.0 * 100).reshape(200, 100))
    f = jf.jit(lambda x: x + captured)
    for _ in range(3):
        same(f(np.zeros((200, 100))), np.array(captured, order="C"))


def test_a_static_object_that_changes():
    f = jf.jit(lambda x, by: x + len(by.name), static_argnums=1)
    by = Named("abc")
    for _ in range(3):
        same(f(X, by), X + 3)
    by.name = "a"
    for _ in range(3):
        same(f(X, by), X + 1)


@pytest.mark.parametrize("x", [
    X[::-1], np.arange(12, dtype=np.float32)[::3],
    np.frombuffer(b"0" + X.tobytes(), np.uint8)[1:].view(np.float32), np.broadcast_to(X[:1], (4,)),
], ids=["reversed", "strided", "misaligned", "broadcast"])  # fmt: skip
def test_other_layouts(x):
    f = jf.jit(lambda x: x * 2)
    f(X)
    for _ in range(2):
        same(f(x), x * 2)
    same(f(X), X * 2)


def test_what_is_no_plain_array_is_refused_as_before():
    f = jf.jit(lambda x: x + 1)
    f(X), f(X)
    with pytest.raises(DtypeError):
        f(X.astype(">f4"))
    with pytest.raises(DtypeError):
        f(np.ma.masked_array(X))
    with pytest.raises(TypeError, match="static_argnames"):
        f("text")
    same(f(X), X + 1)


def test_a_failed_check_names_its_line():
    f = jf.jit(lambda x, i: x[i])
    f(X, 0), f(X, 1)
    for index in (4, -5):
        with pytest.raises(IndexError, match=f"index {index} is out of bounds"):
            f(X, index)
    with pytest.raises(CheckError, match="test_entry"):
        f(X, 9)
    assert f(X, 2) == 2


def test_what_the_host_raises():
    f = jf.jit(np.linalg.inv)
    f(np.eye(3)), f(np.eye(3))
    assert calls(f) == 1
    with pytest.raises(np.linalg.LinAlgError):
        f(np.zeros((3, 3)))
    same(f(np.eye(3)), np.eye(3))


def test_calls_inside_a_trace_are_traced():
    inner = jf.jit(lambda x: x * 2)
    inner(X), inner(X)
    before = calls(inner)
    outer = jf.jit(lambda y: inner(X) + inner(y))
    assert outer.trace(X).as_text().count("call") == 2
    same(outer(X), X * 4)
    assert calls(inner) == before


def test_calls_are_pythons_while_another_thread_traces():
    f = jf.jit(lambda x: x + 1)
    f(X)
    TRACES.value += 1
    try:
        same(f(X), X + 1)
        assert calls(f) == 0
    finally:
        TRACES.value -= 1
    same(f(X), X + 1)
    assert calls(f) == 1
    assert f.cache_info() == (2, 1, 1)


def test_a_trace_that_fails_is_counted_off():
    with pytest.raises(ZeroDivisionError):
        jf.jit(lambda x: 1 // 0)(X)
    assert TRACES.value == 0


def test_cycles_are_collected():
    f = jf.jit(lambda x: x + 1)
    f(X), f(X)
    f.itself = [f]
    gone = weakref.ref(f)
    del f
    gc.collect()
    assert gone() is None


LEAKS = {
    "array": (lambda x: x + 1, (X,)),
    "scalars": (lambda x: {"a": (x.sum(), None), "b": [x]}, (X,)),
    "tree": (lambda t: t["one"]["w"] + 1, (TREE,)),
    "numbers": (lambda x, a, b: (x * a, x + b), (X, 1.5, 7)),
}


@pytest.mark.parametrize("function, arguments", LEAKS.values(), ids=LEAKS)
def test_references_are_kept_in_balance(function, arguments):
    f = jf.jit(function)
    watched = [X, X.dtype, TREE["one"], TREE["two"], TREE["two"][0], f]
    f(*arguments), f(*arguments)
    quiet()
    before = [sys.getrefcount(x) for x in watched]
    for _ in range(1000):
        f(*arguments)
    assert [sys.getrefcount(x) for x in watched] == before
    other = (arguments[0], *arguments[1:-1], {"x": X}) if len(arguments) > 1 else ({"one": {}},)
    for _ in range(100):
        with pytest.raises((AttributeError, KeyError, TypeError, ValueError)):
            f(*other)
    changed = [sys.getrefcount(x) - n for x, n in zip(watched, before, strict=True)]
    assert max(map(abs, changed)) < 10


def test_a_tree_of_another_structure_is_pythons():
    f = jf.jit(lambda t: sum(t.values()) if isinstance(t, dict) else sum(t))
    for tree in ({"a": X, "b": X}, {"a": X, "c": X}, {"a": X}, [X, X], (X, X), (X,)):
        for _ in range(2):
            same(f(tree), X * len(tree))
    assert f.cache_info().misses == 6


def test_threads_call_while_rows_come_and_go():
    f = jf.jit(lambda x: np.tanh(x) + np.sort(x)[::-1])
    arrays = [np.linspace(-1, 1, n) for n in (5, 50_000, 300_000)]
    wanted = [f(x) for x in arrays]
    faults = []

    def work():
        for _ in range(20):
            for x, right in zip(arrays, wanted, strict=True):
                if not np.array_equal(f(x), right):
                    faults.append(len(x))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(5):
        f.clear_cache()
        gc.collect()
    for thread in threads:
        thread.join()
    assert not faults
    assert TRACES.value == 0


def test_python_has_the_same_calls_without_the_entry():
    environment = {**os.environ, "JITFLOW_NATIVE_ENTRY": "off", "JITFLOW_CACHE_DIR": "off"}
    script = (
        "import numpy as np, jitflow as jf; f = jf.jit(lambda x, n=2: {'a': x * n, 'b': x.sum()});"
        "x = np.arange(4.); r = [f(x) for _ in range(3)]; assert r[2]['b'] == 6;"
        "assert f.cache_info() == (2, 1, 1) and not f._entry.is_native;"
        "from jitflow.runtime.entry import why_not_native; print(why_not_native())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "JITFLOW_NATIVE_ENTRY is off"


def test_a_doubt_leaves_everything_to_python(monkeypatch):
    monkeypatch.setattr(layout, "why_not_native", lambda: "an array's data is elsewhere")

    class Plain:
        pass

    assert native_callable(Plain) is Plain


def test_offsets_that_are_not_numpys_are_found(monkeypatch):
    for name in ("DATA", "RANK", "DTYPE", "FLAGS", "DTYPE_FACTS"):
        with monkeypatch.context() as patch:
            patch.setattr(layout, name, getattr(layout, name) + 8)
            assert any("elsewhere" in doubt for doubt in layout._doubts())
    assert not list(layout._doubts())


def test_a_fork_counts_its_own_traces():
    f = jf.jit(lambda x: x + 1)
    f(X)
    child = os.fork() if hasattr(os, "fork") else -1
    if child == 0:
        f(X)
        os._exit(0 if calls(f) == 1 else 1)
    if child > 0:
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert ctypes.sizeof(TRACES) == 8
