"""The pool's LLVM text: blocks from the system, taken back when their array dies.

A block comes from `mmap`; its head lies in front of its data. The pool is a table of words: what
it counts, then the free blocks, the last given one last. When there are too many, or they are too
large together, the first ones go back to the system. One lock protects the table; calls to the
system are made without it. Functions of NumPy and the system are imported symbols.
"""

from __future__ import annotations

import mmap
from enum import IntEnum
from functools import cache

from jitflow.runtime.memory.control import ALIGNMENT

HUGE_PAGE = 1 << 21
SLOTS = 64
"""The most free blocks."""

COLOURS = 61
"""Places within a page where data starts: arrays that all start alike share sets of the caches."""

_HEAD, _MOST = 4096, 1 << 46


class PoolWord(IntEnum):
    """Of the table, in 64-bit words; the free blocks follow: address and bytes of each."""

    LOCK = 0
    CAP = 1
    """Bytes that free blocks may have together."""
    FREE_BYTES = 2
    FREE_COUNT = 3
    USED_BYTES = 4
    USED_COUNT = 5
    REUSED = 6
    """Times that a free block was taken."""
    MAPPED = 7
    """Times that the system was asked."""


class BlockWord(IntEnum):
    """Of a block's head, in 64-bit words that end where the data starts."""

    MAPPING = -8
    MAPPED_BYTES = -7
    BYTES = -6


WORDS = len(PoolWord) + 2 * SLOTS

SYMBOLS = (
    "jitflow_pool_take", "jitflow_pool_zeros", "jitflow_pool_grow", "jitflow_pool_give",
    "jitflow_pool_trim", "jitflow_pool_lock", "jitflow_pool_unlock", "jitflow_pool_array",
)  # fmt: skip

SYSTEM = {
    "madvise": "i32 (ptr, i64, i32)",
    "mmap": "ptr (ptr, i64, i32, i32, i32, i64)",
    "munmap": "i32 (ptr, i64)",
    "sched_yield": "i32 ()",
}
"""What the pool calls of the C library, with types."""

PYTHON = {
    "PyArray_NewFromDescr": "ptr (ptr, ptr, i32, ptr, ptr, ptr, i32, ptr)",
    "PyDataMem_SetHandler": "ptr (ptr)",
    "Py_DecRef": "void (ptr)",
}
"""What it calls of NumPy and CPython."""


@cache
def pool_text() -> str:
    """LLVM text of the pool's functions, for this system."""
    declared = []
    for name, type in (SYSTEM | PYTHON).items():
        result, _, params = type.partition(" ")
        declared.append(f"declare {result} @{name}{params} nounwind")
    declared.append("declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)")
    declared.append("declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)")
    declared.append("@jitflow_pool_handler = external global i8")
    return "\n".join([*declared, _lock(), _map(), _take(), _give(), _others(), _array(), ""])


def _word(name: str, table: str, number: int) -> str:
    return (
        f"%{name}.at = getelementptr inbounds i64, ptr {table}, i64 {int(number)}\n"
        f"  %{name} = load i64, ptr %{name}.at, align 8"
    )


def _add(name: str, number: int, amount: str) -> str:
    """Adds to a word of the pool."""
    return (
        f"{_word(name, '%pool', number)}\n  %{name}.now = add i64 %{name}, {amount}\n"
        f"  store i64 %{name}.now, ptr %{name}.at, align 8"
    )


def _slot(name: str, index: str) -> str:
    """`%name.at`, the address of a free block's pair of words."""
    return (
        f"%{name}.pair = shl i64 {index}, 1\n"
        f"  %{name}.word = add i64 %{name}.pair, {len(PoolWord)}\n"
        f"  %{name}.at = getelementptr inbounds i64, ptr %pool, i64 %{name}.word"
    )


def _lock() -> str:
    return """
define void @jitflow_pool_lock(ptr %pool) nounwind {
entry:
  br label %try
try:
  %was = atomicrmw xchg ptr %pool, i64 1 acquire
  %is.free = icmp eq i64 %was, 0
  br i1 %is.free, label %locked, label %wait
wait:
  %waited = call i32 @sched_yield()
  br label %try
locked:
  ret void
}
define void @jitflow_pool_unlock(ptr %pool) nounwind {
  store atomic i64 0, ptr %pool release, align 8
  ret void
}"""


def _map() -> str:
    """A new block, null where the system has none: on huge pages where it is that large."""
    protection, kind = mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    page = mmap.PAGESIZE
    advice = getattr(mmap, "MADV_HUGEPAGE", None)
    advise = "" if advice is None else f"""
  %advised.bytes = add i64 %bytes, {_HEAD}
  %whole = and i64 %advised.bytes, {-HUGE_PAGE}
  %advised = call i32 @madvise(ptr %start, i64 %whole, i32 {advice})"""
    return f"""
define internal ptr @new(i64 %bytes, i64 %colour) nounwind {{
entry:
  %is.huge = icmp uge i64 %bytes, {HUGE_PAGE}
  %align = select i1 %is.huge, i64 {HUGE_PAGE}, i64 {page}
  %slack = add i64 %align, {_HEAD}
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
  %mapping.at = getelementptr inbounds i64, ptr %data, i64 {BlockWord.MAPPING:d}
  %mapping = load ptr, ptr %mapping.at, align 8
  {_word("mapped", "%data", BlockWord.MAPPED_BYTES)}
  %done = call i32 @munmap(ptr %mapping, i64 %mapped)
  ret void
}}"""


