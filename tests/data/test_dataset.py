"""Datasets: the same elements in the same order, from any position, with and without threads."""

import gc
import threading
import time

import numpy as np
import pytest

from jitflow.data import Dataset
from jitflow.errors import ArgumentError, ShapeError

X = np.arange(20)


def rows():
    return Dataset.from_arrays(X)


def plain(dataset):
    return [np.asarray(x).tolist() for x in dataset]


def counted(n=20):
    return Dataset.from_generator(lambda: iter(range(n)))


def no_threads_are_left():
    gc.collect()
    for _ in range(1500):
        if not [t for t in threading.enumerate() if t.name.startswith("jitflow-")]:
            return True
        time.sleep(0.02)
    return False


def test_rows_of_trees():
    dataset = Dataset.from_arrays({"x": X, "y": (X * 2, X * 3.0)})
    assert len(dataset) == 20
    last = list(dataset)[-1]
    assert last == {"x": 19, "y": (38, 57.0)}
    with pytest.raises(ShapeError, match=r"\(20,\), \(3,\)"):
        Dataset.from_arrays((X, np.ones(3)))
    with pytest.raises(ShapeError):
        Dataset.from_arrays(3.0)


PIPELINES = {
    "take": (lambda d: d.take(3), [0, 1, 2]),
    "skip": (lambda d: d.skip(17), [17, 18, 19]),
    "filter": (lambda d: d.filter(lambda x: x % 7 == 0), [0, 7, 14]),
    "map": (lambda d: d.map(lambda x: x * x).take(4), [0, 1, 4, 9]),
    "threads": (lambda d: d.map(lambda x: x * x, threads=3).take(4), [0, 1, 4, 9]),
    "shard": (lambda d: d.shard(6, 1), [1, 7, 13, 19]),
    "repeat": (lambda d: d.take(2).repeat(3), [0, 1] * 3),
    "batch": (lambda d: d.batch(8), [list(range(8)), list(range(8, 16)), [16, 17, 18, 19]]),
    "whole batches": (lambda d: d.batch(8, drop_remainder=True).map(len), [8, 8]),
    "cache": (lambda d: d.take(3).cache().repeat(2), [0, 1, 2] * 2),
    "prefetch": (lambda d: d.prefetch(2).skip(18), [18, 19]),
    "zip": (lambda d: Dataset.zip(d, d.skip(18)).map(lambda x, y: x + y), [18, 20]),
}


@pytest.mark.parametrize("source", [rows, counted])
@pytest.mark.parametrize("name", PIPELINES)
def test_stages(name, source):
    build, wanted = PIPELINES[name]
    assert plain(build(source())) == wanted
    assert no_threads_are_left()


LONG = {
    **{name: build for name, (build, _) in PIPELINES.items()},
    "shuffle": lambda d: d.shuffle(5, seed=3),
    "whole shuffle": lambda d: d.shuffle(100, seed=3).batch(3).repeat(2),
    "all": lambda d: d.filter(lambda x: x % 2 == 0).shuffle(4).map(lambda x: x + 1, 2)
    .batch(3).repeat(3).prefetch(2),
}  # fmt: skip


@pytest.mark.parametrize("source", [rows, counted])
@pytest.mark.parametrize("name", LONG)
def test_an_iteration_goes_on_from_its_state(name, source):
    dataset = LONG[name](source())
    whole = plain(dataset)
    assert plain(dataset) == whole
    for at in range(len(whole) + 1):
        with dataset.iterate() as first:
            head = [np.asarray(next(first)).tolist() for _ in range(at)]
            state = first.state()
        assert head + plain(LONG[name](source()).iterate(state)) == whole
    assert no_threads_are_left()


def test_orders_depend_on_seed_and_epoch():
    dataset = rows().shuffle(20, seed=1)
    first = plain(dataset)
    assert sorted(first) == X.tolist() != first
    assert plain(rows().shuffle(20, seed=1)) == first
    assert plain(rows().shuffle(20, seed=2)) != first
    assert plain(dataset.iterate(epoch=1)) != first
    twice = plain(dataset.repeat(2))
    assert twice[:20] == first
    assert twice[20:] == plain(dataset.iterate(epoch=1))
    same = plain(rows().shuffle(20, seed=1, reshuffle=False).repeat(2))
    assert same[:20] == same[20:]
    near = plain(counted().shuffle(3, seed=1))
    assert all(place <= at + 3 for at, place in enumerate(near))
    assert plain(counted().shuffle(7, seed=5)) == plain(rows().shuffle(7, seed=5))


def test_batches_are_copies():
    x = np.zeros((4, 2))
    batch = next(iter(Dataset.from_arrays(x).batch(2)))
    batch += 1
    assert not x.any()


