"""A training that stops within an epoch, and goes on in another process: the same bits."""

import subprocess
import sys
from pathlib import Path

import numpy as np

from jitflow import nn, optim
from jitflow.checkpoint import Checkpoints
from jitflow.data import Dataset

ROOT = Path(__file__).parents[2]
STEPS, STOP = 14, 5


def parts():
    """A model that draws and keeps things, a schedule, batches from threads, and a generator."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(48, 3)).astype(np.float32)
    y = (x[:, 0] > 0).astype(np.int64)
    model = nn.Sequential([nn.Dense(6, nn.relu), nn.Dropout(0.3), nn.BatchNorm(), nn.Dense(2)])
    rate = optim.warmup(4, optim.cosine_decay(0.05, 20))
    model.compile(optim.AdamW(rate, clip_norm=1.0), "sparse_categorical_crossentropy")
    rows = Dataset.from_arrays((x, y)).shuffle(20, seed=3).repeat()
    batches = rows.map(lambda a, b: (a * 2, b), threads=2).batch(8).prefetch(2)
    return model, batches.iterate(), np.random.default_rng(7)


def go_on(model, batches, noise, steps):
    """The losses of some steps, whose inputs are noisy."""
    losses = []
    for _ in range(steps):
        x, y = next(batches)
        x = x + noise.normal(size=x.shape).astype(np.float32)
        losses.append(model.train_on_batch(x, y)["loss"])
    return losses


def resumed(folder):
    """The last losses, in a process that knows the checkpoint and the code above."""
    model, batches, noise = parts()
    model.build(np.zeros((1, 3), np.float32))
    Checkpoints(folder).restore(model=model, batches=batches, more={"noise": noise})
    with batches:
        return go_on(model, batches, noise, STEPS - STOP)


def test_in_the_middle_of_an_epoch_and_in_another_process(tmp_path):
    model, batches, noise = parts()
    with batches:
        go_on(model, batches, noise, STOP)
        Checkpoints(tmp_path).save(STOP, model=model, batches=batches, more={"noise": noise})
        wanted = go_on(model, batches, noise, STEPS - STOP)
    code = f"import test_resuming as t; print([x.hex() for x in t.resumed({str(tmp_path)!r})])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True,
        env={"PYTHONPATH": f"{ROOT}:{Path(__file__).parent}", "JITFLOW_CACHE_DIR": "off"},
    )  # fmt: skip
    assert done.stdout.strip() == str([x.hex() for x in wanted])
