"""Chapter A of the rows: training, portability, eager execution and tapes."""

import subprocess
import sys

import numpy as np

import jitflow as jf
import jitflow.graph as g
from jitflow import checkpoint, export, nn, optim
from jitflow.ir.row import ROWS


def blobs():
    x = np.random.default_rng(0).normal(size=(64, 2)).astype(np.float32)
    return x, (x.sum(1) > 0).astype(np.int32)


def model():
    return nn.Sequential([nn.Dense(8, nn.tanh), nn.Dense(2)])


def test_a17_compile_connects_loss_optimizer_and_metrics():
    x, y = blobs()
    made = model()
    made.compile(optim.SGD(0.1), "sparse_categorical_crossentropy", ["accuracy"])
    made.fit(x, y, epochs=1, verbose=False)
    made.compile(optim.Adam(0.01), "sparse_categorical_crossentropy", [])
    assert "accuracy" not in made.fit(x, y, epochs=1, verbose=False).history


def test_a18_fit_and_evaluate():
    x, y = blobs()
    made = model()
    made.compile(optim.Adam(0.05), "sparse_categorical_crossentropy", ["accuracy"])
    losses = made.fit(x, y, epochs=20, verbose=False).history["loss"]
    assert losses[-1] < losses[0] / 2
    assert made.evaluate(x, y)["accuracy"] > 0.9


def test_a19_python_runs_once():
    calls = []

    @jf.jit
    def f(x):
        calls.append(1)
        return x * 2

    for _ in range(5):
        f(np.ones(3))
    assert len(calls) == 1


def test_a20_a_neuron():
    rng = np.random.default_rng(0)
    x, w, b, y = rng.normal(size=(5, 3)), rng.normal(size=3), 0.3, rng.random(5)

    def loss(w, b):
        guess = jf.numpy.special.sigmoid(x @ w.T + b)
        return np.sum((y - guess) ** 2) / len(y)

    guess = 1 / (1 + np.exp(-(x @ w + b)))
    np.testing.assert_allclose(jf.jit(loss)(w, b), np.mean((y - guess) ** 2), rtol=1e-14)
    slope = -2 * (y - guess) * guess * (1 - guess) / len(y)
    dw, db = jf.grad(loss, argnums=(0, 1))(w, b)
    np.testing.assert_allclose(dw, slope @ x, rtol=1e-12)
    np.testing.assert_allclose(db, slope.sum(), rtol=1e-12)


def test_a21_each_op_has_a_derivative_or_says_why_not():
    assert all((row.jvp is None) != (row.no_derivative == "") for row in ROWS.values())
    assert ROWS["while"].no_derivative


def test_a22_a_graph_runs_in_a_process_without_its_code(tmp_path):
    f = jf.jit(lambda x: np.tanh(x) * 2)
    x = np.linspace(-1, 1, 7)
    export.save(tmp_path / "f.jfx", f, x)
    code = (
        "import sys, numpy as np; from jitflow import export;"
        "np.save(sys.argv[2], export.load(sys.argv[1])(np.linspace(-1, 1, 7)))"
    )
    subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "f.jfx"), str(tmp_path / "y.npy")], check=True
    )
    np.testing.assert_array_equal(np.load(tmp_path / "y.npy"), f(x))


def test_a23_tapes_in_tapes_give_second_derivatives():
    x = jf.constant(3.0)
    with jf.GradientTape() as outer:
        outer.watch(x)
        with jf.GradientTape() as inner:
            inner.watch(x)
            y = x * x * x
        first = inner.gradient(y, x)
    assert (float(first), float(outer.gradient(first, x))) == (27, 18)


def test_a24_what_was_computed_outside_the_tape_has_no_gradient():
    x = jf.constant(3.0)
    y = x * x
    with jf.GradientTape() as tape:
        tape.watch(x)
    assert tape.gradient(y, x) is None


def test_a25_the_tape_of_the_text(shown):
    jf.enable_eager_execution()
    c = jf.constant(2.0)
    with jf.GradientTape() as tape:
        tape.watch(c)
        f = 4 * c
    df_dc = tape.gradient(f, c)
    assert shown(df_dc) == "jf.Tensor(4.0, shape=(), dtype=float32)"
    assert (df_dc.numpy(), df_dc.shape, df_dc.dtype) == (4, (), np.float32)


def test_a25_the_prefix_can_be_chosen(shown, monkeypatch):
    monkeypatch.setattr(jf.Tensor, "prefix", "tf.Tensor")
    assert shown(jf.constant(4.0)) == "tf.Tensor(4.0, shape=(), dtype=float32)"


def test_a26_constants_are_recorded_only_if_watched():
    c = jf.constant(2.0)
    with jf.GradientTape() as tape:
        f = 4 * c
    assert tape.gradient(f, c) is None


def test_a27_the_lazy_column(tmp_path, graph):
    x, v, w = g.placeholder(g.float32), g.Variable(2.0, name="v"), g.Variable(3.0, name="w")
    (slope,) = g.gradients(v * x, v)
    assert slope.op in list(graph)
    store = checkpoint.Checkpoints(tmp_path)
    with g.Session() as sess:
        sess.run(g.global_variables_initializer())
        sess.run([v.assign(5.0), w.assign(6.0)])
        assert sess.run(slope, {x: 7}) == 7
        store.save(1, session=sess)
    with g.Session() as sess:
        store.restore(session=sess)
        assert sess.run([v, w]) == [5, 6]


def test_a28_the_eager_column(tmp_path):
    def f(x):  # an argument instead of a placeholder
        return v * x

    v = jf.Variable(2.0)
    with jf.GradientTape() as tape:
        y = f(jf.constant(3.0))
    assert (float(y), float(tape.gradient(y, v))) == (6, 3)
    store = checkpoint.Checkpoints(tmp_path)
    store.save(1, v=v)
    v.assign(9.0)
    store.restore(v=v)
    assert float(v) == 2


def test_a29_eager_is_the_default():
    assert isinstance(jf.numpy.add(1, 2), np.integer)
    code = "import sys, jitflow; assert 'jitflow.graph' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
