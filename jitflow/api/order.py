"""The passes on the way to code for this machine, in order: names and options, no passes.

They are also part of what code on disk is known by.
"""

from __future__ import annotations

from jitflow.passes.pipeline import TENSOR, loops_for
from jitflow.runtime.machine import host_target
from jitflow.runtime.target import Target

_WITHIN_JITFLOW = ("stream", "parallelize")
"""Passes whose code asks for aligned results, and for threads."""


def host_loops() -> tuple[str, ...]:
    """From tensor IR to loop IR that is ready for code."""
    return target_loops(host_target())


def target_loops(target: Target) -> tuple[str, ...]:
    """The same for code of another machine."""
    registers, f16c = target.vector_registers, target.has_f16c
    return loops_for(target.vector_bytes, registers, f16c, target.cache_bytes)


def plain_loops(target: Target) -> tuple[str, ...]:
    """The same for functions that C calls: on one thread, with arrays that may lie anywhere."""
    steps = target_loops(target)
    return tuple(step for step in steps if step.partition("{")[0] not in _WITHIN_JITFLOW)


def host_passes() -> tuple[str, ...]:
    """From a graph to loop IR that is ready for code."""
    return (*TENSOR, *host_loops())
