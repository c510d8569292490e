"""Level 3: loops with carried values, branches, whose regions see outer values; runs of nests."""

from __future__ import annotations

from typing import Any

from jitflow.errors import DtypeError, ShapeError, VerifyError
from jitflow.ir.ops.rules import Attrs, Types
from jitflow.ir.row import Attribute, Effect, Family, OpRow, register
from jitflow.ir.types import FLAG, INDEX, BufferType

KINDS = ("parallel", "overlapping", "sequential")
"""Of iterations: they write different elements; but for the last one, which may write again what
the one before it wrote, with equal values; they go one after the other."""
MAX_CHUNKS = 4095
_LEVEL_3 = "level 3 is below differentiation"


def _infer_loop(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
    (body,) = regions
    lower, upper, carried = types[0], types[1], types[2:]
    if lower != INDEX or upper != INDEX:
        raise DtypeError(f"loop bounds must be i64[], got {lower} and {upper}")
    if attrs["step"] < 1 or attrs["kind"] not in KINDS:
        raise VerifyError(f"a loop has a step of at least 1 and a kind of {' or '.join(KINDS)}")
    if attrs["kind"] != "sequential" and carried:
        raise VerifyError(f"iterations of a loop that is {attrs['kind']} carry nothing")
    most = 1 if attrs["kind"] == "sequential" else MAX_CHUNKS
    if not 1 <= attrs["chunks"] <= most:
        raise VerifyError(f"a loop that is {attrs['kind']} has 1 to {most} chunks")
    params = tuple(p.type for p in body.params)
    results = tuple(r.type for r in body.results)
    if params != (INDEX, *carried) or results != carried:
        raise ShapeError(f"the body maps {params} to {results}; the loop carries {carried}")
    return tuple(carried)


register(OpRow(
    name="loop", family=Family.LOOP, arity=None, regions=1, captures=True, infer=_infer_loop,
    doc="Counts from the first operand to below the second by `step`; the rest is carried. Threads"
        " share it in `chunks` runs of iterations.",
    attributes={
        "step": Attribute("int", 1), "kind": Attribute("str", "sequential"),
        "chunks": Attribute("int", 1),
    },
    effect=Effect.WRITES, no_derivative=_LEVEL_3,
))


def _infer_branch(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
    if types != (FLAG,):
        raise DtypeError(f"a branch takes one bool[], got {types}")
    then, otherwise = (tuple(v.type for v in region.results) for region in regions)
    if then != otherwise or any(region.params for region in regions):
        raise ShapeError(f"sides of a branch take nothing and agree: {then} and {otherwise}")
    return then


register(OpRow(
    name="branch", family=Family.LOOP, arity=1, regions=2, captures=True, infer=_infer_branch,
    doc="Runs one side only; its regions take nothing and see outer values.",
    no_derivative=_LEVEL_3,
))


def _infer_run(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
    nest = attrs["nest"]
    wanted = tuple(p.type for p in nest.params)
    if tuple(map(_given, types)) != wanted or nest.results:
        shown = ", ".join(map(str, types))
        raise ShapeError(f"@{nest.name} takes ({', '.join(map(str, wanted))}), got ({shown})")
    return ()


def _given(type: Any) -> Any:
    """What a nest knows of a buffer: temporaries are its caller's."""
    if not isinstance(type, BufferType):
        raise VerifyError(f"nests take buffers, not {type}")
    is_temp = type.space == "temp"
    return BufferType(type.dtype, type.shape, type.strides) if is_temp else type


register(OpRow(
    name="run", family=Family.LOOP, arity=None, effect=Effect.WRITES, infer=_infer_run,
    doc="Runs a nest on buffers that do not overlap; what the nest allocates lies in the arena from"
        " byte `offset` on; -1 until offsets are assigned.",
    attributes={"nest": Attribute("nest"), "offset": Attribute("int", -1)},
    no_derivative=_LEVEL_3,
))
