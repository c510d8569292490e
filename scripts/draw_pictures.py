"""Draws docs/pictures: `python scripts/draw_pictures.py`. The same bytes on every machine."""

from pathlib import Path
from typing import Any

import numpy as np

import jitflow as jf
import jitflow.graph as g
from jitflow import optim

PLACE = Path(__file__).parents[1] / "docs" / "pictures"


def training(**options: Any) -> str:
    """A line learned by a graph: what a step of training runs, and what it leaves out."""
    with g.Graph().as_default() as graph:
        x, y = g.placeholder(g.float32, name="x"), g.placeholder(g.float32, name="y")
        m = g.get_variable("m", [], initializer=g.zeros_initializer())
        b = g.get_variable("b", [], initializer=g.zeros_initializer())
        loss = g.square(y - (m * x + b))
        train = optim.SGD(1e-3).minimize(loss)
        g.Print(loss, [m, b])
    return graph.to_svg([loss, train], "TB", **options)


def overview() -> str:
    """The same with its scopes closed."""
    return training(depth=0)


def kernels() -> str:
    """The gradient of a softmax layer, as it was fused."""

    def loss(w, x, y):
        z = x @ w
        p = np.exp(z - z.max(axis=1, keepdims=True))
        return -(y * np.log(p / p.sum(axis=1, keepdims=True))).sum()

    traced = jf.grad(loss).trace(*jf.spec("(f32[64, 10], f32[32, 64], f32[32, 10])"))
    return traced.lower().to_svg()


PICTURES = {"training.svg": training, "overview.svg": overview, "kernels.svg": kernels}


def drawn() -> dict[str, str]:
    """Each picture by its file's name; source lines are those of this file, from the root on."""
    root = f"{Path(__file__).parents[1]}/"
    return {name: draw().replace(root, "") for name, draw in PICTURES.items()}


if __name__ == "__main__":
    PLACE.mkdir(exist_ok=True)
    for name, text in drawn().items():
        (PLACE / name).write_text(text)
