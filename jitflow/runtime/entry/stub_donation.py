"""The stub's part for donated arguments: what may take a result, and results that go there late.

A row's donations are a table. An array that lies with another one of the call, or where the code
cannot store, is Python's to refuse or to copy into.
"""

from __future__ import annotations

from jitflow.runtime.entry import layout
from jitflow.runtime.entry.words import DONATION_WORDS, Donation, RowWord
from jitflow.runtime.stub_text import field, item, word


def _each(block: str, then: str) -> str:
    """A loop over the donations; `{block}.one` has the words of one, and goes on to `.done`."""
    return f"""
{block}:
  {word(f"{block}.count", "%row", RowWord.DONATION_COUNT)}
  {word(f"{block}.first", "%row", RowWord.DONATIONS, "ptr")}
  br label %{block}.next
{block}.next:
  %{block}.i = phi i64 [ 0, %{block} ], [ %{block}.i.next, %{block}.done ]
  %{block}.at = mul i64 %{block}.i, {DONATION_WORDS}
  %{block}.words = getelementptr inbounds i64, ptr %{block}.first, i64 %{block}.at
  %{block}.i.next = add i64 %{block}.i, 1
  %{block}.is.end = icmp eq i64 %{block}.i, %{block}.count
  br i1 %{block}.is.end, label %{then}, label %{block}.one
{block}.one:
  {word(f"{block}.leaf", f"%{block}.words", Donation.LEAF)}
  {word(f"{block}.bytes", f"%{block}.words", Donation.BYTES)}
  {item(f"{block}.data", "%buffers", f"%{block}.leaf", "i64")}"""


def donors() -> str:
    """Every donated array lies apart from all other arrays, or Python takes the call."""
    return f"""{_each("donors", "owned")}
  {word("donors.below", "%donors.words", Donation.ALIGNMENT)}
  {word("leaf.bytes", "%row", RowWord.LEAF_BYTES, "ptr")}
  %donors.end = add i64 %donors.data, %donors.bytes
  %donors.low = and i64 %donors.data, %donors.below
  %donors.aligned = icmp eq i64 %donors.low, 0
  br i1 %donors.aligned, label %beside, label %busy
beside:
  %b = phi i64 [ 0, %donors.one ], [ %b.next, %beside.one ]
  %b.done = icmp eq i64 %b, %leaf.count
  br i1 %b.done, label %donors.done, label %beside.one
beside.one:
  {item("b.data", "%buffers", "%b", "i64")}
  {item("b.bytes", "%leaf.bytes", "%b", "i64")}
  %b.next = add i64 %b, 1
  %b.end = add i64 %b.data, %b.bytes
  %b.starts = icmp ult i64 %b.data, %donors.end
  %b.ends = icmp ult i64 %donors.data, %b.end
  %b.other = icmp ne i64 %b, %donors.leaf
  %b.meets = and i1 %b.starts, %b.ends
  %b.shares = and i1 %b.meets, %b.other
  br i1 %b.shares, label %busy, label %beside
donors.done:
  br label %donors.next"""


def late() -> str:
    """Results that the code could not write over an argument are copied there at the end."""
    return f"""{_each("late", "build")}
  {word("late.output", "%late.words", Donation.OUTPUT)}
  {word("late.number", "%late.words", Donation.OBJECT)}
  {item("late.made", "%outputs", "%late.output")}
  {item("late.donor", "%objects", "%late.number")}
  {field("late.from", "%late.made", layout.DATA, "ptr")}
  %late.to = inttoptr i64 %late.data to ptr
  %late.there = icmp eq ptr %late.made, %late.donor
  br i1 %late.there, label %late.done, label %late.copy
late.copy:
  call void @llvm.memcpy.p0.p0.i64(ptr %late.to, ptr %late.from, i64 %late.bytes, i1 false)
  call void @Py_IncRef(ptr %late.donor)
  store ptr %late.donor, ptr %late.made.at, align 8
  call void @Py_DecRef(ptr %late.made)
  br label %late.done
late.done:
  br label %late.next"""
