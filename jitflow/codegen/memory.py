"""Buffers: addresses, loads and stores.

A buffer is a pointer to its element (0, ..., 0). A vector along an axis of stride 1 is one access
with element alignment; lanes a few bytes apart are loaded in a few, others one by one. bool is a
byte in memory, 0 or 1, and i1 in registers. Owns no state.
"""

from __future__ import annotations

from typing import Any

from jitflow.codegen.emitter import Emit, Emitter, hint
from jitflow.codegen.types import memory_type, register_type, vector_text
from jitflow.errors import NoCodeError, VerifyError
from jitflow.ir.core import Op, Value
from jitflow.ir.types import BufferType, VectorType
from jitflow.passes.lowering.rebuild import constant_int
from jitflow.passes.stream import LINE

LEAST_RUN_BYTES = 16
"""Bytes that are loaded at once at least, for lanes that are a few elements apart."""

FAR_BYTES = 32
"""Bytes from lane to lane up to which that pays: a register then has two lanes and more."""


def _alloc(e: Emitter, op: Op) -> None:
    offset = op.attrs["offset"] - e.arena_start
    if offset < 0:
        raise VerifyError("alloc has no offset in the arena; run the pass assign")
    require_static(op.results[0].type)
    if offset:
        e.define(op, f"getelementptr inbounds i8, ptr %arena, i64 {offset}")
    else:
        e.names[op.results[0]] = "%arena"


def _global(e: Emitter, op: Op) -> None:
    e.names[op.results[0]] = e.constant_memory(op.attrs["value"])


def _view(e: Emitter, op: Op) -> None:
    (base,) = op.operands
    view, offset = op.results[0].type, op.attrs["offset"]
    require_static(view)
    if not offset or 0 in view.shape:
        e.names[op.results[0]] = e.names[base]
        return
    element = memory_type(view.dtype)
    e.define(op, f"getelementptr inbounds {element}, ptr {e.names[base]}, i64 {offset}")


def require_static(buffer: BufferType) -> None:
    if not {int}.issuperset(map(type, (*buffer.shape, *buffer.strides))):
        raise NoCodeError(f"no code for sizes that only the call knows yet: {buffer}")


def _address(e: Emitter, buffer: Value, indices: tuple[Value, ...]) -> str:
    """The address of an element: what moves is shared within a block, a constant part comes last.

    Only whole addresses are known to lie within the buffer.
    """
    type, moving, fixed = buffer.type, [], 0
    for index, stride, extent in zip(indices, type.strides, type.shape, strict=True):
        if extent == 1 or stride == 0:
            continue
        variable, offset = _split(index)
        fixed += offset * stride
        if variable is not None:
            moving.append((e.names[variable], stride))
    pointer = e.names[buffer]
    if moving:
        pointer = _moved(e, pointer, memory_type(type.dtype), moving, not fixed)
    if fixed:
        step = f"getelementptr {memory_type(type.dtype)}, ptr {pointer}, i64 {fixed}"
        pointer = e.temp("at", step)
    return pointer


def _moved(
    e: Emitter, pointer: str, element: str, moving: list[tuple[str, int]], whole: bool
) -> str:
    """The pointer after all moving indices, in as few steps as may be; the block keeps it."""
    key = (pointer, *moving)
    found = e.computed.get(key)
    if found is not None:
        return found
    inbounds = " inbounds" if whole else ""
    for together in _nested(moving):
        step, within = element, 1
        for _, stride in reversed(together):
            if abs(stride) != within:
                step, within = f"[{abs(stride) // within} x {step}]", abs(stride)
        places = [_forward(e, name, stride) for name, stride in together]
        step = ", ".join([step, f"ptr {pointer}", *[f"i64 {place}" for place in places]])
        pointer = e.temp("at", f"getelementptr{inbounds} {step}")
    e.computed[key] = pointer
    return pointer


