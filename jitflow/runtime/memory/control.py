"""What users ask of the pool, and whether there is one: it is made when first needed.

Owns the cap. Loads no LLVM.
"""

from __future__ import annotations

import ctypes
import os
import sys
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from jitflow.config import settings
from jitflow.errors import ConfigError
from jitflow.runtime.numpy_api import is_as_expected

if TYPE_CHECKING:
    from jitflow.runtime.memory.pool import Pool

ALIGNMENT = 64
"""Bytes that the address of a block's data is a multiple of."""

HANDLER = "jitflow"
"""What NumPy calls the handler of an array whose memory is the pool's."""


class MemoryStats(NamedTuple):
    """Large results and temporaries, in bytes and in blocks.

    `used` belongs to arrays that are alive, `free` waits for the next ones, up to `cap`.
    `reused` and `mapped` count the times that a block was waiting, or came from the system.
    """

    used_bytes: int
    used_blocks: int
    free_bytes: int
    free_blocks: int
    cap_bytes: int
    reused: int
    mapped: int


class Lender(NamedTuple):
    """The address of the pool's table, and those of functions on it: `take(pool, bytes)`, null
    where there is no memory, and `give(pool, place, bytes)`. Whoever calls has the global lock.
    """

    pool: int
    take: int
    give: int


_CAP = [settings.pool_bytes]
_MADE: list[Pool] = []


@cache
def why_no_pool() -> str:
    """What keeps large results from the pool; "" where nothing does."""
    if settings.pool_bytes == 0:
        return "JITFLOW_POOL_BYTES is 0"
    if sys.implementation.name != "cpython" or "t" in sys.abiflags:
        return "this Python was never looked at"
    if os.name != "posix" or ctypes.sizeof(ctypes.c_void_p) != 8:
        return "this system has no mmap as 64-bit POSIX has it"
    try:
        if not is_as_expected():
            return "NumPy's C API has another version"
    except (AttributeError, ImportError, ValueError) as error:
        return f"{type(error).__name__}: {error}"
    return ""


def pool() -> Pool | None:
    """The pool, made when first asked for; None where `why_no_pool` says so."""
    if not _MADE:
        if why_no_pool():
            return None
        from jitflow.runtime.engine import LOCK  # noqa: PLC0415
        from jitflow.runtime.memory.pool import Pool  # noqa: PLC0415

        with LOCK:
            if not _MADE:
                _MADE.append(Pool(_CAP[0]))
    return _MADE[0]


def memory_stats() -> MemoryStats:
    """What large results and temporaries take, and what waits for the next ones."""
    return _MADE[0].stats() if _MADE else MemoryStats(0, 0, 0, 0, _CAP[0], 0, 0)


def clear_memory() -> None:
    """Gives memory that no array uses back to the system."""
    if _MADE:
        _MADE[0].trim(0)


def set_memory_cap(cap: int) -> None:
    """The bytes that may wait for the next large results; ConfigError below 0.

    At first `JITFLOW_POOL_BYTES`. With 0 every large result comes from the system.
    """
    if isinstance(cap, bool) or not isinstance(cap, (int, np.integer)) or not 0 <= cap < 2**63:
        raise ConfigError(f"a cap is a number of bytes, got {cap!r}")
    _CAP[0] = int(cap)
    if _MADE:
        _MADE[0].set_cap(int(cap))
