"""From which size on results are stored past the caches; what the pass `stream` is told."""

from __future__ import annotations

CACHE_BYTES = 32 << 20
"""Of the last cache, where nothing is known of it."""

LEAST = 8 << 20
"""Smaller results may be read again soon, by whoever asked for them."""


def stream_bytes(cache_bytes: int) -> int:
    """Half of the last cache's size, but not less than LEAST.

    What is larger finds no room beside what it is made of, and pays for being read before it is
    written.
    """
    return max(LEAST, (cache_bytes or CACHE_BYTES) // 2)
