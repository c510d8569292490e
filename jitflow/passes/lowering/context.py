"""What lowering shares: the builder at the top of the body, constants, buffers and views."""

from __future__ import annotations

from collections.abc import Sequence

from jitflow.ir.builder import Builder
from jitflow.ir.core import Op, Value
from jitflow.ir.dense import Dense
from jitflow.ir.dtypes import DType, part_of
from jitflow.ir.row import ROWS
from jitflow.ir.types import INDEX, BufferType
from jitflow.passes.lowering.access import Access, IntShape
from jitflow.passes.lowering.again import Again


class Context:
    """The body under construction; index constants are collected in front of it."""

    def __init__(self, params: list[Value]) -> None:
        self.builder = Builder(params)
        self.prologue = Builder()
        self._indices: dict[int, Value] = {}
        self._token: Value | None = None
        self._views: dict[tuple[Value, int, IntShape, IntShape], Value] = {}
        self.again = Again(Context)

    def index(self, value: int) -> Value:
        """The constant i64[] `value`, made once for the whole body."""
        found = self._indices.get(value)
        if found is None:
            self.prologue.locations = self.builder.locations
            attrs = {"value": Dense(value, INDEX.dtype), "type": INDEX}
            found = self.prologue.emit(ROWS["constant"], (), attrs).result
            self._indices[value] = found
        return found

    def call_host(self, callee: str, buffers: Sequence[Value]) -> None:
        """Calls a function of the host, after all such calls before."""
        b = self.builder
        token = b.token() if self._token is None else self._token
        self._token = b.host_call(token, *buffers, callee=callee)

    def temp(self, dtype: DType, shape: tuple[int, ...], name: str = "") -> Value:
        """A new dense buffer in the arena."""
        type = BufferType(dtype, shape, None, "temp")
        attrs = {"offset": -1, "type": type}
        op = Op(ROWS["alloc"], (), attrs, (type,), (), self.builder.locations, (name,))
        return self.builder.append(op).results[0]

    def whole(self, buffer: Value) -> Access:
        """All of a buffer; that of complex numbers as floats, with a last axis for the parts."""
        type = buffer.type
        if type.dtype.kind != "c":
            return Access.whole(buffer)
        parts = BufferType(part_of(type.dtype), (*type.shape, 2), None, type.space)
        op = self.builder.emit(ROWS["view"], (buffer,), {"offset": 0, "type": parts})
        op.result.name = buffer.name
        return Access.whole(op.result)

    def array(self, access: Access, dtype: DType) -> Value:
        """A buffer of `dtype` for an array; of complex numbers where the access is to parts."""
        if dtype is access.base.type.dtype:
            return self.view(access, access.shape, access.strides)
        strides = tuple(stride // 2 for stride in access.strides[:-1])
        type = BufferType(dtype, access.shape[:-1], strides, access.base.type.space)
        attrs = {"offset": access.offset // 2, "type": type}
        return self.builder.emit(ROWS["view"], (access.base,), attrs).result

    def room_for(self, value: Value) -> Access:
        """A new dense buffer in the arena for an array; two floats for each complex number."""
        dtype, shape = value.type.dtype, value.type.shape
        if dtype.kind == "c":
            dtype, shape = part_of(dtype), (*shape, 2)
        return Access.whole(self.temp(dtype, shape, value.name))

    def view(self, access: Access, shape: tuple[int, ...], strides: tuple[int, ...]) -> Value:
        """A buffer value for `access` under other axes; made once per place, shape and strides."""
        base = access.base
        whole = base.type
        if not access.offset and shape == whole.shape and strides == whole.strides:
            return base
        key = base, access.offset, shape, strides
        found = self._views.get(key)
        if found is None:
            type = BufferType(whole.dtype, shape, strides, whole.space)
            attrs = {"offset": access.offset, "type": type}
            op = self.builder.emit(ROWS["view"], (base,), attrs)
            op.result.name = base.name
            found = self._views[key] = op.result
        return found

    def fill(self, buffer: Value, value: Value) -> None:
        """Stores the scalar in every element, at the end of the body."""

        def nest(b: Builder, at: tuple[Value, ...]) -> tuple[Value, ...]:
            if len(at) == buffer.type.rank:
                b.store(value, buffer, *at)
            else:
                extent = self.index(buffer.type.shape[len(at)])
                b.loop(self.index(0), extent, lambda c, i: nest(c, (*at, i)), kind="parallel")
            return ()

        nest(self.builder, ())

    def ops(self) -> list[Op]:
        ops = self.again.replaced(self, self.builder.ops)
        return [*self.prologue.ops, *ops]
