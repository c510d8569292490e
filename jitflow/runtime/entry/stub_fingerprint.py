"""The stub's way from a row that does not fit to the next one that may: by fingerprints.

A fingerprint is a number made of the types of the arguments, and of the dtypes and shapes of arrays
among them (`Program.fingerprint`). Names are those of `stub_arguments`.
"""

from __future__ import annotations

from jitflow.runtime.entry import layout
from jitflow.runtime.entry.words import FACTOR, Process, RowWord
from jitflow.runtime.stub_text import field, item, phi, word


def others() -> str:
    """From a row that does not fit to the next one that may: of those with the fingerprint.

    That of the call is found once the first row did not fit; of what it asks, nothing runs Python.
    """
    return f"""
other:
  %print.before = load i64, ptr %fingerprint, align 8
  %is.printed = icmp ne i64 %print.before, 0
  br i1 %is.printed, label %others, label %print
print:
  {word("print.array", "%process", Process.ARRAY_TYPE, "i64")}
  br label %print.next
print.next:
  %g = phi i64 [ 0, %print ], [ %g.next, %print.done ]
  %print.now = phi i64 [ 0, %print ], [ %print.more, %print.done ]
  %g.done = icmp eq i64 %g, %given
  br i1 %g.done, label %printed, label %print.one
print.one:
  {item("print.object", "%objects", "%g")}
  {field("print.type", "%print.object", layout.TYPE, "i64")}
  {_mixed("print.typed", "%print.now", "%print.type")}
  %g.next = add i64 %g, 1
  %print.is.array = icmp eq i64 %print.type, %print.array
  br i1 %print.is.array, label %print.head, label %print.done
print.head:
  {field("print.dtype", "%print.object", layout.DTYPE, "ptr")}
  {field("print.dtype.type", "%print.dtype", layout.TYPE, "i64")}
  {field("print.rank", "%print.object", layout.RANK, "i32")}
  {field("print.shape", "%print.object", layout.SHAPE, "ptr")}
  {_mixed("print.dtyped", "%print.typed", "%print.dtype.type")}
  %print.rank.wide = zext i32 %print.rank to i64
  br label %print.extent
print.extent:
  %x = phi i64 [ 0, %print.head ], [ %x.next, %print.extent.one ]
  %print.shaped = phi i64 [ %print.dtyped, %print.head ], [ %print.further, %print.extent.one ]
  %x.done = icmp eq i64 %x, %print.rank.wide
  br i1 %x.done, label %print.done, label %print.extent.one
print.extent.one:
  {item("print.length", "%print.shape", "%x", "i64")}
  {_mixed("print.further", "%print.shaped", "%print.length")}
  %x.next = add i64 %x, 1
  br label %print.extent
print.done:
  %print.more = phi i64 [ %print.typed, %print.one ], [ %print.shaped, %print.extent ]
  br label %print.next
printed:
  store i64 %print.now, ptr %fingerprint, align 8
  br label %others
others:
  {phi("print.call", "i64", other="%print.before", printed="%print.now")}
  br label %further
further:
  %row.before = phi ptr [ %row, %others ], [ %row.next, %unlike ]
  {word("row.next", "%row.before", RowWord.NEXT, "ptr")}
  %is.last = icmp eq ptr %row.next, null
  br i1 %is.last, label %alike, label %compare
compare:
  {word("row.print", "%row.next", RowWord.FINGERPRINT)}
  %is.any = icmp eq i64 %row.print, 0
  %is.printed.so = icmp eq i64 %row.print, %print.call
  %is.alike = or i1 %is.any, %is.printed.so
  br i1 %is.alike, label %alike, label %unlike
unlike:
  br label %further
alike:
  br label %look"""


def _mixed(name: str, so_far: str, word: str) -> str:
    """`%name`: the fingerprint of one word more."""
    return f"%{name}.part = mul i64 {so_far}, {FACTOR}\n  %{name} = add i64 %{name}.part, {word}"
