"""Trees as flat dicts by name: `params/dense/kernel`, `opt/1`. Names are what files keep."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from jitflow.checkpoint.errors import CheckpointError
from jitflow.checkpoint.objects import restore, stands_for_a_tree, state_of
from jitflow.errors import DtypeError, described
from jitflow.ir.dtypes import as_dtype
from jitflow.trace.pytree import TreeDef, flatten, unflatten
from jitflow.trace.source import fail

Plain = bool | int | float | str | None
PLAIN = (bool, int, float, str)


class Content(NamedTuple):
    """What a checkpoint holds, by name. kinds: the classes of objects that entries are parts of."""

    arrays: dict[str, np.ndarray[Any, Any]]
    values: dict[str, Plain]
    kinds: dict[str, str]


def named(tree: Any) -> Content:
    """The content of a tree. CheckpointError for what is no array, number or text."""
    content = Content({}, {}, {})
    for name, x in _entries(tree, "", content.kinds):
        if name in content.arrays or name in content.values:
            fail(CheckpointError, f"two entries are called {name}")
        if isinstance(x, PLAIN) and not isinstance(x, np.generic):
            content.values[name] = x
        elif _is_storable(x):
            content.arrays[name] = np.asarray(x, native(x))
        else:
            kind = f" of {x.dtype}" if hasattr(x, "dtype") else ""
            fail(CheckpointError, f"{name} is {described(x)}{kind}; it cannot be saved")
    return content


def _is_storable(x: Any) -> bool:
    """Whether something is an array of numbers, and nothing beside that."""
    if not isinstance(x, (np.ndarray, np.generic)) or isinstance(x, np.ma.MaskedArray):
        return False
    try:
        as_dtype(native(x))
    except DtypeError:
        return False
    return True


def native(x: Any) -> np.dtype[Any]:
    """The dtype of an array in this machine's order of bytes."""
    return np.asarray(x).dtype.newbyteorder("=")


def _entries(
    tree: Any, outer: str, kinds: dict[str, str], saved: Content | None = None
) -> Iterator[tuple[str, Any]]:
    """(name, leaf) of a tree, and of the trees that objects in it stand for, or would take."""
    leaves, structure = flatten(tree)
    for name, leaf in zip(_names(structure, outer), leaves, strict=True):
        if stands_for_a_tree(leaf):
            kinds[name] = type(leaf).__name__
            yield from _entries(_state(leaf, name, saved), name, kinds, saved)
        else:
            yield name, leaf


def _state(x: Any, name: str, saved: Content | None) -> Any:
    """The tree of an object's state; or one like it, which it would take of what was saved."""
    if saved is None or not hasattr(x, "checkpoint_like"):
        return state_of(x)
    start = f"{name}/"
    arrays = {k.removeprefix(start): x for k, x in saved.arrays.items() if k.startswith(start)}
    values = {k.removeprefix(start): x for k, x in saved.values.items() if k.startswith(start)}
    return x.checkpoint_like(nested(Content(arrays, values, {})))


def filled(like: Any, content: Content, source: str) -> Any:
    """A tree like another one with what was saved; objects in it take their state back.

    CheckpointError where they do not fit, before anything is changed.
    """
    kinds: dict[str, str] = {}
    names = [name for name, _ in _entries(like, "", kinds, content)]
    for name in sorted(kinds.keys() & content.kinds.keys()):
        if kinds[name] != content.kinds[name]:
            problem = f"{name} is of a {content.kinds[name]}, not of a {kinds[name]}"
            fail(CheckpointError, f"{source}: {problem}")
    known = content.arrays.keys() | content.values.keys()
    if missing := [name for name in names if name not in known]:
        fail(CheckpointError, f"{source} has no entry {missing[0]}")
    if left := sorted(known - set(names)):
        fail(CheckpointError, f"{source} has an entry {left[0]}, which the tree has not")
    changes: list[tuple[Any, Any]] = []
    tree = _filled(like, "", content, source, changes)
    for x, state in changes:
        restore(x, state)
    return tree


def _filled(like: Any, outer: str, content: Content, source: str, changes: list[Any]) -> Any:
    """The tree; objects stand for themselves, and in `changes` with what they will take."""
    leaves, structure = flatten(like)
    made = []
    for name, leaf in zip(_names(structure, outer), leaves, strict=True):
        if stands_for_a_tree(leaf):
            state = _filled(_state(leaf, name, content), name, content, source, changes)
            changes.append((leaf, state))
            made.append(leaf)
        else:
            made.append(_fitted(name, leaf, content, source))
    return unflatten(structure, made)


def _fitted(name: str, x: Any, content: Content, source: str) -> Any:
    is_plain = isinstance(x, PLAIN) and not isinstance(x, np.generic)
    if name in content.values:
        found = content.values[name]
        if type(found) is not type(x):
            kinds = f"a plain {type(found).__name__}, not {type(x).__name__}"
            fail(CheckpointError, f"{source}: {name} is {kinds}")
        return found
    array = content.arrays[name]
    if is_plain or np.shape(x) != array.shape or native(x) != array.dtype:
        kind = type(x).__name__ if is_plain else f"{np.asarray(x).dtype}"
        fail(
            CheckpointError, f"{source}: {name} does not fit", shapes=[array.shape, np.shape(x)],
            dtypes=[array.dtype, kind],
        )  # fmt: skip
    return array if isinstance(x, np.ndarray) else array[()]


def nested(content: Content) -> Any:
    """Dicts in dicts by the parts of names: what was saved where no tree says its structure."""
    tree: dict[str, Any] = {}
    for name, x in sorted({**content.values, **content.arrays}.items()):
        *outer, last = map(_unescaped, name.split("/"))
        place = tree
        for part in outer:
            place = place.setdefault(part, {})
        place[last] = x
    return tree.get("", tree) if set(tree) == {""} else tree


def _names(structure: TreeDef, outer: str) -> list[str]:
    """The name of each leaf: `w/0` for `['w'][0]`, `slots/m` for `.slots['m']`."""
    found: list[str] = []
    pending = [outer]
    for kind, data, arity in structure.nodes:
        name = pending.pop()
        if kind is None:
            found.append(name)
            continue
        parts = [_part(kind.access(data, i)) for i in range(arity)]
        pending += [f"{name}/{part}" if name else part for part in reversed(parts)]
    return found


def _part(access: str) -> str:
    """A step of a path as a part of a name, in which no slash is left."""
    text = access.removeprefix(".")
    if text[:2] in ("['", '["'):
        text = ast.literal_eval(text)[0]
    elif text[:1] == "[":
        text = text[1:-1]
    return text.replace("%", "%25").replace("/", "%2F")


def _unescaped(part: str) -> str:
    return part.replace("%2F", "/").replace("%25", "%")
