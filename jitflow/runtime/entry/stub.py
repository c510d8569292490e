"""The stub's LLVM text: one function for all signatures of all functions, which reads tables.

It finds the first row whose guards the arguments pass, makes the outputs, calls the body, and puts
the results together; where no row fits, it calls Python. No process address is in it: functions of
CPython are imported symbols, those of NumPy come from the table of the process.

Arguments are borrowed from the caller. What lies within containers is owned while the call lasts,
as other threads may change them.
"""

from __future__ import annotations

from functools import cache

from jitflow.runtime.entry import layout
from jitflow.runtime.entry.words import (
    GUARD_WORDS,
    LEAVES,
    MAKE_WORDS,
    OBJECTS,
    OUTPUT_WORDS,
    Flag,
    Guard,
    Make,
    OutputWord,
    Process,
    RowWord,
    State,
)

SYMBOL = "jitflow_entry"

IMPORTS = {
    "PyDict_GetItemWithError": "ptr (ptr, ptr)",
    "PyDict_New": "ptr ()",
    "PyDict_SetItem": "i32 (ptr, ptr, ptr)",
    "PyDict_Size": "i64 (ptr)",
    "PyErr_Clear": "void ()",
    "PyEval_RestoreThread": "void (ptr)",
    "PyEval_SaveThread": "ptr ()",
    "PyList_GetItem": "ptr (ptr, i64)",
    "PyList_New": "ptr (i64)",
    "PyList_SetItem": "i32 (ptr, i64, ptr)",
    "PyList_Size": "i64 (ptr)",
    "PyLong_AsLongLongAndOverflow": "i64 (ptr, ptr)",
    "PyLong_FromLong": "ptr (i64)",
    "PyObject_CallOneArg": "ptr (ptr, ptr)",
    "PyObject_Vectorcall": "ptr (ptr, ptr, i64, ptr)",
    "PyTuple_GetItem": "ptr (ptr, i64)",
    "PyTuple_New": "ptr (i64)",
    "PyTuple_SetItem": "i32 (ptr, i64, ptr)",
    "PyTuple_Size": "i64 (ptr)",
    "Py_DecRef": "void (ptr)",
    "Py_IncRef": "void (ptr)",
}
"""What the stub calls of CPython's stable API, with types."""


def _word(name: str, base: str, number: int, type: str = "i64") -> str:
    """Loads a word of a table."""
    return (
        f"%{name}.at = getelementptr inbounds i64, ptr {base}, i64 {int(number)}\n"
        f"  %{name} = load {type}, ptr %{name}.at, align 8"
    )


def _field(name: str, base: str, offset: int, type: str) -> str:
    """Loads what lies at a number of bytes behind an object's start."""
    return (
        f"%{name}.at = getelementptr inbounds i8, ptr {base}, i64 {offset}\n"
        f"  %{name} = load {type}, ptr %{name}.at, align 4"
    )


def _item(name: str, base: str, index: str, type: str = "ptr") -> str:
    return (
        f"%{name}.at = getelementptr inbounds ptr, ptr {base}, i64 {index}\n"
        f"  %{name} = load {type}, ptr %{name}.at, align 8"
    )


@cache
def stub_text(state_offset: int) -> str:
    """LLVM text of the stub; `state_offset` is where a function's object points to its state."""
    declared = []
    for name, type in IMPORTS.items():
        result, _, params = type.partition(" ")
        declared.append(f"declare {result} @{name}{params} nounwind")
    parts = (_search(state_offset), _guards(), _containers(), _run(), _results(), _leave())
    return "\n".join([*declared, *parts, "}", ""])


