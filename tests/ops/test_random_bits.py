"""Philox4x32-10: the known answers of its authors, interpreted, inlined and called."""

import numpy as np
import pytest

from jitflow.ir.builder import Builder
from jitflow.ir.dtypes import u32
from jitflow.ir.interpreter import interpret
from jitflow.ir.types import TensorType
from tests.support.native import HERE, call

# Random123's file kat_vectors: counter, key, block.
KNOWN = [
    ("00000000 00000000 00000000 00000000", "00000000 00000000",
     "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff",
     "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0",
     "d16cfe09 94fdcceb 5001e420 24126ea1"),
]  # fmt: skip


def words(text):
    return [int(word, 16) for word in text.split()]


def blocks(size):
    """All four words of `size` blocks."""
    b = Builder(locations=HERE)
    params = [b.param(TensorType(u32, (size,))) for _ in range(6)]
    return b.build("blocks", [b.random_bits(*params, word=word) for word in range(4)])


@pytest.mark.parametrize(("counter", "key", "block"), KNOWN)
@pytest.mark.parametrize("size", [1, 3, 40, 20_000])
def test_known_answers(counter, key, block, size):
    arrays = [np.full(size, word, np.uint32) for word in words(counter) + words(key)]
    function = blocks(size)
    for results in (interpret(function, arrays), call(function, arrays)):
        for got, want in zip(results, words(block), strict=True):
            np.testing.assert_array_equal(got, np.full(size, want, np.uint32))


def test_every_lane_has_its_own_counter():
    random = np.random.default_rng(0)
    arrays = [random.integers(0, 2**32, 10_001, np.uint32) for _ in range(6)]
    function = blocks(10_001)
    expected = interpret(function, arrays)
    for got, want in zip(call(function, arrays), expected, strict=True):
        np.testing.assert_array_equal(got, want)
