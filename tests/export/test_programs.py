"""Sessions and models in files: state goes on, in a process that has none of their Python code."""

import copy
import pickle
import subprocess
import sys
import threading
from collections import namedtuple

import numpy as np
import pytest

import jitflow as jf
import jitflow.graph as g
from jitflow import export, nn, optim
from jitflow.errors import ArgumentError, TraceError
from tests.support.c_programs import call_c, can_run

RNG = np.random.default_rng(0)
Found = namedtuple("Found", "loss w")


LOOP = """
#include <stdio.h>
#include <string.h>
#include "step.h"
int main(void) {
    static float w[3], m[3], x[16 * 3], y[16], loss;
    static _Alignas(64) char workspace[STEP_WORKSPACE_BYTES + 1];
    int64_t draws = step_initial_draws[0];
    memcpy(w, step_initial_w, sizeof w);
    memcpy(m, step_initial_Momentum_w_momentum, sizeof m);
    if (fread(x, 4, 48, stdin) + fread(y, 4, 16, stdin) != 64) return 1;
    for (int i = 0; i < 3; i++)
        if (step(m, draws, w, x, y, &loss, m, &draws, w, workspace)) return 2;
    fwrite(&loss, 4, 1, stdout);
    fwrite(w, 4, 3, stdout);
    return 0;
}
"""
"""Three steps of `regression`, with its state where it is."""


def regression(seed=1):
    """A graph of linear regression: its placeholders, loss, train step, variable."""
    x, y = g.placeholder(np.float32, [None, 3], "x"), g.placeholder(np.float32, [None], "y")
    w = g.Variable(np.zeros(3, np.float32), name="w")
    noise = g.random_normal([3], seed=seed) * 1e-3
    loss = g.reduce_mean((g.reduce_sum(x * (w + noise), axis=1) - y) ** 2)
    return x, y, w, loss, optim.Momentum(0.1, 0.9).minimize(loss)


@pytest.fixture
def data():
    x = RNG.normal(size=(16, 3)).astype(np.float32)
    return x, (x @ np.array([1, -2, 3])).astype(np.float32)


def test_a_train_step_goes_on_with_the_bits_of_its_session(tmp_path, data):
    with g.Graph().as_default():
        x, y, w, loss, train = regression()
        with g.Session() as session:
            session.run(g.global_variables_initializer())
            session.run([loss, train], {x: data[0], y: data[1]})
            feeds = {x: data[0], y: data[1]}
            export.save(tmp_path / "step.jfx", session, Found(loss, [train, w]), feeds)
            step = export.load(tmp_path / "step.jfx")
            assert "w" in step.state
            for _ in range(5):
                wanted = session.run(Found(loss, [train, w]), feeds)
                found = step(x=data[0], y=data[1])
                assert type(found).__name__ == "Found"
                np.testing.assert_array_equal(found.loss, wanted.loss, strict=True)
                np.testing.assert_array_equal(found.w[1], wanted.w[1], strict=True)
                assert found.w[0] is None
            assert step.state["draws"] == session.checkpoint_state()["draws"]
            session.run(loss, feeds)
        state = dict(step.state)
        results, changes = step.run(state, data[0], data[1])
        assert np.isfinite(results.loss)
        assert changes.keys() == state.keys()
        np.testing.assert_array_equal(step.state["w"], state["w"])


def test_a_copy_of_a_program_has_a_state_of_its_own(tmp_path, data):
    with g.Graph().as_default(), g.Session() as session:
        x, y, w, loss, train = regression()
        session.run(g.global_variables_initializer())
        export.save(tmp_path / "step.jfx", session, [loss, train], {x: data[0], y: data[1]})
    step = export.load(tmp_path / "step.jfx")
    first = step(*data)[0]
    for other in copy.copy(step), copy.deepcopy(step):
        np.testing.assert_array_equal(other.state["w"], step.state["w"])
        before = step.state["w"].copy()
        assert other(*data)[0] < first
        np.testing.assert_array_equal(step.state["w"], before)
    with pytest.raises(TraceError, match="load it where it is needed"):
        pickle.dumps(step)


