"""Which symbols an object file wants from outside, read from its symbol table.

An object may import what is on `ALLOWED` only; that is checked before it is linked. Knows ELF and
Mach-O, 64 bits, little endian, and wasm: what LLVM writes for the targets that there is code for.
"""

from __future__ import annotations

import struct
from collections.abc import Collection

from jitflow.errors import LinkError

ALLOWED = frozenset(["memcpy", "memmove", "memset"])
"""What LLVM calls where memory is copied."""

_ELF, _MACH_O, _WASM = b"\x7fELF\x02\x01", b"\xcf\xfa\xed\xfe", b"\0asm\1\0\0\0"
LINKER_MADE = frozenset(["_GLOBAL_OFFSET_TABLE_"])
"""What objects name, and linkers themselves define."""


def check_imports(image: bytes, also: Collection[str] = ()) -> None:
    """LinkError where an object imports a symbol that is neither allowed nor in `also`."""
    unknown = sorted(undefined_symbols(image) - ALLOWED - LINKER_MADE - set(also))
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
        if image.startswith(_WASM):
            return _wasm_undefined(image)
    except (struct.error, ValueError, IndexError, OverflowError) as error:
        raise LinkError(f"the object file is damaged: {error}") from error
    raise LinkError("the object file is neither ELF nor Mach-O of 64 bits, nor wasm")


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


def _wasm_undefined(image: bytes) -> set[str]:
    """Functions of the section of imports; see the WebAssembly specification, binary format."""
    at, names = len(_WASM), set()
    while at < len(image):
        section, at = image[at], at + 1
        size, at = _leb128(image, at)
        end = at + size
        if section == 2:
            count, at = _leb128(image, at)
            for _ in range(count):
                _, at = _wasm_name(image, at)
                name, at = _wasm_name(image, at)
                kind, at = image[at], at + 1
                if kind == 0:
                    names.add(name)
                at = _wasm_type_end(image, at, kind)
        at = end
    return names


def _wasm_name(image: bytes, at: int) -> tuple[str, int]:
    size, at = _leb128(image, at)
    return image[at : at + size].decode(), at + size


def _wasm_type_end(image: bytes, at: int, kind: int) -> int:
    """Where the type of an import ends: a function, a table, a memory, a global."""
    if kind == 3:
        return at + 2
    if kind in (1, 2):
        at += kind == 1
        limits, at = 1 + (image[at] & 1), at + 1
        for _ in range(limits):
            _, at = _leb128(image, at)
    else:
        _, at = _leb128(image, at)
    return at


def _leb128(image: bytes, at: int) -> tuple[int, int]:
    """An unsigned number of any length, and where it ends."""
    value = shift = 0
    while True:
        byte = image[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
