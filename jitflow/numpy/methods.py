"""Attributes and methods of arrays that no function of NumPy stands for, and why others are not.

Every public name of np.ndarray works on traced arrays or raises with what to write instead.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

from jitflow.errors import DtypeError, TraceError
from jitflow.ir.dtypes import part_of
from jitflow.numpy.basics import Array, as_array, emit, fail
from jitflow.numpy.promotion import requested_dtype
from jitflow.numpy.ufuncs import CALLS
from jitflow.trace import CURES, METHODS, PROPERTIES, STATE, as_twin, detach, emit_view

_NUMBERS = "use the array as it is; numbers are known when the jitted function has returned"
_MEMORY = "a traced array has no memory yet; ask the result of the jitted function"
_BYTES = "do this with the result of the jitted function"

CURES.update(
    {
        "at": "write x[i] = v on an array that the function made, or use jnp.where",
        "base": _MEMORY,
        "byteswap": "swap bytes outside @jit: jitted arrays are in native order",
        "ctypes": _MEMORY,
        "data": _MEMORY,
        "dump": _BYTES,
        "dumps": _BYTES,
        "flags": _MEMORY,
        "getfield": "jitted arrays have no fields; use .view(dtype) for the bits",
        "item": _NUMBERS,
        "resize": "use np.resize, whose result is a new array",
        "setfield": "jitted arrays have no fields",
        "setflags": "a result is writeable; an argument cannot be written under @jit",
        "strides": _MEMORY,
        "tobytes": _BYTES,
        "tofile": _BYTES,
        "tolist": _NUMBERS,
    }
)


class Flat:
    """`x.flat`: the elements in C order. What is read is a copy, what is written is x."""

    def __init__(self, array: Array) -> None:
        self.array = array

    def _elements(self) -> Array:
        """The elements as a view of one axis, whose writes go to the array."""
        x = self.array
        if x.cell.context is not STATE.context:
            return emit_view("reshape", x, shape=(x.type.size,))
        path = (*x.path, ("reshape", {"shape": (x.type.size,)}, ()))
        return Array(x.cell, x.weak, path, emit("reshape", x, shape=(x.type.size,)).value)

    def __getitem__(self, key: Any) -> Array:
        return detach(self._elements()[key])

    def __setitem__(self, key: Any, value: Any) -> None:
        """Of several values for a slice, the elements of an array count, again and again."""
        if isinstance(key, slice) and as_array(value).type.rank:
            METHODS["put"](self.array, np.arange(len(self))[key], value)
        else:
            self._elements()[key] = value

    def __len__(self) -> int:
        return int(self.array.type.size)

    def __iter__(self) -> Iterator[Array]:
        return iter(detach(self._elements()))

    def copy(self) -> Array:
        return detach(self._elements())

    @property
    def base(self) -> Array:
        return self.array


def view(x: Array, dtype: Any = None, type: Any = None) -> Array:
    """The bits as another dtype of the same width, or complex numbers as their parts, and back.

    Writes show in neither: both refuse them.
    """
    if type is not None and type is not np.ndarray:
        fail(TraceError, f"view as {type!r} is not supported under @jit", op="view")
    if dtype is None:
        return emit_view("reshape", x, shape=x.type.shape)
    target = requested_dtype(dtype)
    if target is x.type.dtype:
        return view(x)
    own = x.type.dtype
    if own.kind == "c" and target is part_of(own) and x.type.rank:
        return as_twin(x, _parts_in_a_row(x))
    if target.kind == "c" and own is part_of(target) and x.type.rank and x.type.shape[-1] % 2 == 0:
        return as_twin(x, emit("complex", x[..., ::2], x[..., 1::2]))
    if "c" in (target.kind, own.kind) or target.bits != own.bits:
        fail(
            DtypeError,
            "a view has a dtype of the same width, or that of a complex number's parts",
            op="view",
            shapes=[x.type.shape],
            dtypes=[own, target],
            cure="convert with .astype",
        )
    return as_twin(x, emit("bitcast", x, dtype=target))


def _parts_in_a_row(x: Array) -> Array:
    """Real part, imaginary part, and the next number, along the last axis."""
    *lead, count = x.type.shape
    column = (*lead, count, 1)
    parts = [emit("reshape", emit(row, x), shape=column) for row in ("real", "imag")]
    pairs = emit("concatenate", *parts, axis=len(lead) + 1)
    return emit("reshape", pairs, shape=(*lead, 2 * count))


def _to_device(x: Array, device: Any, stream: Any = None) -> Array:
    if device != "cpu":
        fail(TraceError, f"there is no device {device!r}", op="to_device", cure="use 'cpu'")
    return x


def _namespace(x: Array, api_version: Any = None) -> Any:
    return sys.modules["jitflow.numpy"]


def _conjugate(x: Array) -> Array:
    """What is real is its own conjugate, bool too."""
    return CALLS[np.conjugate](x) if x.type.dtype.kind == "c" else x


PROPERTIES["flat"] = Flat
PROPERTIES["device"] = lambda x: "cpu"
METHODS["view"] = view
METHODS["to_device"] = _to_device
METHODS["__array_namespace__"] = _namespace
for _name in ("conj", "conjugate"):
    METHODS[_name] = _conjugate
