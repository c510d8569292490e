"""Writers that are killed, that have no room, that are many: what was whole stays whole."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import jitflow as jf
from jitflow import nn, optim
from jitflow.checkpoint import (
    CheckpointError,
    Checkpoints,
    CheckpointWriteError,
    load_tree,
    save_tree,
)
from jitflow.data import Dataset
from jitflow.errors import ArgumentError

ROOT = Path(__file__).parents[2]

WRITER = """
import sys, numpy as np
from jitflow.checkpoint import Checkpoints
store = Checkpoints(sys.argv[1], keep=3)
first, every = int(sys.argv[2]), int(sys.argv[3])
for step in range(first, 100_000, every):
    store.save(step, w=np.full(20_000, float(step)), n=step)
    print(step, flush=True)
"""


def writer(folder, first=1, every=1):
    command = [sys.executable, "-c", WRITER, str(folder), str(first), str(every)]
    environment = {"PYTHONPATH": str(ROOT), "JITFLOW_CACHE_DIR": "off"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, encoding="utf-8")


def all_are_whole(folder):
    """The steps of the checkpoints, each of which was read."""
    store = Checkpoints(folder)
    for step in store.steps():
        found = store.restore(step, w=np.zeros(20_000), n=0)
        assert found["n"] == step
        assert (found["w"] == step).all()
    return store.steps()


def test_writers_that_are_killed(tmp_path):
    random.seed(0)
    last = 0
    for _ in range(3):
        process = writer(tmp_path, last + 1)
        for _ in range(5):
            last = int(process.stdout.readline())
        time.sleep(random.uniform(0, 0.02))
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        last = max(last, *all_are_whole(tmp_path))
    store = Checkpoints(tmp_path, keep=3)
    store.save(last + 1, w=np.full(20_000, last + 1.0), n=last + 1)
    assert len(all_are_whole(tmp_path)) == 3
    assert store.latest == last + 1
    names = [path.name for path in tmp_path.iterdir()]
    assert all(name.startswith("step-") for name in names), names


def test_several_writers(tmp_path):
    processes = [writer(tmp_path, first, 2) for first in (1, 2)]
    for process in processes:
        for _ in range(4):
            assert process.stdout.readline()
    for process in processes:
        process.kill()
        process.wait()
        process.stdout.close()
    assert all_are_whole(tmp_path)


def test_a_disk_that_is_full(tmp_path):
    """The system refuses files beyond a size, in a process of its own."""
    pytest.importorskip("resource")
    code = f"""
import resource, signal, numpy as np
from jitflow.checkpoint import Checkpoints, CheckpointWriteError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = Checkpoints({str(tmp_path)!r})
store.save(1, w=np.ones(10))
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    store.save(2, w=np.ones(10_000))
except CheckpointWriteError as error:
    assert isinstance(error, OSError) and "step-00000002" in str(error), error
    print(store.steps(), store.restore(w=np.zeros(10))["w"].sum())