def _take() -> str:
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
  call void @jitflow_pool_lock(ptr %pool)
  {_word("count", "%pool", PoolWord.FREE_COUNT)}
  br label %next
next:
  %i = phi i64 [ %count, %look ], [ %last, %one ]
  %is.end = icmp eq i64 %i, 0
  br i1 %is.end, label %missed, label %one
one:
  %last = sub i64 %i, 1
  {_slot("slot", "%last")}
  {_word("has", "%slot.at", 1)}
  %is.enough = icmp uge i64 %has, %bytes
  %is.near = icmp ule i64 %has, %most
  %fits = and i1 %is.enough, %is.near
  br i1 %fits, label %found, label %next
found:
  %data = load ptr, ptr %slot.at, align 8
  %count.now = sub i64 %count, 1
  store i64 %count.now, ptr %count.at, align 8
  br label %shift
shift:
  %s = phi i64 [ %last, %found ], [ %s.next, %shift.one ]
  %shifted = icmp eq i64 %s, %count.now
  br i1 %shifted, label %taken, label %shift.one
shift.one:
  %s.next = add i64 %s, 1
  {_slot("to", "%s")}
  {_slot("from", "%s.next")}
  %moved = load i128, ptr %from.at, align 8
  store i128 %moved, ptr %to.at, align 8
  br label %shift
taken:
  %less = sub i64 0, %has
  {_add("free.bytes", PoolWord.FREE_BYTES, "%less")}
  {_add("reused", PoolWord.REUSED, "1")}
  {_add("used.bytes", PoolWord.USED_BYTES, "%has")}
  {_add("used.count", PoolWord.USED_COUNT, "1")}
  call void @jitflow_pool_unlock(ptr %pool)
  ret ptr %data
missed:
  {_add("mapped", PoolWord.MAPPED, "1")}
  call void @jitflow_pool_unlock(ptr %pool)
  %made = call ptr @new(i64 %bytes, i64 %mapped)
  %is.null = icmp eq ptr %made, null
  br i1 %is.null, label %retry, label %count.it
retry:
  call void @jitflow_pool_trim(ptr %pool, i64 0)
  %made.again = call ptr @new(i64 %bytes, i64 %mapped)
  %is.out = icmp eq ptr %made.again, null
  br i1 %is.out, label %none, label %count.it
count.it:
  %block = phi ptr [ %made, %missed ], [ %made.again, %retry ]
  call void @jitflow_pool_lock(ptr %pool)
  {_add("now.bytes", PoolWord.USED_BYTES, "%bytes")}
  {_add("now.count", PoolWord.USED_COUNT, "1")}
  call void @jitflow_pool_unlock(ptr %pool)
  ret ptr %block
}}"""


def _give() -> str:
    """Takes a block back; then what is too much goes to the system, the oldest first."""
    return f"""
