"""Runs that were seen are native, and mean what they mean in Python."""

import collections
import gc
import sys
import weakref

import numpy as np
import pytest

import jitflow.graph as g
from jitflow.errors import ArgumentError
from jitflow.runtime.entry import why_not_native
from tests.support.quiet import quiet

Pair = collections.namedtuple("Pair", "first second")
X = np.arange(6, dtype=np.float32).reshape(2, 3)
needs_native = pytest.mark.skipif(bool(why_not_native()), reason="no native entry here")


def native_calls(sess):
    return sess._native.calls


@needs_native
def test_runs_that_were_interrupted_are_looked_at_again(nodes, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(nodes.sess._native, "_row", interrupt, raising=False)
        with pytest.raises(KeyboardInterrupt):
            nodes.sess.run(nodes.y, {nodes.x: X})
    before = native_calls(nodes.sess)
    for _ in range(3):
        nodes.sess.run(nodes.y, {nodes.x: X})
    assert native_calls(nodes.sess) == before + 2


def everything(n, run):
    """Runs of all kinds, three times: what they give, or how they fail."""
    runs = [
        ([n.y, n.step], {n.x: X}), ([n.y, n.step], {n.x: X[::-1]}), (n.y, {n.x: X.tolist()}),
        ({"a": n.y, "b": [n.count, (n.step,)]}, {"x:0": X[:1]}), (Pair(n.y, n.count), {n.x: X}),
        (n.noise, None), ([n.noise, n.count], {}), (n.row, {n.k: 2}), (n.row, {n.k: 3}),
        (n.row, {n.k: np.int32(1)}), ((n.count, n.w), None), (n.y, None), (n.y, {n.x: np.ones(4)}),
        (n.y, {n.x: "text"}), (n.y, {n.x: X, n.k: 1}), (n.y, {n.k: 1, n.x: X}), (n.y, 5),
        (["count:0", n.step, n.count], None), (n.y, {n.x: X.astype(np.float64)}), (X, None),
        ([n.y] * 3, {n.x: X}), (collections.OrderedDict(a=n.y), {n.x: X}), ([], None),
        (n.y, collections.OrderedDict({n.x: X})), (n.y, {n.x: np.ma.masked_array(X)}),
    ]  # fmt: skip
    for _ in range(3):
        for fetches, feeds in runs:
            try:
                yield repr(run(fetches, feeds))
            except (g.InvalidArgumentError, ArgumentError, IndexError, TypeError) as error:
                yield type(error), str(error).split("\n", 1)[-1]


@needs_native
def test_native_runs_mean_what_they_mean_in_python(nodes):
    in_python = g.Session(nodes.graph)
    run = g.Session.run.__wrapped__
    run(in_python, nodes.init)
    expected = list(everything(nodes, lambda *given: run(in_python, *given)))
    found = list(everything(nodes, nodes.sess.run))
    for one, other in zip(found, expected, strict=True):
        assert one == other
    assert native_calls(in_python) == 0
    assert native_calls(nodes.sess) >= 20


@needs_native
def test_the_second_run_and_all_further_ones_are_native(nodes):
    sess, fetches = nodes.sess, [nodes.y, nodes.step]
    for _ in range(5):
        sess.run(fetches, feed_dict={nodes.x: X})
    assert native_calls(sess) == 4
    run = sess.run
    run(list(fetches), feed_dict={nodes.x: X + 1})
    g.Session.run(sess, fetches, feed_dict={nodes.x: X})
    assert native_calls(sess) == 6
    assert sess.run(nodes.count) == 7


@needs_native
def test_the_order_of_feeds_does_not_count(nodes):
    sess = nodes.sess
    plans = len(nodes.graph.plans)
    for feeds in ({nodes.x: X, nodes.k: 1}, {nodes.k: 1, nodes.x: X}) * 3:
        sess.run([nodes.y, nodes.row], feeds)
    assert native_calls(sess) == 4  # the first of each order is Python's
    assert len(nodes.graph.plans) == plans + 1


@needs_native
def test_lists_are_runs_of_the_arrays_that_they_are(nodes):
    nodes.sess.run([nodes.y, nodes.step], {nodes.x: X})
    for _ in range(3):
        nodes.sess.run([nodes.y, nodes.step], {nodes.x: np.asarray(X).tolist()})
        nodes.sess.run([nodes.y, nodes.step], collections.OrderedDict({nodes.x: X}))
    assert nodes.sess.run(nodes.count) == 7
    assert native_calls(nodes.sess) == 5  # all but the first with a list, which is float64


def test_structures_with_many_kinds_of_runs():
    """More fetch sets than there are rows: the others run in Python."""
    with g.Graph().as_default():
        x = g.placeholder(g.float32)
        fetches = [[x * float(i), x] for i in range(66)]
        sess = g.Session()
        for _ in range(2):
            for i, fetch in enumerate(fetches):
                assert sess.run(fetch, {x: 2.0}) == [2.0 * i, 2.0]


@needs_native
def test_a_session_goes_with_its_last_reference(nodes):
    sess = g.Session(nodes.graph)
    for node in (nodes.init, nodes.init, nodes.count, nodes.count):
        sess.run(node)
    assert native_calls(sess) == 2
    gone, run = weakref.ref(sess), sess.run
    gc.disable()
    try:
        del sess
        assert run(nodes.count) == 0
        del run
        assert gone() is None
    finally:
        gc.enable()


def test_runs_leave_nothing_behind(nodes):
    def run():
        nodes.sess.run([nodes.y, nodes.step], feed_dict={nodes.x: X})
        nodes.sess.run({"a": Pair(nodes.w, nodes.noise)})
        with pytest.raises(IndexError):
            nodes.sess.run(nodes.row, {nodes.k: 9})

    for _ in range(5):
        run()
    quiet()
    before = sys.getallocatedblocks()
    for _ in range(50):
        run()
    quiet()
    assert sys.getallocatedblocks() - before < 40


def test_results_have_the_keys_of_their_own_fetches(nodes):
    for _ in range(3):
        for key in (1, 1.0, True, "y", np.str_("y")):
            (found,) = nodes.sess.run({key: nodes.y}, {nodes.x: X})
            assert type(found) is type(key) and found == key
