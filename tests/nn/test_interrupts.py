"""Ctrl-C at any moment of a training: the model is as after some step, and no thread stays."""

import gc
import random
import signal
import threading
import time

import numpy as np
import pytest

from jitflow import nn, optim
from jitflow.data import Dataset

X = np.random.default_rng(0).normal(size=(320, 4)).astype(np.float32)
Y = np.arange(320) % 3


def threads():
    return [t for t in threading.enumerate() if t.name.startswith("jitflow-")]


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers")
def test_a_training_that_is_interrupted_anywhere():
    model = nn.Sequential([nn.Dense(6, nn.relu), nn.Dropout(0.1), nn.Dense(3)])
    model.compile(optim.Adam(), "sparse_categorical_crossentropy", ["accuracy"])
    rows = Dataset.from_arrays((X, Y)).shuffle(320).map(lambda x, y: (x, y), threads=2)
    batches = rows.batch(16).prefetch(3)
    model.fit(batches, verbose=False)
    random.seed(1)
    ignored = signal.signal(signal.SIGINT, signal.default_int_handler)  # in background jobs
    before = signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))
    interrupted = 0
    try:
        for _ in range(40):
            try:
                signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-4, 0.03))
                model.fit(batches, epochs=50, verbose=False)
            except KeyboardInterrupt:
                interrupted += 1
            assert model._count == model.slots.count
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        signal.signal(signal.SIGINT, ignored)
    assert interrupted >= 35  # Python drops those that come in a callback of a weak reference
    for _ in range(600):
        if not threads():
            break
        gc.collect()  # what was interrupted may lie in a cycle, and its threads with it
        time.sleep(0.05)
    assert threads() == []
    model.fit(batches, verbose=False)
