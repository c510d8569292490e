"""What a session keeps, takes and refuses."""

import copy
import enum
import gc
import pickle
import weakref

import numpy as np
import pytest

import jitflow as jf
import jitflow.graph as g
from jitflow.errors import ArgumentError, TraceError

X = np.arange(6, dtype=np.float32).reshape(2, 3)


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
