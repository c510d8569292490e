"""Inputs of `jitflow run`: files of arrays, and random arrays of given types.

Owns what an input may be and how it must fit its parameter. Runs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from jitflow.errors import UsageError
from jitflow.ir.core import Value
from jitflow.ir.dims import Dim
from jitflow.ir.dtypes import DType
from jitflow.ir.types import BufferType, TensorType
from jitflow.trace.spec import Spec, parse_specs

MAX_BYTES = 1 << 30
"""What a random input may take."""

_BETWEEN = re.compile(r",(?![^\[\](){}]*[\])}])")
"""A comma that is not inside of brackets."""


def read_inputs(params: Sequence[Value], given: str, seed: int) -> list[Any]:
    """An array for each parameter: from its file, or random, of its own type or of a given one.

    Raises UsageError where there are too few or too many, or one does not fit its parameter.
    """
    parts = [part.strip() for part in _BETWEEN.split(given)] if given.strip() else []
    if parts and len(parts) != len(params):
        raise UsageError(f"--inputs gives {len(parts)} arrays, the function takes {len(params)}")
    random = np.random.default_rng(seed)
    sources = parts or [""] * len(params)
    return [_input(p, part, random) for p, part in zip(params, sources, strict=True)]


def _input(param: Value, part: str, random: np.random.Generator) -> Any:
    type = param.type
    if not isinstance(type, (TensorType, BufferType)):
        raise UsageError(f"%{param.name} is a {type}: only arrays can be given")
    array = _load(part, type.dtype) if part.endswith(".npy") else _random(param, part, random)
    is_fit = array.dtype == type.dtype.numpy and array.ndim == type.rank
    sizes = zip(type.shape, array.shape, strict=True) if is_fit else ()
    if not is_fit or any(not isinstance(n, Dim) and n != size for n, size in sizes):
        found = f"{array.dtype}{list(array.shape)}"
        raise UsageError(f"%{param.name} is {type}; {part} is {found}")
    return array


def _load(name: str, dtype: DType) -> Any:
    """The array of a file; one of bfloat16, which NumPy writes as bare bytes, is read as such."""
    try:
        with open(name, "rb") as file:
            array = np.lib.format.read_array(file, allow_pickle=False)
    except OSError as error:
        raise UsageError(f"cannot read {name}: {error.strerror or error}") from error
    except ValueError as error:
        raise UsageError(f"cannot read {name}: {error}") from error
    if array.dtype.kind == "V" and array.dtype.itemsize == dtype.itemsize:
        array = array.view(dtype.numpy)
    return np.array(array, order="C")


def _random(param: Value, part: str, random: np.random.Generator) -> Any:
    """An array of the given type, or of the parameter's: normal, or whole numbers 0 to 9."""
    dtype, shape = param.type.dtype, param.type.shape
    if part:
        dtype, shape = _spec(part)
    if any(isinstance(n, Dim) for n in shape):
        raise UsageError(
            f"%{param.name} is {param.type}: its size must be given\n"
            f'  such as --inputs "{dtype.name}[{", ".join("8" for _ in shape)}]"'
        )
    if prod(shape) * dtype.itemsize > MAX_BYTES:
        raise UsageError(f"%{param.name}: {prod(shape)} random elements are too many")
    if dtype.kind == "b":
        return random.integers(0, 2, shape).astype(bool)
    if dtype.is_integer:
        return random.integers(0, 10, shape).astype(dtype.numpy)
    numbers = random.standard_normal(shape)
    if dtype.kind == "c":
        numbers = numbers + 1j * random.standard_normal(shape)
    return np.asarray(numbers).astype(dtype.numpy)


def _spec(part: str) -> tuple[DType, tuple[Any, ...]]:
    (found,) = parse_specs(part, "--inputs")
    if not isinstance(found, Spec):
        raise UsageError(f"--inputs {part}: expected a .npy file or a type such as f32[4, 3]")
    return found.dtype, found.shape