def _search(state_offset: int) -> str:
    """The call's objects, and the rows one after the other."""
    return f"""
define ptr @{SYMBOL}(ptr %self, ptr %args, i64 %flagged, ptr %names) nounwind {{
entry:
  %objects = alloca [{OBJECTS} x ptr], align 16
  %buffers = alloca [{LEAVES} x ptr], align 16
  %numbers = alloca [{LEAVES} x i64], align 16
  %scalars = alloca [{LEAVES} x i128], align 16
  %outputs = alloca [{LEAVES} x ptr], align 16
  %stack = alloca [{OBJECTS} x ptr], align 16
  %overflow = alloca i32, align 4
  {_field("state", "%self", state_offset, "ptr")}
  {_word("process", "%state", State.PROCESS, "ptr")}
  {_word("traces.place", "%process", Process.TRACES, "ptr")}
  %traces = load i64, ptr %traces.place, align 8
  %positional = and i64 %flagged, {(1 << 63) - 1}
  %no.names = icmp eq ptr %names, null
  br i1 %no.names, label %counted, label %count
count:
  %names.size = call i64 @PyTuple_Size(ptr %names)
  br label %counted
counted:
  %keywords = phi i64 [ 0, %entry ], [ %names.size, %count ]
  %given = add i64 %positional, %keywords
  %is.traced = icmp ne i64 %traces, 0
  %is.large = icmp ugt i64 %given, {OBJECTS // 2}
  %is.odd = or i1 %is.traced, %is.large
  br i1 %is.odd, label %miss, label %copy
copy:
  %c = phi i64 [ 0, %counted ], [ %c.next, %copy.one ]
  %c.done = icmp eq i64 %c, %given
  br i1 %c.done, label %first, label %copy.one
copy.one:
  {_item("copied", "%args", "%c")}
  %copied.to = getelementptr inbounds ptr, ptr %objects, i64 %c
  store ptr %copied, ptr %copied.to, align 8
  %c.next = add i64 %c, 1
  br label %copy
first:
  {_word("row.first", "%state", State.ROWS, "ptr")}
  br label %look
look:
  %row = phi ptr [ %row.first, %first ], [ %row.next, %other ]
  %is.end = icmp eq ptr %row, null
  br i1 %is.end, label %miss, label %shape
other.owned:
  br label %other.release
other.release:
  %r = phi i64 [ %given, %other.owned ], [ %r.next, %other.one ]
  %r.done = icmp eq i64 %r, %known
  br i1 %r.done, label %other, label %other.one
other.one:
  {_item("released", "%objects", "%r")}
  call void @Py_DecRef(ptr %released)
  %r.next = add i64 %r, 1
  br label %other.release
other:
  {_word("row.next", "%row", RowWord.NEXT, "ptr")}
  br label %look
shape:
  {_word("row.positional", "%row", RowWord.POSITIONAL)}
  {_word("row.keywords", "%row", RowWord.KEYWORDS)}
  %as.many = icmp eq i64 %row.positional, %positional
  %as.named = icmp eq i64 %row.keywords, %keywords
  %as.given = and i1 %as.many, %as.named
  br i1 %as.given, label %named, label %other
named:
  {_word("row.names", "%row", RowWord.NAMES, "ptr")}
  br label %name
name:
  %k = phi i64 [ 0, %named ], [ %k.next, %name.one ]
  %k.done = icmp eq i64 %k, %keywords
  br i1 %k.done, label %program, label %name.one
name.one:
  %name.given = call ptr @PyTuple_GetItem(ptr %names, i64 %k)
  {_item("name.wanted", "%row.names", "%k")}
  %k.next = add i64 %k, 1
  %name.same = icmp eq ptr %name.given, %name.wanted
  br i1 %name.same, label %name, label %other
program:
  {_word("guards", "%row", RowWord.GUARDS, "ptr")}
  {_word("guard.count", "%row", RowWord.GUARD_COUNT)}
  %guard.words = mul i64 %guard.count, {GUARD_WORDS}
  %guards.end = getelementptr inbounds i64, ptr %guards, i64 %guard.words
  br label %ask"""


