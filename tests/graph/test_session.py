"""Runs that were seen are native, and mean what they mean in Python."""

import collections
import copy
import enum
import gc
import os
import pickle
import sys
import threading
import weakref
from types import SimpleNamespace

import numpy as np
import pytest

import jitflow as jf
import jitflow.graph as g
from jitflow.errors import ArgumentError, TraceError
from jitflow.runtime.entry import BUSY, why_not_native

Pair = collections.namedtuple("Pair", "first second")
X = np.arange(6, dtype=np.float32).reshape(2, 3)
needs_native = pytest.mark.skipif(bool(why_not_native()), reason="no native entry here")


@pytest.fixture
def nodes():
    """A graph of its own, with a session whose variables have values."""
    with g.Graph().as_default() as graph:
        x = g.placeholder(g.float32, [None, 3], name="x")
        k = g.placeholder(g.int32, [], name="k")
        w = g.get_variable("w", [3, 2], initializer=g.random_normal_initializer(seed=1))
        count = g.get_variable("count", [], initializer=g.zeros_initializer())
        y = g.reduce_sum(x @ w) + count
        step = g.group(w.assign_sub(w * 0.1), count.assign_add(1.0))
        with g.control_dependencies([step]):
            row = w[k]
        noise = g.random_normal([4], seed=3)
        init = g.global_variables_initializer()
        sess = g.Session()
        sess.run(init)
        yield SimpleNamespace(**{**locals(), "graph": graph})


def native_calls(sess):
    return sess._native.calls


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
    for feeds in ({nodes.x: X, nodes.k: 1}, {nodes.k: 1, nodes.x: X}) * 2:
        sess.run([nodes.y, nodes.row], feeds)
    assert native_calls(sess) == 3
    assert len(nodes.graph.plans) == plans + 1


def test_feeds_of_all_kinds_are_what_they_hold(nodes):
    expected = nodes.sess.run(nodes.y, {nodes.x: X})
    wide = np.zeros((2, 6), np.float32)
    wide[:, ::2] = X
    read_only = X.copy()
    read_only.flags.writeable = False
    misaligned = np.frombuffer(b"." + X.tobytes(), np.float32, offset=1).reshape(2, 3)
    for feed in (wide[:, ::2], np.asfortranarray(X), read_only, misaligned, X.tolist()) * 3:
        assert nodes.sess.run(nodes.y, {nodes.x: feed}) == expected


def test_methods_of_subclasses_and_the_class(nodes):
    class Counting(g.Session):
        runs = 0

        def run(self, fetches, feed_dict=None):
            self.runs += 1
            return super().run(fetches, feed_dict)

    sess = Counting(nodes.graph)
    sess.run(nodes.init)
    for _ in range(3):
        assert sess.run(nodes.y, {nodes.x: X}) == sess.run(nodes.y, feed_dict={nodes.x: X})
    assert sess.runs == 7
    assert "fetched nodes" in (g.Session.run.__doc__ or "")
    for wrong in (lambda: sess.run(), lambda: g.Session.run(), lambda: g.Session.run(sess)):
        with pytest.raises(TypeError):
            wrong()
    with pytest.raises(TypeError, match="unexpected keyword"):
        nodes.sess.run(nodes.y, feeds={})


def test_variables_keep_their_values_where_a_run_fails(nodes):
    sess = nodes.sess
    for index in (0, 1, 2):
        sess.run(nodes.row, {nodes.k: index})
    before = sess.run([nodes.w, nodes.count])
    for _ in range(3):
        with pytest.raises(IndexError):
            sess.run(nodes.row, {nodes.k: 3})
    for one, other in zip(sess.run([nodes.w, nodes.count]), before, strict=True):
        np.testing.assert_array_equal(one, other)


class Broken:
    """A stream that cannot be written, for a while."""

    def __init__(self, error):
        self.error = error
        self.text = ""

    def write(self, text):
        if self.error:
            raise self.error
        self.text += text


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_variables_keep_their_values_where_printing_fails(nodes, error):
    stream = Broken(error)
    shown = g.Print(nodes.count.assign_add(1.0), [nodes.count], stream=stream)
    for _ in range(3):
        with pytest.raises(type(error)):
            nodes.sess.run(shown)
    assert nodes.sess.run(nodes.count) == 0
    stream.error = None
    assert nodes.sess.run(shown) == 1
    assert stream.text == "[1.0]\n"


def test_a_result_is_no_part_of_the_session(nodes):
    sess = nodes.sess
    for _ in range(3):
        fetched = sess.run([nodes.w, nodes.w.assign(nodes.w * 1)])
        for x in fetched:
            x[:] = np.nan
    assert np.isfinite(sess.run(nodes.w)).all()


def test_sessions_of_a_graph_have_values_of_their_own(nodes):
    other = g.Session(nodes.graph)
    other.run(nodes.init)
    for _ in range(3):
        nodes.sess.run(nodes.step)
    for _ in range(2):
        assert other.run(nodes.count) == 0
        assert nodes.sess.run(nodes.count) == 3


