"""Checkpoints: what comes back is what was saved, or an error that names the entry."""

import json

import ml_dtypes
import numpy as np
import pytest

import jitflow as jf
import jitflow.graph as g
from jitflow import optim
from jitflow.checkpoint import CheckpointError, Checkpoints, load_tree, save_tree
from jitflow.data import Dataset
from jitflow.errors import ArgumentError

DTYPES = (
    np.bool_, np.int8, np.uint16, np.int64, np.float16, np.float32, np.float64, np.complex64,
    np.complex128, ml_dtypes.bfloat16,
)  # fmt: skip


def tree():
    arrays = [np.arange(6).reshape(2, 3).astype(t) for t in DTYPES]
    state = optim.Adam().init({"w": np.ones((2, 2))})
    return {"arrays": arrays, "opt": state, "n": 3, "rate": 0.1, "name": "x", "none": None,
            "empty": np.zeros((0, 2)), "scalar": np.float32(2.5), "flags": (True, np.array(4))}


def test_a_tree_comes_back(tmp_path):
    save_tree(tmp_path / "t", tree())
    found = load_tree(tmp_path / "t", tree())
    assert type(found["opt"]) is optim.State
    for a, b in zip(found["arrays"], tree()["arrays"], strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a.view(np.uint8), b.view(np.uint8))
    for name in ("n", "rate", "name", "none"):
        assert found[name] == tree()[name]
    assert found["scalar"] == np.float32(2.5)
    assert found["empty"].shape == (0, 2)
    plain = load_tree(tmp_path / "t")
    assert plain["opt"]["slots"]["m"]["w"].shape == (2, 2)
    with pytest.raises(ArgumentError, match="exists"):
        save_tree(tmp_path / "t", {})


@pytest.mark.parametrize(
    ("like", "message"),
    [
        ({"a": np.ones(3), "b": np.ones(2)}, "no entry b"),
        ({}, "has an entry a, which the tree has not"),
        ({"a": np.ones(4)}, r"a does not fit\n  shapes: \(3,\), \(4,\)"),
        ({"a": np.ones(3, np.float32)}, "dtypes: float64, float32"),
        ({"a": 3}, "a does not fit"),
    ],
)
def test_trees_that_do_not_fit(tmp_path, like, message):
    save_tree(tmp_path / "t", {"a": np.ones(3)})
    with pytest.raises(CheckpointError, match=message):
        load_tree(tmp_path / "t", like)


def test_what_cannot_be_saved(tmp_path):
    for bad in (object(), np.array(["text"]), np.array([None])):
        with pytest.raises(CheckpointError, match="part/x is a"):
            Checkpoints(tmp_path).save(1, part={"x": bad})
    assert list(tmp_path.iterdir()) == []


def test_older_checkpoints_go(tmp_path):
    store = Checkpoints(tmp_path / "deep" / "runs", keep=2)
    assert store.steps() == []
    for step in (1, 5, 30):
        store.save(step, params={"w": np.full(3, float(step))})
    assert store.steps() == [5, 30]
    assert store.restore(params={"w": np.zeros(3)})["params"]["w"][0] == 30
    assert store.restore(5)["params"]["w"][0] == 5
    with pytest.raises(CheckpointError, match=r"no checkpoint of step 1 .*\[5, 30\]"):
        store.restore(1)
    with pytest.raises(ArgumentError, match="has a checkpoint of step 30"):
        store.save(30, params={})
    with pytest.raises(ArgumentError, match="step is 'last'; it must be an integer"):
        store.save("last", params={})


def damaged(file, at):
    data = bytearray(file.read_bytes())
    data[at] ^= 1
    file.write_bytes(bytes(data))