def _guards() -> str:
    """The guards of a row; `known` objects so far, `leaf` buffers of them."""
    leaf_from = " ".join(f"[ %leaf.{name}, %{name}.done ]," for name in ("array", "place", "int", "bool"))
    return f"""
ask:
  %guard = phi ptr [ %guards, %program ], [ %guard.next, %passed ]
  %leaf = phi i64 [ 0, %program ], [ %leaf.now, %passed ]
  %known = phi i64 [ %given, %program ], [ %known.now, %passed ]
  %is.passed = icmp eq ptr %guard, %guards.end
  br i1 %is.passed, label %run, label %one
passed:
  %leaf.now = phi i64 {leaf_from} [ %leaf, %part ], [ %leaf, %same ], [ %leaf, %captured ]
  %known.now = phi i64 [ %known, %array.done ], [ %known, %place.done ], [ %known, %int.done ], [ %known, %bool.done ], [ %p.known, %part ], [ %known, %same ], [ %known.captured, %captured ]
  %guard.next = getelementptr inbounds i64, ptr %guard, i64 {GUARD_WORDS}
  br label %ask
one:
  {_word("kind", "%guard", 0)}
  {_word("number", "%guard", 1)}
  {_word("type.wanted", "%guard", 2, "ptr")}
  {_word("first.word", "%guard", 3)}
  %first.pointer = inttoptr i64 %first.word to ptr
  %slot = getelementptr inbounds ptr, ptr %buffers, i64 %leaf
  %cell = getelementptr inbounds i64, ptr %numbers, i64 %leaf
  %is.captured = icmp eq i64 %kind, {Guard.CAPTURED:d}
  br i1 %is.captured, label %captured, label %given.one
captured:
  call void @Py_IncRef(ptr %first.pointer)
  %captured.to = getelementptr inbounds ptr, ptr %objects, i64 %known
  store ptr %first.pointer, ptr %captured.to, align 8
  %known.captured = add i64 %known, 1
  br label %passed
given.one:
  {_item("object", "%objects", "%number")}
  {_field("type", "%object", layout.TYPE, "ptr")}
  %of.type = icmp eq ptr %type, %type.wanted
  br i1 %of.type, label %typed, label %other.owned
typed:
  switch i64 %kind, label %other.owned [
    i64 {Guard.ARRAY:d}, label %array
    i64 {Guard.IN_PLACE:d}, label %place
    i64 {Guard.INT:d}, label %int
    i64 {Guard.BOOL:d}, label %bool
    i64 {Guard.TUPLE:d}, label %tuple
    i64 {Guard.LIST:d}, label %list
    i64 {Guard.DICT:d}, label %dict
    i64 {Guard.SAME:d}, label %same
  ]
array:
  {_field("dtype", "%object", layout.DTYPE, "ptr")}
  {_field("rank", "%object", layout.RANK, "i32")}
  {_field("flags", "%object", layout.FLAGS, "i32")}
  {_field("data", "%object", layout.DATA, "ptr")}
  {_word("wanted", "%guard", 4)}
  {_word("extents", "%guard", 5, "ptr")}
  %wanted.flags.wide = and i64 %wanted, 65535
  %wanted.flags = trunc i64 %wanted.flags.wide to i32
  %wanted.high = lshr i64 %wanted, 16
  %wanted.rank.wide = and i64 %wanted.high, 65535
  %wanted.rank = trunc i64 %wanted.rank.wide to i32
  %flags.set = and i32 %flags, %wanted.flags
  %flags.right = icmp eq i32 %flags.set, %wanted.flags
  %dtype.right = icmp eq ptr %dtype, %first.pointer
  %rank.right = icmp eq i32 %rank, %wanted.rank
  %head.some = and i1 %flags.right, %dtype.right
  %head.right = and i1 %head.some, %rank.right
  {_field("shape.of", "%object", layout.SHAPE, "ptr")}
  store ptr %data, ptr %slot, align 8
  %leaf.array = add i64 %leaf, 1
  br i1 %head.right, label %extent, label %other.owned
extent:
  %e = phi i64 [ 0, %array ], [ %e.next, %extent.one ]
  %e.done = icmp eq i64 %e, %wanted.rank.wide
  br i1 %e.done, label %order, label %extent.one
extent.one:
  {_item("extent.given", "%shape.of", "%e", "i64")}
  {_item("extent.wanted", "%extents", "%e", "i64")}
  %e.next = add i64 %e, 1
  %extent.right = icmp eq i64 %extent.given, %extent.wanted
  br i1 %extent.right, label %extent, label %other.owned
order:
  %has.strides = icmp slt i64 %wanted, 0
  br i1 %has.strides, label %strides, label %array.done
strides:
  {_field("strides.of", "%object", layout.STRIDES, "ptr")}
  %strides.wanted = getelementptr inbounds i64, ptr %extents, i64 %wanted.rank.wide
  br label %stride
stride:
  %s = phi i64 [ 0, %strides ], [ %s.next, %stride.one ]
  %s.done = icmp eq i64 %s, %wanted.rank.wide
  br i1 %s.done, label %array.done, label %stride.one
stride.one:
  {_item("stride.given", "%strides.of", "%s", "i64")}
  {_item("stride.wanted", "%strides.wanted", "%s", "i64")}
  %s.next = add i64 %s, 1
  %stride.right = icmp eq i64 %stride.given, %stride.wanted
  br i1 %stride.right, label %stride, label %other.owned
array.done:
  br label %passed
place:
  %value = getelementptr inbounds i8, ptr %object, i64 %first.word
  store ptr %value, ptr %slot, align 8
  br label %place.done
place.done:
  %leaf.place = add i64 %leaf, 1
  br label %passed
int:
  %int.value = call i64 @PyLong_AsLongLongAndOverflow(ptr %object, ptr %overflow)
  %int.overflow = load i32, ptr %overflow, align 4
  store i64 %int.value, ptr %cell, align 8
  store ptr %cell, ptr %slot, align 8
  %int.fits = icmp eq i32 %int.overflow, 0
  br i1 %int.fits, label %int.done, label %other.owned
int.done:
  %leaf.int = add i64 %leaf, 1
  br label %passed
bool:
  {_word("true", "%process", Process.TRUE, "ptr")}
  %is.true = icmp eq ptr %object, %true
  %truth = zext i1 %is.true to i64
  store i64 %truth, ptr %cell, align 8
  store ptr %cell, ptr %slot, align 8
  br label %bool.done
bool.done:
  %leaf.bool = add i64 %leaf, 1
  br label %passed
same:
  %is.same = icmp eq ptr %object, %first.pointer
  br i1 %is.same, label %passed, label %other.owned"""


