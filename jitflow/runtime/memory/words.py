"""What the pool's emitted functions and Python agree on: names, words of its table and of a block.

The table counts first; then come the free blocks, the last given one last.
"""

from __future__ import annotations

from enum import IntEnum

HUGE_PAGE = 1 << 21

SLOTS = 64
"""The most free blocks."""

COLOURS = 61
"""Places within a page where data starts: arrays that all start alike share sets of the caches."""

HEAD_BYTES = 4096
"""Of a block, before and behind its data together."""


class PoolWord(IntEnum):
    """Of the table, in 64-bit words; the free blocks follow: address and bytes of each."""

    CAP = 0
    """Bytes that free blocks may have together."""
    FREE_BYTES = 1
    FREE_COUNT = 2
    USED_BYTES = 3
    USED_COUNT = 4
    REUSED = 5
    """Times that a free block was taken."""
    MAPPED = 6
    """Times that the system was asked."""


class BlockWord(IntEnum):
    """Of a block's head, in 64-bit words that end where the data starts."""

    MAPPING = -8
    MAPPED_BYTES = -7
    BYTES = -6


WORDS = len(PoolWord) + 2 * SLOTS

SYMBOLS = (
    "jitflow_pool_take", "jitflow_pool_zeros", "jitflow_pool_grow", "jitflow_pool_give",
    "jitflow_pool_trim", "jitflow_pool_array",
)  # fmt: skip

SYSTEM = {
    "madvise": "i32 (ptr, i64, i32)",
    "mmap": "ptr (ptr, i64, i32, i32, i32, i64)",
    "munmap": "i32 (ptr, i64)",
}
"""What the pool calls of the C library, with types."""

PYTHON = {
    "PyArray_NewFromDescr": "ptr (ptr, ptr, i32, ptr, ptr, ptr, i32, ptr)",
    "PyDataMem_SetHandler": "ptr (ptr)",
    "Py_DecRef": "void (ptr)",
}
"""What it calls of NumPy and CPython."""
