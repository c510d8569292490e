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

import signal
import sys
import time
from functools import cache

from jitflow.runtime.threads.words import CHUNK_BITS, Word

SYMBOL, TABLE = "jitflow_fork", "jitflow_threads"

SPIN_NS = 60_000
"""How long a thread looks out for the next job: about what a sleeping one takes to come."""

LOOKS = 50
"""Looks at a word between two looks at the clock, or between two offers of the CPU."""

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
_WAIT, _WAKE, _ALL = 128, 129, 2**31 - 1
"""FUTEX_WAIT and FUTEX_WAKE, each with FUTEX_PRIVATE_FLAG, and more threads than there are."""

_PAUSE = {
    "x86_64": ("declare void @llvm.x86.sse2.pause()", "call void @llvm.x86.sse2.pause()"),
    "aarch64": ("declare void @llvm.aarch64.hint(i32)", "call void @llvm.aarch64.hint(i32 1)"),
}
_CHUNKS = (1 << CHUNK_BITS) - 1
_FAULTS = ("SIGILL", "SIGTRAP", "SIGABRT", "SIGBUS", "SIGFPE", "SIGSEGV")


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
        _mode(architecture), _work(), _clock(), _sleep(futex), _wake(futex), _scratch(),
        _worker(pause), _start(futex), _fork(pause),
    )
    return "\n".join([*declared, *parts, ""])


def _place(word: Word) -> str:
    return f"getelementptr (i64, ptr @{TABLE}, i64 {word:d})"


def _look(name: str, word: Word, type: str = "i32", order: str = "acquire") -> str:
    """`%name`, a word that other threads write."""
    size = 8 if type in ("i64", "ptr") else 4
    return f"%{name} = load atomic {type}, ptr {_place(word)} {order}, align {size}"


def _set(value: str, word: Word, type: str = "i32", order: str = "release") -> str:
    size = 8 if type in ("i64", "ptr") else 4
    return f"store atomic {type} {value}, ptr {_place(word)} {order}, align {size}"


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


def _work() -> str:
    """One chunk of the job that a ticket belongs to; false where somebody else took it.

    While the ticket is as it was, the job is the same: what is read of it in between is right.
    """
    return f"""
define internal i1 @take(i64 %ticket, ptr %scratch) nounwind {{
entry:
  {_look("function", Word.FUNCTION, "ptr", "monotonic")}
  {_look("arguments", Word.ARGUMENTS, "ptr", "monotonic")}
  {_look("trips", Word.TRIPS, "i64", "monotonic")}
  %after = add i64 %ticket, 1
  %pair = cmpxchg ptr {_place(Word.TICKET)}, i64 %ticket, i64 %after acq_rel acquire
  %mine = extractvalue {{ i64, i1 }} %pair, 1
  br i1 %mine, label %run, label %left
run:
  %chunk = and i64 %ticket, {_CHUNKS}
  %high = lshr i64 %ticket, {CHUNK_BITS}
  %chunks = and i64 %high, {_CHUNKS}
  %next = add i64 %chunk, 1
  %first.all = mul i64 %chunk, %trips
  %last.all = mul i64 %next, %trips
  %first = udiv i64 %first.all, %chunks
  %last = udiv i64 %last.all, %chunks
  call void %function(ptr %arguments, i64 %first, i64 %last, ptr %scratch)
  %done = atomicrmw add ptr {_place(Word.DONE)}, i32 1 seq_cst
  ret i1 true
left:
  ret i1 false
}}
define internal i1 @has_chunks(i64 %ticket) nounwind {{
  %chunk = and i64 %ticket, {_CHUNKS}
  %high = lshr i64 %ticket, {CHUNK_BITS}
  %chunks = and i64 %high, {_CHUNKS}
  %has = icmp ult i64 %chunk, %chunks
  ret i1 %has
}}"""


