"""A checkpoint's two files: tensors in the safetensors format, and an index in JSON.

The index has each entry's dtype, shape and checksum; it is written last, so that a folder with an
index is whole. Format of tensors: https://huggingface.co/docs/safetensors.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from jitflow.checkpoint.errors import CheckpointError
from jitflow.checkpoint.names import Plain
from jitflow.ir.dtypes import as_dtype

INDEX, TENSORS = "index.json", "tensors.safetensors"
FORMAT = 1

_STORED = {"complex64": np.float32, "complex128": np.float64, "bfloat16": np.uint16}
"""dtypes that the library does not take, and what their bits are stored as."""


def write(folder: Path, arrays: dict[str, Any], values: dict[str, Plain]) -> None:
    """Writes both files into an empty folder, through to the disk."""
    from safetensors.numpy import save  # noqa: PLC0415

    stored = {name: _stored(x) for name, x in arrays.items()}
    entries = {
        name: {
            "dtype": str(x.dtype), "shape": list(x.shape),
            "sha256": hashlib.sha256(stored[name].tobytes()).hexdigest(),
        }
        for name, x in arrays.items()
    }  # fmt: skip
    _put(folder / TENSORS, save(stored))
    body = {"format": FORMAT, "entries": entries, "values": values}
    text = json.dumps(body, sort_keys=True, indent=1)
    check = hashlib.sha256(text.encode()).hexdigest()
    _put(folder / INDEX, f"{check}\n{text}\n".encode())
    flush_folder(folder)


def read(folder: Path) -> tuple[dict[str, Any], dict[str, Plain]]:
    """The arrays and values; CheckpointError, which names the entry, where one is damaged."""
    body = _index(folder / INDEX)
    tensors = _tensors(folder / TENSORS)
    arrays = {}
    for name, facts in body["entries"].items():
        if name not in tensors:
            raise CheckpointError(f"{folder / TENSORS} lacks the entry {name}")
        data = np.ascontiguousarray(tensors[name])
        if hashlib.sha256(data.tobytes()).hexdigest() != facts["sha256"]:
            raise CheckpointError(f"{folder / TENSORS}: the entry {name} is damaged")
        dtype = as_dtype(facts["dtype"]).numpy
        arrays[name] = data.reshape(-1).view(dtype).reshape(facts["shape"])
    return arrays, body["values"]


def _stored(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The bits as a dtype of the format, in C order."""
    flat = np.ascontiguousarray(x).reshape(-1)
    return flat.view(_STORED.get(str(x.dtype), x.dtype))


def _index(file: Path) -> Any:
    try:
        check, _, text = file.read_text(encoding="utf-8").partition("\n")
        body = json.loads(text)
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{file} cannot be read: {error}") from None
    if hashlib.sha256(text.removesuffix("\n").encode()).hexdigest() != check:
        raise CheckpointError(f"{file} is damaged")
    if body.get("format") != FORMAT:
        raise CheckpointError(f"{file} has format {body.get('format')}; known is {FORMAT}")
    return body


def _tensors(file: Path) -> dict[str, Any]:
    from safetensors import SafetensorError  # noqa: PLC0415
    from safetensors.numpy import load  # noqa: PLC0415

    try:
        return load(file.read_bytes())
    except (OSError, ValueError, SafetensorError) as error:
        raise CheckpointError(f"{file} is damaged: {error}") from None


def _put(file: Path, data: bytes) -> None:
    with file.open("wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())


def flush_folder(folder: Path) -> None:
    """Has the names in a folder reach the disk, where the system can do that."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
