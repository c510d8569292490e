"""The stub's guards of numbers, values and containers.

Names are those of `stub_arguments`.
"""

from __future__ import annotations

from jitflow.runtime.entry import layout
from jitflow.runtime.entry.text import forget
from jitflow.runtime.entry.words import Guard, Process
from jitflow.runtime.stub_text import field, item, phi, word

EQ = 2
"""Py_EQ of CPython's object.h."""


def numbers() -> str:
    """Numbers, whatever their values, become buffers."""
    return f"""
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
tick:
  {field("tick.place", "%object", layout.DATA, "ptr")}
  %tick.before = load i64, ptr %tick.place, align 8
  %tick.now = add i64 %tick.before, 1
  store i64 %tick.now, ptr %tick.place, align 8
  store i64 %tick.now, ptr %cell, align 8
  store ptr %cell, ptr %slot, align 8
  br label %tick.done
tick.done:
  %leaf.tick = add i64 %leaf, 1
  br label %passed"""


def values() -> str:
    """What must have a certain value."""
    return f"""
same:
  %is.same = icmp eq ptr %object, %first.pointer
  br i1 %is.same, label %passed, label %other.owned
equal:
  %compared = call i32 @PyObject_RichCompareBool(ptr %object, ptr %first.pointer, i32 {EQ})
  %is.equal = icmp eq i32 %compared, 1
  br i1 %is.equal, label %passed, label %other.owned
bits:
  {word("bits.wanted", "%guard", 4)}
  %bits.place = getelementptr inbounds i8, ptr %object, i64 %first.word
  {word("bits.mask", "%guard", 5)}
  %bits.there = load i64, ptr %bits.place, align 8
  %bits.given = and i64 %bits.there, %bits.mask
  %bits.right = icmp eq i64 %bits.given, %bits.wanted
  br i1 %bits.right, label %passed, label %other.owned
hashed:
  {word("hash.wanted", "%guard", 4)}
  %hash.given = call i64 @PyObject_Hash(ptr %object)
  %hash.failed = icmp eq i64 %hash.given, -1
  br i1 %hash.failed, label %fault, label %hash.known
hash.known:
  %hash.right = icmp eq i64 %hash.given, %hash.wanted
  br i1 %hash.right, label %hash.compare, label %other.owned
hash.compare:
  %hashed.compared = call i32 @PyObject_RichCompareBool(ptr %object, ptr %first.pointer, i32 {EQ})
  %hashed.failed = icmp slt i32 %hashed.compared, 0
  br i1 %hashed.failed, label %fault, label %hashed.done
hashed.done:
  %hashed.right = icmp eq i32 %hashed.compared, 1
  br i1 %hashed.right, label %passed, label %other.owned"""


def containers() -> str:
    """The parts of a container become known objects, which the call owns.

    A dict must have its keys in the order of the table. Another object of a key's type is asked
    whether it equals that, which may run Python where keys are no strings.
    """
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
  store i64 0, ptr %dict.place, align 8
  %size.right = icmp eq i64 %size, %first.word
  br i1 %size.right, label %part, label %other.owned
part:
  %p = phi i64 [ 0, %sized ], [ %p.next, %part.owned ]
  %p.known = phi i64 [ %known, %sized ], [ %p.known.next, %part.owned ]
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
  %dict.more = call i32 @PyDict_Next(ptr %object, ptr %dict.place, ptr %dict.key, ptr %dict.value)
  %dict.ended = icmp eq i32 %dict.more, 0
  br i1 %dict.ended, label %part.lost, label %part.named
part.named:
  %key.given = load ptr, ptr %dict.key, align 8
  %in.dict = load ptr, ptr %dict.value, align 8
  %key.same = icmp eq ptr %key.given, %key
  br i1 %key.same, label %part.found, label %part.alike
part.alike:
  {field("key.type", "%key", layout.TYPE, "ptr")}
  {field("key.given.type", "%key.given", layout.TYPE, "ptr")}
  %key.typed = icmp eq ptr %key.type, %key.given.type
  br i1 %key.typed, label %part.compare, label %part.lost
part.compare:
  call void @Py_IncRef(ptr %key.given)
  call void @Py_IncRef(ptr %in.dict)
  %key.compared = call i32 @PyObject_RichCompareBool(ptr %key.given, ptr %key, i32 {EQ})
  call void @Py_DecRef(ptr %key.given)
  %key.equal = icmp eq i32 %key.compared, 1
  br i1 %key.equal, label %part.owned, label %part.another
part.another:
  call void @Py_DecRef(ptr %in.dict)
  br label %part.lost
part.found:
  {phi("part.there", "ptr", part_of_tuple="%in.tuple", part_of_list="%in.list",
       part_named="%in.dict")}
  %part.missing = icmp eq ptr %part.there, null
  br i1 %part.missing, label %part.lost, label %part.add
part.add:
  call void @Py_IncRef(ptr %part.there)
  br label %part.owned
part.owned:
  {phi("part.object", "ptr", part_add="%part.there", part_compare="%in.dict")}
  %part.to = getelementptr inbounds ptr, ptr %objects, i64 %p.known
  store ptr %part.object, ptr %part.to, align 8
  %p.next = add i64 %p, 1
  %p.known.next = add i64 %p.known, 1
  br label %part
part.lost:
  call void @PyErr_Clear()
  br label %lost
{forget("lost", "%p.known", "other")}
unfound:
  call void @PyErr_Clear()
  br label %other.owned
{forget("fault", "%known", "end")}"""
