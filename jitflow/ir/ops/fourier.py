"""Discrete Fourier transforms along the last axis, done by the host (see ir/host.py)."""

from __future__ import annotations

from typing import Any

from jitflow.errors import ShapeError
from jitflow.ir.ops.host_loops import over_lines
from jitflow.ir.ops.rules import Attrs, Types, require_kind, require_tensor
from jitflow.ir.row import Family, OpRow, register


def _infer_transform(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
    require_tensor(types)
    require_kind(types, "c", "complex numbers")
    if not types[0].rank or types[0].shape[-1] == 0:
        raise ShapeError(f"{types[0]} has no numbers to transform along the last axis")
    return types


def _transform(name: str, doc: str) -> None:
    """The matrix of the transform is symmetric, so that it is its own transpose."""
    register(OpRow(
        name=name, family=Family.LIBRARY, arity=1, infer=_infer_transform, doc=doc,
        reference=over_lines(name), exact=False, cost=50,
        linear=(0,), transpose=lambda b, ct, op, index: getattr(b, name)(ct),
    ))


_transform("fft", "Sums of x exp(-2 pi i j k / n) over j along the last axis.")
_transform("ifft", "The inverse of `fft`: means of x exp(2 pi i j k / n) over j.")