def _containers() -> str:
    """The parts of a container become known objects, which the call owns."""
    return f"""
tuple:
  %tuple.size = call i64 @PyTuple_Size(ptr %object)
  br label %sized
list:
  %list.size = call i64 @PyList_Size(ptr %object)
  br label %sized
dict:
  %dict.size = call i64 @PyDict_Size(ptr %object)
  br label %sized
sized:
  %size = phi i64 [ %tuple.size, %tuple ], [ %list.size, %list ], [ %dict.size, %dict ]
  {_word("keys", "%guard", 4, "ptr")}
  %size.right = icmp eq i64 %size, %first.word
  br i1 %size.right, label %part, label %other.owned
part:
  %p = phi i64 [ 0, %sized ], [ %p.next, %part.add ]
  %p.known = phi i64 [ %known, %sized ], [ %p.known.next, %part.add ]
  %p.done = icmp eq i64 %p, %first.word
  br i1 %p.done, label %passed, label %part.one
part.one:
  switch i64 %kind, label %part.of.dict [
    i64 {Guard.TUPLE:d}, label %part.of.tuple
    i64 {Guard.LIST:d}, label %part.of.list
  ]
part.of.tuple:
  %in.tuple = call ptr @PyTuple_GetItem(ptr %object, i64 %p)
  br label %part.found
part.of.list:
  %in.list = call ptr @PyList_GetItem(ptr %object, i64 %p)
  br label %part.found
part.of.dict:
  {_item("key", "%keys", "%p")}
  %in.dict = call ptr @PyDict_GetItemWithError(ptr %object, ptr %key)
  br label %part.found
part.found:
  %part.object = phi ptr [ %in.tuple, %part.of.tuple ], [ %in.list, %part.of.list ], [ %in.dict, %part.of.dict ]
  %part.missing = icmp eq ptr %part.object, null
  br i1 %part.missing, label %part.lost, label %part.add
part.add:
  call void @Py_IncRef(ptr %part.object)
  %part.to = getelementptr inbounds ptr, ptr %objects, i64 %p.known
  store ptr %part.object, ptr %part.to, align 8
  %p.next = add i64 %p, 1
  %p.known.next = add i64 %p.known, 1
  br label %part
part.lost:
  call void @PyErr_Clear()
  br label %lost.release
lost.release:
  %l = phi i64 [ %given, %part.lost ], [ %l.next, %lost.one ]
  %l.done = icmp eq i64 %l, %p.known
  br i1 %l.done, label %other, label %lost.one
lost.one:
  {_item("lost", "%objects", "%l")}
  call void @Py_DecRef(ptr %lost)
  %l.next = add i64 %l, 1
  br label %lost.release"""


