"""The C header of an exported function: what it takes, what it gives, and what a status says.

Owns how arrays and numbers are spelled in C. Knows no code generation.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from jitflow.errors import ArgumentError
from jitflow.ir.dtypes import DType
from jitflow.runtime.executable import ARENA_ALIGNMENT, Failure
from jitflow.runtime.standalone import Standalone
from jitflow.runtime.target import Target

C_TYPES = {
    "bool": "bool", "i8": "int8_t", "i16": "int16_t", "i32": "int32_t", "i64": "int64_t",
    "u8": "uint8_t", "u16": "uint16_t", "u32": "uint32_t", "u64": "uint64_t",
    "f16": "uint16_t", "bf16": "uint16_t", "f32": "float", "f64": "double",
    "c64": "float", "c128": "double",
}  # fmt: skip
"""16-bit floats are their bits; complex numbers are pairs, real part first."""

_NOTES = {"f16": "bits", "bf16": "bits", "c64": "pairs re, im", "c128": "pairs re, im"}

_LIBRARY = frozenset("""
    abort abs acos acosh asin asinh assert atan atan2 atanh atexit atof atoi cbrt ceil copysign cos
    cosh div erf erfc errno exit exp exp2 expm1 fabs fdim floor fma fmax fmin fmod free frexp getenv
    hypot ilogb isfinite isinf isnan isnormal j0 j1 jn labs ldexp ldiv lgamma llrint llround log
    log10 log1p log2 logb lrint lround main malloc memchr memcmp memcpy memmove memset modf nan
    nearbyint nextafter nexttoward pow printf qsort rand realloc remainder remquo rint round
    scalbln scalbn signal signbit sin sinh sqrt srand strcmp strlen system tan tanh tgamma time
    trunc y0 y1 yn
""".split())  # fmt: skip
"""Of the C library; those of float and long double end in f and l."""

_TYPES = frozenset("""
    EOF FILE I NULL int8_t int16_t int32_t int64_t linux ptrdiff_t size_t stderr stdin stdout
    uint8_t uint16_t uint32_t uint64_t unix
""".split())  # fmt: skip
"""That a parameter would hide, or that a macro stands for."""

_WORDS = frozenset("""
    alignas alignof and and_eq asm auto bitand bitor bool break case catch char class compl const
    constexpr continue default delete do double else enum explicit export extern false float for
    friend goto if inline int long main mutable namespace new not not_eq nullptr operator or or_eq
    private protected public register restrict return short signed sizeof static static_assert
    struct switch template this thread_local throw true try typedef typeid typename typeof union
    unsigned using virtual void volatile wchar_t while xor xor_eq
