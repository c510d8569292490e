"""Layers, losses, metrics and models: values by NumPy formulas, training that learns."""

import numpy as np
import pytest

import jitflow as jf
from jitflow import nn, optim, random
from jitflow.data import Dataset
from jitflow.errors import ArgumentError, DtypeError, ShapeError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(6, 4)).astype(np.float32)
KEY = random.key(0)


def made(layer, x=X):
    return layer.init(KEY, x)


def test_dense():
    layer = nn.Dense(3, nn.tanh)
    v = made(layer)
    assert v.params["kernel"].shape == (4, 3)
    y, state = jf.jit(layer.apply)(v, X)
    assert state == {}
    wanted = np.tanh(X @ v.params["kernel"] + v.params["bias"])
    np.testing.assert_allclose(y, wanted, rtol=1e-5, atol=1e-6)
    assert "bias" not in made(nn.Dense(3, use_bias=False)).params
    limit = np.sqrt(6 / 7)
    assert abs(v.params["kernel"]).max() <= limit


def test_batch_norm_keeps_moving_averages():
    layer = nn.BatchNorm(momentum=0.9)
    v = made(layer)
    y, state = layer.apply(v, X, training=True)
    np.testing.assert_allclose(np.mean(y, 0), 0, atol=1e-6)
    np.testing.assert_allclose(state["mean"], 0.1 * X.mean(0), rtol=1e-5)
    np.testing.assert_allclose(state["variance"], 0.9 + 0.1 * X.var(0), rtol=1e-5)
    y, same = layer.apply(v._replace(state=state), X)
    wanted = (X - state["mean"]) / np.sqrt(state["variance"] + 1e-3)
    np.testing.assert_allclose(y, wanted, rtol=1e-5)
    np.testing.assert_array_equal(same["mean"], state["mean"])


def test_layer_norm():
    layer = nn.LayerNorm()
    y, _ = layer.apply(made(layer), X)
    wanted = (X - X.mean(1, keepdims=True)) / np.sqrt(X.var(1, keepdims=True) + 1e-3)
    np.testing.assert_allclose(y, wanted, rtol=1e-4, atol=1e-5)


def test_dropout():
    layer = nn.Dropout(0.25)
    x = np.ones((100, 100), np.float32)
    y, _ = layer.apply(made(layer), x, training=True, key=KEY)
    assert set(np.unique(y)) == {np.float32(0), np.float32(1 / 0.75)}
    assert abs((y == 0).mean() - 0.25) < 0.02
    again, _ = layer.apply(made(layer), x, training=True, key=KEY)
    np.testing.assert_array_equal(y, again)
    same, _ = layer.apply(made(layer), x)
    np.testing.assert_array_equal(same, x)
    with pytest.raises(ArgumentError, match="key="):
        layer.apply(made(layer), x, training=True)


def test_embedding_and_flatten():
    layer = nn.Embedding(5, 3)
    at = np.array([[1, 4], [0, 0]])
    v = made(layer, at)
    y, _ = layer.apply(v, at)
    np.testing.assert_array_equal(y, v.params["table"][at])
    flat, _ = nn.Flatten().apply(nn.Variables({}, {}), y)
    assert flat.shape == (2, 6)
    with pytest.raises(DtypeError):
        layer.apply(v, X)


ACTIVATIONS = {
    nn.relu: lambda x: np.maximum(x, 0),
    nn.leaky_relu: lambda x: np.where(x > 0, x, 0.01 * x),
    nn.elu: lambda x: np.where(x > 0, x, np.exp(x) - 1),
    nn.sigmoid: lambda x: 1 / (1 + np.exp(-x)),
    nn.silu: lambda x: x / (1 + np.exp(-x)),
    nn.softplus: lambda x: np.log1p(np.exp(x)),
    nn.softmax: lambda x: np.exp(x) / np.exp(x).sum(-1, keepdims=True),
    nn.log_softmax: lambda x: np.log(np.exp(x) / np.exp(x).sum(-1, keepdims=True)),
}


@pytest.mark.parametrize("function", ACTIVATIONS, ids=lambda f: f.__name__)
def test_activations(function):
    x = X.astype(np.float64)
    np.testing.assert_allclose(jf.jit(function)(x), ACTIVATIONS[function](x), rtol=1e-12)
    far = np.array([[-1e4, 0.0, 1e4]])
    assert np.isfinite(jf.jit(jf.elementwise_grad(function))(far)).all()
    assert jf.jit(function)(X).dtype == np.float32


