"""Effects at tensor level: run-time checks and the tokens that order effects."""

from __future__ import annotations

from typing import Any

from jitflow.errors import CheckError, DtypeError, VerifyError
from jitflow.ir.dtypes import bool_
from jitflow.ir.ops.rules import Attrs, Types
from jitflow.ir.row import Attribute, Effect, Family, OpRow, register
from jitflow.ir.types import TOKEN, TensorType


def _infer_check(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
    (condition,) = types
    if not isinstance(condition, TensorType) or condition.rank or condition.dtype is not bool_:
        raise DtypeError(f"a check needs a bool[] condition, got {condition}")
    return ()


def _reference_check(condition: Any, id: int, message: str) -> tuple[Any, ...]:
    if not condition:
        raise CheckError(message)
    return ()


def _batch_check(b: Any, op: Any, operands: Any, batched: Any) -> tuple[Any, ...]:
    """One check of the whole batch."""
    b.check(b.reduce_all(operands[0], axes=(0,)), **op.attrs)
    return ()


register(OpRow(
    name="check", family=Family.CHECK, arity=1, effect=Effect.ORDERED, infer=_infer_check,
    doc="Fails the call with status `id` unless the condition holds; never reordered, and dropped "
    "only where it is known to hold.",
    attributes={"id": Attribute("int"), "message": Attribute("str")},
    reference=_reference_check, no_derivative="no result", batch=_batch_check,
))
register(OpRow(
    name="token", family=Family.CHECK, arity=0, infer=lambda types, attrs, regions: (TOKEN,),
    doc="The first token of a chain of ordered effects.", reference=lambda: None,
    no_derivative="a token",
))


def _infer_print(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
    if not types or types[0] != TOKEN:
        raise VerifyError("print takes a token first")
    from string import Formatter  # noqa: PLC0415

    try:
        fields = [name for _, name, _, _ in Formatter().parse(attrs["text"]) if name is not None]
    except ValueError as error:
        raise VerifyError(f"print cannot read its text: {error}") from error
    if fields != [""] * (len(types) - 1):
        raise VerifyError(f"print has {len(types) - 1} values, and {len(fields)} braces {{}}")
    return (TOKEN,)


def _reference_print(token: None, *values: Any, text: str) -> None:
    print(text.format(*values))


register(OpRow(
    name="print", family=Family.CHECK, arity=None, effect=Effect.ORDERED, infer=_infer_print,
    doc="Writes `text` with the values in its braces to sys.stdout; takes and gives a token.",
    attributes={"text": Attribute("str")}, reference=_reference_print, no_derivative="a token",
))
