"""Chapter B of the rows: variables, optimizers, checkpoints, layers, data."""

import subprocess
import sys
import threading

import numpy as np
import pytest

import jitflow as jf
import jitflow.graph as g
from jitflow import checkpoint, nn, optim
from jitflow.data import Dataset


def test_b20_sgd():
    v = jf.Variable(np.array([1.0, 2.0]))
    optim.SGD(0.5).apply_gradients([(jf.constant(np.array([2.0, 4.0])), v)])
    assert v.tolist() == [0, 0]


def test_b21_momentum_has_a_velocity():
    opt, v = optim.Momentum(0.1, 0.9), jf.Variable(np.array([1.0]))
    velocity = 0.0
    for _ in range(3):
        opt.apply_gradients([(jf.constant(np.array([2.0])), v)])
        velocity = 0.9 * velocity + 2.0
    assert [x.numpy() for x in opt.variables()][0] == pytest.approx(velocity, rel=1e-14)


def test_b22_adam():
    opt, w = optim.Adam(0.1), np.array([1.0, -2.0])
    state, want, m, v = opt.init(w), w, 0.0, 0.0
    for step in range(1, 10):
        slope = 2 * want
        w, state = opt.update(w, 2 * w, state)
        m, v = 0.9 * m + 0.1 * slope, 0.999 * v + 0.001 * slope**2
        scale = 0.1 * np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
        want = want - scale * m / (np.sqrt(v) + 1e-8 * np.sqrt(1 - 0.999**step))
        np.testing.assert_allclose(w, want, rtol=1e-10)


def test_b23_the_update_is_operations_of_the_graph(graph):
    v = g.Variable(np.ones(1000))
    loss = g.reduce_sum(v * v)
    before = len(graph)
    train = optim.Momentum(0.1).minimize(loss)
    assert {"Assign", "Mul"} <= {op.type for op in list(graph)[before:]}
    assert graph.explain(train, {}).kernels <= 2


def test_b24_trainable_variables():
    a = g.Variable(1.0)
    b = g.Variable(1.0, trainable=False)
    c = g.get_variable("c", [])
    assert g.trainable_variables() == [a, c]
    assert g.global_variables() == [a, b, c]
    model = nn.Sequential([nn.Dense(2), nn.BatchNorm()])
    model.build(np.ones((4, 3), np.float32))


def test_b25_assignments_give_the_new_value():
    v, w = g.Variable(1.0), jf.Variable(1.0)
    with g.Session() as sess:
        sess.run(g.global_variables_initializer())
        assert [sess.run(x) for x in (v.assign_sub(0.25), v.assign_add(1.0), v.assign(3.0))] == [
            0.75, 1.75, 3,
        ]
    assert float(w.assign_sub(0.25)) == 0.75
    assert float(w) == 0.75


def test_b26_slots_are_variables():
    v = jf.Variable(np.ones(2))
    for opt, count in ((optim.SGD(0.1), 0), (optim.Momentum(0.1), 1), (optim.Adam(0.1), 3)):
        opt.apply_gradients([(jf.constant(np.ones(2)), v)])
        assert len(opt.variables()) == count


def test_b27_moving_averages_are_not_trained():
    mean, w = g.Variable(1.0, trainable=False, name="mean"), g.Variable(1.0, name="w")
    train = optim.SGD(0.1).minimize(g.square(w * mean))
    with g.Session() as sess:
        sess.run(g.global_variables_initializer())
        sess.run(train)
        assert sess.run(mean) == 1
        assert sess.run(w) != 1
        sess.run(mean.assign(0.9 * mean + 0.1 * w))
        assert sess.run(mean) != 1


RESUME = """
import sys, numpy as np, jitflow.graph as g
from jitflow import checkpoint, optim
v = g.Variable(np.array([3.0, -2.0]), name="v")
train = optim.Adam(0.1).minimize(g.reduce_sum(v * v * v * v))
store = checkpoint.Checkpoints(sys.argv[1])
with g.Session() as sess:
    if sys.argv[2] == "first":
        sess.run(g.global_variables_initializer())
    else:
        store.restore(session=sess)
    for _ in range(3):
        sess.run(train)
    if sys.argv[2] == "first":
        store.save(1, session=sess)
        for _ in range(3):
            sess.run(train)
    print(sess.run(v).tobytes().hex())
"""


