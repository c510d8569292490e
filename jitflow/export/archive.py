"""The file of an exported function: a zip of its IR text, its constants, and their description.

`function.jf` is the graph, one parameter for each leaf of the arguments, then one for each
constant. `constants.npz` has these by number, and then the values that a program's state starts
with; `about.json` the structures of arguments and results. The zip's comment is the SHA-256 of all
that stands before it. What comes out of `read` is verified IR over arrays, and plain data.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
import zlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from jitflow.errors import JitflowError
from jitflow.export.errors import ExportError
from jitflow.export.trees import count
from jitflow.files import write_whole
from jitflow.ir.core import Function, walk
from jitflow.ir.dtypes import as_dtype
from jitflow.ir.parser import parse_module
from jitflow.ir.printer import format_function
from jitflow.ir.row import Family
from jitflow.ir.types import TensorType
from jitflow.ir.verifier import verify

FORMAT = 2
SUFFIX = ".jfx"
"""What names of files end in, by custom."""

_TEXT, _ARRAYS, _ABOUT = "function.jf", "constants.npz", "about.json"
_CHECK = 64
"""Characters of the check at the end."""

_DAMAGED = (
    KeyError, ValueError, TypeError, EOFError, NotImplementedError, RuntimeError, RecursionError,
    zipfile.BadZipFile, zlib.error,
)  # fmt: skip
"""What files raise that are not whole, or that jitflow did not write."""


class Stated(NamedTuple):
    """What an archive says more of a program: a function (state, *inputs) that gives results,
    what is new of the state, and what is to be printed.

    initial: structures of the values that the state has, by name; values: their leaves. inputs:
    their names. prints: what stands before each line, and how many elements each part of it shows.
    """

    initial: dict[str, Any]
    values: tuple[np.ndarray[Any, Any], ...]
    inputs: tuple[str, ...]
    prints: tuple[tuple[str, int], ...]


class Archive(NamedTuple):
    """What a file holds. arguments, results: structures as `trees.py` writes them.

    has_keywords: the arguments are (positional, by keyword). donated: positions and keywords.
    """

    function: Function
    constants: tuple[np.ndarray[Any, Any], ...]
    arguments: Any
    results: Any
    has_keywords: bool = False
    donated: tuple[int | str, ...] = ()
    program: Stated | None = None


def write(path: str | os.PathLike[str], archive: Archive) -> None:
    """Writes the file, whole or not at all; the same function gives the same bytes."""
    program = archive.program
    arrays = [*archive.constants, *(program.values if program else ())]
    about = {
        "format": FORMAT, "arguments": archive.arguments, "results": archive.results,
        "keywords": archive.has_keywords, "donated": archive.donated,
        "dtypes": [as_dtype(x.dtype).name for x in arrays],
        "program": None if program is None else program._replace(values=())._asdict(),
    }  # fmt: skip
    parts = {
        _TEXT: format_function(archive.function).encode(), _ARRAYS: _npz(arrays),
        _ABOUT: json.dumps(about, indent=1).encode(),
    }  # fmt: skip
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in parts.items():
            made.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
        made.comment = b"0" * _CHECK
    data = file.getvalue()[:-_CHECK]
    try:
        write_whole(os.fspath(path), data + _check_of(data), flush=True)
    except OSError as error:
        raise ExportError(f"cannot write {path}: {error.strerror or error}") from None


def read(path: str | os.PathLike[str]) -> Archive:
    """What the file holds; ExportError where it is damaged, or none of ours."""
    try:
        with open(os.fspath(path), "rb") as file:
            data = file.read()
    except OSError as error:
        raise ExportError(f"cannot read {path}: {error.strerror or error}") from None
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as zipped:
            about = json.loads(zipped.read(_ABOUT))
            known = about["format"]
            if known == FORMAT and data[-_CHECK:] != _check_of(data[:-_CHECK]):
                raise ValueError("its bytes are not those that were written")
            names = (_TEXT, _ARRAYS) if known == FORMAT else ()
            parts = {name: zipped.read(name) for name in names}
    except _DAMAGED as error:
        raise ExportError(f"{path} is no exported function, or damaged: {error}") from None
    if known != FORMAT:
        raise ExportError(
            f"{path} has format {known!r}; this jitflow reads {FORMAT}\n  cure: export it again"
        )
    try:
        return _archive(about, parts, f"{os.path.basename(path)}/{_TEXT}")
    except JitflowError as error:
        raise ExportError(f"{path} holds no valid function\n{error}") from None
    except _DAMAGED as error:
        raise ExportError(f"{path} holds what jitflow does not write: {error}") from None


def values_of(archive: Archive) -> dict[int, np.ndarray[Any, Any]]:
    """The values of the function's parameters, by number, that are in the file: constants, and
    the state that a program starts with.
    """
    first = len(archive.function.params) - len(archive.constants)
    found = dict(enumerate(archive.constants, first))
    if archive.program is not None:
        rest = iter(archive.program.values)
        initial = {
            name: [next(rest) for _ in range(count(spec))]
            for name, spec in archive.program.initial.items()
        }
        place = 0
        for name, part in archive.arguments["tuple"][0]["dict"]:
            found.update(enumerate(initial.get(name, ()), place))
            place += count(part)
    return found


def _archive(about: Any, parts: dict[str, bytes], name: str) -> Archive:
    """What the parts say; ValueError, KeyError, TypeError where they do not fit together."""
    (function,) = parse_module(parts[_TEXT].decode(), name)
    _require_arrays(verify(function))
    arrays = _arrays(parts[_ARRAYS], about["dtypes"])
    leaves = count(about["arguments"])
    constants = arrays[: len(function.params) - leaves]
    types = [v.type for v in function.params[leaves:]]
    if leaves + len(types) != len(function.params) or list(map(_type, constants)) != types:
        raise ValueError("the constants are not those of the function")
    if count(about["results"]) != len(function.results):
        raise ValueError("the function has other results")
    donated, has_keywords = tuple(about["donated"]), about["keywords"]
    if not all(type(one) in (int, str) for one in donated) or type(has_keywords) is not bool:
        raise ValueError("it does not say what is donated")
    rest = arrays[len(constants) :]
    program = None if about["program"] is None else _stated(about, rest)
    if program is None and rest:
        raise ValueError("there are more constants than the function takes")
    return Archive(
        function, constants, about["arguments"], about["results"], has_keywords, donated, program
    )


def _stated(about: Any, values: tuple[np.ndarray[Any, Any], ...]) -> Stated:
    """What the description says of its program, which takes and gives what programs do."""
    own, (state, *inputs) = about["program"], about["arguments"]["tuple"]
    _, changes, printed = about["results"]["tuple"]
    prints = tuple([(message, most) for message, most in own["prints"]])
    found = Stated(dict(own["initial"]), values, tuple(own["inputs"]), prints)
    names = {name: count(spec) for name, spec in state["dict"]}
    texts = [*names, *found.inputs, *[message for message, _ in prints]]
    if not all(type(text) is str for text in texts) or about["keywords"] or about["donated"]:
        raise ValueError("it does not say what its program is")
    if len(inputs) != len(found.inputs) or len(printed["list"]) != len(prints):
        raise ValueError("its program has other inputs, or prints something else")
    if not all(type(most) is int for _, most in prints) or "dict" not in changes:
        raise ValueError("it does not say what its program changes, and prints")
    sizes = {name: count(spec) for name, spec in found.initial.items()}
    if not sizes.items() <= names.items() or sum(sizes.values()) != len(values):
        raise ValueError("the initial values are not those of the state")
    return found


def state_names(archive: Archive) -> list[str]:
    """The names of what a program keeps."""
    return [name for name, _ in archive.arguments["tuple"][0]["dict"]]


def _require_arrays(function: Function) -> None:
    """ValueError for loop IR: its accesses of memory are not checked when it runs."""
    values = [*function.params, *function.results]
    if any(op.row.family is Family.LOOP for op in walk(function.body)) or not all(
        isinstance(v.type, TensorType) for v in values
    ):
        raise ValueError("it is loop IR, not a graph")


def _arrays(data: bytes, dtypes: Any) -> tuple[np.ndarray[Any, Any], ...]:
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        found = [(arrays[str(i)], as_dtype(name).numpy) for i, name in enumerate(dtypes)]
    return tuple(x.reshape(-1).view(dtype).reshape(x.shape) for x, dtype in found)


def _type(x: np.ndarray[Any, Any]) -> TensorType:
    return TensorType(as_dtype(x.dtype), x.shape)


def _check_of(data: bytes) -> bytes:
    return hashlib.sha256(data).hexdigest().encode()


def _npz(arrays: Sequence[np.ndarray[Any, Any]]) -> bytes:
    file = io.BytesIO()
    np.savez(file, **{str(i): np.asarray(x, order="C") for i, x in enumerate(arrays)})  # type: ignore[arg-type]
    return file.getvalue()
