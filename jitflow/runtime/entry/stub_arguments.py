"""The stub's first half: which row a call's arguments fit.

`given` is the number of arguments, `known` that of objects found so far, parts of containers too,
`leaf` that of buffers. Objects from `given` on are owned.
"""

from __future__ import annotations

from jitflow.runtime.entry import layout
from jitflow.runtime.entry.words import (
    GUARD_WORDS,
    LEAVES,
    OBJECTS,
    Guard,
    Process,
    RowWord,
    State,
)
from jitflow.runtime.stub_text import field, item, phi, release, word

EQ = 2
"""Py_EQ of CPython's object.h."""


def search(state_offset: int, symbol: str) -> str:
    """The call's objects, and the rows one after the other."""
    return f"""
define ptr @{symbol}(ptr %self, ptr %args, i64 %flagged, ptr %names) nounwind {{
entry:
  %objects = alloca [{OBJECTS} x ptr], align 16
  %buffers = alloca [{LEAVES} x ptr], align 16
  %numbers = alloca [{LEAVES} x i64], align 16
  %scalars = alloca [{LEAVES} x i128], align 16
  %outputs = alloca [{LEAVES} x ptr], align 16
  %stack = alloca [{OBJECTS} x ptr], align 16
  %overflow = alloca i32, align 4
  {field("state", "%self", state_offset, "ptr")}
  {word("process", "%state", State.PROCESS, "ptr")}
  {word("traces.place", "%process", Process.TRACES, "ptr")}
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
  {item("copied", "%args", "%c")}
  %copied.to = getelementptr inbounds ptr, ptr %objects, i64 %c
  store ptr %copied, ptr %copied.to, align 8
  %c.next = add i64 %c, 1
  br label %copy
first:
  {word("row.first", "%state", State.ROWS, "ptr")}
  br label %look
look:
  %row = phi ptr [ %row.first, %first ], [ %row.next, %other ]
  %is.end = icmp eq ptr %row, null
  br i1 %is.end, label %miss, label %shape
{release("other.owned", "%objects", "%given", "%known", "other")}
other:
  {word("row.next", "%row", RowWord.NEXT, "ptr")}
  br label %look
shape:
  {word("row.positional", "%row", RowWord.POSITIONAL)}
  {word("row.keywords", "%row", RowWord.KEYWORDS)}
  %as.many = icmp eq i64 %row.positional, %positional
  %as.named = icmp eq i64 %row.keywords, %keywords
  %as.given = and i1 %as.many, %as.named
  br i1 %as.given, label %named, label %other
named:
  {word("row.names", "%row", RowWord.NAMES, "ptr")}
  br label %name
name:
  %k = phi i64 [ 0, %named ], [ %k.next, %name.one ]
  %k.done = icmp eq i64 %k, %keywords
  br i1 %k.done, label %program, label %name.one
name.one:
  %name.given = call ptr @PyTuple_GetItem(ptr %names, i64 %k)
  {item("name.wanted", "%row.names", "%k")}
  %k.next = add i64 %k, 1
  %name.same = icmp eq ptr %name.given, %name.wanted
  br i1 %name.same, label %name, label %other
program:
  {word("guards", "%row", RowWord.GUARDS, "ptr")}
  {word("guard.count", "%row", RowWord.GUARD_COUNT)}
  %guard.words = mul i64 %guard.count, {GUARD_WORDS}
  %guards.end = getelementptr inbounds i64, ptr %guards, i64 %guard.words
  br label %ask"""


