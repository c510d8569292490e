"""Kinds of ops: equal for ops that compute the same of operands of the same types."""

from __future__ import annotations

from typing import Any, NamedTuple

from jitflow.ir.core import Op
from jitflow.ir.row import OpRow


class Kind(NamedTuple):
    """A row, the types of its operands, and its attributes."""

    row: OpRow
    types: tuple[Any, ...]
    attrs: tuple[Any, ...]


def kind_of(op: Op) -> Kind:
    return Kind(op.row, tuple([v.type for v in op.operands]), tuple(op.attrs.items()))
