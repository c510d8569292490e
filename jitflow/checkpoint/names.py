"""Trees as flat dicts by name: `params/dense/kernel`, `opt/1`. Names are what files keep.

An object with `checkpoint_state` and `restore_state` stands for the tree that it gives.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from jitflow.checkpoint.errors import CheckpointError
from jitflow.trace.pytree import flatten, paths, unflatten

Plain = bool | int | float | str | None
PLAIN = (bool, int, float, str)


def state_of(x: Any) -> Any:
    """The tree to save for an object, itself if it is one."""
    state = getattr(x, "checkpoint_state", None)
    return x if state is None else state()


def named(tree: Any) -> tuple[dict[str, np.ndarray[Any, Any]], dict[str, Plain]]:
    """The arrays of a tree and its plain values, by name. CheckpointError for anything else."""
    leaves, structure = flatten(tree)
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    values: dict[str, Plain] = {}
    for name, leaf in zip(_names(structure), leaves, strict=True):
        x = state_of(leaf)
        if isinstance(x, PLAIN):
            values[name] = x
        elif isinstance(x, (np.ndarray, np.generic)) and x.dtype.kind in "biufcV":
            arrays[name] = np.asarray(x)
        else:
            raise CheckpointError(f"{name} is a {type(x).__name__}; it cannot be saved")
    return arrays, values


def filled(like: Any, arrays: dict[str, Any], values: dict[str, Plain], source: str) -> Any:
    """A tree like another one with what was saved. CheckpointError where they do not fit."""
    leaves, structure = flatten(like)
    names = _names(structure)
    known = arrays.keys() | values.keys()
    if missing := [name for name in names if name not in known]:
        raise CheckpointError(f"{source} has no entry {missing[0]}")
    if left := sorted(known - set(names)):
        raise CheckpointError(f"{source} has an entry {left[0]}, which the tree has not")
    made = [_fitted(name, leaf, arrays, values, source)
            for name, leaf in zip(names, leaves, strict=True)]  # fmt: skip
    return unflatten(structure, made)


def _fitted(name: str, leaf: Any, arrays: Any, values: Any, source: str) -> Any:
    x = state_of(leaf)
    if name in values:
        if not isinstance(x, PLAIN):
            raise CheckpointError(f"{source}: {name} is a plain value, not an array")
        return values[name]
    found = arrays[name]
    if isinstance(x, PLAIN) or np.shape(x) != found.shape or np.asarray(x).dtype != found.dtype:
        kind = type(x).__name__ if isinstance(x, PLAIN) else f"{np.asarray(x).dtype}"
        raise CheckpointError(
            f"{source}: {name} does not fit\n"
            f"  shapes: {found.shape}, {np.shape(x)}\n  dtypes: {found.dtype}, {kind}"
        )
    return found if isinstance(x, np.ndarray) else found[()]


def nested(arrays: dict[str, Any], values: dict[str, Plain]) -> Any:
    """Dicts in dicts by the parts of names: what was saved where no tree says its structure."""
    tree: dict[str, Any] = {}
    for name, x in sorted({**values, **arrays}.items()):
        *outer, last = name.split("/")
        place = tree
        for part in outer:
            place = place.setdefault(part, {})
        place[last] = x
    return tree.get("", tree) if set(tree) == {""} else tree


def _names(structure: Any) -> list[str]:
    return [_plain(path) for path in paths(structure, "")]


def _plain(path: str) -> str:
    """`w/0` for `['w'][0]`, `slots/m` for `.slots['m']`."""
    parts = path.replace("][", "/").replace("].", "/").replace("[", "/").replace(".", "/")
    return "/".join(part.strip("'\"]") for part in parts.split("/") if part)
