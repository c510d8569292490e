"""Objects as code in memory, without LLVM: where they need no more than what is done here.

So are the objects that jitflow writes on Linux for x86-64: sections that nobody writes to, calls,
and addresses relative to the instruction. They are arranged once, and run wherever they are put.
Others, and other machines, are left to LLVM's linker. Source: System V ABI, AMD64 supplement.
"""

from __future__ import annotations

import ctypes
import struct
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np

from jitflow.errors import LinkError
from jitflow.runtime.symbols import LINKER_MADE

_ELF = b"\x7fELF\x02\x01\x01"
_RELOCATABLE, _X86_64 = 1, 62
_SECTION = np.dtype([
    ("name", "<u4"), ("kind", "<u4"), ("flags", "<u8"), ("address", "<u8"), ("offset", "<u8"),
    ("size", "<u8"), ("link", "<u4"), ("info", "<u4"), ("alignment", "<u8"), ("entry", "<u8"),
])  # fmt: skip
_SYMBOL = np.dtype([
    ("name", "<u4"), ("info", "u1"), ("other", "u1"), ("section", "<u2"), ("value", "<u8"),
    ("size", "<u8"),
])  # fmt: skip
_RELOCATION = np.dtype([("offset", "<u8"), ("info", "<u8"), ("addend", "<i8")])

_CONTENT, _SYMBOLS, _RELOCATIONS, _NOTE, _OTHER_RELOCATIONS, _UNWINDING = 1, 2, 4, 7, 9, 0x70000001
"""Kinds of sections. No exception passes through emitted code: how to unwind it is not loaded."""

_WRITABLE, _IN_MEMORY, _PER_THREAD = 1, 2, 0x400
_GLOBAL = 1
_RELATIVE, _CALL = 2, 4
"""Kinds of relocations: 32 bits, from the place itself."""

_JUMP = b"\xff\x25\x02\x00\x00\x00\x00\x00" + bytes(8)
"""`jmp *2(%rip)`: to the address in the last 8 bytes, as a call reaches 2 GiB only."""

_PAGE = 4096
_READ, _WRITE, _EXECUTE, _PRIVATE_ANONYMOUS = 1, 2, 4, 0x22
_FAILED = ctypes.c_void_p(-1).value
"""Linux's numbers, of mmap."""


_NOWHERE: Mapping[str, int] = {}


class Code(NamedTuple):
    """An object file, and as it will lie in memory: plain data, which is kept on disk.

    content: empty where it takes LLVM's linker. places: where in it each of its symbols is. jumps:
    where the address of each symbol that it calls belongs.
    """

    image: bytes
    content: bytes = b""
    alignment: int = 1
    places: Mapping[str, int] = _NOWHERE
    jumps: Mapping[str, int] = _NOWHERE


class Linked:
    """Code in memory: the addresses hold while this object lives; then its memory is freed."""

    __slots__ = ("_free", "addresses")

    def __init__(self, free: Callable[[], Any], addresses: Mapping[str, int]) -> None:
        self._free = free
        self.addresses = addresses

    def __del__(self, is_finalizing: Callable[[], bool] = sys.is_finalizing) -> None:
        if not is_finalizing():
            self._free()


def arranged(image: bytes) -> Code:
    """The object as it will lie in memory, if that takes no more than is done here."""
    try:
        block = _Block(image)
        places = block.defined()
    except (_ForLlvm, ValueError, IndexError, OverflowError, struct.error):
        return Code(image)
    return Code(image, bytes(block.code), block.alignment, places, block.jumps)


def load(codes: Sequence[Code], symbols: Sequence[str], imports: Mapping[str, int]) -> Linked:
    """Puts codes into memory. `imports` has addresses of what they call, by symbol; what is not
    there is the process's own. LinkError where a symbol is missing, or memory for code.
    """
    whole, places = bytearray(), dict[str, int]()
    for code in codes:
        whole += bytes(-len(whole) % code.alignment)
        start = len(whole)
        whole += code.content
        for symbol, at in code.places.items():
            places[symbol] = start + at
        for symbol, at in code.jumps.items():
            address = imports.get(symbol) or _of_process(symbol)
            struct.pack_into("<Q", whole, start + at, address)
    missing = [symbol for symbol in symbols if symbol not in places]
    if missing:
        raise LinkError(f"cannot link @{', @'.join(missing)}: no object has it")
    address = _executable(bytes(whole))
    free = partial(_memory().unmap, address, len(whole))
    return Linked(free, {symbol: address + places[symbol] for symbol in symbols})


class _ForLlvm(Exception):
    """An object has something that is not done here."""