def _run() -> str:
    """Outputs, the arena, and the body."""
    return f"""
run:
  {_word("arena.place", "%row", RowWord.ARENA, "ptr")}
  {_word("row.flags", "%row", RowWord.FLAGS)}
  {_word("output.count", "%row", RowWord.OUTPUT_COUNT)}
  {_word("output.first", "%row", RowWord.OUTPUTS, "ptr")}
  {_word("new.array", "%process", Process.NEW_ARRAY, "ptr")}
  {_word("array.type", "%process", Process.ARRAY_TYPE, "ptr")}
  {_word("leaf.count", "%row", RowWord.LEAF_COUNT)}
  %no.arena = icmp eq ptr %arena.place, null
  br i1 %no.arena, label %make, label %take
take:
  %arena.free = load ptr, ptr %arena.place, align 8
  %is.taken = icmp eq ptr %arena.free, null
  br i1 %is.taken, label %busy, label %took
took:
  store ptr null, ptr %arena.place, align 8
  br label %make
busy:
  br label %busy.release
make:
  %arena = phi ptr [ null, %run ], [ %arena.free, %took ]
  br label %output
output:
  %o = phi i64 [ 0, %make ], [ %o.next, %output.done ]
  %output.words = phi ptr [ %output.first, %make ], [ %output.words.next, %output.done ]
  %output.place = getelementptr inbounds ptr, ptr %outputs, i64 %o
  %o.done = icmp eq i64 %o, %output.count
  br i1 %o.done, label %ready, label %output.one
output.one:
  {_word("output.scalar", "%output.words", OutputWord.IS_SCALAR)}
  %output.buffer = add i64 %leaf.count, %o
  %output.slot = getelementptr inbounds ptr, ptr %buffers, i64 %output.buffer
  %output.is.scalar = icmp ne i64 %output.scalar, 0
  br i1 %output.is.scalar, label %output.local, label %output.array
output.local:
  %local = getelementptr inbounds i128, ptr %scalars, i64 %o
  br label %output.done
output.array:
  {_word("output.dtype", "%output.words", OutputWord.DTYPE, "ptr")}
  {_word("output.rank", "%output.words", OutputWord.RANK)}
  {_word("output.shape", "%output.words", OutputWord.SHAPE, "ptr")}
  %output.rank.32 = trunc i64 %output.rank to i32
  call void @Py_IncRef(ptr %output.dtype)
  %made = call ptr %new.array(ptr %array.type, ptr %output.dtype, i32 %output.rank.32, ptr %output.shape, ptr null, ptr null, i32 0, ptr null)
  %made.failed = icmp eq ptr %made, null
  br i1 %made.failed, label %no.memory, label %made.right
made.right:
  {_field("made.data", "%made", layout.DATA, "ptr")}
  br label %output.done
output.done:
  %output.object = phi ptr [ null, %output.local ], [ %made, %made.right ]
  %output.memory = phi ptr [ %local, %output.local ], [ %made.data, %made.right ]
  store ptr %output.object, ptr %output.place, align 8
  store ptr %output.memory, ptr %output.slot, align 8
  %o.next = add i64 %o, 1
  %output.words.next = getelementptr inbounds i64, ptr %output.words, i64 {OUTPUT_WORDS}
  br label %output
ready:
  {_word("body", "%row", RowWord.BODY, "ptr")}
  {_word("context", "%row", RowWord.CONTEXT, "ptr")}
  {_word("owner", "%row", RowWord.OWNER, "ptr")}
  {_word("calls", "%row", RowWord.CALLS)}
  %calls.now = add i64 %calls, 1
  store i64 %calls.now, ptr %calls.at, align 8
  %held = and i64 %row.flags, {Flag.HOLDS_ROW:d}
  %is.held = icmp ne i64 %held, 0
  br i1 %is.held, label %hold, label %plain
plain:
  %status.plain = call i32 %body(ptr %buffers, ptr null, ptr %arena, ptr %context)
  br label %ran
hold:
  call void @Py_IncRef(ptr %owner)
  %releases = and i64 %row.flags, {Flag.RELEASES_GIL:d}
  %is.released = icmp ne i64 %releases, 0
  br i1 %is.released, label %free.run, label %held.run
held.run:
  %status.held = call i32 %body(ptr %buffers, ptr null, ptr %arena, ptr %context)
  br label %ran
free.run:
  %thread = call ptr @PyEval_SaveThread()
  %status.free = call i32 %body(ptr %buffers, ptr null, ptr %arena, ptr %context)
  call void @PyEval_RestoreThread(ptr %thread)
  br label %ran
ran:
  %status = phi i32 [ %status.plain, %plain ], [ %status.held, %held.run ], [ %status.free, %free.run ]
  br i1 %no.arena, label %returned, label %give
give:
  store ptr %arena, ptr %arena.place, align 8
  br label %returned
returned:
  %is.done = icmp eq i32 %status, 0
  br i1 %is.done, label %build, label %failed"""


