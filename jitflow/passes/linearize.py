"""linearize: forward-mode differentiation. Asks each row for its jvp and names no op."""

from __future__ import annotations

from jitflow.errors import DerivativeError, ShapeError, explain
from jitflow.ir.builder import Builder
from jitflow.ir.core import Function, Op, Value
from jitflow.ir.types import TensorType


def linearize(
    function: Function, *, wrt: tuple[int, ...] = (0,), of: tuple[int, ...] | None = None
) -> Function:
    """Adds the tangents of results `of` in the direction of tangents of parameters `wrt`.

        func @f(%x: f32[2], %y: f32[2]) {
          %0: f32[2] = mul %x, %y
          return %0
        }
    becomes, with wrt=[0],
        func @f(%x: f32[2], %y: f32[2], %dx: f32[2]) {linear=[2], tangents=[1]} {
          %0: f32[2] = mul %x, %y
          %1: f32[2] = mul %dx, %y
          return %0, %1
        }

    Parameters: the old ones, then a tangent for each of `wrt`. Results: the old ones, then a
    tangent for each of `of` (default: every float or complex result), zeros where it depends on
    none of `wrt`. The attributes `linear` and `tangents` list those parameters and results for
    transpose. The old ops stay as they are; each is followed by the ops of its tangent.

    Raises DerivativeError where `wrt` or `of` name an integer or nothing, and at an op with
    regions and no rule through which a wanted tangent flows: inline calls first.
    """
    outputs = _outputs(function, of)
    b = Builder(function.params)
    tangents: dict[Value, Value] = {}
    for param in _pick(function.params, wrt, "parameter"):
        tangents[param] = b.param(param.type, f"d{param.name}" if param.name else "")
    needed = _needed(function, outputs)
    for op in function.ops:
        b.append(op)
        if not needed.isdisjoint(op.results):
            _differentiate(b, op, tangents)
    results = [*function.results, *(_tangent_or_zeros(b, v, tangents) for v in outputs)]
    attrs = {
        **function.attrs,
        "linear": tuple(range(len(function.params), len(b.params))),
        "tangents": tuple(range(len(function.results), len(results))),
    }
    return b.build(function.name, results, attrs)


def _outputs(function: Function, of: tuple[int, ...] | None) -> list[Value]:
    if of is None:
        return [v for v in function.results if _has_tangent(v)]
    return _pick(function.results, of, "result")


def _pick(values: tuple[Value, ...], indices: tuple[int, ...], what: str) -> list[Value]:
    """The values at distinct indices; a DerivativeError if one is missing or has no tangent."""
    for index in indices:
        if not 0 <= index < len(values):
            raise DerivativeError(f"there is no {what} {index}; there are {len(values)}")
        if not _has_tangent(values[index]):
            raise DerivativeError(
                f"{what} {index} is {values[index].type}; derivatives need float or complex"
            )
    if len(set(indices)) < len(indices):
        raise DerivativeError(f"a {what} is named twice in {list(indices)}")
    return [values[index] for index in indices]


def _has_tangent(value: Value) -> bool:
    return isinstance(value.type, TensorType) and value.type.dtype.is_inexact


def _needed(function: Function, outputs: list[Value]) -> set[Value]:
    """Every value that the outputs depend on."""
    needed = set(outputs)
    for op in reversed(function.ops):
        if not needed.isdisjoint(op.results):
            needed.update(op.operands)
    return needed


def _differentiate(b: Builder, op: Op, tangents: dict[Value, Value]) -> None:
    """Appends the tangents of the op's results that are not zero."""
    given = [tangents.get(v) for v in op.operands]
    if not any(t is not None for t in given):
        return
    if op.regions and op.row.jvp is None:
        cure = "calls must be inlined first; leave out branches and loops"
        raise _refusal(op, "is not differentiable yet", cure)
    if op.row.refuses_derivative:
        raise _refusal(op, f"has no derivative: {op.row.no_derivative}")
    if op.row.jvp is None:
        return
    b.locations = op.locations
    try:
        tangent = op.row.jvp(b, op, given)
    except ShapeError as error:
        raise _refusal(op, str(error)) from error
    found = tangent if isinstance(tangent, tuple) else (tangent,) * len(op.results)
    tangents.update((v, t) for v, t in zip(op.results, found, strict=True) if t is not None)


def _refusal(op: Op, problem: str, cure: str = "") -> DerivativeError:
    place = op.locations[0] if op.locations else None
    return DerivativeError(explain(problem, op=op.row.name, at=place, cure=cure))


def _tangent_or_zeros(b: Builder, value: Value, tangents: dict[Value, Value]) -> Value:
    if value in tangents:
        return tangents[value]
    b.locations = value.op.locations if value.op is not None else ()
    return b.full_like(value, 0)
