"""Types and dimensions from tokens: `f32[2, n]`, `f32<8>`, `&f32[4, 2 strides 1, 4]`, `token`."""

from __future__ import annotations

import re
from functools import lru_cache

from jitflow.ir.dims import Dimension, bounds, parse_dim_at
from jitflow.ir.dtypes import DTYPES, DType
from jitflow.ir.lexer import Token, Tokens
from jitflow.ir.literals import read_number
from jitflow.ir.types import (
    MAX_LANES,
    SPACES,
    TOKEN,
    BufferType,
    Shape,
    TensorType,
    Type,
    VectorType,
)

MAX_RANK = 64  # NumPy's own limit
MAX_EXTENT = 1 << 62
EXAMPLES = "a type such as f32[2, 3]"

_STATIC = re.compile(r"[a-z]+\d*\[(?:\d{1,18}(?:, ?\d{1,18})*)?\]", re.ASCII)


def read_type(tokens: Tokens) -> Type:
    """The type that is next; ParseError where there is none."""
    found = _STATIC.match(tokens.text, tokens.peek.start)
    if found is not None and (static := static_tensor(found[0])) is not None:
        tokens.skip(3 + max(0, 2 * static.rank - 1))
        return static
    if tokens.accept("&"):
        return _read_buffer(tokens)
    word = tokens.take("word", EXAMPLES)
    if word.text == "token":
        return TOKEN
    dtype = _dtype(tokens, word)
    if tokens.accept("<"):
        return _read_vector(tokens, dtype)
    tokens.expect("[", f"{dtype}[] is a scalar, {dtype}[3] an array, {dtype}<8> a vector")
    shape = _read_dims(tokens)
    tokens.expect("]")
    return TensorType(dtype, shape)


@lru_cache(maxsize=4096)
def static_tensor(text: str) -> TensorType | None:
    """The type that is the whole of `text` if it is one like `f32[2, 3]`; None for any other."""
    if _STATIC.fullmatch(text) is None:
        return None
    name, _, inside = text[:-1].partition("[")
    shape = tuple([int(extent) for extent in inside.split(",")]) if inside else ()
    return TensorType(DTYPES[name], shape) if name in DTYPES and len(shape) <= MAX_RANK else None


def read_dim(tokens: Tokens, signed: bool = False) -> Dimension:
    """The dimension that is next; `signed` ones may be negative."""
    first = tokens.peek
    if first.kind == "end":
        tokens.fail(f"expected a size, got {first}")
    dim, end = parse_dim_at(tokens.text, first.start, tokens.file)
    if isinstance(dim, int):
        if abs(dim) >= MAX_EXTENT or (dim < 0 and not signed):
            tokens.fail(f"size {str(dim)[:40]} is out of range", first)
    elif not signed and bounds(dim)[1] < 0:
        tokens.fail(f"a size is at least 0, and {dim} is less", first)
    tokens.skip_to(end)
    return dim


def _read_dims(tokens: Tokens, signed: bool = False) -> Shape:
    """Dimensions up to, not over, `]` or the word `strides`."""
    first, dims = tokens.peek, []
    while not tokens.at("]") and not tokens.at("strides"):
        dims.append(read_dim(tokens, signed))
        if not tokens.accept(","):
            break
    if len(dims) > MAX_RANK:
        tokens.fail(f"{len(dims)} axes; there are at most {MAX_RANK}", first)
    return tuple(dims)


def _read_vector(tokens: Tokens, dtype: DType) -> VectorType:
    token = tokens.take("number", "the number of lanes")
    if not token.text.isdigit() or not 1 <= read_number(token.text) <= MAX_LANES:
        tokens.fail(f"lanes must be within 1..{MAX_LANES}, got {token}", token)
    tokens.expect(">")
    return VectorType(dtype, int(token.text))


def _read_buffer(tokens: Tokens) -> BufferType:
    dtype = _dtype(tokens, tokens.take("word", "a dtype"))
    tokens.expect("[")
    shape, strides = _read_dims(tokens), None
    if tokens.accept("strides"):
        first = tokens.peek
        strides = _read_dims(tokens, signed=True)
        if len(strides) != len(shape):
            tokens.fail(f"{len(shape)} axes need as many strides, got {len(strides)}", first)
    tokens.expect("]")
    space = tokens.next().text if tokens.peek.text in SPACES[1:] else SPACES[0]
    return BufferType(dtype, shape, strides, space)


def _dtype(tokens: Tokens, token: Token) -> DType:
    if token.text not in DTYPES:
        tokens.fail(f"unknown dtype {token}", token, f"expected one of {', '.join(DTYPES)}")
    return DTYPES[token.text]
