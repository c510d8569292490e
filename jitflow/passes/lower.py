"""lower: tensor IR with kernels becomes loop IR over buffers.

Owns the walk and where each array lives; how a family becomes loops is in `lowering/`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from typing import Any, NoReturn

import numpy as np

from jitflow.errors import NoCodeError, VerifyError, explain
from jitflow.ir.core import Function, Op, Region, Value
from jitflow.ir.dense import Dense
from jitflow.ir.location import Location
from jitflow.ir.row import ROWS, Family
from jitflow.ir.types import BufferType, TensorType, TokenType, c_strides
from jitflow.passes.lowering.access import Access, viewed
from jitflow.passes.lowering.context import Context
from jitflow.passes.lowering.cumulative import lower_cumulative
from jitflow.passes.lowering.dot import lower_dot
from jitflow.passes.lowering.host import lower_library
from jitflow.passes.lowering.kernels import lower_kernel
from jitflow.passes.lowering.moves import copy, lower_concatenate, lower_pad, put
from jitflow.passes.lowering.numbers import Numbers, is_number
from jitflow.passes.lowering.ordering import is_ordered_here, lower_order
from jitflow.passes.lowering.reuse import WRITERS, Reuse, is_view
from jitflow.passes.lowering.search import lower_searchsorted
from jitflow.passes.lowering.structure import words
from jitflow.passes.lowering.writers import (
    copy_around,
    is_large,
    lower_dynamic_slice,
    lower_writer,
    window,
)


def lower(function: Function, *, vector_bytes: int = 32, registers: int = 16) -> Function:
    """Every array becomes a buffer: parameters, results (as further parameters), temporaries.

    Before: `func @f(%x: f32[8]) { %y: f32[8] = kernel %x ...; return %y }`
    After:  `func @f(%x: &f32[8], %y: &f32[8]) {outputs=1} { loop ... { load, ..., store } return }`
    Views become other strides over the same buffer. `vector_bytes` and `registers` of the target
    shape the blocks of matrix products; no result depends on them. Complex arrays are seen as
    floats, with a last axis for the two parts.
    Precondition: fused, static shapes, no structured ops beside kernels.
    """
    return _Lowering(function, vector_bytes, registers).run()


_LOOPS = frozenset((ROWS["searchsorted"], ROWS["dynamic_slice"]))
"""What becomes loops from its operands to its result and nothing else, beside cumulative rows."""

_TAKE_NUMBERS = ("update", "concatenate", "check")


class _Lowering:
    def __init__(self, function: Function, vector_bytes: int, registers: int) -> None:
        self.function = function
        self.vector_bytes = vector_bytes
        self.registers = registers
        self.reuse = Reuse(function)
        self.numbers = Numbers(function)
        self.number = Counter(map(_likeness, function.ops))
        self.of_function = (Location(f"@{function.name}", 0),)
        buffers = [self._param(v) for v in function.params]
        self.context = Context(buffers)
        self.context.builder.locations = self.of_function
        pairs = zip(function.params, buffers, strict=True)
        self.access = {v: self.context.whole(buffer) for v, buffer in pairs}
        self._place_results()

    def _param(self, value: Value) -> Value:
        type = value.type
        _require_array(type, f"@{self.function.name}: cannot lower a parameter of type {type}")
        return Value(BufferType(type.dtype, type.shape), value.name)

    def _place_results(self) -> None:
        """Result buffers; a result computed here is written straight into its buffer."""
        self.outputs: list[Access] = []
        self.home: dict[Value, Access] = {}
        for number, value in enumerate(self.function.results):
            type = value.type
            _require_array(type, f"@{self.function.name}: cannot lower a result of type {type}")
            name = value.name or f"out{number}"
            buffer = self.context.builder.param(BufferType(type.dtype, type.shape), name)
            access = self.context.whole(buffer)
            self.outputs.append(access)
            if value.op is not None and value not in self.home:
                self.home[value] = access
                self._place_parts(value.op, access)
        for op in reversed(self.function.ops):
            if not op.results or op.results[0] not in self.home:
                continue
            if op.row in WRITERS:
                self._place_operands(op, self.home[op.result])
            elif op.row.name == "reshape":
                self._place_reshaped(op.operands[0], self.home[op.result])

    def _place_operands(self, op: Op, access: Access) -> None:
        """What a writer writes into, or the part that it writes, is computed in its place."""
        taken = self.reuse.takes_over(op)
        if taken is not None:
            self.home[taken] = access
        elif is_large(op) and (part := self.reuse.moves_in(op)) is not None:
            self.home.setdefault(part, window(op, access))

    def _place_reshaped(self, value: Value, access: Access) -> None:
        """An array is computed where a result lies that is the same memory in another shape."""
        is_dense = access.strides == c_strides(access.shape) and value.type.dtype.kind != "c"
        if value.op is not None and is_dense and _makes_memory(value.op):
            shape = value.type.shape
            self.home.setdefault(value, access.moved(0, shape, c_strides(shape)))

    def _place_parts(self, op: Op, access: Access) -> None:
        """Kernels write the parts of a complex result to their places in it."""
        if op.row.name == "complex":
            for k, part in enumerate(op.operands):
                if part.op is not None and part.op.row.name == "kernel":
                    self.home.setdefault(part, access.part(k))

    def run(self) -> Function:
        for op in self.function.ops:
            self.context.builder.locations = op.locations or self.of_function
            self._op(op)
        self.context.builder.locations = self.of_function
        for value, target in zip(self.function.results, self.outputs, strict=True):
            source = self.access[value]
            if source != target:
                copy(self.context, source, target)
        body = Region(self.context.builder.params, self.context.ops(), ())
        kept = {name: x for name, x in self.function.attrs.items() if name == "donated"}
        return Function(self.function.name, body, {"outputs": len(self.outputs), **kept})

    def _target(self, value: Value) -> Access:
        """Where a value that is computed now will live: its result buffer, or a temporary."""
        found = self.home.get(value)
        if found is None:
            found = self.context.room_for(value)
        self.access[value] = found
        return found

    def _op(self, op: Op) -> None:
        if is_view(op) and (op.result in self.access or self.numbers.see(op)):
            return
        if is_number(op):
            self._number(op)
            return
        if op.row.name in _TAKE_NUMBERS:
            self._take_numbers(op)
            return
        inputs = [self.access[v] for v in op.operands]
        if op.row.name == "kernel":
            outputs = [self._target(v) for v in op.results]
            count = self.number[_likeness(op)]
            lower_kernel(self.context, op, inputs, outputs, self._kind(op), count)
        elif op.row.name == "dot_general":
            lower_dot(
                self.context, op, inputs, self._target(op.result), self.vector_bytes,
                self.registers, self.number[_likeness(op)] > 1,
            )
        elif op.row.name == "pad":
            lower_pad(self.context, op, inputs, self._target(op.result))
        elif op.row in _LOOPS or op.row.family is Family.CUMULATIVE or is_ordered_here(op):
            self._loops(op, inputs)
        elif op.row.name == "complex":
            self._complex(inputs, self._target(op.result))
        elif op.row.family is Family.LIBRARY:
            lower_library(self.context, op, inputs, [self._target(v) for v in op.results])
        elif op.row in WRITERS:
            self._update(op, inputs[0])
        elif op.row.family is Family.VIEW:
            self._view(op, inputs[0])
        elif op.row.name == "constant":
            self._constant(op)
        else:
            _refuse(op)

    def _number(self, op: Op) -> None:
        """Computes numbers, and stores those that are read from memory."""
        self.numbers.compute(self.context, op, [self.access.get(v) for v in op.operands])
        for value in op.results:
            if value in self.numbers.in_memory:
                put(self.context, self.numbers.known[value], self._target(value))

    def _take_numbers(self, op: Op) -> None:
        """What takes numbers as they are, and other arrays from memory."""
        if op.row.name == "update":
            self._update(op, self.access[op.operands[0]])
        elif op.row.name == "concatenate":
            known = self.numbers.known
            parts = [known[v] if v in known else self.access[v] for v in op.operands]
            lower_concatenate(self.context, op, parts, self._target(op.result))
        else:
            self._check(op)

    def _loops(self, op: Op, inputs: list[Access]) -> None:
        def make(context: Context, accesses: list[Access]) -> None:
            *read, target = accesses
            if op.row.name == "searchsorted":
                lower_searchsorted(context, op, read[0], read[1], target)
            elif is_ordered_here(op):
                lower_order(context, op, read[0], target)
            elif op.row.name == "dynamic_slice":
                lower_dynamic_slice(context, read[0], read[1:], target)
            else:
                lower_cumulative(context, op, read[0], target, self.vector_bytes)

        accesses = [*inputs, self._target(op.result)]
        self.context.again.emit(self.context, self._kind(op), accesses, make, is_frequent=True)

    def _kind(self, op: Op) -> Hashable:
        """Equal for ops that do the same; None where there is certainly no other such op."""
        return words(op) if self.number[_likeness(op)] > 1 else None

    def _update(self, op: Op, whole: Access) -> None:
        """Writes into the array's own memory where that may be, else into a copy.

        A large part is written first, next to the loops that computed it, and then what is around.
        """
        late = self.reuse.parts.get(op)
        if late is not None and not whole.has_overlap:
            self._set_aside(late)
            target = self.access[op.result] = whole
        else:
            target = self._target(op.result)
            if is_large(op):
                self._write(op, target)
                copy_around(self.context, op, whole, target)
                return
            copy(self.context, whole, target)
        self._write(op, target)

    def _write(self, op: Op, target: Access) -> None:
        _, part, *places = op.operands
        number = self.numbers.known.get(part) if op.row.name == "update" else None
        if number is not None:
            put(self.context, number, window(op, target))
        else:
            access = [self.access[v] for v in places]
            lower_writer(self.context, op, target, self.access[part], access)

    def _set_aside(self, values: list[Value]) -> None:
        """Copies arrays, or views of them, away, whose memory will be written over."""
        for value in values:
            source = self._viewed_early(value)
            self.access[value] = self.context.room_for(value)
            copy(self.context, source, self.access[value])

    def _viewed_early(self, value: Value) -> Access:
        """The access of an array, or of a view of it, also before the view's turn has come."""
        if value not in self.access:
            assert value.op is not None
            self._view(value.op, self._viewed_early(value.op.operands[0]))
        return self.access[value]

    def _view(self, op: Op, source: Access) -> None:
        access = viewed(source, op)
        if access is None:
            access = self._target(op.result)
            copy(self.context, source, access.moved(0, source.shape, c_strides(source.shape)))
        self.access[op.result] = access

    def _complex(self, parts: list[Access], target: Access) -> None:
        """Copies the parts that are not where they belong already."""
        for k, source in enumerate(parts):
            if source != target.part(k):
                copy(self.context, source, target.part(k))

    def _constant(self, op: Op) -> None:
        value, shape = op.attrs["value"], op.result.type.shape
        parts: tuple[int, ...] = ()
        if value.dtype.kind == "c":
            parts = (2,)
            value = Dense(np.stack([value.array.real, value.array.imag], -1))
        buffer = BufferType(value.dtype, value.array.shape, None, "const")
        made = self.context.builder.emit(ROWS["global"], (), {"value": value, "type": buffer})
        made.result.name = op.result.name
        whole = Access.whole(made.result)
        added = len(shape) + len(parts) - len(whole.shape)
        self.access[op.result] = whole.moved(0, shape + parts, (0,) * added + whole.strides)

    def _check(self, op: Op) -> None:
        b, condition = self.context.builder, op.operands[0]
        flag = self.numbers.known.get(condition)
        if flag is None:
            flag = b.load(self.context.view(self.access[condition], (), ()))
        b.emit(op.row, (flag,), op.attrs)