""".split())  # fmt: skip
"""Of C and C++."""


class Parameter(NamedTuple):
    """One argument of the C function: its name, what it is to Python, and its shape.

    by_value: a number. over: the names of arguments that a result may lie over.
    """

    name: str
    path: str
    dtype: DType
    shape: tuple[int, ...]
    is_result: bool
    by_value: bool = False
    over: str = ""


def require_name(name: str) -> None:
    """ArgumentError for what no C function can be called."""
    cure = "call the files something else"
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name) or name in _WORDS | _TYPES:
        raise ArgumentError(f"'{name}' is no name of a C function; {cure}")
    if name in _LIBRARY or name[:-1] in _LIBRARY and name[-1] in "fl":
        raise ArgumentError(f"'{name}' is a function of the C library; {cure}")


def distinct(names: Iterable[str], taken: Collection[str] = ()) -> list[str]:
    """The names as words of C, each once."""
    used = set(taken) | _WORDS | _TYPES
    found = []
    for name in names:
        word = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_")
        word = word if word and not word[0].isdigit() else f"x{word}"
        count, free = 1, word
        while free in used:
            count, free = count + 1, f"{word}_{count}"
        used.add(free)
        found.append(free)
    return found


def header(
    name: str, title: str, parameters: Sequence[Parameter], data: Sequence[Parameter],
    made: Standalone, target: Target,
) -> str:
    """The text of the header; data are arrays that the object has."""
    big, guard = name.upper(), f"JITFLOW_{name.upper()}_H"
    lines = [
        f"/* {name}: {_plain(title)}",
        f" * Compiled by jitflow for {target.triple}"
        f"{f', {target.cpu}' if target.cpu else ''}.",
        " *",
        *_about(parameters, made, big),
        *([" *", *_SLOW] if "fma" in target.lacks else []),
        " */",
        f"#ifndef {guard}", f"#define {guard}", "",
        "#include <stdbool.h>", "#include <stddef.h>", "#include <stdint.h>", "",
        f"#define {big}_WORKSPACE_BYTES {made.workspace_bytes}",
        f"#define {big}_WORKSPACE_ALIGNMENT {ARENA_ALIGNMENT}", "",
        "#ifdef __cplusplus", 'extern "C" {', "#endif", "",
        *_data(data),
        f"int32_t {name}(", *_declared(parameters), ");", "",
        *_messages(name, made.failures), "",
        "#ifdef __cplusplus", "}", "#endif", "#endif",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


_SLOW = (
    " * The CPU has no fused multiply-add, which stands in by other instructions: products and",
    " * math functions take up to fifty times as long as on one that has it.",
)


def _about(parameters: Sequence[Parameter], made: Standalone, big: str) -> list[str]:
    needs = ", ".join(made.imports)
    overlaps = any(p.over for p in parameters)
    lines = [
        "Arrays are dense and in C order, aligned as their elements are. Results overlap no other",
        'array, but that they may be one where it says "may be".' if overlaps else "array.",
        f"The workspace is {big}_WORKSPACE_BYTES bytes that the call may use, at an address that"
        if made.workspace_bytes else "No workspace is needed: NULL will do.",
        *([f"{ARENA_ALIGNMENT} divides."] if made.workspace_bytes else []),
        "",
        "Gives 0, or the number of the first check that failed; then results are undefined, and",
        "the message says what was wrong. Any number of threads may call, each with a workspace",
        "of its own.",
        "",
        f"Needs of the C library: {needs}." if needs else "Needs no library.",
    ]  # fmt: skip
    return [f" * {line}".rstrip() for line in lines]


def _declared(parameters: Sequence[Parameter]) -> list[str]:
    texts = [_declaration(p) for p in parameters]
    texts.append("void *workspace")
    width = max(len(text) for text in texts) + 1
    lines = [f"    {text + ',':{width}} /* {_described(p)} */"
             for text, p in zip(texts, parameters, strict=False)]  # fmt: skip
    return [*lines, f"    {texts[-1]}"]


def _data(arrays: Sequence[Parameter]) -> list[str]:
    lines = []
    for p in arrays:
        size = math.prod(p.shape) * (2 if p.dtype.kind == "c" else 1)
        kind = C_TYPES[p.dtype.name]
        lines.append(f"extern const {kind} {p.name}[{max(size, 1)}]; /* {_described(p)} */")
    return [*lines, ""] if lines else []


def _declaration(p: Parameter) -> str:
    kind = C_TYPES[p.dtype.name]
    if p.by_value:
        return f"{kind} {p.name}"
    return f"{kind} *{p.name}" if p.is_result else f"const {kind} *{p.name}"


def _described(p: Parameter) -> str:
    shape = f"{p.dtype.name}[{', '.join(map(str, p.shape))}]"
    note = f", {_NOTES[p.dtype.name]}" if p.dtype.name in _NOTES else ""
    over = f"; may be {p.over}" if p.over else ""
    return _plain(f"{p.path}: {shape}{note}{over}")


def _messages(name: str, failures: Mapping[int, Failure]) -> list[str]:
    """A function that says what a status stands for."""
    lines = [
        "/* What a status says, NULL for 0. */",
        f"static inline const char *{name}_message(int32_t status) {{",
        "    switch (status) {",
    ]
    for status, failure in sorted(failures.items()):
        where = f"{failure.at}: " if failure.at is not None and str(failure.at) else ""
        lines.append(f"    case {status}: return {_quoted(where + failure.message)};")
    lines += ["    default: return NULL;", "    }", "}"]
    return lines


def _quoted(text: str) -> str:
    """A C string: what is not plain ASCII as octal, `?` too, as it may begin a trigraph."""
    plain = [
        chr(byte) if 32 <= byte < 127 and byte not in b'"\\?' else f"\\{byte:03o}"
        for byte in text.encode("utf-8", "backslashreplace")
    ]
    return f'"{"".join(plain)}"'


def _plain(text: Any) -> str:
    """What may stand in a comment."""
    shown = "".join(c if c.isascii() and c.isprintable() else "?" for c in str(text))
    return shown.replace("*/", "* /").replace("/*", "/ *").replace("??/", "? ?/")