def test_a_variable_without_a_value_says_so_at_any_time(nodes):
    sess = g.Session(nodes.graph)
    late = g.get_variable("late", [], initializer=g.ones_initializer())
    for _ in range(2):
        with pytest.raises(g.FailedPreconditionError, match="uninitialized value count"):
            sess.run(nodes.count)
        with pytest.raises(g.FailedPreconditionError, match="uninitialized value late"):
            nodes.sess.run(late)
    sess.run(nodes.init)
    nodes.sess.run(late.initializer)
    assert (sess.run(nodes.count), nodes.sess.run(late)) == (0, 1)
    sess.restore_state({"draws": 0, "variables": {"late": np.float32(5)}})
    assert sess.run(late) == 5
    with pytest.raises(ArgumentError, match="no variable"):
        sess.restore_state({"draws": 0, "variables": {"init": np.float32(5)}})


def test_a_closed_session_runs_nothing_more(nodes):
    for _ in range(3):
        nodes.sess.run(nodes.count)
    run = nodes.sess.run
    nodes.sess.close()
    for closed in (run, nodes.sess.run):
        with pytest.raises(ArgumentError, match="closed"):
            closed(nodes.count)


def test_a_trace_runs_no_session(nodes):
    for _ in range(3):
        nodes.sess.run(nodes.step)
    with pytest.raises(TraceError, match="within a traced function"):
        jf.jit(lambda x: nodes.sess.run(nodes.step) or x)(1.0)
    assert nodes.sess.run(nodes.count) == 3


def test_random_numbers_go_on_from_run_to_run(nodes):
    drawn = [nodes.sess.run(nodes.noise) for _ in range(4)]
    drawn += [nodes.sess.run([nodes.noise])[0] for _ in range(2)]
    assert len({x.tobytes() for x in drawn}) == 6
    again = g.Session(nodes.graph)
    again.run(nodes.init)
    for x in drawn:
        np.testing.assert_array_equal(again.run(nodes.noise), x)
    state = nodes.sess.checkpoint_state()
    following = nodes.sess.run(nodes.noise)
    again.restore_state(state)
    np.testing.assert_array_equal(again.run(nodes.noise), following)


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
    gc.collect()
    before = sys.getallocatedblocks()
    for _ in range(50):
        run()
    gc.collect()
    assert sys.getallocatedblocks() - before < 40


def test_structures_with_many_kinds_of_runs():
    """More fetch sets than there are rows: the others run in Python."""
    with g.Graph().as_default():
        x = g.placeholder(g.float32)
        fetches = [[x * float(i), x] for i in range(66)]
        sess = g.Session()
        for _ in range(2):
            for i, fetch in enumerate(fetches):
                assert sess.run(fetch, {x: 2.0}) == [2.0 * i, 2.0]


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
        before = native_calls(nodes.sess)
        results = [nodes.sess.run(nodes.step), nodes.sess.run([nodes.count, nodes.step])]
        is_native = native_calls(nodes.sess) > before or why_not_native()
        os._exit(0 if results == [None, [5, None]] and is_native else 1)
    done.set()
    thread.join()
    assert os.waitpid(child, 0)[1] == 0
    assert nodes.sess.run(nodes.count) == 3


@needs_native
def test_lists_are_runs_of_the_arrays_that_they_are(nodes):
    nodes.sess.run([nodes.y, nodes.step], {nodes.x: X})
    for _ in range(3):
        nodes.sess.run([nodes.y, nodes.step], {nodes.x: np.asarray(X).tolist()})
        nodes.sess.run([nodes.y, nodes.step], collections.OrderedDict({nodes.x: X}))
    assert nodes.sess.run(nodes.count) == 7
    assert native_calls(nodes.sess) == 5  # all but the first with a list, which is float64


def test_a_closed_session_frees_its_values_while_the_graph_lives():
    with g.Graph().as_default():
        values = g.Variable(np.zeros(100, np.float32))
        step = values.assign_add(values + 1).op
        start = g.global_variables_initializer()
    alive = []
    for is_closed in (True, False):
        sess = g.Session(values.graph)
        sess.run(start)
        for _ in range(3):
            sess.run(step)
        alive.append(weakref.ref(sess._values[0]))
        if is_closed:
            sess.close()
        else:
            del sess
            gc.collect()
    assert [one() for one in alive] == [None, None]


def test_fetches_that_lie_deep_are_refused_with_a_cure(nodes):
    fetch = nodes.y
    for _ in range(150):
        fetch = [fetch]
    endless = []
    endless.append(endless)
    for deep in fetch, endless, {"a": fetch}:
        with pytest.raises(ArgumentError, match="more than 100 containers"):
            nodes.sess.run(deep)
        with pytest.raises(ArgumentError, match="more than 100 containers"):
            nodes.graph.explain(deep)


@pytest.mark.parametrize("how", [copy.copy, copy.deepcopy, pickle.dumps], ids=lambda f: f.__name__)
def test_a_session_is_not_copied(nodes, how):
    with pytest.raises(TraceError, match="restore_state") as caught:
        how(nodes.sess)
    assert __file__ in str(caught.value)


def test_feeds_of_classes_of_numbers_and_of_arrays(nodes):
    class Index(enum.IntEnum):
        TWO = 2

    class Own(np.ndarray):
        pass

    wanted = nodes.sess.run(nodes.row, {nodes.k: 2})
    for _ in range(2):
        found = nodes.sess.run(nodes.row, {nodes.k: Index.TWO})
        assert found.shape == wanted.shape
    with pytest.raises(g.InvalidArgumentError, match=r"an Own for tensor 'x:0'.*\n.*\n.*asarray"):
        nodes.sess.run(nodes.y, {nodes.x: X.view(Own)})
