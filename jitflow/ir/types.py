"""Types of IR values: tensors, vectors, buffers and tokens; compared by value, hashed once.

A `TensorType` with no axes is a scalar. Elementwise rows serve tensors, scalars and vectors alike
through `with_dtype`. Buffers are memory: they exist at level 3 only.
"""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING, Any, Union

from jitflow.errors import ShapeError
from jitflow.ir.dtypes import DType, bool_, i64

if TYPE_CHECKING:
    from jitflow.ir.dims import Dim

Dimension = Union[int, "Dim"]
Shape = tuple[Dimension, ...]


class Type:
    """A type of the IR; subclasses set `_key`, on which equality and hash rest."""

    __slots__ = ("_hash", "_key")
    _key: tuple[object, ...]

    def _freeze(self, *key: object) -> None:
        self._key = key
        self._hash = hash((type(self).__name__, key))

    def __eq__(self, other: object) -> bool:
        return self is other or (type(self) is type(other) and self._key == other._key)

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        return str(self)

    def __reduce__(self) -> tuple[Any, ...]:
        """Made anew by a copy: hashes differ from process to process."""
        return type(self), self._key


class TensorType(Type):
    """An array of `dtype` with `shape`; a dimension is an int or a `Dim`. Text: `f32[32, n]`.

    ShapeError where no address leads to its last element.
    """

    __slots__ = ("dtype", "shape")

    def __init__(self, dtype: DType, shape: Shape = ()) -> None:
        if shape:
            _require_addresses(dtype, shape)
        self.dtype = dtype
        self.shape = shape
        self._freeze(dtype, shape)

    def __str__(self) -> str:
        return f"{self.dtype.name}[{', '.join(map(str, self.shape))}]"

    @property
    def rank(self) -> int:
        return len(self.shape)

    @property
    def is_static(self) -> bool:
        """True where every dimension is a plain int."""
        return all(isinstance(d, int) for d in self.shape)

    @property
    def size(self) -> int:
        """Number of elements; static shapes only."""
        return prod(self.shape)  # type: ignore[arg-type]

    def with_dtype(self, dtype: DType) -> TensorType:
        return self if dtype is self.dtype else _tensor(dtype, self.shape)

    def with_shape(self, shape: Shape) -> TensorType:
        return TensorType(self.dtype, shape)


def _require_addresses(dtype: DType, shape: Shape) -> None:
    """Bytes are counted in 63 bits, in memory or not; axes without elements as one, as in NumPy."""
    bytes = dtype.itemsize
    for extent in shape:
        if type(extent) is int and extent:
            bytes *= extent
    if bytes > _MOST_BYTES:
        shown = ", ".join(map(str, shape))
        raise ShapeError(f"array is too big: {dtype.name}[{shown}] has more bytes than addresses")


_MOST_BYTES = 2**63 - 1

_tensor = lru_cache(4096)(TensorType)


class VectorType(Type):
    """`lanes` elements of `dtype` in registers. Text: `f32<8>`."""

    __slots__ = ("dtype", "lanes")

    def __init__(self, dtype: DType, lanes: int) -> None:
        self.dtype = dtype
        self.lanes = lanes
        self._freeze(dtype, lanes)

    def __str__(self) -> str:
        return f"{self.dtype.name}<{self.lanes}>"

    def with_dtype(self, dtype: DType) -> VectorType:
        return self if dtype is self.dtype else _vector(dtype, self.lanes)


_vector = lru_cache(4096)(VectorType)


class BufferType(Type):
    """Memory: `shape` elements of `dtype`, `strides` in elements (default: C order).

    space says who owns it: "arg" (the caller), "temp" (the body's arena) or "const" (the object).
    Text: `&f32[32, 10]`, `&f32[10, 32 strides 1, 10]`, `&f32[8] temp`.
    """

    __slots__ = ("dtype", "shape", "space", "strides")

    def __init__(
        self, dtype: DType, shape: Shape, strides: Shape | None = None, space: str = "arg"
    ) -> None:
        self.dtype = dtype
        self.shape = shape
        self.strides = c_strides(shape) if strides is None else strides
        self.space = space
        self._freeze(dtype, shape, self.strides, space)

    def __str__(self) -> str:
        inside = ", ".join(map(str, self.shape))
        if self.strides != c_strides(self.shape):
            inside += " strides " + ", ".join(map(str, self.strides))
        return f"&{self.dtype.name}[{inside}]" + (f" {self.space}" if self.space != "arg" else "")

    @property
    def rank(self) -> int:
        return len(self.shape)

    @property
    def is_contiguous(self) -> bool:
        return self.strides == c_strides(self.shape)


class TokenType(Type):
    """Orders effects: an ordered op takes a token and returns one. Text: `token`."""

    __slots__ = ()

    def __init__(self) -> None:
        self._freeze()

    def __str__(self) -> str:
        return "token"


TOKEN = TokenType()
INDEX = TensorType(i64)
FLAG = TensorType(bool_)
MAX_LANES = 1024
SPACES = ("arg", "temp", "const")


def c_strides(shape: Shape) -> Shape:
    """Strides in elements of a dense row-major array of this shape."""
    strides: list[Dimension] = []
    step: Dimension = 1
    for extent in reversed(shape):
        strides.append(step)
        step = step * extent
    return tuple(reversed(strides))