define void @jitflow_pool_give(ptr %pool, ptr %data, i64 %ignored) nounwind {{
entry:
  %is.null = icmp eq ptr %data, null
  br i1 %is.null, label %done, label %some
some:
  {_word("bytes", "%data", BlockWord.BYTES)}
  %less = sub i64 0, %bytes
  call void @jitflow_pool_lock(ptr %pool)
  {_add("used.bytes", PoolWord.USED_BYTES, "%less")}
  {_add("used.count", PoolWord.USED_COUNT, "-1")}
  {_word("cap", "%pool", PoolWord.CAP)}
  call void @jitflow_pool_unlock(ptr %pool)
  %is.large = icmp ugt i64 %bytes, %cap
  br i1 %is.large, label %back, label %try
back:
  call void @unmap(ptr %data)
  br label %done
try:
  call void @jitflow_pool_lock(ptr %pool)
  {_word("count", "%pool", PoolWord.FREE_COUNT)}
  %has.slot = icmp ult i64 %count, {SLOTS}
  br i1 %has.slot, label %put, label %make.room
make.room:
  call void @jitflow_pool_unlock(ptr %pool)
  %dropped = call i1 @drop(ptr %pool, i64 0)
  br label %try
put:
  {_slot("slot", "%count")}
  store ptr %data, ptr %slot.at, align 8
  %has.at = getelementptr inbounds i64, ptr %slot.at, i64 1
  store i64 %bytes, ptr %has.at, align 8
  {_add("free.bytes", PoolWord.FREE_BYTES, "%bytes")}
  {_add("free.count", PoolWord.FREE_COUNT, "1")}
  call void @jitflow_pool_unlock(ptr %pool)
  call void @jitflow_pool_trim(ptr %pool, i64 %cap)
  br label %done
done:
  ret void
}}
define internal i1 @drop(ptr %pool, i64 %limit) nounwind {{
entry:
  call void @jitflow_pool_lock(ptr %pool)
  {_word("free.bytes", "%pool", PoolWord.FREE_BYTES)}
  {_word("count", "%pool", PoolWord.FREE_COUNT)}
  %is.over = icmp ugt i64 %free.bytes, %limit
  %is.some = icmp ne i64 %count, 0
  %drops = and i1 %is.over, %is.some
  br i1 %drops, label %first, label %enough
enough:
  call void @jitflow_pool_unlock(ptr %pool)
  ret i1 false
first:
  {_slot("slot", "0")}
  %data = load ptr, ptr %slot.at, align 8
  {_word("has", "%slot.at", 1)}
  %bytes.now = sub i64 %free.bytes, %has
  store i64 %bytes.now, ptr %free.bytes.at, align 8
  %count.now = sub i64 %count, 1
  store i64 %count.now, ptr %count.at, align 8
  br label %shift
shift:
  %s = phi i64 [ 0, %first ], [ %s.next, %shift.one ]
  %shifted = icmp eq i64 %s, %count.now
  br i1 %shifted, label %dropped, label %shift.one
shift.one:
  %s.next = add i64 %s, 1
  {_slot("to", "%s")}
  {_slot("from", "%s.next")}
  %moved = load i128, ptr %from.at, align 8
  store i128 %moved, ptr %to.at, align 8
  br label %shift
dropped:
  call void @jitflow_pool_unlock(ptr %pool)
  call void @unmap(ptr %data)
  ret i1 true
}}
define void @jitflow_pool_trim(ptr %pool, i64 %limit) nounwind {{
entry:
  br label %one
one:
  %dropped = call i1 @drop(ptr %pool, i64 %limit)
  br i1 %dropped, label %one, label %done
done:
  ret void
}}"""


def _others() -> str:
    """What NumPy asks of a memory handler besides: cleared memory, and another size."""
    return f"""
define ptr @jitflow_pool_zeros(ptr %pool, i64 %count, i64 %size) nounwind {{
entry:
  %product = call {{ i64, i1 }} @llvm.umul.with.overflow.i64(i64 %count, i64 %size)
  %bytes = extractvalue {{ i64, i1 }} %product, 0
  %is.over = extractvalue {{ i64, i1 }} %product, 1
  br i1 %is.over, label %none, label %take
none:
  ret ptr null
take:
  %data = call ptr @jitflow_pool_take(ptr %pool, i64 %bytes)
  %is.none = icmp eq ptr %data, null
  br i1 %is.none, label %none, label %clear
clear:
  call void @llvm.memset.p0.i64(ptr %data, i8 0, i64 %bytes, i1 false)
  ret ptr %data
}}
declare {{ i64, i1 }} @llvm.umul.with.overflow.i64(i64, i64)
define ptr @jitflow_pool_grow(ptr %pool, ptr %data, i64 %size) nounwind {{
entry:
  %is.new = icmp eq ptr %data, null
  br i1 %is.new, label %fresh, label %ask
fresh:
  %made = call ptr @jitflow_pool_take(ptr %pool, i64 %size)
  ret ptr %made
ask:
  {_word("bytes", "%data", BlockWord.BYTES)}
  %fits = icmp ule i64 %size, %bytes
  br i1 %fits, label %same, label %move
same:
  ret ptr %data
move:
  %larger = call ptr @jitflow_pool_take(ptr %pool, i64 %size)
  %is.none = icmp eq ptr %larger, null
  br i1 %is.none, label %none, label %copy
none:
  ret ptr null
copy:
  call void @llvm.memcpy.p0.p0.i64(ptr %larger, ptr %data, i64 %bytes, i1 false)
  call void @jitflow_pool_give(ptr %pool, ptr %data, i64 %bytes)
  ret ptr %larger
}}"""


def _array() -> str:
    """PyArray_NewFromDescr, with the pool as the thread's memory handler meanwhile."""
    return """
define ptr @jitflow_pool_array(ptr %type, ptr %dtype, i32 %rank, ptr %shape, ptr %strides,
    ptr %data, i32 %flags, ptr %like) nounwind {
entry:
  %before = call ptr @PyDataMem_SetHandler(ptr @jitflow_pool_handler)
  %failed = icmp eq ptr %before, null
  br i1 %failed, label %none, label %make
none:
  call void @Py_DecRef(ptr %dtype)
  ret ptr null
make:
  %made = call ptr @PyArray_NewFromDescr(ptr %type, ptr %dtype, i32 %rank, ptr %shape,
      ptr %strides, ptr %data, i32 %flags, ptr %like)
  %ours = call ptr @PyDataMem_SetHandler(ptr %before)
  call void @Py_DecRef(ptr %before)
  %is.lost = icmp eq ptr %ours, null
  br i1 %is.lost, label %left, label %restored
left:
  call void @Py_DecRef(ptr %made)
  ret ptr null
restored:
  call void @Py_DecRef(ptr %ours)
  ret ptr %made
}"""