def test_every_damaged_byte_is_found(tmp_path):
    save_tree(tmp_path / "t", {"a": np.ones(3), "b": {"c": np.arange(4)}, "n": 3})
    for name in ("tensors.safetensors", "index.json"):
        file = tmp_path / "t" / name
        whole = file.read_bytes()
        for at in range(0, len(whole), 3):
            damaged(file, at)
            with pytest.raises(CheckpointError, match=r"t/(index|tensors)"):
                load_tree(tmp_path / "t")
            file.write_bytes(whole)
    damaged(tmp_path / "t" / "tensors.safetensors", -1)
    with pytest.raises(CheckpointError, match="the entry (a|b/c) is damaged"):
        load_tree(tmp_path / "t")


def test_every_truncation_is_found(tmp_path):
    save_tree(tmp_path / "t", {"a": np.ones(3)})
    for name in ("tensors.safetensors", "index.json"):
        file = tmp_path / "t" / name
        whole = file.read_bytes()
        for size in range(len(whole) - 1):
            file.write_bytes(whole[:size])
            with pytest.raises(CheckpointError):
                load_tree(tmp_path / "t", {"a": np.ones(3)})
        file.write_bytes(whole)
    index = tmp_path / "t" / "index.json"
    body = json.loads(index.read_text().partition("\n")[2])
    assert body["entries"]["a"]["shape"] == [3]


def test_a_write_that_fails_leaves_the_one_before(tmp_path, monkeypatch):
    from jitflow.checkpoint import files

    store = Checkpoints(tmp_path)
    store.save(1, w=np.ones(3))

    def full(file, data):
        raise OSError("no space left on device")

    monkeypatch.setattr(files, "_put", full)
    with pytest.raises(OSError, match="no space"):
        store.save(2, w=np.zeros(3))
    assert [path.name for path in tmp_path.iterdir()] == ["step-00000001"]
    assert store.restore(w=np.zeros(3))["w"][0] == 1


def test_sessions_iterations_and_variables(tmp_path):
    with g.Graph().as_default():
        v = g.Variable(1.0, name="v")
        drawn = v.assign_add(g.random_normal([], seed=1))
        sess, other = g.Session(), g.Session()
        init = g.global_variables_initializer()
        sess.run(init)
        sess.run(drawn)
        rows = Dataset.from_arrays(np.arange(10)).shuffle(10, seed=2)
        iteration = rows.iterate()
        head = [int(next(iteration)) for _ in range(4)]
        own = jf.Variable([1.0, 2.0])
        store = Checkpoints(tmp_path)
        store.save(4, session=sess, data=iteration, own={"w": own})
        rest = [int(x) for x in iteration]
        following = sess.run(drawn)
        other.run(init)
        again = rows.iterate()
        found = store.restore(session=other, data=again, own={"w": own})
    assert other.run(drawn) == following
    assert [int(x) for x in again] == rest
    assert sorted(head + rest) == list(range(10))
    np.testing.assert_array_equal(found["own"]["w"], own.numpy())


def test_a_session_without_values_takes_those_that_were_saved(tmp_path):
    store = Checkpoints(tmp_path)

    def build():
        x = g.placeholder(np.float32, [])
        w = g.get_variable("w", [2], initializer=g.constant_initializer(1.0))
        step = optim.Adam(0.1).minimize(np.sum(np.square(w * x)))
        return x, w, step, g.global_variables_initializer(), g.Session()

    with g.Graph().as_default():
        x, w, step, init, sess = build()
        sess.run(init)
        sess.run(step, {x: 2.0})
        store.save(1, session=sess)
        wanted = sess.run([step, w], {x: 2.0})[1]
    with g.Graph().as_default():
        x, w, step, init, sess = build()
        store.restore(session=sess)
        np.testing.assert_array_equal(sess.run([step, w], {x: 2.0})[1], wanted)
        late = g.get_variable("late", [], initializer=g.constant_initializer(0.0))
        sess.run(late.initializer)
        with pytest.raises(CheckpointError, match="no entry session/variables/late"):
            store.restore(session=sess)
        sess.close()
        with pytest.raises(ArgumentError, match="closed"):
            store.restore(session=sess)
