"""What models and layers refuse: names that meet, places that are not there, wrong settings."""


import numpy as np
import pytest

import jitflow as jf
from jitflow import nn, optim
from jitflow.data import Dataset
from jitflow.errors import ArgumentError, DtypeError, ShapeError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(20, 4)).astype(np.float32)
Y = np.arange(20) % 3
KEY = jf.random.key(0)


def model(metrics=(), loss="sparse_categorical_crossentropy", rate=0.01, units=3):
    made = nn.Sequential([nn.Dense(8, nn.relu), nn.Dense(units)])
    made.compile(optim.Adam(rate), loss, metrics)
    return made


class Clash(nn.Layer):
    def __init__(self, first):
        self.out, self.first = nn.Dense(2), first

    def forward(self, x):
        if self.first:
            x = self.out(x)
        y = self.param("out", (2,), jf.random.initializers.zeros(), x.dtype)
        return y if self.first else self.out(x) + y


REFUSED = {
    "an array named like a layer": (lambda: Clash(True).init(KEY, X), ArgumentError, "a layer and"),
    "a layer named like an array": (
        lambda: Clash(False).init(KEY, X), ArgumentError, "a layer and",
    ),
    "no variables": (lambda: nn.Dense(2).apply({}, X), ArgumentError, "expected Variables"),
    "a mask that would be lost": (
        lambda: model().fit(np.ma.array(X, mask=X > 0), Y), ArgumentError, "masked",
    ),
    "a class too high": (lambda: model().fit(X, Y + 1, verbose=False), ValueError, r"0\.\.2"),
    "a class below 0": (lambda: model().fit(X, Y - 1, verbose=False), ValueError, r"0\.\.2"),
    "classes as floats": (lambda: model().fit(X, Y * 1.0, verbose=False), DtypeError, "float64"),
    "classes in a column": (
        lambda: model().fit(X, Y[:, None], verbose=False), ShapeError, r"\(20, 1\), \(20, 3\)",
    ),
    "accuracy of one logit": (
        lambda: nn.accuracy(Y, X[:, :1]), ShapeError, "binary_accuracy",
    ),
    "accuracy of a column": (lambda: nn.accuracy(Y[:, None], X), ShapeError, r"\(20, 1\)"),
    "no samples": (lambda: model().fit(X[:0], Y[:0], verbose=False), ArgumentError, "no batch"),
    "a generator for two epochs": (
        lambda: model().fit(((X, Y) for _ in range(2)), epochs=2, verbose=False), ArgumentError,
        "one epoch only",
    ),
    "a pair for predict": (
        lambda: (m := model(), m.build(X), m.predict(Dataset.from_arrays((X, Y)).batch(5))),
        ArgumentError, "does not take 2 inputs",
    ),
    "weights of other samples": (
        lambda: model().fit(X, Y, verbose=False, sample_weight=X), ShapeError, "one for each",
    ),
    "weights of unknown classes": (
        lambda: model().fit(X, Y, verbose=False, class_weight={0: 1}), ArgumentError, "no class 1",
    ),
    "a callback that is none": (
        lambda: model().fit(X, Y, callbacks=[print]), ArgumentError, "no nn.Callback",
    ),
    "no optimizer": (lambda: model().compile("adam", "mse"), ArgumentError, "optim.Adam"),
    "a model without numbers": (lambda: model().predict(X), ArgumentError, "build"),
    "a word that is not there": (
        lambda: nn.Embedding(5, 2).init(KEY, np.array([5])), ValueError, r"0\.\.4",
    ),
    "epochs below 0": (lambda: model().fit(X, Y, epochs=-1), ArgumentError, "epochs is -1"),
    "a class as a layer": (
        lambda: nn.Sequential([nn.Dense, nn.Dense(3)]), ArgumentError, "Dense is a class",
    ),
    "an endless epoch": (
        lambda: model().fit(Dataset.from_arrays((X, Y)).repeat().batch(4).prefetch(1)),
        ArgumentError, "no end",
    ),
    "smoothing of 1": (
        lambda: nn.categorical_crossentropy(X, X, smoothing=1.0), ArgumentError, "smoothing",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_names_the_line(name):
    call, kind, message = REFUSED[name]
    with pytest.raises(kind, match=message) as caught:
        call()
    assert "test_refused_models.py:" in str(caught.value)
