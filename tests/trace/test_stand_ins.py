"""NumPy's own arrays that are to hold traced values: the second trace makes them traced ones."""

import os
import signal
import threading

import numpy as np
import pytest
from numpy import array as ARRAY
from numpy import concatenate as JOINED
from numpy import zeros as ZEROS

import jitflow as jf
import jitflow.numpy as jnp
from jitflow.errors import TraceError
from jitflow.trace import stand_ins

X = np.random.default_rng(0).random(6)
TABLE = np.arange(6.0)
CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


@case
def weights(x):
    w = np.ones(6)
    w[1:-1:2] = 4
    out = np.zeros(3)
    out[0] = (w * x).sum()
    out[2:] += x[1]
    return out


@case
def rotation(x):
    c, s = np.cos(x[0]), np.sin(x[0])
    turn = np.array([[c, -s], [s, c]])
    start = np.array([1.0, 2.0])
    start[0] = x[1]
    return turn @ start, np.asarray([c, s]), np.array([[c, 1], [2, 3]], dtype=np.float32)


@case
def kinds(x):
    i, f, b, z = np.zeros(2, int), np.empty((2, 2)), np.full(2, False), np.zeros(2, complex)
    i[0], b[1] = x[0] * 7, x[1] > 0.5
    f[...] = x[0]
    z.real = x[:2]
    z[1] = 1j
    return i, f, b, z


@case
def names_from_numpy(x):
    out, local = ZEROS(2), np.ones
    out[0] = x[0]
    last = local(1)
    last[0] = x[5]
    return JOINED([out, ARRAY([x[1], 2.0]), np.concat([last, [1.0]]), list(x)])


@case
def masked(x):
    mask = np.zeros(6, bool)
    mask[[1, 3]] = True
    out = np.zeros(6)
    out[mask] = x[mask]
    out[~mask] = -1
    return out, x[mask]


@case
def sizes(x):
    n = np.array([2, 3])
    out = np.zeros(tuple(n))
    for i in range(n[0]):
        for j in range(n[1]):
            out[i, j] = x[i] * x[j]
    return out.reshape(n[1], n[0]), np.zeros(n)


@case
def conditions(x):
    out, start = np.zeros(3), np.arange(3)
    if out.any() or out[0] > 0:
        return out
    out[start[1]] = x[0]
    return out, float(np.ones(2)[1]), int(np.eye(2)[0, 0]), complex(np.ones(1)[0])


@case
def views(x):
    a = np.zeros((2, 3))
    row, turned, flat = a[1], a.T, a.reshape(-1)
    row[:] = x[:3]
    turned[0] += 1
    flat[2] = x[0]
    a *= 2
    return a, row, turned, flat


@case
def tables(x):
    table = np.array([10.0, 20.0, 30.0])
    index = (x * 3).astype(int)
    return table[index], np.take(TABLE, index), np.array(TABLE)[index]


@case
def lists(x):
    parts = [x[0], x[1]]
    return np.sum(parts), np.mean([x, x], axis=0), np.full(2, x[0]), np.linalg.norm(parts)


@case
def brackets(x):
    return np.r_[x, 1, TABLE], np.c_[x, TABLE], np.vectorize(lambda a: a + 1)(x)


@case
def in_place(x):
    out = np.zeros(6)
    out += x
    np.add(x, out, out=out)
    np.add.at(out, [0, 0], x[1])
    np.copyto(out[:2], x[2])
    np.fill_diagonal(out.reshape(2, 3), x[0])
    return out


@case
def like_constants(x):
    zeros, ones, copied = np.zeros_like(TABLE), np.ones_like(TABLE, dtype=int), np.copy(TABLE)
    eye, same, lower = np.eye(3), np.identity(2), np.tri(3)
    zeros[1], ones[0], copied[0], eye[0, 1], same[0], lower[0] = x[0], 5, x[0], x[1], x[:2], x[2]
    return zeros, ones, copied, eye, same, lower


@case
def bfloat16_numbers(x):
    out = np.zeros(3, jnp.bfloat16)
    out[0], out[2] = x[0], x[1].astype(jnp.bfloat16)
    return out.astype(np.float32)


@case
def flat_places(x):
    out = np.zeros((2, 3))
    out.flat[4] = x[1]
    return out


@case
def counted(x):
    count = np.zeros(3, int)
    places = (x * 3).astype(int)
    for k in range(6):
        count[places[k]] += 1
    return count


@case
def other_dtypes(x):
    names, objects, out = np.array(["a", "b"]), np.array([1, None], dtype=object), np.zeros(2)
    out[0] = x[0]
    return (out, len(names[0])) if objects[1] is None else out


