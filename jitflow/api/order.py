"""The passes on the way to code for this machine, in order: names and options, no passes.

They are also part of what code on disk is known by.
"""

from __future__ import annotations

from jitflow.passes.pipeline import TENSOR, loops_for
from jitflow.runtime.target import host_target


def host_loops() -> tuple[str, ...]:
    """From tensor IR to loop IR that is ready for code."""
    target = host_target()
    registers, f16c = target.vector_registers, target.has_f16c
    return loops_for(target.vector_bytes, registers, f16c, target.cache_bytes)


def host_passes() -> tuple[str, ...]:
    """From a graph to loop IR that is ready for code."""
    return (*TENSOR, *host_loops())
