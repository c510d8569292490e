"""Learns the UCI handwritten digits: forward, gradient and update in one native function.

Run `make demo`, or `python examples/digits.py` with the extra `demo` installed.
"""

import argparse
import os
import shlex
import sys
import time
from pathlib import Path

import numpy as np

import jitflow as jf

HIDDEN = 128
BATCH = 128
MOMENTUM = 0.9
DECAY = 1e-4

PARAMS = "{hidden: {w: f32[64, 128], b: f32[128]}, out: {w: f32[128, 10], b: f32[10]}}"
"""The types of the parameters, as the command line takes them."""


def init_params(seed):
    """He-scaled weights (He et al. 2015) of a 64-HIDDEN-10 network, float32."""
    random = np.random.default_rng(seed)

    def layer(inputs, outputs):
        scale = np.sqrt(2 / inputs)
        weights = (random.standard_normal((inputs, outputs)) * scale).astype(np.float32)
        return {"w": weights, "b": np.zeros(outputs, np.float32)}

    return {"hidden": layer(64, HIDDEN), "out": layer(HIDDEN, 10)}


def logits(params, x):
    """Scores of the ten classes: f32[batch, 64] -> f32[batch, 10]."""
    hidden = np.maximum(x @ params["hidden"]["w"] + params["hidden"]["b"], 0)
    return hidden @ params["out"]["w"] + params["out"]["b"]


def loss(params, x, one_hot):
    """Mean cross-entropy of softmax(logits), with weight decay."""
    z = logits(params, x)
    z = z - np.max(z, axis=1, keepdims=True)
    log_p = z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))
    weights = params["hidden"]["w"], params["out"]["w"]
    penalty = sum(np.sum(w * w) for w in weights)
    return -np.mean(np.sum(one_hot * log_p, axis=1)) + DECAY * penalty


@jf.jit
def train_step(params, velocity, x, one_hot, rate):
    """One step of gradient descent with momentum; gives params, velocity and the loss."""
    value, gradient = jf.value_and_grad(loss)(params, x, one_hot)
    velocity = jf.map_tree(lambda v, g: MOMENTUM * v - rate * g, velocity, gradient)
    params = jf.map_tree(lambda p, v: p + v, params, velocity)
    return params, velocity, value


@jf.jit
def accuracy(params, x, labels):
    """Share of samples whose greatest logit is that of their label."""
    return np.mean(np.argmax(logits(params, x), axis=1) == labels)


def load():
    """Digits scaled to [0, 1], split 4:1: (x, labels) to train on, (x, labels) held out."""
    from sklearn.datasets import load_digits

    x, labels = load_digits(return_X_y=True)
    x = (x / 16).astype(np.float32)
    order = np.random.default_rng(0).permutation(len(x))
    held_out = len(x) // 5
    test, train = order[:held_out], order[held_out:]
    return (x[train], labels[train]), (x[test], labels[test])


def batches(count, seed):
    """Index arrays of BATCH samples each, in random order."""
    order = np.random.default_rng(seed).permutation(count)
    return [order[k : k + BATCH] for k in range(0, count - BATCH + 1, BATCH)]


def train(x, labels, epochs, show=True):
    """The trained parameters, and the loss of each step."""
    from rich.progress import track

    one_hot = np.eye(10, dtype=np.float32)[labels]
    params = init_params(seed=1)
    velocity = jf.map_tree(np.zeros_like, params)
    losses = []
    for epoch in track(range(epochs), "training", disable=not show):
        rate = 0.1 * 0.5 * (1 + np.cos(np.pi * epoch / epochs))
        for rows in batches(len(x), seed=epoch):
            params, velocity, value = train_step(
                params, velocity, x[rows], one_hot[rows], float(rate)
            )
            losses.append(float(value))
    return params, losses


def draw(losses, path):
    """A picture of the loss per step."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    axes.semilogy(losses)
    axes.set(title="Handwritten digits", xlabel="step", ylabel="cross-entropy with weight decay")
    figure.savefig(path, dpi=120)


def look_inside():
    """Commands that show more, for the shell that ran this file."""
    python, folder = (
        shlex.quote(os.path.relpath(path)) for path in (sys.executable, Path(__file__).parent)
    )
    return f"""
Look inside: the gradient of the loss; one small function in every stage.
  {python} -m jitflow.cli dump {folder}/digits.py:loss --grad --args \\
    "{PARAMS}, f32[128, 64], f32[128, 10]"
  {python} {folder}/stages.py"""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--picture", type=Path, default=Path("digits_loss.png"))
    options = parser.parse_args()

    training, testing = load()
    start = time.perf_counter()
    params, losses = train(*training, options.epochs)
    seconds = time.perf_counter() - start
    held_out = float(accuracy(params, *testing))
    draw(losses, options.picture)
    print(f"{len(losses)} steps in {seconds:.2f} s, compilation included")
    print(f"loss {losses[0]:.3f} -> {losses[-1]:.3f}; held-out accuracy {held_out:.1%}")
    print(f"loss curve: {options.picture}")
    print(look_inside())
    if held_out < 0.97:
        raise SystemExit("held-out accuracy is below 97 %")


if __name__ == "__main__":
    main()
