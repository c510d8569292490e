"""Small results, which are made word by word, and functions of many rows."""

import ctypes
import gc
import subprocess
import sys
import tracemalloc
import weakref

import ml_dtypes
import numpy as np
import pytest

import jitflow as jf
from jitflow.runtime.entry import layout, templates, why_no_templates, why_not_native
from jitflow.runtime.numpy_api import NEW_FROM_DESCR, numpy_api
from tests.support.quiet import quiet

pytestmark = pytest.mark.skipif(bool(why_not_native()), reason="no native entry here")

SHAPES = [(4,), (1,), (0,), (2, 3), (1, 5), (5, 1), (1, 1, 1), (2, 0, 3), (3, 1, 4), (1,) * 30]
DTYPES = [np.bool_, np.int8, np.uint64, np.float16, np.float64, np.complex128, ml_dtypes.bfloat16]


def negated(x):
    return ~x if x.dtype == bool else -x


def references(x):
    return ctypes.c_uint32.from_address(id(x)).value


def native(function, *arguments):
    """The result of a call that ran no Python."""
    jitted = function if hasattr(function, "_entry") else jf.jit(function)
    jitted(*arguments)
    before = jitted._entry.calls
    result = jitted(*arguments)
    assert jitted._entry.calls == before + 1
    return result


def words(x):
    """The object's own words, but for addresses of its own memory."""
    own = {layout.DATA, layout.SHAPE, layout.STRIDES}
    places = [at for at in range(layout.HEAD, np.ndarray.__basicsize__, 8) if at not in own]
    return [ctypes.c_uint64.from_address(id(x) + at).value for at in places]


def test_this_numpy_is_known():
    assert why_no_templates() == ""


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda t: np.dtype(t).name)
def test_results_are_as_numpy_makes_them(dtype):
    for shape in SHAPES:
        x = np.ones(shape, dtype)
        made, wanted = native(negated, x), np.empty(shape, dtype)
        np.testing.assert_array_equal(made, negated(x), strict=True)
        assert words(made) == words(wanted)
        assert made.strides == wanted.strides
        assert made.flags.num == wanted.flags.num
        assert made.base is None


@pytest.mark.filterwarnings("ignore:Setting the shape:DeprecationWarning")
def test_a_result_is_the_caller_s():
    x, fresh = native(lambda x: x + 1, np.arange(6.0)), np.empty(6)
    assert references(x) == references(fresh)
    x.resize(1000)
    assert x[5] == 6
    x[:] = 3
    x.shape = (10, 100)
    gone = weakref.ref(x)
    view = x[::2]
    del x
    assert gone() is not None
    np.testing.assert_array_equal(view, np.full((5, 100), 3.0))
    del view
    assert gone() is None


def test_nothing_is_lost():
    f = jf.jit(lambda x: (x + 1, x.reshape(2, 2) * 2))
    x = np.arange(4.0)
    handler = ctypes.cast(templates._default_handler(), ctypes.py_object).value
    native(f, x)
    quiet()
    before = references(x.dtype), references(handler), references(x)
    for _ in range(1000):
        f(x)
    assert (references(x.dtype), references(handler), references(x)) == before
    kept = [f(x) for _ in range(100)]
    assert references(handler) == before[1] + 200
    del kept
    assert references(handler) == before[1]


def test_tracemalloc_sees_results():
    f, x = jf.jit(lambda x: x + 1), np.arange(500.0)
    native(f, x)
    quiet()
    tracemalloc.start()
    try:
        domain = tracemalloc.DomainFilter(True, np.lib.tracemalloc_domain)

        def traced():
            found = tracemalloc.take_snapshot().filter_traces([domain])
            return sum(statistic.size for statistic in found.statistics("filename"))

        before = traced()
        kept = [f(x) for _ in range(10)]
        assert traced() - before == 10 * x.nbytes
        del kept
        assert traced() == before
    finally:
        tracemalloc.stop()


def test_another_memory_handler_keeps_numpy_s_way():
    """What is compiled while a handler is set gets its memory as NumPy does: from that handler."""
    code = """
import numpy as np, jitflow as jf
from numpy._core.multiarray import get_handler_name
from jitflow.runtime.entry import why_no_templates
from jitflow.runtime.memory.control import pool
from jitflow.runtime.numpy_api import SET_HANDLER, numpy_api
import ctypes
assert not why_no_templates()
x = np.arange(4.0)
set_handler = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.py_object)(numpy_api(SET_HANDLER))
before = set_handler(pool().capsule)
f = jf.jit(lambda x: x + 1)
f(x)
assert get_handler_name(f(x)) == "jitflow" and f._entry.calls == 1
set_handler(before)
assert get_handler_name(f(x)) == "default_allocator"
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_each_doubt_leaves_results_to_numpy(monkeypatch):
    x, maker = np.arange(4.0), numpy_api(NEW_FROM_DESCR)
    assert templates.template(x.shape, x.dtype, maker) is not None
    monkeypatch.setattr(templates, "why_no_templates", lambda: "no")
    assert templates.template(x.shape, x.dtype, maker) is None
    np.testing.assert_array_equal(native(lambda x: x + 1, x), x + 1, strict=True)


def test_doubts(monkeypatch):
    monkeypatch.setattr(layout, "ARRAY_BYTES", 104)
    assert "never looked at" in next(templates._doubts())
    monkeypatch.undo()
    monkeypatch.setattr(templates, "_default_handler", lambda: id(None))
    assert "other words" in next(templates._doubts())


def test_many_rows_are_told_apart():
    """By type, dtype, rank, shape and names of arguments."""
    f = jf.jit(lambda x, y=0: (x + y).sum() * 1)
    arrays = [
        np.ones(shape, dtype)
        for dtype in (np.float32, np.float64, np.int32)
        for shape in [(2,), (3,), (2, 3), (3, 2), (6, 1), (1, 6), (0,)]
    ]
    others = [3, 3.0, True, np.float32(3), np.int8(3), np.ones(4)[::3]]
    wanted = []
    for x in [*arrays, *others]:
        wanted += [f(x), f(x=x, y=2)]
    before = f._entry.calls
    for _ in range(2):
        found = [r for x in [*arrays, *others] for r in (f(x), f(x=x, y=2))]
        for one, other in zip(found, wanted, strict=True):
            np.testing.assert_array_equal(one, other, strict=True)
    assert f._entry.calls - before == 2 * len(wanted)


def test_a_hundred_signatures_are_native():
    f = jf.jit(lambda x: x + 1)
    arrays = [np.ones(n, np.float32) for n in range(1, 101)]
    for x in arrays:
        f(x)
    before = f._entry.calls
    for x in arrays:
        assert f(x).shape == x.shape
    assert f._entry.calls == before + 100


def test_dtypes_that_were_pickled_find_their_row():
    import pickle

    f = jf.jit(lambda x: x + 1)
    like = pickle.loads(pickle.dumps(np.ones(3, np.float32)))
    f(np.ones(3, np.float32)), f(np.ones(5)), f(np.ones(7))
    before = f._entry.calls
    f(like)
    assert f._entry.calls == before + 1


@pytest.mark.filterwarnings("ignore:Setting the shape:DeprecationWarning")
def test_an_array_that_changes_its_shape_finds_its_row():
    f = jf.jit(lambda x: x * 2)
    for n in range(1, 7):
        f(np.ones(n))
    x = np.ones(6)
    before = f._entry.calls
    f(x)
    f(np.ones((2, 3)))
    x.shape = (2, 3)
    assert f(x).shape == (2, 3)
    assert f._entry.calls == before + 2
    gc.collect()
