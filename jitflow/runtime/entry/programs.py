"""What a call must look like and what it gives back, built step by step as words for the stub.

Whoever makes a row says which object each part of the arguments is by its number: the positional
arguments first, then those by keyword as they are given, then the parts of containers in the order
of the guards. Knows no pytrees and no signatures.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Collection, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np

from jitflow.errors import JitflowError
from jitflow.runtime.entry.layout import ALIGNED, C_CONTIGUOUS, HEAD, IN_PLACE, WRITEABLE
from jitflow.runtime.entry.words import (
    FACTOR,
    GUARD_WORDS,
    MAKE_WORDS,
    OBJECTS,
    Guard,
    Make,
)

_CONTAINERS: dict[type, Guard] = {tuple: Guard.TUPLE, list: Guard.LIST, dict: Guard.DICT}
_LEAVES = (Guard.ARRAY, Guard.IN_PLACE, Guard.INT, Guard.BOOL, Guard.TICK)
_MADE: dict[type, Make] = {tuple: Make.TUPLE, list: Make.LIST, dict: Make.DICT}
_STRIDES, _MAY_COPY = 1 << 63, 1 << 62
_WORD = (1 << 64) - 1
_BY_IDENTITY: Any = object.__eq__


class TooLarge(JitflowError):
    """A signature with more parts than the stub has room for."""


class Words:
    """A table of 64-bit words, which objects that it points to outlive."""

    def __init__(self, words: Sequence[int], keeps: Sequence[Any] = ()) -> None:
        self.memory = array("Q", [word & _WORD for word in words] or [0])
        self.keeps = keeps
        self.address = self.memory.buffer_info()[0]


class Program:
    """The guards of a row, in the order in which leaves become buffers."""

    def __init__(
        self, positional: int, names: Sequence[str] = (), donated: Collection[int] = ()
    ) -> None:
        """donated: the leaves, by number, that the call may write over."""
        self.positional = positional
        self.donated = donated
        self.arrays: dict[int, tuple[int, int]] = {}
        self.names = tuple(names)
        self.known = positional + len(self.names)
        self.leaves = 0
        self.runs_python = False
        self._guards: list[list[int]] = []
        self._facts: dict[int, list[int]] = {}
        self.keeps: list[Any] = [self.names]
        self.identity: list[Any] = [positional, self.names]
        """Equal for programs that the same calls pass."""

    @property
    def words(self) -> list[int]:
        """Arrays are asked last where guards run Python, which might change them."""
        guards = self._guards
        if self.runs_python:
            guards = sorted(guards, key=lambda guard: guard[0] in _LEAVES)
        return [word for guard in guards for word in guard]

    @property
    def fingerprint(self) -> int:
        """Of the arguments' types, and of arrays' dtypes and shapes; 0 where some may be any."""
        given = self.positional + len(self.names)
        facts = [self._facts.get(number, []) for number in range(given)]
        found = 0
        for word in chain.from_iterable(facts):
            found = (found * FACTOR + word) & _WORD
        return found if all(facts) else 0

    def array(
        self, number: int, x: np.ndarray[Any, Any], by_strides: bool, may_copy: bool = False
    ) -> None:
        """An array of x's type, dtype and shape, in C order; or with x's own strides.

        may_copy: one that is not in C order, or not aligned, is copied so that it is; but not where
        arrays are donated, which must lie apart from all others. TooLarge if x is like that.
        """
        if may_copy and self.donated:
            may_copy = False
            if not (x.flags.c_contiguous and x.flags.aligned):
                raise TooLarge("a copied array beside donated ones")
        flags = ALIGNED if by_strides and not may_copy else ALIGNED | C_CONTIGUOUS
        flags |= WRITEABLE if self.leaves in self.donated else 0
        self.arrays[self.leaves] = number, x.nbytes
        layout = Words([*x.shape, *(x.strides if by_strides else ())])
        word = flags | x.ndim << 16
        word |= (_STRIDES if by_strides else 0) | (_MAY_COPY if may_copy else 0)
        self.keeps.append(layout)
        self._guard(Guard.ARRAY, number, type(x), self._kept(x.dtype), word, layout.address)
        if type(x) is np.ndarray:
            self._facts[number] += [id(type(x.dtype)), *x.shape]
        self._asked(x.dtype, word, x.shape, x.strides if by_strides else None)
        self.leaves += 1

    def number(self, number: int, kind: type) -> None:
        """A Python or NumPy number of exactly this type, whatever its value."""
        if kind is int:
            self._guard(Guard.INT, number, int)
        elif kind is bool:
            self._guard(Guard.BOOL, number, bool)
        elif kind in IN_PLACE:
            self._guard(Guard.IN_PLACE, number, kind, HEAD)
        else:
            raise TooLarge(f"no native form of a {kind.__name__}")
        self.leaves += 1

    def container(self, number: int, kind: type, keys: Sequence[Any]) -> range:
        """A tuple (or a class made of it), list or dict with these keys: the numbers of its parts.

        Keys of a dict may be objects with an == in Python.
        """
        table = Words(list(map(id, keys)) if kind is dict else [], keys)
        self.keeps.append(table)
        self.runs_python |= kind is dict and any(type(key) is not str for key in keys)
        self._guard(
            _CONTAINERS.get(kind, Guard.TUPLE), number, kind, len(keys), table.address
        )
        self._asked(tuple(keys))
        return self._know(len(keys))

    def attribute(self, number: int, kind: type, name: str) -> int:
        """The number of an attribute of an object of this type."""
        self.runs_python = True
        self._guard(Guard.ATTRIBUTE, number, kind, self._kept(sys.intern(name)))
        self._asked(name)
        return self._know(1)[0]

    def call(self, number: int, kind: type, function: Callable[[Any], Any]) -> int:
        """The number of what the function makes of an object of this type."""
        self.runs_python = True
        self._guard(Guard.CALL, number, kind, self._kept(function))
        self._asked(function)
        return self._know(1)[0]

    def value(self, number: int, x: Any) -> None:
        """This value: equal, of the same type, and the same bits where it is a Python number."""
        pending = [(number, x)]
        while pending:
            place, part = pending.pop()
            if type(part) is tuple:
                pending += zip(self.container(place, tuple, range(len(part))), part, strict=True)
            else:
                self._plain_value(place, part)

    def same(self, number: int, x: Any) -> None:
        """This object."""
        self._guard(Guard.SAME, number, type(x), self._kept(x))
        self._asked(id(x))

    def _plain_value(self, number: int, x: Any) -> None:
        kind = type(x)
        if isinstance(x, (float, complex, np.generic)):
            self._bits(number, x)
        elif kind in (bool, type(None)) or kind.__eq__ is _BY_IDENTITY:
            self.same(number, x)
        elif kind in (int, str, bytes):
            self._guard(Guard.EQUAL, number, kind, self._kept(x))
            self._asked(x)
        else:
            self.runs_python = True
            self._guard(Guard.HASHED, number, kind, self._kept(x), hash(x))
            self._asked(x)

    def _bits(self, number: int, x: Any) -> None:
        """The words of a number that lies behind its object's head."""
        kind = type(x)
        value = np.asarray(x).tobytes()
        if kind not in IN_PLACE or kind.__basicsize__ < HEAD + len(value):
            raise TooLarge(f"no native comparison of a {kind.__name__}")
        for at in range(0, len(value), 8):
            part = value[at : at + 8]
            word, mask = int.from_bytes(part, sys.byteorder), (1 << 8 * len(part)) - 1
            self._guard(Guard.BITS, number, kind, HEAD + at, word, mask)
            self._asked(word)

    def captured(self, x: Any) -> int:
        """An object that is no part of the arguments: its number."""
        (number,) = self._know(1)
        self._guard(Guard.CAPTURED, number, type(x), self._kept(x))
        self._asked(id(x))
        return number

    def item(self, number: int, place: int) -> int:
        """The number of what a list has at this place."""
        self._guard(Guard.ITEM, number, list, place)
        self._asked(place)
        return self._know(1)[0]

    def tick(self, counter: np.ndarray[Any, Any]) -> None:
        """The counter, an int64 array of rank 0, one higher: the last leaf of the arguments."""
        self._guard(Guard.TICK, self.captured(counter), np.ndarray)
        self.leaves += 1

    def _know(self, count: int) -> range:
        """Numbers of further objects; TooLarge where the stub has no room for them."""
        first, self.known = self.known, self.known + count
        if self.known > OBJECTS:
            raise TooLarge(f"more than {OBJECTS} objects")
        return range(first, self.known)

    def _guard(self, kind: Guard, number: int, type: type, *words: int) -> None:
        line = [kind, number, self._kept(type), *words]
        self._asked(kind, number, type)
        self._facts.setdefault(number, [id(type)])
        self._guards.append(line + [0] * (GUARD_WORDS - len(line)))

    def _asked(self, *facts: Any) -> None:
        """What the last guard asks, as values that are equal where guards are."""
        self.identity += facts

    def _kept(self, x: Any) -> int:
        """The address of an object that lives as long as the program."""
        self.keeps.append(x)
        return id(x)