def _clock() -> str:
    return f"""
define internal i64 @now() nounwind {{
  %time = alloca [2 x i64], align 8
  %status = call i32 @clock_gettime(i32 {time.CLOCK_MONOTONIC}, ptr %time)
  %seconds = load i64, ptr %time, align 8
  %rest.at = getelementptr i64, ptr %time, i64 1
  %rest = load i64, ptr %rest.at, align 8
  %whole = mul i64 %seconds, 1000000000
  %sum = add i64 %whole, %rest
  ret i64 %sum
}}"""


def _sleep(futex: int) -> str:
    """Returns when there is another generation; the count of sleepers is up meanwhile.

    A caller changes the generation and then reads the count, a sleeper the other way round, so one
    of them sees the other.
    """
    if futex:
        wait = f"""%status = call i64 (i64, ...) @syscall(i64 {futex},
      ptr {_place(Word.GENERATION)}, i32 {_WAIT}, i32 %seen, ptr null, ptr null, i32 0)"""
        lock = unlock = ""
    else:
        wait = f"""%status = call i32 @pthread_cond_wait(ptr {_place(Word.CONDITION)},
      ptr {_place(Word.MUTEX)})"""
        lock = f"%locked = call i32 @pthread_mutex_lock(ptr {_place(Word.MUTEX)})"
        unlock = f"%unlocked = call i32 @pthread_mutex_unlock(ptr {_place(Word.MUTEX)})"
    return f"""
define internal void @sleep(i32 %seen) nounwind {{
entry:
  {lock}
  %more = atomicrmw add ptr {_place(Word.SLEEPERS)}, i32 1 seq_cst
  br label %look
look:
  {_look("generation", Word.GENERATION, order="seq_cst")}
  %same = icmp eq i32 %generation, %seen
  br i1 %same, label %wait, label %woken
wait:
  {wait}
  br label %look
woken:
  %less = atomicrmw sub ptr {_place(Word.SLEEPERS)}, i32 1 seq_cst
  {unlock}
  ret void
}}"""


def _wake(futex: int) -> str:
    """Wakes sleepers: so many where each may work, else all."""
    if futex:
        wake = f"""%status = call i64 (i64, ...) @syscall(i64 {futex},
      ptr {_place(Word.GENERATION)}, i32 {_WAKE}, i32 %count, ptr null, ptr null, i32 0)"""
    else:
        wake = f"""%locked = call i32 @pthread_mutex_lock(ptr {_place(Word.MUTEX)})
  %status = call i32 @pthread_cond_broadcast(ptr {_place(Word.CONDITION)})
  %unlocked = call i32 @pthread_mutex_unlock(ptr {_place(Word.MUTEX)})"""
    return f"""
define internal void @wake(i32 %count) nounwind {{
entry:
  {_look("sleepers", Word.SLEEPERS, order="seq_cst")}
  %none = icmp eq i32 %sleepers, 0
  br i1 %none, label %done, label %some
some:
  {wake}
  ret void
done:
  ret void
}}"""


def _scratch() -> str:
    """Makes a thread's own memory large enough for a job; false where there is none."""
    return """
define internal i1 @grow(ptr %place, ptr %size.place, i64 %bytes) nounwind {
entry:
  %size = load i64, ptr %size.place, align 8
  %fits = icmp uge i64 %size, %bytes
  br i1 %fits, label %right, label %more
more:
  %before = load ptr, ptr %place, align 8
  call void @free(ptr %before)
  store ptr null, ptr %place, align 8
  store i64 0, ptr %size.place, align 8
  %status = call i32 @posix_memalign(ptr %place, i64 64, i64 %bytes)
  %got = icmp eq i32 %status, 0
  br i1 %got, label %took, label %wrong
took:
  store i64 %bytes, ptr %size.place, align 8
  br label %right
right:
  ret i1 true
wrong:
  store ptr null, ptr %place, align 8
  ret i1 false
}"""