@pytest.mark.parametrize("function", CASES.values(), ids=CASES)
def test_as_numpy(function):
    want, got = function(X.copy()), jf.jit(function)(X)
    for a, b in zip(*(v if type(v) is tuple else (v,) for v in (want, got)), strict=True):
        assert (np.asarray(a).dtype, np.shape(a)) == (b.dtype, b.shape)
        np.testing.assert_allclose(b, a, rtol=1e-15)


def square_sum(y):
    out = np.zeros(6)
    out[::2] = y[::2] ** 2
    return out.sum()


def test_transforms():
    gradient = jf.grad(square_sum)(X)
    np.testing.assert_array_equal(gradient, np.where(np.arange(6) % 2, 0, 2 * X))
    inside = jf.jit(lambda x: (jf.grad(square_sum)(x), jf.vmap(weights)(np.stack([x, x]))))(X)
    np.testing.assert_array_equal(inside[0], gradient)
    np.testing.assert_array_equal(inside[1], [jf.jit(weights)(X)] * 2)


def test_the_function_runs_twice_at_most_and_once_where_it_can():
    runs = []

    def once(x):
        runs.append("once")
        return x + np.zeros(6)

    def twice(x):
        runs.append("twice")
        out = np.zeros(1)
        out[0] = x[0]
        return out

    def never(x):
        runs.append("never")
        TABLE[0] = x[0]

    jf.jit(once)(X)
    jf.jit(twice)(X)
    with pytest.raises(TraceError, match=r"np.array\(a\)"):
        jf.jit(never)(X)
    assert runs == ["once", "twice", "twice", "never", "never"]


def test_what_is_not_of_the_trace_stays_numpys():
    def f(x):
        held = np.asarray(TABLE)
        window = np.hanning(6)
        kinds.append((type(np.arange(3)), type(held), held is TABLE, type(window)))
        out = np.zeros(6)
        out[:] = x * window
        return out

    kinds: list[tuple[object, ...]] = []
    jf.jit(f)(X)
    assert kinds == [(np.ndarray, np.ndarray, True, np.ndarray)] * 2


def names():
    return {(m, name): vars(m)[name] for m in (np, np.linalg, np.fft) for name in vars(m)}


def test_numpy_is_as_before():
    before = names()

    def broken(x):
        out = np.zeros(1)
        out[0] = x[0]
        raise KeyError("stop")

    jf.jit(weights)(X)
    with pytest.raises(KeyError):
        jf.jit(broken)(X)
    assert names() == before


def test_other_threads_see_numpys_own():
    found = []

    def f(x):
        def look():
            found.append(type(np.zeros(3)))

        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
        out = np.zeros(1)
        out[0] = x[0]
        return out

    jf.jit(f)(X)
    assert found == [np.ndarray] * 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork")
def test_a_fork_while_another_thread_traces():
    before, inside, go_on = np.zeros, threading.Event(), threading.Event()

    def f(x):
        if np.zeros is not before:
            inside.set()
            go_on.wait(30)
        out = np.zeros(1)
        out[0] = x[0]
        return out

    thread = threading.Thread(target=lambda: jf.jit(f)(X))
    thread.start()
    assert inside.wait(30)
    child = os.fork()
    if not child:
        os._exit(0 if np.zeros is before else 1)
    go_on.set()
    thread.join()
    assert os.waitpid(child, 0)[1] == 0
    assert np.zeros is before


@pytest.mark.parametrize("draw", [np.random.choice, np.random.default_rng(0).choice])
def test_functions_in_c_have_numpys_own(draw):
    """They take what NumPy makes for an array, unasked, and would read memory that is none."""

    def f(x):
        out = np.zeros(1)
        out[0] = x[0]
        return out + draw(x)

    with pytest.raises(TraceError, match="takes arrays of NumPy's own"):
        jf.jit(f)(X)


@pytest.fixture
def interrupts():
    """Ctrl-C raises, also where a shell started the tests in the background, deaf to it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interrupts")
@pytest.mark.parametrize("place", ["enter", "leave"])
def test_an_interrupt_leaves_numpy_as_it_was(place, monkeypatch):
    before = names()
    replacements = stand_ins._REPLACEMENTS
    restored, original = [], replacements._restore

    def signalled(*arguments):
        signal.raise_signal(signal.SIGINT)
        restored.append(place)
        return original(*arguments) if place == "leave" else entries(*arguments)

    entries = stand_ins._stand_ins
    target = (stand_ins, "_stand_ins") if place == "enter" else (replacements, "_restore")
    monkeypatch.setattr(*target, signalled)
    with pytest.raises(KeyboardInterrupt), stand_ins.standing_in():
        pass
    assert restored == [place]
    assert names() == before
    assert not replacements.threads
