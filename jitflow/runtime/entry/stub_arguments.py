"""The stub's first half: which row a call's arguments fit.

`given` is the number of arguments, `known` that of objects found so far, parts of containers too,
`leaf` that of buffers. Objects from `given` on are owned, and so are `copies`, whose number stands
in front. `held` is null, or the first row that other threads may run beside: it is owned, and leads
to all rows behind it. What the guards of numbers, values and containers ask is in `stub_values`.
"""

from __future__ import annotations

from jitflow.runtime.entry import layout
from jitflow.runtime.entry.stub_fingerprint import others
from jitflow.runtime.entry.text import forget
from jitflow.runtime.entry.words import (
    GUARD_WORDS,
    LEAVES,
    MAX_DEPTH,
    OBJECTS,
    Flag,
    Guard,
    Process,
    RowWord,
    State,
)
from jitflow.runtime.stub_text import field, item, phi, word


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
  %dict.place = alloca i64, align 8
  %dict.key = alloca ptr, align 8
  %dict.value = alloca ptr, align 8
  %copies = alloca [{LEAVES + 1} x ptr], align 16
  %held = alloca ptr, align 8
  %deep = alloca i64, align 8
  store i64 0, ptr %copies, align 8
  store ptr null, ptr %held, align 8
  %taken = alloca i64, align 8
  %fingerprint = alloca i64, align 8
  store i64 0, ptr %deep, align 8
  store i64 0, ptr %taken, align 8
  store i64 0, ptr %fingerprint, align 8
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
  {item("borrowed", "%args", "%c")}
  %borrowed.to = getelementptr inbounds ptr, ptr %objects, i64 %c
  store ptr %borrowed, ptr %borrowed.to, align 8
  %c.next = add i64 %c, 1
  br label %copy
first:
  {word("row.first", "%state", State.ROWS, "ptr")}
  br label %look
look:
  %row = phi ptr [ %row.first, %first ], [ %row.next, %alike ]
  %is.end = icmp eq ptr %row, null
  br i1 %is.end, label %end, label %shape
{forget("other.owned", "%known", "other")}
{others()}
shape:
  {word("row.positional", "%row", RowWord.POSITIONAL)}
  {word("row.keywords", "%row", RowWord.KEYWORDS)}
  %as.many = icmp eq i64 %row.positional, %positional
  %as.named = icmp eq i64 %row.keywords, %keywords
  %as.given = and i1 %as.many, %as.named
  br i1 %as.given, label %fresh, label %other
fresh:
  {word("row.calls", "%row", RowWord.CALLS)}
  {word("row.most", "%row", RowWord.MOST_CALLS)}
  %is.fresh = icmp ult i64 %row.calls, %row.most
  br i1 %is.fresh, label %named, label %other
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
  {word("row.flags", "%row", RowWord.FLAGS)}
  %runs.python = and i64 %row.flags, {Flag.RUNS_PYTHON:d}
  %is.wary = icmp ne i64 %runs.python, 0
  br i1 %is.wary, label %wary, label %start
wary:
  %held.already = load ptr, ptr %held, align 8
  %is.held.already = icmp ne ptr %held.already, null
  {word("depth", "%process", Process.DEPTH)}
  br i1 %is.held.already, label %start, label %deeper
deeper:
  %is.deep = icmp uge i64 %depth, {MAX_DEPTH}
  br i1 %is.deep, label %other, label %hold.all
hold.all:
  {word("held.owner", "%row", RowWord.OWNER, "ptr")}
  %depth.now = add i64 %depth, 1
  store i64 %depth.now, ptr %depth.at, align 8
  store i64 1, ptr %deep, align 8
  store ptr %held.owner, ptr %held, align 8
  call void @Py_IncRef(ptr %held.owner)
  br label %start
start:
  br label %ask"""


def guards() -> str:
    """The guards of a row; `known` objects so far, `leaf` buffers of them."""
    leaves = {f"{kind}_done": f"%leaf.{kind}" for kind in ("array", "place", "int", "bool", "tick")}
    leaves |= dict.fromkeys(("part", "same", "equal", "bits", "hashed_done", "found"), "%leaf")
    kinds = "\n    ".join(
        f"i64 {kind:d}, label %{kind.name.lower().replace('in_', '')}"
        for kind in Guard
        if kind is not Guard.CAPTURED
    )
    known = dict.fromkeys(leaves, "%known") | {"part": "%p.known", "found": "%known.more"}
    return f"""