def _worker(pause: str) -> str:
    """What a thread does, for ever: it waits for a job, and takes chunks of it.

    A thread whose number is beyond those wanted lets every job pass.
    """
    return f"""
define internal ptr @worker(ptr %number.place) nounwind {{
entry:
  %scratch.place = alloca ptr, align 8
  %size.place = alloca i64, align 8
  store ptr null, ptr %scratch.place, align 8
  store i64 0, ptr %size.place, align 8
  %number.wide = ptrtoint ptr %number.place to i64
  %number = trunc i64 %number.wide to i32
  br label %job
job:
  {_look("generation", Word.GENERATION)}
  {_look("wanted", Word.WANTED)}
  %asked = icmp slt i32 %number, %wanted
  br i1 %asked, label %first, label %spin
first:
  {_look("ticket.first", Word.TICKET, "i64")}
  %has.first = call i1 @has_chunks(i64 %ticket.first)
  br i1 %has.first, label %chunk, label %spin
chunk:
  %ticket = phi i64 [ %ticket.first, %first ], [ %ticket.next, %again ]
  {_look("bytes", Word.SCRATCH_BYTES, "i64", "monotonic")}
  %fits = call i1 @grow(ptr %scratch.place, ptr %size.place, i64 %bytes)
  br i1 %fits, label %take, label %spin
take:
  call void @write_mode(ptr {_place(Word.MODE)})
  %scratch = load ptr, ptr %scratch.place, align 8
  %took = call i1 @take(i64 %ticket, ptr %scratch)
  br label %again
again:
  {_look("ticket.next", Word.TICKET, "i64")}
  %has.next = call i1 @has_chunks(i64 %ticket.next)
  br i1 %has.next, label %chunk, label %spin
spin:
  %start = call i64 @now()
  br label %round
round:
  %look = phi i32 [ 0, %spin ], [ 0, %clock ], [ %look.next, %same ]
  {pause}
  {_look("generation.now", Word.GENERATION)}
  %new = icmp ne i32 %generation.now, %generation
  br i1 %new, label %job, label %same
same:
  %look.next = add i32 %look, 1
  %looks = icmp slt i32 %look.next, {LOOKS}
  br i1 %looks, label %round, label %clock
clock:
  %time = call i64 @now()
  %spent = sub i64 %time, %start
  %early = icmp slt i64 %spent, {SPIN_NS}
  br i1 %early, label %round, label %rest
rest:
  call void @sleep(i32 %generation)
  br label %job
}}"""


def _start(futex: int) -> str:
    """Starts threads until there are so many, as far as the system gives them.

    They leave signals to the threads of Python, but for those that say what is broken. Whoever
    calls it has the pool.
    """
    faults = [getattr(signal, name) for name in _FAULTS if hasattr(signal, name)]
    mask = ~sum(1 << (number - 1) for number in faults)
    begin = "br label %more" if futex else f"""%ready = load i32, ptr {_place(Word.READY)}, align 4
  %is.ready = icmp ne i32 %ready, 0
  br i1 %is.ready, label %more, label %make
make:
  %mutex = call i32 @pthread_mutex_init(ptr {_place(Word.MUTEX)}, ptr null)
  %condition = call i32 @pthread_cond_init(ptr {_place(Word.CONDITION)}, ptr null)
  store i32 1, ptr {_place(Word.READY)}, align 4
  br label %more"""
    return f"""
define internal void @start(i32 %count) nounwind {{
entry:
  %thread = alloca ptr, align 8
  %mask = alloca [16 x i64], align 8
  %before = alloca [16 x i64], align 8
  store i64 {mask}, ptr %mask, align 8
  %refused = load i32, ptr {_place(Word.REFUSED)}, align 4
  %is.refused = icmp ne i32 %refused, 0
  br i1 %is.refused, label %left, label %begin
begin:
  {begin}
more:
  %blocked = call i32 @pthread_sigmask(i32 {int(signal.SIG_BLOCK)}, ptr %mask, ptr %before)
  br label %next
next:
  {_look("workers", Word.WORKERS)}
  %enough = icmp sge i32 %workers, %count
  br i1 %enough, label %end, label %one
one:
  %number = add i32 %workers, 1
  %number.wide = zext i32 %number to i64
  %number.place = inttoptr i64 %number.wide to ptr
  %status = call i32 @pthread_create(ptr %thread, ptr null, ptr @worker, ptr %number.place)
  %made = icmp eq i32 %status, 0
  br i1 %made, label %new, label %none
new:
  %handle = load ptr, ptr %thread, align 8
  %detached = call i32 @pthread_detach(ptr %handle)
  {_set("%number", Word.WORKERS)}
  br label %next
none:
  store i32 1, ptr {_place(Word.REFUSED)}, align 4
  br label %end
end:
  %restored = call i32 @pthread_sigmask(i32 {int(signal.SIG_SETMASK)}, ptr %before, ptr null)
  ret void
left:
  ret void
}}"""