class _Block:
    """One object: its sections side by side, then jumps to what it calls outside."""

    def __init__(self, image: bytes) -> None:
        if not image.startswith(_ELF) or sys.platform != "linux":
            raise _ForLlvm
        if struct.unpack_from("<HH", image, 16) != (_RELOCATABLE, _X86_64):
            raise _ForLlvm
        (table,) = struct.unpack_from("<Q", image, 40)
        size, count = struct.unpack_from("<HH", image, 58)
        if size != _SECTION.itemsize:
            raise _ForLlvm
        self.image = image
        self.code = bytearray()
        self.alignment = 16
        self.sections: list[Any] = np.frombuffer(image, _SECTION, count, table).tolist()
        self.starts = np.full(count, -1)
        for number, (_, kind, flags, _, offset, size, *_, alignment, _) in enumerate(self.sections):
            if flags & _IN_MEMORY and size and kind not in (_NOTE, _UNWINDING):
                if kind != _CONTENT or flags & (_WRITABLE | _PER_THREAD) or alignment > _PAGE:
                    raise _ForLlvm
                self.starts[number] = self._append(image[offset : offset + size], size, alignment)
        self.jumps: dict[str, int] = {}
        self._find_symbols()
        self._relocate()

    def _append(self, content: bytes, size: int, alignment: int) -> int:
        if len(content) != size:
            raise _ForLlvm
        self.alignment = max(self.alignment, alignment)
        self.code += bytes(-len(self.code) % max(alignment, 1))
        self.code += content
        return len(self.code) - size

    def _find_symbols(self) -> None:
        """`at`: the place of each symbol, -1 where it has none; `outside`: which are jumps."""
        ((_, _, _, _, offset, size, link, *_),) = [s for s in self.sections if s[1] == _SYMBOLS]
        self.table = np.frombuffer(self.image, _SYMBOL, size // _SYMBOL.itemsize, offset)
        self.names = self.sections[link][4]
        section = self.table["section"].astype(np.intp)
        known = section < len(self.sections)  # others are no places: constants, names of files
        section = np.where(known, section, 0)
        sizes = np.array([s[5] for s in self.sections], np.uint64)
        is_there = (self.starts[section] >= 0) & (self.table["value"] <= sizes[section])
        values = self.table["value"].astype(np.int64)
        self.at = np.where(is_there, self.starts[section] + values, -1)
        self.outside = self.table["section"] == 0
        for number in np.flatnonzero(self.outside).tolist():
            name = self._name(number)
            if name and name not in LINKER_MADE:
                self.at[number] = self._append(_JUMP, len(_JUMP), 16)
                self.jumps[name] = int(self.at[number]) + len(_JUMP) - 8

    def _name(self, number: int) -> str:
        start = self.names + int(self.table["name"][number])
        return self.image[start : self.image.index(b"\0", start)].decode()

    def defined(self) -> dict[str, int]:
        """Places of the symbols that others may ask for."""
        chosen = (self.table["info"] >> 4 == _GLOBAL) & ~self.outside & (self.at >= 0)
        numbers = np.flatnonzero(chosen).tolist()
        return {self._name(number): int(self.at[number]) for number in numbers}

    def _relocate(self) -> None:
        code = np.frombuffer(self.code, np.uint8)
        for _, kind, _, _, offset, size, _, target, _, entry in self.sections:
            if kind == _OTHER_RELOCATIONS:
                raise _ForLlvm
            if kind != _RELOCATIONS or self.starts[target] < 0:
                continue
            if entry != _RELOCATION.itemsize:
                raise _ForLlvm
            found = np.frombuffer(self.image, _RELOCATION, size // entry, offset)
            self._write(code, found, int(self.starts[target]), self.sections[target][5])

    def _write(self, code: Any, found: Any, start: int, size: int) -> None:
        """Puts what the relocations of a section ask for into its code."""
        kinds = found["info"] & 0xFFFF_FFFF
        symbols = (found["info"] >> 32).astype(np.intp)
        offsets, targets = found["offset"].astype(np.int64), self.at[symbols]
        is_known = (kinds == _CALL) | ((kinds == _RELATIVE) & ~self.outside[symbols])
        if not (is_known & (targets >= 0) & (offsets >= 0) & (offsets <= size - 4)).all():
            raise _ForLlvm
        places = start + offsets
        values = (targets + found["addend"] - places).astype("<i4")
        code[places[:, None] + np.arange(4)] = values.view(np.uint8).reshape(-1, 4)


class _Memory(NamedTuple):
    """Functions of the C library."""

    map: Any
    protect: Any
    unmap: Any


@cache
def _memory() -> _Memory:
    library = ctypes.CDLL(None)
    word, size, number = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int
    functions = _Memory(library.mmap, library.mprotect, library.munmap)
    functions.map.restype = word
    functions.map.argtypes = [word, size, number, number, number, ctypes.c_long]
    functions.protect.argtypes = [word, size, number]
    functions.unmap.argtypes = [word, size]
    return functions


def _executable(code: bytes) -> int:
    """The address of memory that holds the code; LinkError where the system gives none."""
    memory = _memory()
    start = memory.map(None, len(code), _READ | _WRITE, _PRIVATE_ANONYMOUS, -1, 0)
    if start is None or start == _FAILED:
        raise LinkError(f"no memory for {len(code)} bytes of code")
    ctypes.memmove(start, code, len(code))
    if memory.protect(start, len(code), _READ | _EXECUTE):
        memory.unmap(start, len(code))
        raise LinkError("this system lets no memory be executed that was written")
    return int(start)


@cache
def _of_process(name: str) -> int:
    """The address of a function that the process has, the C library's among them."""
    try:
        function = getattr(ctypes.CDLL(None), name)
    except AttributeError:
        raise LinkError(f"there is no function {name}") from None
    return ctypes.cast(function, ctypes.c_void_p).value or 0
