"""Tensors keep their values, forget long histories, and are values for Python and NumPy."""

import copy
import gc
import pickle
import threading
import weakref

import numpy as np
import pytest

import jitflow as jf
from jitflow.eager.tensor import MAX_STEPS
from jitflow.errors import RangeError, TraceError


def vector():
    return jf.constant([3.0, 1.0, 2.0])


WRITES = {
    "an element": lambda x: x.__setitem__(0, 1.0),
    "sort": lambda x: x.sort(),
    "partition": lambda x: x.partition(1),
    "fill": lambda x: x.fill(1.0),
    "put": lambda x: x.put([0], [1.0]),
    "resize": lambda x: x.resize((1,)),
    "np.put": lambda x: np.put(x, [0], [1.0]),
    "np.copyto": lambda x: np.copyto(x, x + 1),
    "np.place": lambda x: np.place(x, [True, False, False], [9.0]),
    "np.putmask": lambda x: np.putmask(x, [True, False, False], [9.0]),
    "np.fill_diagonal": lambda x: np.fill_diagonal(x, 1.0),
    "np.add.at": lambda x: np.add.at(x, [0], 1.0),
    "out": lambda x: np.add(x, x, out=np.zeros(3, np.float32)),
    "augmented array": lambda x: np.zeros(3).__iadd__(x),
}


@pytest.mark.parametrize("how", WRITES)
@pytest.mark.parametrize("make", [vector, lambda: jf.Variable([3.0, 1.0, 2.0])])
def test_nothing_writes_into_a_tensor(how, make):
    x = make()
    with pytest.raises(TraceError) as caught:
        WRITES[how](x)
    assert __file__ in str(caught.value)
    np.testing.assert_array_equal(x.numpy(), [3, 1, 2])


def test_arrays_of_a_tensor_are_copies():
    given = np.arange(4.0)
    x = jf.constant(given)
    y, z = x[1:], x.reshape(2, 2).T
    given[:] = x.numpy()[:] = np.asarray(x)[:] = 7
    assert [t.numpy().ravel().tolist() for t in (x, y, z)] == [
        [0, 1, 2, 3], [1, 2, 3], [0, 2, 1, 3],
    ]
    with pytest.raises(ValueError, match="copy"):
        np.asarray(x, copy=False)
    v = jf.Variable(x)
    v.assign(y.numpy()[[0, 1, 2, 0]])
    assert x.numpy().tolist() == [0, 1, 2, 3]


def test_augmented_assignment_makes_a_new_tensor():
    x = y = jf.constant(1.0)
    x += 1
    assert (float(x), float(y)) == (2, 1)


def test_as_python_and_numpy_values():
    x = vector()
    assert (x.tolist(), x[0].item(), x.size, x.nbytes, len(x)) == ([3, 1, 2], 3, 3, 12, 3)
    assert complex(jf.constant(1 + 2j)) == 1 + 2j
    assert (np.shape(x), np.ndim(x), np.size(x)) == ((3,), 1, 3)
    assert np.array_equal(x, x) is True
    assert np.allclose(x, [3.0, 1.0, 2.0]) is True
    assert np.result_type(x, np.float64) == np.float64
    assert [10, 20, 30][jf.constant(1)] == 20
    assert f"{jf.constant(1.5):.3f} {jf.Variable(1.5):.1f}" == "1.500 1.5"
    assert np.linalg.svd(jf.constant(np.eye(2))).S.numpy().tolist() == [1, 1]
    with pytest.raises(TypeError):
        f"{x:.3f}"
    with pytest.raises(TypeError):
        len(x[0])


def test_arrays_and_tensors_keep_their_dtypes():
    assert jf.constant(jf.constant(np.ones(2))).dtype == np.float64
    assert (vector() * np.ones(3)).dtype == np.float32
    assert np.add.reduce(jf.constant([1, 2])).dtype == np.int32
    assert np.cumulative_sum(jf.constant([1, 2])).dtype == np.int32
    with pytest.raises(RangeError, match="does not fit int32"):
        jf.constant([1]) + np.array([2**40])
    with pytest.raises(TraceError, match="np.stack"):
        jf.constant([vector()[0], 1.0])


def test_tensors_in_lists_beside_tensors_are_recorded():
    x = vector()
    with jf.GradientTape() as tape:
        tape.watch(x)
        y = np.sum(x * [x[0], 1.0, 2.0])
    assert tape.gradient(y, x).tolist() == [6, 1, 2]


def test_copies_and_pickles_have_the_value():
    x, v = vector() * 2, jf.Variable([1.0, 2.0], trainable=False, name="v")
    for clone in (copy.copy, copy.deepcopy, lambda t: pickle.loads(pickle.dumps(t))):
        assert clone(x).numpy().tolist() == [6, 2, 4]
        w = clone(v)
        assert (w.numpy().tolist(), w.trainable, w.name) == ([1, 2], False, "v")
        w.assign([5.0, 5.0])
        assert v.numpy().tolist() == [1, 2]
        assert w.tensor.variable is w


def test_a_dead_tensor_is_freed_at_once():
    gc.disable()
    try:
        x = jf.constant(1.0)
        y = x * 2.0
        z = y + 1.0
        with jf.GradientTape() as tape:
            tape.watch(x)
            w = x * z
        tape.gradient(w, x)
        refs = [weakref.ref(t) for t in (y, z, w)]
        del y, z, w, tape
        assert [ref() for ref in refs] == [None] * 3
    finally:
        gc.enable()


def test_long_loops_forget_their_beginning():
    x = jf.constant(1.0)
    for _ in range(5 * MAX_STEPS):
        x = x * 1.0
    depth, seen = 0, x
    while seen.made is not None:
        depth, seen = depth + 1, seen.inputs[0]
    assert 0 < depth <= MAX_STEPS
    big = jf.constant(np.zeros(1 << 20))
    for _ in range(10):
        big = big + 1.0
    assert big.op == "add"
    assert big.made.held <= 1 << 24


def test_tapes_remember_what_tensors_forget():
    x = y = jf.constant(1.5)
    with jf.GradientTape() as tape:
        tape.watch(x)
        for _ in range(3 * MAX_STEPS):
            y = y * 1.0
        y = y * y
    assert float(tape.gradient(y, x)) == 3


def test_each_thread_has_its_own_tapes():
    x = jf.constant(2.0)
    found = []

    def work(power):
        with jf.GradientTape() as tape:
            tape.watch(x)
            y = x
            for _ in range(power - 1):
                y = y * x
        found.append(float(tape.gradient(y, x)) == power * 2.0 ** (power - 1))

    with jf.GradientTape() as outer:
        outer.watch(x)
        threads = [threading.Thread(target=work, args=(power,)) for power in (2, 3, 4, 5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == [True] * 4
    assert outer._record == []
