"""A checkpoint's two files: tensors in the safetensors format, and an index in JSON.

The index has each entry's dtype, shape and checksum, and the values that are no arrays; it is
written last, so that a folder with an index is whole. Format of tensors: https://huggingface.co/docs/safetensors.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from jitflow.checkpoint.errors import CheckpointError
from jitflow.checkpoint.names import Content
from jitflow.ir.dtypes import as_dtype
from jitflow.trace.source import fail

INDEX, TENSORS = "index.json", "tensors.safetensors"
FORMAT = 1

_STORED = {"complex64": np.float32, "complex128": np.float64, "bfloat16": np.uint16}
"""dtypes that the library does not take, and what their bits are stored as."""


def write(folder: Path, content: Content) -> None:
    """Writes both files into an empty folder, through to the disk."""
    from safetensors.numpy import save  # noqa: PLC0415

    stored = {name: _stored(x) for name, x in content.arrays.items()}
    entries = {
        name: {
            "dtype": str(x.dtype), "shape": list(x.shape),
            "sha256": _sum(stored[name]),
        }
        for name, x in content.arrays.items()
    }  # fmt: skip
    _put(folder / TENSORS, save(stored))
    body = {"format": FORMAT, "entries": entries, "values": content.values, "kinds": content.kinds}
    text = json.dumps(body, sort_keys=True, indent=1)
    check = hashlib.sha256(text.encode()).hexdigest()
    _put(folder / INDEX, f"{check}\n{text}\n".encode())
    flush_folder(folder)


def read(folder: Path) -> Content:
    """What was written; CheckpointError, which names the entry, where one is damaged."""
    body = _index(folder / INDEX)
    tensors = _tensors(folder / TENSORS)
    arrays = {}
    for name, facts in body["entries"].items():
        if name not in tensors:
            fail(CheckpointError, f"{folder / TENSORS} lacks the entry {name}")
        data = np.ascontiguousarray(tensors.pop(name))
        if _sum(data) != facts["sha256"]:
            fail(CheckpointError, f"{folder / TENSORS}: the entry {name} is damaged")
        dtype = as_dtype(facts["dtype"]).numpy
        arrays[name] = data.reshape(-1).view(dtype).reshape(facts["shape"])
    for name in tensors:
        fail(CheckpointError, f"{folder / TENSORS} has an entry {name}, which was not saved")
    return Content(arrays, body["values"], body["kinds"])


def _sum(x: np.ndarray[Any, Any]) -> str:
    data: Any = x.reshape(-1).view(np.uint8)
    return hashlib.sha256(data).hexdigest()


def _stored(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The bits as a dtype of the format, in C order."""
    flat = np.ascontiguousarray(x).reshape(-1)
    return flat.view(_STORED.get(str(x.dtype), x.dtype))


def _index(file: Path) -> Any:
    try:
        check, _, text = file.read_text(encoding="utf-8").partition("\n")
        body = json.loads(text)
    except (OSError, ValueError) as error:
        fail(CheckpointError, f"{file} cannot be read: {error}")
    if hashlib.sha256(text.removesuffix("\n").encode()).hexdigest() != check:
        fail(CheckpointError, f"{file} is damaged")
    if body.get("format") != FORMAT:
        fail(CheckpointError, f"{file} has format {body.get('format')}; known is {FORMAT}")
    return body


def _tensors(file: Path) -> dict[str, Any]:
    from safetensors import SafetensorError  # noqa: PLC0415
    from safetensors.numpy import load  # noqa: PLC0415

    try:
        return load(file.read_bytes())
    except (OSError, ValueError, SafetensorError) as error:
        fail(CheckpointError, f"{file} is damaged: {error}")


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