ask:
  %guard = phi ptr [ %guards, %start ], [ %guard.next, %passed ]
  %leaf = phi i64 [ 0, %start ], [ %leaf.now, %passed ]
  %known = phi i64 [ %given, %start ], [ %known.now, %passed ]
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
given.one:
  {item("object", "%objects", "%number")}
  {field("type", "%object", layout.TYPE, "ptr")}
  %of.type = icmp eq ptr %type, %type.wanted
  br i1 %of.type, label %typed, label %other.owned
typed:
  switch i64 %kind, label %other.owned [
    {kinds}
  ]
captured:
  call void @Py_IncRef(ptr %first.pointer)
  br label %found
attribute:
  %attribute.found = call ptr @PyObject_GetAttr(ptr %object, ptr %first.pointer)
  %attribute.lost = icmp eq ptr %attribute.found, null
  br i1 %attribute.lost, label %unfound, label %found
call:
  %call.made = call ptr @PyObject_CallOneArg(ptr %first.pointer, ptr %object)
  %call.lost = icmp eq ptr %call.made, null
  br i1 %call.lost, label %fault, label %found
item:
  %item.found = call ptr @PyList_GetItem(ptr %object, i64 %first.word)
  %item.lost = icmp eq ptr %item.found, null
  br i1 %item.lost, label %unfound, label %item.own
item.own:
  call void @Py_IncRef(ptr %item.found)
  br label %found
found:
  {phi("found.one", "ptr", captured="%first.pointer", attribute="%attribute.found",
       call="%call.made", item_own="%item.found")}
  %found.one.to = getelementptr inbounds ptr, ptr %objects, i64 %known
  store ptr %found.one, ptr %found.one.to, align 8
  %known.more = add i64 %known, 1
  br label %passed"""


def arrays() -> str:
    """The guard of an array: dtype, rank, shape, and how it lies."""
    return f"""
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
  %copied.bit = and i64 %wanted, {1 << 62}
  %may.copy = icmp ne i64 %copied.bit, 0
  %layout.right = or i1 %flags.right, %may.copy
  %head.right = and i1 %layout.right, %rank.right
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
  br i1 %has.strides, label %strides, label %array.fits
strides:
  {field("strides.of", "%object", layout.STRIDES, "ptr")}
  %strides.wanted = getelementptr inbounds i64, ptr %extents, i64 %wanted.rank.wide
  br label %stride
stride:
  %s = phi i64 [ 0, %strides ], [ %s.next, %stride.one ]
  %s.done = icmp eq i64 %s, %wanted.rank.wide
  br i1 %s.done, label %array.fits, label %stride.one
stride.one:
  {item("stride.given", "%strides.of", "%s", "i64")}
  {item("stride.wanted", "%strides.wanted", "%s", "i64")}
  %s.next = add i64 %s, 1
  %stride.right = icmp eq i64 %stride.given, %stride.wanted
  br i1 %stride.right, label %stride, label %other.owned
array.fits:
  br i1 %flags.right, label %array.done, label %array.copy
array.copy:
  %copy.held = load ptr, ptr %held, align 8
  %copy.is.held = icmp ne ptr %copy.held, null
  br i1 %copy.is.held, label %copy.kept, label %copy.keep
copy.keep:
  {word("copy.owner", "%row", RowWord.OWNER, "ptr")}
  call void @Py_IncRef(ptr %copy.owner)
  store ptr %copy.owner, ptr %held, align 8
  br label %copy.kept
copy.kept:
  {word("from.array", "%process", Process.FROM_ARRAY, "ptr")}
  %copied = call ptr %from.array(ptr %object, ptr null, i32 {layout.PLAIN_COPY})
  %copy.failed = icmp eq ptr %copied, null
  br i1 %copy.failed, label %fault, label %copy.made
copy.made:
  %copies.before = load i64, ptr %copies, align 8
  %copies.now = add i64 %copies.before, 1
  store i64 %copies.now, ptr %copies, align 8
  %copy.to = getelementptr inbounds ptr, ptr %copies, i64 %copies.now
  store ptr %copied, ptr %copy.to, align 8
  {field("copy.data", "%copied", layout.DATA, "ptr")}
  store ptr %copy.data, ptr %slot, align 8
  br label %array.done
array.done:
  br label %passed"""