def _nested(moving: list[tuple[str, int]]) -> list[list[tuple[str, int]]]:
    """Indices in runs, in each of which strides are multiples of the next: arrays of arrays."""
    runs: list[list[tuple[str, int]]] = []
    for name, stride in moving:
        if runs and abs(runs[-1][-1][1]) > abs(stride) and not runs[-1][-1][1] % stride:
            runs[-1].append((name, stride))
        else:
            runs.append([(name, stride)])
    return runs


def _forward(e: Emitter, name: str, stride: int) -> str:
    """The index, or its negative where it counts down."""
    return name if stride > 0 else e.temp("back", f"sub nsw i64 0, {name}")


def _split(index: Value) -> tuple[Value | None, int]:
    """An index as what moves plus a constant."""
    number = constant_int(index)
    if number is not None:
        return None, number
    op = index.op
    if op is not None and op.row.name == "add":
        number = constant_int(op.operands[1])
        if number is not None:
            return op.operands[0], number
    return index, 0


def _load(e: Emitter, op: Op) -> None:
    buffer, *indices = op.operands
    type, dtype = op.results[0].type, buffer.type.dtype
    if any(isinstance(index.type, VectorType) for index in indices):
        _load_scattered(e, op)
        return
    pointer = _address(e, buffer, tuple(indices))
    if not isinstance(type, VectorType):
        found = _access(e, op, f"load {memory_type(dtype)}, ptr {pointer}, align {dtype.itemsize}")
        e.names[op.results[0]] = from_memory(e, found, type)
        return
    count = op.attrs["valid"] or type.lanes
    part = VectorType(dtype, count)
    text = vector_text(count, memory_type(dtype))
    if buffer.type.strides[-1] == 1 or count == 1:
        found = _access(e, op, f"load {text}, ptr {pointer}, align {dtype.itemsize}")
    elif run := _run(buffer.type.strides[-1], part):
        found = _load_apart(e, pointer, buffer.type.strides[-1], part, run)
    else:
        found = _load_elements(e, pointer, buffer.type, part)
    e.names[op.results[0]] = from_memory(e, _widen(e, found, part, type), type)


def _load_scattered(e: Emitter, op: Op) -> None:
    """One load for each lane, at its lane of the indices.

    Where they go is computed for all lanes at once, and goes through memory: LLVM takes long to
    find the lanes of a wide vector in registers.
    """
    (buffer, *indices), type = op.operands, op.results[0].type
    count, element = op.attrs["valid"] or type.lanes, memory_type(buffer.type.dtype)
    text = vector_text(type.lanes, element)
    value = "zeroinitializer" if count < type.lanes else "poison"
    pointer = e.names[buffer]
    places = list(zip(indices, buffer.type.strides, strict=True))
    for index, stride in places:
        if not _has_lanes(index) and stride:
            pointer = _stepped(e, pointer, element, e.names[index], stride)
    ends = zip(buffer.type.shape, buffer.type.strides, strict=True)
    reach = sum((n - 1) * abs(stride) for n, stride in ends)
    offset = "i32" if reach < 1 << 31 else "i64"
    moving = [(index, stride) for index, stride in places if _has_lanes(index)]
    spilled = _spilled(e, _offsets(e, moving, type.lanes, offset), type.lanes, offset)
    for lane in range(count):
        at = e.temp("at", f"getelementptr inbounds {offset}, ptr {spilled}, i64 {lane}")
        step = e.temp("step", f"load {offset}, ptr {at}, align {int(offset[1:]) // 8}")
        at = e.temp("at", f"getelementptr inbounds {element}, ptr {pointer}, {offset} {step}")
        found = e.temp("load", f"load {element}, ptr {at}, align {buffer.type.dtype.itemsize}")
        value = e.temp("lanes", f"insertelement {text} {value}, {element} {found}, i64 {lane}")
    e.names[op.results[0]] = from_memory(e, value, type)


def _has_lanes(index: Value) -> bool:
    return isinstance(index.type, VectorType)


