"""Stages with threads: elements that are made while others are used, in the same order.

A thread ends with the elements, with an error, and when the iteration is closed or forgotten. A
process that is forked off has none of them: it leaves them alone, and their locks.

Ctrl-C comes between any two steps of Python's own modules too, and a lock that one of them has
just taken then stays taken. So elements come through a `SimpleQueue`, whose methods are one step
each, and what starts threads and gives them work is not interrupted.
"""

from __future__ import annotations

import os
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeAlias
from weakref import ref

import numpy as np

from jitflow.data.elements import Element, Elements, applied, close, name_of, noted
from jitflow.runtime.interrupts import Uninterrupted

_LOOK = 0.05
"""Seconds after which a waiting thread looks whether it is still wanted."""


class Mapped(Elements):
    """What a function makes of each element, by as many threads; 0 for the one that iterates."""

    def __init__(
        self, source: Elements, function: Callable[..., Element], threads: int, seed: int | None
    ) -> None:
        self.source, self.function, self.threads, self.seed = source, function, threads, seed
        self.length = source.length

    def start(self, position: int, epoch: int) -> Iterator[Element]:
        elements = self.source.start(position, epoch)
        run = self._in_threads if self.threads else self._here
        try:
            yield from run(elements, position, epoch)
        finally:
            close(elements)

    def _made(self, element: Element, position: int, epoch: int) -> Element:
        drawn = {}
        if self.seed is not None:
            drawn["rng"] = np.random.default_rng([self.seed, epoch, position])
        try:
            return applied(self.function, element, drawn)
        except Exception as error:
            noted(error, f"map({name_of(self.function)})", position)
            raise

    def _here(self, elements: Iterator[Element], position: int, epoch: int) -> Iterator[Element]:
        for number, element in enumerate(elements, position):
            yield self._made(element, number, epoch)

    def _in_threads(
        self, elements: Iterator[Element], position: int, epoch: int
    ) -> Iterator[Element]:
        process = os.getpid()
        waiting: deque[_Made] = deque()
        pool = ThreadPoolExecutor(self.threads, "jitflow-map")
        try:
            for number, element in enumerate(elements, position):
                made: _Made = queue.SimpleQueue()
                waiting.append(made)
                with Uninterrupted():
                    pool.submit(self._deliver, made, element, number, epoch)
                if len(waiting) >= 2 * self.threads:
                    yield _element(waiting.popleft().get())
            while waiting:
                yield _element(waiting.popleft().get())
        finally:
            if process == os.getpid():
                with Uninterrupted():
                    pool.shutdown(wait=False, cancel_futures=True)
                pool.shutdown()

    def _deliver(self, made: _Made, element: Element, position: int, epoch: int) -> None:
        try:
            made.put(self._made(element, position, epoch))
        except BaseException as error:  # noqa: BLE001  (the thread that iterates raises it)
            made.put(_Failed(error))


class _Failed:
    """An error on its way to the thread that iterates."""

    def __init__(self, error: BaseException) -> None:
        self.error = error


_Made: TypeAlias = "queue.SimpleQueue[Element | _Failed]"

_END = object()


def _element(made: Element | _Failed) -> Element:
    """What a thread made, or its error."""
    if isinstance(made, _Failed):
        raise made.error
    return made


class Prefetched(Elements):
    """The elements, of which a thread makes up to `count` before they are asked for."""

    def __init__(self, source: Elements, count: int) -> None:
        self.source, self.count = source, count
        self.length = source.length

    def start(self, position: int, epoch: int) -> Iterator[Element]:
        line, consumer = _Line(self.count), _Consumer()
        thread = threading.Thread(
            target=_fill, args=(self.source, position, epoch, line, ref(consumer)),
            name="jitflow-prefetch", daemon=True,
        )
        try:
            with Uninterrupted():
                thread.start()
            while (made := line.take()) is not _END:
                yield _element(made)
        finally:
            if consumer.process == os.getpid():
                consumer.is_waiting = False
                line.room.put(None)  # for an element that the thread may wait with
                if thread.is_alive():
                    thread.join()


class _Line:
    """Elements on their way, `count` at most."""

    def __init__(self, count: int) -> None:
        self._ready: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.room: queue.SimpleQueue[None] = queue.SimpleQueue()
        for _ in range(count):
            self.room.put(None)

    def take(self) -> Any:
        """The next element, once there is one."""
        element = self._ready.get()
        self.room.put(None)
        return element

    def put(self, element: Any, consumer: ref[_Consumer]) -> bool:
        """Whether somebody wanted it, once there was room."""
        while _is_wanted(consumer):
            try:
                self.room.get(timeout=_LOOK)
            except queue.Empty:
                continue
            self._ready.put(element)
            return True
        return False


class _Consumer:
    """Who wants elements; the thread knows it weakly, as Ctrl-C may keep it from saying goodbye."""

    def __init__(self) -> None:
        self.is_waiting = True
        self.process = os.getpid()


def _is_wanted(consumer: ref[_Consumer]) -> bool:
    known = consumer()
    return known is not None and known.is_waiting


def _fill(
    source: Elements, position: int, epoch: int, line: _Line, consumer: ref[_Consumer]
) -> None:
    """Puts elements into the line until they end, fail, or are not wanted any more."""
    elements = source.start(position, epoch)
    try:
        for element in elements:
            if not line.put(element, consumer) or not _is_wanted(consumer):
                return
        line.put(_END, consumer)
    except BaseException as error:  # noqa: BLE001  (the thread that iterates raises it)
        line.put(_Failed(error), consumer)
    finally:
        close(elements)