def test_a_process_without_the_graph(tmp_path, data):
    with g.Graph().as_default(), g.Session() as session:
        x, y, w, loss, train = regression()
        session.run(g.global_variables_initializer())
        export.save(tmp_path / "step.jfx", session, [loss, train, w], {x: data[0], y: data[1]})
        np.savez(tmp_path / "data.npz", x=data[0], y=data[1])
        script = (
            "import numpy as np, sys\nfrom jitflow import export\n"
            "data = np.load('data.npz')\n"
            "step = export.load('step.jfx')\n"
            "for _ in range(3): found = step({'x': data['x'], 'y': data['y']})\n"
            "assert 'jitflow.graph' not in sys.modules\n"
            "sys.stdout.write((found[0].tobytes() + found[2].tobytes()).hex())\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True,
            timeout=600, cwd=tmp_path,
        )  # fmt: skip
        for _ in range(3):
            wanted = session.run([loss, train, w], {x: data[0], y: data[1]})
        assert done.stdout == (wanted[0].tobytes() + wanted[2].tobytes()).hex()


def test_fetches_of_any_structure_and_gradients(tmp_path):
    with g.Graph().as_default(), g.Session() as session:
        a, b = g.placeholder(np.float64, [], "a"), g.placeholder(np.float64, [2], "scope/b")
        many = {f"n{k}": a + k for k in range(12)}
        fetches = (many, [g.gradients(a * a * b[0], [a, b]), (b,)])
        export.save(tmp_path / "f", session, fetches, [a, b])
        loaded = export.load(tmp_path / "f")
        feeds = {a: 3.0, b: np.array([1.0, 2.0])}
        found = loaded({a.op.name: 3.0, b.op.name: [1, 2]})
        wanted = session.run(fetches, feeds)
        jf.map_tree(
            lambda x, y: np.testing.assert_array_equal(x, y, strict=True),
            found, ({**wanted[0]}, [list(wanted[1][0]), tuple(wanted[1][1])]),
        )  # fmt: skip
        assert list(found[0])[:2] == ["n0", "n1"] or sorted(found[0]) == sorted(many)
        assert found[0]["n10"] == 13


@pytest.mark.skipif(not can_run(""), reason="there is no C compiler")
def test_c_goes_on_with_the_state_where_it_is(tmp_path, data):
    with g.Graph().as_default(), g.Session() as session:
        x, y, w, loss, train = regression()
        session.run(g.global_variables_initializer())
        feeds = {x: data[0], y: data[1]}
        session.run(train, feeds)
        built = export.build(tmp_path / "step", session, [loss, train], feeds)
        assert [p.over for p in built.parameters if p.over] == ["Momentum_w_momentum", "w"]
        (tmp_path / "main.c").write_text(LOOP)
        program = [tmp_path / "main.c", built.object, "-o", tmp_path / "main"]
        subprocess.run(["cc", "-Wall", "-Wextra", "-Werror", *program], check=True)
        given = data[0].tobytes() + data[1].tobytes()
        done = subprocess.run([tmp_path / "main"], input=given, capture_output=True, check=True)
        for _ in range(3):
            wanted = session.run([loss, train, w], feeds)
    assert done.stdout == wanted[0].tobytes() + wanted[2].tobytes()


