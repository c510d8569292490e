"""Variables that several threads, runs and processes change, and who sees which value."""

import os
import sys
import threading

import numpy as np
import pytest

import jitflow.graph as g
from jitflow.runtime.entry import BUSY, why_not_native

X = np.arange(6, dtype=np.float32).reshape(2, 3)
needs_native = pytest.mark.skipif(bool(why_not_native()), reason="no native entry here")


def test_no_update_of_several_threads_is_lost(nodes):
    """Some runs are in Python and interrupted half-way, as feeds are lists."""
    sess, count = nodes.sess, 1500

    def work(feed):
        for _ in range(count):
            sess.run([nodes.y, nodes.step], {nodes.x: feed})

    feeds = [X, X[:1], X.tolist(), X]
    threads = [threading.Thread(target=work, args=(feed,)) for feed in feeds]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert sess.run(nodes.count) == count * len(feeds)


def test_no_long_update_of_several_threads_is_lost():
    """Runs that let other threads run meanwhile, the native ones too."""
    v = g.Variable(np.zeros(300_000, np.float32))
    moved = v.assign(g.tanh(v) * 0 + v + 1)
    sess = g.Session()
    sess.run(v.initializer)
    sess.run(moved.op)
    together = threading.Barrier(3)

    def work():
        together.wait()
        for _ in range(20):
            sess.run(moved.op)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_array_equal(sess.run(v), np.full(300_000, 61, np.float32))


@needs_native
def test_variables_are_written_over_where_nobody_else_has_them():
    v = g.Variable(np.zeros((50, 4), np.float32))
    scale = g.Variable(np.float32(1))
    moved = g.group(v.assign_add(v * 0 + scale), scale.assign(scale * 1))
    sess = g.Session()
    sess.run([v.initializer, scale.initializer])
    for _ in range(3):
        sess.run(moved)
    place = v.op.slot
    where = id(sess._values[place])
    for _ in range(10):
        sess.run(moved)
    assert id(sess._values[place]) == where
    kept, view = sess.checkpoint_state(), sess.checkpoint_state()["variables"]["Variable"][1:]
    for _ in range(3):
        sess.run(moved)
    assert (kept["variables"]["Variable"] == 13).all()
    assert (view == 13).all()
    given = np.full((51, 4), 7, np.float32)
    sess.restore_state({"draws": 0, "variables": {"Variable": given[1:]}})
    for _ in range(3):
        sess.run(moved)
    assert (given == 7).all()
    assert (sess.run(v) == 10).all()


@needs_native
def test_a_check_that_fails_gives_back_what_a_run_would_write_over():
    v = g.Variable(np.zeros(6, np.float32))
    k = g.placeholder(g.int32, [])
    moved = g.group(v.assign_add(v * 0 + 1), g.stop_gradient(v)[k])
    sess = g.Session()
    sess.run(v.initializer)
    for _ in range(3):
        sess.run(moved, {k: 1})
        for _ in range(2):
            with pytest.raises(IndexError):
                sess.run(moved, {k: 6})
    np.testing.assert_array_equal(sess.run(v), np.full(6, 3, np.float32))


@needs_native
def test_what_a_lost_thread_was_writing_over_has_no_value(nodes):
    for _ in range(3):
        nodes.sess.run(nodes.step)
    nodes.sess._values[nodes.w.op.slot] = BUSY
    with pytest.raises(g.FailedPreconditionError, match="value w"):
        nodes.sess.run(nodes.step)
    assert "w" not in nodes.sess.checkpoint_state()["variables"]
    assert nodes.sess.run(nodes.count) == 3
    nodes.sess.run(nodes.init)
    nodes.sess.run(nodes.step)
    assert nodes.sess.run(nodes.count) == 1


def test_others_see_a_variable_before_or_after_a_long_run():
    v = g.Variable(np.zeros(300_000, np.float32))
    moved = v.assign(g.tanh(v) * 0 + v + 1).op
    sess = g.Session()
    sess.run(v.initializer)
    for _ in range(3):
        sess.run(moved)
    seen, done = [], threading.Event()

    def look():
        while not done.is_set():
            x = sess.run(v)
            seen.append((x.min(), x.max()))
            x = sess.checkpoint_state()["variables"]["Variable"]
            seen.append((x.min(), x.max()))

    thread = threading.Thread(target=look)
    thread.start()
    for _ in range(60):
        sess.run(moved)
    done.set()
    thread.join()
    assert all(low == high for low, high in seen)
    assert sess.run(v)[0] == 63


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_process_goes_on(nodes):
    for _ in range(3):
        nodes.sess.run(nodes.step)
    asleep, done = threading.Event(), threading.Event()

    def hold():
        with nodes.sess._native.asleep():
            asleep.set()
            done.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    asleep.wait()
    child = os.fork()
    if child == 0:  # without that thread
        before = nodes.sess._native.calls
        results = [nodes.sess.run(nodes.step), nodes.sess.run([nodes.count, nodes.step])]
        is_native = nodes.sess._native.calls > before or why_not_native()
        os._exit(0 if results == [None, [5, None]] and is_native else 1)
    done.set()
    thread.join()
    assert os.waitpid(child, 0)[1] == 0
    assert nodes.sess.run(nodes.count) == 3
