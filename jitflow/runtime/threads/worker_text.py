"""The pool's LLVM text, first half: what threads do, how they wait, and how they are started.

`place`, `look` and `set_word` are how all of it gets at the words of the table.
"""

from __future__ import annotations

import signal
import time

from jitflow.runtime.threads.words import CHUNK_BITS, Word

TABLE = "jitflow_threads"

SPIN_NS = 60_000
"""How long a thread looks out for the next job: about what a sleeping one takes to come."""

LOOKS = 50
"""Looks at a word between two looks at the clock, or between two offers of the CPU."""

_WAIT = 128
"""FUTEX_WAIT with FUTEX_PRIVATE_FLAG."""
_CHUNKS = (1 << CHUNK_BITS) - 1
_FAULTS = ("SIGILL", "SIGTRAP", "SIGABRT", "SIGBUS", "SIGFPE", "SIGSEGV")


def place(word: Word) -> str:
    return f"getelementptr (i64, ptr @{TABLE}, i64 {word:d})"


def look(name: str, word: Word, type: str = "i32", order: str = "acquire") -> str:
    """`%name`, a word that other threads write."""
    size = 8 if type in ("i64", "ptr") else 4
    return f"%{name} = load atomic {type}, ptr {place(word)} {order}, align {size}"


def set_word(value: str, word: Word, type: str = "i32", order: str = "release") -> str:
    size = 8 if type in ("i64", "ptr") else 4
    return f"store atomic {type} {value}, ptr {place(word)} {order}, align {size}"


def work() -> str:
    """One chunk of the job that a ticket belongs to; false where somebody else took it.

    While the ticket is as it was, the job is the same: what is read of it in between is right.
    """
    return f"""
define internal i1 @take(i64 %ticket, ptr %scratch) nounwind {{
entry:
  {look("function", Word.FUNCTION, "ptr", "monotonic")}
  {look("arguments", Word.ARGUMENTS, "ptr", "monotonic")}
  {look("trips", Word.TRIPS, "i64", "monotonic")}
  %after = add i64 %ticket, 1
  %pair = cmpxchg ptr {place(Word.TICKET)}, i64 %ticket, i64 %after acq_rel acquire
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
  %done = atomicrmw add ptr {place(Word.DONE)}, i32 1 seq_cst
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


def clock() -> str:
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


def sleep(futex: int) -> str:
    """Returns when there is another generation; the count of sleepers is up meanwhile.

    A caller changes the generation and then reads the count, a sleeper the other way round, so one
    of them sees the other.
    """
    if futex:
        wait = f"""%status = call i64 (i64, ...) @syscall(i64 {futex},
      ptr {place(Word.GENERATION)}, i32 {_WAIT}, i32 %seen, ptr null, ptr null, i32 0)"""
        lock = unlock = ""
    else:
        wait = f"""%status = call i32 @pthread_cond_wait(ptr {place(Word.CONDITION)},
      ptr {place(Word.MUTEX)})"""
        lock = f"%locked = call i32 @pthread_mutex_lock(ptr {place(Word.MUTEX)})"
        unlock = f"%unlocked = call i32 @pthread_mutex_unlock(ptr {place(Word.MUTEX)})"
    return f"""
define internal void @sleep(i32 %seen) nounwind {{
entry:
  {lock}
  %more = atomicrmw add ptr {place(Word.SLEEPERS)}, i32 1 seq_cst
  br label %look
look:
  {look("generation", Word.GENERATION, order="seq_cst")}
  %same = icmp eq i32 %generation, %seen
  br i1 %same, label %wait, label %woken
wait:
  {wait}
  br label %look
woken:
  %less = atomicrmw sub ptr {place(Word.SLEEPERS)}, i32 1 seq_cst
  {unlock}
  ret void
}}"""


def scratch() -> str:
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


def worker(pause: str) -> str:
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
  {look("generation", Word.GENERATION)}
  {look("wanted", Word.WANTED)}
  %asked = icmp slt i32 %number, %wanted
  br i1 %asked, label %first, label %spin
first:
  {look("ticket.first", Word.TICKET, "i64")}
  %has.first = call i1 @has_chunks(i64 %ticket.first)
  br i1 %has.first, label %chunk, label %spin
chunk:
  %ticket = phi i64 [ %ticket.first, %first ], [ %ticket.next, %again ]
  {look("bytes", Word.SCRATCH_BYTES, "i64", "monotonic")}
  %fits = call i1 @grow(ptr %scratch.place, ptr %size.place, i64 %bytes)
  br i1 %fits, label %take, label %spin
take:
  call void @write_mode(ptr {place(Word.MODE)})
  %scratch = load ptr, ptr %scratch.place, align 8
  %took = call i1 @take(i64 %ticket, ptr %scratch)
  br label %again
again:
  {look("ticket.next", Word.TICKET, "i64")}
  %has.next = call i1 @has_chunks(i64 %ticket.next)
  br i1 %has.next, label %chunk, label %spin
spin:
  %start = call i64 @now()
  br label %round
round:
  %look = phi i32 [ 0, %spin ], [ 0, %clock ], [ %look.next, %same ]
  {pause}
  {look("generation.now", Word.GENERATION)}
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


def start(futex: int) -> str:
    """Starts threads until there are so many, as far as the system gives them.

    They leave signals to the threads of Python, but for those that say what is broken. Whoever
    calls it has the pool.
    """
    faults = [getattr(signal, name) for name in _FAULTS if hasattr(signal, name)]
    mask = ~sum(1 << (number - 1) for number in faults)
    begin = "br label %more" if futex else f"""%ready = load i32, ptr {place(Word.READY)}, align 4
  %is.ready = icmp ne i32 %ready, 0
  br i1 %is.ready, label %more, label %make
make:
  %mutex = call i32 @pthread_mutex_init(ptr {place(Word.MUTEX)}, ptr null)
  %condition = call i32 @pthread_cond_init(ptr {place(Word.CONDITION)}, ptr null)
  store i32 1, ptr {place(Word.READY)}, align 4
  br label %more"""
    return f"""
define internal void @start(i32 %count) nounwind {{
entry:
  %thread = alloca ptr, align 8
  %mask = alloca [16 x i64], align 8
  %before = alloca [16 x i64], align 8
  store i64 {mask}, ptr %mask, align 8
  %refused = load i32, ptr {place(Word.REFUSED)}, align 4
  %is.refused = icmp ne i32 %refused, 0
  br i1 %is.refused, label %left, label %begin
begin:
  {begin}
more:
  %blocked = call i32 @pthread_sigmask(i32 {int(signal.SIG_BLOCK)}, ptr %mask, ptr %before)
  br label %next
next:
  {look("workers", Word.WORKERS)}
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
  {set_word("%number", Word.WORKERS)}
  br label %next
none:
  store i32 1, ptr {place(Word.REFUSED)}, align 4
  br label %end
end:
  %restored = call i32 @pthread_sigmask(i32 {int(signal.SIG_SETMASK)}, ptr %before, ptr null)
  ret void
left:
  ret void
}}"""
