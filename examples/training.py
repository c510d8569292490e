"""Handwritten digits with layers, a data pipeline, a schedule, and checkpoints to go on from.

    python examples/training.py
"""

import tempfile

import numpy as np
from sklearn.datasets import load_digits

from jitflow import nn, optim
from jitflow.checkpoint import Checkpoints
from jitflow.data import Dataset


def build(steps: int) -> nn.Sequential:
    model = nn.Sequential([nn.Dense(64, nn.relu), nn.Dropout(0.1), nn.Dense(10)])
    rate = optim.warmup(50, optim.cosine_decay(3e-3, steps))
    model.compile(optim.AdamW(rate), "sparse_categorical_crossentropy", ["accuracy"])
    return model


def main(epochs: int = 12) -> float:
    digits = load_digits()
    x, y = (digits.data / 16).astype(np.float32), digits.target
    batches = Dataset.from_arrays((x[:1500], y[:1500])).shuffle(1500, seed=0).batch(32).prefetch(4)
    held_out = x[1500:], y[1500:]

    model = build(epochs * len(batches))
    model.fit(batches, epochs=epochs // 2)
    with tempfile.TemporaryDirectory() as folder:
        store = Checkpoints(folder)
        store.save(epochs // 2, model=model)
        resumed = build(epochs * len(batches))
        resumed.build(x)
        store.restore(model=resumed)
    resumed.fit(batches, epochs=epochs, initial_epoch=epochs // 2, validation_data=held_out)
    print(resumed.summary())
    measured = resumed.evaluate(*held_out)
    print(f"held-out accuracy {measured['accuracy']:.1%}")
    return measured["accuracy"]


if __name__ == "__main__":
    main()