def test_losses():
    y, out = RNG.normal(size=(5, 3)), RNG.normal(size=(5, 3))
    classes = np.array([0, 2, 1, 1, 0])
    hot = np.eye(3)[classes]
    p = np.exp(out) / np.exp(out).sum(-1, keepdims=True)
    d = abs(y - out)
    near = np.where(d < 1, d * d / 2, d - 0.5).mean()
    signs = np.sign(y)
    q = 1 / (1 + np.exp(-out))
    table = [
        (nn.mean_squared_error(y, out), ((y - out) ** 2).mean()),
        (nn.mean_absolute_error(y, out), d.mean()),
        (nn.huber(y, out), near),
        (nn.hinge(signs, out), np.maximum(0, 1 - signs * out).mean()),
        (nn.categorical_crossentropy(hot, out), -np.log((p * hot).sum(-1)).mean()),
        (nn.sparse_categorical_crossentropy(classes, out), -np.log((p * hot).sum(-1)).mean()),
        (nn.binary_crossentropy(hot, out), -np.log(np.where(hot > 0, q, 1 - q)).mean()),
        (nn.accuracy(classes, out), (out.argmax(1) == classes).mean()),
        (nn.accuracy(hot, out), (out.argmax(1) == classes).mean()),
        (nn.binary_accuracy(hot, out), ((out > 0) == (hot > 0)).mean()),
        (nn.top_k_accuracy(3)(classes, out), 1),
    ]
    for found, wanted in table:
        np.testing.assert_allclose(found, wanted, rtol=1e-6)
    with pytest.raises(ShapeError):
        nn.mean_squared_error(y, out[:, :1])
    with pytest.raises(ShapeError):
        nn.sparse_categorical_crossentropy(hot, out)


def test_losses_of_far_logits_are_finite():
    far = np.array([[1e4, -1e4]])
    for loss, y in (
        (nn.categorical_crossentropy, np.array([[0.0, 1.0]])),
        (nn.binary_crossentropy, np.array([[0.0, 1.0]])),
    ):
        slope = jf.jit(jf.grad(loss, argnums=1))(y, far)
        assert np.isfinite(slope).all()


class Residual(nn.Model):
    def __init__(self):
        self.norm = nn.LayerNorm()
        self.inner = nn.Sequential([nn.Dense(8, nn.relu), nn.Dense(4)])
        self.drop = nn.Dropout(0.1)
        self.out = nn.Dense(1)

    def forward(self, x):
        for _ in range(2):
            x = x + self.drop(self.inner(self.norm(x)))
        return self.out(x)


def moons(n=200, seed=0):
    rng = np.random.default_rng(seed)
    angle = rng.uniform(0, np.pi, n)
    side = rng.integers(0, 2, n)
    x = np.stack([np.cos(angle), np.sin(angle)], 1)
    x[side == 1] = [1, 0.5] - x[side == 1]
    return (x + 0.05 * rng.normal(size=x.shape)).astype(np.float32), side


def classifier():
    model = nn.Sequential([nn.Dense(16, nn.relu), nn.BatchNorm(0.9), nn.Dense(2)])
    model.compile(optim.Adam(0.02), "sparse_categorical_crossentropy", ["accuracy"])
    return model


def test_models_learn():
    x, y = moons()
    model = classifier()
    history = model.fit(x, y, epochs=30, validation_data=moons(50, 1), verbose=False)
    assert set(history.history) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    losses = history.history["loss"]
    assert losses[-1] < 0.2 * losses[0]
    measured = model.evaluate(x, y)
    assert measured["accuracy"] > 0.95
    guess = model.predict(x).argmax(1)
    assert (guess == y).mean() == pytest.approx(measured["accuracy"])
    assert "dense/kernel" in model.summary()
    assert "parameters: 114 trained, 32 kept beside them" in model.summary()


def test_training_is_reproducible():
    x, y = moons(100)
    first, second = classifier(), classifier()
    for model in (first, second):
        model.fit(x, y, epochs=2, verbose=False)
    assert first.evaluate(x, y) == second.evaluate(x, y)


def test_models_of_models(capsys):
    model = Residual()
    model.compile(optim.SGD(0.05), nn.mean_squared_error)
    y = X.sum(1, keepdims=True)
    history = model.fit(X, y, epochs=40, batch_size=3)
    assert history.history["loss"][-1] < history.history["loss"][0]
    assert set(model.variables.params) == {"norm", "inner", "drop", "out"}
    assert "epoch 40/40  loss" in capsys.readouterr().out


def test_datasets_train_too():
    x, y = moons(64)
    batches = Dataset.from_arrays((x, y)).shuffle(64).batch(16).prefetch(2)
    model = classifier()
    history = model.fit(batches, epochs=3, verbose=False)
    assert len(history.history["loss"]) == 3
    assert model.evaluate(batches)["loss"] > 0


def test_early_stopping():
    x, y = moons(64)
    model = classifier()
    model.compile(optim.SGD(0.0), "sparse_categorical_crossentropy")
    stop = nn.EarlyStopping("loss", patience=2, min_delta=1.0, restore_best=True)
    history = model.fit(x, y, epochs=50, verbose=False, callbacks=[stop])
    assert len(history.history["loss"]) == 3
    with pytest.raises(ArgumentError, match="val_loss"):
        model.fit(x, y, verbose=False, callbacks=[nn.EarlyStopping()])


def test_what_models_refuse():
    model = nn.Sequential([nn.Dense(2)])
    with pytest.raises(ArgumentError, match="compile"):
        model.fit(X, X)
    with pytest.raises(ArgumentError, match="build"):
        model.predict(X)
    with pytest.raises(ArgumentError, match="nothing is called 'mze'"):
        model.compile(optim.SGD(), "mze")
    model.build(X)
    with pytest.raises(ArgumentError, match="made for another input"):
        model.predict(X[:, :2])
    with pytest.raises(jf.JitflowError, match="outside of a model"):
        nn.Dense(2)(X)
    with pytest.raises(ArgumentError):
        nn.Dropout(1.0)
    with pytest.raises(ArgumentError):
        nn.Dense(0)
