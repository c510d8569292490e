"""Structures of arguments and results as JSON, and back: without the classes that they were of.

A leaf is "*"; a list, tuple or dict holds its parts. A named tuple or dataclass comes back as a
named tuple with the same fields.
"""

from __future__ import annotations

import json
from collections import namedtuple
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

from jitflow.export.errors import ExportError
from jitflow.trace.pytree import TreeDef

LEAF = "*"
DEEPEST = 200
"""Containers in containers; Python's own limit lies above it."""


def written(tree: TreeDef) -> Any:
    """The structure as JSON; ExportError for a class that only Python code can build."""
    return _next(iter(tree.nodes), 0)


def _next(nodes: Iterator[Any], depth: int) -> Any:
    kind, data, arity = next(nodes)
    if kind is None:
        return LEAF
    if depth > DEEPEST:
        raise ExportError(f"containers {depth} deep cannot be exported; {DEEPEST} are most")
    if kind.type is type(None):
        return None
    parts = [_next(nodes, depth + 1) for _ in range(arity)]
    if kind.type is list:
        return {"list": parts}
    if kind.type is tuple:
        return {"tuple": parts}
    if issubclass(kind.type, dict) and all(type(key) in (str, int) for key in _keys(data)):
        return {"dict": [[key, part] for key, part in zip(_keys(data), parts, strict=True)]}
    fields = getattr(kind.type, "_fields", None) or (kind.fields if not kind.static else None)
    if fields is None:
        name = kind.type.__qualname__
        raise ExportError(f"a {name} cannot be exported: only Python can build it")
    return {"fields": [kind.type.__name__, *fields], "parts": parts}


def _keys(data: Any) -> Any:
    return data if isinstance(data, (tuple, list)) else ()


def count(spec: Any, depth: int = 0) -> int:
    """How many leaves a structure has; ValueError for what `written` does not write."""
    if spec is None:
        return 0
    if spec == LEAF:
        return 1
    if depth > DEEPEST or not isinstance(spec, dict) or not _is_container(spec):
        raise ValueError("no structure of arrays")
    return sum([count(part, depth + 1) for _, part in _parts(spec)])


def _is_container(spec: dict[str, Any]) -> bool:
    if spec.keys() == {"fields", "parts"}:
        names, parts = spec["fields"], spec["parts"]
        is_listed = isinstance(names, list) and isinstance(parts, list)
        return is_listed and len(names) == len(parts) + 1 and _are_fields(names)
    (kind, *more), (parts, *_) = spec.keys() or [""], [*spec.values(), None]
    if more or kind not in ("list", "tuple", "dict") or not isinstance(parts, list):
        return False
    return kind != "dict" or (
        all(isinstance(pair, list) and len(pair) == 2 for pair in parts)
        and all(type(key) in (str, int) for key, _ in parts)
        and len({key for key, _ in parts}) == len(parts)
    )


def _are_fields(names: Sequence[Any]) -> bool:
    """Whether a class can have this name, and these fields."""
    try:
        _class(names[0], tuple(names[1:]))
    except (ValueError, TypeError):
        return False
    return True


def _parts(spec: dict[str, Any]) -> list[tuple[str, Any]]:
    """The parts of a container, and how each is reached."""
    if "fields" in spec:
        return [(f".{f}", p) for f, p in zip(spec["fields"][1:], spec["parts"], strict=True)]
    (kind, parts), = spec.items()
    if kind == "dict":
        return [(f"[{key!r}]", part) for key, part in parts]
    return [(f"[{i}]", part) for i, part in enumerate(parts)]


def paths(spec: Any, root: str) -> list[str]:
    """How each leaf is reached: `root['w'][0]`."""
    if spec is None:
        return []
    if spec == LEAF:
        return [root]
    return [path for step, part in _parts(spec) for path in paths(part, root + step)]


def builder(spec: Any) -> Callable[[Iterator[Any]], Any]:
    """What makes the tree of leaves in order."""
    if spec is None:
        return lambda leaves: None
    if spec == LEAF:
        return next
    makers = [builder(part) for _, part in _parts(spec)]
    if "dict" in spec:
        keys = [key for key, _ in spec["dict"]]
        return lambda leaves: dict(zip(keys, [make(leaves) for make in makers], strict=True))
    if "list" in spec:
        return lambda leaves: [make(leaves) for make in makers]
    if "tuple" in spec:
        return lambda leaves: tuple([make(leaves) for make in makers])
    name, *fields = spec["fields"]
    made = _class(name, tuple(fields))
    return lambda leaves: made(*[make(leaves) for make in makers])


@cache
def _class(name: str, fields: tuple[str, ...]) -> Any:
    return namedtuple(name, fields)  # noqa: PYI024  (made of a file's words)


def same(spec: Any, other: Any) -> bool:
    """Whether two structures are one, whatever order JSON has keys in."""
    return json.dumps(spec, sort_keys=True) == json.dumps(other, sort_keys=True)


def text(spec: Any) -> str:
    """The structure as errors show it: `({'w': *}, [*, None])`."""
    if spec is None or spec == LEAF:
        return str(spec)
    if "dict" in spec:
        return "{" + ", ".join(f"{key!r}: {text(part)}" for key, part in spec["dict"]) + "}"
    if "fields" in spec:
        name, *fields = spec["fields"]
        parts = zip(fields, spec["parts"], strict=True)
        return f"{name}({', '.join(f'{field}={text(part)}' for field, part in parts)})"
    (kind, parts), = spec.items()
    inside = ", ".join(map(text, parts))
    return f"[{inside}]" if kind == "list" else f"({inside}{',' * (len(parts) == 1)})"
