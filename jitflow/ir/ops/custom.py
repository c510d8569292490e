"""Functions with derivatives of the user's own: sub-functions with their rules as regions.

The first region is the function, and all that there is outside of derivatives. The operands behind
the arguments are what the function or its rules capture, which it is not differentiated by.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jitflow.errors import DerivativeError, ShapeError, explain
from jitflow.ir.batching import batch_regions
from jitflow.ir.copying import copy_ops, copy_region
from jitflow.ir.derivative import is_zero, is_zero_of
from jitflow.ir.ops.rules import Attrs, Types, require_tensor
from jitflow.ir.ops.structured import accepts, types_of
from jitflow.ir.row import ROWS, Attribute, Family, OpRow, register


def _inexact(types: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(t for t in types if t.dtype.is_inexact)


def _arguments(op_types: Types, attrs: Attrs) -> Types:
    return op_types[: len(op_types) - attrs["captured"]]


def _infer_function(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
    require_tensor(types)
    if not 0 <= attrs["captured"] <= len(types):
        raise ShapeError(f"there are {len(types)} operands, not {attrs['captured']} captured ones")
    accepts(regions[0], types, "the function")
    return types_of(regions[0].results)


def _infer_jvp(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
    results = _infer_function(types, attrs, regions)
    accepts(regions[1], (*types, *_inexact(_arguments(types, attrs))), "the rule")
    _gives(regions[1], (*results, *_inexact(results)), "the rule")
    return results


def _infer_vjp(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
    _, forward, backward = regions
    results = _infer_function(types, attrs, regions)
    accepts(forward, types, "the forward rule")
    _gives(forward, results, "the forward rule")
    residuals = types_of(forward.results[len(results) :])
    accepts(backward, (*residuals, *_inexact(results)), "the backward rule")
    cotangents = _inexact(_arguments(types, attrs))
    _gives(backward, cotangents, "the backward rule")
    if len(backward.results) != len(cotangents):
        raise ShapeError(f"the backward rule gives {len(cotangents)} cotangents")
    return results


def _gives(region: Any, types: Sequence[Any], what: str) -> None:
    """Refuses a region whose first results are not of these types."""
    found = types_of(region.results)
    if found[: len(types)] != tuple(types):
        wanted = ", ".join(map(str, types))
        raise ShapeError(f"{what} gives ({', '.join(map(str, found))}), not ({wanted})")


def _given_tangents(b: Any, op: Any, tangents: Sequence[Any]) -> list[Any]:
    """A tangent for each argument that has one; a DerivativeError where a captured value does."""
    count = len(op.operands) - op.attrs["captured"]
    if any(t is not None for t in tangents[count:]):
        name = op.attrs["name"]
        raise DerivativeError(explain(
            f"a derivative is wanted by a value that {name} captures, and its rule knows none",
            op=op.row.name, at=op.locations[0] if op.locations else None,
            cure=f"make it an argument of {name}",
        ))
    pairs = zip(op.operands[:count], tangents, strict=False)
    return [
        b.full_like(x, 0) if t is None else t for x, t in pairs if x.type.dtype.is_inexact
    ]


def _for_results(op: Any, tangents: Sequence[Any]) -> tuple[Any, ...]:
    """A tangent for each result; None for integers, and for the constant 0."""
    rest = iter(tangents)
    found = [next(rest) if v.type.dtype.is_inexact else None for v in op.results]
    return tuple(None if t is None or is_zero(t) else t for t in found)


def _tangent_by_rule(b: Any, op: Any, tangents: Any) -> tuple[Any, ...]:
    given = _given_tangents(b, op, tangents)
    region = op.regions[1]
    ops, results = copy_ops(region, (*op.operands, *given))
    zeros = {t for t in given if is_zero(t)}
    replaced: dict[Any, Any] = {}
    for copied in ops:
        _append_without_zeros(b, copied, zeros, replaced)
    found = [replaced.get(v, v) for v in results]
    return _for_results(op, found[len(op.results) :])


def _append_without_zeros(b: Any, op: Any, zeros: set[Any], replaced: dict[Any, Any]) -> None:
    """Appends an op, or the constant 0 where it is linear in nothing but zeros.

    So an op that is linear in a tangent and a zero shows that it is: its zero is a constant.
    """
    if zeros and is_zero_of(op, zeros):
        b.locations = op.locations
        for value in op.results:
            zeros.add(value)
            replaced[value] = b.full_like(value, 0)
        return
    if any(v in replaced for v in op.operands):
        operands = tuple([replaced.get(v, v) for v in op.operands])
        fresh = op.with_operands(operands, op.regions)
        replaced.update(zip(op.results, fresh.results, strict=True))
        op = fresh
    b.append(op)


def _tangent_by_transpose(b: Any, op: Any, tangents: Any) -> tuple[Any, ...]:
    given = _given_tangents(b, op, tangents)
    _, forward, backward = op.regions
    ops, results = copy_ops(forward, op.operands)
    b.ops += ops
    residuals = results[len(op.results) :]
    attrs = {"name": op.attrs["name"], "residuals": len(residuals)}
    pulled = b.emit(
        ROWS["transposed_call"], (*residuals, *given), attrs, (copy_region(backward),)
    )
    return _for_results(op, pulled.results)


_NAMED = {"name": Attribute("str"), "captured": Attribute("int", 0)}

register(OpRow(
    name="custom_jvp", family=Family.STRUCTURED, arity=None, regions=2, infer=_infer_jvp,
    doc="Runs its first region; the second maps (operands, tangents) to (results, their tangents).",
    attributes=_NAMED, jvp=_tangent_by_rule, batch=batch_regions,
))
register(OpRow(
    name="custom_vjp", family=Family.STRUCTURED, arity=None, regions=3, infer=_infer_vjp,
    doc="Runs its first region; the second gives results and residuals, and the third maps "
        "(residuals, cotangents of the results) to cotangents of the arguments.",
    attributes=_NAMED, jvp=_tangent_by_transpose, batch=batch_regions,
))


def _infer_transposed(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
    (backward,) = regions
    residuals, tangents = types[: attrs["residuals"]], types[attrs["residuals"] :]
    given = types_of(backward.params)
    if given[: len(residuals)] != residuals or types_of(backward.results) != tangents:
        raise ShapeError(f"the region takes {given} and gives {types_of(backward.results)}")
    return given[len(residuals) :]


def _tangents_of(op: Any) -> range:
    return range(op.attrs["residuals"], len(op.operands))


def _pulled_back(b: Any, cotangents: Any, op: Any, indices: Any) -> list[Any]:
    count = op.attrs["residuals"]
    ops, results = copy_ops(op.regions[0], (*op.operands[:count], *cotangents))
    b.ops += ops
    return [results[index - count] for index in indices]


def _refuse_forward(b: Any, op: Any, tangents: Any) -> Any:
    raise DerivativeError(forward_text(op))


def forward_text(op: Any) -> str:
    """What an error says of a `transposed_call` that is to be computed."""
    return explain(
        f"{op.attrs['name']} has a rule for reverse mode only (custom_vjp)",
        at=op.locations[0] if op.locations else None,
        cure="take grad, vjp or jacrev of it, or give it a rule by custom_jvp",
    )


register(OpRow(
    name="transposed_call", family=Family.STRUCTURED, arity=None, regions=1,
    infer=_infer_transposed, linear=_tangents_of, jvp=_refuse_forward, transpose=_pulled_back,
    doc="Of (residuals, tangents): the linear map whose transpose is the region, which is all that "
        "is known of it.",
    attributes={"name": Attribute("str"), "residuals": Attribute("int")}, batch=batch_regions,
))
