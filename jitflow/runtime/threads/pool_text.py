"""The pool's LLVM text: a call of a chunked loop, and what its threads do.

A call publishes a job: a function, its arguments, how many chunks there are. Whoever takes part,
the caller among them, takes one chunk after the other by counting a ticket up; the call ends when
all are done. So a thread that is late costs nothing but its help. A thread without a job looks out
for one for SPIN_NS and then sleeps. A call that finds the pool busy runs its loop by itself, as it
does when one thread is wanted; which thread runs a chunk never shows in results.

All that threads share is in a table of words (`words.py`), an imported symbol. Functions of the
system are imported too.
"""

from __future__ import annotations

import sys
from functools import cache

from jitflow.runtime.threads.words import CHUNK_BITS, Word
from jitflow.runtime.threads.worker_text import (
    LOOKS,
    TABLE,
    clock,
    look,
    place,
    scratch,
    set_word,
    sleep,
    start,
    work,
    worker,
)

SYMBOL = "jitflow_fork"

SYSTEM = {
    "clock_gettime": "i32 (i32, ptr)",
    "free": "void (ptr)",
    "posix_memalign": "i32 (ptr, i64, i64)",
    "pthread_create": "i32 (ptr, ptr, ptr, ptr)",
    "pthread_detach": "i32 (ptr)",
    "pthread_sigmask": "i32 (i32, ptr, ptr)",
    "sched_yield": "i32 ()",
}
"""What the pool calls of the C library, with types."""

FUTEX = {"syscall": "i64 (i64, ...)"}
CONDITION = {
    "pthread_cond_broadcast": "i32 (ptr)",
    "pthread_cond_init": "i32 (ptr, ptr)",
    "pthread_cond_wait": "i32 (ptr, ptr)",
    "pthread_mutex_init": "i32 (ptr, ptr)",
    "pthread_mutex_lock": "i32 (ptr)",
    "pthread_mutex_unlock": "i32 (ptr)",
}

_FUTEX_CALLS = {"x86_64": 202, "aarch64": 98, "riscv64": 98}
"""Number of the system call on Linux."""
_WAKE, _ALL = 129, 2**31 - 1
"""FUTEX_WAKE with FUTEX_PRIVATE_FLAG, and more threads than there are."""

_PAUSE = {
    "x86_64": ("declare void @llvm.x86.sse2.pause()", "call void @llvm.x86.sse2.pause()"),
    "aarch64": ("declare void @llvm.aarch64.hint(i32)", "call void @llvm.aarch64.hint(i32 1)"),
}


def futex_call(architecture: str) -> int:
    """The number of Linux's futex call, 0 where threads wait by a condition variable."""
    return _FUTEX_CALLS.get(architecture, 0) if sys.platform == "linux" else 0


def system_functions(futex: int) -> dict[str, str]:
    """What the pool calls, with types."""
    return SYSTEM | (FUTEX if futex else CONDITION)


def serial_text() -> str:
    """LLVM text where there are no threads: the same call, which runs the loop by itself."""
    return f"""
define void @{SYMBOL}(ptr %function, ptr %arguments, i64 %trips, i64 %chunks, ptr %scratch,
    i64 %bytes) nounwind {{
  call void %function(ptr %arguments, i64 0, i64 %trips, ptr %scratch)
  ret void
}}
"""


@cache
def pool_text(architecture: str, futex: int) -> str:
    """LLVM text of the pool for an architecture; `futex` as `futex_call` says."""
    architecture = {"arm64": "aarch64"}.get(architecture, architecture)
    declare, pause = _PAUSE.get(architecture, ("", ""))
    declared = [declare, f"@{TABLE} = external global i8"]
    for name, type in system_functions(futex).items():
        result, _, params = type.partition(" ")
        declared.append(f"declare {result} @{name}{params}")
    parts = (
        _mode(architecture), work(), clock(), sleep(futex), _wake(futex), scratch(),
        worker(pause), start(futex), _fork(pause),
    )
    return "\n".join([*declared, *parts, ""])


def _mode(architecture: str) -> str:
    """How the CPU rounds and what it does with tiny numbers: read, and set."""
    if architecture == "x86_64":
        read = "call void @llvm.x86.sse.stmxcsr(ptr %place)"
        write = "call void @llvm.x86.sse.ldmxcsr(ptr %place)"
        declare = """declare void @llvm.x86.sse.stmxcsr(ptr)
declare void @llvm.x86.sse.ldmxcsr(ptr)"""
    elif architecture == "aarch64":
        read = "%now = call i64 @llvm.aarch64.get.fpcr()\n  store i64 %now, ptr %place, align 8"
        write = """%new = load i64, ptr %place, align 8
  call void @llvm.aarch64.set.fpcr(i64 %new)"""
        declare = """declare i64 @llvm.aarch64.get.fpcr()
declare void @llvm.aarch64.set.fpcr(i64)"""
    else:
        read = write = declare = ""
    return f"""
{declare}
define internal void @read_mode(ptr %place) nounwind {{
  {read}
  ret void
}}
define internal void @write_mode(ptr %place) nounwind {{
  {write}
  ret void
}}"""


