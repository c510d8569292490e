"""Expansions of logaddexp and logaddexp2."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from jitflow.ir.expand.exponential import exp, exp2
from jitflow.ir.expand.formats import Builder
from jitflow.ir.expand.logarithm import log1p

if TYPE_CHECKING:
    from jitflow.ir.core import Value


def logaddexp(b: Builder, x: Value, y: Value) -> Value:
    """max + log1p(e^-|x - y|)."""
    return b.add(b.maximum(x, y), log1p(b, exp(b, _minus_gap(b, x, y))))


def logaddexp2(b: Builder, x: Value, y: Value) -> Value:
    """max + log1p(2^-|x - y|) / ln(2)."""
    small = log1p(b, exp2(b, _minus_gap(b, x, y)))
    return b.fma(small, b.full_like(x, 1 / math.log(2)), b.maximum(x, y))


def _minus_gap(b: Builder, x: Value, y: Value) -> Value:
    """-|x - y|; equal infinities have no difference, and no gap."""
    gap = b.neg(b.abs(b.sub(x, y)))
    return b.select(b.eq(x, y), b.full_like(x, 0.0), gap)
