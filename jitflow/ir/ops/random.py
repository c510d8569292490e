"""Random bits: a function of a counter and a key, with no state."""

from __future__ import annotations

from typing import Any

from jitflow.errors import DtypeError, ShapeError
from jitflow.ir import expand
from jitflow.ir.dtypes import u32
from jitflow.ir.ops.reference import quiet
from jitflow.ir.ops.rules import Attrs, Types, require_elementwise
from jitflow.ir.row import Attribute, Family, OpRow, register


def _infer_random_bits(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
    result = require_elementwise(types)
    if any(t.dtype is not u32 for t in types):
        raise DtypeError(f"counter and key are u32, got {', '.join(map(str, types))}")
    if not 0 <= attrs["word"] < 4:
        raise ShapeError(f"a block has the words 0 to 3, not {attrs['word']}")
    return (result,)


register(OpRow(
    name="random_bits", family=Family.ELEMENTWISE, arity=6, infer=_infer_random_bits,
    doc="Word `word` of Philox4x32-10's block for a counter (the first four operands) and a key.",
    attributes={"word": Attribute("int")}, reference=quiet(expand.philox_reference),
    expand=expand.philox, no_derivative="bits", cost=100,
))
