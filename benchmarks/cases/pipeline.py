"""A pass over compressed images: waited for, unpacked, stacked, used while others are on the way.

The wait stands for a disk or a network. Unpacking (zlib) and use (NumPy) let other threads run, as
reading and training do. One after the other takes the sum of all; with threads, the longest part
at best. Only the clock sees it: `--threads 2`.
"""

import time
import zlib
from functools import cache

import numpy as np
from case import Case, Setup

IMAGES, SHAPE, BATCH = 64, (64, 64, 8), 8
WAIT = 2e-3
"""Seconds until an image is there."""


@cache
def packed() -> tuple[bytes, ...]:
    """Images of few values, so that they can be packed."""
    random = np.random.default_rng(0)
    images = random.integers(0, 4, (IMAGES, *SHAPE)).astype(np.float32)
    return tuple(zlib.compress(image.tobytes(), 1) for image in images)


def unpacked(index) -> np.ndarray:
    time.sleep(WAIT)
    return np.frombuffer(zlib.decompress(packed()[int(index)]), np.float32).reshape(SHAPE)


def used(batches) -> float:
    """What stands for a step of training."""
    return float(sum(np.sum(np.tanh(np.tanh(batch))) for batch in batches))


def by_hand(seed: int):
    def run() -> float:
        starts = range(0, IMAGES, BATCH)
        return used(np.stack([unpacked(i + k) for k in range(BATCH)]) for i in starts)

    packed()
    return run


def with_jitflow(threads: int, ahead: int) -> Setup:
    def setup(seed: int):
        from jitflow.data import Dataset

        dataset = Dataset.from_arrays(np.arange(IMAGES)).map(unpacked, threads).batch(BATCH)
        dataset = dataset.prefetch(ahead) if ahead else dataset
        packed()
        return lambda: used(dataset)

    return setup


def with_torch(workers: int) -> Setup:
    def setup(seed: int):
        from torch.utils.data import DataLoader

        packed()
        images = _Images()
        return lambda: used(x.numpy() for x in DataLoader(images, BATCH, num_workers=workers))

    return setup


class _Images:
    """A dataset as torch has them."""

    def __len__(self) -> int:
        return IMAGES

    def __getitem__(self, index: int) -> np.ndarray:
        return unpacked(index).copy()


CASE = Case(
    name="pipeline",
    title=f"a pass over {IMAGES} compressed images: read, unpack, stack, use",
    reference=lambda seed: by_hand(seed)(),
    rows={
        "jitflow": with_jitflow(8, 2),
        "jitflow one after the other": with_jitflow(0, 0),
        "numpy by hand": by_hand,
        "torch": with_torch(0),
        "torch 2 workers": with_torch(2),
    },
    rounds=7,
)