def test_b28_a_restored_run_goes_on_with_the_same_numbers(tmp_path):
    texts = [
        subprocess.run(
            [sys.executable, "-c", RESUME, str(tmp_path), part], capture_output=True, text=True,
            check=True,
        ).stdout
        for part in ("first", "second")
    ]  # fmt: skip
    assert texts[0] == texts[1] != ""


def test_b29_a_two_layer_perceptron_by_hand_and_by_tape():
    rng = np.random.default_rng(0)
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float64)
    y = np.array([[0], [1], [1], [0]], np.float64)
    w1, w2 = (jf.Variable(rng.normal(size=s)) for s in ((2, 8), (8, 1)))
    b1, b2 = jf.Variable(np.zeros(8)), jf.Variable(np.zeros(1))
    variables, opt = [w1, b1, w2, b2], optim.Adam(0.05)
    sigmoid = jf.numpy.special.sigmoid
    for step in range(200):
        with jf.GradientTape() as tape:
            h = np.tanh(jf.constant(x) @ w1 + b1)
            guess = sigmoid(h @ w2 + b2)
            loss = -np.mean(y * np.log(guess) + (1 - y) * np.log(1 - guess))
        slopes = tape.gradient(loss, variables)
        if step == 0:
            d2 = (guess.numpy() - y) / 4
            d1 = (d2 @ w2.numpy().T) * (1 - h.numpy() ** 2)
            hand = [x.T @ d1, d1.sum(0), h.numpy().T @ d2, d2.sum(0)]
            for a, b in zip(slopes, hand, strict=True):
                np.testing.assert_allclose(a.numpy(), b, rtol=1e-9, atol=1e-12)
        opt.apply_gradients(zip(slopes, variables, strict=True))
    assert ((guess.numpy() > 0.5) == y).all()


def test_b30_errors_of_the_eager_mode_stand_at_their_line():
    x = jf.constant([1.0, 2.0])
    with pytest.raises(ValueError, match=r"shapes: \(2,\), \(3,\)") as caught:
        x + jf.constant([1.0, 2.0, 3.0])
    assert 'x + jf.constant([1.0, 2.0, 3.0])' in str(caught.value)


def test_b31_pipelines():
    def batches(threads):
        rows = Dataset.from_arrays((np.arange(10),)).shuffle(10, seed=3)
        return [b[0].tolist() for b in rows.map(lambda x: (x * 2,), threads=threads).batch(4)
                .prefetch(2)]

    one, many = batches(1), batches(3)
    assert one == many
    assert [len(b) for b in one] == [4, 4, 2]
    assert sorted(sum(one, [])) == list(range(0, 20, 2))

    made = threading.Semaphore(0)

    def told(x):
        made.release()
        return (x,)

    rows = iter(Dataset.from_arrays((np.arange(30),)).map(told).prefetch(4))
    next(rows)
    assert all(made.acquire(timeout=60) for _ in range(4))  # others are made meanwhile


def test_b33_layers_on_top():
    model = nn.Sequential([nn.Dense(4, nn.relu), nn.Dense(1)])
    x = np.random.default_rng(0).normal(size=(32, 3)).astype(np.float32)
    y = x.sum(1, keepdims=True)
    model.compile(optim.Adam(0.05), "mse", [])
    model.fit(x, y, epochs=3, verbose=False)
    assert model.predict(x).shape == (32, 1)
    assert model.evaluate(x, y)["loss"] < 20


def test_b34_a_decorator_changes_no_result():
    def f(x, y):
        return (x * y + x / (y + 1) - np.sqrt(x)) * 2, np.maximum(x, y), x > y

    rng = np.random.default_rng(0)
    x, y = (jf.constant(rng.random(100).astype(np.float32)) for _ in range(2))
    for a, b in zip(f(x, y), jf.function(f)(x, y), strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy(), strict=True)


def test_checkpoints_of_sessions_do_not_need_initialized_variables(tmp_path):
    v, w = g.Variable(1.0, name="v"), g.Variable([1.0, 2.0], name="w")
    with g.Session() as sess:
        sess.run(w.assign([5.0, 6.0]))
        checkpoint.Checkpoints(tmp_path).save(1, session=sess)
    with g.Session() as sess:
        checkpoint.Checkpoints(tmp_path).restore(session=sess)
        assert sess.run(w).tolist() == [5, 6]
        with pytest.raises(g.FailedPreconditionError):
            sess.run(v)
