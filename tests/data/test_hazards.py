"""What goes wrong with data: files, forks, exits, elements written to, errors that repeat."""

import gc
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from jitflow.data import Dataset
from jitflow.errors import ArgumentError, ShapeError

ROOT = Path(__file__).parents[2]
X = np.arange(40)


def numbers(elements):
    return [np.asarray(x).tolist() for x in elements]


def in_a_process(code, timeout=300):
    """What a script prints; it must come to its end."""
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, encoding="utf-8",
        timeout=timeout, check=True, env={"PYTHONPATH": str(ROOT), "JITFLOW_CACHE_DIR": "off"},
    ).stdout  # fmt: skip


CSV = {
    "a second column of a name": (b"a,a\n1,2\n", {}, "has two columns 'a'"),
    "a bool": (b"a\ntrue\nno\n", {"dtype": bool}, r":3: column a: 'no' is no bool"),
    "an integer too great": (b"a\n1\n300\n", {"dtype": np.int8}, r":3: column a: .*300"),
    "a fraction": (b"a\n1.5\n", {"dtype": int}, r":2: column a: .*'1.5'"),
    "an empty field": (b"a,b\n1,\n", {}, r":2: column b: "),
    "other bytes": (b"a\n1\n2\n\xe9\n", {}, r":4: 'utf-8' codec"),
    "an open quote": (b'a,b\n1,2\n3,"4\n', {}, r":3: unexpected end of data"),
    "a type of no column": (b"a\n1\n", {"dtype": {"z": int}}, "has no column 'z'; it has a"),
    "nothing": (b"", {}, "is empty"),
}


@pytest.mark.parametrize("name", CSV)
def test_files_that_are_malformed(name, tmp_path):
    text, options, message = CSV[name]
    file = tmp_path / "t.csv"
    file.write_bytes(text)
    with pytest.raises(ArgumentError, match=message) as caught:
        list(Dataset.from_csv(file, **options))
    assert "test_hazards.py:" in str(caught.value)


def test_what_spreadsheets_write(tmp_path):
    file = tmp_path / "t.csv"
    file.write_bytes(b'\xef\xbb\xbfa, b\r\n1,TRUE\r\n\r\n"2",0\r\n')
    rows = Dataset.from_csv(file, dtype={"a": np.uint8, "b": bool})
    assert list(rows) == [{"a": 1, "b": True}, {"a": 2, "b": False}]
    assert next(iter(rows.batch(2)))["b"].dtype == bool
    assert list(rows.iterate({"position": 1, "epoch": 0})) == [{"a": 2, "b": False}]


@pytest.mark.parametrize("read", [Dataset.from_csv, Dataset.from_npy, Dataset.from_npz])
def test_files_that_are_not_there_or_something_else(read, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"test_hazards\.py:.*\n.*no file .*none"):
        read(tmp_path / "none")
    with pytest.raises(OSError, match=r"test_hazards\.py:.*\n.*cannot read"):
        read(tmp_path)
    (tmp_path / "text").write_bytes(b"PK\x03\x04 and no more\xff")
    with pytest.raises(ArgumentError, match=r"test_hazards\.py:.*\n.*text"):
        list(read(tmp_path / "text"))


def test_elements_may_be_written_to():
    x = np.zeros((3, 2))
    rows = Dataset.from_arrays((x, np.arange(3)))
    for row, _ in rows:
        row += 1
    assert not x.any()
    kept = rows.map(lambda row, _: row + 1).cache()
    for _ in range(3):
        for row in kept:
            assert (row == 1).all()
            row += 5


def test_mapped_files_give_plain_arrays(tmp_path):
    np.save(tmp_path / "x.npy", np.arange(6.0).reshape(3, 2))
    rows = Dataset.from_npy(tmp_path / "x.npy")
    for dataset in (rows, rows.batch(2), rows.shuffle(3).batch(2)):
        assert {type(x) for x in dataset} == {np.ndarray}
    np.save(tmp_path / "empty.npy", np.zeros((0, 2)))
    assert list(Dataset.from_npy(tmp_path / "empty.npy").batch(2)) == []


def test_an_error_is_not_taken_for_the_end():
    def broken(x):
        if x == 3:
            raise ValueError("three")
        return x

    iteration = iter(Dataset.from_arrays(X).map(broken, threads=2).prefetch(2))
    assert numbers(next(iteration) for _ in range(3)) == [0, 1, 2]
    for _ in range(3):
        with pytest.raises(ValueError, match="three"):
            next(iteration)
    assert iteration.state() == {"position": 3, "epoch": 0}


def test_batches_that_do_not_fit_say_where():
    def ragged():
        for n in (2, 2, 2, 3):
            yield np.zeros(n)

    with pytest.raises(ShapeError, match=r"test_hazards\.py:") as caught:
        list(Dataset.from_generator(ragged).batch(2))
    assert caught.value.__notes__ == ["in batch(2), at element 1"]


