"""Which code each op has on each device, by dtype: a view of the table of ops.

A row says what an op is; its family, and how costly it is, decide what code it becomes. Nothing is
registered here, so an op that is added has its kernels with that.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from jitflow.errors import ArgumentError, nearest
from jitflow.ir.dtypes import DType, as_dtype
from jitflow.ir.examples import dtypes_of
from jitflow.ir.row import REQUIRED, ROWS, Family, OpRow
from jitflow.passes.expand import CALL_COST
from jitflow.runtime.devices import Device, devices, find_device

_CODE = {
    Family.LIBRARY: "library call",
    Family.ELEMENTWISE: "inline",
    Family.VIEW: "addresses, or a copy",
    Family.CREATION: "inline",
}
"""What the rows of a family become; those of other families become loops."""

CONTROL = (Family.LOOP, Family.CHECK, Family.STRUCTURED)
"""Families without code of their own: they hold what has."""


class Kernel(NamedTuple):
    """The code of an op for a dtype, on a device.

    code: "inline", in the loop that the op is fused into; "inline, or a call where rare", a
    function's call where the op does not run often; "loops" of its own; "addresses, or a copy";
    "library call", of NumPy or LAPACK. Behind it: "in f32", where 16-bit floats are computed so,
    and "by parts", where complex numbers are.
    """

    op: str
    device: str
    dtype: str
    code: str


def kernels(op: str | None = None, device: Any = None, dtype: Any = None) -> tuple[Kernel, ...]:
    """All kernels, or those of an op, on a device, for a dtype.

    Raises ArgumentError for an op that does not exist, DeviceError for a device that is not there,
    DtypeError for no dtype.
    """
    rows = list(ROWS.values()) if op is None else [_row(op)]
    places = devices() if device is None else (find_device(device),)
    wanted = None if dtype is None else as_dtype(dtype)
    return tuple(
        Kernel(row.name, place.name, kind.name, code_of(row, kind, place))
        for row in rows
        for place in places
        for kind in dtypes_of(row)
        if wanted in (None, kind)
    )


def code_of(row: OpRow, dtype: DType | None = None, device: Device | None = None) -> str:
    """What the op becomes on a device, for a dtype if one is given; "" for control."""
    if row.family in CONTROL:
        return ""
    is_plain = all(a.default is not REQUIRED for a in row.attributes.values())
    is_long = row.expand is not None and row.cost >= CALL_COST and is_plain
    code = "inline, or a call where rare" if is_long else _CODE.get(row.family, "loops")
    if dtype is not None and dtype.is_float and dtype.bits == 16 and row.widens_halves:
        return f"{code}, in f32"
    if dtype is not None and dtype.kind == "c" and row.family is not Family.LIBRARY:
        return f"{code}, by parts"
    return code


def _row(name: str) -> OpRow:
    if name not in ROWS:
        near = nearest(name, ROWS)
        guess = f"; did you mean {near!r}?" if near else ""
        raise ArgumentError(f"no op {name!r}{guess}\n  cure: `jitflow ops` lists them")
    return ROWS[name]