def _makes_memory(op: Op) -> bool:
    """Whether the op's result may lie anywhere: a reshape's operand may, if it is no view."""
    return op.row.name == "reshape" or not (is_view(op) or op.row.family is Family.CREATION)


def _likeness(op: Op) -> Hashable:
    """Equal for ops that may be alike, and quickly found."""
    sizes = [len(region.ops) for region in op.regions] if op.regions else ()
    return op.row, tuple([v.type for v in op.operands]), *sizes


def _require_array(type: Any, problem: str) -> None:
    """NoCodeError where an array's size is a symbol, or where there is a token in its place."""
    if isinstance(type, TokenType) or (isinstance(type, TensorType) and not type.is_static):
        raise NoCodeError(problem)
    if not isinstance(type, TensorType):
        raise VerifyError(problem)


def _refuse(op: Op) -> NoReturn:
    where = op.locations[0] if op.locations else None
    if op.row.family in (Family.CREATION, Family.ELEMENTWISE, Family.REDUCE):
        raise VerifyError(explain("stands outside of kernels; run fuse", op=op.row.name, at=where))
    if op.row.name == "call":
        raise VerifyError(explain("is a call; run inline", op=op.row.name, at=where))
    raise NoCodeError(explain("cannot be compiled yet", op=op.row.name, at=where))
