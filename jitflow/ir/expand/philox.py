"""Philox4x32-10, a random number generator that counts: J. Salmon, M. Moraes, R. Dror, D. Shaw,
"Parallel Random Numbers: As Easy as 1, 2, 3", 2011.

Written for the builder and for NumPy alike, of which it uses the same four operations.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from jitflow.ir.dtypes import u32, u64

ROUNDS = 10
MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
KEY_STEPS = (0x9E3779B9, 0xBB67AE85)
_MASK = 0xFFFFFFFF


def philox(b: Any, *words: Any, word: int) -> Any:
    """Word `word` of the block for a counter of four words and a key of two."""
    block = _block(_Emitted(b), words)
    return block[word]


def philox_reference(*words: Any, word: int) -> Any:
    return _block(_Computed(), [np.asarray(w, np.uint32) for w in words])[word]


def _block(ops: Any, words: Sequence[Any]) -> list[Any]:
    """Ten rounds, between which the key moves on."""
    counter, key = list(words[:4]), list(words[4:])
    for number in range(ROUNDS):
        if number:
            key = [ops.step(k, step) for k, step in zip(key, KEY_STEPS, strict=True)]
        high0, low0 = ops.product(counter[0], MULTIPLIERS[0])
        high1, low1 = ops.product(counter[2], MULTIPLIERS[1])
        first = ops.xor(ops.xor(high1, counter[1]), key[0])
        second = ops.xor(ops.xor(high0, counter[3]), key[1])
        counter = [first, low1, second, low0]
    return counter


class _Emitted:
    """The operations as ops of a builder."""

    def __init__(self, b: Any) -> None:
        self.b = b

    def step(self, x: Any, number: int) -> Any:
        return self.b.add(x, self.b.full_like(x, number))

    def xor(self, x: Any, y: Any) -> Any:
        return self.b.xor(x, y)

    def product(self, x: Any, number: int) -> tuple[Any, Any]:
        """The high and the low word of x * number."""
        b = self.b
        whole = b.convert(x, dtype=u64)
        whole = b.mul(whole, b.full_like(whole, number))
        high = b.shift_right(whole, b.full_like(whole, 32))
        return b.convert(high, dtype=u32), b.convert(whole, dtype=u32)


class _Computed:
    """The operations on arrays."""

    def step(self, x: Any, number: int) -> Any:
        return x + np.uint32(number)

    def xor(self, x: Any, y: Any) -> Any:
        return x ^ y

    def product(self, x: Any, number: int) -> tuple[Any, Any]:
        whole = x.astype(np.uint64) * np.uint64(number)
        return (whole >> np.uint64(32)).astype(np.uint32), (whole & np.uint64(_MASK)).astype(
            np.uint32
        )