class Results:
    """How outputs become what the function returned, from the parts to the whole."""

    def __init__(self) -> None:
        self.words: list[int] = []
        self.keeps: list[Any] = []
        self.runs_python = False

    @property
    def is_one(self) -> bool:
        """Whether the result is the only output."""
        return self.words[: MAKE_WORDS + 1] == [Make.OUTPUT, 0, 0, 0]

    def output(self, number: int) -> None:
        self._make(Make.OUTPUT, number)

    def object(self, number: int) -> None:
        """An object of the call: one of the arguments, or what guards found."""
        self._make(Make.OBJECT, number)

    @property
    def size(self) -> int:
        """Of the steps so far, in words."""
        return len(self.words)

    def reorder(self, starts: dict[Any, int], order: Sequence[Any]) -> None:
        """The last parts, each made from its start on, in another order; starts go up."""
        ends = dict(zip(starts, [*list(starts.values())[1:], self.size], strict=True))
        first = min(starts.values())
        self.words[first:] = [word for key in order for word in self.words[starts[key] : ends[key]]]

    def container(self, kind: type, keys: Sequence[Any]) -> None:
        """A tuple, list or dict of the last parts, or an object of a class of lists or dicts.

        Such a class makes an empty object by itself, without Python.
        """
        is_dict = issubclass(kind, dict)
        table = Words(list(map(id, keys)), keys) if is_dict else Words([])
        self.keeps += [table, kind]
        if kind in _MADE:
            self._make(_MADE[kind], len(keys), table.address)
        else:
            like = Make.DICT_LIKE if is_dict else Make.LIST_LIKE
            self._make(like, len(keys), table.address, id(kind))

    def constant(self, x: Any) -> None:
        self.keeps.append(x)
        self._make(Make.CONSTANT, 0, id(x))

    def call(self, function: Callable[..., Any], count: int, names: Sequence[str] = ()) -> None:
        """What a function makes of the last parts, which are its arguments by these names."""
        self.runs_python = True
        interned = tuple(map(sys.intern, names))
        self.keeps += [function, interned]
        self._make(Make.CALL, count, id(interned) if names else 0, id(function))

    def _make(self, kind: Make, *words: int) -> None:
        if len(self.words) == MAKE_WORDS * OBJECTS:
            raise TooLarge(f"more than {OBJECTS} parts of a result")
        self.words += [kind, *words] + [0] * (MAKE_WORDS - 1 - len(words))


class Kept(NamedTuple):
    """An output that a list keeps, and the number of the object that it must have there till then.

    found: None where it does not count what the list has. is_taken: that object, an array, is the
    output.
    """

    values: list[Any]
    place: int
    output: int
    found: int | None
    is_taken: bool = False

    @property
    def words(self) -> tuple[int, ...]:
        found = 0 if self.found is None else self.found + 1
        return id(self.values), self.place, self.output, found, self.is_taken