def _results() -> str:
    """Outputs as NumPy has them, in the structure that the function returned."""
    return f"""
build:
  {_word("results", "%row", RowWord.RESULTS, "ptr")}
  {_word("result.count", "%row", RowWord.RESULT_COUNT)}
  {_word("new.scalar", "%process", Process.NEW_SCALAR, "ptr")}
  br label %scalar
scalar:
  %q = phi i64 [ 0, %build ], [ %q.next, %scalar.done ]
  %q.words = phi ptr [ %output.first, %build ], [ %q.words.next, %scalar.done ]
  %q.done = icmp eq i64 %q, %output.count
  br i1 %q.done, label %put, label %scalar.one
scalar.one:
  {_word("q.scalar", "%q.words", OutputWord.IS_SCALAR)}
  %q.is.scalar = icmp ne i64 %q.scalar, 0
  br i1 %q.is.scalar, label %scalar.make, label %scalar.done
scalar.make:
  {_word("q.dtype", "%q.words", OutputWord.DTYPE, "ptr")}
  %q.local = getelementptr inbounds i128, ptr %scalars, i64 %q
  %q.made = call ptr %new.scalar(ptr %q.local, ptr %q.dtype, ptr null)
  %q.place = getelementptr inbounds ptr, ptr %outputs, i64 %q
  store ptr %q.made, ptr %q.place, align 8
  %q.failed = icmp eq ptr %q.made, null
  br i1 %q.failed, label %drop, label %scalar.done
scalar.done:
  %q.next = add i64 %q, 1
  %q.words.next = getelementptr inbounds i64, ptr %q.words, i64 {OUTPUT_WORDS}
  br label %scalar
put:
  %result.words = mul i64 %result.count, {MAKE_WORDS}
  %results.end = getelementptr inbounds i64, ptr %results, i64 %result.words
  br label %next
next:
  %make.words = phi ptr [ %results, %put ], [ %make.next, %pushed ]
  %height = phi i64 [ 0, %put ], [ %height.next, %pushed ]
  %is.built = icmp eq ptr %make.words, %results.end
  br i1 %is.built, label %built, label %make.one
make.one:
  {_word("make.kind", "%make.words", 0)}
  {_word("make.size", "%make.words", 1)}
  {_word("make.keys", "%make.words", 2, "ptr")}
  %base = sub i64 %height, %make.size
  switch i64 %make.kind, label %make.none [
    i64 {Make.OUTPUT:d}, label %make.output
    i64 {Make.TUPLE:d}, label %make.tuple
    i64 {Make.LIST:d}, label %make.list
    i64 {Make.DICT:d}, label %make.dict
  ]
make.output:
  {_item("pushed.output", "%outputs", "%make.size")}
  store ptr null, ptr %pushed.output.at, align 8
  br label %push.new
make.none:
  {_word("none", "%process", Process.NONE, "ptr")}
  call void @Py_IncRef(ptr %none)
  br label %push.new
push.new:
  %new = phi ptr [ %pushed.output, %make.output ], [ %none, %make.none ]
  br label %pushed
make.tuple:
  %new.tuple = call ptr @PyTuple_New(i64 %make.size)
  br label %fill
make.list:
  %new.list = call ptr @PyList_New(i64 %make.size)
  br label %fill
make.dict:
  %new.dict = call ptr @PyDict_New()
  br label %fill
fill:
  %filled = phi ptr [ %new.tuple, %make.tuple ], [ %new.list, %make.list ], [ %new.dict, %make.dict ]
  %fill.failed = icmp eq ptr %filled, null
  br i1 %fill.failed, label %unbuilt, label %fill.next
fill.next:
  %f = phi i64 [ 0, %fill ], [ %f.next, %fill.did ]
  %f.done = icmp eq i64 %f, %make.size
  br i1 %f.done, label %pushed, label %fill.one
fill.one:
  %f.from = add i64 %base, %f
  {_item("part.made", "%stack", "%f.from")}
  store ptr null, ptr %part.made.at, align 8
  switch i64 %make.kind, label %fill.dict [
    i64 {Make.TUPLE:d}, label %fill.tuple
    i64 {Make.LIST:d}, label %fill.list
  ]
fill.tuple:
  %tuple.set = call i32 @PyTuple_SetItem(ptr %filled, i64 %f, ptr %part.made)
  br label %fill.did
fill.list:
  %list.set = call i32 @PyList_SetItem(ptr %filled, i64 %f, ptr %part.made)
  br label %fill.did
fill.dict:
  {_item("make.key", "%make.keys", "%f")}
  %dict.set = call i32 @PyDict_SetItem(ptr %filled, ptr %make.key, ptr %part.made)
  call void @Py_DecRef(ptr %part.made)
  br label %fill.did
fill.did:
  %set = phi i32 [ %tuple.set, %fill.tuple ], [ %list.set, %fill.list ], [ %dict.set, %fill.dict ]
  %f.next = add i64 %f, 1
  %set.right = icmp eq i32 %set, 0
  br i1 %set.right, label %fill.next, label %fill.lost
fill.lost:
  call void @Py_DecRef(ptr %filled)
  br label %unbuilt
pushed:
  %top = phi ptr [ %new, %push.new ], [ %filled, %fill.next ]
  %top.at.index = phi i64 [ %height, %push.new ], [ %base, %fill.next ]
  %top.at = getelementptr inbounds ptr, ptr %stack, i64 %top.at.index
  store ptr %top, ptr %top.at, align 8
  %height.next = add i64 %top.at.index, 1
  %make.next = getelementptr inbounds i64, ptr %make.words, i64 {MAKE_WORDS}
  br label %next
built:
  {_item("result", "%stack", "0")}
  br label %leave
unbuilt:
  br label %unbuilt.next
unbuilt.next:
  %u = phi i64 [ 0, %unbuilt ], [ %u.next, %unbuilt.one ]
  %u.done = icmp eq i64 %u, %height
  br i1 %u.done, label %drop, label %unbuilt.one
unbuilt.one:
  {_item("undone", "%stack", "%u")}
  call void @Py_DecRef(ptr %undone)
  %u.next = add i64 %u, 1
  br label %unbuilt.next"""