def test_threads_take_turns(tmp_path):
    with g.Graph().as_default(), g.Session() as session:
        n = g.Variable(np.int32(0), name="n")
        session.run(g.global_variables_initializer())
        export.save(tmp_path / "count", session, n.assign_add(1))
    count = export.load(tmp_path / "count")
    threads = [threading.Thread(target=lambda: [count() for _ in range(200)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count.state["n"] == 800


def test_prints_are_kept(tmp_path, capsys):
    with g.Graph().as_default(), g.Session() as session:
        x = g.placeholder(np.int32, [5], "x")
        y = g.Print(x * 2, [x, x + 1], "values: ", summarize=2)
        export.save(tmp_path / "f", session, y, [x])
        loaded = export.load(tmp_path / "f")
        session.run(y, {x: np.arange(5, dtype=np.int32)})
        wanted = capsys.readouterr().out
        assert loaded(np.arange(5, dtype=np.int32)).tolist() == [0, 2, 4, 6, 8]
        assert capsys.readouterr().out == wanted == "values: [0 1...][1 2...]\n"
        with pytest.raises(ArgumentError, match="prints to a stream"):
            export.save(tmp_path / "f", session, g.Print(x, [x], stream=sys.stderr), [x])


def test_variables_without_a_value_are_given_with_the_state(tmp_path, data):
    with g.Graph().as_default() as graph:
        x, y, w, loss, train = regression()
        feeds = {x: data[0], y: data[1]}
        export.save(tmp_path / "step", g.Session(graph), [loss, train, w], feeds)
        export.save(tmp_path / "init", g.Session(graph), g.global_variables_initializer())
        step, init = export.load(tmp_path / "step"), export.load(tmp_path / "init")
        with pytest.raises(TraceError, match="there is no value for 'Momentum/w/momentum'"):
            step(*data)
        state = init.run({})[1]
        for name, value in state.items():
            step.state[name] = value
        found = step(*data)
        with g.Session() as session:
            session.run(g.global_variables_initializer())
            wanted = session.run([loss, train, w], feeds)
        np.testing.assert_array_equal(found[0], wanted[0], strict=True)
        np.testing.assert_array_equal(found[2], wanted[2], strict=True)


def test_inputs_that_do_not_fit(tmp_path, data):
    with g.Graph().as_default(), g.Session() as session:
        x, y, w, loss, train = regression()
        session.run(g.global_variables_initializer())
        export.save(tmp_path / "step", session, [loss, train, w], {x: data[0], y: data[1]})
        with pytest.raises(ArgumentError, match=r"x has shape \(\?, 3\): a file is for one shape"):
            export.save(tmp_path / "f", session, loss, [x, y])
        with pytest.raises(ArgumentError, match="the session is closed"):
            closed = g.Session()
            closed.close()
            export.save(tmp_path / "f", closed, loss, [x, y])
    step = export.load(tmp_path / "step")
    before = dict(step.state)
    with pytest.raises(TraceError, match="it takes x, y; given: x"):
        step(data[0])
    with pytest.raises(TraceError, match="it takes x, y; given: x, y, z"):
        step(x=data[0], y=data[1], z=1)
    with pytest.raises(TraceError, match="it takes x, y; given: 3 in order"):
        step(data[0], data[1], 1)
    with pytest.raises(TraceError, match=r"%\w+ is f32\[16, 3\], not f32\[15, 3\]"):
        step(data[0][1:], data[1])
    with pytest.raises(TraceError, match=r"is f32\[16, 3\], not c64\[16, 3\]"):
        step(data[0] * 1j, data[1])
    for name, value in before.items():
        np.testing.assert_array_equal(step.state[name], value)
    step(data[0].astype(np.float64), data[1].tolist())


def model():
    made = nn.Sequential([nn.Dense(8, nn.relu), nn.Dropout(0.5), nn.Dense(3)])
    made.compile(optim.Adam(0.01), nn.sparse_categorical_crossentropy, metrics=["accuracy"])
    return made


def test_a_model_predicts_and_trains_from_a_file(tmp_path):
    x = RNG.normal(size=(32, 4)).astype(np.float32)
    y = RNG.integers(0, 3, 32)
    trained = model()
    trained.fit(x, y, batch_size=32, epochs=2, verbose=False, shuffle=False)
    export.save(tmp_path / "predict", trained, x)
    export.save(tmp_path / "train", trained, x, y)
    predict, train = export.load(tmp_path / "predict"), export.load(tmp_path / "train")
    np.testing.assert_array_equal(predict(x), trained.predict(x, batch_size=32))
    history = trained.fit(
        x, y, batch_size=32, epochs=5, initial_epoch=2, verbose=False, shuffle=False
    )
    losses = [float(train(x, y)["loss"]) for _ in range(3)]
    assert losses == history.history["loss"]
    jf.map_tree(
        lambda a, b: np.testing.assert_array_equal(a, b, strict=True),
        train.state["variables"].params, trained.variables.params,
    )  # fmt: skip


class Sum(nn.Model):
    def forward(self, parts):
        return parts["a"] + nn.Dense(3)(parts["b"])


def test_inputs_that_are_trees_are_named_by_their_paths(tmp_path):
    parts = {"a": np.ones((2, 3), np.float32), "b": np.ones((2, 4), np.float32)}
    summed = Sum()
    summed.build(parts)
    built = export.build(tmp_path / "summed", summed, parts)
    assert [p.path for p in built.parameters] == ["x['a']", "x['b']", "out"]
    if can_run(""):
        status, _, (found,) = call_c(built, [parts["a"], parts["b"]])
        assert status == 0
        np.testing.assert_array_equal(found, summed.predict(parts))