def test_batches_of_elements_that_differ():
    def ragged():
        yield np.zeros(2)
        yield np.zeros(3)

    with pytest.raises(ShapeError, match=r"\(2,\).*\(3,\)"):
        list(Dataset.from_generator(ragged).batch(2))
    with pytest.raises(ArgumentError, match="structures"):
        list(Dataset.from_generator(lambda: iter([1, (1, 2)])).batch(2))


def fails(x):
    if x == 7:
        raise KeyError("seven")
    return x


@pytest.mark.parametrize("threads", [0, 1, 3])
@pytest.mark.parametrize("ahead", [False, True])
def test_errors_reach_the_consumer_with_their_origin(threads, ahead):
    dataset = rows().map(fails, threads=threads)
    dataset = dataset.prefetch(3) if ahead else dataset
    seen = []
    with pytest.raises(KeyError, match="seven") as caught:
        for x in dataset:
            seen.append(int(x))
    assert seen == list(range(7))
    (note,) = caught.value.__notes__
    assert "map(fails" in note
    assert note.endswith("at element 7")
    assert caught.traceback[-1].name == "fails"
    assert no_threads_are_left()


def test_a_generator_that_raises():
    def broken():
        yield 1
        raise OSError("disk")

    with pytest.raises(OSError, match="disk") as caught:
        list(Dataset.from_generator(broken).prefetch(1))
    assert "broken" in caught.value.__notes__[0]
    with pytest.raises(ArgumentError, match="generator function itself"):
        Dataset.from_generator(iter([1]))


def test_an_iteration_that_is_left_ends_its_threads():
    endless = rows().repeat().map(lambda x: x, threads=2).prefetch(2)
    for x in endless:
        if x == 5:
            break
    del x
    assert no_threads_are_left()
    with endless.iterate() as pass_:
        next(pass_)
    assert no_threads_are_left()
    assert list(pass_) == []


def test_prefetching_overlaps():
    made = [threading.Event() for _ in X]

    def mark(x):
        made[x].set()
        return x

    with rows().map(mark).iterate() as elements:
        assert next(elements) == 0 and not made[1].is_set()
    with rows().map(mark).prefetch(2).iterate() as elements:
        assert next(elements) == 0
        assert made[1].wait(60) and made[2].wait(60)  # while the first one is in use


def test_empty_and_endless():
    assert plain(rows().take(0).repeat()) == []
    assert plain(counted(0).batch(3)) == []
    assert plain(rows().repeat().take(25))[-1] == 4
    with pytest.raises(TypeError, match="not known"):
        len(counted())
    assert len(rows().batch(8)) == 3


def test_files(tmp_path):
    table = tmp_path / "t.csv"
    table.write_text("a,b,c\n1,2.5,x\n3,4.5,y\n")
    dataset = Dataset.from_csv(table, ["b", "a"], dtype={"a": np.int32, "b": np.float32})
    assert list(dataset) == [{"b": 2.5, "a": 1}, {"b": 4.5, "a": 3}]
    batch = next(iter(dataset.batch(2)))
    assert batch["a"].dtype == np.int32
    with pytest.raises(ArgumentError, match=r"t\.csv:2: column c: could not convert"):
        list(Dataset.from_csv(table))
    with pytest.raises(ArgumentError, match="no column 'd'; it has a, b, c"):
        Dataset.from_csv(table, ["d"])
    table.write_text("1,2\n3\n")
    with pytest.raises(ArgumentError, match=r"t\.csv:2: 1 fields, not 2"):
        list(Dataset.from_csv(table, header=False))
    np.savez(tmp_path / "t.npz", x=X, y=X * 2)
    assert list(Dataset.from_npz(tmp_path / "t.npz"))[3] == {"x": 3, "y": 6}
    with pytest.raises(ArgumentError, match="no array 'z'"):
        Dataset.from_npz(tmp_path / "t.npz", ["z"])
    np.save(tmp_path / "t.npy", X)
    assert plain(Dataset.from_npy(tmp_path / "t.npy").batch(20)) == [X.tolist()]


@pytest.mark.parametrize(
    "bad",
    [
        lambda d: d.batch(0), lambda d: d.shuffle(0), lambda d: d.take(-1), lambda d: d.shard(2, 2),
        lambda d: d.prefetch(0), lambda d: d.map(len, threads=-1), lambda d: d.repeat(-1),
        lambda d: d.iterate({"position": -1, "epoch": 0}), lambda d: d.iterate({"place": 0}),
        lambda d: d.batch(2.0), lambda d: Dataset.zip(),
    ],
)  # fmt: skip
def test_arguments_that_are_wrong(bad):
    with pytest.raises(ArgumentError):
        bad(rows())
