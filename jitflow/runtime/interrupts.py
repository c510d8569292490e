"""Ctrl-C waits while LLVM is at work, whose locks are not made to be left in the middle.

Python raises KeyboardInterrupt between any two steps of the main thread; llvmlite takes its lock in
several, and one that is never given back would stop all other threads for good.
"""

from __future__ import annotations

import _signal as signal  # type: ignore[import-not-found]  # `signal` takes a millisecond to load
import threading
from types import FrameType
from typing import Any


class Uninterrupted:
    """`with Uninterrupted():` what Ctrl-C stands for happens at the end of the block."""

    def __init__(self) -> None:
        self.handler: Any = None
        self.seen: list[tuple[int, FrameType | None]] = []

    def __enter__(self) -> None:
        if threading.get_ident() != threading.main_thread().ident:
            return
        handler = signal.getsignal(signal.SIGINT)
        if callable(handler):
            try:
                self.handler = handler
                signal.signal(signal.SIGINT, self._note)
            except ValueError:  # a main thread of another interpreter gets no signals
                self.handler = None

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.seen.append((number, frame))

    def __exit__(self, *exception: object) -> None:
        if self.handler is not None:
            signal.signal(signal.SIGINT, self.handler)
        if self.seen:
            self.handler(*self.seen.pop())