def drawn(x, rng):
    time.sleep(float(rng.random()) * 1e-3)
    return int(x), int(rng.integers(1_000_000))


def test_random_numbers_of_elements_do_not_depend_on_threads():
    def build(threads):
        rows = Dataset.from_arrays(X[:6]).shuffle(4, seed=1)
        return rows.map(drawn, threads=threads, seed=9).repeat(2).prefetch(2)

    wanted = list(build(0))
    assert len({number for _, number in wanted}) == 12
    assert list(build(3)) == wanted
    assert list(build(2).iterate({"position": 7, "epoch": 0})) == wanted[7:]


def test_epochs_of_repeated_data_do_not_overlap():
    twice = Dataset.from_arrays(X).shuffle(40, seed=0).repeat(2)
    orders = [numbers(twice.iterate(epoch=n))[i : i + 40] for n in (0, 1) for i in (0, 40)]
    assert len({str(order) for order in orders}) == 4


PIPELINE = """
import os, sys, threading
import numpy as np
from jitflow.data import Dataset
rows = Dataset.from_arrays(np.arange(60)).shuffle(10, seed=2).repeat()
iteration = iter(rows.map(lambda x: x + 1, threads=3).batch(2).prefetch(4))
"""


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="no fork")
def test_a_forked_process_goes_on_with_threads_of_its_own():
    code = """
first = [next(iteration).tolist() for _ in range(3)]
if (child := os.fork()) == 0:
    print([next(iteration).tolist() for _ in range(3)], flush=True)
    sys.exit()                      # with all that a process does in the end
os.waitpid(child, 0)
print([next(iteration).tolist() for _ in range(3)], flush=True)
if os.fork() == 0:
    del iteration
    sys.exit()
os.wait()
"""
    first, second = in_a_process(PIPELINE + code).splitlines()
    assert first == second


@pytest.mark.parametrize("end", ["", "raise SystemExit", "iteration.loop = iteration"])
def test_a_process_ends_with_iterations_that_are_open(end):
    assert in_a_process(f"{PIPELINE}\nprint(next(iteration).shape, flush=True)\n{end}") == "(2,)\n"


def test_iterations_that_are_left_everywhere_leave_no_threads():
    code = """
def left():
    for dataset in (rows.prefetch(1), rows.map(abs, threads=2), rows.map(abs, 2).prefetch(3)):
        for _ in dataset:
            break
        zipped = iter(Dataset.zip(dataset, dataset.cache()))
        next(zipped)
        try:
            for x in dataset:
                raise RuntimeError
        except RuntimeError:
            pass
        [x for x in dataset.take(2)], list(dataset.batch(3).take(1))
del iteration
left()
print([t.name for t in threading.enumerate()])
"""
    assert in_a_process(PIPELINE + code) == "['MainThread']\n"


class Interrupted(threading.Condition):
    """Ctrl-C comes in the instant after the lock was taken, once, in the main thread."""

    entries_left = 0

    def __enter__(self):
        entered = super().__enter__()
        if threading.get_ident() == threading.main_thread().ident:
            Interrupted.entries_left -= 1
            if Interrupted.entries_left == 0:
                signal.raise_signal(signal.SIGINT)
        return entered


@pytest.mark.parametrize("entry", range(1, 12))
@pytest.mark.parametrize("kind", ["map", "prefetch"])
def test_ctrl_c_while_python_itself_holds_a_lock_leaves_no_threads(kind, entry, monkeypatch):
    rows = Dataset.from_arrays(X)
    rows = rows.map(np.sin, threads=2) if kind == "map" else rows.prefetch(2)
    monkeypatch.setattr(threading, "Condition", Interrupted)
    monkeypatch.setattr(Interrupted, "entries_left", entry)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        list(rows)
    except KeyboardInterrupt:
        gc.collect()
    finally:
        signal.signal(signal.SIGINT, before)
    begun = time.monotonic()
    while any(t.name.startswith("jitflow-") for t in threading.enumerate()):
        assert time.monotonic() < begun + 60
        time.sleep(0.01)


REFUSED = [
    lambda d: d.map(3), lambda d: d.filter("x"), lambda d: d.batch(2.0), lambda d: d.take(True),
    lambda d: d.map(abs, seed=-1), lambda d: Dataset.from_arrays([1, 2]), lambda d: Dataset.zip(),
    lambda d: d.shard(2, 2), lambda d: Dataset.from_arrays(np.ma.array([1.0], mask=[True])),
    lambda d: d.iterate({"place": 1}), lambda d: d.shuffle(0),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(REFUSED)))
def test_arguments_that_are_refused_name_the_line(number):
    with pytest.raises(ArgumentError if number != 5 else ShapeError, match=r"test_hazards\.py:"):
        REFUSED[number](Dataset.from_arrays(X))
    assert len(Dataset.from_arrays(X).batch(np.int64(8))) == 5
