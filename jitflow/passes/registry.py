"""The table of every pass. A new pass is one line here; where it runs is in pipeline.py."""

from __future__ import annotations

from collections.abc import Callable

from jitflow.ir.core import Function
from jitflow.passes.assign import assign
from jitflow.passes.batch import batch
from jitflow.passes.blocks import blocks
from jitflow.passes.canonicalize import canonicalize
from jitflow.passes.contract import contract
from jitflow.passes.cse import cse
from jitflow.passes.dce import dce
from jitflow.passes.expand import expand
from jitflow.passes.flatten import flatten
from jitflow.passes.fold import fold
from jitflow.passes.forward_stores import forward_stores
from jitflow.passes.fuse import fuse
from jitflow.passes.fuse_loops import fuse_loops
from jitflow.passes.half_bits import half_bits
from jitflow.passes.halos import halos
from jitflow.passes.halves import halves
from jitflow.passes.hoist_views import hoist_views
from jitflow.passes.inline import inline
from jitflow.passes.interleave import interleave
from jitflow.passes.linearize import linearize
from jitflow.passes.lower import lower
from jitflow.passes.outline import outline
from jitflow.passes.panels import panels
from jitflow.passes.parallelize import parallelize
from jitflow.passes.partials import partials
from jitflow.passes.phases import phases
from jitflow.passes.pointwise import pointwise
from jitflow.passes.share import share
from jitflow.passes.split_complex import split_complex
from jitflow.passes.step import Pass
from jitflow.passes.stream import stream
from jitflow.passes.strips import strips
from jitflow.passes.transpose import transpose
from jitflow.passes.unroll import unroll
from jitflow.passes.vectorize import vectorize

_ALL: tuple[Pass, ...] = (
    Pass(inline, required=True),
    Pass(split_complex, required=True),
    Pass(hoist_views),
    Pass(canonicalize),
    Pass(fold),
    Pass(cse, in_nests=True),
    Pass(dce, in_nests=True),
    Pass(linearize, required=True),
    Pass(transpose, required=True),
    Pass(batch, required=True),
    Pass(halves, required=True),
    Pass(halos),
    Pass(flatten, required=True),
    Pass(pointwise, required=True),
    Pass(fuse, required=True),
    Pass(lower, required=True),
    Pass(unroll, in_nests=True),
    Pass(fuse_loops, in_nests=True),
    Pass(contract, in_nests=True),
    Pass(forward_stores, in_nests=True),
    Pass(blocks, in_nests=True),
    Pass(share),
    Pass(panels, in_nests=True),
    Pass(strips, in_nests=True),
    Pass(phases, in_nests=True),
    Pass(vectorize, in_nests=True),
    Pass(interleave, in_nests=True),
    Pass(expand, required=True, in_nests=True),
    Pass(half_bits, required=True, in_nests=True),
    Pass(outline),
    Pass(stream),
    Pass(partials, in_nests=True),
    Pass(parallelize, in_nests=True),
    Pass(assign, required=True, in_nests=True),
)

PASSES: dict[str, Pass] = {rule.name: rule for rule in _ALL}


def enter(function: Callable[..., Function]) -> Callable[..., Function]:
    """Decorator: a pass from outside of jitflow; from now on pipelines know it by its name.

    Raises ValueError where there is a pass of that name.
    """
    if function.__name__ in PASSES:
        raise ValueError(f"pass '{function.__name__}' is registered twice")
    PASSES[function.__name__] = Pass(function, in_nests=True)
    return function