"""
    environment = {"PYTHONPATH": str(ROOT), "JITFLOW_CACHE_DIR": "off"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", env=environment,
        check=True,
    )  # fmt: skip
    assert done.stdout == "[1] 10.0\n"
    assert os.listdir(tmp_path) == ["step-00000001"]


def test_a_file_in_the_way(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CheckpointWriteError, match=r"test_crashes\.py:"):
        save_tree(tmp_path / "file" / "x", {"a": np.ones(1)})
    store = Checkpoints(tmp_path)
    store.save(np.int64(3), a=np.ones(1))
    for bad in (3, -1, 2.5):
        with pytest.raises(ArgumentError, match=r"test_crashes\.py:"):
            store.save(bad, a=np.ones(1))


def test_a_damaged_checkpoint_names_the_one_before(tmp_path):
    store = Checkpoints(tmp_path)
    for step in (1, 2):
        store.save(step, a=np.full(3, float(step)))
    file = store.folder / "step-00000002" / "tensors.safetensors"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(CheckpointError, match="damaged") as caught:
        store.restore(a=np.zeros(3))
    assert "restore(1, ...)" in caught.value.__notes__[0]
    assert store.restore(1, a=np.zeros(3))["a"][0] == 1


def test_a_step_that_was_just_saved_stays(tmp_path):
    store = Checkpoints(tmp_path, keep=1)
    for step in (5, 3):
        store.save(step, a=np.ones(1))
    assert store.steps() == [3, 5]


NAMES = {
    "a.b": np.ones(1), "a": {"b": np.zeros(1)}, "x/y": np.full(1, 2.0), "x": {"y": np.full(1, 3.0)},
    "x%2Fy": np.full(1, 4.0), "it's": np.ones(2), 'a "quote"': 5, "long" * 200: [np.ones(1)] * 2,
}  # fmt: skip


def test_names_do_not_meet(tmp_path):
    save_tree(tmp_path / "t", NAMES)
    found = load_tree(tmp_path / "t", NAMES)
    for name, x in NAMES.items():
        np.testing.assert_equal(found[name], x)
    assert load_tree(tmp_path / "t")["x/y"] == 2


def test_arrays_of_any_layout(tmp_path):
    x = np.arange(12.0).reshape(3, 4)
    tree = {
        "turned": x.T, "backwards": x[::-1, ::2], "swapped": x.astype(">f8"),
        "columns": np.asfortranarray(x), "swapped number": np.array(3, ">i2")[()],
    }  # fmt: skip
    save_tree(tmp_path / "t", tree)
    for found in (load_tree(tmp_path / "t"), load_tree(tmp_path / "t", tree)):
        for name, wanted in tree.items():
            np.testing.assert_array_equal(found[name], wanted)
            assert found[name].dtype.isnative


def test_arrays_that_are_more_than_numbers(tmp_path):
    masked = np.ma.array([1.0, 2.0], mask=[False, True])
    records, wide = np.zeros(2, [("a", "i4")]), np.ones(2, np.longdouble)
    for x in (masked, records, wide, np.array(["2020"], "M8[D]")):
        with pytest.raises(CheckpointError, match=r"a/0 is an? .* cannot be saved"):
            save_tree(tmp_path / "t", {"a": [x]})
    assert list(tmp_path.iterdir()) == []


def test_objects_anywhere_in_a_tree(tmp_path):
    variable, rng, old = jf.Variable([1.0, 2.0]), np.random.default_rng(1), random.Random(5)
    legacy = np.random.RandomState(3)
    parts = {"all": [variable, {"rng": rng, "old": old}], "legacy": legacy}
    store = Checkpoints(tmp_path)
    store.save(1, **parts)

    def draw():
        return float(rng.normal()), old.gauss(0, 1), float(legacy.normal())

    wanted = draw()
    variable.assign([0.0, 0.0])
    found = store.restore(**parts)
    assert found["all"][0] is variable
    assert variable.numpy().tolist() == [1, 2]
    assert draw() == wanted


def model(units=2, optimizer=optim.Adam):
    made = nn.Sequential([nn.Dense(units)])
    made.compile(optimizer(), "mse")
    made.build(np.zeros((1, 3), np.float32))
    return made


def test_objects_of_another_kind(tmp_path):
    store = Checkpoints(tmp_path)
    rows = Dataset.from_arrays(np.arange(4))
    store.save(1, model=model(), own={"data": iter(rows), "text": "a", "flag": True})
    fits = {"data": iter(rows), "text": "", "flag": False}
    other = nn.Dense(2).init(jf.random.key(0), np.zeros((1, 3), np.float32))
    for like, message in (
        ({"model": model(3), "own": fits}, "dense/bias does not fit"),
        ({"model": model(2, optim.Momentum), "own": fits}, "no entry model/slots/slots/momentum"),
        ({"model": other, "own": fits}, "no entry model/params/bias"),
        ({"model": np.random.default_rng(0), "own": fits}, "model is of a Sequential, not of a"),
        ({"model": model(), "own": {**fits, "text": 3}}, "own/text is a plain str, not int"),
        ({"model": model(), "own": {**fits, "flag": 1}}, "own/flag is a plain bool, not int"),
        ({"model": model()}, "has an entry own/data/epoch"),
    ):
        with pytest.raises(CheckpointError, match=message) as caught:
            store.restore(**like)
        assert "test_crashes.py:" in str(caught.value)
    assert store.restore(model=model(), own=fits)["own"]["text"] == "a"
