"""Rows of the stub's table, built step by step: what a call must look like, what it gives back.

Whoever makes a row says which object each part of the arguments is by its number: the positional
arguments first, then those by keyword as they are given, then the parts of containers in the order
of the guards. Knows no pytrees and no signatures.
"""

from __future__ import annotations

import ctypes
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

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

_CONTAINERS: dict[type, Guard] = {list: Guard.LIST, dict: Guard.DICT}
_MADE: dict[type, Make] = {tuple: Make.TUPLE, list: Make.LIST, dict: Make.DICT}
_STRIDES = 1 << 63
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
        self.words: list[int] = []
        self.keeps: list[Any] = [self.names]
        self.asked: list[Any] = [positional, self.names]

    @property
    def identity(self) -> tuple[Any, ...]:
        """Equal for programs that the same calls pass."""
        return tuple(self.asked)

    def array(self, number: int, x: np.ndarray[Any, Any], axes: tuple[int, ...] | None) -> None:
        """An array of x's dtype, shape and order: C order, or x's own strides where `axes` are."""
        flags = ALIGNED if axes else ALIGNED | C_CONTIGUOUS
        flags |= WRITEABLE if self.leaves in self.donated else 0
        self.arrays[self.leaves] = number, x.nbytes
        layout = Words([*x.shape, *(x.strides if axes else ())])
        word = flags | x.ndim << 16 | (_STRIDES if axes else 0)
        self.keeps.append(layout)
        self.asked.append((x.shape, x.strides if axes else ()))
        self._guard(Guard.ARRAY, number, np.ndarray, self._kept(x.dtype), word, layout.address)
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
        """A tuple (named ones too), list or dict with these keys: the numbers of its parts."""
        guard = Guard.TUPLE if issubclass(kind, tuple) else _CONTAINERS.get(kind)
        if guard is None or (kind is dict and any(type(k) is not str for k in keys)):
            raise TooLarge(f"no native form of a {kind.__name__} with these keys")
        table = Words(list(map(id, keys)) if kind is dict else [], keys)
        self.keeps.append(table)
        self.asked.append(tuple(keys))
        self._guard(guard, number, kind, len(keys), table.address)
        return self._know(len(keys))

    def value(self, number: int, x: Any) -> None:
        """This value: an integer or text like it, or this very object.

        TooLarge for what may be equal without being the same, and is not as plain.
        """
        kind = type(x)
        is_one = kind in (bool, type(None)) or kind.__eq__ is _BY_IDENTITY
        if not is_one and kind not in (int, str, bytes):
            raise TooLarge(f"no native comparison of a {kind.__name__}")
        guard = Guard.SAME if is_one else Guard.EQUAL
        self._guard(guard, number, type(x), self._kept(x))

    def captured(self, x: Any) -> int:
        """An object that is no part of the arguments: its number."""
        (number,) = self._know(1)
        self._guard(Guard.CAPTURED, number, type(x), self._kept(x))
        return number

    def _know(self, count: int) -> range:
        """Numbers of further objects; TooLarge where the stub has no room for them."""
        first, self.known = self.known, self.known + count
        if self.known > OBJECTS:
            raise TooLarge(f"more than {OBJECTS} objects")
        return range(first, self.known)

    def _guard(self, kind: Guard, number: int, type: type, *words: int) -> None:
        line = [kind, number, self._kept(type), *words]
        self.asked.append((kind, number, type))
        self.words += line + [0] * (GUARD_WORDS - len(line))

    def _kept(self, x: Any) -> int:
        """The address of an object that lives as long as the program."""
        self.keeps.append(x)
        self.asked.append(id(x))
        return id(x)


class Results:
    """How outputs become what the function returned, from the parts to the whole."""

    def __init__(self) -> None:
        self.words: list[int] = []
        self.keeps: list[Any] = []

    def output(self, number: int) -> None:
        self._make(Make.OUTPUT, number)

    def container(self, kind: type, keys: Sequence[Any]) -> None:
        """A tuple, list or dict of the last parts."""
        if kind not in _MADE:
            raise TooLarge(f"no native form of a {kind.__name__}")
        table = Words(list(map(id, keys)), keys) if kind is dict else Words([])
        self.keeps.append(table)
        self._make(_MADE[kind], len(keys), table.address)

    def none(self) -> None:
        self._make(Make.NONE, 0)

    def _make(self, kind: Make, *words: int) -> None:
        if len(self.words) == MAKE_WORDS * OBJECTS:
            raise TooLarge(f"more than {OBJECTS} parts of a result")
        self.words += [kind, *words] + [0] * (MAKE_WORDS - 1 - len(words))


class Row:
    """One signature and its code, as words; `owner` of all that it needs."""

    def __init__(
        self,
        program: Program,
        results: Results,
        executable: Executable,
        donated: Sequence[tuple[int, int, bool]] = (),
    ) -> None:
        """donated: outputs and the leaves that they take, by number; at once or at the end."""
        body = executable.body
        if program.leaves != len(body.inputs) or program.leaves + len(body.outputs) > LEAVES:
            raise TooLarge(f"a native call has at most {LEAVES} buffers, each from one leaf")
        outputs: list[int] = []
        failed = executable.fail
        keeps: list[Any] = [program, results, executable, failed]
        given, taken = _donations(program, executable, donated)
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
        start, memory = executable.new_arena() if body.arena_bytes else (0, None)
        arena = Words([start])
        keeps += [names, guards, made, out, memory, arena, given, sizes]
        self.identity = program.identity
        self.keeps = keeps
        flags = Flag.RELEASES_GIL | Flag.HOLDS_ROW if body.is_long else 0
        flags |= Flag.HOLDS_ROW if body.host_calls else 0
        words = {
            RowWord.POSITIONAL: program.positional,
            RowWord.KEYWORDS: len(program.names),
            RowWord.NAMES: names.address,
            RowWord.GUARDS: guards.address,
            RowWord.GUARD_COUNT: len(program.words) // GUARD_WORDS,
            RowWord.BODY: executable.address,
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
        }
        self.words = Words([words.get(word, 0) for word in RowWord])

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
