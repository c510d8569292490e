"""Which symbols an object file wants from outside, read from its symbol table.

An object may import what is on `ALLOWED` only; that is checked before it is linked. Knows ELF and
Mach-O, 64 bits, little endian: what LLVM writes for the targets that can be linked here.
"""

from __future__ import annotations

import struct
from collections.abc import Collection

from jitflow.errors import LinkError

ALLOWED = frozenset(
    ["memcpy", "memmove", "memset", "fma", "fmaf", "floor", "floorf", "rint", "rintf"]
)
"""What LLVM calls where a CPU has no instruction for an op, or memory is copied."""

_ELF, _MACH_O = b"\x7fELF\x02\x01", b"\xcf\xfa\xed\xfe"
_LINKER_MADE = frozenset(["_GLOBAL_OFFSET_TABLE_"])


def check_imports(image: bytes, also: Collection[str] = ()) -> None:
    """LinkError where an object imports a symbol that is neither allowed nor in `also`."""
    unknown = sorted(undefined_symbols(image) - ALLOWED - _LINKER_MADE - set(also))
    if unknown:
        allowed = sorted([*ALLOWED, *also])
        raise LinkError(f"the object imports {', '.join(unknown)}; allowed: {allowed}")


def undefined_symbols(image: bytes) -> set[str]:
    """Names of the symbols that an object uses and does not define."""
    try:
        if image.startswith(_ELF):
            return _elf_undefined(image)
        if image.startswith(_MACH_O):
            return _mach_o_undefined(image)
    except (struct.error, ValueError, IndexError, OverflowError) as error:
        raise LinkError(f"the object file is damaged: {error}") from error
    raise LinkError("the object file is neither ELF nor Mach-O of 64 bits")


def _text(image: bytes, start: int) -> str:
    return image[start : image.index(b"\0", start)].decode()


def _elf_undefined(image: bytes) -> set[str]:
    """Symbols of section 0 with a name; see the System V ABI, symbol table."""
    (table,) = struct.unpack_from("<Q", image, 40)
    size, count = struct.unpack_from("<HH", image, 58)
    headers = [struct.unpack_from("<IIQQQQIIQQ", image, table + k * size) for k in range(count)]
    names = set()
    for _, kind, _, _, start, length, link, _, _, step in headers:
        if kind != 2:
            continue
        strings = headers[link][4]
        for at in range(start, start + length, step):
            name, _, _, section = struct.unpack_from("<IBBH", image, at)
            if section == 0 and name:
                names.add(_text(image, strings + name))
    return names


def _mach_o_undefined(image: bytes) -> set[str]:
    """External symbols of type N_UNDF; C names have a leading underscore there."""
    (commands,) = struct.unpack_from("<I", image, 16)
    at, names = 32, set()
    for _ in range(commands):
        command, size = struct.unpack_from("<II", image, at)
        if command == 2:
            start, count, strings, _ = struct.unpack_from("<IIII", image, at + 8)
            for entry in range(start, start + 16 * count, 16):
                name, kind = struct.unpack_from("<IB", image, entry)
                if kind & 0x0E == 0 and kind & 0x01:
                    names.add(_text(image, strings + name).removeprefix("_"))
        at += size
    return names