def _wake(futex: int) -> str:
    """Wakes sleepers: so many where each may work, else all."""
    if futex:
        wake = f"""%status = call i64 (i64, ...) @syscall(i64 {futex},
      ptr {place(Word.GENERATION)}, i32 {_WAKE}, i32 %count, ptr null, ptr null, i32 0)"""
    else:
        wake = f"""%locked = call i32 @pthread_mutex_lock(ptr {place(Word.MUTEX)})
  %status = call i32 @pthread_cond_broadcast(ptr {place(Word.CONDITION)})
  %unlocked = call i32 @pthread_mutex_unlock(ptr {place(Word.MUTEX)})"""
    return f"""
define internal void @wake(i32 %count) nounwind {{
entry:
  {look("sleepers", Word.SLEEPERS, order="seq_cst")}
  %none = icmp eq i32 %sleepers, 0
  br i1 %none, label %done, label %some
some:
  {wake}
  ret void
done:
  ret void
}}"""


def _fork(pause: str) -> str:
    """The call: all iterations of a chunked loop, by this thread and by those that come to help."""
    return f"""
define void @{SYMBOL}(ptr %function, ptr %arguments, i64 %trips, i64 %chunks, ptr %scratch,
    i64 %bytes) nounwind {{
entry:
  {look("wanted", Word.WANTED)}
  %most = sub i32 %wanted, 1
  %chunks.32 = trunc i64 %chunks to i32
  %others = sub i32 %chunks.32, 1
  %is.less = icmp slt i32 %others, %most
  %helpers = select i1 %is.less, i32 %others, i32 %most
  %helps = icmp sgt i32 %helpers, 0
  br i1 %helps, label %ask, label %alone
ask:
  %pair = cmpxchg ptr {place(Word.BUSY)}, i32 0, i32 1 acquire monotonic
  %mine = extractvalue {{ i32, i1 }} %pair, 1
  br i1 %mine, label %count, label %alone
alone:
  call void %function(ptr %arguments, i64 0, i64 %trips, ptr %scratch)
  ret void
count:
  {look("before", Word.WORKERS)}
  %enough = icmp sge i32 %before, %helpers
  br i1 %enough, label %ready, label %start
start:
  call void @start(i32 %helpers)
  br label %ready
ready:
  {look("workers", Word.WORKERS)}
  %any = icmp sgt i32 %workers, 0
  br i1 %any, label %publish, label %release
release:
  {set_word("0", Word.BUSY)}
  br label %alone
publish:
  call void @read_mode(ptr {place(Word.MODE)})
  {set_word("%function", Word.FUNCTION, "ptr", "monotonic")}
  {set_word("%arguments", Word.ARGUMENTS, "ptr", "monotonic")}
  {set_word("%trips", Word.TRIPS, "i64", "monotonic")}
  {set_word("%bytes", Word.SCRATCH_BYTES, "i64", "monotonic")}
  {set_word("0", Word.DONE, order="monotonic")}
  {look("ticket", Word.TICKET, "i64", "monotonic")}
  %job = lshr i64 %ticket, {2 * CHUNK_BITS}
  %job.next = add i64 %job, 1
  %job.high = shl i64 %job.next, {2 * CHUNK_BITS}
  %chunks.high = shl i64 %chunks, {CHUNK_BITS}
  %ticket.new = or i64 %job.high, %chunks.high
  {set_word("%ticket.new", Word.TICKET, "i64")}
  %jobs = load i64, ptr {place(Word.JOBS)}, align 8
  %jobs.next = add i64 %jobs, 1
  store i64 %jobs.next, ptr {place(Word.JOBS)}, align 8
  %generation = atomicrmw add ptr {place(Word.GENERATION)}, i32 1 seq_cst
  %surplus = icmp sgt i32 %workers, %most
  %woken = select i1 %surplus, i32 {_ALL}, i32 %helpers
  call void @wake(i32 %woken)
  br label %next
next:
  {look("ticket.now", Word.TICKET, "i64")}
  %has = call i1 @has_chunks(i64 %ticket.now)
  br i1 %has, label %chunk, label %wait
chunk:
  %took = call i1 @take(i64 %ticket.now, ptr %scratch)
  br label %next
wait:
  br label %look
look:
  %looked = phi i32 [ 0, %wait ], [ %looked.next, %pause ], [ 0, %offer ]
  {look("done", Word.DONE)}
  %all = icmp eq i32 %done, %chunks.32
  br i1 %all, label %finished, label %pause
pause:
  {pause}
  %looked.next = add i32 %looked, 1
  %looks = icmp slt i32 %looked.next, {LOOKS * 10}
  br i1 %looks, label %look, label %offer
offer:
  %offered = call i32 @sched_yield()
  br label %look
finished:
  {set_word("0", Word.BUSY)}
  ret void
}}"""
