"""Buffers of a function that C code calls: addresses, numbers by value, and data of the object.

Owns how each becomes the address of a buffer. Knows no op.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from jitflow.codegen.emitter import Emitter
from jitflow.codegen.memory import require_static
from jitflow.codegen.types import element_type, memory_type
from jitflow.errors import VerifyError
from jitflow.ir.core import Function
from jitflow.ir.dense import Dense
from jitflow.ir.dtypes import DType
from jitflow.ir.types import BufferType


class Given(NamedTuple):
    """One buffer: the constant data of the object, one number, or else what an address leads to."""

    data: Dense | None = None
    number: DType | None = None


def head_alone(name: str, given: Sequence[Given], traits: str) -> list[str]:
    """The first lines of the function. Callers leave what is above a narrow number undefined."""
    params = [
        f"{'ptr' if one.number is None else element_type(one.number)} %given.{place}"
        for place, one in enumerate(given) if one.data is None
    ]  # fmt: skip
    listed = ", ".join([*params, "ptr %arena"])
    return [f"define signext i32 @{name}({listed}) {traits} {{", "entry:"]


def take_buffers(e: Emitter, function: Function, given: Sequence[Given]) -> None:
    """Names the buffers."""
    for place, (param, one) in enumerate(zip(function.params, given, strict=True)):
        if not isinstance(param.type, BufferType):
            raise VerifyError(f"parameter {place} is {param.type}; level 3 takes buffers")
        require_static(param.type)
        name = f"%given.{place}"
        if one.data is not None:
            name = e.constant_memory(one.data)
        elif one.number is not None:
            name = _stored(e, name, one.number)
        e.names[param] = name


def _stored(e: Emitter, name: str, dtype: DType) -> str:
    """The address of a number that was given by value."""
    memory = e.reserve_memory(memory_type(dtype))
    if dtype.kind == "b":
        name = e.temp("byte", f"zext i1 {name} to i8")
    e.write(f"store {memory_type(dtype)} {name}, ptr {memory}, align {dtype.itemsize}")
    return memory