def _leave() -> str:
    """The ways out: a result, a failure, or Python. Py_DecRef takes a null for nothing."""
    return f"""
failed:
  {_word("raise", "%row", RowWord.FAILED, "ptr")}
  %status.wide = sext i32 %status to i64
  %status.object = call ptr @PyLong_FromLong(i64 %status.wide)
  %status.lost = icmp eq ptr %status.object, null
  br i1 %status.lost, label %drop, label %report
report:
  %reported = call ptr @PyObject_CallOneArg(ptr %raise, ptr %status.object)
  call void @Py_DecRef(ptr %status.object)
  call void @Py_DecRef(ptr %reported)
  br label %drop
no.memory:
  br i1 %no.arena, label %short, label %give.back
give.back:
  store ptr %arena, ptr %arena.place, align 8
  br label %short
short:
  br label %drop.made
drop:
  br label %drop.made
drop.made:
  %d.end = phi i64 [ %o, %short ], [ %output.count, %drop ]
  %was.held = phi i1 [ false, %short ], [ %is.held, %drop ]
  %d.owner = phi ptr [ null, %short ], [ %owner, %drop ]
  br label %drop.next
drop.next:
  %d = phi i64 [ 0, %drop.made ], [ %d.next, %drop.one ]
  %d.done = icmp eq i64 %d, %d.end
  br i1 %d.done, label %leave.dropped, label %drop.one
drop.one:
  {_item("dropped", "%outputs", "%d")}
  call void @Py_DecRef(ptr %dropped)
  %d.next = add i64 %d, 1
  br label %drop.next
leave.dropped:
  br label %leave.all
leave:
  br label %leave.all
leave.all:
  %answer = phi ptr [ null, %leave.dropped ], [ %result, %leave ]
  %end.held = phi i1 [ %was.held, %leave.dropped ], [ %is.held, %leave ]
  %end.owner = phi ptr [ %d.owner, %leave.dropped ], [ %owner, %leave ]
  br i1 %end.held, label %let.go, label %forget
let.go:
  call void @Py_DecRef(ptr %end.owner)
  br label %forget
forget:
  %g = phi i64 [ %given, %leave.all ], [ %given, %let.go ], [ %g.next, %forget.one ]
  %g.done = icmp eq i64 %g, %known
  br i1 %g.done, label %exit, label %forget.one
forget.one:
  {_item("forgotten", "%objects", "%g")}
  call void @Py_DecRef(ptr %forgotten)
  %g.next = add i64 %g, 1
  br label %forget
exit:
  ret ptr %answer
busy.release:
  %b = phi i64 [ %given, %busy ], [ %b.next, %busy.one ]
  %b.done = icmp eq i64 %b, %known
  br i1 %b.done, label %miss, label %busy.one
busy.one:
  {_item("unused", "%objects", "%b")}
  call void @Py_DecRef(ptr %unused)
  %b.next = add i64 %b, 1
  br label %busy.release
miss:
  {_word("python", "%state", State.MISS, "ptr")}
  %answer.python = call ptr @PyObject_Vectorcall(ptr %python, ptr %args, i64 %flagged, ptr %names)
  ret ptr %answer.python"""
