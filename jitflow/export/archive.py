"""The file of an exported function: a zip of its IR text, its constants, and their description.

`function.jf` is the graph, one parameter for each leaf of the arguments, then one for each
constant. `constants.npz` has these by number; `about.json` the structures of arguments and results.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tempfile
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from jitflow.errors import JitflowError
from jitflow.ir.core import Function
from jitflow.ir.dtypes import as_dtype
from jitflow.ir.parser import parse_module
from jitflow.ir.printer import format_function
from jitflow.ir.verifier import verify

FORMAT = 1
_TEXT, _ARRAYS, _ABOUT = "function.jf", "constants.npz", "about.json"


_DAMAGED = (
    KeyError, ValueError, EOFError, NotImplementedError, RuntimeError, zipfile.BadZipFile,
    zlib.error,
)  # fmt: skip
"""What `zipfile` raises for files that are not whole."""


class ExportError(JitflowError, ValueError):
    """A function that cannot be exported, or a file that cannot be read. Its text says which."""


class Archive(NamedTuple):
    """What a file holds. arguments, results: structures as `trees.py` writes them."""

    function: Function
    constants: tuple[np.ndarray[Any, Any], ...]
    arguments: Any
    results: Any


def write(path: str | os.PathLike[str], archive: Archive) -> None:
    """Writes the file, whole or not at all; the same function gives the same bytes."""
    parts = {_TEXT: format_function(archive.function).encode(), _ARRAYS: _npz(archive.constants)}
    about = {
        "format": FORMAT, "arguments": archive.arguments, "results": archive.results,
        "dtypes": [as_dtype(x.dtype).name for x in archive.constants],
        "sha256": {name: hashlib.sha256(data).hexdigest() for name, data in parts.items()},
    }  # fmt: skip
    parts[_ABOUT] = json.dumps(about, indent=1).encode()
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in parts.items():
            made.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    try:
        _replace(Path(path), file.getvalue())
    except OSError as error:
        raise ExportError(f"cannot write {path}: {error.strerror or error}") from None


def read(path: str | os.PathLike[str]) -> Archive:
    """What the file holds; ExportError where it is damaged, or none of ours."""
    try:
        with zipfile.ZipFile(path) as file:
            about = json.loads(file.read(_ABOUT))
            parts = {name: file.read(name) for name in (_TEXT, _ARRAYS)}
    except OSError as error:
        raise ExportError(f"cannot read {path}: {error.strerror or error}") from None
    except _DAMAGED as error:
        raise ExportError(f"{path} is no exported function, or damaged: {error}") from None
    if about.get("format") != FORMAT:
        raise ExportError(f"{path} has format {about.get('format')}; known is {FORMAT}")
    for name, data in parts.items():
        if hashlib.sha256(data).hexdigest() != about["sha256"].get(name):
            raise ExportError(f"{path}: {name} is damaged")
    (function,) = parse_module(parts[_TEXT].decode(), f"{path}/{_TEXT}")
    with np.load(io.BytesIO(parts[_ARRAYS]), allow_pickle=False) as arrays:
        constants = tuple(
            arrays[str(i)].reshape(-1).view(as_dtype(name).numpy).reshape(arrays[str(i)].shape)
            for i, name in enumerate(about["dtypes"])
        )
    return Archive(verify(function), constants, about["arguments"], about["results"])


def _npz(arrays: Sequence[np.ndarray[Any, Any]]) -> bytes:
    file = io.BytesIO()
    np.savez(file, **{str(i): np.ascontiguousarray(x) for i, x in enumerate(arrays)})  # type: ignore[arg-type]
    return file.getvalue()


def _replace(path: Path, data: bytes) -> None:
    handle, half = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(half, 0o644)
        os.replace(half, path)
    except BaseException:
        os.unlink(half)
        raise
