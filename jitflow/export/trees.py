"""Structures of arguments and results as JSON, and back: without the classes that they were of.

A leaf is "*"; a list, tuple or dict holds its parts. A named tuple or dataclass comes back as a
named tuple with the same fields.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from jitflow.export.archive import ExportError
from jitflow.trace.pytree import TreeDef

LEAF = "*"


def written(tree: TreeDef) -> Any:
    """The structure as JSON; ExportError for a class that only Python code can build."""
    return _next(iter(tree.nodes))


def _next(nodes: Iterator[Any]) -> Any:
    kind, data, arity = next(nodes)
    if kind is None:
        return LEAF
    if kind.type is type(None):
        return None
    parts = [_next(nodes) for _ in range(arity)]
    if kind.type is list:
        return {"list": parts}
    if kind.type is tuple:
        return {"tuple": parts}
    if issubclass(kind.type, dict) and all(isinstance(key, (str, int)) for key in _keys(data)):
        return {"dict": [[key, part] for key, part in zip(_keys(data), parts, strict=True)]}
    fields = getattr(kind.type, "_fields", None) or (kind.fields if not kind.static else None)
    if fields is None:
        name = kind.type.__qualname__
        raise ExportError(f"a {name} cannot be exported: only Python can build it")
    return {"fields": [kind.type.__name__, *fields], "parts": parts}


def _keys(data: Any) -> Any:
    return data if isinstance(data, (tuple, list)) else ()


def builder(spec: Any) -> Callable[[Iterator[Any]], Any]:
    """What makes the tree of leaves in order."""
    if spec is None:
        return lambda leaves: None
    if spec == LEAF:
        return next
    if "dict" in spec:
        keys, makers = [key for key, _ in spec["dict"]], [builder(part) for _, part in spec["dict"]]
        return lambda leaves: dict(zip(keys, [make(leaves) for make in makers], strict=True))
    if "list" in spec:
        makers = [builder(part) for part in spec["list"]]
        return lambda leaves: [make(leaves) for make in makers]
    if "tuple" in spec:
        makers = [builder(part) for part in spec["tuple"]]
        return lambda leaves: tuple([make(leaves) for make in makers])
    name, *fields = spec["fields"]
    made = _class(name, tuple(fields))
    makers = [builder(part) for part in spec["parts"]]
    return lambda leaves: made(*[make(leaves) for make in makers])


@cache
def _class(name: str, fields: tuple[str, ...]) -> Any:
    return namedtuple(name, fields)  # noqa: PYI024  (made of a file's words)


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
