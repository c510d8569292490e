"""LLVM text of the pool's blocks: mapped, lent, taken back, and at last the system's again.

A block comes from `mmap`; its head lies in front of its data. When free blocks are too many, or too
large together, the first ones go back to the system. Whoever calls has Python's global lock, which
is never given up here: nobody else is in the table, and none is when the process forks.
"""

from __future__ import annotations

import mmap

from jitflow.runtime.memory.control import ALIGNMENT
from jitflow.runtime.memory.words import (
    COLOURS,
    HEAD_BYTES,
    HUGE_PAGE,
    SLOTS,
    BlockWord,
    PoolWord,
)
from jitflow.runtime.stub_text import word

_MOST = 1 << 46
"""Bytes that no machine has."""


def _add(name: str, number: int, amount: str) -> str:
    """Adds to a word of the pool."""
    return (
        f"{word(name, '%pool', number)}\n  %{name}.now = add i64 %{name}, {amount}\n"
        f"  store i64 %{name}.now, ptr %{name}.at, align 8"
    )


def _slot(name: str, index: str) -> str:
    """`%name.at`, the address of a free block's pair of words."""
    return (
        f"%{name}.pair = shl i64 {index}, 1\n"
        f"  %{name}.word = add i64 %{name}.pair, {len(PoolWord)}\n"
        f"  %{name}.at = getelementptr inbounds i64, ptr %pool, i64 %{name}.word"
    )


def mapping() -> str:
    """A new block, null where the system has none: on huge pages where it is that large."""
    protection, kind = mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    page = mmap.PAGESIZE
    advice = getattr(mmap, "MADV_HUGEPAGE", None)
    advise = "" if advice is None else f"""
  %advised.bytes = add i64 %bytes, {HEAD_BYTES}
  %whole = and i64 %advised.bytes, {-HUGE_PAGE}
  %advised = call i32 @madvise(ptr %start, i64 %whole, i32 {advice})"""
    return f"""
define internal ptr @new(i64 %bytes, i64 %colour) nounwind {{
entry:
  %is.huge = icmp uge i64 %bytes, {HUGE_PAGE}
  %align = select i1 %is.huge, i64 {HUGE_PAGE}, i64 {page}
  %slack = add i64 %align, {HEAD_BYTES}
  %mapped = add i64 %bytes, %slack
  %mapping = call ptr @mmap(ptr null, i64 %mapped, i32 {protection}, i32 {kind}, i32 -1, i64 0)
  %address = ptrtoint ptr %mapping to i64
  %is.none = icmp eq i64 %address, -1
  br i1 %is.none, label %none, label %some
none:
  ret ptr null
some:
  %below = sub i64 0, %align
  %above = sub i64 %align, 1
  %up = add i64 %address, %above
  %start.address = and i64 %up, %below
  %start = inttoptr i64 %start.address to ptr
  br i1 %is.huge, label %huge, label %head
huge:{advise}
  br label %head
head:
  %line = urem i64 %colour, {COLOURS}
  %line.bytes = mul i64 %line, {ALIGNMENT}
  %offset = add i64 %line.bytes, {ALIGNMENT}
  %data = getelementptr inbounds i8, ptr %start, i64 %offset
  %mapping.at = getelementptr inbounds i64, ptr %data, i64 {BlockWord.MAPPING:d}
  store ptr %mapping, ptr %mapping.at, align 8
  %mapped.at = getelementptr inbounds i64, ptr %data, i64 {BlockWord.MAPPED_BYTES:d}
  store i64 %mapped, ptr %mapped.at, align 8
  %bytes.at = getelementptr inbounds i64, ptr %data, i64 {BlockWord.BYTES:d}
  store i64 %bytes, ptr %bytes.at, align 8
  ret ptr %data
}}
define internal void @unmap(ptr %data) nounwind {{
  {word("mapping", "%data", BlockWord.MAPPING, "ptr")}
  {word("mapped", "%data", BlockWord.MAPPED_BYTES)}
  %done = call i32 @munmap(ptr %mapping, i64 %mapped)
  ret void
}}"""


