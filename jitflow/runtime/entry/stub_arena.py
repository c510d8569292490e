"""The stub's part for temporaries: a small arena is the row's own, a large one the pool's.

While a call has the row's arena, others of that row are Python's. A large arena is taken from the
pool, and given back, while the call has Python's global lock.
"""

from __future__ import annotations

from jitflow.runtime.entry.words import RowWord
from jitflow.runtime.stub_text import word


def take_arena(then: str) -> str:
    """`%arena`, null where the body needs none; `%busy` where there is none to be had."""
    return f"""
owned:
  {word("arena.place", "%row", RowWord.ARENA, "ptr")}
  {word("arena.bytes", "%row", RowWord.ARENA_BYTES)}
  %no.arena = icmp eq ptr %arena.place, null
  %is.small = icmp eq i64 %arena.bytes, 0
  br i1 %is.small, label %own, label %lent
own:
  br i1 %no.arena, label %{then}, label %take
take:
  %arena.free = load ptr, ptr %arena.place, align 8
  %is.taken = icmp eq ptr %arena.free, null
  br i1 %is.taken, label %busy, label %took
took:
  store ptr null, ptr %arena.place, align 8
  br label %{then}
lent:
  {word("pool", "%row", RowWord.POOL, "ptr")}
  {word("pool.take", "%row", RowWord.POOL_TAKE, "ptr")}
  %arena.lent = call ptr %pool.take(ptr %pool, i64 %arena.bytes)
  %is.out = icmp eq ptr %arena.lent, null
  br i1 %is.out, label %busy, label %{then}"""


def give_arena(block: str, then: str) -> str:
    """The block that gives the arena back; `then` is where it goes on."""
    return f"""
{block}:
  br i1 %is.small, label %{block}.own, label %{block}.lent
{block}.own:
  br i1 %no.arena, label %{then}, label %{block}.put
{block}.put:
  store ptr %arena, ptr %arena.place, align 8
  br label %{then}
{block}.lent:
  {word(f"{block}.pool", "%row", RowWord.POOL, "ptr")}
  {word(f"{block}.give", "%row", RowWord.POOL_GIVE, "ptr")}
  call void %{block}.give(ptr %{block}.pool, ptr %arena, i64 %arena.bytes)
  br label %{then}"""
