"""Rows of the stub's table, built step by step: what a call must look like, what it gives back.

Whoever makes a row says which object each part of the arguments is by its number: the positional
arguments first, then those by keyword as they are given, then the parts of containers in the order
of the guards. Knows no pytrees and no signatures.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from jitflow.errors import JitflowError
from jitflow.runtime.entry.layout import ALIGNED, C_CONTIGUOUS, HEAD, IN_PLACE, WRITEABLE
from jitflow.runtime.entry.words import (
    GUARD_WORDS,
    LEAVES,
    MAKE_WORDS,
    OBJECTS,
    Flag,
    Guard,
    Make,
    RowWord,
)
from jitflow.runtime.memory import ALIGNMENT

if TYPE_CHECKING:
    from jitflow.runtime.executable import Executable

_CONTAINERS: dict[type, Guard] = {tuple: Guard.TUPLE, list: Guard.LIST, dict: Guard.DICT}
_LEAVES = (Guard.ARRAY, Guard.IN_PLACE, Guard.INT, Guard.BOOL, Guard.TICK)
_MADE: dict[type, Make] = {tuple: Make.TUPLE, list: Make.LIST, dict: Make.DICT}
_STRIDES, _MAY_COPY = 1 << 63, 1 << 62
_ALWAYS = (1 << 64) - 1
_BY_IDENTITY: Any = object.__eq__


class TooLarge(JitflowError):
    """A signature with more parts than the stub has room for."""


class Words:
    """A table of 64-bit words, which objects that it points to outlive."""

    def __init__(self, words: Sequence[int], keeps: Sequence[Any] = ()) -> None:
        self.memory = (ctypes.c_uint64 * max(1, len(words)))(*[w & (2**64 - 1) for w in words])
        self.keeps = keeps
        self.address = ctypes.addressof(self.memory)


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

    def _plain_value(self, number: int, x: Any) -> None:
        kind = type(x)
        if isinstance(x, (float, complex, np.generic)):
            self._bits(number, x)
        elif kind in (bool, type(None)) or kind.__eq__ is _BY_IDENTITY:
            self._guard(Guard.SAME, number, kind, self._kept(x))
            self._asked(id(x))
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


class Row:
    """One signature and its code, as words; `owner` of all that it needs."""

    def __init__(
        self,
        program: Program,
        results: Results,
        executable: Executable,
        donated: Sequence[tuple[int, int, bool]] = (),
        stores: Sequence[Kept] = (),
    ) -> None:
        """donated: outputs and the leaves that they take, by number; at once or at the end.

        stores: outputs that lists keep if the call succeeds.
        """
        body = executable.body
        if program.leaves != len(body.inputs) or program.leaves + len(body.outputs) > LEAVES:
            raise TooLarge(f"a native call has at most {LEAVES} buffers, each from one leaf")
        outputs: list[int] = []
        failed = executable.fail
        keeps: list[Any] = [program, results, executable, failed]
        given, taken = _donations(program, executable, donated)
        taken |= {kept.output: kept.words[3] for kept in stores if kept.is_taken}
        sizes = Words([program.arrays.get(leaf, (0, 0))[1] for leaf in range(program.leaves)])
        for k, (type, maker) in enumerate(zip(body.outputs, executable.makers, strict=True)):
            if type.rank and not maker.address:
                raise TooLarge("a result that only Python can align")
            dtype, shape = type.dtype.numpy, Words([int(n) for n in type.shape])  # type: ignore[arg-type]
            keeps += [dtype, shape]
            outputs += [id(dtype), type.rank, shape.address, maker.address if type.rank else 0]
            outputs.append(taken.get(k, 0))
        names = Words([id(name) for name in program.names])
        guards, made, out = Words(program.words), Words(results.words), Words(outputs)
        lender = executable.lender
        has_own = body.arena_bytes and lender is None
        start, memory = executable.new_arena() if has_own else (0, None)
        arena = Words([start])
        stored = Words([word for kept in stores for word in kept.words], stores)
        keeps += [names, guards, made, out, memory, arena, given, sizes, stored]
        self.identity = tuple(program.identity)
        self.keeps = keeps
        flags = Flag.RELEASES_GIL | Flag.HOLDS_ROW if body.is_long else 0
        flags |= Flag.HOLDS_ROW if body.host_calls else 0
        flags |= Flag.RUNS_PYTHON if program.runs_python or results.runs_python else 0
        flags |= Flag.DONATES if donated else 0
        flags |= Flag.TAKES if any(kept.is_taken for kept in stores) else 0
        is_one_array = results.is_one and body.outputs[0].rank and not stores
        flags |= Flag.ONE_ARRAY if is_one_array else 0
        words = {
            RowWord.POSITIONAL: program.positional,
            RowWord.KEYWORDS: len(program.names),
            RowWord.NAMES: names.address,
            RowWord.GUARDS: guards.address,
            RowWord.GUARD_COUNT: len(program.words) // GUARD_WORDS,
            RowWord.OUTPUTS: out.address,
            RowWord.OUTPUT_COUNT: len(body.outputs),
            RowWord.ARENA: arena.address if start else 0,
            RowWord.CONTEXT: executable.context or 0,
            RowWord.FLAGS: flags,
            RowWord.RESULTS: made.address,
            RowWord.RESULT_COUNT: len(results.words) // MAKE_WORDS,
            RowWord.OWNER: id(self),
            RowWord.FAILED: id(failed),
            RowWord.LEAF_COUNT: program.leaves,
            RowWord.DONATIONS: given.address,
            RowWord.DONATION_COUNT: len(donated),
            RowWord.LEAF_BYTES: sizes.address,
            RowWord.STORES: stored.address,
            RowWord.STORE_COUNT: len(stores),
        }
        if lender is not None:
            words[RowWord.ARENA_BYTES] = body.arena_bytes
            words[RowWord.POOL], words[RowWord.POOL_TAKE], words[RowWord.POOL_GIVE] = lender
        self.words = Words([words.get(word, 0) for word in RowWord])
        executable.serve(self)

    def use(self, address: int) -> None:
        """Has calls from now on run the code there."""
        self.words.memory[RowWord.BODY] = address

    def limit(self, calls: int | None) -> None:
        """Leaves further calls to Python once there were so many of this row; None: never."""
        self.words.memory[RowWord.MOST_CALLS] = _ALWAYS if calls is None else calls

    def put_before(self, row: Row | None) -> None:
        """Has the stub ask this row before another one, which lives as long."""
        self._next = row
        self.words.memory[RowWord.NEXT] = 0 if row is None else row.words.address

    @property
    def calls(self) -> int:
        """How often the stub called this row."""
        return int(self.words.memory[RowWord.CALLS])


def _donations(
    program: Program, executable: Executable, donated: Sequence[tuple[int, int, bool]]
) -> tuple[Words, dict[int, int]]:
    """The table of donations, and which object each output is that takes one at once."""
    words: list[int] = []
    taken: dict[int, int] = {}
    for output, leaf, in_place in donated:
        number, nbytes = program.arrays[leaf]
        is_aligned = in_place and output in executable.body.streamed
        words += [leaf, number, output, nbytes, ALIGNMENT - 1 if is_aligned else 0]
        if in_place:
            taken[output] = number + 1
    return Words(words), taken
