"""What the pool's emitted functions and Python agree on: the words of its table and of a block.

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
