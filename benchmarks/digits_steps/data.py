"""Parameters and batches of the digits example, as NumPy arrays. Knows no library."""

import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

EXAMPLES = Path(__file__).parents[2] / "examples"
MOMENTUM, DECAY = 0.9, 1e-4


def example() -> Any:
    """The example as a module."""
    if str(EXAMPLES) not in sys.path:
        sys.path.append(str(EXAMPLES))
    import digits

    return digits


def start() -> tuple[Any, Any]:
    """Fresh parameters and velocities: {layer: {"w": f32[...], "b": f32[...]}}."""
    params = example().init_params(seed=1)
    velocity = {k: {n: np.zeros_like(x) for n, x in p.items()} for k, p in params.items()}
    return params, velocity


@cache
def samples() -> tuple[np.ndarray, np.ndarray]:
    """What there is to train on: f32[n, 64] and one-hot f32[n, 10]."""
    (x, labels), _ = example().load()
    return x, np.eye(10, dtype=np.float32)[labels]


def batches(seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """The batches of one epoch, each gathered into its own arrays."""
    x, one_hot = samples()
    return [(x[rows], one_hot[rows]) for rows in example().batches(len(x), seed)]