def _offsets(e: Emitter, moving: list[tuple[Value, int]], lanes: int, offset: str) -> str:
    """How many elements each lane is from the first, of a type that holds all of them."""
    text, total = vector_text(lanes, offset), ""
    for index, stride in moving:
        step = e.names[index]
        if offset != "i64":
            step = e.temp("step", f"trunc {vector_text(lanes, 'i64')} {step} to {text}")
        if stride != 1:
            factor = ", ".join([f"{offset} {stride}"] * lanes)
            step = e.temp("step", f"mul {text} {step}, <{factor}>")
        total = e.temp("offsets", f"add {text} {total}, {step}") if total else step
    return total


def _spilled(e: Emitter, offsets: str, lanes: int, offset: str) -> str:
    """The address of lanes in memory on the stack."""
    text = vector_text(lanes, offset)
    memory = e.reserve_memory(text)
    e.write(f"store {_whole(e, offsets, text)}, ptr {memory}, align 8")
    return memory


def _whole(e: Emitter, value: str, text: str) -> str:
    """Lanes to store, behind their type: two of 32 bits as one number.

    LLVM 22 gives a later load of the first one both, where that is an integer to be widened.
    """
    if text not in ("<2 x i32>", "<2 x float>"):
        return f"{text} {value}"
    return f"i64 {e.temp('both', f'bitcast {text} {value} to i64')}"


def _stepped(e: Emitter, pointer: str, element: str, index: str, stride: int) -> str:
    """The pointer moved along one axis."""
    if stride < 0:
        index = e.temp("back", f"sub nsw i64 0, {index}")
    step = f"[{abs(stride)} x {element}]"
    return e.temp("at", f"getelementptr inbounds {step}, ptr {pointer}, i64 {index}")


def _access(e: Emitter, op: Op, text: str) -> str:
    return e.temp(hint(op.results[0], "load"), text)