def guards() -> str:
    """The guards of a row; `known` objects so far, `leaf` buffers of them."""
    leaves = {f"{kind}_done": f"%leaf.{kind}" for kind in ("array", "place", "int", "bool")}
    leaves |= dict.fromkeys(("part", "same", "equal", "captured"), "%leaf")
    known = dict.fromkeys((*leaves, "same"), "%known")
    known |= {"part": "%p.known", "captured": "%known.captured"}
    return f"""
ask:
  %guard = phi ptr [ %guards, %program ], [ %guard.next, %passed ]
  %leaf = phi i64 [ 0, %program ], [ %leaf.now, %passed ]
  %known = phi i64 [ %given, %program ], [ %known.now, %passed ]
  %is.passed = icmp eq ptr %guard, %guards.end
  br i1 %is.passed, label %run, label %one
passed:
  {phi("leaf.now", "i64", **leaves)}
  {phi("known.now", "i64", **known)}
  %guard.next = getelementptr inbounds i64, ptr %guard, i64 {GUARD_WORDS}
  br label %ask
one:
  {word("kind", "%guard", 0)}
  {word("number", "%guard", 1)}
  {word("type.wanted", "%guard", 2, "ptr")}
  {word("first.word", "%guard", 3)}
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
  {item("object", "%objects", "%number")}
  {field("type", "%object", layout.TYPE, "ptr")}
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
    i64 {Guard.EQUAL:d}, label %equal
  ]
array:
  {field("dtype", "%object", layout.DTYPE, "ptr")}
  {field("rank", "%object", layout.RANK, "i32")}
  {field("flags", "%object", layout.FLAGS, "i32")}
  {field("data", "%object", layout.DATA, "ptr")}
  {word("wanted", "%guard", 4)}
  {word("extents", "%guard", 5, "ptr")}
  %wanted.flags.wide = and i64 %wanted, 65535
  %wanted.flags = trunc i64 %wanted.flags.wide to i32
  %wanted.high = lshr i64 %wanted, 16
  %wanted.rank.wide = and i64 %wanted.high, 65535
  %wanted.rank = trunc i64 %wanted.rank.wide to i32
  %flags.set = and i32 %flags, %wanted.flags
  %flags.right = icmp eq i32 %flags.set, %wanted.flags
  %dtype.right = icmp eq ptr %dtype, %first.pointer
  %rank.right = icmp eq i32 %rank, %wanted.rank
  %head.right = and i1 %flags.right, %rank.right
  {field("shape.of", "%object", layout.SHAPE, "ptr")}
  store ptr %data, ptr %slot, align 8
  %leaf.array = add i64 %leaf, 1
  br i1 %dtype.right, label %head, label %dtype.like
dtype.like:
  {field("dtype.type", "%dtype", layout.TYPE, "ptr")}
  {field("dtype.type.wanted", "%first.pointer", layout.TYPE, "ptr")}
  {field("dtype.facts", "%dtype", layout.DTYPE_FACTS, "i64")}
  {field("dtype.facts.wanted", "%first.pointer", layout.DTYPE_FACTS, "i64")}
  %dtype.difference = xor i64 %dtype.facts, %dtype.facts.wanted
  %dtype.differs = and i64 %dtype.difference, {layout.DTYPE_FACTS_READ}
  %dtype.is.like = icmp eq i64 %dtype.differs, 0
  %dtype.of.type = icmp eq ptr %dtype.type, %dtype.type.wanted
  %dtype.equal = and i1 %dtype.is.like, %dtype.of.type
  br i1 %dtype.equal, label %head, label %other.owned
head:
  br i1 %head.right, label %extent, label %other.owned
extent:
  %e = phi i64 [ 0, %head ], [ %e.next, %extent.one ]
  %e.done = icmp eq i64 %e, %wanted.rank.wide
  br i1 %e.done, label %order, label %extent.one
extent.one:
  {item("extent.given", "%shape.of", "%e", "i64")}
  {item("extent.wanted", "%extents", "%e", "i64")}
  %e.next = add i64 %e, 1
  %extent.right = icmp eq i64 %extent.given, %extent.wanted
  br i1 %extent.right, label %extent, label %other.owned
order:
  %has.strides = icmp slt i64 %wanted, 0
  br i1 %has.strides, label %strides, label %array.done
strides:
  {field("strides.of", "%object", layout.STRIDES, "ptr")}
  %strides.wanted = getelementptr inbounds i64, ptr %extents, i64 %wanted.rank.wide
  br label %stride
stride:
  %s = phi i64 [ 0, %strides ], [ %s.next, %stride.one ]
  %s.done = icmp eq i64 %s, %wanted.rank.wide
  br i1 %s.done, label %array.done, label %stride.one
stride.one:
  {item("stride.given", "%strides.of", "%s", "i64")}
  {item("stride.wanted", "%strides.wanted", "%s", "i64")}
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
  {word("true", "%process", Process.TRUE, "ptr")}
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
  br i1 %is.same, label %passed, label %other.owned
equal:
  %compared = call i32 @PyObject_RichCompareBool(ptr %object, ptr %first.pointer, i32 {EQ})
  %is.equal = icmp eq i32 %compared, 1
  br i1 %is.equal, label %passed, label %other.owned"""


def containers() -> str:
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
  {word("keys", "%guard", 4, "ptr")}
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
  {item("key", "%keys", "%p")}
  %in.dict = call ptr @PyDict_GetItemWithError(ptr %object, ptr %key)
  br label %part.found
part.found:
  {phi("part.object", "ptr", part_of_tuple="%in.tuple", part_of_list="%in.list",
       part_of_dict="%in.dict")}
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
  br label %lost
{release("lost", "%objects", "%given", "%p.known", "other")}"""