def removal() -> str:
    """`@remove` takes a free block out of the table; `@trim` gives the first ones to the system."""
    return f"""
define internal ptr @remove(ptr %pool, i64 %index) nounwind {{
entry:
  {_slot("slot", "%index")}
  %data = load ptr, ptr %slot.at, align 8
  {word("bytes", "%slot.at", 1)}
  %less = sub i64 0, %bytes
  {_add("free.bytes", PoolWord.FREE_BYTES, "%less")}
  {_add("count", PoolWord.FREE_COUNT, "-1")}
  br label %shift
shift:
  %s = phi i64 [ %index, %entry ], [ %s.next, %shift.one ]
  %shifted = icmp eq i64 %s, %count.now
  br i1 %shifted, label %done, label %shift.one
shift.one:
  %s.next = add i64 %s, 1
  {_slot("to", "%s")}
  {_slot("from", "%s.next")}
  %moved = load i128, ptr %from.at, align 8
  store i128 %moved, ptr %to.at, align 8
  br label %shift
done:
  ret ptr %data
}}
define void @jitflow_pool_trim(ptr %pool, i64 %limit) nounwind {{
entry:
  br label %look
look:
  {word("free.bytes", "%pool", PoolWord.FREE_BYTES)}
  {word("count", "%pool", PoolWord.FREE_COUNT)}
  %is.over = icmp ugt i64 %free.bytes, %limit
  %is.some = icmp ne i64 %count, 0
  %drops = and i1 %is.over, %is.some
  br i1 %drops, label %drop, label %done
drop:
  %data = call ptr @remove(ptr %pool, i64 0)
  call void @unmap(ptr %data)
  br label %look
done:
  ret void
}}"""


def take() -> str:
    """A block of that size or up to a quarter more: the last free one that fits, or a new one."""
    page = mmap.PAGESIZE
    return f"""
define ptr @jitflow_pool_take(ptr %pool, i64 %size) nounwind {{
entry:
  %is.absurd = icmp ugt i64 %size, {_MOST}
  br i1 %is.absurd, label %none, label %look
none:
  ret ptr null
look:
  %size.up = add i64 %size, {page - 1}
  %bytes = and i64 %size.up, {-page}
  %quarter = lshr i64 %bytes, 2
  %most = add i64 %bytes, %quarter
  {word("count", "%pool", PoolWord.FREE_COUNT)}
  br label %next
next:
  %i = phi i64 [ %count, %look ], [ %last, %one ]
  %is.end = icmp eq i64 %i, 0
  br i1 %is.end, label %missed, label %one
one:
  %last = sub i64 %i, 1
  {_slot("slot", "%last")}
  {word("has", "%slot.at", 1)}
  %is.enough = icmp uge i64 %has, %bytes
  %is.near = icmp ule i64 %has, %most
  %fits = and i1 %is.enough, %is.near
  br i1 %fits, label %found, label %next
found:
  %waiting = call ptr @remove(ptr %pool, i64 %last)
  {_add("reused", PoolWord.REUSED, "1")}
  br label %taken
missed:
  {_add("mapped", PoolWord.MAPPED, "1")}
  %made = call ptr @new(i64 %bytes, i64 %mapped)
  %is.null = icmp eq ptr %made, null
  br i1 %is.null, label %retry, label %taken
retry:
  call void @jitflow_pool_trim(ptr %pool, i64 0)
  %made.again = call ptr @new(i64 %bytes, i64 %mapped)
  %is.out = icmp eq ptr %made.again, null
  br i1 %is.out, label %none, label %taken
taken:
  %block = phi ptr [ %waiting, %found ], [ %made, %missed ], [ %made.again, %retry ]
  %block.bytes = phi i64 [ %has, %found ], [ %bytes, %missed ], [ %bytes, %retry ]
  {_add("used.bytes", PoolWord.USED_BYTES, "%block.bytes")}
  {_add("used.count", PoolWord.USED_COUNT, "1")}
  ret ptr %block
}}"""


def give() -> str:
    """Takes a block back; then what is too much goes to the system, the oldest first."""
    return f"""
define void @jitflow_pool_give(ptr %pool, ptr %data, i64 %ignored) nounwind {{
entry:
  %is.null = icmp eq ptr %data, null
  br i1 %is.null, label %done, label %some
some:
  {word("bytes", "%data", BlockWord.BYTES)}
  %less = sub i64 0, %bytes
  {_add("used.bytes", PoolWord.USED_BYTES, "%less")}
  {_add("used.count", PoolWord.USED_COUNT, "-1")}
  {word("cap", "%pool", PoolWord.CAP)}
  %is.large = icmp ugt i64 %bytes, %cap
  br i1 %is.large, label %back, label %keep
back:
  call void @unmap(ptr %data)
  br label %done
keep:
  {word("count", "%pool", PoolWord.FREE_COUNT)}
  %is.full = icmp eq i64 %count, {SLOTS}
  br i1 %is.full, label %make.room, label %put
make.room:
  %oldest = call ptr @remove(ptr %pool, i64 0)
  call void @unmap(ptr %oldest)
  br label %put
put:
  {_add("place", PoolWord.FREE_COUNT, "1")}
  {_add("free.bytes", PoolWord.FREE_BYTES, "%bytes")}
  {_slot("slot", "%place")}
  store ptr %data, ptr %slot.at, align 8
  %has.at = getelementptr inbounds i64, ptr %slot.at, i64 1
  store i64 %bytes, ptr %has.at, align 8
  call void @jitflow_pool_trim(ptr %pool, i64 %cap)
  br label %done
done:
  ret void
}}"""
