"""Memory of large results and temporaries: a pool that gets it back when arrays die."""

from jitflow.runtime.memory.control import (
    ALIGNMENT,
    Lender,
    MemoryStats,
    clear_memory,
    memory_stats,
    set_memory_cap,
    why_no_pool,
)
from jitflow.runtime.memory.results import POOL_BYTES, Maker, empty, lender_of, maker_of

__all__ = [
    "ALIGNMENT",
    "POOL_BYTES",
    "Lender",
    "Maker",
    "MemoryStats",
    "clear_memory",
    "empty",
    "lender_of",
    "maker_of",
    "memory_stats",
    "set_memory_cap",
    "why_no_pool",
]
