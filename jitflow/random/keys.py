"""Keys, and the bits that they stand for: each use of a key gives the same bits.

Bits are those of Philox4x32-10, whose counter holds the number of the block and what it is used
for. So there is no state: who needs other numbers splits the key.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from jitflow.api import jit
from jitflow.errors import ArgumentError, DtypeError
from jitflow.ir.dtypes import u32
from jitflow.ir.types import TensorType
from jitflow.numpy.basics import Array, as_array, broadcast, emit, fail, full
from jitflow.numpy.promotion import requested_dtype
from jitflow.numpy.registry import strong

Make = Callable[[list[Array]], Sequence[Array]]

DRAW, SPLIT, FOLD = 0, 1, 2
"""What blocks are used for: the last word of the counter."""


def key(seed: int) -> np.ndarray[Any, Any]:
    """The key of a whole number mod 2**64: uint32[2], its high and its low word."""
    if not hasattr(seed, "__index__"):
        fail(ArgumentError, f"seed is a whole number, not {seed!r}", op="key")
    number = seed.__index__()
    return np.array([number >> 32 & 0xFFFFFFFF, number & 0xFFFFFFFF], np.uint32)


@partial(jit, static_argnames=("num",))
def split(key: Any, num: int = 2) -> Any:
    """`num` new keys, uint32[num, 2]. The old one should not be used again."""
    if type(num) is not int or num < 0:
        fail(ArgumentError, f"num is a whole number from 0 on, not {num!r}", op="split")
    return np.stack(blocks(key, num, SPLIT)[:2], axis=1)


@jit
def fold_in(key: Any, data: Any) -> Any:
    """A new key, of a key and an integer."""
    number = strong(as_array(data))
    if not number.type.dtype.is_integer or number.type.shape:
        fail(DtypeError, "data is an integer", op="fold_in", dtypes=[number.dtype])
    wide: Any = np.reshape(number, (1,)).astype(np.uint64)
    low, high = wide.astype(np.uint32), (wide >> 32).astype(np.uint32)
    return np.stack(_philox(key, low, high, FOLD)[:2], axis=1)[0]


@partial(jit, static_argnames=("shape", "dtype"))
def bits(key: Any, shape: Any = (), dtype: Any = np.uint32) -> Any:
    """Random bits as unsigned integers of 8 to 64 bits."""
    wanted = requested_dtype(dtype)
    if wanted.kind != "u":
        fail(DtypeError, "bits are unsigned integers", op="bits", dtypes=[wanted])
    return drawn(key, shape, wanted.bits, lambda words: [w.astype(wanted.numpy) for w in words])


def blocks(key: Any, count: int, use: int, first: int = 0) -> list[Array]:
    """The four words of `count` blocks of a key from number `first` on, for one use."""
    low = emit("iota", axis=0, type=TensorType(u32, (count,)))
    if first:
        low = low + np.uint32(first & 0xFFFFFFFF)
    return _philox(key, low, full((count,), first >> 32, u32), use)


def _philox(key: Any, low: Array, high: Array, use: int) -> list[Array]:
    key = as_array(key)
    if key.type != TensorType(u32, (2,)):
        cure = "make one by jitflow.random.key(seed)"
        fail(DtypeError, "a key is uint32[2]", op="random", shapes=[key.type], cure=cure)
    shape = low.type.shape
    counter = [low, high, full(shape, 0, u32), full(shape, use, u32)]
    halves = [broadcast(key[k], shape) for k in (0, 1)]
    return [emit("random_bits", *counter, *halves, word=word) for word in range(4)]


def drawn(key: Any, shape: Any, width: int, make: Make) -> Any:
    """Elements that `make` gives for words of 32 bits, or of 64 if `width` is more than 32.

    `make` gets two or four arrays of words and gives as many arrays of elements; they stand in a
    row. What is left comes from one more block.
    """
    size, words = size_of(shape), _words if width <= 32 else _wide_words
    count, left = divmod(size, 4 if width <= 32 else 2)
    rest = make(words(key, count, 1))[:left] if left else []
    rows = make(words(key, 0, count)) if count or not size else []
    return np.reshape(np.concatenate([*rows, *rest]), shape)


def _words(key: Any, first: int, count: int) -> list[Array]:
    return blocks(key, count, DRAW, first)


def _wide_words(key: Any, first: int, count: int) -> list[Array]:
    parts = [part.astype(np.uint64) for part in _words(key, first, count)]
    return [low | high << np.uint64(32) for low, high in (parts[:2], parts[2:])]


def size_of(shape: Any) -> int:
    """How many elements an array of this shape has; ArgumentError for what is no shape."""
    extents = shape if isinstance(shape, tuple) else (shape,)
    if not all(isinstance(n, (int, np.integer)) and n >= 0 for n in extents):
        fail(ArgumentError, f"a shape is a tuple of whole numbers, not {shape!r}", op="random")
    return math.prod(map(int, extents))