def _run(stride: int, type: VectorType) -> int:
    """Elements side by side to load at once for lanes `stride` apart; 0 to load each by itself."""
    if stride == 2:
        return type.lanes
    lanes, size = type.lanes, type.dtype.itemsize
    if not 0 < stride * size <= FAR_BYTES or lanes < 4 or lanes & (lanes - 1):
        return 0
    run = max(lanes, LEAST_RUN_BYTES // size)
    return run if run <= (lanes - 1) * stride + 1 else 0


def _load_apart(e: Emitter, pointer: str, stride: int, type: VectorType, run: int) -> str:
    """Lanes a few apart, as parts of complex numbers and colours: of runs, the last of which ends
    with the last lane, and overlaps the one before it.
    """
    element, last = memory_type(type.dtype), (type.lanes - 1) * stride + 1 - run
    text, size = vector_text(run, element), type.dtype.itemsize
    starts = [*range(0, last, run), last]
    value, done = "", 0
    for start in starts:
        at = pointer
        if start:
            at = e.temp("at", f"getelementptr inbounds {element}, ptr {pointer}, i64 {start}")
        part = e.temp("run", f"load {text}, ptr {at}, align {size}")
        if not start:
            value, done = part, -(-run // stride)
            places = [stride * k for k in range(done)]
            continue
        now = min(type.lanes, (start + run - 1) // stride + 1)
        places += [run + stride * k - start for k in range(done, now)]
        width = type.lanes if start == last else run
        places += [0] * (width - len(places))
        mask = ", ".join(f"i32 {place}" for place in places)
        pair = f"{text} {value}, {text} {part}"
        value = e.temp("lanes", f"shufflevector {pair}, <{width} x i32> <{mask}>")
        places, done = list(range(now)), now
    if last:
        return value
    mask = ", ".join(f"i32 {place}" for place in places)
    pair = f"{text} {value}, {text} poison"
    return e.temp("lanes", f"shufflevector {pair}, <{type.lanes} x i32> <{mask}>")


def _load_elements(e: Emitter, pointer: str, buffer: BufferType, type: VectorType) -> str:
    """Lanes that are not side by side: one load each."""
    element = memory_type(type.dtype)
    text, value = vector_text(type.lanes, element), "poison"
    for lane in range(type.lanes):
        at = _lane_address(e, pointer, buffer, lane)
        found = e.temp("load", f"load {element}, ptr {at}, align {type.dtype.itemsize}")
        value = e.temp("lanes", f"insertelement {text} {value}, {element} {found}, i64 {lane}")
    return value


def _lane_address(e: Emitter, pointer: str, buffer: BufferType, lane: int) -> str:
    step = lane * buffer.strides[-1]
    if not step:
        return pointer
    element = memory_type(buffer.dtype)
    return e.temp("at", f"getelementptr inbounds {element}, ptr {pointer}, i64 {step}")


def _widen(e: Emitter, value: str, part: VectorType, whole: VectorType) -> str:
    """The valid lanes, and zero in the others."""
    if part.lanes == whole.lanes:
        return value
    text = vector_text(part.lanes, memory_type(part.dtype))
    lanes = ", ".join(f"i32 {min(k, part.lanes)}" for k in range(whole.lanes))
    mask = f"<{whole.lanes} x i32> <{lanes}>"
    return e.temp("valid", f"shufflevector {text} {value}, {text} zeroinitializer, {mask}")


def from_memory(e: Emitter, value: str, type: Any) -> str:
    """A loaded value in its register type: any byte but 0 is true."""
    if type.dtype.kind != "b":
        return value
    if isinstance(type, VectorType):
        return e.temp("flags", f"icmp ne <{type.lanes} x i8> {value}, zeroinitializer")
    return e.temp("flag", f"icmp ne i8 {value}, 0")


def fence(e: Emitter) -> None:
    """Behind stores past the caches: then other threads see all of them."""
    if e.streams:
        e.write("fence seq_cst")


def _store(e: Emitter, op: Op) -> None:
    value, buffer, *indices = op.operands
    type, dtype, name = value.type, buffer.type.dtype, e.names[value]
    pointer = _address(e, buffer, tuple(indices))
    if not isinstance(type, VectorType):
        if dtype.kind == "b":
            name = e.temp("byte", f"zext i1 {name} to i8")
        e.write(f"store {memory_type(dtype)} {name}, ptr {pointer}, align {dtype.itemsize}")
        return
    if dtype.kind == "b":
        name = e.temp("bytes", f"zext {register_type(type)} {name} to <{type.lanes} x i8>")
    count = op.attrs["valid"] or type.lanes
    text = vector_text(count, memory_type(dtype))
    name = _narrow(e, name, type, count)
    if op.attrs["streams"]:
        e.streams = True
        align = min(LINE, count * dtype.itemsize)
        e.write(f"store {text} {name}, ptr {pointer}, align {align}, !nontemporal !{{i32 1}}")
        return
    if buffer.type.strides[-1] == 1 or count == 1:
        e.write(f"store {_whole(e, name, text)}, ptr {pointer}, align {dtype.itemsize}")
        return
    for lane in range(count):
        at = _lane_address(e, pointer, buffer.type, lane)
        one = e.temp("lane", f"extractelement {text} {name}, i64 {lane}")
        e.write(f"store {memory_type(dtype)} {one}, ptr {at}, align {dtype.itemsize}")


def _narrow(e: Emitter, value: str, type: VectorType, count: int) -> str:
    """The first `count` lanes."""
    if count == type.lanes:
        return value
    text = vector_text(type.lanes, memory_type(type.dtype))
    mask = ", ".join(f"i32 {k}" for k in range(count))
    return e.temp("valid", f"shufflevector {text} {value}, {text} poison, <{count} x i32> <{mask}>")


EMITTERS: dict[str, Emit] = {
    "alloc": _alloc,
    "global": _global,
    "view": _view,
    "load": _load,
    "store": _store,
}