def _fork(pause: str) -> str:
    """The call: all iterations of a chunked loop, by this thread and by those that come to help."""
    return f"""
define void @{SYMBOL}(ptr %function, ptr %arguments, i64 %trips, i64 %chunks, ptr %scratch,
    i64 %bytes) nounwind {{
entry:
  {_look("wanted", Word.WANTED)}
  %most = sub i32 %wanted, 1
  %chunks.32 = trunc i64 %chunks to i32
  %others = sub i32 %chunks.32, 1
  %is.less = icmp slt i32 %others, %most
  %helpers = select i1 %is.less, i32 %others, i32 %most
  %helps = icmp sgt i32 %helpers, 0
  br i1 %helps, label %ask, label %alone
ask:
  %pair = cmpxchg ptr {_place(Word.BUSY)}, i32 0, i32 1 acquire monotonic
  %mine = extractvalue {{ i32, i1 }} %pair, 1
  br i1 %mine, label %count, label %alone
alone:
  call void %function(ptr %arguments, i64 0, i64 %trips, ptr %scratch)
  ret void
count:
  {_look("before", Word.WORKERS)}
  %enough = icmp sge i32 %before, %helpers
  br i1 %enough, label %ready, label %start
start:
  call void @start(i32 %helpers)
  br label %ready
ready:
  {_look("workers", Word.WORKERS)}
  %any = icmp sgt i32 %workers, 0
  br i1 %any, label %publish, label %release
release:
  {_set("0", Word.BUSY)}
  br label %alone
publish:
  call void @read_mode(ptr {_place(Word.MODE)})
  {_set("%function", Word.FUNCTION, "ptr", "monotonic")}
  {_set("%arguments", Word.ARGUMENTS, "ptr", "monotonic")}
  {_set("%trips", Word.TRIPS, "i64", "monotonic")}
  {_set("%bytes", Word.SCRATCH_BYTES, "i64", "monotonic")}
  {_set("0", Word.DONE, order="monotonic")}
  {_look("ticket", Word.TICKET, "i64", "monotonic")}
  %job = lshr i64 %ticket, {2 * CHUNK_BITS}
  %job.next = add i64 %job, 1
  %job.high = shl i64 %job.next, {2 * CHUNK_BITS}
  %chunks.high = shl i64 %chunks, {CHUNK_BITS}
  %ticket.new = or i64 %job.high, %chunks.high
  {_set("%ticket.new", Word.TICKET, "i64")}
  %jobs = load i64, ptr {_place(Word.JOBS)}, align 8
  %jobs.next = add i64 %jobs, 1
  store i64 %jobs.next, ptr {_place(Word.JOBS)}, align 8
  %generation = atomicrmw add ptr {_place(Word.GENERATION)}, i32 1 seq_cst
  %surplus = icmp sgt i32 %workers, %most
  %woken = select i1 %surplus, i32 {_ALL}, i32 %helpers
  call void @wake(i32 %woken)
  br label %next
next:
  {_look("ticket.now", Word.TICKET, "i64")}
  %has = call i1 @has_chunks(i64 %ticket.now)
  br i1 %has, label %chunk, label %wait
chunk:
  %took = call i1 @take(i64 %ticket.now, ptr %scratch)
  br label %next
wait:
  br label %look
look:
  %looked = phi i32 [ 0, %wait ], [ %looked.next, %pause ], [ 0, %offer ]
  {_look("done", Word.DONE)}
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
  {_set("0", Word.BUSY)}
  ret void
}}"""
