"""Full code made beside the calls: by one thread, which lives as long as there is some to be made.

Owns the thread and what it has to do. What full code is, and when it is wanted, others know. Where
a thread cannot be had, the caller's thread does the work, and has what that raises. On one CPU the
system shares it between the thread and the calls: each takes longer for a while, and none waits.

The thread holds `LOCK` of the engine while it works: a fork waits until it is between two
executables, and so does the end of the interpreter, as LLVM must not be at work when that goes.
What the thread raises is Python's to report, as of any thread; calls go on with baseline code.
"""

from __future__ import annotations

import atexit
import os
import threading
import time
import weakref
from typing import TYPE_CHECKING

from jitflow.forks import forked_lock
from jitflow.runtime.engine import LOCK
from jitflow.runtime.interrupts import Uninterrupted

if TYPE_CHECKING:
    from jitflow.runtime.executable import Executable

_PAUSE = 1e-3
"""Seconds between two executables: who waits to compile something comes first then."""


class Worker:
    """The thread, if there is one, and what waits for it; what is gone meanwhile is left out."""

    def __init__(self) -> None:
        self.lock = forked_lock()
        self.waiting: list[weakref.ref[Executable]] = []
        self.thread: threading.Thread | None = None
        self.is_closed = False

    def takes(self, executable: Executable) -> bool:
        """Whether the thread will refine it, or nobody has to any more."""
        with Uninterrupted(), self.lock:
            patience = executable.patience
            if self.is_closed or patience is None or patience.is_over:
                return True
            self.waiting.append(weakref.ref(executable))
            if self.thread is None and not self._begins():
                self.waiting.pop()
                return False
            patience.end()
            return True

    def _begins(self) -> bool:
        """Whether there is a thread from now on; too many, or an ended interpreter, give none."""
        self.thread = threading.Thread(target=self._work, name="jitflow", daemon=True)
        try:
            self.thread.start()
        except RuntimeError:
            self.thread = None
        return self.thread is not None

    def _work(self) -> None:
        """Refines what waits, the oldest first."""
        while self._goes_on():
            try:
                self._refine_first()
            except BaseException:
                with self.lock:
                    del self.waiting[:1]
                    self.thread = None
                    if self.waiting and not self.is_closed:
                        self._begins()
                raise
            del self.waiting[:1]
            if self.waiting:
                time.sleep(_PAUSE)

    def _refine_first(self) -> None:
        """What is under way still waits, for a fork to find it there."""
        with LOCK:
            executable = self.waiting[0]()
            if executable is not None:
                executable.refine()

    def _goes_on(self) -> bool:
        """Whether there is more to do; if not, this thread ends, and another may begin."""
        with self.lock:
            if self.is_closed or not self.waiting:
                self.thread = None
            return self.thread is not None

    def finish(self) -> None:
        """Waits until nothing waits."""
        while (thread := self._started()) is not None:
            thread.join()

    def _started(self) -> threading.Thread | None:
        """The thread, which another one may be about to start: there is no waiting for it then."""
        with self.lock:
            return self.thread

    def close(self) -> None:
        """The interpreter ends: what is under way is finished, and nothing begun."""
        with Uninterrupted():
            with self.lock:
                self.is_closed = True
            self.finish()

    def forget(self) -> None:
        """In a forked child there is no thread: calls ask anew for what waited."""
        waited = [reference() for reference in self.waiting]
        self.waiting, self.thread = [], None
        for executable in waited:
            patience = None if executable is None else executable.patience
            if patience is not None:
                patience.begin_again()


WORKER = Worker()
atexit.register(WORKER.close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=WORKER.forget)


def refine_soon(executable: Executable) -> None:
    """Has full code made of baseline code, now or soon; where that fails, it fails once."""
    if WORKER.takes(executable):
        return
    try:
        executable.refine()
    except Exception:
        if executable.patience is not None:
            executable.patience.end()
        raise
