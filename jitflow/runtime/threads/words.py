"""What the pool's code and Python agree on: the table of words that all threads share.

Each word has a cache line of its own where threads wait for it; what one job says lies together.
"""

from __future__ import annotations

from enum import IntEnum

from jitflow.ir.ops.loops import MAX_CHUNKS

LINE_WORDS = 16
"""Two cache lines: CPUs fetch them in pairs."""


class Word(IntEnum):
    """Of the table: 64 bits each, of which some use 32."""

    TICKET = 0 * LINE_WORDS
    """The job's number, how many chunks it has, and the next one: 40, 12 and 12 bits."""
    GENERATION = 1 * LINE_WORDS
    """Changes with every job; what threads sleep on."""
    DONE = 2 * LINE_WORDS
    """Chunks of the job that are done."""
    SLEEPERS = 3 * LINE_WORDS
    """Threads that wait for a signal."""
    BUSY = 4 * LINE_WORDS
    """1 while a call uses the pool; other calls do without."""
    WANTED = 5 * LINE_WORDS
    """Threads that may work on a job, the caller among them."""
    WORKERS = WANTED + 1
    """Threads that there are beside the callers."""
    REFUSED = WANTED + 2
    """1 when the system gave no more threads."""
    READY = WANTED + 3
    """1 when the mutex is made."""
    JOBS = WANTED + 4
    """Calls that the pool took part in."""
    FUNCTION = 6 * LINE_WORDS
    ARGUMENTS = FUNCTION + 1
    TRIPS = FUNCTION + 2
    SCRATCH_BYTES = FUNCTION + 3
    MODE = FUNCTION + 4
    """How the caller's CPU rounds: all threads of a job do as the caller does."""
    MUTEX = 7 * LINE_WORDS
    CONDITION = 8 * LINE_WORDS


WORDS = 9 * LINE_WORDS
CHUNK_BITS = MAX_CHUNKS.bit_length()
