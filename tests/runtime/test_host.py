"""Calls from compiled bodies back into Python: arrays, errors, threads, processes."""

import gc
import multiprocessing
import threading
import weakref

import numpy as np
import pytest

from jitflow.errors import VerifyError
from jitflow.ir.builder import Builder
from jitflow.ir.dtypes import DTYPES, f64, i64
from jitflow.ir.host import HOST_FUNCTIONS
from jitflow.ir.interpreter import interpret
from jitflow.ir.types import BufferType
from jitflow.runtime import compile_function


def calling(callee, *types, outputs=1):
    """A body that calls the host with its parameters."""
    b = Builder()
    buffers = [b.param(t) for t in types]
    b.host_call(b.token(), *buffers, callee=callee)
    return b.build("calling", (), {"outputs": outputs})


@pytest.fixture
def host(monkeypatch):
    """host(function): the name under which bodies can call it."""

    def enter(function):
        monkeypatch.setitem(HOST_FUNCTIONS, "test", function)
        return "test"

    return enter


def double(x, out):
    out[...] = x + x


@pytest.mark.parametrize("name", [n for n, d in DTYPES.items() if d.kind != "c"])
def test_arrays_of_every_dtype(host, name):
    type = BufferType(DTYPES[name], (2, 3))
    x = np.arange(6).reshape(2, 3).astype(DTYPES[name].numpy)
    (result,) = compile_function(calling(host(double), type, type))([x])
    np.testing.assert_array_equal(result, x + x)


@pytest.mark.parametrize("shape", [(), (0,), (3, 0), (1, 1)])
def test_shapes(host, shape):
    type = BufferType(f64, shape)
    (result,) = compile_function(calling(host(double), type, type))([np.ones(shape)])
    np.testing.assert_array_equal(result, np.full(shape, 2.0))


def test_views_and_temporaries(host):
    """A view with negative strides, into memory of the arena."""
    b = Builder()
    x, out = b.param(BufferType(f64, (3, 2))), b.param(BufferType(f64, (2, 3)))
    scratch = b.alloc(offset=0, type=BufferType(f64, (2, 3), None, "temp"))
    turned = b.view(x, offset=4, type=BufferType(f64, (2, 3), (1, -2)))
    callee = host(double)
    first = b.host_call(b.token(), turned, scratch, callee=callee)
    b.host_call(first, scratch, out, callee=callee)
    function = b.build("views", (), {"outputs": 1})
    array, expected = np.arange(6.0).reshape(3, 2), np.zeros((2, 3))
    (result,) = compile_function(function)([array])
    np.testing.assert_array_equal(result, 4 * array[::-1].T)
    interpret(function, [array, expected])
    np.testing.assert_array_equal(result, expected)


def test_a_call_in_a_loop(host):
    b = Builder()
    x = b.param(BufferType(i64, ()))
    b.store(b.constant(7, i64), x)
    token = b.token()

    def add_one(x):
        x += 1

    callee = host(add_one)
    b.loop(b.index(0), b.index(100), lambda b, i: b.host_call(token, x, callee=callee) and ())
    (result,) = compile_function(b.build("loop", (), {"outputs": 1}))([])
    assert result == 107


@pytest.mark.parametrize("error", [ValueError("mine"), KeyboardInterrupt(), SystemExit(3)])
def test_what_it_raises_reaches_the_caller(host, error):
    def fail(x):
        raise error

    executable = compile_function(calling(host(fail), BufferType(f64, ()), outputs=0))
    for _ in range(3):
        with pytest.raises(type(error)) as caught:
            executable([np.array(1.0)])
        assert caught.value is error


def test_ops_behind_a_call_that_fails_do_not_run(host):
    order = []

    def fail_at_two(x):
        order.append(float(x))
        if x == 2:
            raise ValueError("two")

    callee = host(fail_at_two)
    b = Builder()
    buffers = [b.param(BufferType(f64, ())) for _ in range(3)]
    token = b.token()
    for buffer in buffers:
        token = b.host_call(token, buffer, callee=callee)
    executable = compile_function(b.build("three", (), {"outputs": 0}))
    with pytest.raises(ValueError, match="two"):
        executable([np.array(v) for v in (1.0, 2.0, 3.0)])
    assert order == [1, 2]


def test_a_body_inside_a_call(host):
    """Its failure is its own, and what it raised is not raised again."""
    type = BufferType(f64, ())
    b = Builder()
    x = b.param(type)
    b.check(b.lt(b.load(x), b.constant(1.0)), id=1, message="too large")
    inner = compile_function(b.build("inner", (), {"outputs": 0}))

    def outer(x):
        inner([x.copy()])

    executable = compile_function(calling(host(outer), type, outputs=0))
    executable([np.array(0.5)])
    with pytest.raises(Exception, match="too large"):
        executable([np.array(1.5)])
    executable([np.array(0.5)])


def test_threads(host):
    """Each thread gets its own exception."""

    def fail(x, out):
        raise ValueError(int(x))

    type = BufferType(i64, ())
    executable = compile_function(calling(host(fail), type, type))
    wrong = []

    def work(number):
        for _ in range(200):
            try:
                executable([np.array(number)])
            except ValueError as error:
                if error.args != (number,):
                    wrong.append(number)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_long_body_that_released_the_gil(host):
    b = Builder()
    x, out = b.param(BufferType(f64, ())), b.param(BufferType(f64, ()))
    b.loop(b.index(0), b.index(1_000_000), lambda b, i: b.store(b.load(x), out))
    b.host_call(b.token(), x, out, callee=host(double))
    executable = compile_function(b.build("long", (), {"outputs": 1}))
    assert executable.body.is_long
    assert executable([np.array(3.0)])[0] == 6


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process(host):
    type = BufferType(f64, (3,))
    executable = compile_function(calling(host(double), type, type))
    executable([np.ones(3)])
    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue()
    child = context.Process(target=lambda: queue.put(executable([np.ones(3)])[0].tolist()))
    child.start()
    assert queue.get() == [2, 2, 2]
    child.join()
    assert child.exitcode == 0


def test_a_body_that_is_gone_takes_its_context_along(host):
    type = BufferType(f64, ())
    executable = compile_function(calling(host(double), type, type))
    gone = weakref.ref(executable._host)
    del executable
    gc.collect()
    assert gone() is None


def test_an_unknown_function():
    with pytest.raises(VerifyError, match="no host function 'nobody'"):
        compile_function(calling("nobody", BufferType(f64, ()), outputs=0))


def test_arrays_serve_again_only_where_their_memory_is(host):
    """Calls with more addresses than arrays are kept for, from several threads."""
    type = BufferType(f64, (4,))
    run = compile_function(calling(host(double), type, type))
    inputs = [np.full(4, float(k)) for k in range(50)]

    def work():
        for x in inputs * 4:
            (result,) = run([x])
            np.testing.assert_array_equal(result, x + x)
            x += 1
            np.testing.assert_array_equal(run([x])[0], x + x)
            x -= 1

    work()
    inputs = [np.full(4, float(k)) for k in range(50)]
    failed = []

    def safely(xs):
        try:
            for x in xs * 8:
                np.testing.assert_array_equal(run([x])[0], x + x)
        except BaseException as error:  # noqa: BLE001
            failed.append(error)

    threads = [threading.Thread(target=safely, args=(inputs[k::4],)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
